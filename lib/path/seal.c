/* SPDX-License-Identifier: BSD-3-Clause */
#include "seal.h"

#include "stages.h"

_Static_assert((int)RTE_PKTMBUF_HEADROOM >= (int)SEAL_ROOM, "room in front of a fresh message");

/* What a message that answers no request is told from the cold part: where it goes, how it is
 * protected. */
static __attribute__((noinline)) enum status address_from_cold(struct path_core *core,
							       struct msg *msg)
{
	const uint8_t away = msg->class & MSG_CLASS_AWAY;

	const struct store *store = core->cfg.store;
	const struct session_cold *cold;

	if (!store_live(store, msg->ref))
		return STATUS_STALE_REF;
	cold = &store->cold[msg->ref.slot];
	if (cold->owner != core->cfg.index)
		return STATUS_STALE_REF; /* one writer: only the owner seals */
	if (msg->hop.port_id == MSG_COLD_HOP) {
		msg->flow = cold->flow;
		msg->hop = cold->hop;
	}
	core->away.replied |= away != 0;
	msg->class = cold->class | away;
	return STATUS_OK;
}

/* Who it is for and how it is protected. A request's answer needs the hot line only. */
static inline enum status address(struct path_core *core, struct msg *msg)
{
	if (likely(msg->kind == MSG_REPLY && msg->hop.port_id != MSG_COLD_HOP &&
		   !(msg->class & MSG_CLASS_AWAY)))
		return STATUS_OK;
	return address_from_cold(core, msg);
}

/* Bytes in front of the plaintext that go out as they are. */
static inline unsigned prefix_of(const struct msg *msg)
{
	return msg->kind == MSG_SEAL ? msg->prefix_len : 0;
}

bool seal_make_room(struct rte_mbuf *m, size_t cid_len, unsigned behind)
{
	const size_t off = m->data_off, want = SEAL_ROOM + cid_len;
	const size_t to = off < want ? want : off;

	if (m->nb_segs != 1 || to + m->data_len + behind > m->buf_len)
		return false;
	if (to != off && cid_len == 0)
		return false; /* who made it left too little */
	if (to != off)
		memmove((uint8_t *)m->buf_addr + to, (uint8_t *)m->buf_addr + off, m->data_len);
	m->data_off = (uint16_t)to;
	return true;
}

/* The same for a message that gets no connection ID, and is not moved. */
static inline bool fits(const struct rte_mbuf *m)
{
	const unsigned off = m->data_off, len = m->data_len;

	return m->nb_segs == 1 && off >= SEAL_ROOM && off + len + AEAD_TAG_MAX <= m->buf_len &&
	       len <= RECORD_PLAINTEXT_MAX;
}

/* Any message. A prefix that is longer than all makes a plaintext of billions. */
static enum status make_fit(struct rte_mbuf *m, const struct msg *msg, size_t cid_len)
{
	const unsigned plain_len = (unsigned)m->data_len - prefix_of(msg);

	if (session_class_alg(msg->class) >= AEAD_N || plain_len > RECORD_PLAINTEXT_MAX ||
	    !seal_make_room(m, cid_len, 1 + AEAD_TAG_MAX))
		return STATUS_TX_SIZE;
	return STATUS_OK;
}

/* A message and what its record gets. */
struct sealed {
	struct rte_mbuf *m;
	struct session_hot *hot;
	uint64_t seq;
	uint8_t type;
	struct rd cid; /* of the peer's; empty: none */
};

static inline struct core_keys keys_of(const struct store *store, const struct sealed *s,
				       const struct core_alg *alg)
{
	return (struct core_keys){ store_tx_key(store, msg_of(s->m)->ref.slot, alg->alg),
				   s->hot->tx_salt, s->hot->tx_key };
}

/*
 * Makes a record of the plaintext, writes its header and fills the operation:
 *   before                             plaintext
 *   after     header | explicit nonce | plaintext | tag
 */
static inline void wrap(const struct store *store, const struct sealed *s,
			const struct core_alg *alg, struct aead_op *op)
{
	struct rte_mbuf *m = s->m;
	const unsigned off = m->data_off, len = m->data_len;
	const unsigned front = RECORD_HEADER_LEN + alg->explicit_len;
	const unsigned all = front + len + alg->tag_len;
	const uint64_t number = UINT64_C(1) << 48 | s->seq;
	uint8_t *plain = (uint8_t *)m->buf_addr + off;

	m->data_off = (uint16_t)(off - front);
	m->data_len = (uint16_t)all;
	m->pkt_len = all;
	core_op_fill(op, alg, keys_of(store, s, alg), number, s->type, s->seq, plain,
		     (uint16_t)len);
	record_put_header(plain - front, s->type, DTLS_1_2, 1, s->seq,
			  (uint16_t)(all - RECORD_HEADER_LEN));
	if (likely(alg->explicit_len != 0))
		bytes_put_u64(plain - RECORD_EXPLICIT_MAX, number);
}

static void seal_long_cid(struct path_core *core, const struct sealed *s,
			  const struct core_alg *alg, uint64_t number, uint8_t *plain, uint16_t len)
{
	uint8_t aad[RECORD_AAD_CID_MAX];
	const size_t aad_len = record_cid_aad(aad, 1, s->seq, s->cid.p, rd_len(&s->cid), len);
	struct aead_op op;

	core_op_start(&op, alg, keys_of(core->cfg.store, s, alg), number, plain, len);
	aead_seal_long(core->cfg.aead, alg->alg, &op, rd_of(aad, aad_len));
}

/*
 * The same with a connection ID:
 *   after     header with ID | explicit nonce | plaintext | type | tag
 */
static void wrap_cid(struct path_core *core, const struct sealed *s, const struct core_alg *alg)
{
	struct rte_mbuf *m = s->m;
	const size_t cid_len = rd_len(&s->cid);
	const unsigned off = m->data_off, inner = m->data_len + 1U;
	const unsigned header = (unsigned)(RECORD_HEADER_LEN + cid_len);
	const unsigned front = header + alg->explicit_len, all = front + inner + alg->tag_len;
	const uint64_t number = UINT64_C(1) << 48 | s->seq;
	uint8_t *plain = (uint8_t *)m->buf_addr + off;

	plain[inner - 1] = s->type;
	m->data_off = (uint16_t)(off - front);
	m->data_len = (uint16_t)all;
	m->pkt_len = all;
	if (likely(core_op_cid_fits(cid_len)))
		core_op_fill_cid(&core->ops[alg->alg], core_ops_add(core, alg->alg), alg,
				 keys_of(core->cfg.store, s, alg), number, s->seq, s->cid, plain,
				 (uint16_t)inner);
	else
		seal_long_cid(core, s, alg, number, plain, (uint16_t)inner);
	record_put_cid_header(plain - front, 1, s->seq, s->cid.p, cid_len,
			      (uint16_t)(all - header));
	if (likely(alg->explicit_len != 0))
		bytes_put_u64(plain - RECORD_EXPLICIT_MAX, number);
}

static void wrap_any(struct path_core *core, const struct sealed *s, const struct core_alg *alg)
{
	if (rd_len(&s->cid) == 0)
		wrap(core->cfg.store, s, alg, core_ops_add(core, alg->alg));
	else
		wrap_cid(core, s, alg);
}

/*
 * Either behind a prefix:
 *   before               prefix | plaintext
 *   after     prefix | header | explicit nonce | plaintext | tag
 */
static void wrap_behind(struct path_core *core, const struct sealed *s, const struct core_alg *alg)
{
	struct rte_mbuf *m = s->m;
	const uint16_t prefix_len = prefix_of(msg_of(m)) & UINT16_MAX;
	const size_t front = RECORD_HEADER_LEN + rd_len(&s->cid) + alg->explicit_len;
	uint8_t *prefix = rte_pktmbuf_mtod(m, uint8_t *);

	m->data_off = (uint16_t)(m->data_off + prefix_len);
	m->data_len = (uint16_t)(m->data_len - prefix_len);
	memmove(prefix - front, prefix, prefix_len);
	wrap_any(core, s, alg);
	m->data_off = (uint16_t)(m->data_off - prefix_len);
	m->data_len = (uint16_t)(m->data_len + prefix_len);
	m->pkt_len = m->data_len;
}

void seal_alert(struct rte_mbuf *m, enum alert last)
{
	struct msg *msg = msg_of(m);
	struct wr w = wr_of(rte_pktmbuf_mtod(m, uint8_t *), 2);

	wr_u8(&w, last == ALERT_CLOSE_NOTIFY ? ALERT_WARNING : ALERT_FATAL);
	wr_u8(&w, (uint8_t)last);
	m->data_len = 2;
	m->pkt_len = 2;
	msg->kind = MSG_SEAL;
	msg->type = RECORD_ALERT;
	msg->prefix_len = 0;
	msg->told = false;
}

/* A number for the message. The last one that a session sends with is for the close_notify that
 * says so: by then the key has sealed what it may (bad-input K5, K6), and DTLS 1.2 has no new key
 * without a new handshake. Nothing is sealed with a number twice: a session that is used up stays
 * at its end, whatever follows. */
static inline enum status take_number(struct session_hot *hot, struct rte_mbuf *m, uint64_t *seq,
				      bool *used_up)
{
	uint64_t end = aead_info(session_class_alg(msg_of(m)->class))->seal_max;

	if (!session_take_tx_seq(hot, end, seq))
		return STATUS_SEQ_EXHAUSTED;
	if (unlikely(*seq == end - 1)) {
		seal_alert(m, ALERT_CLOSE_NOTIFY);
		*used_up = true;
	}
	return STATUS_OK;
}

/* Any message. */
static __attribute__((noinline)) enum status ready(struct path_core *core, struct rte_mbuf *m,
						   bool *used_up)
{
	struct msg *msg = msg_of(m);
	struct sealed out = { .m = m };
	struct core_alg alg;
	enum status s;

	if ((s = address(core, msg)) != STATUS_OK)
		return s;
	if (session_class_is_13(msg->class))
		return seal13_ready(core, m, used_up);
	out.hot = store_hot(core->cfg.store, msg->ref);
	if (out.hot == NULL)
		return STATUS_STALE_REF;
	out.cid = seal_cid(core->cfg.store, msg);
	if ((s = make_fit(m, msg, rd_len(&out.cid))) != STATUS_OK ||
	    (s = take_number(out.hot, m, &out.seq, used_up)) != STATUS_OK)
		return s;
	alg = core_alg_of(session_class_alg(msg->class));
	out.type = msg->kind == MSG_REPLY ? RECORD_APPDATA : msg->type;
	if (prefix_of(msg) == 0)
		wrap_any(core, &out, &alg);
	else
		wrap_behind(core, &out, &alg);
	return STATUS_OK;
}

/* What nearly all are: answers to requests, of sessions of DTLS 1.2 with one algorithm that are far
 * from their end. Readies those in front of the first that is not one, into to; returns how many.
 */
static unsigned ready_answers(struct path_core *core, struct rte_mbuf **to, struct rte_mbuf **m,
			      unsigned n)
{
	const struct store *store = core->cfg.store;
	const uint8_t class = msg_of(*m)->class;
	const struct core_alg alg =
		core_alg_of(RTE_MIN(session_class_alg(class), (enum aead_alg)(AEAD_N - 1)));
	struct core_ops *ops = &core->ops[alg.alg];
	struct aead_op *op = &ops->op[ops->n];
	const uint64_t last = alg.seal_max - 1;
	unsigned i;

	if ((class & ~SESSION_CLASS_CID) != alg.alg)
		return 0;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *one = m[i];
		const struct msg *msg = msg_of(one);
		struct sealed out = { one, store_hot(store, msg->ref), 0, RECORD_APPDATA, { 0 } };

		if (out.hot == NULL || msg->kind != MSG_REPLY || msg->class != class ||
		    msg->hop.port_id == MSG_COLD_HOP || !fits(one) ||
		    !session_take_tx_seq(out.hot, last, &out.seq))
			break;
		wrap(store, &out, &alg, &op[i]);
		to[i] = one;
	}
	ops->n += i;
	return i;
}

/* Readies what can be sealed and leaves it in core->seals. Numbers are given out in the order of
 * the messages, so a session's records leave in order. Returns whether a session came to its end.
 */
static bool ready_all(struct path_core *core)
{
	struct rte_mbuf **m = core->seals;
	unsigned n = core->n_seals, kept = 0;
	bool used_up = false;

	for (unsigned i = 0; i < n; i++) {
		unsigned some = session_class_is_13(msg_of(m[i])->class)
					? seal13_answers(core, m + kept, m + i, n - i)
					: ready_answers(core, m + kept, m + i, n - i);
		enum status s;

		kept += some;
		i += some;
		if (i == n)
			break;
		s = ready(core, m[i], &used_up);
		if (s == STATUS_OK)
			m[kept++] = m[i];
		else
			core_drop(core, m[i], s);
	}
	core->n_seals = kept;
	return used_up;
}

static bool is_used_up(const struct store *store, const struct msg *msg)
{
	const uint64_t end = aead_info(session_class_alg(msg->class))->seal_max;

	if (session_class_is_13(msg->class))
		return (store->hot[msg->ref.slot].tx_number & SESSION_SEQ_MAX) >= end;
	return session_tx_next(&store->hot[msg->ref.slot]) >= end;
}

/* The sessions that came to their end. */
static void retire_used_up(struct path_core *core)
{
	for (unsigned i = 0; i < core->n_seals; i++) {
		const struct msg *msg = msg_of(core->seals[i]);

		if (is_used_up(core->cfg.store, msg))
			core_retire(core, msg->ref, STATUS_SEQ_EXHAUSTED);
	}
}

void seal_run(struct path_core *core)
{
	bool ended;

	if (core->n_seals == 0)
		return;
	ended = ready_all(core);
	core_ops_run(core, aead_seal);
	seal13_mask(core);
	CORE_STAT(core, records_sealed, core->n_seals);
	if (core->away.replied)
		away_sealed(core, core->seals, core->n_seals);
	if (ended)
		retire_used_up(core);
	tx_datagrams(core, core->seals, core->n_seals);
	core->n_seals = 0;
}
