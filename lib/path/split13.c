/* SPDX-License-Identifier: BSD-3-Clause */
#include "epoch.h"
#include "stages.h"

/*
 * A record of epoch 2 on a live session: its peer repeats the end of the handshake, since our last
 * flight was lost, and the core that made the session answers. It gets the record alone. Anybody
 * can send such records: there is a limit, for each source so that it does not use up the others',
 * and for all, as sources can be made up.
 */
static enum status late(struct path_core *core, const struct core_mine *d, const struct record13 *r)
{
	const struct session_ref ref = d->session->ref;
	const struct table_hit maker = core_maker(core, ref);
	struct rte_mbuf *m;

	if (!throttle_source_take(&core->late, msg_of(d->m)->flow.remote_ip, THROTTLE_LATE,
				  core->now_ns) ||
	    !throttle_take(&core->late_tokens, THROTTLE_LATE_ALL, core->now_ns))
		return STATUS_RECORD_THROTTLED;
	m = split_copy(core, d->m, r->header, r->body.end);
	if (m == NULL)
		return STATUS_NO_MBUF;
	msg_of(m)->ref = ref;
	msg_of(m)->class = core->cfg.store->cold[ref.slot].class | (d->away ? MSG_CLASS_AWAY : 0);
	core_to_handshake(core, m, MSG_LATE, &maker);
	return STATUS_OK;
}

/* A record of an epoch whose keys the session does not have. Low bits that could be those of a past
 * epoch are not taken for a future one's (bad-input K4). */
static enum status other_epoch(struct path_core *core, const struct core_mine *d,
			       const struct record13 *r)
{
	const struct session_hot *hot = store_hot(core->cfg.store, d->session->ref);

	if (hot == NULL)
		return STATUS_RECORD_AFTER_CLOSE;
	if (r->epoch_bits != RECORD13_EPOCH_HANDSHAKE ||
	    hot->rx_epoch > RECORD13_EPOCH_HANDSHAKE + RECORD13_EPOCH_BITS)
		return STATUS_RECORD_EPOCH;
	return late(core, d, r);
}

/* What can be told of a record before its number is known. */
static enum status acceptable(const struct record13 *r, enum aead_alg alg, uint16_t *plain_len)
{
	size_t len =
		rd_len(&r->body) - aead_info(alg)->tag_len; /* no tag is longer than a sample */

	/* Not the type's byte more, which would be legal: no datagram of ours is so long. */
	if (len > RECORD_PLAINTEXT_MAX)
		return STATUS_RECORD_LENGTH;
	*plain_len = (uint16_t)len;
	return STATUS_OK;
}

/* The datagram's own mbuf is for the first of its records. */
static enum status record_add(struct path_core *core, const struct core_mine *d, bool first,
			      const struct record13 *r)
{
	const struct table_hit *session = d->session;
	struct core_record *rec = &core->records13[core->n_records13];
	const struct store *store = core->cfg.store;
	const struct session_hot *line = epoch_line(store, session->ref, r->epoch_bits);
	enum status s = acceptable(r, session_class_alg(session->class), &rec->plain_len);

	if (s != STATUS_OK)
		return s;
	if (line == NULL)
		return other_epoch(core, d, r);
	rec->m = first ? d->m : split_copy(core, d->m, r->header, r->body.end);
	if (rec->m == NULL)
		return STATUS_NO_MBUF;
	rec->copy = NULL;
	rec->body = first ? (uint8_t *)(uintptr_t)r->body.p
			  : rte_pktmbuf_mtod_offset(rec->m, uint8_t *, r->header_len);
	rec->ref = session->ref;
	rec->class = session->class;
	rec->header_len = (uint8_t)r->header_len;
	rec->old = line != &store->hot[session->ref.slot];
	rec->away = d->away;
	core->n_records13++;
	return STATUS_OK;
}

/* The next record, of any kind. */
static enum status next(struct path_core *core, const struct core_mine *d, bool first,
			struct rd *left, struct rd *cid)
{
	const uint8_t cid_len = core_cid_len(core, d->session->class);
	struct record13 r;
	struct record other;
	enum status s;

	if (record13_is(*left->p)) {
		s = record13_next(left, cid_len, &r);
		if (s == STATUS_OK && !split_same_cid(cid, rd_of(r.header + 1, cid_len)))
			return STATUS_RECORD_CIDS;
		return s == STATUS_OK ? record_add(core, d, first, &r) : s;
	}
	s = split_next(left, cid_len, &other);
	if (s != STATUS_OK)
		return s;
	/* bad-input J1, K9: what is in the clear; and the keys of DTLS 1.2 are not here. */
	return other.epoch == 0 ? STATUS_RECORD_PLAIN : STATUS_RECORD_EPOCH;
}

void split13(struct path_core *core, const struct core_mine *d)
{
	struct rd left = rd_of(rte_pktmbuf_mtod(d->m, uint8_t *), rte_pktmbuf_data_len(d->m));
	struct rd cid = { 0 };
	unsigned first;

	if (core->n_records13 + RECORDS_PER_DATAGRAM > CORE_RECORDS_MAX)
		records_run(core);
	first = core->n_records13;
	for (unsigned n = 0; rd_len(&left) > 0; n++) {
		enum status s = STATUS_RECORD_TOO_MANY; /* bad-input A9 */

		if (n < RECORDS_PER_DATAGRAM)
			s = next(core, d, core->n_records13 == first, &left, &cid);
		if (s != STATUS_OK)
			core_count(core, s);
		if (s == STATUS_RECORD_TOO_MANY || s == STATUS_RECORD_CIDS)
			break;
	}
	if (core->n_records13 == first)
		rte_pktmbuf_free(d->m); /* each of its records was counted, or copied */
	split_keep_copy(core, d, core->n_records13 == first ? NULL : &core->records13[first]);
}

/* The same for a datagram of a single record with a header like ours, which is well-formed but may
 * be too short or too long, or of another epoch: false; split13 does it all. */
static inline bool split_single(const struct store *store, const struct core_mine *d,
				unsigned header_len, unsigned tag_len, struct core_record *rec)
{
	const struct table_hit *session = d->session;
	const uint16_t epoch = store->hot[session->ref.slot].rx_epoch;
	uint8_t *header = rte_pktmbuf_mtod(d->m, uint8_t *);
	unsigned len = rte_pktmbuf_data_len(d->m) - header_len;

	if (((*header ^ epoch) & RECORD13_EPOCH_BITS) != 0 || len < RECORD13_SAMPLE_LEN ||
	    len - tag_len > RECORD_PLAINTEXT_MAX)
		return false;
	rec->m = d->m;
	rec->copy = NULL;
	rec->body = header + header_len;
	rec->ref = session->ref;
	rec->plain_len = (uint16_t)(len - tag_len);
	rec->class = session->class;
	rec->header_len = (uint8_t)header_len;
	rec->old = false;
	rec->away = d->away;
	return true;
}

unsigned split13_singles(struct path_core *core, const struct core_mine *mine, unsigned n)
{
	const struct store *store = core->cfg.store;
	const uint8_t class = mine->session->class;
	const unsigned tag_len = aead_info(session_class_alg(class))->tag_len;
	const unsigned header_len = RECORD13_HEADER_LEN + core_cid_len(core, class);
	struct core_record *rec = &core->records13[core->n_records13];
	unsigned room = CORE_RECORDS_MAX - core->n_records13, i = 0;

	n = RTE_MIN(n, room);
	while (i < n && mine[i].single13 && mine[i].session->class == class &&
	       split_single(store, &mine[i], header_len, tag_len, &rec[i]))
		i++;
	core->n_records13 += i;
	return i;
}
