/* SPDX-License-Identifier: BSD-3-Clause */
#include "nonce.h"
#include "stages.h"

enum { SEAL_ROOM = FRAME_HEADERS_MAX + RECORD_HEADER_LEN + RECORD_EXPLICIT_MAX };
_Static_assert((int)RTE_PKTMBUF_HEADROOM >= (int)SEAL_ROOM, "room in front of a fresh message");

/* The last number that a session of this algorithm sends with, kept for the close_notify that says
 * so: by then the key has sealed what it may (bad-input K5, K6), and DTLS 1.2 has no new key
 * without a new handshake. */
static uint64_t seq_last(uint8_t aead) { return aead_info(aead)->seal_max - 1; }

void seal_add(struct path_core *core, struct rte_mbuf *m)
{
	if (core->n_seals == CORE_RECORDS_MAX)
		seal_run(core);
	rte_prefetch0(&core->cfg.store->hot[msg_of(m)->ref.slot % core->cfg.store->max_sessions]);
	core->seals[core->n_seals++] = m;
}

/* Who it is for and how it is protected. A request's answer needs the hot line only. */
static enum status address(const struct path_core *core, struct msg *msg)
{
	const struct store *store = core->cfg.store;
	const struct session_cold *cold;

	if (!store_live(store, msg->ref))
		return STATUS_STALE_REF;
	if (msg->kind == MSG_REPLY) {
		msg->type = RECORD_APPDATA;
		if (msg->hop.port_id != MSG_COLD_HOP)
			return STATUS_OK;
	}
	cold = &store->cold[msg->ref.slot];
	if (cold->owner != core->cfg.index)
		return STATUS_STALE_REF; /* one writer: only the owner seals */
	if (msg->hop.port_id == MSG_COLD_HOP) {
		msg->flow = cold->flow;
		msg->hop = cold->hop;
	}
	msg->aead = cold->aead;
	return STATUS_OK;
}

/* Bytes in front of the plaintext that go out as they are. */
static uint16_t prefix_of(const struct msg *msg)
{
	return msg->kind == MSG_SEAL ? msg->prefix_len : 0;
}

static enum status fits(const struct rte_mbuf *m, const struct msg *msg)
{
	uint16_t prefix_len = prefix_of(msg);

	if (m->nb_segs != 1 || msg->aead >= AEAD_N || prefix_len > m->data_len ||
	    rte_pktmbuf_headroom(m) < SEAL_ROOM || rte_pktmbuf_tailroom(m) < AEAD_TAG_MAX ||
	    m->data_len - prefix_len > RECORD_PLAINTEXT_MAX)
		return STATUS_TX_SIZE;
	return STATUS_OK;
}

/*
 * Makes room for the record around the plaintext, writes its header and fills the operation:
 *   before               prefix | plaintext
 *   after     prefix | header | explicit nonce | plaintext | tag
 */
static void wrap(struct path_core *core, struct rte_mbuf *m, uint64_t seq, struct aead_op *op)
{
	const struct store *store = core->cfg.store;
	const struct msg *msg = msg_of(m);
	const struct aead_info *info = aead_info(msg->aead);
	uint16_t prefix_len = prefix_of(msg), plain_len = (uint16_t)(m->data_len - prefix_len);
	uint16_t front = (uint16_t)(RECORD_HEADER_LEN + info->explicit_len);
	uint8_t *prefix = rte_pktmbuf_mtod(m, uint8_t *), *plain = prefix + prefix_len;
	uint64_t number = UINT64_C(1) << 48 | seq;

	if (prefix_len != 0)
		memmove(prefix - front, prefix, prefix_len);
	m->data_off = (uint16_t)(m->data_off - front);
	m->data_len = (uint16_t)(m->data_len + front + info->tag_len);
	m->pkt_len = m->data_len;
	record_put_header(plain - front, msg->type, DTLS_1_2, 1, seq,
			  (uint16_t)(info->explicit_len + plain_len + info->tag_len));
	store_tx_iv(store, msg->ref.slot, msg->aead, op->nonce);
	if (info->explicit_len != 0) {
		bytes_put_u64(plain - RECORD_EXPLICIT_MAX, number);
		bytes_put_u64(op->nonce + 4, number);
	} else {
		nonce_implicit(op->nonce, number);
	}
	op->src = op->dst = plain;
	op->key = store_tx_key(store, msg->ref.slot, msg->aead);
	op->len = plain_len;
	op->aad_len = RECORD_AAD_LEN;
	record_aad(op->aad, msg->type, 1, seq, plain_len);
}

/* The session has sent all it ever can: what it had to say is replaced by a close_notify. */
static void say_closed(struct rte_mbuf *m)
{
	struct msg *msg = msg_of(m);
	struct wr w = wr_of(rte_pktmbuf_mtod(m, uint8_t *), 2);

	wr_u8(&w, ALERT_WARNING);
	wr_u8(&w, ALERT_CLOSE_NOTIFY);
	m->data_len = 2;
	m->pkt_len = 2;
	msg->kind = MSG_SEAL;
	msg->type = RECORD_ALERT;
	msg->prefix_len = 0;
}

/* Leaves in core->seals what can be sealed, and counts it by algorithm. */
static void select_live(struct path_core *core, unsigned n_of[AEAD_N])
{
	unsigned kept = 0;

	for (unsigned i = 0; i < core->n_seals; i++) {
		struct rte_mbuf *m = core->seals[i];
		enum status s = address(core, msg_of(m));

		if (s == STATUS_OK)
			s = fits(m, msg_of(m));
		if (s != STATUS_OK) {
			core_drop(core, m, s);
			continue;
		}
		n_of[msg_of(m)->aead]++;
		core->seals[kept++] = m;
	}
	core->n_seals = kept;
}

/* Numbers are given out in the order of the messages, so a session's records leave in order.
 * Nothing is sealed with a number twice: one that is used up stays at its end, whatever follows. */
static void wrap_all(struct path_core *core, unsigned at[AEAD_N], unsigned n_of[AEAD_N])
{
	unsigned kept = 0;

	for (unsigned i = 0; i < core->n_seals; i++) {
		struct rte_mbuf *m = core->seals[i];
		const struct msg *msg = msg_of(m);
		struct session_hot *hot = &core->cfg.store->hot[msg->ref.slot];
		uint64_t seq;

		if (session_tx_next(hot) > seq_last(msg->aead) || !session_take_tx_seq(hot, &seq)) {
			n_of[msg->aead]--;
			core_drop(core, m, STATUS_SEQ_EXHAUSTED);
			continue;
		}
		if (seq == seq_last(msg->aead))
			say_closed(m);
		wrap(core, m, seq, &core->ops[at[msg->aead]++]);
		core->seals[kept++] = m;
	}
	core->n_seals = kept;
}

static void transmit(struct path_core *core)
{
	for (unsigned i = 0; i < core->n_seals; i++) {
		struct rte_mbuf *m = core->seals[i];
		struct session_ref ref = msg_of(m)->ref;
		uint64_t last = seq_last(msg_of(m)->aead);

		tx_datagram(core, m);
		if (session_tx_next(&core->cfg.store->hot[ref.slot]) > last)
			core_retire(core, ref, STATUS_SEQ_EXHAUSTED);
	}
}

void seal_run(struct path_core *core)
{
	unsigned n_of[AEAD_N] = { 0 }, at[AEAD_N], start[AEAD_N], n = 0;

	if (core->n_seals == 0)
		return;
	select_live(core, n_of);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		start[alg] = at[alg] = n;
		n += n_of[alg];
	}
	wrap_all(core, at, n_of);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		if (n_of[alg] == 0)
			continue;
		aead_seal(core->cfg.aead, alg, &core->ops[start[alg]], n_of[alg]);
		CORE_STAT(core, aead_calls, 1);
		CORE_STAT(core, aead_ops, n_of[alg]);
	}
	CORE_STAT(core, records_sealed, core->n_seals);
	transmit(core);
	core->n_seals = 0;
}
