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

#include "away.h"
#include "evict.h"
#include "frame_single.h"
#include "hs_msg.h"
#include "nonce.h"
#include "outbox.h"
#include "path.h"
#include "record13.h"
#include "rekey.h"
#include "throttle.h"

enum {
	CORE_RECORDS_MAX = 64,
	CORE_TX_MAX = 64,
	CORE_NO_PORT = 0xff,
	CORE_NO_LISTEN = 0x10000,
	CORE_IDLE_SWEEPS = 8, /* the idle sweep passes so often within a session's timeout */
};
_Static_assert((int)CORE_RECORDS_MAX >= 2 * (int)RECORDS_PER_DATAGRAM,
	       "room for one more datagram");
_Static_assert((int)GATE_BURST >= (int)PATH_BURST_MAX, "a burst of hellos is one gate burst");

/* A record of a session of this core: one mbuf is one record. */
struct core_record {
	struct rte_mbuf *m;
	struct rte_mbuf *copy; /* of its datagram, for the handshake under way if this fails */
	/* From check on: the hot line, or that of the epoch before (epoch.h). */
	struct session_hot *hot;
	union {
		/* From open to commit: its place in core->ops, where ok says how it went. What is
		 * sealed later takes the same places: a goodbye and replies that wait, while
		 * records are dispatched. */
		struct aead_op *op;
		struct aead_mask_op *mask; /* DTLS 1.3, before that: its place in core->masks */
	};
	uint8_t *body; /* the fragment, in m; from open on without its explicit nonce */
	struct session_ref ref;
	uint64_t seq;
	/* in DTLS 1.3 and with a connection ID of the inner plaintext; from commit on its content
	 */
	uint16_t plain_len;
	uint8_t type, class;
	uint8_t pending_owner; /* whose copy */
	uint8_t header_len;    /* in front of body; DTLS 1.3 only */
	bool old;              /* of the epoch before the peer's newest */
	bool away;             /* from an address that is not the session's */
};

/* core_wide, core_window: the replay window of a record of DTLS 1.3: its bits, if they are not in
 * rec->hot, and its width. */
static inline uint64_t *core_wide(const struct store *store, const struct core_record *rec)
{
	return rec->old ? NULL : store_wide(store, rec->ref.slot);
}

static inline unsigned core_window(const struct store *store, const struct core_record *rec)
{
	return rec->old ? 64 : store->replay_window;
}

struct core_tx {
	unsigned n;
	uint64_t bytes;
	struct rte_mbuf *m[CORE_TX_MAX];
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): there is one a core */
struct path_core {
	struct status_counts counts;
	struct path_stats stats;
	struct path_config cfg;
	uint8_t port_index[RTE_MAX_ETHPORTS]; /* by port_id; CORE_NO_PORT */
	uint32_t listen_everywhere; /* a port that is open on every address; CORE_NO_LISTEN */
	uint8_t cid_len;            /* of connection IDs of ours; 0: there are none */
	bool singles;               /* the CPU has what frame_single.h needs */
	bool cid_singles;           /* and cid_forms are made */
	bool plains;                /* and what frame_plain_avx512.h does */
	uint64_t now_ns;

	/* Datagrams of the burst. */
	unsigned n_datagrams, n_hashed; /* n_hashed: those that lookup_ahead was through with */
	struct rte_mbuf *datagrams[PATH_BURST_MAX];
	struct flow_hash hashes[PATH_BURST_MAX];
	struct table_hit hits[PATH_BURST_MAX];
	/* bit i: datagrams[i] is one that frame_single_parse took, of DTLS 1.2, of 1.3 */
	uint64_t single, single13;
	/* bit i: datagrams[i] begins with a connection ID of ours, by which it is looked up; then
	 * paths[i] is flow_hash_tag of its flow */
	uint64_t cid;
	uint32_t paths[PATH_BURST_MAX];
	bool behind; /* a port of theirs had more: hellos that rx did not see get no turn */

	/* First flights for the gate, of the same burst. */
	unsigned n_hellos;
	struct rte_mbuf *hellos[PATH_BURST_MAX];
	struct flow_hash hello_hashes[PATH_BURST_MAX]; /* of those with a valid cookie */
	struct table_hit hello_hits[PATH_BURST_MAX];
	struct gate_item hello_items[PATH_BURST_MAX];

	/* Those of our sessions. */
	unsigned n_mine;
	struct core_mine {
		struct rte_mbuf *m, *copy; /* copy: see struct core_record */
		const struct table_hit *session;
		uint8_t pending_owner;
		bool single, single13; /* see above */
		bool away;             /* see struct core_record */
	} mine[PATH_BURST_MAX];

	/* Records to open: of DTLS 1.2, and of 1.3. */
	unsigned n_records, n_records13;
	struct core_record records[CORE_RECORDS_MAX];
	struct core_record records13[CORE_RECORDS_MAX];

	/* Messages to seal. */
	unsigned n_seals;
	struct rte_mbuf *seals[CORE_RECORDS_MAX];

	/* The operations of one round of AEAD calls, by algorithm. */
	struct core_ops {
		unsigned n;
		bool wide; /* one or the other has more additional data than RECORD_AAD_LEN */
		struct aead_op op[CORE_RECORDS_MAX];
	} ops[AEAD_N];

	/* Those with more additional data than the others have room for: done at once. */
	struct aead_op long_op[CORE_RECORDS_MAX];
	unsigned n_long;

	/* The same for masks of record numbers. */
	struct core_masks {
		unsigned n;
		struct aead_mask_op op[CORE_RECORDS_MAX];
	} masks[AEAD_N];

	/* Datagrams from and to other nodes, and their MACs. */
	unsigned n_forward_in, n_forward_out;
	struct rte_mbuf *forward_in[PATH_BURST_MAX], *forward_out[PATH_BURST_MAX];
	struct hmac_op macs[PATH_BURST_MAX];
	struct hmac_batch *hmac; /* NULL: there are no other nodes */

	struct core_tx tx[PATH_PORTS_MAX];
	struct outbox to_poll[PATH_POLL_MAX];
	struct outbox to_handshake[PATH_HANDSHAKE_MAX];
	struct outbox to_worker[PATH_WORKERS_MAX];

	struct throttle_bucket answers;
	struct throttle_bucket hello_tokens;  /* for those of full bursts */
	struct throttle_bucket late_tokens;   /* for records of handshakes that are over: of all */
	struct throttle_sources late, alerts; /* and of each source; the gate's alerts to it */
	struct throttle_sources post;         /* by session: its records for the handshake core */
	struct throttle throttle;

	uint32_t sweep_cursor;
	uint64_t swept_ns; /* slots due until here were looked at */

	struct rekey_late rekeyed;

	struct evict_ring evictions; /* another thread writes */

	struct away away;

	/* Forms of frame_single.h for records with a connection ID of ours. */
	struct frame_single_form cid_form, cid_form13;
};

static inline void core_count(struct path_core *core, enum status s)
{
	status_add(&core->counts, s, 1);
}

/* CORE_STAT: adds to a field of struct path_stats. */
#define CORE_STAT(core, field, v) counter_add(&(core)->stats.field, (v))

/* core_ops_add: the next operation of an algorithm, to be filled; core_ops_drop: not after all.
 * core_ops_run: does all of them and empties the arrays, where they stay readable until the next is
 * added. */
static inline struct aead_op *core_ops_add(struct path_core *core, enum aead_alg alg)
{
	struct core_ops *ops = &core->ops[alg];

	return &ops->op[ops->n++];
}

static inline void core_ops_drop(struct path_core *core, enum aead_alg alg)
{
	struct core_ops *ops = &core->ops[alg];

	memset(ops->op[--ops->n].aad, 0, AEAD_AAD_MAX);
}

/* core_ops_add13: the same for DTLS 1.3: without the additional data of 1.2, which is longer. */
static inline struct aead_op *core_ops_add13(struct path_core *core, enum aead_alg alg)
{
	struct aead_op *op = core_ops_add(core, alg);

	memset(op->aad, 0, 16);
	return op;
}

/* An algorithm and what every record asks of it, read once for a run of them. */
struct core_alg {
	enum aead_alg alg;
	uint8_t explicit_len, tag_len;
	uint64_t seal_max;
};

static inline struct core_alg core_alg_of(enum aead_alg alg)
{
	const struct aead_info *info = aead_info(alg);

	return (struct core_alg){ alg, info->explicit_len, info->tag_len, info->seal_max };
}

/* What an operation needs of one direction of a session. */
struct core_keys {
	const uint8_t *key, *salt;
	const uint8_t *key16; /* the hot line's, where the rest of a long IV stands */
};

/* core_nonce_implicit: an operation's nonce where the suite has no explicit part. */
void core_nonce_implicit(struct aead_op *op, enum aead_alg alg, const uint8_t salt[4],
			 const uint8_t key16[16], uint64_t number) __attribute__((cold));

/* core_op_start: sets an operation up for the len bytes at text, in place; its additional data is
 * left to the caller. nonce: the explicit part, or where the suite has none, the number with its
 * epoch. */
static inline void core_op_start(struct aead_op *op, const struct core_alg *alg,
				 struct core_keys keys, uint64_t nonce, uint8_t *text, uint16_t len)
{
	op->src = op->dst = text;
	op->key = keys.key;
	op->len = len;
	op->ok = false;
	if (unlikely(alg->explicit_len == 0)) {
		core_nonce_implicit(op, alg->alg, keys.salt, keys.key16, nonce);
		return;
	}
	memcpy(op->nonce, keys.salt, 4);
	bytes_put_u64(op->nonce + 4, nonce);
}

/* core_op_fill: the same for a record without connection ID, of number seq of epoch 1. */
static inline void core_op_fill(struct aead_op *op, const struct core_alg *alg,
				struct core_keys keys, uint64_t nonce, uint8_t type, uint64_t seq,
				uint8_t *text, uint16_t len)
{
	op->aad_len = RECORD_AAD_LEN;
	record_aad(op->aad, type, 1, seq, len);
	core_op_start(op, alg, keys, nonce, text, len);
}

/* core_op_cid_fits: whether the additional data of a DTLS 1.2 record with a connection ID of so
 * many bytes is short enough for a batch; if not: aead_open_long, aead_seal_long.
 * core_op_fill_cid: core_op_fill where it does; ops is the array that op is in. */
static inline bool core_op_cid_fits(size_t cid_len)
{
	return RECORD_AAD_CID_LEN + cid_len <= AEAD_AAD_MAX;
}

static inline void core_op_fill_cid(struct core_ops *ops, struct aead_op *op,
				    const struct core_alg *alg, struct core_keys keys,
				    uint64_t nonce, uint64_t seq, struct rd cid, uint8_t *text,
				    uint16_t len)
{
	ops->wide = true;
	op->aad_len = (uint8_t)record_cid_aad(op->aad, 1, seq, cid.p, rd_len(&cid), len);
	core_op_start(op, alg, keys, nonce, text, len);
}
/* The same in DTLS 1.3. */
struct core_keys13 {
	const uint8_t *key, *iv;
};

/* core_op_header13: the usual header of DTLS 1.3 (record13_header) as additional data, alone where
 * that of DTLS 1.2 was, which is longer. */
static inline void core_op_header13(struct aead_op *op, uint64_t header)
{
	_Static_assert((int)RECORD_AAD_LEN <= 16, "all of it is overwritten");
	bytes_put_u64(op->aad, header);
	bytes_put_raw64(op->aad + 8, 0);
}

/* core_op_fill13: the same for DTLS 1.3. The header, header_len bytes, stands in op->aad already,
 * and zeros behind it. */
static inline void core_op_fill13(struct aead_op *op, struct core_keys13 keys, uint64_t seq,
				  uint8_t *text, uint16_t len, uint8_t header_len)
{
	op->src = op->dst = text;
	op->key = keys.key;
	op->len = len;
	op->aad_len = header_len;
	op->ok = false;
	/* nonce_implicit, but without a load of what was stored a moment ago in other pieces. */
	memcpy(op->nonce, keys.iv, 4);
	bytes_put_u64(op->nonce + 4, bytes_u64(keys.iv + 4) ^ seq);
}

void core_ops_run(struct path_core *core,
		  void (*run)(struct aead *a, enum aead_alg alg, struct aead_op *ops, size_t n));

/* core_masks_add: the next mask of an algorithm, of a record number under this key, made of the
 * fragment at sample. core_masks_run: makes all of them, in the arrays, which it empties. */
static inline struct aead_mask_op *core_masks_add(struct path_core *core, enum aead_alg alg,
						  const uint8_t *key, const uint8_t *sample)
{
	struct core_masks *masks = &core->masks[alg];
	struct aead_mask_op *op = &masks->op[masks->n++];

	op->key = key;
	op->sample = sample;
	return op;
}

void core_masks_run(struct path_core *core);

/* core_cid_at: the connection ID of ours that a datagram begins with; NULL: it begins with another
 * record. */
static inline const uint8_t *core_cid_at(const struct path_core *core, const uint8_t *p, size_t len)
{
	return core->cid_len == 0 ? NULL : record13_first_cid(p, len, core->cid_len);
}

/* core_cid_len: of the connection IDs that records for a session of this class have; 0: none. */
static inline uint8_t core_cid_len(const struct path_core *core, uint8_t class)
{
	return session_class_has_cid(class) ? core->cid_len : 0;
}

/* core_is_hello: whether a well-formed record that starts at p is the (start of a) ClientHello in
 * the clear. */
static inline bool core_is_hello(const uint8_t *p, size_t len)
{
	return len > RECORD_HEADER_LEN && p[0] == RECORD_HANDSHAKE &&
	       p[RECORD_HEADER_LEN] == HS_CLIENT_HELLO && bytes_u16(p + 3) == 0;
}

/* core_drop: counts and frees: where packets end. */
void core_drop(struct path_core *core, struct rte_mbuf *m, enum status why) __attribute__((cold));

/* core_lose: as core_drop for a record; the copy of its datagram goes to the handshake. */
void core_lose(struct path_core *core, struct core_record *rec, enum status why);

/* core_hand_off: hands a datagram to the poll core that owns its session. The mbuf only: the owner
 * looks up again, for the session can be gone by then. */
void core_hand_off(struct path_core *core, struct rte_mbuf *m, uint8_t owner);

/* core_to_handshake: hands a datagram to the handshake core that has this pending entry, or shall
 * make one (generation 0). */
void core_to_handshake(struct path_core *core, struct rte_mbuf *m, enum msg_kind kind,
		       const struct table_hit *pending);

/* core_maker: the handshake that made a session, and its core. Its owner only. */
static inline struct table_hit core_maker(const struct path_core *core, struct session_ref ref)
{
	const struct session_cold *cold = &core->cfg.store->cold[ref.slot];

	return (struct table_hit){ .ref = { cold->handshake_slot, cold->handshake_generation },
				   .owner = cold->handshake_core };
}

/* core_take: the data of a message with secrets, len bytes; the message is wiped. false: it has
 * other data. */
bool core_take(struct rte_mbuf *m, void *out, size_t len);

/* core_say: a message without data to a handshake core; best effort. */
void core_say(struct path_core *core, const struct msg *what, uint8_t to);

/* core_pending: the handshake under way for a flow; false: none. */
bool core_pending(const struct path_core *core, const struct flow_hash *hash,
		  struct table_hit *out);

/* core_retire: ends a session, hands its slot to the control thread and counts why. Its handshake
 * core is told, so that it can forget the last flight; not when idle, it has long done so. */
void core_retire(struct path_core *core, struct session_ref ref, enum status why);
