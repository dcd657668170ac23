/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AEAD for CPUs without AVX-512: short records under AES-128 four at a time by the kernels of
 * aead_mb4.h, all others by ipsec-mb.
 *
 * Records go to the kernels sorted by their number of blocks, so that lanes end together.
 */
#include "aead_mb4.h"

#include <errno.h>

#include <cpuid.h>

/* Beyond LEN_MAX ipsec-mb's rate for long messages wins over its expanding every key
 * (bench/bench_aead.c). */
enum { WINDOW = 64, LEN_MAX = 640, BLOCKS_MAX = LEN_MAX / 16 };

struct aead_mb4 {
	struct aead_backed backed;
	struct aead_mb4_scratch scratch;
	struct aead_op none; /* fills lanes up */
	uint8_t none_key[AEAD_KEY_MAX], none_out[AEAD_TAG_MAX];
};

static size_t blocks(const struct aead_op *op) { return ((size_t)op->len + 15) / 16; }

/* sort: pointers to the short ones of n operations, by number of blocks. Returns how many. */
static size_t sort(struct aead_op *ops, size_t n, struct aead_op *sorted[WINDOW])
{
	uint8_t start[BLOCKS_MAX + 2] = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (ops[i].len <= LEN_MAX)
			start[blocks(&ops[i]) + 1]++;
	}
	for (size_t b = 1; b <= BLOCKS_MAX + 1; b++)
		start[b] = (uint8_t)(start[b] + start[b - 1]);
	for (size_t i = 0; i < n; i++) {
		if (ops[i].len <= LEN_MAX)
			sorted[start[blocks(&ops[i])]++] = &ops[i];
	}
	return start[BLOCKS_MAX];
}

static void run_short(struct aead_mb4 *m, enum aead_alg alg, enum aead_direction direction,
		      struct aead_op *ops, size_t n)
{
	struct aead_op *sorted[WINDOW + MB4_LANES];
	size_t short_n = sort(ops, n, sorted);

	for (size_t l = 0; l < MB4_LANES; l++)
		sorted[short_n + l] = &m->none;
	for (size_t i = 0; i < short_n; i += MB4_LANES) {
		if (alg == AEAD_AES_128_GCM)
			aead_mb4_gcm(&m->scratch, direction, sorted + i);
		else
			aead_mb4_ccm(&m->scratch, direction, sorted + i, aead_info(alg)->tag_len);
	}
}

/* run_long: neighbours go together, which lets ipsec-mb fill its own lanes. */
static void run_long(struct aead_mb4 *m, enum aead_alg alg, enum aead_direction direction,
		     struct aead_op *ops, size_t n)
{
	size_t first = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && ops[i].len > LEN_MAX)
			continue;
		if (i > first)
			m->backed.other->ops->run(m->backed.other, alg, direction, ops + first,
						  i - first);
		first = i + 1;
	}
}

static void run(struct aead *a, enum aead_alg alg, enum aead_direction direction,
		struct aead_op *ops, size_t n)
{
	struct aead_mb4 *m = (struct aead_mb4 *)a;

	if (alg != AEAD_AES_128_GCM && alg != AEAD_AES_128_CCM && alg != AEAD_AES_128_CCM_8) {
		m->backed.other->ops->run(m->backed.other, alg, direction, ops, n);
		return;
	}
	run_long(m, alg, direction, ops, n);
	for (size_t i = 0; i < n; i += WINDOW)
		run_short(m, alg, direction, ops + i, n - i < WINDOW ? n - i : WINDOW);
}

static void mask_aes(struct aead_mb4 *m, enum aead_alg alg, struct aead_mask_op *ops, size_t n)
{
	struct aead_mask_op *op[MB4_LANES];

	for (size_t i = 0; i < n; i += MB4_LANES) {
		for (size_t l = 0; l < MB4_LANES; l++)
			op[l] = &ops[i + l < n ? i + l : n - 1];
		if (aead_info(alg)->key_len == 16)
			aead_mb4_mask_128(op);
		else
			aead_mb4_mask_256(&m->scratch, op);
	}
}

static void mask(struct aead *a, enum aead_alg alg, struct aead_mask_op *ops, size_t n)
{
	if (alg == AEAD_CHACHA20_POLY1305)
		aead_mask_chacha20(ops, n);
	else
		mask_aes((struct aead_mb4 *)a, alg, ops, n);
}

static bool cpu_can(void)
{
	const unsigned needed = bit_AES | bit_PCLMUL | bit_SSSE3 | bit_SSE4_1;
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) == 1 && (c & needed) == needed;
}

static const struct aead_engine_ops mb4_ops = { .free = aead_backed_free,
						.run = run,
						.mask = mask };

struct aead *aead_mb4_new(void)
{
	struct aead_mb4 *m;

	if (!cpu_can()) {
		errno = ENOTSUP;
		return NULL;
	}
	m = (struct aead_mb4 *)aead_backed_new(sizeof(*m), aead_ipsec_mb_new, &mb4_ops,
					       "mb4 AES-NI");
	if (m == NULL)
		return NULL;
	m->none = (struct aead_op){ .src = m->none_out, .dst = m->none_out, .key = m->none_key };
	return &m->backed.base;
}
