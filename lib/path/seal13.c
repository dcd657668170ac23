/* SPDX-License-Identifier: BSD-3-Clause */
#include "seal.h"

#include "stages.h"

/* Bytes behind a message's plaintext: its type, or zeros to the length of a sample, and the tag. */
enum { BEHIND = RECORD13_SAMPLE_LEN + AEAD_TAG_MAX };
_Static_assert((int)RECORD13_HEADER_LEN <= (int)RECORD_HEADER_LEN, "room that is there for 1.2");

static inline enum status make_fit(struct rte_mbuf *m, const struct msg *msg, size_t cid_len)
{
	if (session_class_alg(msg->class) >= AEAD_N || m->data_len >= RECORD_PLAINTEXT_MAX ||
	    !seal_make_room(m, cid_len, BEHIND))
		return STATUS_TX_SIZE;
	return STATUS_OK;
}

/* The same for a message that gets no connection ID, and is not moved. */
static inline bool fits(const struct rte_mbuf *m)
{
	const unsigned off = m->data_off, len = m->data_len;

	return m->nb_segs == 1 && off >= SEAL_ROOM && off + len + BEHIND <= m->buf_len &&
	       len < RECORD_PLAINTEXT_MAX;
}

/* Numbers from here on ask for new keys (bad-input K6). */
static inline uint64_t worn_from(const struct path_core *core, uint64_t seal_max)
{
	const uint64_t latest = seal_max - seal_max / 8, wish = core->cfg.rekey_after;

	return wish == 0 ? latest : RTE_MIN(wish, latest);
}

/* As take_number of DTLS 1.2. */
static inline enum status take_number(struct path_core *core, const struct session_hot *hot,
				      struct rte_mbuf *m, bool *used_up)
{
	const uint64_t end = aead_info(session_class_alg(msg_of(m)->class))->seal_max;
	const uint64_t seq = hot->tx_number & SESSION_SEQ_MAX, worn = worn_from(core, end);

	if (seq >= end)
		return STATUS_SEQ_EXHAUSTED;
	if (unlikely(seq >= worn))
		rekey_sealed_many(core, msg_of(m)->ref, seq - worn);
	if (unlikely(seq == end - 1)) {
		seal_alert(m, ALERT_CLOSE_NOTIFY);
		*used_up = true;
	}
	return STATUS_OK;
}

/* What is done for a record under a session's next number: its operation, and that of its mask. */
struct place {
	struct aead_op *op;
	struct aead_mask_op *mask;
};

static inline struct place place_add(struct path_core *core, enum aead_alg alg)
{
	struct core_masks *masks = &core->masks[alg];

	return (struct place){ core_ops_add(core, alg), &masks->op[masks->n++] };
}

/*
 *   before            plaintext
 *   after    header | plaintext | type | zeros | tag
 */
static inline void wrap(const struct store *store, struct rte_mbuf *m, struct session_hot *hot,
			const struct core_alg *alg, uint8_t type, struct place to)
{
	const uint32_t slot = msg_of(m)->ref.slot;
	const struct session_read13 *read = &store->read13[slot];
	const struct core_keys13 keys = { read->tx.key, read->tx_iv };
	const uint64_t number = hot->tx_number++, seq = number & SESSION_SEQ_MAX;
	const unsigned off = m->data_off, tag_len = alg->tag_len;
	uint8_t *plain = (uint8_t *)m->buf_addr + off;
	const unsigned inner = (unsigned)record13_put_inner(plain, m->data_len, type, tag_len);
	const uint64_t header =
		record13_header(number >> SESSION_SEQ_BITS, seq, (uint16_t)(inner + tag_len));

	m->data_off = (uint16_t)(off - RECORD13_HEADER_LEN);
	m->data_len = (uint16_t)(RECORD13_HEADER_LEN + inner + tag_len);
	m->pkt_len = m->data_len;
	/* One store each, with zeros in front of it, where nothing is yet, and behind. */
	bytes_put_u64(plain - sizeof(header), header >> 24);
	core_op_header13(to.op, header);
	core_op_fill13(to.op, keys, seq, plain, (uint16_t)inner, RECORD13_HEADER_LEN);
	to.mask->key = store_tx_sn_key(store, slot, alg->alg);
	to.mask->sample = plain;
}

/* The same with a connection ID of the peer's in the header. */
static void wrap_cid(struct path_core *core, struct rte_mbuf *m, struct session_hot *hot,
		     const struct core_alg *alg, uint8_t type, struct rd cid)
{
	const struct store *store = core->cfg.store;
	const uint32_t slot = msg_of(m)->ref.slot;
	const struct core_keys13 keys = { store->read13[slot].tx.key, store->read13[slot].tx_iv };
	const uint64_t number = hot->tx_number++, seq = number & SESSION_SEQ_MAX;
	const unsigned header_len = (unsigned)(RECORD13_HEADER_LEN + rd_len(&cid));
	uint8_t *plain = rte_pktmbuf_mtod(m, uint8_t *), *header = plain - header_len;
	const uint16_t inner = (uint16_t)record13_put_inner(plain, m->data_len, type, alg->tag_len);
	const bool batch = header_len <= AEAD_AAD_MAX;
	struct aead_op one, *op = batch ? core_ops_add13(core, alg->alg) : &one;

	record13_put_cid_header(header, number >> SESSION_SEQ_BITS, seq, cid.p, rd_len(&cid),
				(uint16_t)(inner + alg->tag_len));
	core_op_fill13(op, keys, seq, plain, inner, (uint8_t)(batch ? header_len : 0));
	if (batch) {
		memcpy(op->aad, header, header_len);
		core->ops[alg->alg].wide = true;
	} else {
		aead_seal_long(core->cfg.aead, alg->alg, op, rd_of(header, header_len));
	}
	(void)core_masks_add(core, alg->alg, store_tx_sn_key(store, slot, alg->alg), plain);
	m->data_off = (uint16_t)(m->data_off - header_len);
	m->data_len = (uint16_t)(header_len + inner + alg->tag_len);
	m->pkt_len = m->data_len;
}

enum status seal13_ready(struct path_core *core, struct rte_mbuf *m, bool *used_up)
{
	struct msg *msg = msg_of(m);
	struct session_hot *hot = store_hot(core->cfg.store, msg->ref);
	const uint64_t number = hot == NULL ? 0 : hot->tx_number;
	struct core_alg alg;
	struct rd cid;
	enum status s;
	uint8_t type;

	if (hot == NULL)
		return STATUS_STALE_REF;
	if (msg->kind == MSG_SEAL && msg->prefix_len != 0)
		return STATUS_TX_SIZE; /* nothing goes out in front of a record of ours */
	cid = seal_cid(core->cfg.store, msg);
	if ((s = make_fit(m, msg, rd_len(&cid))) != STATUS_OK ||
	    (s = take_number(core, hot, m, used_up)) != STATUS_OK)
		return s;
	alg = core_alg_of(session_class_alg(msg->class));
	type = msg->kind == MSG_REPLY ? RECORD_APPDATA : msg->type;
	if (rd_len(&cid) == 0)
		wrap(core->cfg.store, m, hot, &alg, type, place_add(core, alg.alg));
	else
		wrap_cid(core, m, hot, &alg, type, cid);
	if (msg->kind == MSG_SEAL && msg->told)
		rekey_sealed(core, msg, number);
	return STATUS_OK;
}

unsigned seal13_answers(struct path_core *core, struct rte_mbuf **to, struct rte_mbuf **m,
			unsigned n)
{
	const struct store *store = core->cfg.store;
	const uint8_t class = msg_of(*m)->class;
	struct core_masks *masks;
	struct core_alg alg;
	struct core_ops *ops;
	uint64_t worn;
	unsigned i;

	if (session_class_alg(class) >= AEAD_N || class & (SESSION_CLASS_CID_OUT | MSG_CLASS_AWAY))
		return 0;
	alg = core_alg_of(session_class_alg(class));
	worn = worn_from(core, alg.seal_max);
	ops = &core->ops[alg.alg];
	masks = &core->masks[alg.alg];
	for (i = 0; i < n; i++) {
		const struct msg *msg = msg_of(m[i]);
		struct session_hot *hot = store_hot(store, msg->ref);

		if (hot == NULL || msg->kind != MSG_REPLY || msg->class != class ||
		    msg->hop.port_id == MSG_COLD_HOP || !fits(m[i]) ||
		    (hot->tx_number & SESSION_SEQ_MAX) >= worn)
			break;
		wrap(store, m[i], hot, &alg, RECORD_APPDATA,
		     (struct place){ &ops->op[ops->n + i], &masks->op[masks->n + i] });
		to[i] = m[i];
	}
	ops->n += i;
	masks->n += i;
	return i;
}

void seal13_mask(struct path_core *core)
{
	unsigned n[AEAD_N];

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++)
		n[alg] = core->masks[alg].n;
	core_masks_run(core);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (unsigned i = 0; i < n[alg]; i++) {
			const struct aead_mask_op *op = &core->masks[alg].op[i];
			uint8_t *fragment = (uint8_t *)(uintptr_t)op->sample;

			record13_put_mask(fragment - RECORD13_HEADER_LEN, op->mask);
		}
	}
}
