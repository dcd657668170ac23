/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a server has to know of a session to resume it, whether it keeps that itself
 * (session_cache.h) or lets the client keep it (ticket.h).
 */
#pragma once

#include "cursor.h"
#include "key_schedule.h"

enum {
	PSK_IDENTITY_MAX = 128, /* longer is refused (bad-input F2); RFC 4279 §5.3 requires 128 */
	SESSION_STATE_MIN = 68,
	SESSION_STATE_MAX = SESSION_STATE_MIN + PSK_IDENTITY_MAX,
};

/* What the peer proved itself with: says what name and binding are. Values go over the wire. */
enum credential_kind { CREDENTIAL_PSK = 1 /* its identity, the key */ };

struct session_state {
	uint64_t made_s;  /* its full handshake, by the clock of whoever keeps it; 0: now */
	uint64_t binding; /* session_state_binding of the credential */
	uint16_t suite;
	bool ems;
	uint8_t max_fragment_length; /* RFC 6066 code; 0: none */
	uint8_t credential;          /* enum credential_kind */
	uint8_t name_len;            /* never 0 */
	uint8_t name[PSK_IDENTITY_MAX];
	uint8_t master[MASTER_SECRET_LEN];
};

/* session_state_binding: ties a session to a credential by a number that the master secret keys, so
 * that it tells nothing and is equal for equal credentials only. Compare it with that of the
 * credential in force: a device that was given a new key does not resume what the old one made.
 * Any thread. */
uint64_t session_state_binding(const struct session_state *s, const void *credential, size_t len);

/* session_state_write: the layout is in session_state.c. */
void session_state_write(struct wr *w, const struct session_state *s);

/* session_state_parse: false: not a state of this build; *out is as it was. */
bool session_state_parse(struct rd r, struct session_state *out) MUST_USE;
