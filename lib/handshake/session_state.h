/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a server has to know of a session to resume it, whether it keeps that itself
 * (session_cache.h) or lets the client keep it (ticket.h).
 */
#pragma once

#include "credential.h"
#include "cursor.h"
#include "key_schedule.h"

enum {
	PSK_IDENTITY_MAX = 128, /* longer is refused (bad-input F2); RFC 4279 §5.3 requires 128 */
	SESSION_STATE_MIN = 68,
	SESSION_STATE_MAX = 67 + PSK_IDENTITY_MAX + CREDENTIAL_BYTES_MAX,
};

struct session_state {
	uint64_t made_s;  /* its full handshake, by the clock of whoever keeps it; 0: now */
	uint64_t host;    /* session_state_host of the name that the client asked for */
	uint64_t binding; /* CREDENTIAL_PSK: session_state_binding of the key */
	uint16_t suite;
	bool ems;
	uint8_t max_fragment_length; /* RFC 6066 code; 0: none */
	uint8_t name_len;            /* 0: CREDENTIAL_NONE */
	uint8_t name[PSK_IDENTITY_MAX];
	uint8_t master[MASTER_SECRET_LEN];
	struct credential credential; /* what the peer proved itself with */
};

/* session_state_binding: ties a session to a key by a number that the master secret keys, so that
 * it tells nothing and is equal for equal keys only. Compare it with that of the key in force: a
 * device that was given a new key does not resume what the old one made. Any thread. */
uint64_t session_state_binding(const struct session_state *s, const void *key, size_t len);

/* session_state_host: the number of a server's name (RFC 6066 §3), which upper and lower case do
 * not change; len 0: the client gave none. Any thread. */
uint64_t session_state_host(const uint8_t *name, size_t len);

/* session_state_write: the layout is in session_state.c. */
void session_state_write(struct wr *w, const struct session_state *s);

/* session_state_read: the one that r begins with. session_state_parse: the one that r is. false:
 * not a state of this build; r and *out are as they were. */
bool session_state_read(struct rd *r, struct session_state *out) MUST_USE;
bool session_state_parse(struct rd r, struct session_state *out) MUST_USE;
