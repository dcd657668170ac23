/* SPDX-License-Identifier: BSD-3-Clause */
#include "protect.h"

#include "nonce.h"
#include "secret.h"

enum { WINDOW = 64 };

_Static_assert((int)RECORD_AAD_LEN <= (int)AEAD_AAD_MAX &&
		       (int)RECORD13_HEADER_MAX <= (int)AEAD_AAD_MAX,
	       "the additional data fits an operation");

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
	const struct aead_info *info;

	if (!protect_has(p, epoch))
		return RECORD_HEADER_LEN;
	info = aead_info(p->epochs[epoch].suite->aead);
	if (epoch >= RECORD13_EPOCH_HANDSHAKE)
		return (size_t)RECORD13_HEADER_LEN + 1 + info->tag_len;
	return (size_t)RECORD_HEADER_LEN + info->explicit_len + info->tag_len;
}

/* Epoch and number: the explicit nonce of ours, and what the implicit one is made of. */
static uint64_t number_of(uint64_t seq) { return UINT64_C(1) << 48 | seq; }

/* explicit: the record's explicit nonce; not read when its algorithm has none. */
static void op_init(struct aead_op *op, const struct protect *p, bool client_writes, uint8_t type,
		    uint64_t seq, const uint8_t *explicit, size_t len)
{
	const struct protect_epoch *e = &p->epochs[1];
	const struct traffic_keys *k = &e->keys;

	*op = (struct aead_op){ .key = client_writes ? k->client_key : k->server_key,
				.len = (uint16_t)len,
				.aad_len = RECORD_AAD_LEN };
	memcpy(op->nonce, client_writes ? k->client_iv : k->server_iv, AEAD_IV_LEN);
	if (aead_info(e->suite->aead)->explicit_len != 0)
		nonce_explicit(op->nonce, explicit);
	else
		nonce_implicit(op->nonce, number_of(seq));
	record_aad(op->aad, type, 1, seq, (uint16_t)len);
}

static bool write_sealed(struct protect *p, struct wr *w, uint8_t type, const uint8_t *plaintext,
			 size_t len)
{
	struct protect_epoch *e = &p->epochs[1];
	const struct aead_info *info = aead_info(e->suite->aead);
	struct aead_op op;
	uint8_t *body;

	record_write_header(w, type, DTLS_1_2, 1, e->tx_seq,
			    (uint16_t)(info->explicit_len + len + info->tag_len));
	if (info->explicit_len != 0)
		wr_u64(w, number_of(e->tx_seq));
	body = wr_space(w, len + info->tag_len);
	if (body == NULL)
		return false;
	op_init(&op, p, p->client, type, e->tx_seq, body - info->explicit_len, len);
	op.src = plaintext;
	op.dst = body;
	/* The number is spent even if the datagram is never sent. */
	e->tx_seq++;
	aead_seal(p->aead, e->suite->aead, &op, 1);
	secret_wipe(&op, sizeof(op));
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

/* aad: the header, unmasked. */
static void op_init13(struct aead_op *op, const struct protect_epoch *e, bool client_writes,
		      uint64_t seq, const uint8_t *aad, size_t aad_len, size_t len)
{
	const struct traffic_keys *k = &e->keys;

	*op = (struct aead_op){ .key = client_writes ? k->client_key : k->server_key,
				.len = (uint16_t)len,
				.aad_len = (uint8_t)aad_len };
	memcpy(op->nonce, client_writes ? k->client_iv : k->server_iv, AEAD_IV_LEN);
	nonce_implicit(op->nonce, seq);
	memcpy(op->aad, aad, aad_len);
}

static bool write_sealed13(struct protect *p, struct wr *w, uint8_t epoch, uint8_t type,
			   const uint8_t *plaintext, size_t len)
{
	struct protect_epoch *e = &p->epochs[epoch];
	const size_t tag_len = aead_info(e->suite->aead)->tag_len;
	const size_t inner_len = record13_inner_len(len, tag_len);
	uint8_t *header = wr_space(w, RECORD13_HEADER_LEN);
	uint8_t *body = wr_space(w, inner_len + tag_len), mask[2];
	struct aead_op op;

	if (body == NULL)
		return false;
	record13_put_header(header, epoch, e->tx_seq, (uint16_t)(inner_len + tag_len));
	memcpy(body, plaintext, len);
	(void)record13_put_inner(body, len, type, tag_len);
	op_init13(&op, e, p->client, e->tx_seq, header, RECORD13_HEADER_LEN, inner_len);
	op.src = op.dst = body;
	e->tx_seq++;
	aead_seal(p->aead, e->suite->aead, &op, 1);
	mask_of(p, e, p->client, body, mask);
	record13_put_mask(header, mask);
	secret_wipe(&op, sizeof(op));
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

static enum status try_open(const struct protect *p, const struct record *rec, uint8_t *out,
			    size_t *out_len)
{
	const struct protect_epoch *e = &p->epochs[1];
	const struct aead_info *info = aead_info(e->suite->aead);
	enum status s = window_check(e, rec->seq);
	struct rd body = rec->body;
	struct aead_op op;

	if (s != STATUS_OK)
		return s;
	if (rd_len(&body) > PROTECT_RECORD_MAX)
		return STATUS_RECORD_LENGTH;
	if (!rd_skip(&body, info->explicit_len) || rd_len(&body) < info->tag_len)
		return STATUS_RECORD_SHORT;
	op_init(&op, p, !p->client, rec->type, rec->seq, rec->body.p,
		rd_len(&body) - info->tag_len);
	op.src = body.p;
	op.dst = out;
	aead_open(p->aead, e->suite->aead, &op, 1);
	*out_len = op.len;
	secret_wipe(&op.nonce, sizeof(op.nonce));
	return op.ok ? STATUS_OK : STATUS_RECORD_TAG;
}

enum status protect_check(const struct protect *p, const struct record *rec)
{
	uint8_t scratch[PROTECT_RECORD_MAX];
	size_t len;
	enum status s = try_open(p, rec, scratch, &len);

	secret_wipe(scratch, sizeof(scratch));
	return s;
}

enum status protect_open(struct protect *p, const struct record *rec, uint8_t *out, size_t *out_len)
{
	enum status s = try_open(p, rec, out, out_len);

	if (s == STATUS_OK)
		window_mark(&p->epochs[1], rec->seq);
	return s;
}

static bool type_known13(uint8_t type)
{
	return type == RECORD_ALERT || type == RECORD_HANDSHAKE || type == RECORD_APPDATA ||
	       type == RECORD_ACK;
}

enum status protect_open13(const struct protect *p, const struct record13 *rec, uint8_t *out,
			   struct protect_content *content)
{
	/* Two bits say which epoch, as there are no more than four in a handshake. */
	const struct protect_epoch *e = &p->epochs[rec->epoch_bits];
	uint8_t aad[RECORD13_HEADER_MAX], mask[2];
	size_t tag_len;
	uint64_t seq;
	struct aead_op op;

	if (rec->epoch_bits < RECORD13_EPOCH_HANDSHAKE || !protect_has(p, rec->epoch_bits))
		return STATUS_RECORD_EPOCH;
	tag_len = aead_info(e->suite->aead)->tag_len;
	if (rd_len(&rec->body) > PROTECT_RECORD_MAX)
		return STATUS_RECORD_LENGTH;
	mask_of(p, e, !p->client, rec->body.p, mask);
	seq = record13_unmask(rec->header, rec->header_len, mask, e->rx_newest + e->rx_seen, aad);
	if (seq > RECORD_SEQ_MAX)
		return STATUS_RECORD_TAG;
	op_init13(&op, e, !p->client, seq, aad, rec->header_len, rd_len(&rec->body) - tag_len);
	op.src = rec->body.p;
	op.dst = out;
	aead_open(p->aead, e->suite->aead, &op, 1);
	*content = (struct protect_content){ .epoch = rec->epoch_bits, .seq = seq };
	secret_wipe(&op.nonce, sizeof(op.nonce));
	if (!op.ok)
		return STATUS_RECORD_TAG;
	/* RFC 9147 §4.5.1: looked up afterwards, so that time tells nothing of the number. */
	if (!record13_take_inner(out, op.len, &content->type, &content->len) ||
	    !type_known13(content->type))
		return STATUS_RECORD_TYPE;
	return window_check(e, seq);
}

void protect_mark13(struct protect *p, const struct protect_content *content)
{
	window_mark(&p->epochs[content->epoch], content->seq);
}
