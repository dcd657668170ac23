/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stateless gate: a burst of first flights in, HelloVerifyRequests (DTLS 1.2),
 * HelloRetryRequests (1.3), alerts or admissions out.
 *
 * Nothing is allocated or remembered per peer, but that a hello in several fragments waits in a
 * fixed pool until it is whole (hello_pool.h). The MACs of a burst run together, of either version.
 */
#pragma once

#include "cookie.h"
#include "flow.h"
#include "hello_pool.h"
#include "hello_select.h"
#include "record.h"
#include "retry.h"
#include "status.h"

enum {
	GATE_BURST = 64,
	GATE_VERIFY_LEN = 13 + 12 + 3 + COOKIE_LEN,
	GATE_HELLO_MAX = HELLO_POOL_DATAGRAM_MAX, /* the longest that is made whole */
	/* what a ServerHello begins with, supported_versions, key_share, cookie */
	GATE_REPLY_MAX = 13 + 12 + 40 + 6 + 6 + 6 + RETRY_COOKIE_MAX,
};

/* One datagram whose first record is an epoch-0 handshake record. */
struct gate_item {
	const struct flow *flow;
	struct rd datagram; /* out: the hello made whole, until the next burst, where it was not */
	/* out: STATUS_OK: cookie valid, hand it to the handshake. Others: reply holds reply_len
	 * bytes to send back, or none: STATUS_HELLO_VERIFY_SENT: never longer than the datagram;
	 * STATUS_HELLO_RETRY_SENT: no more than three times as long (RFC 9147 §5.1); why a hello of
	 * DTLS 1.3 is refused, with an alert. */
	enum status status;
	uint16_t reply_len;
	uint8_t reply[GATE_REPLY_MAX];
};

struct gate;

/* gate_new: one core's gate; NULL without memory. policy is borrowed; NULL: DTLS 1.2 only. Slow
 * path only. */
struct gate *gate_new(const struct hello_policy *policy);
void gate_free(struct gate *g);

/* gate_burst: decides n items, n <= GATE_BURST. secrets is the current RCU snapshot. The record
 * sequence number of a reply is the hello's (RFC 6347 §4.2.1). Owner core only. */
void gate_burst(struct gate *g, const struct cookie_secrets *secrets, uint64_t now_ns,
		struct gate_item *items, size_t n);
