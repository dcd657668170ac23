/* SPDX-License-Identifier: BSD-3-Clause */
/* A constrained client's ClientHello: two suites, extended master secret, renegotiation info. */
#pragma once

#include "flow.h"
#include "gate.h"
#include "hs_msg.h"

enum { FIRST_HELLO_MAX = 256 };

/* first_hello_write: the hello as a datagram; with that cookie, or without one (NULL) as the very
 * first. Returns its length. */
size_t first_hello_write(uint8_t out[FIRST_HELLO_MAX], const uint8_t random[HS_RANDOM_LEN],
			 const uint8_t *cookie);

/* first_hello_cookie: the cookie that the gate gives for it. false: it gives none. */
bool first_hello_cookie(struct gate *gate, const struct cookie_secrets *secrets,
			const struct flow *flow, const uint8_t random[HS_RANDOM_LEN],
			uint8_t cookie[COOKIE_LEN]) MUST_USE;
