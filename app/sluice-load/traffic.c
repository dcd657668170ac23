/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic13.h"

#include "nonce.h"
#include "replay.h"

enum { EPOCH = 1, REPLAY_WIDTH = 64 };

static uint64_t numbered(uint64_t seq) { return (uint64_t)EPOCH << SESSION_SEQ_BITS | seq; }

/* One direction of a session. */
struct keys {
	const uint8_t *key, *salt, *key16;
};

static void fill(struct aead_op *op, enum aead_alg alg, struct keys keys, uint64_t nonce,
		 uint8_t type, uint64_t seq, uint8_t *text, uint16_t len)
{
	op->src = op->dst = text;
	op->key = keys.key;
	op->len = len;
	op->aad_len = RECORD_AAD_LEN;
	op->ok = false;
	session_iv(alg, keys.salt, keys.key16, op->nonce);
	if (aead_info(alg)->explicit_len != 0)
		bytes_put_u64(op->nonce + 4, nonce);
	else
		nonce_implicit(op->nonce, nonce);
	record_aad(op->aad, type, EPOCH, seq, len);
}

static void run(struct aead *a, struct traffic_ops ops[AEAD_N],
		void (*what)(struct aead *, enum aead_alg, struct aead_op *, size_t))
{
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		if (ops[alg].n == 0)
			continue;
		what(a, alg, ops[alg].op, ops[alg].n);
		ops[alg].n = 0;
	}
}

static void commit_one(struct traffic *t, struct traffic_pending *p)
{
	bool ok = p->op != NULL && p->op->ok &&
		  replay_commit(&t->devices->hot[p->device], NULL, REPLAY_WIDTH, p->seq) ==
			  STATUS_OK &&
		  (p->mask == NULL || traffic13_strip(p));
	const struct traffic_record r = { p->device, p->type, p->len, p->text, p->seq };

	if (ok)
		t->handler.record(t->handler.arg, &r);
	else
		counter_add(&t->counts->unauthentic, 1);
}

/* The tags are known: windows move, and what is good is handed on. A record may end its session, so
 * that those behind it mean nothing any more. */
static void commit(struct traffic *t)
{
	unsigned n = t->n_pending;

	t->n_pending = 0;
	if (t->devices->v13 != NULL)
		traffic13_unmask(t, n);
	run(t->aead, t->open_ops, aead_open);
	for (unsigned i = 0; i < n; i++) {
		struct traffic_pending *p = &t->pending[i];

		if (device_state(t->devices, p->device) == DEVICE_LIVE)
			commit_one(t, p);
	}
}
static void add(struct traffic *t, uint32_t device, const struct record *rec, uint8_t *body)
{
	const struct session_hot *hot = &t->devices->hot[device];
	enum aead_alg alg = device_alg(hot);
	const struct aead_info *info = aead_info(alg);
	const struct keys keys = { device_rx_key(t->devices, device, alg), hot->rx_salt,
				   hot->rx_key };
	size_t len = rd_len(&rec->body), around = (size_t)info->explicit_len + info->tag_len;
	struct traffic_pending *p = &t->pending[t->n_pending];
	struct traffic_ops *ops = &t->open_ops[alg];

	if (len > around + t->rx_limit) {
		counter_add(&t->counts->malformed, 1);
		return;
	}
	if (rec->epoch != EPOCH || len < around ||
	    replay_check(hot, NULL, REPLAY_WIDTH, rec->seq) != STATUS_OK) {
		counter_add(&t->counts->unauthentic, 1);
		return;
	}
	*p = (struct traffic_pending){
		.op = &ops->op[ops->n++],
		.text = body + info->explicit_len,
		.seq = rec->seq,
		.device = device,
		.len = (uint16_t)(len - around),
		.type = rec->type,
	};
	fill(p->op, alg, keys, info->explicit_len != 0 ? bytes_u64(body) : numbered(rec->seq),
	     rec->type, rec->seq, p->text, p->len);
	t->n_pending++;
}

static void add_next(struct traffic *t, uint32_t device, struct rd *left, uint8_t *bytes)
{
	const uint8_t *start = left->p;
	struct record rec;

	if (t->devices->v13 != NULL)
		traffic13_add(t, device, left, bytes);
	else if (record_next(left, &rec) == STATUS_OK)
		add(t, device, &rec, bytes + (rec.body.p - start));
	else
		counter_add(&t->counts->malformed, 1);
	if (t->n_pending == TRAFFIC_BURST)
		commit(t);
}

static void parse(struct traffic *t, uint32_t device, uint8_t *bytes, uint16_t len)
{
	struct rd left = rd_of(bytes, len);

	for (unsigned n = 0; n < RECORDS_PER_DATAGRAM && rd_len(&left) > 0; n++) {
		if (device_state(t->devices, device) != DEVICE_LIVE)
			return;
		add_next(t, device, &left, bytes + (left.p - bytes));
	}
}

void traffic_open_bytes(struct traffic *t, uint32_t device, uint8_t *bytes, uint16_t len)
{
	parse(t, device, bytes, len);
	commit(t);
}

void traffic_open(struct traffic *t, struct load_buffer **bufs, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		traffic_prefetch(t, bufs[i]->device);
	for (unsigned i = 0; i < n; i++) {
		struct load_buffer *b = bufs[i];

		bytes += b->len;
		if (device_state(t->devices, b->device) == DEVICE_LIVE)
			parse(t, b->device, b->data, b->len);
		else
			t->handler.other(t->handler.arg, b);
	}
	commit(t);
	counter_add(&t->counts->rx_datagrams, n);
	counter_add(&t->counts->rx_bytes, bytes);
	load_port_release(t->egress->port, bufs, n);
}

static bool seal_12(struct traffic *t, struct load_buffer *b, uint8_t type)
{
	struct session_hot *hot = &t->devices->hot[b->device];
	enum aead_alg alg = device_alg(hot);
	const struct aead_info *info = aead_info(alg);
	const struct keys keys = { device_tx_key(t->devices, b->device, alg), hot->tx_salt,
				   hot->tx_key };
	unsigned front = RECORD_HEADER_LEN + (unsigned)info->explicit_len;
	unsigned around = (unsigned)info->explicit_len + info->tag_len;
	struct traffic_ops *ops = &t->seal_ops[alg];
	uint8_t *text = b->data;
	uint16_t len = b->len;
	uint64_t seq;

	/* The key's last record is its close_notify. */
	if (!session_take_tx_seq(hot, info->seal_max - (type != RECORD_ALERT), &seq))
		return false;
	b->data -= front;
	b->len = (uint16_t)(len + RECORD_HEADER_LEN + around);
	record_put_header(b->data, type, DTLS_1_2, EPOCH, seq, (uint16_t)(len + around));
	if (info->explicit_len != 0)
		bytes_put_u64(text - RECORD_EXPLICIT_MAX, numbered(seq));
	fill(&ops->op[ops->n++], alg, keys, numbered(seq), type, seq, text, len);
	return true;
}

bool traffic_seal_behind(struct traffic *t, struct load_buffer *b, uint8_t type,
			 const uint8_t *prefix, uint16_t prefix_len)
{
	if (!(t->devices->v13 != NULL ? traffic13_seal(t, b, type) : seal_12(t, b, type)))
		return false;
	if (prefix_len > 0) {
		b->data -= prefix_len;
		b->len = (uint16_t)(b->len + prefix_len);
		memcpy(b->data, prefix, prefix_len);
	}
	t->sealed[t->n_sealed++] = b;
	if (t->n_sealed == TRAFFIC_BURST)
		traffic_flush(t);
	return true;
}

void traffic_flush(struct traffic *t)
{
	unsigned n = t->n_sealed;

	t->n_sealed = 0;
	run(t->aead, t->seal_ops, aead_seal);
	if (t->devices->v13 != NULL)
		traffic13_mask(t);
	if (t->tap != NULL)
		t->tap(t->handler.arg, t->sealed, n);
	if (n > 0)
		egress_put(t->egress, t->sealed, n);
}
