/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

enum { SEAL_ROOM = FRAME_HEADERS_MAX + RECORD_HEADER_LEN + RECORD_EXPLICIT_MAX };
_Static_assert((int)RTE_PKTMBUF_HEADROOM >= (int)SEAL_ROOM, "room in front of a fresh message");

/* The last number that a session of this algorithm sends with, kept for the close_notify that says
 * so: by then the key has sealed what it may (bad-input K5, K6), and DTLS 1.2 has no new key
 * without a new handshake. */
static uint64_t seq_last(uint8_t aead) { return aead_info(aead)->seal_max - 1; }

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
static void wrap(struct path_core *core, struct rte_mbuf *m, struct session_hot *hot, uint64_t seq)
{
	const struct msg *msg = msg_of(m);
	const struct aead_info *info = aead_info(msg->aead);
	const struct core_keys keys = { store_tx_key(core->cfg.store, msg->ref.slot, msg->aead),
					hot->tx_salt, hot->tx_key };
	uint16_t prefix_len = prefix_of(msg), plain_len = (uint16_t)(m->data_len - prefix_len);
	uint16_t front = (uint16_t)(RECORD_HEADER_LEN + info->explicit_len);
	uint16_t around = (uint16_t)(info->explicit_len + info->tag_len);
	uint8_t *prefix = rte_pktmbuf_mtod(m, uint8_t *), *plain = prefix + prefix_len;
	uint64_t number = UINT64_C(1) << 48 | seq;

	if (prefix_len != 0)
		memmove(prefix - front, prefix, prefix_len);
	m->data_off = (uint16_t)(m->data_off - front);
	m->data_len = (uint16_t)(m->data_len + RECORD_HEADER_LEN + around);
	m->pkt_len = m->data_len;
	record_put_header(plain - front, msg->type, DTLS_1_2, 1, seq,
			  (uint16_t)(around + plain_len));
	if (info->explicit_len != 0)
		bytes_put_u64(plain - RECORD_EXPLICIT_MAX, number);
	core_op_fill(core_ops_add(core, msg->aead), msg->aead, keys, number, msg->type, seq, plain,
		     plain_len);
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

/*
 * Readies what can be sealed and leaves it in core->seals. Numbers are given out in the order of
 * the messages, so a session's records leave in order. Nothing is sealed with a number twice: a
 * session that is used up stays at its end, whatever follows. Returns whether one came to its end.
 */
static bool wrap_all(struct path_core *core)
{
	unsigned kept = 0;
	bool used_up = false;

	for (unsigned i = 0; i < core->n_seals; i++) {
		struct rte_mbuf *m = core->seals[i];
		struct msg *msg = msg_of(m);
		enum status s = address(core, msg);
		struct session_hot *hot;
		uint64_t seq, last;

		if (s == STATUS_OK)
			s = fits(m, msg);
		if (s != STATUS_OK) {
			core_drop(core, m, s);
			continue;
		}
		hot = &core->cfg.store->hot[msg->ref.slot];
		last = seq_last(msg->aead);
		if (session_tx_next(hot) > last || !session_take_tx_seq(hot, &seq)) {
			core_drop(core, m, STATUS_SEQ_EXHAUSTED);
			continue;
		}
		if (seq == last) {
			say_closed(m);
			used_up = true;
		}
		wrap(core, m, hot, seq);
		core->seals[kept++] = m;
	}
	core->n_seals = kept;
	return used_up;
}

static void retire_used_up(struct path_core *core, struct session_ref ref, uint8_t aead)
{
	if (session_tx_next(&core->cfg.store->hot[ref.slot]) > seq_last(aead))
		core_retire(core, ref, STATUS_SEQ_EXHAUSTED);
}

void seal_run(struct path_core *core)
{
	bool used_up;

	if (core->n_seals == 0)
		return;
	used_up = wrap_all(core);
	core_ops_run(core, aead_seal);
	CORE_STAT(core, records_sealed, core->n_seals);
	for (unsigned i = 0; i < core->n_seals; i++) {
		struct session_ref ref = msg_of(core->seals[i])->ref;
		uint8_t aead = msg_of(core->seals[i])->aead;

		tx_datagram(core, core->seals[i]);
		if (used_up)
			retire_used_up(core, ref, aead);
	}
	core->n_seals = 0;
}
