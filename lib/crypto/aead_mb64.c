/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver of the mb64 engine: from a batch of records to calls of 16 of about one length.
 *
 * A call takes as long as its longest record does, and as much for one record as for 16. So a
 * batch is sorted by blocks; a last call that would be too empty to pay goes to another engine, and
 * so do long records, which fill the vector unit by themselves, and algorithms without a kernel.
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
	/* What a call's dummy lanes work on. */
	struct aead_op dummy;
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

static bool in_a_row(struct aead_op *const ops[], size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (ops[i] != ops[0] + i)
			return false;
	}
	return true;
}

/* By the other engine, which wants records in a row. */
static void run_other(struct aead_mb64 *m, enum aead_alg alg, enum aead_direction direction,
		      struct aead_op *const ops[], size_t n)
{
	struct aead_op row[MB64_LANES];

	if (n > 0 && in_a_row(ops, n)) {
		m->backed.other->ops->run(m->backed.other, alg, direction, ops[0], n);
		return;
	}
	for (size_t done = 0, part; done < n; done += part) {
		part = n - done < MB64_LANES ? n - done : MB64_LANES;
		for (size_t i = 0; i < part; i++)
			row[i] = *ops[done + i];
		m->backed.other->ops->run(m->backed.other, alg, direction, row, part);
		for (size_t i = 0; i < part; i++)
			ops[done + i]->ok = row[i].ok;
	}
}

static void fill(struct mb64_call *call, struct aead_op *const ops[MB64_LANES])
{
	unsigned len_min = UINT16_MAX, len_max = 0;

	call->aad_max = 0;
	for (unsigned i = 0; i < MB64_LANES; i++) {
		struct aead_op *op = ops[i];

		call->op[i] = op;
		call->src[i] = op->src;
		call->dst[i] = op->dst;
		call->key[i] = op->key;
		call->len[i] = op->len;
		call->aad_len[i] = op->aad_len;
		len_min = op->len < len_min ? op->len : len_min;
		len_max = op->len > len_max ? op->len : len_max;
		call->aad_max = op->aad_len > call->aad_max ? op->aad_len : call->aad_max;
	}
	call->whole = len_min / MB64_BLOCK;
	call->blocks = blocks_of(len_max);
}

/* sort: by blocks, descending, so that it is the short ones that may not fill a call. */
static void sort(struct aead_op **ops, size_t n, unsigned blocks_max)
{
	uint8_t at[BLOCKS_MAX + 1];
	struct aead_op *unsorted[BATCH];
	unsigned start = 0;

	memset(at, 0, blocks_max + 1);
	for (size_t i = 0; i < n; i++) {
		unsorted[i] = ops[i];
		at[blocks_of(ops[i]->len)]++;
	}
	for (unsigned b = blocks_max + 1; b-- > 0;) {
		unsigned count = at[b];

		at[b] = (uint8_t)start;
		start += count;
	}
	for (size_t i = 0; i < n; i++)
		ops[at[blocks_of(unsorted[i]->len)]++] = unsorted[i];
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
static bool call_pays(enum aead_alg alg, struct aead_op *const ops[], size_t n)
{
	unsigned elsewhere = 0;

	for (size_t i = 0; i < n; i += 4)
		elsewhere += cost_elsewhere(alg, blocks_of(ops[i]->len), n - i);
	return cost_of_call(blocks_of(ops[n - 1]->len), blocks_of(ops[0]->len)) < elsewhere;
}

/* n records, at most BATCH, longest first; room for MB64_LANES more. */
static void run_calls(struct aead_mb64 *m, enum aead_alg alg, enum aead_direction direction,
		      struct aead_op *ops[], size_t n)
{
	const struct mb64_kernel *kernel = kernels[alg];
	mb64_run *run = direction == AEAD_OPEN ? kernel->open : kernel->seal;
	size_t last = n % MB64_LANES;
	struct mb64_call call;

	if (last > 0 && !call_pays(alg, ops + n - last, last)) {
		run_other(m, alg, direction, ops + n - last, last);
		n -= last;
	}
	/* As long as a real one, so that they do not end the steps without masks. */
	m->dummy.len = n > 0 ? ops[n - 1]->len : 0;
	for (size_t i = 0; i < MB64_LANES; i++)
		ops[n + i] = &m->dummy;
	for (size_t i = 0; i < n; i += MB64_LANES) {
		fill(&call, ops + i);
		run(&m->scratch, &call);
	}
}

/* At most BATCH records. */
static void run_sorted(struct aead_mb64 *m, enum aead_alg alg, enum aead_direction direction,
		       struct aead_op *ops, size_t n)
{
	struct aead_op *mine[BATCH + MB64_LANES], *others[BATCH];
	size_t n_mine = 0, n_others = 0;
	unsigned len_max = 0, mixed = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned len = ops[i].len;

		if (len > MB64_LEN_MAX) {
			others[n_others++] = &ops[i];
			continue;
		}
		mine[n_mine++] = &ops[i];
		mixed |= blocks_of(len) ^ blocks_of(mine[0]->len);
		len_max = len > len_max ? len : len_max;
	}
	if (mixed != 0)
		sort(mine, n_mine, blocks_of(len_max));
	run_calls(m, alg, direction, mine, n_mine);
	run_other(m, alg, direction, others, n_others);
}

static void run(struct aead *a, enum aead_alg alg, enum aead_direction direction,
		struct aead_op *ops, size_t n)
{
	struct aead_mb64 *m = (struct aead_mb64 *)a;

	if (kernels[alg] == NULL) {
		m->backed.other->ops->run(m->backed.other, alg, direction, ops, n);
		return;
	}
	for (size_t i = 0; i < n; i += BATCH)
		run_sorted(m, alg, direction, ops + i, n - i < BATCH ? n - i : BATCH);
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
	if (m == NULL)
		return NULL;
	m->dummy =
		(struct aead_op){ .src = m->dummy_text, .dst = m->dummy_text, .key = m->dummy_key };
	return &m->backed.base;
}
