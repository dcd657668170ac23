/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

#include <rte_memcpy.h>

/* What can be told of a record before its number is looked at. */
static enum status acceptable(const struct record *r, uint8_t class, uint16_t *plain_len)
{
	const struct aead_info *info = aead_info(session_class_alg(class));
	size_t overhead = (size_t)info->explicit_len + info->tag_len, len = rd_len(&r->body);

	if (r->epoch == 0)
		return STATUS_RECORD_PLAIN; /* bad-input J1, K9 */
	if (r->epoch != 1)
		return STATUS_RECORD_EPOCH;
	/* RFC 9146 §3: a record without the connection ID that was agreed on is invalid. */
	if (session_class_has_cid(class) != (r->type == RECORD_CID))
		return STATUS_RECORD_CID;
	/* Never in an epoch with keys (bad-input J6), or of DTLS 1.3. */
	if (r->type == RECORD_CCS || r->type == RECORD_ACK)
		return STATUS_RECORD_TYPE;
	if (len < overhead)
		return STATUS_RECORD_SHORT; /* bad-input A13 */
	if (len - overhead > RECORD_PLAINTEXT_MAX)
		return STATUS_RECORD_LENGTH;
	*plain_len = (uint16_t)(len - overhead);
	return STATUS_OK;
}

struct rte_mbuf *split_copy(struct path_core *core, struct rte_mbuf *datagram,
			    const uint8_t *record, const uint8_t *end)
{
	uint16_t len = (uint16_t)(end - record);
	struct rte_mbuf *m = rte_pktmbuf_alloc(core->cfg.pool);
	void *to = m == NULL ? NULL : rte_pktmbuf_append(m, len);

	if (to == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	rte_memcpy(to, record, len);
	*msg_of(m) = *msg_of(datagram);
	return m;
}

/* The datagram's own mbuf is for the first of its records. */
static enum status record_add(struct path_core *core, const struct core_mine *d, bool first,
			      const struct record *r)
{
	struct core_record *rec = &core->records[core->n_records];
	const struct table_hit *session = d->session;
	const size_t header_len = RECORD_HEADER_LEN + rd_len(&r->cid);
	uint16_t plain_len;
	enum status s = acceptable(r, session->class, &plain_len);

	if (s != STATUS_OK)
		return s;
	rec->m = first ? d->m : split_copy(core, d->m, r->body.p - header_len, r->body.end);
	if (rec->m == NULL)
		return STATUS_NO_MBUF;
	rec->copy = NULL;
	rec->body = first ? (uint8_t *)(uintptr_t)r->body.p
			  : rte_pktmbuf_mtod_offset(rec->m, uint8_t *, header_len);
	rec->ref = session->ref;
	rec->seq = r->seq;
	rec->plain_len = plain_len;
	rec->type = r->type;
	rec->class = session->class;
	rec->old = false;
	rec->away = d->away;
	core->n_records++;
	return STATUS_OK;
}

void split_keep_copy(struct path_core *core, const struct core_mine *d, struct core_record *first)
{
	struct table_hit pending;

	if (d->copy == NULL)
		return;
	if (first != NULL) {
		first->copy = d->copy;
		first->pending_owner = d->pending_owner;
		return;
	}
	pending = (struct table_hit){ .ref = msg_of(d->copy)->peer_hs, .owner = d->pending_owner };
	core_to_handshake(core, d->copy, MSG_DATAGRAM, &pending);
}

static __attribute__((noinline)) void split(struct path_core *core, const struct core_mine *d)
{
	struct rd left = rd_of(rte_pktmbuf_mtod(d->m, uint8_t *), rte_pktmbuf_data_len(d->m));
	const size_t cid_len = core_cid_len(core, d->session->class);
	struct rd cid = { 0 };
	unsigned first;

	if (core->n_records + RECORDS_PER_DATAGRAM > CORE_RECORDS_MAX)
		records_run(core);
	first = core->n_records;
	for (unsigned n = 0; rd_len(&left) > 0; n++) {
		struct record r;
		enum status s = STATUS_RECORD_TOO_MANY; /* bad-input A9 */

		if (n < RECORDS_PER_DATAGRAM)
			s = split_next(&left, cid_len, &r);
		if (s == STATUS_OK && !split_same_cid(&cid, r.cid))
			s = STATUS_RECORD_CIDS;
		if (s == STATUS_OK)
			s = record_add(core, d, core->n_records == first, &r);
		if (s != STATUS_OK)
			core_count(core, s);
		if (s == STATUS_RECORD_TOO_MANY || s == STATUS_RECORD_CIDS)
			break;
	}
	if (core->n_records == first)
		rte_pktmbuf_free(d->m); /* each of its records was counted */
	split_keep_copy(core, d, core->n_records == first ? NULL : &core->records[first]);
}

/* The same for a datagram of a single record, of which little is left to be asked. false: it cannot
 * be taken; split says why. */
static inline bool split_single(const struct core_mine *d, const struct core_alg *alg,
				unsigned header_len, struct core_record *rec)
{
	const struct table_hit *session = d->session;
	unsigned overhead = (unsigned)alg->explicit_len + alg->tag_len;
	unsigned plain_len = rte_pktmbuf_data_len(d->m) - (header_len + overhead);
	uint8_t *header = rte_pktmbuf_mtod(d->m, uint8_t *);

	/* A record that is too short makes a plaintext of billions. */
	if (plain_len > RECORD_PLAINTEXT_MAX)
		return false;
	rec->m = d->m;
	rec->copy = NULL;
	rec->body = header + header_len;
	rec->ref = session->ref;
	rec->seq = bytes_u64(header + 3) & RECORD_SEQ_MAX;
	rec->plain_len = (uint16_t)plain_len;
	rec->type = RECORD_APPDATA;
	rec->class = session->class;
	rec->old = false;
	rec->away = d->away;
	return true;
}

/* Such datagrams, of sessions of DTLS 1.2 with one algorithm, up to the first that is not one, or
 * cannot be taken, or has no room; returns how many. */
static unsigned split_singles(struct path_core *core, const struct core_mine *mine, unsigned n)
{
	const uint8_t class = mine->session->class;
	const struct core_alg alg = core_alg_of(session_class_alg(class));
	const unsigned header_len = RECORD_HEADER_LEN + core_cid_len(core, class);
	struct core_record *rec = &core->records[core->n_records];
	unsigned room = CORE_RECORDS_MAX - core->n_records, i = 0;

	if (session_class_is_13(class))
		return 0;
	n = RTE_MIN(n, room);
	while (i < n && mine[i].single && mine[i].session->class == class &&
	       split_single(&mine[i], &alg, header_len, &rec[i]))
		i++;
	core->n_records += i;
	return i;
}

/* A run of single records of one kind; returns how many. */
static inline unsigned split_some(struct path_core *core, const struct core_mine *mine, unsigned n)
{
	return mine->single13 && session_class_is_13(mine->session->class)
		       ? split13_singles(core, mine, n)
		       : split_singles(core, mine, n);
}

void split_run(struct path_core *core)
{
	const unsigned n = core->n_mine;
	unsigned i = 0, some;

	while (i < n) {
		some = split_some(core, &core->mine[i], n - i);
		i += some;
		if (some > 0)
			continue;
		if (session_class_is_13(core->mine[i].session->class))
			split13(core, &core->mine[i]);
		else
			split(core, &core->mine[i]);
		i++;
	}
	core->n_mine = 0;
}
