/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that are away: genuine records of their sessions come from another address than the one
 * that is theirs. A NAT may have given them a new one, they may have moved, or somebody beside the
 * way copies their records and is quicker (RFC 9146 §6, RFC 9147 §11). The address of a session is
 * replaced only when the peer proved that what is sent to the new one reaches it: by a return
 * routability check (RFC 9853) where both ends agreed on that, else by an Echo option (RFC 9175),
 * which the worker puts into its answers (MSG_PROVED).
 *
 * Until then: what answers a request goes to the session's address, and once more to where the
 * request came from, as long as no more than three times the bytes that came from there go there.
 * So a copy that comes first takes nothing from its device, and who has moved waits for nothing.
 * What proves that an address is reached (a challenge, an answer with an Echo option) goes there
 * alone: the device at home would return it, and whoever races that would have moved the session.
 * Everything else goes to the session's address.
 *
 * A path_challenge goes to the newest such address, at most one is outstanding for a session; it is
 * repeated, each time with a cookie of its own, and given up after AWAY_TRIES times AWAY_T_NS.
 * What is no newer than all before it starts none.
 *
 * Inside lib/path only. Owner core only.
 */
#pragma once

#include "flow.h"
#include "keyed_hash.h"
#include "ref.h"

#include <stdbool.h>

struct core_record;
struct path_core;
struct rte_mbuf;

enum {
	AWAY_PATHS = 4096, /* of a core's sessions, at once; a power of two */
	AWAY_WAYS = 4,
	AWAY_TRIES = 3,
	AWAY_FACTOR = 3, /* RFC 9853 §5 */
	AWAY_TURN = 16,  /* paths looked at in a turn, while there are challenges */
};

#define AWAY_T_NS UINT64_C(1000000000)

/* Another address of a session. */
struct away_path {
	struct session_ref ref; /* generation 0: nobody's */
	struct flow flow;
	struct nexthop hop;
	uint32_t allowance; /* bytes that may go there yet */
	uint8_t tries;      /* challenges that were sent; 0: none is outstanding */
	uint64_t nonce;     /* what their cookies are made of */
	uint64_t due_ns;    /* of the next one, or of the end */
	uint64_t used_ns;
};

struct away {
	struct keyed_hash_key key; /* of cookies */
	uint64_t nonce;
	unsigned n_challenges; /* paths with one outstanding */
	unsigned cursor;
	bool replied; /* a message that waits to be sealed answers a request from away */
	struct away_path paths[AWAY_PATHS];
};

/* away_init: false: no randomness. Slow path only. */
bool away_init(struct away *a) __attribute__((warn_unused_result));

/* away_arrived: a genuine record, not seen before, came from away. newer: than all before it. */
void away_arrived(struct path_core *core, struct core_record *rec, bool newer);

/* away_check: a record of return routability checks; takes it over. */
void away_check(struct path_core *core, const struct core_record *rec);

/* away_proved: the peer proved in another way that this flow reaches it. */
void away_proved(struct path_core *core, struct session_ref ref, const struct flow *flow);

/* away_reply: a MSG_REPLY_AWAY, which takes over; it goes to its address if that may get it, and
 * nowhere else. */
void away_reply(struct path_core *core, struct rte_mbuf *m);

/* away_sealed: n records are about to be sent; those that answer requests from away also get the
 * session's address. */
void away_sealed(struct path_core *core, struct rte_mbuf **m, unsigned n);

/* away_run: challenges that are due. Once a turn or less. */
void away_run(struct path_core *core);
