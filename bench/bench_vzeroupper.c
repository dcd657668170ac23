/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SHA-256 right after an AEAD call, against the same alone.
 *
 * SHA-NI code has no VEX prefixes: entered while the upper halves of the vector registers are
 * dirty, it takes several to a hundred times as long on some CPUs. An engine must leave them clean,
 * or every HMAC behind it pays. "ratio" near 1 is what we want; "dirty" shows what the trap costs
 * on this CPU. Our own sha2.c cleans them itself, whoever left them dirty: "ours".
 *
 * Medians of single calls between two readings of the time stamp counter.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "benches.h"

#include "aead.h"
#include "sha2.h"

#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include <openssl/sha.h>

enum { RECORDS = 16, LEN = 64, SAMPLES = 4001, BLOCKS = 8 };

/* What runs before the block. */
enum { ALONE = -1, DIRTY = -2 };

struct trap {
	struct aead *a;
	enum aead_alg alg;
	struct aead_op ops[RECORDS];
	uint8_t records[RECORDS][LEN + AEAD_TAG_MAX], keys[RECORDS][AEAD_KEY_MAX];
	uint32_t raw[SAMPLES], ours[SAMPLES];
};

/* Without the compiler's knowledge, which would clean them at the function's end. */
static void uppers(bool dirty)
{
	__asm__ volatile("vzeroupper");
	if (dirty)
		__asm__ volatile("vcmpps $15, %%ymm0, %%ymm0, %%ymm0" : : : "xmm0");
}

static void before(struct trap *t, int64_t what)
{
	if (what == ALONE || what == DIRTY) {
		if (__builtin_cpu_supports("avx"))
			uppers(what == DIRTY);
		return;
	}
	aead_seal(t->a, t->alg, t->ops, RECORDS);
}

/* Some blocks by libcrypto, then as many by our own code, each right after what. One would be as
 * short as the counter's steps on some CPUs. */
static void measure(struct trap *t, int64_t what, size_t i)
{
	static const uint8_t block[64] = { 1, 2, 3 };
	uint32_t words[8];
	SHA256_CTX c;
	uint64_t start;
	unsigned cpu;

	(void)SHA256_Init(&c);
	sha2_256_start(words);
	before(t, what);
	_mm_lfence();
	start = __rdtsc();
	for (int k = 0; k < BLOCKS; k++)
		SHA256_Transform(&c, block);
	t->raw[i] = (uint32_t)(__rdtscp(&cpu) - start);
	bench_keep(&c);
	before(t, what);
	_mm_lfence();
	start = __rdtsc();
	for (int k = 0; k < BLOCKS; k++)
		sha2_256_blocks(words, block, 1);
	t->ours[i] = (uint32_t)(__rdtscp(&cpu) - start);
	bench_keep(words);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double median(uint32_t *samples)
{
	const size_t middle = SAMPLES / 2;

	qsort(samples, SAMPLES, sizeof(*samples), by_size);
	return samples[middle];
}

/* Alone and after the call by turns, so that a slow moment of the machine is one for both. */
static void run(struct bench *b, struct trap *t)
{
	static struct trap alone;
	double raw, ours, after;

	for (size_t i = 0; i < RECORDS; i++)
		t->ops[i] = (struct aead_op){ .src = t->records[i],
					      .dst = t->records[i],
					      .key = t->keys[i],
					      .len = LEN,
					      .aad_len = 13 };
	for (size_t i = 0; i < SAMPLES; i++) {
		measure(&alone, ALONE, i);
		measure(t, bench_arg(b, 0), i);
	}
	while (bench_next(b))
		before(t, bench_arg(b, 0));
	raw = median(alone.raw);
	ours = median(alone.ours);
	after = median(t->raw);
	bench_value(b, "block_alone", raw / BLOCKS);
	bench_value(b, "block_after", after / BLOCKS);
	bench_value(b, "ratio", after / raw);
	bench_value(b, "ratio_ours", median(t->ours) / ours);
	bench_items(b, RECORDS);
}

static void after_engine(struct bench *b)
{
	struct trap *t = calloc(1, sizeof(*t));
	int64_t what = bench_arg(b, 0);

	if (t != NULL && what >= 0)
		t->a = aead_new((enum aead_engine)what);
	if (t == NULL || (what >= 0 && t->a == NULL)) {
		bench_fail(b, "no such engine, or no memory");
	} else {
		t->alg = (enum aead_alg)bench_arg(b, 1);
		run(b, t);
		aead_free(t->a);
	}
	free(t);
}

/* add: when the engine exists here. */
static void add(const char *name, int64_t engine, enum aead_alg alg)
{
	struct aead *a = engine >= 0 ? aead_new((enum aead_engine)engine) : NULL;
	char full[96];

	if (engine >= 0 && a == NULL)
		return;
	aead_free(a);
	snprintf(full, sizeof(full), "vzeroupper/%s%s%s", name, engine < 0 ? "" : "/",
		 engine < 0 ? "" : aead_info(alg)->name);
	bench_add(full, after_engine, (int64_t[]){ engine, alg }, 2);
}

void bench_vzeroupper_add(void)
{
	add("alone", ALONE, 0);
	if (__builtin_cpu_supports("avx"))
		add("dirty", DIRTY, 0);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		add("mb64", AEAD_ENGINE_MB64, alg);
		add("mb4", AEAD_ENGINE_MB4, alg);
		add("ipsec-mb", AEAD_ENGINE_IPSEC_MB, alg);
		add("libcrypto", AEAD_ENGINE_LIBCRYPTO, alg);
	}
}
