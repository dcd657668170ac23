/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a kernel's time depends on secrets: Welch's t-test between two classes of input, after
 * Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (2017).
 *
 *   key    one fixed key for all records, against random keys
 *   plain  one fixed plaintext, against random ones
 *   tag    right tags, against wrong ones (opening; without the wiping behind a wrong one)
 *
 * Both classes have the same number of inputs, lie in equal pools, are copied to the same place
 * before each call, and come in random order. "t" is over the fastest nine tenths of the calls,
 * "t_all" over all of them. |t| below 4.5 says that no difference was found with so many calls;
 * larger values that stay when run again are one. "control" is a comparison that ends early, which
 * must show.
 */
#include "benches.h"

#include "aead_engine.h"

#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

enum { RECORDS = 16, LEN = 64, ROOM = LEN + AEAD_TAG_MAX, POOL = 32, SAMPLES = 1 << 17 };

enum kind { KEY, PLAIN, TAG, KINDS_N };

/* What a call works on. */
struct input {
	uint8_t keys[RECORDS][AEAD_KEY_MAX];
	uint8_t records[RECORDS][ROOM];
};

struct experiment {
	struct aead *a;
	enum aead_alg alg;
	enum aead_direction direction;
	struct input pool[2][POOL], now;
	struct aead_op ops[RECORDS];
	size_t n[2];
	uint32_t samples[2][SAMPLES];
	uint64_t random;
};

static uint64_t number(struct experiment *e)
{
	e->random ^= e->random >> 12;
	e->random ^= e->random << 25;
	e->random ^= e->random >> 27;
	return e->random * UINT64_C(2685821657736338717);
}

static void fill(struct experiment *e, uint8_t *p, size_t n, bool fixed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = fixed ? (uint8_t)(3 * i) : (uint8_t)(number(e) >> 40);
}

/* seal_input: an input's records, by libcrypto, where opening is measured. */
static void seal_input(struct experiment *e, struct aead *libcrypto, struct input *in)
{
	struct aead_op op;

	for (size_t i = 0; i < RECORDS; i++) {
		op = e->ops[i];
		op.key = in->keys[i];
		op.src = op.dst = in->records[i];
		aead_seal(libcrypto, e->alg, &op, 1);
	}
}

static void make_input(struct experiment *e, struct aead *libcrypto, enum kind kind, int class,
		       struct input *in)
{
	bool fixed = class == 0;

	for (size_t i = 0; i < RECORDS; i++) {
		fill(e, in->keys[i], AEAD_KEY_MAX, fixed || kind != KEY);
		fill(e, in->records[i], ROOM, fixed || kind != PLAIN);
	}
	if (e->direction == AEAD_SEAL)
		return;
	seal_input(e, libcrypto, in);
	for (size_t i = 0; i < RECORDS && kind == TAG && class == 1; i++)
		in->records[i][LEN + number(e) % aead_info(e->alg)->tag_len] ^= 1;
}

static void one_call(struct experiment *e)
{
	int class = (int)(number(e) >> 63);
	uint64_t start, stop;
	unsigned cpu;

	memcpy(&e->now, &e->pool[class][(number(e) >> 32) % POOL], sizeof(e->now));
	_mm_mfence();
	_mm_lfence();
	start = __rdtsc();
	e->a->ops->run(e->a, e->alg, e->direction, e->ops, RECORDS);
	stop = __rdtscp(&cpu);
	_mm_lfence();
	if (e->n[class] < SAMPLES)
		e->samples[class][e->n[class]++] = (uint32_t)(stop - start);
}

/* Statistics */

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* welch: t over what is at most limit. */
static double welch(const struct experiment *e, uint32_t limit)
{
	double mean[2], error[2];

	for (int class = 0; class < 2; class ++) {
		double sum = 0, squares = 0, n = 0;

		for (size_t i = 0; i < e->n[class]; i++) {
			double x = e->samples[class][i];

			if (e->samples[class][i] > limit)
				continue;
			sum += x;
			squares += x * x;
			n++;
		}
		if (n < 2)
			return 0;
		mean[class] = sum / n;
		error[class] = (squares - sum * sum / n) / (n - 1) / n;
	}
	return error[0] + error[1] > 0 ? (mean[0] - mean[1]) / sqrt(error[0] + error[1]) : 0;
}

/* limit_of: what nine tenths of all samples do not exceed. */
static uint32_t limit_of(const struct experiment *e)
{
	size_t n = e->n[0] + e->n[1];
	uint32_t *all = malloc((n + 1) * sizeof(*all)), limit;

	if (all == NULL || n == 0) {
		free(all);
		return UINT32_MAX;
	}
	memcpy(all, e->samples[0], e->n[0] * sizeof(*all));
	memcpy(all + e->n[0], e->samples[1], e->n[1] * sizeof(*all));
	qsort(all, n, sizeof(*all), by_size);
	limit = all[n / 10 * 9];
	free(all);
	return limit;
}

static void report(struct bench *b, const struct experiment *e)
{
	uint32_t limit = limit_of(e);

	bench_value(b, "t", welch(e, limit));
	bench_value(b, "t_all", welch(e, UINT32_MAX));
	bench_value(b, "calls", (double)(e->n[0] + e->n[1]));
	bench_items(b, RECORDS);
}

/* The control: an engine of one comparison, byte by byte. */

static void control_run(struct aead *a, enum aead_alg alg, enum aead_direction direction,
			struct aead_op *ops, size_t n)
{
	(void)a;
	(void)alg;
	(void)direction;
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		while (at < LEN && ops[i].src[at] == (uint8_t)(3 * at))
			at++;
		ops[i].ok = at == LEN;
	}
}

static const struct aead_engine_ops control_ops = { .run = control_run };

/* Benches */

static void setup(struct experiment *e, struct aead *libcrypto, enum kind kind)
{
	for (size_t i = 0; i < RECORDS; i++)
		e->ops[i] = (struct aead_op){ .src = e->now.records[i],
					      .dst = e->now.records[i],
					      .key = e->now.keys[i],
					      .len = LEN,
					      .aad_len = 13,
					      .nonce = { (uint8_t)i } };
	for (int class = 0; class < 2; class ++) {
		for (size_t i = 0; i < POOL; i++)
			make_input(e, libcrypto, kind, class, &e->pool[class][i]);
	}
	for (size_t i = 0; i < 1000; i++)
		one_call(e);
	e->n[0] = e->n[1] = 0;
}

static void run(struct bench *b)
{
	struct experiment *e = calloc(1, sizeof(*e));
	struct aead *libcrypto = aead_new(AEAD_ENGINE_LIBCRYPTO), control = { .ops = &control_ops };
	int64_t engine = bench_arg(b, 0);

	if (e != NULL)
		e->a = engine < 0 ? &control : aead_new((enum aead_engine)engine);
	if (e == NULL || libcrypto == NULL || e->a == NULL) {
		bench_fail(b, "no such engine, or no memory");
	} else {
		e->random = 88172645463325252;
		e->alg = (enum aead_alg)bench_arg(b, 1);
		e->direction = (enum aead_direction)bench_arg(b, 2);
		setup(e, libcrypto, (enum kind)bench_arg(b, 3));
		while (bench_next(b))
			one_call(e);
		report(b, e);
	}
	if (e != NULL && engine >= 0)
		aead_free(e->a);
	aead_free(libcrypto);
	free(e);
}

static void add(const char *name, int64_t engine, enum aead_alg alg, enum aead_direction direction,
		enum kind kind)
{
	static const char *const kinds[KINDS_N] = { "key", "plain", "tag" };
	char full[96];

	snprintf(full, sizeof(full), "constant_time/%s/%s/%s/%s", name, aead_info(alg)->name,
		 direction == AEAD_OPEN ? "open" : "seal", kinds[kind]);
	bench_add(full, run, (int64_t[]){ engine, alg, direction, kind }, 4);
}

/* add_engine: when it exists here. */
static void add_engine(const char *name, enum aead_engine engine)
{
	struct aead *a = aead_new(engine);

	if (a == NULL)
		return;
	aead_free(a);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (enum kind kind = 0; kind < KINDS_N; kind++) {
			add(name, engine, alg, AEAD_OPEN, kind);
			if (kind != TAG)
				add(name, engine, alg, AEAD_SEAL, kind);
		}
	}
}

void bench_constant_time_add(void)
{
	add("control", -1, AEAD_AES_128_GCM, AEAD_SEAL, PLAIN);
	add_engine("mb64", AEAD_ENGINE_MB64);
	add_engine("mb4", AEAD_ENGINE_MB4);
	add_engine("ipsec-mb", AEAD_ENGINE_IPSEC_MB);
}
