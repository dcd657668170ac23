/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cookie of a HelloRetryRequest (RFC 8446 §4.2.2, RFC 9147 §5.1): what a server has to know of
 * the first ClientHello when the second one comes, so that it keeps nothing. The MAC is over this,
 * the flow, and what the second hello must repeat of the first (client_hello_repeats): a cookie
 * that verifies says that it did (bad-input C10, E2, E5).
 *
 *   OFFSET SIZE
 *     0     1   which secret: 0 or 1
 *     1     4   when it was made, seconds of a monotonic clock
 *     5     2   suite
 *     7     2   group that was asked for, 0: none
 *     9   32/48 hash of the first ClientHello, by the suite's hash
 *     -    16   MAC, truncated
 */
#pragma once

#include "cookie.h"
#include "key_schedule.h"
#include "suite.h"

enum {
	RETRY_COOKIE_MAX = 9 + HASH_MAX + COOKIE_MAC_LEN,
	RETRY_COOKIE_S = 60, /* for so long it is taken, if its secret lives */
};

struct retry_cookie {
	uint8_t secret;
	uint32_t time_s;
	const struct suite *suite;
	uint16_t group;
	const uint8_t *hash; /* as long as the suite's; borrows the cookie */
};

/* retry_cookie_parse: false: none of ours. Whether its MAC is right, the gate has asked. */
bool retry_cookie_parse(struct rd cookie, struct retry_cookie *out) MUST_USE;

/* retry_write: the body, byte for byte, of the HelloRetryRequest that this cookie was in. */
void retry_write(struct wr *w, const struct retry_cookie *c, struct rd cookie);

/* ---- for the gate ---- */

/* retry_cookie_fresh: whether it is no older than RETRY_COOKIE_S. */
bool retry_cookie_fresh(const struct retry_cookie *c, uint32_t now_s);

/* retry_input: the bytes under the MAC of this cookie in, or for, a hello of this flow; 0:
 * libcrypto failed. Any thread. */
enum { RETRY_INPUT_MAX = 1 + 36 + 9 + HASH_MAX + 32 };
size_t retry_input(const struct flow *flow, const struct client_hello *ch,
		   const struct retry_cookie *c, uint8_t out[RETRY_INPUT_MAX]);

/* retry_cookie_write: the cookie whose retry_input has this MAC under keys[c->secret]. Returns its
 * length. retry_cookie_verify: whether a cookie has it; in constant time. */
size_t retry_cookie_write(uint8_t out[RETRY_COOKIE_MAX], const struct retry_cookie *c,
			  const uint8_t mac[HMAC_SHA256_LEN]);
bool retry_cookie_verify(struct rd cookie, const uint8_t mac[HMAC_SHA256_LEN]) MUST_USE;
