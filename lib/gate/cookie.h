/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DTLS 1.2 cookie (RFC 6347 §4.2.1): HMAC-SHA256 over both addresses and ports and the hello's
 * version, random, suites and compression. Two secrets, rotated with overlap; a byte in the cookie
 * says which. No state per peer. The session_id is left out: Mbed TLS 2.28 makes up another one for
 * its second hello when it has a ticket (RFC 5077 §3.4), and never came past its cookie.
 *
 *   OFFSET SIZE
 *     0     1   which secret: 0 or 1
 *     1    16   MAC, truncated
 */
#pragma once

#include "flow.h"
#include "hmac_batch.h"
#include "hs_msg.h"

enum { COOKIE_MAC_LEN = 16, COOKIE_LEN = 1 + COOKIE_MAC_LEN, COOKIE_INPUT_MAX = 512 };

/* The two secrets. Replaced as a whole (one pointer, RCU); never changed in place. */
struct cookie_secrets {
	struct hmac_key keys[2];
	uint8_t current; /* 0 or 1 */
};

/* cookie_secrets_init: both secrets from randomness; false when that failed: do not start. */
bool cookie_secrets_init(struct cookie_secrets *out) MUST_USE;

/* cookie_secrets_rotate: *out = old with the elder secret replaced and made current; false and *out
 * as it was when randomness failed. Cookies made under old stay valid until the next rotation. */
bool cookie_secrets_rotate(const struct cookie_secrets *old, struct cookie_secrets *out) MUST_USE;

/* cookie_input: the bytes under the MAC, for hmac_op.msg; 0 when the hello's lists are too long for
 * COOKIE_INPUT_MAX: such a hello is refused (see cookie.c). Any thread. */
size_t cookie_input(const struct flow *flow, const struct client_hello *ch,
		    uint8_t out[COOKIE_INPUT_MAX]);

/* cookie_shaped: whether this could be a cookie of ours, and made with which secret. */
bool cookie_shaped(const struct rd *cookie, uint8_t *secret) MUST_USE;

/* cookie_write: the cookie of a hello whose cookie_input has this MAC under keys[secret]. */
void cookie_write(uint8_t out[COOKIE_LEN], uint8_t secret, const uint8_t mac[HMAC_SHA256_LEN]);

/* cookie_verify: whether cookie is what cookie_write would give; in constant time. */
bool cookie_verify(const struct rd *cookie, uint8_t secret,
		   const uint8_t mac[HMAC_SHA256_LEN]) MUST_USE;
