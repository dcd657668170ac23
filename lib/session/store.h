/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All sessions of the process: slots, their parts, their recycling.
 *
 * A slot goes: free → live (store_install, owner core) → retired (store_retire, owner core: the
 * generation moves on at once, keys are wiped, the index entry is gone) → waits for a grace period
 * (control thread) → free (store_recycle). Generations count per slot and survive reuse.
 */
#pragma once

#include "replay.h"
#include "session.h"
#include "table.h"

struct store_config {
	uint32_t max_sessions;
	unsigned replay_window; /* 64, or a multiple of it up to 1024 */
	int socket;
	const uint8_t *hash_seed; /* 32 random bytes */
	struct identity_set *identities;
};

struct store {
	struct session_hot *hot;   /* [max_sessions] */
	struct session_cold *cold; /* [max_sessions] */
	struct session_overflow *overflow; /* [max_sessions], pages touched only by 256-bit suites */
	uint64_t *wide;            /* [max_sessions * replay_window / 64], or NULL */
	unsigned replay_window;
	uint32_t max_sessions;
	struct flow_hash_key hash_key;
	struct table *flows;       /* 5-tuple → session */
	struct identity_set *identities;
	struct store_free *free_slots;
};

/* store_new: NULL and errno without memory. Slow path only. */
struct store *store_new(const struct store_config *cfg);
void store_free(struct store *s);

/*
 * store_install: a new session for a finished handshake, owned by poll core `owner`. Replaces a
 * live session of the same flow owned by the same core: *replaced is its reference then
 * (generation 0: none), already out of the table, for the caller to retire. STATUS_OK and *out, or
 * STATUS_SESSION_FULL (the identity reference then stays with the caller). Owner core only.
 */
enum status store_install(struct store *s, uint8_t owner, const struct session_install *in,
			  struct session_ref *out, struct session_ref *replaced);

/* store_live: whether a reference still names its session. Any thread, inside RCU read side. */
static inline bool store_live(const struct store *s, struct session_ref ref)
{
	return ref.generation != 0 && ref.slot < s->max_sessions &&
	       atomic_load_explicit(&s->hot[ref.slot].generation, memory_order_acquire) ==
		       ref.generation;
}

/* store_retire: ends a session: index entry, generation, keys. The slot is not free yet: hand it
 * to store_recycle after a grace period. false: the reference was stale. Owner core only. */
bool store_retire(struct store *s, struct session_ref ref);

/* store_recycle: after a grace period: gives the identity's reference back and frees the slots.
 * Control thread only. */
void store_recycle(struct store *s, const uint32_t *slots, size_t n);

/* store_sweep: looks at up to n slots from *cursor on and writes those of `owner` that received
 * nothing for max_sweeps visits to out; returns how many. Owner core only. */
size_t store_sweep(struct store *s, uint8_t owner, uint32_t *cursor, size_t n, uint16_t max_sweeps,
		   struct session_ref *out);

/* store_count: live sessions. store_bytes: all memory of the store (overflow as touched). Any
 * thread. */
uint32_t store_count(const struct store *s);
size_t store_bytes(const struct store *s);
