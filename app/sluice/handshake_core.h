/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A handshake core: takes what poll cores send it (msg.h), drives the handshakes of its slots, runs
 * their jobs and timers, and installs the sessions that result.
 */
#pragma once

#include "aead.h"
#include "cid.h"
#include "credentials.h"
#include "handshake.h"
#include "mesh.h"
#include "post_states.h"
#include "psk_queue.h"
#include "resumption.h"
#include "review.h"
#include "store.h"

struct handshake_core_config {
	unsigned index; /* among the handshake cores */
	unsigned core;  /* among all cores: the sender's number in the mesh */
	const struct mesh *mesh;
	struct rte_mempool *pool;
	const struct store *store;
	struct table *pending; /* flows with a handshake under way */
	const struct credentials *credentials;
	/* Whom to ask, max_handshakes questions at once, for keys that credentials lack; NULL:
	 * nobody. */
	struct psk_queue *psk_queue;
	struct post_states *post_states;     /* NULL: DTLS 1.3 is not spoken */
	const struct resumption *resumption; /* NULL: full handshakes only */
	struct review *review;               /* NULL: credentials never change */
	const struct hello_policy *policy;
	struct cid_issuer *cids; /* IDs of policy->cid_len bytes; NULL: the policy has none */
	struct aead *aead;
	uint32_t max_handshakes;
	uint32_t max_lingering; /* last flights kept for those that ask for them again */
	/* Full handshakes a second that an address, and a network, always get: handshake_rate.h. */
	uint32_t rate_address, rate_network;
	uint64_t timeout_ns;          /* first retransmission */
	uint16_t mtu;                 /* of the UDP payload */
	const _Atomic bool *draining; /* no new handshakes */
	bool polls; /* the core polls ports as well: public-key operations must not hold it up */
};

struct handshake_core_stats {
	uint64_t started, completed, failed, messages; /* one writer, read relaxed */
	uint64_t active;
};

struct handshake_core;

/* handshake_core_new: NULL without memory. Slow path only. */
struct handshake_core *handshake_core_new(const struct handshake_core_config *cfg);
void handshake_core_free(struct handshake_core *hc);

/* handshake_core_turn: messages and timers, bounded; returns how many there were. Owner core only,
 * inside RCU read side. */
unsigned handshake_core_turn(struct handshake_core *hc, uint64_t now_ns);

/* Counters; any thread. */
const struct status_counts *handshake_core_counts(const struct handshake_core *hc);
const struct handshake_core_stats *handshake_core_stats(const struct handshake_core *hc);
