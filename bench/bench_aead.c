/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records opened and sealed, per engine, algorithm, length and number of sessions.
 *
 * Keys lie as in the product: raw, in one cache line a session, met in random order, prefetched a
 * burst before. All sessions have the same key bytes, so that one set of sealed records fits all;
 * engines cannot tell, since they know a key by its address. Opening is out of place, which leaves
 * the sealed records as they are.
 */
#include "benches.h"

#include "aead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BURST_MAX = 32, LEN_MAX = 1024, ROOM = LEN_MAX + 64, SESSIONS_MAX = 100000, AAD_LEN = 13 };

struct line {
	uint8_t key[32], rest[32];
} __attribute__((aligned(64)));

struct fleet {
	struct line lines[SESSIONS_MAX];
	uint32_t order[SESSIONS_MAX]; /* a permutation of 0..n-1 */
	size_t n, at, burst;
	uint8_t src[BURST_MAX][ROOM], dst[BURST_MAX][ROOM];
	struct aead_op ops[BURST_MAX];
};

static struct fleet *fleet_new(size_t n, size_t burst)
{
	struct fleet *f = aligned_alloc(64, sizeof(*f));
	uint64_t x = 88172645463325252;

	if (f == NULL)
		return NULL;
	memset(f, 0, sizeof(*f));
	f->n = n;
	f->burst = burst;
	for (size_t i = 0; i < n; i++) {
		memset(f->lines[i].key, 0x42, sizeof(f->lines[i].key));
		f->order[i] = (uint32_t)i;
	}
	for (size_t i = n; i-- > 1;) {
		size_t j;
		uint32_t swap = f->order[i];

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		j = x % (i + 1);
		f->order[i] = f->order[j];
		f->order[j] = swap;
	}
	return f;
}

static const struct line *fleet_line(const struct fleet *f, size_t ahead)
{
	size_t i = f->at + ahead;

	return &f->lines[f->order[i < f->n ? i : i - f->n]];
}

/* Sets up a burst for the next sessions, and fetches the lines of the burst after it. */
static void next_burst(struct fleet *f, size_t len)
{
	for (size_t i = 0; i < f->burst; i++)
		__builtin_prefetch(fleet_line(f, f->burst + i));
	for (size_t i = 0; i < f->burst; i++)
		f->ops[i] = (struct aead_op){ .src = f->src[i],
					      .dst = f->dst[i],
					      .key = fleet_line(f, i)->key,
					      .len = (uint16_t)len,
					      .aad_len = AAD_LEN };
	f->at = f->at + f->burst < f->n ? f->at + f->burst : f->at + f->burst - f->n;
}

static bool all_ok(const struct fleet *f)
{
	bool ok = true;

	for (size_t i = 0; i < f->burst; i++)
		ok = ok && f->ops[i].ok;
	return ok;
}

static void run(struct bench *b, struct aead *a, struct fleet *f, bool opening)
{
	enum aead_alg alg = (enum aead_alg)bench_arg(b, 1);
	size_t len = (size_t)bench_arg(b, 2);

	next_burst(f, len);
	aead_seal(a, alg, f->ops, f->burst);
	memcpy(f->src, f->dst, sizeof(f->src));
	while (bench_next(b)) {
		next_burst(f, len);
		if (opening)
			aead_open(a, alg, f->ops, f->burst);
		else
			aead_seal(a, alg, f->ops, f->burst);
		bench_keep(f->dst);
	}
	if (opening && !all_ok(f))
		bench_fail(b, "a record did not open");
	bench_items(b, f->burst);
	bench_bytes(b, f->burst * len);
}

static void run_engine(struct bench *b, bool opening)
{
	struct aead *a = aead_new((enum aead_engine)bench_arg(b, 0));
	struct fleet *f = fleet_new((size_t)bench_arg(b, 3), (size_t)bench_arg(b, 4));

	if (a == NULL || f == NULL)
		bench_fail(b, "no such engine, or no memory");
	else
		run(b, a, f, opening);
	free(f);
	aead_free(a);
}

static void open_records(struct bench *b) { run_engine(b, true); }
static void seal_records(struct bench *b) { run_engine(b, false); }

static void add(const int64_t args[5], const char *engine_name)
{
	char name[128];

	for (int opening = 1; opening >= 0; opening--) {
		snprintf(name, sizeof(name), "aead_%s/%s/%s/len:%d/sessions:%d/burst:%d",
			 opening ? "open" : "seal", engine_name,
			 aead_info((enum aead_alg)args[1])->name, (int)args[2], (int)args[3],
			 (int)args[4]);
		bench_add(name, opening ? open_records : seal_records, args, 5);
	}
}

static void add_engine(int64_t engine, const char *name, int64_t alg)
{
	static const int64_t lens[] = { 16, 64, 128, 256, 1024 }, sessions[] = { 64, SESSIONS_MAX };
	static const int64_t bursts[] = { 1, 4, 8, 16 };

	for (size_t i = 0; i < 2 * sizeof(lens) / sizeof(lens[0]); i++)
		add((int64_t[]){ engine, alg, lens[i / 2], sessions[i % 2], BURST_MAX }, name);
	for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++)
		add((int64_t[]){ engine, alg, 64, 64, bursts[i] }, name);
}

void bench_aead_add(void)
{
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		add_engine(AEAD_ENGINE_IPSEC_MB, "ipsec-mb", alg);
		add_engine(AEAD_ENGINE_LIBCRYPTO, "libcrypto", alg);
	}
}
