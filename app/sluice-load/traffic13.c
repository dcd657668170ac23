/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic13.h"

#include "nonce.h"
#include "record13.h"
#include "replay.h"

enum { REPLAY_WIDTH = 64 };

static void fill(struct aead_op *op, const struct device_keys *keys, uint64_t seq, uint8_t *text,
		 uint16_t len)
{
	op->src = op->dst = text;
	op->key = keys->key;
	op->len = len;
	op->ok = false;
	memcpy(op->nonce, keys->iv, sizeof(op->nonce));
	nonce_implicit(op->nonce, seq);
	memset(op->aad, 0, sizeof(op->aad));
}

static struct aead_mask_op *mask_later(struct traffic_masks *masks, const struct device_keys *keys,
				       uint8_t *header, const uint8_t *sample)
{
	struct aead_mask_op *op = &masks->op[masks->n];

	masks->header[masks->n++] = header;
	op->key = keys->sn_key;
	op->sample = sample;
	return op;
}

static void run(struct aead *a, struct traffic_masks masks[AEAD_N])
{
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++)
		if (masks[alg].n > 0)
			aead_mask(a, alg, masks[alg].op, masks[alg].n);
}

/* The epoch that its lowest bits say: the newest of the peer, or the one before while its keys are
 * there; false: neither. */
static bool epoch_of(const struct device_13 *v13, uint8_t bits, uint16_t *out)
{
	*out = v13->rx_epoch;
	if (bits == (*out & RECORD13_EPOCH_BITS))
		return true;
	*out = (uint16_t)(*out - 1);
	return v13->has_before && bits == (*out & RECORD13_EPOCH_BITS);
}

static const struct device_keys *rx_keys(const struct device_13 *v13, uint16_t epoch)
{
	return epoch == v13->rx_epoch ? &v13->rx : &v13->rx_before;
}

/* The numbers of an epoch that came, as a hot line has them. */
static struct session_hot numbers_of(const struct traffic *t, uint32_t device, uint16_t epoch)
{
	const struct device_13 *v13 = &t->devices->v13[device];
	struct session_hot out;

	if (epoch == v13->rx_epoch)
		return t->devices->hot[device];
	replay_init(&out, NULL, REPLAY_WIDTH, v13->before_newest, v13->before_window);
	return out;
}

void traffic13_add(struct traffic *t, uint32_t device, struct rd *left, uint8_t *bytes)
{
	const uint8_t *start = left->p;
	enum aead_alg alg = device_alg(&t->devices->hot[device]);
	const size_t cid_len = device_cid(t->devices, device)->own_len;
	size_t tag = aead_info(alg)->tag_len;
	const struct device_13 *v13 = &t->devices->v13[device];
	struct record13 rec;
	struct record plain;
	uint16_t epoch;

	if (!record13_is(*start)) {
		/* What repeats the handshake's beginning is no fault. */
		if (record_next(left, &plain) != STATUS_OK)
			counter_add(&t->counts->malformed, 1);
		else
			counter_add(&t->counts->unauthentic, 1);
		return;
	}
	if (record13_next(left, cid_len, &rec) != STATUS_OK ||
	    rd_len(&rec.body) > tag + 1 + t->rx_limit) {
		counter_add(&t->counts->malformed, 1);
		return;
	}
	if (!epoch_of(v13, rec.epoch_bits, &epoch) ||
	    !device_is_own_cid(t->devices, device, rd_of(rec.header + 1, cid_len))) {
		counter_add(&t->counts->unauthentic, 1);
		return;
	}
	t->pending[t->n_pending++] = (struct traffic_pending){
		.inner = true,
		.text = bytes + rec.header_len,
		.device = device,
		.len = (uint16_t)(rd_len(&rec.body) - tag),
		.header_len = (uint8_t)rec.header_len,
		.epoch = epoch,
		.mask = mask_later(&t->open_masks[alg], rx_keys(v13, epoch), bytes, rec.body.p),
	};
}

/* The number, which an operation can be made with. */
static void unmask_one(struct traffic *t, struct traffic_pending *p)
{
	const struct session_hot numbers = numbers_of(t, p->device, p->epoch);
	uint64_t next = replay_newest(&numbers) + 1;
	struct traffic_ops *ops = &t->open_ops[device_alg(&t->devices->hot[p->device])];
	struct aead_op *op = &ops->op[ops->n];
	uint8_t aad[RECORD13_HEADER_MAX];

	p->seq = record13_unmask(p->text - p->header_len, p->header_len, p->mask->mask, next, aad);
	if (replay_check(&numbers, NULL, REPLAY_WIDTH, p->seq) != STATUS_OK)
		return;
	fill(op, rx_keys(&t->devices->v13[p->device], p->epoch), p->seq, p->text, p->len);
	op->aad_len = p->header_len;
	memcpy(op->aad, aad, p->header_len);
	p->op = op;
	ops->n++;
}

void traffic13_unmask(struct traffic *t, unsigned n)
{
	run(t->aead, t->open_masks);
	for (unsigned i = 0; i < n; i++)
		unmask_one(t, &t->pending[i]);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++)
		t->open_masks[alg].n = 0;
}

/* A record in front of it may have brought new keys: it may be of the epoch before by now, or of
 * one that is gone. What comes in the newest proves that the peer needs no other. */
bool traffic13_take_number(struct traffic *t, const struct traffic_pending *p)
{
	struct device_13 *v13 = &t->devices->v13[p->device];
	struct session_hot before;

	if (p->epoch == v13->rx_epoch) {
		if (replay_commit(&t->devices->hot[p->device], NULL, REPLAY_WIDTH, p->seq) !=
		    STATUS_OK)
			return false;
		if (v13->has_before)
			device_proven(v13);
		return true;
	}
	before = numbers_of(t, p->device, p->epoch);
	if (!v13->has_before || replay_commit(&before, NULL, REPLAY_WIDTH, p->seq) != STATUS_OK)
		return false;
	v13->before_newest = replay_newest(&before);
	v13->before_window = before.window;
	return true;
}

bool traffic13_seal(struct traffic *t, struct load_buffer *b, uint8_t type)
{
	struct session_hot *hot = &t->devices->hot[b->device];
	const struct device_keys *keys = &t->devices->v13[b->device].tx;
	enum aead_alg alg = device_alg(hot);
	const struct aead_info *info = aead_info(alg);
	struct traffic_ops *ops = &t->seal_ops[alg];
	struct aead_op *op = &ops->op[ops->n];
	const uint8_t cid_len = device_cid(t->devices, b->device)->len;
	uint8_t *text = b->data;
	uint16_t len;
	uint64_t seq;

	/* The key's last record is its close_notify. */
	if (!session_take_tx_seq(hot, info->seal_max - (type != RECORD_ALERT), &seq))
		return false;
	ops->n++;
	len = (uint16_t)record13_put_inner(text, b->len, type, info->tag_len);
	fill(op, keys, seq, text, len);
	b->data -= RECORD13_HEADER_LEN + cid_len;
	b->len = (uint16_t)(len + info->tag_len);
	op->aad_len = (uint8_t)device_put_header(t->devices, b->device, b->data, type, seq, b->len);
	b->len += op->aad_len;
	memcpy(op->aad, b->data, op->aad_len);
	/* Without what stands in front, it is a header like all. */
	(void)mask_later(&t->seal_masks[alg], keys, b->data + cid_len, text);
	return true;
}

void traffic13_mask(struct traffic *t)
{
	run(t->aead, t->seal_masks);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct traffic_masks *masks = &t->seal_masks[alg];

		for (unsigned i = 0; i < masks->n; i++)
			record13_put_mask(masks->header[i], masks->op[i].mask);
		masks->n = 0;
	}
}
