/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A handshake core's slots. A slot is free, active (a handshake under way), or lingers: the
 * handshake is gone, and what is left answers a repeated final flight and sends datagrams that
 * crossed the installation back to the owner. A slot that lingers is the first to be reused when
 * none is free. Slots that were never used cost no memory: their pages are not touched. One core.
 */
#pragma once

#include "flow_hash.h"
#include "handshake.h"
#include "handshake_rate.h"
#include "ref.h"

enum handshake_slot_state { SLOT_FREE, SLOT_ACTIVE, SLOT_LINGER };

/* Who makes room first when all that are active are taken; the eldest of a rank before the others
 * of it. */
enum handshake_slot_rank {
	RANK_NEW,     /* anybody's */
	RANK_RESUMED, /* of a session that was found: the youngest, of half of all slots at most */
	RANK_PROVED,  /* complete, and waiting to be installed: never makes room */
	RANKS
};

struct handshake_slot {
	struct flow flow;
	struct nexthop hop;
	struct flow_hash hash;             /* its key in the table of pending flows */
	struct handshake *handshake;       /* SLOT_ACTIVE */
	struct handshake_remnant *remnant; /* SLOT_LINGER */
	uint64_t linger_until_ns;
	uint32_t generation;
	uint32_t prev, next; /* in a list of its state and rank, from eldest to youngest */
	uint8_t state;       /* enum handshake_slot_state */
	uint8_t rank;        /* SLOT_ACTIVE: enum handshake_slot_rank */
	bool touched;        /* SLOT_ACTIVE: something of this turn is not settled yet */
	bool asking;         /* SLOT_ACTIVE: its job waits for an answer (psk_queue.h) */
	bool resume_only;    /* SLOT_ACTIVE: its source has no tokens for a full handshake */
	uint8_t owner;       /* poll core that will own the session */
	uint32_t post;       /* SLOT_LINGER: place of what its session goes on from + 1; 0: none */
	uint16_t share;      /* SLOT_ACTIVE: its count in the shares of prefixes */
	struct handshake_rate_source source;
};

struct handshake_slots;

/* handshake_slots_new: n_active handshakes at once, and n_linger more slots for those that linger;
 * NULL without memory. */
struct handshake_slots *handshake_slots_new(uint32_t n_active, uint32_t n_linger);
void handshake_slots_free(struct handshake_slots *s);

/* handshake_slots_open: a slot for a new handshake, SLOT_ACTIVE and RANK_NEW, with a new
 * generation; NULL when n_active are under way. May end the slot that has lingered longest. */
struct handshake_slot *handshake_slots_open(struct handshake_slots *s, struct session_ref *out);

/* handshake_slots_rank: moves an active slot behind the others of a rank. */
void handshake_slots_rank(struct handshake_slots *s, struct handshake_slot *slot,
			  enum handshake_slot_rank rank);

/* handshake_slots_eldest: the active slot that is the first to make room; NULL: all are proved, or
 * none is active. */
struct handshake_slot *handshake_slots_eldest(struct handshake_slots *s);

/* handshake_slots_get: the slot that a reference names; NULL when it was reused since. */
struct handshake_slot *handshake_slots_get(struct handshake_slots *s, struct session_ref ref);

/* handshake_slots_linger: from active to lingering. */
void handshake_slots_linger(struct handshake_slots *s, struct handshake_slot *slot,
			    uint64_t until_ns);

/* handshake_slots_close: to free. The caller has released the handshake. */
void handshake_slots_close(struct handshake_slots *s, struct handshake_slot *slot);

/* handshake_slots_expire: frees slots whose linger time is over, so many at most in a call: after a
 * storm all of them are due together. */
enum { HANDSHAKE_SLOTS_EXPIRE_MAX = 32 };
void handshake_slots_expire(struct handshake_slots *s, uint64_t now_ns);

/* handshake_slots_ref: the current reference of a slot. */
struct session_ref handshake_slots_ref(const struct handshake_slots *s,
				       const struct handshake_slot *slot);

/* handshake_slots_active: handshakes under way. */
uint32_t handshake_slots_active(const struct handshake_slots *s);

/* handshake_slots_at: the slot with this number, whatever its generation. */
struct handshake_slot *handshake_slots_at(struct handshake_slots *s, uint32_t i);
