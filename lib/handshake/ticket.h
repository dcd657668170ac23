/* SPDX-License-Identifier: BSD-3-Clause */
/* Session tickets of a server (RFC 5077 §4): a session's state, sealed for the server itself. */
#pragma once

#include "handshake.h"
#include "ticket_keys.h"

/* ticket_seal: a ticket of a session; returns its length, 0 when libcrypto failed. Inside RCU read
 * side. */
size_t ticket_seal(struct ticket_cipher *c, const struct ticket_keys *keys,
		   const struct session_state *s, uint8_t out[HANDSHAKE_SEALED_MAX]);

enum ticket_result {
	TICKET_INVALID, /* forged, damaged, of another server, or of a key that is gone */
	TICKET_OPENED,
	TICKET_OPENED_OLD, /* and its key seals no more: worth a new one */
};

/* ticket_open: len bytes of anybody into *out; TICKET_INVALID leaves it as it was. Inside RCU read
 * side. */
enum ticket_result ticket_open(struct ticket_cipher *c, const struct ticket_keys *keys,
			       const uint8_t *ticket, size_t len, struct session_state *out);

/* Endpoints that share keys may have clocks that differ by so much. */
enum { TICKET_CLOCK_SKEW_S = 300 };

/* ticket_expired: whether the state in a ticket is too old, or of a time to come (bad-input H2). */
bool ticket_expired(const struct session_state *s, uint64_t utc_s, uint64_t lifetime_s);
