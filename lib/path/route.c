/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

#include <rte_memcpy.h>

/* The mbuf only: the owner looks up again, for the session can be gone by then. */
static void hand_off(struct path_core *core, struct rte_mbuf *m, uint8_t owner)
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

/* Finds the first well-formed record of a datagram, which then starts there: bad records in front
 * of it are counted and cut off (bad-input A5). left is what follows it. false: there is none, and
 * the mbuf is gone. */
static bool first_record(struct path_core *core, struct rte_mbuf *m, struct record *out,
			 struct rd *left)
{
	enum status s = STATUS_RECORD_SHORT;

	*left = rd_of(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	for (unsigned i = 0; i < RECORDS_PER_DATAGRAM; i++) {
		uint16_t bad = (uint16_t)(rte_pktmbuf_data_len(m) - rd_len(left));

		s = record_next(left, out);
		if (s == STATUS_OK) {
			if (bad != 0)
				rte_pktmbuf_adj(m, bad);
			return true;
		}
		if (rd_len(left) == 0)
			break;
		core_count(core, s);
		s = STATUS_RECORD_TOO_MANY;
	}
	core_drop(core, m, s);
	return false;
}

static bool is_client_hello(const struct record *r)
{
	struct rd body = r->body;
	uint8_t type;

	return r->epoch == 0 && r->type == RECORD_HANDSHAKE && rd_u8(&body, &type) &&
	       type == HS_CLIENT_HELLO;
}

static struct rte_mbuf *copy_for(struct path_core *core, struct rte_mbuf *m,
				 const struct table_hit *pending)
{
	uint16_t len = rte_pktmbuf_data_len(m);
	struct rte_mbuf *copy = rte_pktmbuf_alloc(core->cfg.pool);
	void *to = copy == NULL ? NULL : rte_pktmbuf_append(copy, len);

	if (to == NULL) {
		rte_pktmbuf_free(copy);
		core_count(core, STATUS_NO_MBUF);
		return NULL;
	}
	rte_memcpy(to, rte_pktmbuf_mtod(m, void *), len);
	*msg_of(copy) = *msg_of(m);
	msg_of(copy)->peer_hs = pending->ref;
	return copy;
}

static void route_one(struct path_core *core, struct rte_mbuf *m, const struct flow_hash *hash,
		      const struct table_hit *hit)
{
	bool live = hit->ref.generation != 0;
	struct rte_mbuf *copy = NULL;
	struct table_hit pending = { 0 };
	struct record first;
	struct rd left;

	if (live && hit->owner != core->cfg.index) {
		hand_off(core, m, hit->owner);
		return;
	}
	if (!first_record(core, m, &first, &left))
		return;
	/* RFC 6347 §4.2.8: whatever a hello says, a live association stays as it is until a new
	 * handshake has finished (bad-input C17). */
	if (is_client_hello(&first)) {
		admit_add(core, m, hash);
		return;
	}
	if (core_pending(core, hash, &pending)) {
		if (!live || first.epoch == 0) {
			core_to_handshake(core, m, MSG_DATAGRAM, &pending);
			return;
		}
		/* Two epochs 1 are possible: the session's and the one under way. Opening in place
		 * destroys what does not verify, so the handshake's chance is a copy. */
		copy = copy_for(core, m, &pending);
	}
	if (live)
		split_datagram(core, m, hit, &first, &left, copy, pending.owner);
	else
		core_drop(core, m, STATUS_NO_SESSION);
}

void route_run(struct path_core *core)
{
	for (unsigned i = 0; i < core->n_datagrams; i++)
		route_one(core, core->datagrams[i], &core->hashes[i], &core->hits[i]);
	core->n_datagrams = 0;
}
