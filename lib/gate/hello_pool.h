/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ClientHellos that come in several fragments (RFC 6347 §4.2.3), made whole before the gate looks
 * at them: key shares for after quantum computers make hellos of more than a datagram. A cookie,
 * and the hash in a HelloRetryRequest, need all of a hello; what is kept until then is kept for
 * anybody, so it is a fixed pool and never a table of peers:
 *
 *   - HELLO_POOL_SLOTS hellos of HELLO_POOL_MESSAGE_MAX bytes, whoever sends them;
 *   - a new one takes the place of the oldest, and of the oldest of its own prefix (a /24 of IPv4,
 * a /56 of IPv6) when that has HELLO_POOL_SHARE: one network does not drive out the others;
 *   - HELLO_POOL_RATE new ones a second: beyond that they are refused, and those under way, which
 *     need no longer than a packet train, stay.
 *
 * A hole is never handed on, and of what contradicts itself the later counts (a client that begins
 * again from the same port). One core.
 */
#pragma once

#include "flow.h"
#include "hs_msg.h"
#include "record.h"
#include "status.h"

enum {
	HELLO_POOL_SLOTS = 64,
	HELLO_POOL_SHARE = 16,
	HELLO_POOL_MESSAGE_MAX = 4096,
	HELLO_POOL_DATAGRAM_MAX = RECORD_HEADER_LEN + HS_HEADER_LEN + HELLO_POOL_MESSAGE_MAX,
	HELLO_POOL_PIECES = 8, /* of one hello with holes between them */
	HELLO_POOL_RATE = 1000,
	HELLO_POOL_TIMEOUT_MS = 2000,
};

struct hello_pool;

/* hello_pool_new: NULL without memory. Slow path only. hello_pool_free: NULL allowed. */
struct hello_pool *hello_pool_new(void);
void hello_pool_free(struct hello_pool *p);

/* hello_pool_add: a fragment of a ClientHello that is not the whole of it, from a record of this
 * number. STATUS_OK: it is whole now, and *whole is a datagram of one record of one fragment with
 * all of it, until hello_pool_release. STATUS_HELLO_FRAGMENT: kept. STATUS_HELLO_FRAGMENT_LIMIT,
 * STATUS_HELLO_MALFORMED (longer than the pool takes, or empty): not. */
enum status hello_pool_add(struct hello_pool *p, const struct flow *flow, uint64_t now_ns,
			   const struct hs_fragment *f, uint64_t record_seq, struct rd *whole);

/* hello_pool_release: what was made whole is not needed any more. */
void hello_pool_release(struct hello_pool *p);
