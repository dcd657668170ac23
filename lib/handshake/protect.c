/* SPDX-License-Identifier: BSD-3-Clause */
#include "protect.h"

#include "nonce.h"
#include "secret.h"

enum { WINDOW = 64 };

_Static_assert((int)RECORD_AAD_LEN <= (int)AEAD_AAD_MAX, "the additional data fits an operation");

void protect_set_keys(struct protect *p, uint8_t epoch, const struct suite *suite,
		      const struct traffic_keys *keys)
{
	p->epochs[epoch].suite = suite;
	p->epochs[epoch].keys = *keys;
}

size_t protect_overhead(const struct protect *p, uint8_t epoch)
{
	const struct aead_info *info;

	if (!protect_has(p, epoch))
		return RECORD_HEADER_LEN;
	info = aead_info(p->epochs[epoch].suite->aead);
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

bool protect_write(struct protect *p, struct wr *w, uint8_t epoch, uint8_t type, uint16_t version,
		   const uint8_t *plaintext, size_t len)
{
	if (p->epochs[epoch].tx_seq > RECORD_SEQ_MAX || len > PROTECT_RECORD_MAX)
		return false;
	if (epoch != 0)
		return protect_has(p, epoch) && write_sealed(p, w, type, plaintext, len);
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
