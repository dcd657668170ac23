/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

#include <rte_memcpy.h>

void split_run(struct path_core *core)
{
	if (core->n_records == 0)
		return;
	check_run(core);
	open_run(core);
	commit_run(core);
	dispatch_run(core);
}

/* What can be told of a record before its number is looked at. */
static enum status acceptable(const struct record *r, enum aead_alg alg, uint16_t *plain_len)
{
	const struct aead_info *info = aead_info(alg);
	size_t overhead = (size_t)info->explicit_len + info->tag_len, len = rd_len(&r->body);

	if (r->epoch == 0)
		return STATUS_RECORD_PLAIN; /* bad-input J1, K9 */
	if (r->epoch != 1)
		return STATUS_RECORD_EPOCH;
	if (r->type == RECORD_CCS)
		return STATUS_RECORD_TYPE; /* never in an epoch with keys: bad-input J6 */
	if (len < overhead)
		return STATUS_RECORD_SHORT; /* bad-input A13 */
	if (len - overhead > RECORD_PLAINTEXT_MAX)
		return STATUS_RECORD_LENGTH;
	*plain_len = (uint16_t)(len - overhead);
	return STATUS_OK;
}

/* A fresh mbuf with the fragment alone, for every record but the first. */
static struct rte_mbuf *record_mbuf(struct path_core *core, struct rte_mbuf *datagram,
				    const struct record *r)
{
	uint16_t len = (uint16_t)rd_len(&r->body);
	struct rte_mbuf *m = rte_pktmbuf_alloc(core->cfg.pool);
	void *to = m == NULL ? NULL : rte_pktmbuf_append(m, len);

	if (to == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	rte_memcpy(to, r->body.p, len);
	*msg_of(m) = *msg_of(datagram);
	return m;
}

static enum status record_add(struct path_core *core, struct rte_mbuf *datagram, bool *used,
			      const struct record *r, const struct table_hit *session)
{
	struct core_record *rec = &core->records[core->n_records];
	uint16_t plain_len;
	enum status s = acceptable(r, session->class, &plain_len);

	if (s != STATUS_OK)
		return s;
	*rec = (struct core_record){
		.m = datagram,
		.ref = session->ref,
		.seq = r->seq,
		.body_off = (uint16_t)(r->body.p - rte_pktmbuf_mtod(datagram, uint8_t *)),
		.plain_len = plain_len,
		.type = r->type,
		.aead = session->class,
	};
	if (*used) {
		rec->m = record_mbuf(core, datagram, r);
		rec->body_off = 0;
		if (rec->m == NULL)
			return STATUS_NO_MBUF;
	}
	*used = true;
	core->n_records++;
	return STATUS_OK;
}

/* The records behind the first. */
static void record_add_rest(struct path_core *core, struct rte_mbuf *m, bool *used, struct rd *left,
			    const struct table_hit *session)
{
	struct record r;

	for (unsigned n = 1; rd_len(left) > 0; n++) {
		enum status s;

		if (n == RECORDS_PER_DATAGRAM) {
			core_count(core, STATUS_RECORD_TOO_MANY); /* bad-input A9 */
			break;
		}
		s = record_next(left, &r);
		if (s == STATUS_OK)
			s = record_add(core, m, used, &r, session);
		if (s != STATUS_OK)
			core_count(core, s);
	}
}

void split_datagram(struct path_core *core, struct rte_mbuf *m, const struct table_hit *session,
		    const struct record *first, struct rd *left, struct rte_mbuf *copy,
		    uint8_t pending_owner)
{
	bool used = false; /* whether a record keeps the datagram's own mbuf */
	unsigned at;
	enum status s;

	if (core->n_records + RECORDS_PER_DATAGRAM > CORE_RECORDS_MAX)
		split_run(core);
	at = core->n_records;
	s = record_add(core, m, &used, first, session);
	if (s != STATUS_OK)
		core_count(core, s);
	if (rd_len(left) > 0)
		record_add_rest(core, m, &used, left, session);
	if (!used)
		rte_pktmbuf_free(m); /* each of its records was counted */
	if (copy == NULL)
		return;
	if (core->n_records == at) {
		struct table_hit pending = { .ref = msg_of(copy)->peer_hs, .owner = pending_owner };

		core_to_handshake(core, copy, MSG_DATAGRAM, &pending);
		return;
	}
	core->records[at].copy = copy;
	core->records[at].pending_owner = pending_owner;
}
