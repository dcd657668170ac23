/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver of the mb64 engine: from a batch of records to calls of 16 of about one length.
 *
 * A call takes as long as its longest record does, and as much for one record as for 16. So a
 * batch of mixed lengths is sorted by blocks; a last call that would be too empty to pay goes to
 * another engine, and so do long records, which fill the vector unit by themselves, and algorithms
 * without a kernel.
 *
 * This file is compiled for every CPU: it is what looks whether the kernels can run.
 */
#include "aead_mb64.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>

enum {
	BATCH = 128,  /* sorted at a time */
	MASK_MIN = 5, /* of masks: fewer are faster in the other engine's 4 lanes */
	BLOCKS_MAX = MB64_LEN_MAX / MB64_BLOCK,
};

struct aead_mb64 {
	struct aead_backed backed;
	struct mb64_scratch scratch;
	struct aead_op sorted[BATCH];
	struct aead_op last[MB64_LANES]; /* a call that is not full */
	/* What its dummy lanes work on. */
	uint8_t dummy_text[MB64_LEN_MAX + AEAD_TAG_MAX];
	uint8_t dummy_key[AEAD_KEY_MAX];
};

static const struct mb64_kernel *const kernels[AEAD_N] = {
	[AEAD_AES_128_GCM] = &mb64_gcm_128,
	[AEAD_AES_256_GCM] = &mb64_gcm_256,
	[AEAD_AES_128_CCM] = &mb64_ccm_128,
	[AEAD_AES_128_CCM_8] = &mb64_ccm_8_128,
};

static unsigned blocks_of(unsigned len) { return (len + MB64_BLOCK - 1) / MB64_BLOCK; }

static void run_other(struct aead_mb64 *m, enum aead_alg alg, enum aead_direction direction,
		      struct aead_op *ops, size_t n)
{
	if (n > 0)
		m->backed.other->ops->run(m->backed.other, alg, direction, ops, n);
}

/*
 * What a call costs, and records elsewhere, in units of 8 TSC cycles of a Zen 4
 * (bench/bench_aead.c, by burst and by length; the algorithms differ little). In the call, blocks
 * that only some records have cost more, for their masks. Elsewhere, short records are done by
 * fours, long ones and AES-256 alone by ipsec-mb.
 */
static unsigned cost_of_call(unsigned shortest, unsigned longest)
{
	return 40 + 12 * longest + 4 * (longest - shortest);
}

static unsigned cost_elsewhere(enum aead_alg alg, unsigned blocks, size_t n)
{
	unsigned together = 32 + 5 * blocks, alone = 40 + blocks / 2;

	n = n < 4 ? n : 4;
	if (alg == AEAD_AES_256_GCM || together > n * alone)
		return (unsigned)n * alone;
	return together;
}

/* Whether a call of these n records, longest first, costs less than they do elsewhere. */
static bool call_pays(enum aead_alg alg, const struct aead_op *ops, size_t n)
{
	unsigned elsewhere = 0;

	for (size_t i = 0; i < n; i += 4)
		elsewhere += cost_elsewhere(alg, blocks_of(ops[i].len), n - i);
	return cost_of_call(blocks_of(ops[n - 1].len), blocks_of(ops[0].len)) < elsewhere;
}

/* A call of n < MB64_LANES records, longest first, and dummies, which are as long as the last of
 * them, so that they do not end the steps without masks. */
static void run_last(struct aead_mb64 *m, mb64_run *run, struct aead_op *ops, size_t n)
{
	const struct aead_op dummy = { .src = m->dummy_text,
				       .dst = m->dummy_text,
				       .key = m->dummy_key,
				       .len = ops[n - 1].len };

	memcpy(m->last, ops, n * sizeof(*ops));
	for (size_t i = n; i < MB64_LANES; i++)
		m->last[i] = dummy;
	run(&m->scratch, m->last);
	for (size_t i = 0; i < n; i++)
		ops[i].ok = m->last[i].ok;
}

/* Records of at most MB64_LEN_MAX bytes, longest first. */
static void run_calls(struct aead_mb64 *m, enum aead_alg alg, enum aead_direction direction,
		      struct aead_op *ops, size_t n)
{
	const struct mb64_kernel *kernel = kernels[alg];
	mb64_run *run = direction == AEAD_OPEN ? kernel->open : kernel->seal;
	size_t last = n % MB64_LANES, full = n - last;

	for (size_t i = 0; i < full; i += MB64_LANES)
		run(&m->scratch, ops + i);
	if (last > 0 && call_pays(alg, ops + full, last))
		run_last(m, run, ops + full, last);
	else
		run_other(m, alg, direction, ops + full, last);
}

/* Those too long for a call count as one block more than the longest for one. */
static unsigned order_of(const struct aead_op *op)
{
	return op->len > MB64_LEN_MAX ? BLOCKS_MAX + 1 : blocks_of(op->len);
}

/* sort: by blocks, descending, so that it is the short ones that may not fill a call; from: where
 * each was. Returns how many are too long for a call. */
static size_t sort(struct aead_op *sorted, uint8_t *from, const struct aead_op *ops, size_t n)
{
	uint8_t at[BLOCKS_MAX + 2] = { 0 };
	unsigned start = 0;
	size_t too_long;

	for (size_t i = 0; i < n; i++)
		at[order_of(&ops[i])]++;
	too_long = at[BLOCKS_MAX + 1];
	for (unsigned b = BLOCKS_MAX + 2; b-- > 0;) {
		unsigned count = at[b];

		at[b] = (uint8_t)start;
		start += count;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned to = at[order_of(&ops[i])]++;

		sorted[to] = ops[i];
		from[to] = (uint8_t)i;
	}
	return too_long;
}

/* At most BATCH records of any length. */
static __attribute__((noinline)) void run_mixed(struct aead_mb64 *m, enum aead_alg alg,
						enum aead_direction direction, struct aead_op *ops,
						size_t n)
{
	uint8_t from[BATCH];
	size_t too_long = sort(m->sorted, from, ops, n);

	run_other(m, alg, direction, m->sorted, too_long);
	run_calls(m, alg, direction, m->sorted + too_long, n - too_long);
	for (size_t i = 0; i < n; i++)
		ops[from[i]].ok = m->sorted[i].ok;
}

/* Whether all have as many blocks as the first, and may be in a call; most often all are equally
 * long. */
static bool is_sorted(const struct aead_op *ops, size_t n)
{
	unsigned len = ops[0].len, other = 0, mixed = len > MB64_LEN_MAX;

#pragma GCC unroll 8
	for (size_t i = 1; i < n; i++)
		other |= ops[i].len ^ len;
	for (size_t i = 1; other != 0 && i < n; i++)
		mixed |= blocks_of(ops[i].len) ^ blocks_of(len);
	return mixed == 0;
}

static void run(struct aead *a, enum aead_alg alg, enum aead_direction direction,
		struct aead_op *ops, size_t n)
{
	struct aead_mb64 *m = (struct aead_mb64 *)a;

	if (kernels[alg] == NULL) {
		run_other(m, alg, direction, ops, n);
		return;
	}
	for (size_t i = 0, part; i < n; i += part) {
		part = n - i < BATCH ? n - i : BATCH;
		if (is_sorted(ops + i, part))
			run_calls(m, alg, direction, ops + i, part);
		else
			run_mixed(m, alg, direction, ops + i, part);
	}
}

static void mask(struct aead *a, enum aead_alg alg, struct aead_mask_op *ops, size_t n)
{
	(void)a;
	if (alg == AEAD_CHACHA20_POLY1305)
		aead_mask_chacha20(ops, n);
	else
		mb64_mask_aes(aead_info(alg)->key_len, ops, n);
}

/* Whether the system saves all of AVX-512's registers: XCR0's bits 1 and 2, 5 to 7. */
static bool system_saves_zmm(void)
{
	uint32_t a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0)
		return false;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 0xe6) == 0xe6;
}

static bool cpu_has_it(void)
{
	const uint32_t want7b =
		bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL | bit_AVX2 | bit_BMI2;
	const uint32_t want7c = bit_AVX512VBMI2 | bit_GFNI | bit_VAES | bit_VPCLMULQDQ;
	uint32_t a, b, c, d;

	return system_saves_zmm() && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
	       (b & want7b) == want7b && (c & want7c) == want7c;
}

static const struct aead_engine_ops mb64_ops = { .free = aead_backed_free,
						 .run = run,
						 .mask = mask };

struct aead *aead_mb64_new(void)
{
	struct aead_mb64 *m;

	if (!cpu_has_it()) {
		errno = ENOTSUP;
		return NULL;
	}
	m = (struct aead_mb64 *)aead_backed_new(sizeof(*m), aead_mb4_new, &mb64_ops, "mb64 AVX512");
	return m == NULL ? NULL : &m->backed.base;
}
