/* SPDX-License-Identifier: BSD-3-Clause */
#include "core.h"

#include "secret.h"

void core_hand_off(struct path_core *core, struct rte_mbuf *m, uint8_t owner)
{
	struct msg *msg = msg_of(m);

	if (msg->hops >= MSG_HOPS_MAX || owner >= core->cfg.n_poll) {
		core_drop(core, m, STATUS_HANDOFF_LIMIT);
		return;
	}
	msg->kind = MSG_HANDOFF;
	msg->from = core->cfg.index;
	CORE_STAT(core, handoffs_out, 1);
	outbox_put(&core->to_poll[owner], &core->counts, m);
}

void core_to_handshake(struct path_core *core, struct rte_mbuf *m, enum msg_kind kind,
		       const struct table_hit *pending)
{
	struct msg *msg = msg_of(m);

	if (pending->owner >= core->cfg.n_handshake) {
		core_drop(core, m, STATUS_NO_SESSION);
		return;
	}
	msg->kind = (uint8_t)kind;
	msg->peer_hs = pending->ref;
	msg->from = core->cfg.index;
	outbox_put(&core->to_handshake[pending->owner], &core->counts, m);
}

void core_drop(struct path_core *core, struct rte_mbuf *m, enum status why)
{
	core_count(core, why);
	rte_pktmbuf_free(m);
}

void core_nonce_implicit(struct aead_op *op, enum aead_alg alg, const uint8_t salt[4],
			 const uint8_t key16[16], uint64_t number)
{
	session_iv(alg, salt, key16, op->nonce);
	nonce_implicit(op->nonce, number);
}

/* Operations are zero beyond their additional data, which most have RECORD_AAD_LEN of. */
static void make_narrow(struct core_ops *ops)
{
	for (unsigned i = 0; i < ops->n; i++)
		memset(ops->op[i].aad + RECORD_AAD_LEN, 0, AEAD_AAD_MAX - RECORD_AAD_LEN);
	ops->wide = false;
}

void core_ops_run(struct path_core *core,
		  void (*run)(struct aead *a, enum aead_alg alg, struct aead_op *ops, size_t n))
{
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct core_ops *ops = &core->ops[alg];

		if (ops->n == 0)
			continue;
		run(core->cfg.aead, alg, ops->op, ops->n);
		CORE_STAT(core, aead_calls, 1);
		CORE_STAT(core, aead_ops, ops->n);
		if (ops->wide)
			make_narrow(ops);
		ops->n = 0;
	}
}

void core_masks_run(struct path_core *core)
{
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct core_masks *masks = &core->masks[alg];

		if (masks->n == 0)
			continue;
		aead_mask(core->cfg.aead, alg, masks->op, masks->n);
		masks->n = 0;
	}
}

void core_lose(struct path_core *core, struct core_record *rec, enum status why)
{
	if (rec->copy != NULL) {
		struct table_hit pending = { .ref = msg_of(rec->copy)->peer_hs,
					     .owner = rec->pending_owner };

		core_to_handshake(core, rec->copy, MSG_DATAGRAM, &pending);
		rec->copy = NULL;
	}
	core_drop(core, rec->m, why);
}

bool core_pending(const struct path_core *core, const struct flow_hash *hash, struct table_hit *out)
{
	/* Handshakes are rare: most of the time this is one load. */
	return table_count(core->cfg.pending) != 0 &&
	       table_lookup_burst(core->cfg.pending, hash, out, 1) == 1;
}

bool core_take(struct rte_mbuf *m, void *out, size_t len)
{
	bool whole = rte_pktmbuf_data_len(m) == len && m->nb_segs == 1;

	if (whole)
		memcpy(out, rte_pktmbuf_mtod(m, void *), len);
	secret_wipe(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_data_len(m));
	return whole;
}

void core_say(struct path_core *core, const struct msg *what, uint8_t to)
{
	struct rte_mbuf *m;

	if (to >= core->cfg.n_handshake)
		return;
	m = rte_pktmbuf_alloc(core->cfg.pool);
	if (m == NULL)
		return;
	*msg_of(m) = *what;
	msg_of(m)->from = core->cfg.index;
	outbox_put(&core->to_handshake[to], &core->counts, m);
}

static void tell_handshake(struct path_core *core, struct session_ref ref)
{
	const struct session_cold *cold = &core->cfg.store->cold[ref.slot];
	const struct table_hit maker = core_maker(core, ref);
	const struct msg closed = { .kind = MSG_CLOSED,
				    .flow = cold->flow,
				    .ref = ref,
				    .class = cold->class,
				    .peer_hs = maker.ref };

	core_say(core, &closed, maker.owner);
}

void core_retire(struct path_core *core, struct session_ref ref, enum status why)
{
	if (!store_live(core->cfg.store, ref)) {
		core_count(core, STATUS_STALE_REF);
		return;
	}
	if (why != STATUS_SESSION_IDLE)
		tell_handshake(core, ref);
	if (!store_retire(core->cfg.store, ref))
		return;
	core_count(core, why);
}
