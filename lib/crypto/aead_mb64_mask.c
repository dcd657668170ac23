/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Masks of the record numbers of 16 DTLS 1.3 records at once: keys are expanded as the blocks go
 * through the rounds, and kept nowhere.
 *
 * Constant time: branches and addresses come from pointers and the number of records only
 * (scripts/ct-check.py reads the disassembly).
 */
#include "aead_mb64_lanes.h"

struct call {
	const uint8_t *key[MB64_LANES], *sample[MB64_LANES];
	uint8_t *mask[MB64_LANES];
};

/* round: one round of all blocks with the key that w are the words of. */
MB64_INLINE void round_with(const struct mb64_blocks *w, struct mb64_blocks *x, bool last)
{
	struct mb64_blocks k = mb64_transpose(w);

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		x->v[v] = last ? _mm512_aesenclast_epi128(x->v[v], k.v[v])
			       : _mm512_aesenc_epi128(x->v[v], k.v[v]);
}

MB64_INLINE struct mb64_blocks load(const uint8_t *const p[MB64_LANES], size_t offset)
{
	struct mb64_blocks x;

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		const uint8_t *const at[4] = { p[v] + offset, p[v + 4] + offset, p[v + 8] + offset,
					       p[v + 12] + offset };

		x.v[v] = mb64_load(at);
	}
	return x;
}

MB64_INLINE struct mb64_blocks whitened(const struct call *c, const struct mb64_blocks *key)
{
	struct mb64_blocks x = load(c->sample, 0);

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		x.v[v] = _mm512_xor_si512(x.v[v], key->v[v]);
	return x;
}

MB64_INLINE void store(const struct call *c, const struct mb64_blocks *x)
{
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		uint8_t *const at[4] = { c->mask[v], c->mask[v + 4], c->mask[v + 8],
					 c->mask[v + 12] };

		mb64_store(at, x->v[v]);
	}
	_mm256_zeroupper();
}

static void mask_128(const struct call *c)
{
	struct mb64_blocks key = load(c->key, 0), x = whitened(c, &key);
	struct mb64_blocks w = mb64_transpose(&key);

	for (unsigned r = 1; r <= MB64_ROUNDS_128; r++) {
		mb64_next_words(&w, mb64_rotated(w.v[3], r - 1));
		round_with(&w, &x, r == MB64_ROUNDS_128);
	}
	store(c, &x);
}

static void mask_256(const struct call *c)
{
	struct mb64_blocks key = load(c->key, 0), x = whitened(c, &key);
	struct mb64_blocks even = mb64_transpose(&key), odd;

	key = load(c->key, MB64_BLOCK);
	odd = mb64_transpose(&key);
	for (unsigned r = 1; r < MB64_ROUNDS_256; r += 2) {
		round_with(&odd, &x, false);
		mb64_next_words(&even, mb64_rotated(odd.v[3], r / 2));
		round_with(&even, &x, r + 1 == MB64_ROUNDS_256);
		mb64_next_words(&odd, mb64_sub_word(even.v[3]));
	}
	store(c, &x);
}

void mb64_mask_aes(size_t key_len, struct aead_mask_op *ops, size_t n)
{
	struct call c;

	for (size_t done = 0; done < n; done += MB64_LANES) {
		for (size_t i = 0; i < MB64_LANES; i++) {
			/* Lanes that nothing is left for do the last one again. */
			struct aead_mask_op *op = &ops[done + i < n ? done + i : n - 1];

			c.key[i] = op->key;
			c.sample[i] = op->sample;
			c.mask[i] = op->mask;
		}
		if (key_len == MB64_BLOCK)
			mask_128(&c);
		else
			mask_256(&c);
	}
}
