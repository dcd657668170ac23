/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker core: takes opened CoAP messages from its rings, runs their exchanges, hands readings to
 * the sink and answers to the poll core that owns the session.
 */
#pragma once

#include "mesh.h"
#include "sink.h"
#include "status.h"
#include "store.h"

struct worker_config {
	unsigned index; /* among the workers */
	unsigned core;  /* among all cores: the sender's number in the mesh */
	const struct mesh *mesh;
	struct rte_mempool *pool;
	const struct store *store;
	struct sink *sink;
	bool ack_delivered;
};

struct worker_stats {
	uint64_t messages, readings; /* one writer, read relaxed */
	uint64_t open_exchanges;
};

struct worker;

/* worker_new: NULL without memory. Slow path only. */
struct worker *worker_new(const struct worker_config *cfg);
void worker_free(struct worker *w);

/* worker_turn: messages, completions and timers, bounded; returns how many there were. Owner core
 * only, inside RCU read side. */
unsigned worker_turn(struct worker *w, uint64_t now_ns);

/* Counters; any thread. */
const struct status_counts *worker_counts(const struct worker *w);
const struct worker_stats *worker_stats(const struct worker *w);
