/* SPDX-License-Identifier: BSD-3-Clause */
#include "epoch.h"
#include "stages.h"

#include <rte_memcpy.h>

/* The next record of either form. Of a protected one of DTLS 1.3 only this is told: its version,
 * and the low bits of its epoch. */
static enum status next_of_any(struct rd *left, struct record *out)
{
	struct record13 r;
	enum status s;

	if (rd_len(left) == 0 || !record13_is(*left->p))
		return record_next(left, out);
	s = record13_next(left, 0, &r);
	*out = (struct record){ .version = DTLS_1_3, .epoch = r.epoch_bits, .body = r.body };
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

		s = next_of_any(&left, out);
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

/* All but what route_one has done. */
static __attribute__((noinline)) bool route_other(struct path_core *core, struct rte_mbuf *m,
						  const struct flow_hash *hash,
						  const struct table_hit *hit,
						  struct core_mine *mine)
{
	bool live = hit->ref.generation != 0;
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
	if (core_pending(core, hash, &pending)) {
		if (!live || !can_be_of(core->cfg.store, hit, &first)) {
			core_to_handshake(core, m, MSG_DATAGRAM, &pending);
			return false;
		}
		/* Two epochs of that number are possible: the session's and the one under way.
		 * Opening in place destroys what does not verify, so the handshake's chance is a
		 * copy. */
		copy = copy_for(core, m, &pending);
	}
	if (live)
		*mine = (struct core_mine){ m, copy, hit, pending.owner, false, false };
	else
		core_drop(core, m, STATUS_NO_SESSION);
	return live;
}

/* Whether it is ours: mine then. single, single13: see core->single. */
static inline bool route_one(struct path_core *core, struct rte_mbuf *m,
			     const struct flow_hash *hash, const struct table_hit *hit, bool single,
			     bool single13, bool handshakes, struct core_mine *mine)
{
	bool ours = hit->ref.generation != 0 && hit->owner == core->cfg.index;

	if (unlikely(!ours) || unlikely(handshakes) ||
	    unlikely(!single && !single13 && !starts_protected(m)))
		return route_other(core, m, hash, hit, mine);
	*mine = (struct core_mine){ m, NULL, hit, 0, single, single13 };
	return true;
}

void route_run(struct path_core *core)
{
	bool handshakes = table_count(core->cfg.pending) != 0;
	unsigned n = core->n_datagrams, kept = 0;

	for (unsigned i = 0; i < n; i++)
		kept += route_one(core, core->datagrams[i], &core->hashes[i], &core->hits[i],
				  core->single >> i & 1, core->single13 >> i & 1, handshakes,
				  &core->mine[kept]);
	core->n_mine = kept;
	core->n_datagrams = 0;
	core->single = core->single13 = 0;
	core->behind = false;
}
