/* SPDX-License-Identifier: BSD-3-Clause */
/* --report handshake-cost: what a handshake costs on the wire, beside what two texts say of it. */
#pragma once

#include "connect_cost.h"

#include <stdio.h>

/* Of the handshakes of one kind. */
struct report_cost {
	const struct suite *suite;
	enum connect_mode mode;
	bool psk;      /* pre-shared keys, which a suite of DTLS 1.3 does not say */
	bool raw_keys; /* where there is no pre-shared key: not certificates */
	struct connect_cost sum;
};

/* report_cost_mode, report_cost_keys: its kind in words: what it was and gives, and who showed
 * what for it. */
const char *report_cost_mode(const struct report_cost *c);
const char *report_cost_keys(const struct report_cost *c);

/* report_cost_print: a line each, of those that happened, and the texts' figures. */
void report_cost_print(FILE *out, const struct report_cost *costs, size_t n);
