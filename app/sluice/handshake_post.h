/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a handshake core does for sessions of DTLS 1.3 that it has made: updates of keys, tickets
 * until they are acknowledged. The machine is post_handshake.h, what it goes on from stands in
 * post_states.h; here are the flights that are under way and their timers. The owner of a session
 * opens and seals (msg.h).
 *
 * From the end of a handshake until its owner says which session it became, there is a flight for
 * it too, perhaps an empty one. Owner core only, inside RCU read side.
 */
#pragma once

#include "handshake_memory.h"
#include "post_handshake.h"
#include "ref.h"

struct handshake_core;
struct handshake_slot;
struct msg;
struct rte_mbuf;

/* A flight of ours. Free ones are linked through next. */
struct handshake_post_flight {
	struct session_ref ref; /* generation 0: which session is not known yet */
	struct post_handshake_flight *flight;
	struct post_handshake *begun; /* generation 0: what the session goes on from, */
	uint32_t slot;                /* and where its handshake was */
	uint32_t next;
	bool used;
};

struct handshake_post {
	struct post_handshake_config config;
	struct handshake_memory memory; /* of struct post_handshake_flight */
	struct handshake_post_flight *flights;
	uint32_t n, fresh, unused; /* flights; never used from there; the first free one */
	uint32_t n_allocated, most;
};

/* handshake_post_init: false without memory; handshake_post_ids: timers that it has. Slow path
 * only.
 */
bool handshake_post_init(struct handshake_core *hc) MUST_USE;
void handshake_post_free(struct handshake_core *hc);
uint32_t handshake_post_ids(const struct handshake_core *hc);

/* handshake_post_begin: the handshake in a slot is over, its session is about to be installed.
 * handshake_post_installed: it is that session; generation 0: it was refused. */
void handshake_post_begin(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns);
void handshake_post_installed(struct handshake_core *hc, struct handshake_slot *slot,
			      const struct msg *msg);

/* handshake_post_opened, handshake_post_sealed, handshake_post_wanted: MSG_OPENED, MSG_SEALED,
 * MSG_REKEY_WANTED. handshake_post_timeout: the timer with this number is due. */
void handshake_post_opened(struct handshake_core *hc, struct rte_mbuf *mbuf, uint64_t now_ns);
void handshake_post_sealed(struct handshake_core *hc, const struct msg *msg);
void handshake_post_wanted(struct handshake_core *hc, const struct msg *msg, uint64_t now_ns);
void handshake_post_timeout(struct handshake_core *hc, uint32_t id, uint64_t now_ns);
