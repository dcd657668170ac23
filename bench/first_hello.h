/* SPDX-License-Identifier: BSD-3-Clause */
/* A constrained client's ClientHello. Of DTLS 1.2: two suites, extended master secret,
 * renegotiation info. Of 1.3: two suites, x25519 with its share, a PSK. */
#pragma once

#include "flow.h"
#include "gate.h"
#include "hs_msg.h"

enum { FIRST_HELLO_MAX = 320 };

/* first_hello_write: the hello as a datagram; with that cookie, or without one (NULL) as the very
 * first. Returns its length. */
size_t first_hello_write(uint8_t out[FIRST_HELLO_MAX], const uint8_t random[HS_RANDOM_LEN],
			 const uint8_t *cookie);

/* first_hello_cookie: the cookie that the gate gives for it. false: it gives none. */
bool first_hello_cookie(struct gate *gate, const struct cookie_secrets *secrets,
			const struct flow *flow, const uint8_t random[HS_RANDOM_LEN],
			uint8_t cookie[COOKIE_LEN]) MUST_USE;

/* first_hello13_write, first_hello13_cookie: the same of DTLS 1.3, for a gate that does it; cookie
 * is empty for the very first hello, or that of the gate, RETRY_COOKIE_MAX bytes of room. */
size_t first_hello13_write(uint8_t out[FIRST_HELLO_MAX], const uint8_t random[HS_RANDOM_LEN],
			   struct rd cookie);
bool first_hello13_cookie(struct gate *gate, const struct cookie_secrets *secrets,
			  const struct flow *flow, const uint8_t random[HS_RANDOM_LEN],
			  uint8_t cookie[RETRY_COOKIE_MAX], size_t *len) MUST_USE;
