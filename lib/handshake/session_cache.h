/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions that a server keeps by their ids (RFC 5246 §7.3), shared by its handshake cores.
 *
 * Memory is fixed: SESSION_CACHE_ENTRY bytes an entry. Entries stand in sets of SESSION_CACHE_WAYS,
 * and an id, which is random and ours, names its set; in a set that is full the eldest session
 * makes room, so one in use for long or often is not preferred, and guesses displace nothing
 * (bad-input H6). Nobody waits: a reader that meets a writer sees no session, and a writer that
 * meets another one in the same entry keeps none.
 *
 * Seconds are those of any clock that only moves forward, the same in all calls.
 */
#pragma once

#include "session_state.h"

enum { SESSION_CACHE_WAYS = 8, SESSION_CACHE_ENTRY = 384, SESSION_CACHE_ID = 16 };

struct session_cache;

/* session_cache_new: for n sessions, rounded up to a power of two of at least SESSION_CACHE_WAYS,
 * each for lifetime_s at most; NULL without memory. Slow path only. */
struct session_cache *session_cache_new(uint32_t n, uint32_t lifetime_s);

/* session_cache_free: wipes; NULL is fine. */
void session_cache_free(struct session_cache *c);

/* session_cache_entries, session_cache_bytes: its size, as it was made. */
uint32_t session_cache_entries(const struct session_cache *c);
size_t session_cache_bytes(const struct session_cache *c);

/* session_cache_put: keeps a session under an id of SESSION_CACHE_ID bytes; s->made_s is the
 * present, never 0. false: not kept. Any thread. */
bool session_cache_put(struct session_cache *c, const uint8_t *id, const struct session_state *s);

/* session_cache_get: the session of an id of any length, or false. Any thread. */
bool session_cache_get(struct session_cache *c, const uint8_t *id, size_t len, uint64_t now_s,
		       struct session_state *out) MUST_USE;

/* session_cache_sweep: wipes what is too old among the next n entries. One thread; others may be
 * at work. */
void session_cache_sweep(struct session_cache *c, uint64_t now_s, uint32_t n);
