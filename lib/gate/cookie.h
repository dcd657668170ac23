/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DTLS 1.2 cookie (RFC 6347 §4.2.1): HMAC-SHA256 over both addresses and ports and the hello's
 * version, random, session_id, suites and compression. Two secrets, rotated with overlap; a byte in
 * the cookie says which. No state per peer.
 *
 *   OFFSET SIZE
 *     0     1   which secret (low bit)
 *     1    16   MAC, truncated
 */
#pragma once

#include "flow.h"
#include "hmac_batch.h"
#include "hs_msg.h"

enum { COOKIE_LEN = 17, COOKIE_INPUT_MAX = 512 };

/* The two secrets. Replaced as a whole (one pointer, RCU); never changed in place. */
struct cookie_secrets {
	struct hmac_key keys[2];
	uint8_t current; /* 0 or 1 */
};

/* cookie_secrets_init: both secrets from randomness; false when that failed: do not start. */
bool cookie_secrets_init(struct cookie_secrets *out) MUST_USE;

/* cookie_secrets_rotate: *out = old with the elder secret replaced and made current. */
bool cookie_secrets_rotate(const struct cookie_secrets *old, struct cookie_secrets *out) MUST_USE;

/* cookie_input: the bytes under the MAC, for hmac_op.msg; 0 when the hello's lists are too long
 * for COOKIE_INPUT_MAX (they are hashed down to fit, or refused: see cookie.c). */
size_t cookie_input(const struct flow *flow, const struct client_hello *ch,
		    uint8_t out[COOKIE_INPUT_MAX]);
