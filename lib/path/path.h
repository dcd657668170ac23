/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record path: everything one poll core does to packets.
 *
 * A loop calls, in this order, inside the RCU read side: path_rx_burst with what a queue gave,
 * path_inbox_burst with what rings from other cores gave, path_flush, now and then path_sweep; then
 * it reports its quiescent state. Nothing here blocks, allocates from the heap, locks, logs or
 * makes a system call after path_core_new; mbufs come from the core's pool.
 *
 * Owner core only, but for path_counts and path_stats, which any thread may read, and path_evict.
 */
#pragma once

#include "aead.h"
#include "cid.h"
#include "forward_nodes.h"
#include "frame.h"
#include "gate.h"
#include "msg.h"
#include "status.h"
#include "store.h"
#include "table.h"

#include <rte_mbuf.h>
#include <rte_ring.h>

enum {
	PATH_BURST_MAX = 64, /* mbufs of one path_rx_burst or path_inbox_burst */
	PATH_PORTS_MAX = 16,
	PATH_POLL_MAX = 64,      /* poll cores */
	PATH_HANDSHAKE_MAX = 64, /* handshake cores */
	PATH_WORKERS_MAX = 64,
	PATH_LISTEN_MAX = 32,
	/* Hellos that are looked at while bursts are full: one of each, and beyond that so many a
	 * second, and at once. A fleet that says hello in one voice fills bursts too. */
	PATH_BACKLOG_HELLOS = 1,
	PATH_BACKLOG_RATE = 100000,
	PATH_BACKLOG_ONCE = 1024,
};

/* tx_queue of a port that this core does not send on: what would go there is STATUS_TX_NO_QUEUE. */
enum { PATH_NO_QUEUE = 0xffff };

/* A port as this core uses it. A core that owns sessions needs a transmit queue of its own on every
 * port: the owner answers wherever a request came in. */
struct path_port {
	uint16_t port_id, tx_queue; /* PATH_NO_QUEUE: none */
	uint16_t mtu;               /* IP packet bytes */
	unsigned tx_offload;        /* FRAME_IP_OFFLOAD, FRAME_L4_OFFLOAD: enabled on the queue */
	struct frame_host host;     /* its MAC and our addresses on it */
};

/* Where datagrams are taken: address all zero means every address. */
struct path_listen {
	uint8_t ip[16]; /* IPv4-mapped for IPv4 */
	uint16_t port;
};

/* Copied by path_core_new; what it points to is borrowed for the core's life. */
struct path_config {
	uint8_t index; /* of this poll core: the owner number of its sessions */
	uint8_t n_poll, n_handshake, n_workers; /* n_handshake and n_workers at least 1 */
	/* Frames asked of a port at once: that many mean a backlog (STATUS_HELLO_BACKLOG). 0: there
	 * is never one. */
	uint8_t burst;

	/* Rings of mbufs with a struct msg, this core the only producer. to_poll[index] may be
	 * NULL. */
	struct rte_ring *to_poll[PATH_POLL_MAX];
	struct rte_ring *to_handshake[PATH_HANDSHAKE_MAX];
	struct rte_ring *to_worker[PATH_WORKERS_MAX];

	struct path_port ports[PATH_PORTS_MAX];
	uint8_t n_ports;
	struct path_listen listen[PATH_LISTEN_MAX];
	uint8_t n_listen; /* 0: port 5684 on every address */

	struct store *store;
	/* Handshakes under way, by flow, hashed with store->hash_key: owner is the handshake core,
	 * the reference is that core's. Inserted by handshake cores before they ask for anything to
	 * be sent; removed by them when a handshake fails and by the poll core that installs. */
	struct table *pending;
	const struct cid_key *cid;                            /* of the IDs we give; NULL: none */
	struct aead *aead;                                    /* this core's engine */
	struct gate *gate;                                    /* this core's gate */
	const struct cookie_secrets *_Atomic *cookie_secrets; /* current snapshot, RCU */
	const _Atomic bool *drain; /* set: no new handshakes (STATUS_HELLO_REFUSED) */
	struct rte_mempool *pool;  /* mbufs with MSG_PRIV_SIZE of private area */
	/* The same with room for GATE_HELLO_MAX bytes, for hellos that are longer than an mbuf of
	 * pool; none of them is ever sent. NULL: such hellos are dropped (STATUS_HELLO_SIZE). */
	struct rte_mempool *hello_pool;

	struct forward_nodes *forward; /* NULL: no other nodes */

	uint64_t session_timeout_ns; /* idle sessions close after this; 0: never */
	/* Records after which a DTLS 1.3 session asks for new keys, below what its algorithm
	 * bears; 0: shortly before that */
	uint64_t rekey_after;
};

struct path_core;

/* path_core_new: one poll core's state, on its NUMA socket. NULL with errno EINVAL (a layout that
 * cannot work: rings missing, private area too small), ENOMEM, or EAGAIN (no randomness). Free with
 * path_core_free, which frees what still waits in it and wipes. Slow path only.
 */
struct path_core *path_core_new(const struct path_config *cfg, uint64_t now_ns);
void path_core_free(struct path_core *core);

/* path_rx_burst: n <= PATH_BURST_MAX frames received on ports[port]; takes the mbufs over. They,
 * and what they lead to, wait in buffers until path_flush. */
void path_rx_burst(struct path_core *core, unsigned port, struct rte_mbuf **mbufs, unsigned n,
		   uint64_t now_ns);

/* path_waiting: datagrams that wait for path_flush. With more than PATH_BURST_MAX of them together,
 * the next call does their work first. */
unsigned path_waiting(const struct path_core *core);

/* path_inbox_burst: n <= PATH_BURST_MAX messages of other cores (any kind that msg.h sends to poll
 * cores); takes the mbufs over. */
void path_inbox_burst(struct path_core *core, struct rte_mbuf **mbufs, unsigned n, uint64_t now_ns);

/* path_flush: seals what waits, transmits, and flushes the rings. Once a turn. */
void path_flush(struct path_core *core, uint64_t now_ns);

/* path_sweep: looks at the few slots that are due and closes idle sessions, and a bounded number of
 * those that path_evict named. Once a turn or less. */
void path_sweep(struct path_core *core, uint64_t now_ns);

/* A session that may not go on, though its peer would. */
struct path_eviction {
	struct session_ref ref; /* of a session of this core; it may be gone by then */
	uint8_t alert;          /* enum alert, which it is told fatally */
	uint8_t why;            /* enum status, which is counted */
};

/* path_evict: asks the core to close sessions; returns how many of n it will, the rest must be
 * asked for again. Any one thread, at the same time as the core's own. */
size_t path_evict(struct path_core *core, const struct path_eviction *e, size_t n);

/* What a poll core did, beside the reasons in struct status_counts. */
#define PATH_STATS_LIST(X)                                                                         \
	X(rx_bursts) /* path_rx_burst calls with frames */                                         \
	X(rx_frames) /* mean burst: rx_frames / rx_bursts */                                       \
	X(rx_bytes)                                                                                \
	X(rx_datagrams)    /* UDP datagrams to a port we listen on */                              \
	X(rx_partial_csum) /* with a checksum the sending kernel left unfinished */                \
	X(hellos)          /* ClientHellos given to the gate */                                    \
	X(hellos_admitted) /* with a valid cookie */                                               \
	X(handoffs_out)    /* datagrams given to the owner of their session */                     \
	X(handoffs_in)                                                                             \
	X(forwards_out)  /* datagrams given to the node that has their session */                  \
	X(forwards_in)   /* taken from other nodes, for sessions here */                           \
	X(forwards_back) /* answers of other nodes given on to devices */                          \
	X(records_opened)                                                                          \
	X(records_sealed)                                                                          \
	X(aead_calls) /* AEAD fill: aead_ops / aead_calls */                                       \
	X(aead_ops)                                                                                \
	X(coap_out) /* CoAP messages given to workers */                                           \
	X(installs)                                                                                \
	X(rekeys) /* keys of a direction renewed (KeyUpdate) */                                    \
	X(tx_frames)                                                                               \
	X(tx_bytes)

struct path_stats {
#define PATH_STATS_FIELD(name) uint64_t name;
	PATH_STATS_LIST(PATH_STATS_FIELD)
#undef PATH_STATS_FIELD
};

/* path_counts: outcomes by reason. path_stats: a relaxed snapshot. Any thread. */
const struct status_counts *path_counts(const struct path_core *core);
void path_stats(const struct path_core *core, struct path_stats *out);
