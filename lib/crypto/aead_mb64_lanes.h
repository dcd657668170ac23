/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernels of the mb64 engine are made of. Only for files that are compiled for AVX-512,
 * VAES, VPCLMULQDQ and GFNI.
 *
 * A vector of blocks holds a block of 4 records, and a call's 16 blocks are 4 vectors: 4 chains of
 * instructions without a dependency between them, which is about what the latency of vaesenc and
 * vpclmulqdq takes to hide. Record i is lane i / 4 of vector i % 4. Transposing the 4x4 words
 * within every lane makes vector w hold word w of all 16 blocks, that of record i at i
 * ("sliced"):
 *
 *      blocks[0]  A0 A1 A2 A3 | E0 ..            sliced[0]  A0 B0 C0 D0 | E0 F0 ..
 *      blocks[1]  B0 B1 B2 B3 | F0 ..   <--->    sliced[1]  A1 B1 C1 D1 | E1 F1 ..
 *      blocks[2]  C0 C1 C2 C3 | G0 ..            sliced[2]  A2 B2 C2 D2 | E2 F2 ..
 *      blocks[3]  D0 D1 D2 D3 | H0 ..            sliced[3]  A3 B3 C3 D3 | E3 F3 ..
 *
 * Everything here is inlined: arrays of vectors are registers.
 */
#pragma once

#include "aead_mb64.h"

#include <immintrin.h>

#define MB64_INLINE static inline __attribute__((always_inline))

enum { MB64_VECTORS = 4, MB64_ROUNDS_128 = 10, MB64_ROUNDS_256 = 14 };

/* A block of each of the 16 records. */
struct mb64_blocks {
	__m512i v[MB64_VECTORS];
};

MB64_INLINE __m128i mb64_load_block(const uint8_t *p) { return _mm_loadu_si128((const void *)p); }

MB64_INLINE int mb64_word(const uint8_t *p)
{
	int word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
}

MB64_INLINE __m512i mb64_join(__m128i a, __m128i b, __m128i c, __m128i d)
{
	__m256i ab = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
	__m256i cd = _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1);

	return _mm512_inserti64x4(_mm512_castsi256_si512(ab), cd, 1);
}

/* The records of one call. */
struct mb64_call {
	__m512i len, aad_len; /* sliced */
	struct aead_op *op;
	unsigned whole;  /* blocks that every record has whole */
	unsigned blocks; /* that the longest one has, the last perhaps in part */
};

/* len, aad_len and ok of four operations. */
MB64_INLINE __m128i mb64_lengths_of_4(const struct aead_op *op)
{
	const size_t at = __builtin_offsetof(struct aead_op, len);
	__m128i x = _mm_loadu_si32((const uint8_t *)&op[0] + at);

	_Static_assert(__builtin_offsetof(struct aead_op, aad_len) ==
			       __builtin_offsetof(struct aead_op, len) + 2,
		       "one load");
	x = _mm_insert_epi32(x, mb64_word((const uint8_t *)&op[1] + at), 1);
	x = _mm_insert_epi32(x, mb64_word((const uint8_t *)&op[2] + at), 2);
	return _mm_insert_epi32(x, mb64_word((const uint8_t *)&op[3] + at), 3);
}

MB64_INLINE struct mb64_call mb64_call_of(struct aead_op *ops)
{
	__m512i x = mb64_join(mb64_lengths_of_4(ops), mb64_lengths_of_4(ops + 4),
			      mb64_lengths_of_4(ops + 8), mb64_lengths_of_4(ops + 12));
	struct mb64_call call = {
		.op = ops,
		.len = _mm512_and_si512(x, _mm512_set1_epi32(0xffff)),
		.aad_len = _mm512_and_si512(_mm512_srli_epi32(x, 16), _mm512_set1_epi32(0xff)),
	};

	call.whole = _mm512_reduce_min_epu32(call.len) / MB64_BLOCK;
	call.blocks = (_mm512_reduce_max_epu32(call.len) + MB64_BLOCK - 1) / MB64_BLOCK;
	return call;
}

/* Where the blocks of vector v are that a field of the operations points at. */
#define MB64_AT(op, field, offset, v)                                                              \
	{                                                                                          \
		(op)[(v)].field + (offset), (op)[(v) + 4].field + (offset),                        \
			(op)[(v) + 8].field + (offset), (op)[(v) + 12].field + (offset)            \
	}

/* Where their tags are. */
#define MB64_TAGS_AT(op, field, v)                                                                 \
	{                                                                                          \
		(op)[(v)].field + (op)[(v)].len, (op)[(v) + 4].field + (op)[(v) + 4].len,          \
			(op)[(v) + 8].field + (op)[(v) + 8].len,                                   \
			(op)[(v) + 12].field + (op)[(v) + 12].len                                  \
	}

/* A vector of the blocks at p. */
MB64_INLINE __m512i mb64_load(const uint8_t *const p[4])
{
	return mb64_join(mb64_load_block(p[0]), mb64_load_block(p[1]), mb64_load_block(p[2]),
			 mb64_load_block(p[3]));
}

/* Vector v of the blocks at the same place of every operation. */
MB64_INLINE __m512i mb64_load_op(const struct mb64_call *call, size_t offset, unsigned v)
{
	const uint8_t *const p[4] = {
		(const uint8_t *)&call->op[v] + offset,
		(const uint8_t *)&call->op[v + 4] + offset,
		(const uint8_t *)&call->op[v + 8] + offset,
		(const uint8_t *)&call->op[v + 12] + offset,
	};

	return mb64_load(p);
}

MB64_INLINE void mb64_store_block(uint8_t *p, __m128i block)
{
	_mm_storeu_si128((__m128i *)(void *)p, block);
}

MB64_INLINE void mb64_store(uint8_t *const p[4], __m512i x)
{
	__m256i low = _mm512_castsi512_si256(x), high = _mm512_extracti64x4_epi64(x, 1);

	mb64_store_block(p[0], _mm256_castsi256_si128(low));
	mb64_store_block(p[1], _mm256_extracti128_si256(low, 1));
	mb64_store_block(p[2], _mm256_castsi256_si128(high));
	mb64_store_block(p[3], _mm256_extracti128_si256(high, 1));
}

/* The bytes of a vector's lane in a mask of all its bytes. */
MB64_INLINE __mmask16 mb64_lane_mask(__mmask64 mask, unsigned lane)
{
	return (__mmask16)(mask >> (16 * lane));
}

/* As mb64_load, with zeros for bytes that are not in mask; those need not be mapped. */
MB64_INLINE __m512i mb64_load_masked(const uint8_t *const p[4], __mmask64 mask)
{
	return mb64_join(_mm_maskz_loadu_epi8(mb64_lane_mask(mask, 0), p[0]),
			 _mm_maskz_loadu_epi8(mb64_lane_mask(mask, 1), p[1]),
			 _mm_maskz_loadu_epi8(mb64_lane_mask(mask, 2), p[2]),
			 _mm_maskz_loadu_epi8(mb64_lane_mask(mask, 3), p[3]));
}

/* As mb64_store, only the bytes in mask. Costs here what a store of all 16 does. */
MB64_INLINE void mb64_store_masked(uint8_t *const p[4], __mmask64 mask, __m512i x)
{
	__m256i low = _mm512_castsi512_si256(x), high = _mm512_extracti64x4_epi64(x, 1);

	_mm_mask_storeu_epi8(p[0], mb64_lane_mask(mask, 0), _mm256_castsi256_si128(low));
	_mm_mask_storeu_epi8(p[1], mb64_lane_mask(mask, 1), _mm256_extracti128_si256(low, 1));
	_mm_mask_storeu_epi8(p[2], mb64_lane_mask(mask, 2), _mm256_castsi256_si128(high));
	_mm_mask_storeu_epi8(p[3], mb64_lane_mask(mask, 3), _mm256_extracti128_si256(high, 1));
}

/* What is left at offset of each record, 0..16: sliced, in every byte of the record's word. */
MB64_INLINE __m512i mb64_left(__m512i len, size_t offset)
{
	__m512i every = _mm512_broadcast_i32x4(
		_mm_set_epi8(12, 12, 12, 12, 8, 8, 8, 8, 4, 4, 4, 4, 0, 0, 0, 0));
	__m512i left = _mm512_sub_epi32(len, _mm512_set1_epi32((int)offset));

	left = _mm512_max_epi32(left, _mm512_setzero_si512());
	left = _mm512_min_epi32(left, _mm512_set1_epi32(MB64_BLOCK));
	return _mm512_shuffle_epi8(left, every);
}

/* The word of each record of vector v, of 16 in one vector, in every word of the record's block. */
MB64_INLINE __m512i mb64_spread(__m512i sliced, unsigned v)
{
	switch (v) {
	case 0:
		return _mm512_shuffle_epi32(sliced, _MM_PERM_AAAA);
	case 1:
		return _mm512_shuffle_epi32(sliced, _MM_PERM_BBBB);
	case 2:
		return _mm512_shuffle_epi32(sliced, _MM_PERM_CCCC);
	default:
		return _mm512_shuffle_epi32(sliced, _MM_PERM_DDDD);
	}
}

/* The bytes of vector v that belong to a record, of what mb64_left says. */
MB64_INLINE __mmask64 mb64_left_mask(__m512i left, unsigned v)
{
	__m512i iota = _mm512_broadcast_i32x4(
		_mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));

	return _mm512_cmpgt_epu8_mask(mb64_spread(left, v), iota);
}

/* Words of vector v that belong to records of which something is left. */
MB64_INLINE __mmask16 mb64_live(__m512i left, unsigned v)
{
	__m512i x = mb64_spread(left, v);

	return _mm512_test_epi32_mask(x, x);
}

/* blocks to sliced and back. */
MB64_INLINE struct mb64_blocks mb64_transpose(const struct mb64_blocks *in)
{
	__m512i ab = _mm512_unpacklo_epi32(in->v[0], in->v[1]);
	__m512i cd = _mm512_unpacklo_epi32(in->v[2], in->v[3]);
	__m512i ef = _mm512_unpackhi_epi32(in->v[0], in->v[1]);
	__m512i gh = _mm512_unpackhi_epi32(in->v[2], in->v[3]);

	return (struct mb64_blocks){ { _mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd),
				       _mm512_unpacklo_epi64(ef, gh),
				       _mm512_unpackhi_epi64(ef, gh) } };
}

/* SubWord of FIPS 197 of 16 words: inversion in the field and the affine map are what GFNI does,
 * all but the polynomial being AES's own. */
MB64_INLINE __m512i mb64_sub_word(__m512i words)
{
	return _mm512_gf2p8affineinv_epi64_epi8(
		words, _mm512_set1_epi64((long long)0xf1e3c78f1f3e7cf8), 0x63);
}

/* What FIPS 197 §5.2 does to every Nk-th word; in AES-256, mb64_sub_word to the others. */
MB64_INLINE __m512i mb64_rotated(__m512i word, unsigned i)
{
	static const uint8_t rcon[] = {
		0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36
	};

	return _mm512_xor_si512(mb64_sub_word(_mm512_ror_epi32(word, 8)),
				_mm512_set1_epi32(rcon[i]));
}

/* The next four words of 16 key schedules, sliced; t: of the word before them. */
MB64_INLINE void mb64_next_words(struct mb64_blocks *w, __m512i t)
{
	/* Off the chain from one round to the next: the last word but for t. */
	__m512i w123 = _mm512_ternarylogic_epi32(w->v[1], w->v[2], w->v[3], 0x96);

	w->v[0] = _mm512_xor_si512(w->v[0], t);
	w->v[1] = _mm512_xor_si512(w->v[1], w->v[0]);
	w->v[2] = _mm512_xor_si512(w->v[2], w->v[1]);
	w->v[3] = _mm512_xor_si512(w123, w->v[0]);
}

MB64_INLINE __m512i *mb64_round_key(struct mb64_scratch *s, unsigned round)
{
	return (__m512i *)(void *)s->round_keys[round];
}

MB64_INLINE __m512i *mb64_kept(struct mb64_scratch *s, unsigned which)
{
	return (__m512i *)(void *)s->kept[which];
}

MB64_INLINE void mb64_keep(struct mb64_scratch *s, unsigned which, const struct mb64_blocks *x)
{
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		mb64_kept(s, which)[v] = x->v[v];
}

/* 16 bytes of each raw key. */
MB64_INLINE struct mb64_blocks mb64_load_keys(const struct mb64_call *call, size_t offset)
{
	struct mb64_blocks key;

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		const uint8_t *const p[4] = MB64_AT(call->op, key, offset, v);

		key.v[v] = mb64_load(p);
	}
	return key;
}

/* A round key, sliced: into s unless that is NULL, and into that round of n blocks a record. */
MB64_INLINE void mb64_expanded(struct mb64_scratch *s, const struct mb64_blocks *w, unsigned round,
			       unsigned rounds, struct mb64_blocks *states, unsigned n)
{
	struct mb64_blocks k = mb64_transpose(w);

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS && s != NULL; v++)
		mb64_round_key(s, round)[v] = k.v[v];
#pragma GCC unroll 16
	for (unsigned i = 0; i < n * MB64_VECTORS; i++) {
		__m512i *x = &states[i / MB64_VECTORS].v[i % MB64_VECTORS];

		*x = round < rounds ? _mm512_aesenc_epi128(*x, k.v[i % MB64_VECTORS])
				    : _mm512_aesenclast_epi128(*x, k.v[i % MB64_VECTORS]);
	}
}

/*
 * mb64_expand_128: fills s with the round keys of 16 raw keys, and encrypts n blocks a record on
 * the way: the expansion is one long chain, whose waits they fill. The blocks come xored with the
 * raw keys. n is a constant, and so is whether s is NULL: then the keys are kept nowhere.
 */
MB64_INLINE void mb64_expand_128(struct mb64_scratch *s, const struct mb64_blocks *key,
				 struct mb64_blocks *states, unsigned n)
{
	struct mb64_blocks w = mb64_transpose(key), next = w;

	mb64_next_words(&next, mb64_rotated(w.v[3], 0));
#pragma GCC unroll 10
	for (unsigned r = 1; r <= MB64_ROUNDS_128; r++) {
		w = next;
		if (r < MB64_ROUNDS_128)
			mb64_next_words(&next, mb64_rotated(w.v[3], r));
		mb64_expanded(s, &w, r, MB64_ROUNDS_128, states, n);
	}
}

/* mb64_expand_256: the same with keys of 32 bytes, of whose first halves the blocks come xored. */
MB64_INLINE void mb64_expand_256(struct mb64_scratch *s, const struct mb64_blocks *key,
				 const struct mb64_blocks *second, struct mb64_blocks *states,
				 unsigned n)
{
	struct mb64_blocks even = mb64_transpose(key), odd = mb64_transpose(second);

#pragma GCC unroll 7
	for (unsigned r = 1; r < MB64_ROUNDS_256; r += 2) {
		mb64_expanded(s, &odd, r, MB64_ROUNDS_256, states, n);
		mb64_next_words(&even, mb64_rotated(odd.v[3], r / 2));
		mb64_expanded(s, &even, r + 1, MB64_ROUNDS_256, states, n);
		mb64_next_words(&odd, mb64_sub_word(even.v[3]));
	}
}

/* The same pointer, of which the compiler knows nothing any more: it does not carry what it has
 * read there from one step to the next, through the stack since there are not registers enough. */
#define MB64_OPAQUE(pointer) __asm__("" : "+r"(pointer))

/* mb64_encrypt_some: rounds first to last of n blocks a record, which share the loads of the round
 * keys. All but s and states are constants. */
MB64_INLINE void mb64_encrypt_some(struct mb64_scratch *s, unsigned first, unsigned last,
				   unsigned rounds, struct mb64_blocks *states, unsigned n)
{
#pragma GCC unroll 14
	for (unsigned r = first; r <= last; r++) {
#pragma GCC unroll 16
		for (unsigned i = 0; i < n * MB64_VECTORS; i++) {
			__m512i *x = &states[i % n].v[i / n];
			__m512i k = mb64_round_key(s, r)[i / n];

			*x = r < rounds ? _mm512_aesenc_epi128(*x, k)
					: _mm512_aesenclast_epi128(*x, k);
		}
	}
}

/* mb64_encrypt: n blocks a record, each xored with its raw key already. */
MB64_INLINE void mb64_encrypt(struct mb64_scratch *s, unsigned rounds, struct mb64_blocks *states,
			      unsigned n)
{
	MB64_OPAQUE(s);
	mb64_encrypt_some(s, 1, rounds, rounds, states, n);
}

/* A 32-bit number, big-endian, as the last word of a block; zero before it. */
MB64_INLINE __m512i mb64_counter(uint32_t n)
{
	return _mm512_maskz_set1_epi32(0x8888, (int)__builtin_bswap32(n));
}

/* The nonces, as the first 12 bytes of a block; zero after them. */
MB64_INLINE __m512i mb64_nonce(const struct mb64_call *call, unsigned v)
{
	return _mm512_maskz_mov_epi32(
		0x7777, mb64_load_op(call, __builtin_offsetof(struct aead_op, nonce), v));
}
