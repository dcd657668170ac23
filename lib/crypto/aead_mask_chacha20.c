/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first 16 bytes of four ChaCha20 blocks (RFC 8439 §2.3) at once: each register is one word of
 * four states.
 *
 * Constant time: additions, rotations and xor only.
 */
#include "aead_engine.h"

#include <emmintrin.h>

enum { LANES = 4 };

static inline void transpose(__m128i v[4])
{
	__m128i a = _mm_unpacklo_epi32(v[0], v[1]), b = _mm_unpacklo_epi32(v[2], v[3]);
	__m128i c = _mm_unpackhi_epi32(v[0], v[1]), d = _mm_unpackhi_epi32(v[2], v[3]);

	v[0] = _mm_unpacklo_epi64(a, b);
	v[1] = _mm_unpackhi_epi64(a, b);
	v[2] = _mm_unpacklo_epi64(c, d);
	v[3] = _mm_unpackhi_epi64(c, d);
}

static inline __m128i rotate(__m128i v, int n)
{
	return _mm_or_si128(_mm_slli_epi32(v, n), _mm_srli_epi32(v, 32 - n));
}

static inline void quarter_round(__m128i s[16], size_t a, size_t b, size_t c, size_t d)
{
	s[a] = _mm_add_epi32(s[a], s[b]);
	s[d] = rotate(_mm_xor_si128(s[d], s[a]), 16);
	s[c] = _mm_add_epi32(s[c], s[d]);
	s[b] = rotate(_mm_xor_si128(s[b], s[c]), 12);
	s[a] = _mm_add_epi32(s[a], s[b]);
	s[d] = rotate(_mm_xor_si128(s[d], s[a]), 8);
	s[c] = _mm_add_epi32(s[c], s[d]);
	s[b] = rotate(_mm_xor_si128(s[b], s[c]), 7);
}

/* four: masks of op[0] to op[3], which may be the same. */
static void four(struct aead_mask_op *const op[LANES])
{
	const __m128i constants[4] = { _mm_set1_epi32(0x61707865), _mm_set1_epi32(0x3320646e),
				       _mm_set1_epi32(0x79622d32), _mm_set1_epi32(0x6b206574) };
	__m128i s[16];

	for (size_t l = 0; l < LANES; l++) {
		s[l] = constants[l];
		s[4 + l] = _mm_loadu_si128((const __m128i *)op[l]->key);
		s[8 + l] = _mm_loadu_si128((const __m128i *)(op[l]->key + 16));
		/* The counter and the nonce, as they come (RFC 9147 §4.2.3). */
		s[12 + l] = _mm_loadu_si128((const __m128i *)op[l]->sample);
	}
	for (size_t row = 4; row < 16; row += 4)
		transpose(s + row);
	for (size_t i = 0; i < 10; i++) {
		for (size_t j = 0; j < 4; j++)
			quarter_round(s, j, 4 + j, 8 + j, 12 + j);
		for (size_t j = 0; j < 4; j++)
			quarter_round(s, j, 4 + (j + 1) % 4, 8 + (j + 2) % 4, 12 + (j + 3) % 4);
	}
	for (size_t j = 0; j < 4; j++)
		s[j] = _mm_add_epi32(s[j], constants[j]);
	transpose(s);
	for (size_t l = 0; l < LANES; l++)
		_mm_storeu_si128((__m128i *)op[l]->mask, s[l]);
}

void aead_mask_chacha20(struct aead_mask_op *ops, size_t n)
{
	struct aead_mask_op *op[LANES];

	for (size_t i = 0; i < n; i += LANES) {
		for (size_t l = 0; l < LANES; l++)
			op[l] = &ops[i + l < n ? i + l : n - 1];
		four(op);
	}
}
