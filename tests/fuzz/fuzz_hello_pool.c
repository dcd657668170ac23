/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hellos in parts: operations of { flow and message_seq 1 · time step 1 · length 2 · offset 2 ·
 * bytes 1 · seed 1 }. Bytes are made from the seed and their place, so that parts of one seed
 * agree.
 *
 * What comes out whole is compared, byte for byte, with what a plain buffer per flow has; nothing
 * is whole that has a hole there, and what was handed out stays until it is given back.
 */
#include "hello_pool.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 4, SEQS = 2, OPS_MAX = 200 };

/* The plain account of one hello. */
struct model {
	bool has[HELLO_POOL_MESSAGE_MAX];
	uint8_t bytes[HELLO_POOL_MESSAGE_MAX];
	uint32_t len;
};

static struct model models[FLOWS * SEQS];

static void must(bool truth)
{
	if (!truth)
		abort();
}

static uint8_t byte_of(uint8_t seed, uint32_t at) { return (uint8_t)(seed ^ (at * 7)); }

/* A part that says something else than what is there begins anew. */
static void model_add(struct model *m, const struct hs_fragment *f)
{
	uint32_t n = (uint32_t)rd_len(&f->body);
	bool agrees = m->len == f->len;

	for (uint32_t i = 0; i < n && agrees; i++)
		agrees = !m->has[f->off + i] || m->bytes[f->off + i] == f->body.p[i];
	if (!agrees)
		*m = (struct model){ .len = f->len };
	for (uint32_t i = 0; i < n; i++) {
		m->has[f->off + i] = true;
		m->bytes[f->off + i] = f->body.p[i];
	}
}

static void check_whole(struct rd whole, const struct hs_fragment *f, struct model *m)
{
	struct hs_fragment got;
	struct record rec;

	must(record_next(&whole, &rec) == STATUS_OK && rd_len(&whole) == 0);
	must(hs_fragment_next(&rec.body, &got) && rd_len(&rec.body) == 0);
	must(got.len == f->len && rd_len(&got.body) == f->len && got.seq == f->seq);
	for (uint32_t i = 0; i < f->len; i++)
		must(m->has[i] && m->bytes[i] == got.body.p[i]);
	*m = (struct model){ .len = 0 };
}

/* One operation; false: the input is at its end. */
static bool step(struct hello_pool *pool, struct rd *in, uint64_t *now_ns)
{
	struct flow flow = { .local_port = 5684 };
	struct hs_fragment f = { .type = HS_CLIENT_HELLO };
	uint8_t who, wait, n, seed, body[256];
	uint16_t len, off;
	struct model *m;
	struct rd whole;

	if (!rd_u8(in, &who) || !rd_u8(in, &wait) || !rd_u16(in, &len) || !rd_u16(in, &off) ||
	    !rd_u8(in, &n) || !rd_u8(in, &seed))
		return false;
	/* As hs_fragment_next lets it through, and short enough for the pool. */
	len = (uint16_t)(1 + len % HELLO_POOL_MESSAGE_MAX);
	off %= len;
	n = (uint8_t)(1 + n % 255);
	if (n > len - off)
		n = (uint8_t)(len - off);
	for (uint32_t i = 0; i < n; i++)
		body[i] = byte_of(seed % 2, off + i);
	f.seq = who / FLOWS % SEQS;
	f.len = len;
	f.off = off;
	f.body = rd_of(body, n);
	flow.remote_port = who % FLOWS;
	/* Within the rate, and before anything is too old: unit tests have those. */
	*now_ns += UINT64_C(1000000) * (1 + wait % 8);
	m = &models[who % (FLOWS * SEQS)];
	switch (hello_pool_add(pool, &flow, *now_ns, &f, 0, &whole)) {
	case STATUS_OK:
		model_add(m, &f);
		check_whole(whole, &f, m);
		break;
	case STATUS_HELLO_FRAGMENT:
		model_add(m, &f);
		break;
	default:
		break;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello_pool *pool = hello_pool_new();
	struct rd in = rd_of(data, size);
	uint64_t now_ns = UINT64_C(1000000000);

	must(pool != NULL);
	memset(models, 0, sizeof(models));
	for (unsigned i = 0; i < OPS_MAX && step(pool, &in, &now_ns); i++)
		if (i % 16 == 0)
			hello_pool_release(pool);
	hello_pool_free(pool);
	return 0;
}
