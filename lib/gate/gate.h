/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stateless gate: a burst of first flights in, HelloVerifyRequests or admissions out.
 *
 * Nothing is allocated, looked up or remembered per peer. The MACs of a burst run together.
 */
#pragma once

#include "cookie.h"
#include "flow.h"
#include "hello_select.h"
#include "record.h"
#include "status.h"

enum { GATE_BURST = 64, GATE_REPLY_MAX = 13 + 12 + 3 + COOKIE_LEN };

/* One datagram whose first record is an epoch-0 handshake record. */
struct gate_item {
	const struct flow *flow;
	struct rd datagram;
	/* out: STATUS_OK: cookie valid, hand it to the handshake. STATUS_HELLO_VERIFY_SENT: reply
	 * holds reply_len bytes to send back (never longer than the datagram). Others: drop. */
	enum status status;
	uint8_t reply_len;
	uint8_t reply[GATE_REPLY_MAX];
};

struct gate;

/* gate_new: one core's gate; NULL without memory. Slow path only. */
struct gate *gate_new(void);
void gate_free(struct gate *g);

/* gate_burst: decides n items, n <= GATE_BURST. secrets is the current RCU snapshot. The record
 * sequence number of a reply is the hello's (RFC 6347 §4.2.1). Owner core only. */
void gate_burst(struct gate *g, const struct cookie_secrets *secrets, struct gate_item *items,
		size_t n);
