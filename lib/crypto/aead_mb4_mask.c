/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Masks of record numbers, four at once: keys are expanded as their blocks go through the rounds,
 * and kept nowhere.
 *
 * Constant time: straight lines.
 */
#include "aead_mb4_lanes.h"

static inline void load(struct aead_mask_op *const op[MB4_LANES], size_t at, __m128i key[MB4_LANES])
{
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		key[l] = mb4_load(op[l]->key + at);
}

/* round: with the round keys that w are the words of. */
static inline void round_of(const __m128i w[4], __m128i x[MB4_LANES], bool last)
{
	__m128i k[MB4_LANES];

	mb4_transpose(w, k);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		x[l] = last ? _mm_aesenclast_si128(x[l], k[l]) : _mm_aesenc_si128(x[l], k[l]);
	mb4_settle(x);
}

/* swap_words: w goes to out, and what comes instead is in. */
static inline void swap_words(__m128i w[4], __m128i out[4], const __m128i in[4])
{
#pragma GCC unroll 4
	for (size_t i = 0; i < 4; i++) {
		out[i] = w[i];
		w[i] = in[i];
	}
	mb4_forget();
}

static inline void start(struct aead_mask_op *const op[MB4_LANES], __m128i x[MB4_LANES])
{
	__m128i k[MB4_LANES];

	load(op, 0, k);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		x[l] = _mm_xor_si128(mb4_load(op[l]->sample), k[l]);
}

static inline void finish(struct aead_mask_op *const op[MB4_LANES], const __m128i x[MB4_LANES])
{
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		mb4_store(op[l]->mask, x[l]);
}

void aead_mb4_mask_128(struct aead_mask_op *const op[MB4_LANES])
{
	__m128i k[MB4_LANES], w[4], x[MB4_LANES];

	start(op, x);
	load(op, 0, k);
	mb4_transpose(k, w);
#pragma GCC unroll 14
	for (size_t r = 1; r <= 10; r++) {
		mb4_next_words(w, mb4_sub_rot(w[3], mb4_rcon(r)));
		round_of(w, x, r == 10);
	}
	finish(op, x);
}

/* Two sets of words are more than there are registers: each waits in the scratch. */
void aead_mb4_mask_256(struct aead_mb4_scratch *s, struct aead_mask_op *const op[MB4_LANES])
{
	__m128i k[MB4_LANES], w[4], x[MB4_LANES];
	__m128i *even = s->rk[0], *odd = s->rk[1];

	start(op, x);
	load(op, 0, k);
	mb4_transpose(k, even);
	load(op, 16, k);
	mb4_transpose(k, w);
#pragma GCC unroll 14
	for (size_t r = 1; r < 14; r++) {
		bool to_even = r % 2 != 0;
		__m128i t = to_even ? mb4_sub_rot(w[3], mb4_rcon(r / 2 + 1)) : mb4_sub(w[3]);

		round_of(w, x, false);
		swap_words(w, to_even ? odd : even, to_even ? even : odd);
		mb4_next_words(w, t);
	}
	round_of(w, x, true);
	finish(op, x);
}
