/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Masks of the record numbers of 16 DTLS 1.3 records at once: keys are expanded as the blocks go
 * through the rounds, and kept nowhere.
 *
 * Constant time: branches and addresses come from pointers and the number of records only
 * (scripts/ct-check.py reads the disassembly).
 */
#include "aead_mb64_lanes.h"

#include "secret.h"

#include <string.h>

/* round: one round of all blocks with the key that w are the words of. */
MB64_INLINE void round_with(const struct mb64_blocks *w, struct mb64_blocks *x, bool last)
{
	struct mb64_blocks k = mb64_transpose(w);

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		x->v[v] = last ? _mm512_aesenclast_epi128(x->v[v], k.v[v])
			       : _mm512_aesenc_epi128(x->v[v], k.v[v]);
}

MB64_INLINE struct mb64_blocks load_keys(const struct aead_mask_op *ops, size_t offset)
{
	struct mb64_blocks x;

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		const uint8_t *const at[4] = MB64_AT(ops, key, offset, v);

		x.v[v] = mb64_load(at);
	}
	return x;
}

MB64_INLINE struct mb64_blocks whitened(const struct aead_mask_op *ops,
					const struct mb64_blocks *key)
{
	struct mb64_blocks x;

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		const uint8_t *const at[4] = MB64_AT(ops, sample, 0, v);

		x.v[v] = _mm512_xor_si512(mb64_load(at), key->v[v]);
	}
	return x;
}

MB64_INLINE void store(struct aead_mask_op *ops, const struct mb64_blocks *x)
{
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		uint8_t *const at[4] = MB64_AT(ops, mask, 0, v);

		mb64_store(at, x->v[v]);
	}
	_mm256_zeroupper();
}

static void mask_128(struct aead_mask_op *ops)
{
	struct mb64_blocks key = load_keys(ops, 0), x = whitened(ops, &key);
	struct mb64_blocks w = mb64_transpose(&key);

	for (unsigned r = 1; r <= MB64_ROUNDS_128; r++) {
		mb64_next_words(&w, mb64_rotated(w.v[3], r - 1));
		round_with(&w, &x, r == MB64_ROUNDS_128);
	}
	store(ops, &x);
}

static void mask_256(struct aead_mask_op *ops)
{
	struct mb64_blocks key = load_keys(ops, 0), x = whitened(ops, &key);
	struct mb64_blocks even = mb64_transpose(&key), odd;

	key = load_keys(ops, MB64_BLOCK);
	odd = mb64_transpose(&key);
	for (unsigned r = 1; r < MB64_ROUNDS_256; r += 2) {
		round_with(&odd, &x, false);
		mb64_next_words(&even, mb64_rotated(odd.v[3], r / 2));
		round_with(&even, &x, r + 1 == MB64_ROUNDS_256);
		mb64_next_words(&odd, mb64_sub_word(even.v[3]));
	}
	store(ops, &x);
}

static void sixteen(size_t key_len, struct aead_mask_op *ops)
{
	if (key_len == MB64_BLOCK)
		mask_128(ops);
	else
		mask_256(ops);
}

/* Lanes that there is no record for do the last one again. */
static void fewer(size_t key_len, struct aead_mask_op *ops, size_t n)
{
	struct aead_mask_op full[MB64_LANES];

	for (size_t i = 0; i < MB64_LANES; i++) {
		full[i].key = ops[i < n ? i : n - 1].key;
		full[i].sample = ops[i < n ? i : n - 1].sample;
	}
	sixteen(key_len, full);
	for (size_t i = 0; i < n; i++)
		memcpy(ops[i].mask, full[i].mask, sizeof(ops[i].mask));
	secret_wipe(full, sizeof(full));
}

void mb64_mask_aes(size_t key_len, struct aead_mask_op *ops, size_t n)
{
	if (n < MB64_LANES) {
		if (n > 0)
			fewer(key_len, ops, n);
		return;
	}
	for (size_t done = 0; done + MB64_LANES < n; done += MB64_LANES)
		sixteen(key_len, ops + done);
	sixteen(key_len, ops + n - MB64_LANES); /* some of them perhaps again */
}
