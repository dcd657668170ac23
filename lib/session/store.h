/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All sessions of the process: slots, their parts, their recycling.
 *
 * A slot goes: free → live (store_install, owner core) → retired (store_retire, owner core: the
 * generation moves on at once, keys are wiped, the index entry is gone) → taken
 * (store_take_retired, control thread), to wait for a grace period → free (store_recycle).
 * Generations count per slot and survive reuse: odd ones are live, even ones (0 among them) are
 * not.
 *
 * There are a few slots more than sessions may be: in a full store a device that connects again
 * gets its new session before its old one's slot is free.
 */
#pragma once

#include "block.h"
#include "lazy.h"
#include "replay.h"
#include "session.h"
#include "table.h"

struct store_config {
	uint32_t max_sessions;
	unsigned replay_window; /* 64, or a multiple of it up to 1024 */
	/* The NUMA node of each owner (-1: unknown): its sessions stand there while there is room.
	 * No owners: any. Buckets, which all look into, are dealt out to all nodes. */
	const int *owner_nodes;
	uint8_t n_owners;
	const uint8_t *hash_seed; /* 32 random bytes */
	struct identity_set *identities;
};

/* A peer's connection ID that is longer than struct session_cids has room for. */
struct store_peer_cid {
	uint8_t bytes[SESSION_PEER_CID_MAX + 1];
};

/* Where the connection IDs of ours are that a session has beside its first: spare_cids.h. */
enum { SPARE_CIDS_MAX = 3 };
struct store_spare_cids {
	struct table_place at[SPARE_CIDS_MAX];
	_Atomic uint32_t n;
	uint32_t unused;
};

struct store {
	struct session_hot *hot;             /* [n_slots] */
	struct session_cold *cold;           /* [n_slots] */
	struct session_read13 *read13;       /* [n_slots]; lazy: DTLS 1.3 only */
	struct session_overflow *overflow;   /* [n_slots]; lazy: 256-bit suites only */
	struct session_hot *old;             /* [n_slots]; lazy: hot lines of the epoch before */
	uint8_t (*old_sn_key)[32];           /* [n_slots]; lazy: of those, 256-bit suites only */
	struct session_cids *cids;           /* [n_slots]; lazy: with connection IDs only */
	struct store_peer_cid *peer_cids;    /* [n_slots]; lazy: long connection IDs only */
	struct store_spare_cids *spare_cids; /* [n_slots]; lazy: sessions that have some */
	uint64_t *wide;                      /* [n_slots * replay_window / 64], or NULL */
	unsigned replay_window;
	uint32_t n_slots; /* max_sessions and the spare ones */
	uint32_t max_sessions;
	struct flow_hash_key hash_key;
	struct table *flows; /* 5-tuple, or connection ID of ours → session */
	struct identity_set *identities;
	struct store_slots *slots;
	struct block hot_block, cold_block, wide_block;
	struct lazy read13_lazy, overflow_lazy, old_lazy, old_sn_lazy, cids_lazy, peer_cids_lazy,
		spare_cids_lazy;
	uint8_t apart[64]; /* what changes is not on the lines that every burst reads */
	_Atomic uint32_t live, n_spare_cids;
};

/* store_new: NULL and errno: ENOMEM, EINVAL (no sessions, or a window that is not a multiple of 64
 * up to 1024), ENOTSUP (a CPU without AES instructions). Slow path only. */
struct store *store_new(const struct store_config *cfg);

/* store_free: wipes and frees all, gives the identities of live sessions back. When no other thread
 * uses it any more, and before rte_eal_cleanup. Slow path only. */
void store_free(struct store *s);

/*
 * store_install: a new session for a finished handshake, owned by poll core `owner`. Replaces a
 * live session of the same flow owned by the same core: *replaced is its reference then
 * (generation 0: none), for the caller to retire, whatever the result is; one that was found by its
 * flow is out of the table already, one with a connection ID is replaced only by the same
 * identity's, and only the newest of an identity. STATUS_OK and *out, or STATUS_SESSION_FULL:
 * max_sessions slots are in use (retired ones are, until they are recycled; a replacement may take
 * a spare slot), no room in the table, or a live session of another flow or owner has the same
 * signature (the identity reference then stays with the caller). A session is never evicted for
 * another flow's (bad-input N5). Owner core only, inside RCU read side.
 *
 * A session with a connection ID of ours is found by that, and not by its flow, which may become
 * another device's while this one has moved on: its entry has flow_hash_tag of its path in place of
 * the generation.
 */
enum status store_install(struct store *s, uint8_t owner, const struct session_install *in,
			  struct session_ref *out, struct session_ref *replaced);

/* store_hot: the hot line of the session that a reference names; NULL when it names none any more.
 * store_live: whether it does. Any thread, inside RCU read side. */
static inline bool store_live(const struct store *s, struct session_ref ref)
{
	return (ref.generation & 1) && ref.slot < s->n_slots &&
	       atomic_load_explicit(&s->hot[ref.slot].generation, memory_order_acquire) ==
		       ref.generation;
}

static inline struct session_hot *store_hot(const struct store *s, struct session_ref ref)
{
	return store_live(s, ref) ? &s->hot[ref.slot] : NULL;
}

/* store_retire: ends a session: index entry, generation, keys. Its slot then waits for
 * store_take_retired. false: the reference was stale. Owner core only. */
bool store_retire(struct store *s, struct session_ref ref);

/* store_move: the live session's peer is on another path from now on: cold.flow and cold.hop, and
 * the entries' tag. false: an entry does not have the tag yet, as another thread is just relocating
 * it: to be called again with the next record from there. A session with a connection ID of ours.
 * Owner core only. */
bool store_move(struct store *s, struct session_ref ref, const struct flow *flow,
		const struct nexthop *hop);

/* store_peer_cid: the connection ID that goes with records to the peer of a live session; empty:
 * none. Borrowed until it retires. Owner core only. */
static inline struct rd store_peer_cid(const struct store *s, uint32_t slot)
{
	const uint8_t len = s->cold[slot].peer_cid_len;

	return rd_of(len <= SESSION_PEER_CID_SHORT ? s->cids[slot].peer : s->peer_cids[slot].bytes,
		     len);
}

/* store_set_peer_cid: another one, not empty, of a live session that has one. Owner core only. */
void store_set_peer_cid(struct store *s, uint32_t slot, const uint8_t *cid, uint8_t len);

/* store_take_retired: up to max retired slots, each given out once; returns how many. Control
 * thread only. */
size_t store_take_retired(struct store *s, uint32_t *slots, size_t max);

/* store_recycle: slots of store_take_retired, a grace period after that: gives the identity's
 * reference back and frees them. Control thread only. */
void store_recycle(struct store *s, const uint32_t *slots, size_t n);

/* store_sweep: looks at up to n slots from *cursor on and writes those of `owner` that received
 * nothing for max_sweeps (at most 15) visits to out; returns how many. A session is reported again
 * at each further visit until it is retired. Owner core only, inside RCU read side. */
size_t store_sweep(struct store *s, uint8_t owner, uint32_t *cursor, size_t n, uint8_t max_sweeps,
		   struct session_ref *out);

/* store_rx_key, store_tx_key: the raw key of a live slot of DTLS 1.2, aead_info(alg)->key_len
 * bytes, borrowed until it retires; alg is the session's (table_hit.class). Owner core only. */
static inline const uint8_t *store_rx_key(const struct store *s, uint32_t slot, enum aead_alg alg)
{
	return session_key_overflows(alg) ? s->overflow[slot].rx_key : s->hot[slot].rx_key;
}

static inline const uint8_t *store_tx_key(const struct store *s, uint32_t slot, enum aead_alg alg)
{
	return session_key_overflows(alg) ? s->overflow[slot].tx_key : s->hot[slot].tx_key;
}

/* store_rx_sn_key, store_tx_sn_key: as above, of record numbers in DTLS 1.3. */
static inline const uint8_t *store_rx_sn_key(const struct store *s, uint32_t slot,
					     enum aead_alg alg)
{
	return session_key_overflows(alg) ? s->overflow[slot].rx_key : s->hot[slot].rx13.sn_key;
}

static inline const uint8_t *store_tx_sn_key(const struct store *s, uint32_t slot,
					     enum aead_alg alg)
{
	return session_key_overflows(alg) ? s->overflow[slot].tx_key : s->read13[slot].tx.sn_key;
}

/* store_old_sn_key: the same of the peer's epoch before (epoch.h). */
static inline const uint8_t *store_old_sn_key(const struct store *s, uint32_t slot,
					      enum aead_alg alg)
{
	return session_key_overflows(alg) ? s->old_sn_key[slot] : s->old[slot].rx13.sn_key;
}

/* store_wide: a slot's wide replay window for replay_check and replay_commit; NULL when the window
 * is 64. Owner core only. */
static inline uint64_t *store_wide(const struct store *s, uint32_t slot)
{
	return s->wide == NULL ? NULL : &s->wide[(size_t)slot * (s->replay_window / 64)];
}

/* store_count: live sessions. store_bytes: all memory of the store (lazy arrays as touched). Any
 * thread. */
uint32_t store_count(const struct store *s);
size_t store_bytes(const struct store *s);
