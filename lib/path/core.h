/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that one poll core has, and what every stage may do with it. Inside lib/path only.
 *
 * A burst goes through the arrays below: datagrams first (an mbuf, its flow's hash, what the table
 * says of it), then records (an mbuf each). Every stage leaves its survivors at the front of the
 * array and hands each loser to core_drop or core_lose with a reason.
 *
 * Owner core only.
 */
#pragma once

#include "outbox.h"
#include "path.h"
#include "throttle.h"

enum {
	CORE_RECORDS_MAX = 64,
	CORE_TX_MAX = 64,
	CORE_NO_PORT = 0xff,
	CORE_IDLE_SWEEPS = 8, /* the idle sweep passes so often within a session's timeout */
};
_Static_assert((int)CORE_RECORDS_MAX >= 2 * (int)RECORDS_PER_DATAGRAM,
	       "room for one more datagram");
_Static_assert((int)GATE_BURST >= (int)PATH_BURST_MAX, "a burst of hellos is one gate burst");

/* A record of a session of this core: one mbuf is one record. */
struct core_record {
	struct rte_mbuf *m;
	struct rte_mbuf *copy; /* of its datagram, for the handshake under way if this fails */
	struct aead_op *op;    /* from open on: its place in core->ops, where ok says how it went */
	struct session_ref ref;
	uint64_t seq;
	uint16_t body_off; /* of the fragment, from the start of the mbuf's data */
	uint16_t plain_len;
	uint8_t type, aead;
	uint8_t pending_owner; /* whose copy */
};

struct core_tx {
	unsigned n;
	struct rte_mbuf *m[CORE_TX_MAX];
};

struct path_core {
	struct status_counts counts;
	struct path_stats stats;
	struct path_config cfg;
	uint8_t port_index[RTE_MAX_ETHPORTS]; /* by port_id; CORE_NO_PORT */
	uint64_t now_ns;

	/* Datagrams of the burst. */
	unsigned n_datagrams, n_hashed; /* n_hashed: those that lookup_ahead was through with */
	struct rte_mbuf *datagrams[PATH_BURST_MAX];
	struct flow_hash hashes[PATH_BURST_MAX];
	struct table_hit hits[PATH_BURST_MAX];

	/* First flights for the gate, of the same burst. */
	unsigned n_hellos;
	struct rte_mbuf *hellos[PATH_BURST_MAX];
	struct flow_hash hello_hashes[PATH_BURST_MAX];
	struct gate_item hello_items[PATH_BURST_MAX];

	/* Records to open. */
	unsigned n_records;
	struct core_record records[CORE_RECORDS_MAX];

	/* Messages to seal. */
	unsigned n_seals;
	struct rte_mbuf *seals[CORE_RECORDS_MAX];

	/* The operations of one round of AEAD calls, side by side by algorithm. */
	struct aead_op ops[CORE_RECORDS_MAX];

	struct core_tx tx[PATH_PORTS_MAX];
	struct outbox to_poll[PATH_POLL_MAX];
	struct outbox to_handshake[PATH_HANDSHAKE_MAX];
	struct outbox to_worker[PATH_WORKERS_MAX];

	struct throttle_bucket answers;
	struct throttle throttle;

	uint32_t sweep_cursor;
	uint64_t swept_ns; /* slots due until here were looked at */
};

static inline void core_count(struct path_core *core, enum status s)
{
	status_add(&core->counts, s, 1);
}

/* CORE_STAT: adds to a field of struct path_stats. */
#define CORE_STAT(core, field, v) counter_add(&(core)->stats.field, (v))

/* core_drop: counts and frees: where packets end. */
static inline void core_drop(struct path_core *core, struct rte_mbuf *m, enum status why)
{
	core_count(core, why);
	rte_pktmbuf_free(m);
}

/* core_lose: as core_drop for a record; the copy of its datagram goes to the handshake. */
void core_lose(struct path_core *core, struct core_record *rec, enum status why);

/* core_to_handshake: hands a datagram to the handshake core that has this pending entry, or shall
 * make one (generation 0). */
void core_to_handshake(struct path_core *core, struct rte_mbuf *m, enum msg_kind kind,
		       const struct table_hit *pending);

/* core_pending: the handshake under way for a flow; false: none. */
bool core_pending(const struct path_core *core, const struct flow_hash *hash,
		  struct table_hit *out);

/* core_retire: ends a session, hands its slot to the control thread and counts why. Its handshake
 * core is told, so that it can forget the last flight; not when idle, it has long done so. */
void core_retire(struct path_core *core, struct session_ref ref, enum status why);
