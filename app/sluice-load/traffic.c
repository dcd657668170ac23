/* SPDX-License-Identifier: BSD-3-Clause */
#include "record13.h"
#include "replay.h"
#include "traffic12.h"
#include "traffic13.h"

enum { REPLAY_WIDTH = 64 };

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

/* What is in the inner plaintext; false: it has no type. */
static bool strip(struct traffic_pending *p)
{
	size_t len;

	if (!record13_take_inner(p->text, p->len, &p->type, &len))
		return false;
	p->len = (uint16_t)len;
	return true;
}

static bool take_number(struct traffic *t, const struct traffic_pending *p)
{
	if (t->devices->v13 != NULL)
		return traffic13_take_number(t, p);
	return replay_commit(&t->devices->hot[p->device], NULL, REPLAY_WIDTH, p->seq) == STATUS_OK;
}

static void commit_one(struct traffic *t, struct traffic_pending *p)
{
	bool ok = (p->op != NULL ? p->op->ok : p->opened) && take_number(t, p) &&
		  (!p->inner || strip(p));
	const struct traffic_record r = { p->device, p->type, p->len, p->text, p->seq, p->epoch };

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

static void add_next(struct traffic *t, uint32_t device, struct rd *left, uint8_t *bytes)
{
	if (t->devices->v13 != NULL)
		traffic13_add(t, device, left, bytes);
	else
		traffic12_add(t, device, left, bytes);
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

bool traffic_seal_behind(struct traffic *t, struct load_buffer *b, uint8_t type,
			 const uint8_t *prefix, uint16_t prefix_len)
{
	if (!(t->devices->v13 != NULL ? traffic13_seal(t, b, type) : traffic12_seal(t, b, type)))
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
