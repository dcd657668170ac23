/* SPDX-License-Identifier: BSD-3-Clause */
#include "epoch.h"
#include "stages.h"

#include <rte_memcpy.h>

/* The next record of either form. Of a protected one of DTLS 1.3 only this is told: its version,
 * the low bits of its epoch, its connection ID. */
static enum status next_of_any(const struct path_core *core, struct rd *left, struct record *out)
{
	struct record13 r;
	enum status s;
	uint8_t cid_len;

	if (rd_len(left) == 0 || !record13_is(*left->p))
		return split_next(left, core->cid_len, out);
	cid_len = *left->p & RECORD13_CID ? core->cid_len : 0;
	s = record13_next(left, cid_len, &r);
	*out = (struct record){ .version = DTLS_1_3, .epoch = r.epoch_bits, .body = r.body };
	if (s == STATUS_OK)
		out->cid = rd_of(r.header + 1, cid_len);
	return s;
}

/* Finds the first well-formed record of a datagram, which then starts there: bad records in front
 * of it are counted and cut off (bad-input A5). false: there is none, and the mbuf is gone. */
static bool first_record(struct path_core *core, struct rte_mbuf *m, struct record *out)
{
	struct rd left = rd_of(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	enum status s = STATUS_RECORD_SHORT;

	for (unsigned i = 0; i < RECORDS_PER_DATAGRAM; i++) {
		uint16_t bad = (uint16_t)(rte_pktmbuf_data_len(m) - rd_len(&left));

		s = next_of_any(core, &left, out);
		if (s == STATUS_OK) {
			rte_pktmbuf_adj(m, bad);
			return true;
		}
		if (rd_len(&left) == 0)
			break;
		core_count(core, s);
		s = STATUS_RECORD_TOO_MANY;
	}
	core_drop(core, m, s);
	return false;
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

/* Whether a datagram starts with a record of an epoch with keys. Nothing in it can be a hello then:
 * either that record is well-formed, or its length is wrong and nothing follows it. */
static bool starts_protected(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	if (rte_pktmbuf_data_len(m) < RECORD_HEADER_LEN)
		return false;
	return record13_is(p[0]) ||
	       (record_type_known(p[0]) && bytes_u16(p + 1) == DTLS_1_2 && bytes_u16(p + 3) != 0);
}

/* Whether a session can have the keys of a record. */
static bool can_be_of(const struct store *store, const struct table_hit *session,
		      const struct record *r)
{
	if (session_class_is_13(session->class))
		return r->version == DTLS_1_3 && epoch_line(store, session->ref, r->epoch) != NULL;
	return r->version != DTLS_1_3 && r->epoch != 0;
}

/* A datagram of a session that has a connection ID of ours. Its index entry has a tag of the path
 * in place of the generation, which is on the hot line. */
static inline bool route_cid(struct path_core *core, unsigned i, struct core_mine *mine)
{
	struct table_hit *hit = &core->hits[i];
	const struct session_hot *hot = &core->cfg.store->hot[hit->ref.slot];
	const bool away = hit->ref.generation != core->paths[i];

	hit->ref.generation = atomic_load_explicit(&hot->generation, memory_order_acquire);
	*mine = (struct core_mine){ .m = core->datagrams[i],
				    .session = hit,
				    .single = core->single >> i & 1,
				    .single13 = core->single13 >> i & 1,
				    .away = away };
	return true;
}

/* Nobody here knows the connection ID: another endpoint may. */
static void elsewhere(struct path_core *core, struct rte_mbuf *m, const uint8_t *cid)
{
	struct cid_route to;

	if (!cid_open(core->cfg.cid, cid, &to))
		core_drop(core, m, STATUS_RECORD_CID_UNKNOWN);
	else if (to.node != core->cfg.cid->node)
		forward_run(core, m, to.node);
	else
		core_drop(core, m, STATUS_NO_SESSION);
}

/* The first connection ID among a datagram's records: none is in front of it but those in the clear
 * of a flight that is repeated. */
static struct rd cid_within(const struct path_core *core, struct rte_mbuf *m)
{
	struct rd left = rd_of(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m));
	struct record r = { 0 };

	for (unsigned i = 0; i < RECORDS_PER_DATAGRAM && rd_len(&left) > 0; i++)
		if (next_of_any(core, &left, &r) == STATUS_OK && rd_len(&r.cid) > 0)
			return r.cid;
	return rd_of(NULL, 0);
}

/* No session and no handshake under way is found by what it was looked up with: by a connection ID
 * further on in it? */
static bool route_lost(struct path_core *core, unsigned i, struct core_mine *mine)
{
	struct rte_mbuf *m = core->datagrams[i];
	const struct rd cid = cid_within(core, m);
	struct table_hit *hit = &core->hits[i];
	struct flow_hash key;

	if (rd_len(&cid) == 0) {
		core_drop(core, m, STATUS_NO_SESSION);
		return false;
	}
	if (!(core->cid >> i & 1)) {
		core->paths[i] = flow_hash_tag(&core->hashes[i]);
		key = flow_hash_cid(&core->cfg.store->hash_key, cid.p, rd_len(&cid));
		(void)table_lookup_burst(core->cfg.store->flows, &key, hit, 1);
		if (hit->ref.generation != 0 && session_class_has_cid(hit->class)) {
			if (hit->owner == core->cfg.index)
				return route_cid(core, i, mine);
			core_hand_off(core, m, hit->owner);
			return false;
		}
	}
	elsewhere(core, m, cid.p);
	return false;
}

/* The handshake under way for a datagram's flow. */
static bool pending_of(const struct path_core *core, unsigned i, struct table_hit *out)
{
	const struct flow *flow = &msg_of(core->datagrams[i])->flow;
	struct flow_hash hash = core->hashes[i];

	if (table_count(core->cfg.pending) == 0)
		return false;
	if (core->cid >> i & 1)
		flow_hash_burst(&core->cfg.store->hash_key, &flow, &hash, 1);
	return core_pending(core, &hash, out);
}

/* All but what route_one has done. */
static __attribute__((noinline)) bool route_other(struct path_core *core, unsigned i,
						  struct core_mine *mine)
{
	struct rte_mbuf *m = core->datagrams[i];
	const struct table_hit *hit = &core->hits[i];
	const bool cid = core->cid >> i & 1;
	const bool live = hit->ref.generation != 0 && cid == session_class_has_cid(hit->class);
	struct rte_mbuf *copy = NULL;
	struct table_hit pending = { 0 };
	struct record first;

	if (live && hit->owner != core->cfg.index) {
		core_hand_off(core, m, hit->owner);
		return false;
	}
	if (!first_record(core, m, &first))
		return false;
	/* RFC 6347 §4.2.8: whatever a hello says, a live association stays as it is until a new
	 * handshake has finished (bad-input C17). */
	if (core_is_hello(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m))) {
		/* From a port: behind a bad record, or rx would have seen it. */
		if (core->behind && msg_of(m)->hops == 0)
			core_drop(core, m, STATUS_HELLO_BACKLOG);
		else
			admit_add(core, m);
		return false;
	}
	if (live && cid)
		return route_cid(core, i, mine);
	if (pending_of(core, i, &pending)) {
		if (!live || !can_be_of(core->cfg.store, hit, &first)) {
			core_to_handshake(core, m, MSG_DATAGRAM, &pending);
			return false;
		}
		/* Two epochs of that number are possible: the session's and the one under way.
		 * Opening in place destroys what does not verify, so the handshake's chance is a
		 * copy. */
		copy = copy_for(core, m, &pending);
	}
	if (!live)
		return route_lost(core, i, mine);
	*mine = (struct core_mine){ m, copy, hit, pending.owner, false, false, false };
	return true;
}

/* Whether it is ours: mine then. single, single13, cid: see struct path_core. */
static inline bool route_one(struct path_core *core, unsigned i, bool single, bool single13,
			     bool cid, bool handshakes, struct core_mine *mine)
{
	struct rte_mbuf *m = core->datagrams[i];
	const struct table_hit *hit = &core->hits[i];
	bool ours = hit->ref.generation != 0 && hit->owner == core->cfg.index &&
		    cid == session_class_has_cid(hit->class);

	if (unlikely(!ours) || (unlikely(handshakes) && !cid) ||
	    unlikely(!single && !single13 && !cid && !starts_protected(m)))
		return route_other(core, i, mine);
	if (cid)
		return route_cid(core, i, mine);
	*mine = (struct core_mine){ m, NULL, hit, 0, single, single13, false };
	return true;
}

void route_run(struct path_core *core)
{
	bool handshakes = table_count(core->cfg.pending) != 0;
	unsigned n = core->n_datagrams, kept = 0;

	for (unsigned i = 0; i < n; i++)
		kept += route_one(core, i, core->single >> i & 1, core->single13 >> i & 1,
				  core->cid >> i & 1, handshakes, &core->mine[kept]);
	core->n_mine = kept;
	core->n_datagrams = 0;
	core->single = core->single13 = core->cid = 0;
	core->behind = false;
}
