/* SPDX-License-Identifier: BSD-3-Clause */
/* --report handshake-cost: what a handshake costs on the wire, beside what two texts say of it. */
#pragma once

#include "cursor.h"

#include <stdio.h>

/* The sums of n handshakes of one mode. Bytes are UDP payload. */
struct report_cost {
	const char *suite;
	bool resumed;
	uint64_t n;
	uint64_t tx_messages, rx_messages; /* handshake messages and ChangeCipherSpecs */
	uint64_t tx_datagrams, rx_datagrams, tx_bytes, rx_bytes;
	uint64_t round_trips; /* until data may be sent */
	uint64_t time_ns;
};

/* report_cost_print: a line each, of those that happened, and the texts' figures. */
void report_cost_print(FILE *out, const struct report_cost *costs, size_t n);
