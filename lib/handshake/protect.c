/* SPDX-License-Identifier: BSD-3-Clause */
#include "protect.h"

#include "nonce.h"
#include "secret.h"

enum { WINDOW = 64, AAD_MAX = RECORD_AAD_CID_MAX };

_Static_assert((int)RECORD13_HEADER_LEN + (int)RECORD_CID_MAX <= (int)AAD_MAX,
	       "any header of 1.3 is additional data");

void protect_set_keys(struct protect *p, uint8_t epoch, const struct suite *suite,
		      const struct traffic_keys *keys)
{
	p->epochs[epoch].suite = suite;
	p->epochs[epoch].keys = *keys;
}

bool protect_confirmed(const struct protect *p)
{
	bool seen = false;

	for (unsigned i = 1; i < PROTECT_EPOCHS; i++)
		seen |= p->epochs[i].rx_seen;
	return seen;
}

size_t protect_overhead(const struct protect *p, uint8_t epoch)
{
	const size_t cid_len = rd_len(&p->tx_cid);
	const struct aead_info *info;

	if (!protect_has(p, epoch))
		return RECORD_HEADER_LEN;
	info = aead_info(p->epochs[epoch].suite->aead);
	if (epoch >= RECORD13_EPOCH_HANDSHAKE)
		return RECORD13_HEADER_LEN + cid_len + 1 + info->tag_len;
	return RECORD_HEADER_LEN + cid_len + (cid_len != 0) + info->explicit_len + info->tag_len;
}

/* Epoch and number: the explicit nonce of ours, and what the implicit one is made of. */
static uint64_t number_of(uint64_t seq) { return UINT64_C(1) << 48 | seq; }

/* The additional data of a long connection ID does not fit an operation. */
static bool aad_fits(struct aead_op *op, struct rd aad)
{
	if (rd_len(&aad) > AEAD_AAD_MAX)
		return false;
	memcpy(op->aad, aad.p, rd_len(&aad));
	op->aad_len = (uint8_t)rd_len(&aad);
	return true;
}

static void seal(const struct protect *p, const struct protect_epoch *e, struct aead_op *op,
		 struct rd aad)
{
	if (aad_fits(op, aad))
		aead_seal(p->aead, e->suite->aead, op, 1);
	else
		aead_seal_long(p->aead, e->suite->aead, op, aad);
	secret_wipe(&op->nonce, sizeof(op->nonce));
}

static void unseal(const struct protect *p, const struct protect_epoch *e, struct aead_op *op,
		   struct rd aad)
{
	if (aad_fits(op, aad))
		aead_open(p->aead, e->suite->aead, op, 1);
	else
		aead_open_long(p->aead, e->suite->aead, op, aad);
	secret_wipe(&op->nonce, sizeof(op->nonce));
}

/* An operation with key and IV of whoever wrote the record. */
static struct aead_op op_of(const struct protect_epoch *e, bool client_writes, size_t len)
{
	const struct traffic_keys *k = &e->keys;
	struct aead_op op = { .key = client_writes ? k->client_key : k->server_key,
			      .len = (uint16_t)len };

	memcpy(op.nonce, client_writes ? k->client_iv : k->server_iv, AEAD_IV_LEN);
	return op;
}

/* explicit: the record's explicit nonce; not read when its algorithm has none. */
static void nonce12(struct aead_op *op, const struct protect_epoch *e, uint64_t seq,
		    const uint8_t *explicit)
{
	if (aead_info(e->suite->aead)->explicit_len != 0)
		nonce_explicit(op->nonce, explicit);
	else
		nonce_implicit(op->nonce, number_of(seq));
}

/* len: of the plaintext, in a record with an ID of what is in the place of it. */
static struct rd aad12(uint8_t out[AAD_MAX], const struct rd *cid, uint8_t type, uint64_t seq,
		       size_t len)
{
	if (rd_len(cid) != 0)
		return rd_of(out, record_cid_aad(out, 1, seq, cid->p, rd_len(cid), (uint16_t)len));
	record_aad(out, type, 1, seq, (uint16_t)len);
	return rd_of(out, RECORD_AAD_LEN);
}

static void header12(uint8_t *out, const struct rd *cid, uint8_t type, uint64_t seq, size_t len)
{
	if (rd_len(cid) != 0)
		record_put_cid_header(out, 1, seq, cid->p, rd_len(cid), (uint16_t)len);
	else
		record_put_header(out, type, DTLS_1_2, 1, seq, (uint16_t)len);
}

static bool write_sealed(struct protect *p, struct wr *w, uint8_t type, const uint8_t *plaintext,
			 size_t len)
{
	struct protect_epoch *e = &p->epochs[1];
	const struct aead_info *info = aead_info(e->suite->aead);
	const size_t inner_len =
		rd_len(&p->tx_cid) != 0 ? record13_inner_len(len, info->tag_len) : len;
	uint8_t *header = wr_space(w, RECORD_HEADER_LEN + rd_len(&p->tx_cid));
	uint8_t *explicit = wr_space(w, info->explicit_len + inner_len + info->tag_len);
	uint8_t *body, aad[AAD_MAX];
	struct aead_op op;

	if (explicit == NULL)
		return false;
	header12(header, &p->tx_cid, type, e->tx_seq,
		 info->explicit_len + inner_len + info->tag_len);
	if (info->explicit_len != 0)
		bytes_put_u64(explicit, number_of(e->tx_seq));
	body = explicit + info->explicit_len;
	memcpy(body, plaintext, len);
	if (rd_len(&p->tx_cid) != 0)
		(void)record13_put_inner(body, len, type, info->tag_len);
	op = op_of(e, p->client, inner_len);
	nonce12(&op, e, e->tx_seq, explicit);
	op.src = op.dst = body;
	seal(p, e, &op, aad12(aad, &p->tx_cid, type, e->tx_seq, inner_len));
	/* The number is spent even if the datagram is never sent. */
	e->tx_seq++;
	return true;
}

/* RFC 9147 §4.2.3: the mask of a record's number, by the key of whoever wrote it. */
static void mask_of(const struct protect *p, const struct protect_epoch *e, bool client_writes,
		    const uint8_t *sample, uint8_t mask[2])
{
	struct aead_mask_op op = { .key = client_writes ? e->keys.client_sn : e->keys.server_sn,
				   .sample = sample };

	aead_mask(p->aead, e->suite->aead, &op, 1);
	memcpy(mask, op.mask, 2);
}

static void header13(uint8_t *out, const struct rd *cid, uint8_t epoch, uint64_t seq, size_t len)
{
	if (rd_len(cid) != 0)
		record13_put_cid_header(out, epoch, seq, cid->p, rd_len(cid), (uint16_t)len);
	else
		record13_put_header(out, epoch, seq, (uint16_t)len);
}

static bool write_sealed13(struct protect *p, struct wr *w, uint8_t epoch, uint8_t type,
			   const uint8_t *plaintext, size_t len)
{
	struct protect_epoch *e = &p->epochs[epoch];
	const size_t cid_len = rd_len(&p->tx_cid), header_len = RECORD13_HEADER_LEN + cid_len;
	const size_t tag_len = aead_info(e->suite->aead)->tag_len;
	const size_t inner_len = record13_inner_len(len, tag_len);
	uint8_t *header = wr_space(w, header_len);
	uint8_t *body = wr_space(w, inner_len + tag_len), mask[2];
	struct aead_op op;

	if (body == NULL)
		return false;
	header13(header, &p->tx_cid, epoch, e->tx_seq, inner_len + tag_len);
	memcpy(body, plaintext, len);
	(void)record13_put_inner(body, len, type, tag_len);
	op = op_of(e, p->client, inner_len);
	nonce_implicit(op.nonce, e->tx_seq);
	op.src = op.dst = body;
	e->tx_seq++;
	seal(p, e, &op, rd_of(header, header_len));
	mask_of(p, e, p->client, body, mask);
	record13_put_cid_mask(header, cid_len, mask);
	return true;
}

bool protect_write(struct protect *p, struct wr *w, uint8_t epoch, uint8_t type, uint16_t version,
		   const uint8_t *plaintext, size_t len)
{
	if (p->epochs[epoch].tx_seq > RECORD_SEQ_MAX || len > PROTECT_RECORD_MAX)
		return false;
	if (epoch != 0 && !protect_has(p, epoch))
		return false;
	if (epoch >= RECORD13_EPOCH_HANDSHAKE)
		return write_sealed13(p, w, epoch, type, plaintext, len);
	if (epoch != 0)
		return write_sealed(p, w, type, plaintext, len);
	record_write_header(w, type, version, 0, p->epochs[0].tx_seq++, (uint16_t)len);
	wr_bytes(w, plaintext, len);
	return !w->failed;
}

static enum status window_check(const struct protect_epoch *e, uint64_t seq)
{
	uint64_t behind = e->rx_newest - seq;

	if (!e->rx_seen || seq > e->rx_newest)
		return STATUS_OK;
	if (behind >= WINDOW)
		return STATUS_RECORD_OLD;
	return e->rx_window >> behind & 1 ? STATUS_RECORD_REPLAY : STATUS_OK;
}

static void window_mark(struct protect_epoch *e, uint64_t seq)
{
	uint64_t ahead = seq - e->rx_newest;

	if (!e->rx_seen) {
		e->rx_newest = seq;
		e->rx_window = 1;
	} else if (seq > e->rx_newest) {
		e->rx_window = (ahead < WINDOW ? e->rx_window << ahead : 0) | 1;
		e->rx_newest = seq;
	} else {
		e->rx_window |= UINT64_C(1) << (e->rx_newest - seq);
	}
	e->rx_seen = true;
}

static size_t cid_len13(const struct record13 *rec)
{
	return (size_t)(record13_number_at(rec->header, rec->header_len) - rec->header) - 1;
}

static bool is_cid(const struct rd *cid, const uint8_t *bytes, size_t len)
{
	return len == rd_len(cid) && (len == 0 || memcmp(cid->p, bytes, len) == 0);
}

/* Of what was opened, behind whatever hides it. */
static bool content_take12(const struct record *rec, const uint8_t *inner, size_t len,
			   struct protect_content *out)
{
	out->type = rec->type;
	out->len = len;
	if (rec->type == RECORD_CID && !record13_take_inner(inner, len, &out->type, &out->len))
		return false;
	return record_type_known(out->type) || out->type == RECORD_RRC;
}

enum status protect_open(const struct protect *p, const struct record *rec, uint8_t *out,
			 struct protect_content *content)
{
	const struct protect_epoch *e = &p->epochs[1];
	const struct aead_info *info;
	struct rd body = rec->body;
	uint8_t aad[AAD_MAX];
	struct aead_op op;
	enum status s;

	if (e->suite == NULL)
		return STATUS_RECORD_EPOCH;
	info = aead_info(e->suite->aead);
	/* RFC 9146 §3: a record without the ID that was agreed on is invalid (checklist 37). */
	if ((rec->type == RECORD_CID) != (rd_len(&p->rx_cid) != 0) ||
	    !is_cid(&p->rx_cid, rec->cid.p, rd_len(&rec->cid)))
		return STATUS_RECORD_CID;
	s = window_check(e, rec->seq);
	if (s != STATUS_OK)
		return s;
	if (rd_len(&body) > PROTECT_RECORD_MAX)
		return STATUS_RECORD_LENGTH;
	if (!rd_skip(&body, info->explicit_len) || rd_len(&body) < info->tag_len)
		return STATUS_RECORD_SHORT;
	op = op_of(e, !p->client, rd_len(&body) - info->tag_len);
	nonce12(&op, e, rec->seq, rec->body.p);
	op.src = body.p;
	op.dst = out;
	unseal(p, e, &op, aad12(aad, &p->rx_cid, rec->type, rec->seq, op.len));
	*content = (struct protect_content){ .epoch = 1, .seq = rec->seq };
	if (!op.ok)
		return STATUS_RECORD_TAG;
	return content_take12(rec, out, op.len, content) ? STATUS_OK : STATUS_RECORD_TYPE;
}

static bool type_known13(uint8_t type)
{
	return type == RECORD_ALERT || type == RECORD_HANDSHAKE || type == RECORD_APPDATA ||
	       type == RECORD_ACK || type == RECORD_RRC;
}

enum status protect_open13(const struct protect *p, const struct record13 *rec, uint8_t *out,
			   struct protect_content *content)
{
	/* Two bits say which epoch, as there are no more than four in a handshake. */
	const struct protect_epoch *e = &p->epochs[rec->epoch_bits];
	uint8_t aad[AAD_MAX], mask[2];
	struct aead_op op;
	uint64_t seq;

	if (rec->epoch_bits < RECORD13_EPOCH_HANDSHAKE || !protect_has(p, rec->epoch_bits))
		return STATUS_RECORD_EPOCH;
	if (!is_cid(&p->rx_cid, rec->header + 1, cid_len13(rec)))
		return STATUS_RECORD_CID;
	if (rd_len(&rec->body) > PROTECT_RECORD_MAX)
		return STATUS_RECORD_LENGTH;
	mask_of(p, e, !p->client, rec->body.p, mask);
	seq = record13_unmask(rec->header, rec->header_len, mask, e->rx_newest + e->rx_seen, aad);
	if (seq > RECORD_SEQ_MAX)
		return STATUS_RECORD_TAG;
	op = op_of(e, !p->client, rd_len(&rec->body) - aead_info(e->suite->aead)->tag_len);
	nonce_implicit(op.nonce, seq);
	op.src = rec->body.p;
	op.dst = out;
	unseal(p, e, &op, rd_of(aad, rec->header_len));
	*content = (struct protect_content){ .epoch = rec->epoch_bits, .seq = seq };
	if (!op.ok)
		return STATUS_RECORD_TAG;
	/* RFC 9147 §4.5.1: looked up afterwards, so that time tells nothing of the number. */
	if (!record13_take_inner(out, op.len, &content->type, &content->len) ||
	    !type_known13(content->type))
		return STATUS_RECORD_TYPE;
	return window_check(e, seq);
}

void protect_mark(struct protect *p, const struct protect_content *content)
{
	window_mark(&p->epochs[content->epoch], content->seq);
}
