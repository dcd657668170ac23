/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic12.h"

#include "nonce.h"
#include "replay.h"

enum { REPLAY_WIDTH = 64, TYPE_LEN = 1 };

static uint64_t numbered(uint64_t seq)
{
	return (uint64_t)DEVICE_EPOCH_12 << SESSION_SEQ_BITS | seq;
}

/* One direction of a session. */
struct keys {
	const uint8_t *key, *salt, *key16;
};

/* The additional data of a record. */
struct aad {
	size_t len;
	uint8_t bytes[RECORD_AAD_CID_LEN + LOAD_CID_MAX];
};

static struct aad aad_of(struct rd cid, uint8_t type, uint64_t seq, uint16_t len)
{
	struct aad aad = { .len = RECORD_AAD_LEN };

	if (rd_len(&cid) > 0)
		aad.len = record_cid_aad(aad.bytes, DEVICE_EPOCH_12, seq, cid.p, rd_len(&cid), len);
	else
		record_aad(aad.bytes, type, DEVICE_EPOCH_12, seq, len);
	return aad;
}

/* The next operation of the algorithm's; whether it is one of the burst, which has no room for the
 * additional data of long connection IDs. */
static bool fill(struct traffic_ops *ops, enum aead_alg alg, struct keys keys, uint64_t nonce,
		 uint8_t *text, uint16_t len, const struct aad *aad)
{
	struct aead_op *op = &ops->op[ops->n];

	op->src = op->dst = text;
	op->key = keys.key;
	op->len = len;
	op->ok = false;
	session_iv(alg, keys.salt, keys.key16, op->nonce);
	if (aead_info(alg)->explicit_len != 0)
		bytes_put_u64(op->nonce + 4, nonce);
	else
		nonce_implicit(op->nonce, nonce);
	if (aad->len > sizeof(op->aad))
		return false;
	memcpy(op->aad, aad->bytes, sizeof(op->aad));
	op->aad_len = (uint8_t)aad->len;
	ops->n++;
	return true;
}

static void add(struct traffic *t, uint32_t device, const struct record *rec, uint8_t *body)
{
	const struct session_hot *hot = &t->devices->hot[device];
	enum aead_alg alg = device_alg(hot);
	const struct aead_info *info = aead_info(alg);
	const struct keys keys = { device_rx_key(t->devices, device, alg), hot->rx_salt,
				   hot->rx_key };
	size_t around = (size_t)info->explicit_len + info->tag_len;
	struct traffic_pending *p = &t->pending[t->n_pending++];
	struct traffic_ops *ops = &t->open_ops[alg];
	struct aad aad;

	*p = (struct traffic_pending){
		.op = &ops->op[ops->n],
		.inner = rd_len(&rec->cid) > 0,
		.text = body + info->explicit_len,
		.seq = rec->seq,
		.device = device,
		.len = (uint16_t)(rd_len(&rec->body) - around),
		.type = rec->type,
	};
	aad = aad_of(rec->cid, rec->type, rec->seq, p->len);
	if (fill(ops, alg, keys, info->explicit_len != 0 ? bytes_u64(body) : numbered(rec->seq),
		 p->text, p->len, &aad))
		return;
	aead_open_long(t->aead, alg, p->op, rd_of(aad.bytes, aad.len));
	p->opened = p->op->ok;
	p->op = NULL;
}

void traffic12_add(struct traffic *t, uint32_t device, struct rd *left, uint8_t *bytes)
{
	const struct session_hot *hot = &t->devices->hot[device];
	const struct aead_info *info = aead_info(device_alg(hot));
	const struct device_cid *cid = device_cid(t->devices, device);
	const size_t inner = cid->own_len > 0 ? TYPE_LEN : 0;
	size_t around = (size_t)info->explicit_len + info->tag_len;
	const uint8_t *start = left->p;
	struct record rec;

	if (record_next_cid(left, cid->own_len, &rec) != STATUS_OK ||
	    rd_len(&rec.body) > around + inner + t->rx_limit) {
		counter_add(&t->counts->malformed, 1);
		return;
	}
	if (rec.epoch != DEVICE_EPOCH_12 || rd_len(&rec.body) < around ||
	    !device_is_own_cid(t->devices, device, rec.cid) ||
	    replay_check(hot, NULL, REPLAY_WIDTH, rec.seq) != STATUS_OK) {
		counter_add(&t->counts->unauthentic, 1);
		return;
	}
	add(t, device, &rec, bytes + (rec.body.p - start));
}

bool traffic12_seal(struct traffic *t, struct load_buffer *b, uint8_t type)
{
	struct session_hot *hot = &t->devices->hot[b->device];
	const struct device_cid *cid = device_cid(t->devices, b->device);
	enum aead_alg alg = device_alg(hot);
	const struct aead_info *info = aead_info(alg);
	const struct keys keys = { device_tx_key(t->devices, b->device, alg), hot->tx_salt,
				   hot->tx_key };
	struct traffic_ops *ops = &t->seal_ops[alg];
	uint8_t *text = b->data;
	uint16_t len = b->len;
	struct aad aad;
	uint64_t seq;

	/* The key's last record is its close_notify. */
	if (!session_take_tx_seq(hot, info->seal_max - (type != RECORD_ALERT), &seq))
		return false;
	if (cid->len > 0)
		text[len++] = type;
	b->data -= RECORD_HEADER_LEN + cid->len + info->explicit_len;
	b->len = (uint16_t)(len + info->explicit_len + info->tag_len);
	b->len += (uint16_t)device_put_header(t->devices, b->device, b->data, type, seq, b->len);
	if (info->explicit_len != 0)
		bytes_put_u64(text - RECORD_EXPLICIT_MAX, numbered(seq));
	aad = aad_of(rd_of(cid->bytes, cid->len), type, seq, len);
	if (!fill(ops, alg, keys, numbered(seq), text, len, &aad))
		aead_seal_long(t->aead, alg, &ops->op[ops->n], rd_of(aad.bytes, aad.len));
	return true;
}
