/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A poll core with its fleet: sessions in the store, and a frame of each of them, sealed by its
 * client, in random order. Worlds and cores are made once and kept, for a bench comes again and
 * again and four million sessions take seconds.
 */
#pragma once

#include "msg.h"
#include "path.h"

enum {
	WORLD_BURST_MAX = 64,
	WORLD_LEN = 64,
	WORLD_CID_LEN = 8,
	WORLD_FRAME_ROOM = 160,
	WORLD_SENT_MAX = 256
};

struct world {
	uint8_t class;           /* of all sessions: algorithm, version, connection IDs */
	uint32_t n_sessions, at; /* the next frame of frames[n_sessions] */
	uint16_t frame_len;
	uint8_t (*frames)[WORLD_FRAME_ROOM];
	struct store *store;
	struct path_core *cores[AEAD_ENGINE_LIBCRYPTO + 1]; /* by engine */
	struct path_core *core;                             /* the one of this bench */
	struct path_core *front; /* another poll core, which owns no session; made when asked for */
	uint64_t now_ns;
	uint16_t message_id;
	struct exchanges *exchanges; /* the worker's, made by the bench that needs them */
};

/* What all worlds share: one port (net_ring), a pool, the rings of one worker. */
extern struct world_rig {
	struct rte_mempool *pool;
	struct table *pending;
	struct gate *gate;
	struct cookie_secrets secrets;
	const struct cookie_secrets *_Atomic secrets_now;
	_Atomic bool drain;
	struct rte_ring *to_handshake, *to_worker, *from_worker;
	struct rte_ring *to_owner;  /* from front to core */
	struct rte_ring *port_ring; /* where the port puts what it is given */
	uint16_t port_id;
	unsigned n_sent;
	struct rte_mbuf *sent[WORLD_SENT_MAX];
} world_rig;

/* world_get: the world of so many sessions, its core set to one with that engine. NULL: no memory,
 * no port, or no such engine on this CPU. */
struct world *world_get(uint8_t class, uint32_t n_sessions, enum aead_engine engine);

/* world_front: makes sure of front. false: no memory. */
bool world_front(struct world *w) MUST_USE;

/* world_receive: n frames in fresh mbufs, as a port would give them. Has the windows forget what
 * they saw whenever every session had its turn. */
void world_receive(struct world *w, struct rte_mbuf **m, unsigned n);

/* The port's part, as NICs and their drivers do it for a port with MBUF_FAST_FREE.
 * world_send: what the port was given since the last call is sent: the NIC's part.
 * world_recycle: buffers of what was sent go back to the pool, all at once and without a look at
 * them: what a driver does when it is given the next frames. */
void world_send(void);
void world_recycle(void);
