/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernels of aead_mb4.h share. */
#pragma once

#include "aead_mb4.h"

#include <stddef.h>
#include <string.h>

#include <immintrin.h>

static inline __m128i mb4_load(const void *p) { return _mm_loadu_si128(p); }
static inline void mb4_store(void *p, __m128i v) { _mm_storeu_si128(p, v); }

/* mb4_shift_right: moves a register right by n bytes; zeros come in. */
static inline __m128i mb4_shift_right(__m128i v, size_t n)
{
	static const int8_t shift[32] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
					  11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1,
					  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };

	return _mm_shuffle_epi8(v, mb4_load(shift + n));
}

/* mb4_first: the first n bytes of v, zeros after them. */
static inline __m128i mb4_first(__m128i v, size_t n)
{
	static const int8_t mask[32] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
					 -1, -1, -1, -1, -1, 0,  0,  0,  0,  0,  0,
					 0,  0,  0,  0,  0,  0,  0,  0,  0,  0 };

	return _mm_and_si128(v, mb4_load(mask + 16 - n));
}

static inline uint64_t mb4_get(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* mb4_load_tail: n bytes at p, 0 < n < 16, and zeros; reads nothing else. */
static inline __m128i mb4_load_tail(const uint8_t *p, size_t n)
{
	uint64_t low, high = 0;

	if (n >= 8) {
		low = mb4_get(p, 8);
		high = mb4_get(p + n - 8, 8) >> 8 >> (8 * (15 - n));
	} else if (n >= 4) {
		low = mb4_get(p, 4) | mb4_get(p + n - 4, 4) << (8 * (n - 4));
	} else if (n >= 2) {
		low = mb4_get(p, 2) | mb4_get(p + n - 2, 2) << (8 * (n - 2));
	} else {
		low = *p;
	}
	return _mm_set_epi64x((long long)high, (long long)low);
}

/* mb4_store_tail: the first n bytes of v, 0 < n < 16; writes nothing else. */
static inline void mb4_store_tail(uint8_t *p, __m128i v, size_t n)
{
	uint64_t low = (uint64_t)_mm_cvtsi128_si64(v);

	if (n >= 8) {
		uint64_t end = (uint64_t)_mm_cvtsi128_si64(mb4_shift_right(v, n - 8));

		memcpy(p, &low, 8);
		memcpy(p + n - 8, &end, 8);
	} else if (n >= 4) {
		uint32_t start = (uint32_t)low, end = (uint32_t)(low >> (8 * (n - 4)));

		memcpy(p, &start, 4);
		memcpy(p + n - 4, &end, 4);
	} else {
		p[0] = (uint8_t)low;
		if (n >= 2)
			p[1] = (uint8_t)(low >> 8);
		if (n >= 3)
			p[2] = (uint8_t)(low >> 16);
	}
}

/* mb4_nonce: the nonce in bytes 0..11, zeros after it. */
static inline __m128i mb4_nonce(const struct aead_op *op)
{
	/* Bytes 12..15 are the start of the AAD, the next member. */
	_Static_assert(offsetof(struct aead_op, nonce) + 16 <= sizeof(struct aead_op), "readable");
	return mb4_first(mb4_load((const uint8_t *)op + offsetof(struct aead_op, nonce)), 12);
}

/* mb4_transpose: word i of lane j becomes word j of lane i. */
static inline void mb4_transpose(const __m128i in[MB4_LANES], __m128i out[MB4_LANES])
{
	__m128i a = _mm_unpacklo_epi32(in[0], in[1]), b = _mm_unpacklo_epi32(in[2], in[3]);
	__m128i c = _mm_unpackhi_epi32(in[0], in[1]), d = _mm_unpackhi_epi32(in[2], in[3]);

	out[0] = _mm_unpacklo_epi64(a, b);
	out[1] = _mm_unpackhi_epi64(a, b);
	out[2] = _mm_unpacklo_epi64(c, d);
	out[3] = _mm_unpackhi_epi64(c, d);
}

/*
 * mb4_sub_rot: SubWord(RotWord(w)) ^ rcon of four words, one a session. The last round of AES is
 * ShiftRows, SubBytes and the xor of a key: the shuffle before it rotates each word, and undoes
 * ShiftRows.
 */
static inline __m128i mb4_sub_rot(__m128i w, __m128i rcon)
{
	const __m128i order = _mm_setr_epi8(1, 14, 11, 4, 5, 2, 15, 8, 9, 6, 3, 12, 13, 10, 7, 0);

	return _mm_aesenclast_si128(_mm_shuffle_epi8(w, order), rcon);
}

/* mb4_sub: the same without rotation and constant. */
static inline __m128i mb4_sub(__m128i w)
{
	const __m128i order = _mm_setr_epi8(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);

	return _mm_aesenclast_si128(_mm_shuffle_epi8(w, order), _mm_setzero_si128());
}

static inline __m128i mb4_rcon(size_t round)
{
	static const uint8_t rcon[] = { 1, 2, 4, 8, 16, 32, 64, 128, 0x1b, 0x36 };

	return _mm_set1_epi32(rcon[round - 1]);
}

/* mb4_next_words: the next four words of four key schedules, t being what g of the last word (FIPS
 * 197 §5.2) is. */
static inline void mb4_next_words(__m128i w[4], __m128i t)
{
	w[0] = _mm_xor_si128(w[0], t);
	w[1] = _mm_xor_si128(w[1], w[0]);
	w[2] = _mm_xor_si128(w[2], w[1]);
	w[3] = _mm_xor_si128(w[3], w[2]);
}

/* mb4_forget: makes the compiler read what lies in the scratch from there, where it would carry it
 * along, and for want of registers on the stack, which nobody wipes. */
static inline void mb4_forget(void) { __asm__ volatile("" : : : "memory"); }

/* mb4_settle: makes the compiler have x here, and not keep what it is made of for later. */
static inline void mb4_settle(__m128i x[MB4_LANES])
{
	__asm__ volatile("" : "+x"(x[0]), "+x"(x[1]), "+x"(x[2]), "+x"(x[3]));
}

/*
 * mb4_expand_128: expands four AES-128 keys into s->rk, and encrypts a block for each on the way:
 * x, not yet whitened with the key. One, because two would be more than there are registers.
 */
static inline void mb4_expand_128(struct aead_mb4_scratch *s, struct aead_op *const op[MB4_LANES],
				  __m128i x[MB4_LANES])
{
	__m128i k[MB4_LANES], w[4];

#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		s->rk[0][l] = k[l] = mb4_load(op[l]->key);
		x[l] = _mm_xor_si128(x[l], k[l]);
	}
	mb4_transpose(k, w);
#pragma GCC unroll 14
	for (size_t r = 1; r <= 10; r++) {
		mb4_next_words(w, mb4_sub_rot(w[3], mb4_rcon(r)));
		mb4_transpose(w, k);
#pragma GCC unroll 4
		for (size_t l = 0; l < MB4_LANES; l++) {
			s->rk[r][l] = k[l];
			x[l] = r < 10 ? _mm_aesenc_si128(x[l], k[l])
				      : _mm_aesenclast_si128(x[l], k[l]);
		}
		mb4_settle(x);
	}
	mb4_forget();
}

/* mb4_encrypt: one whitened block of each lane by AES-128. */
static inline void mb4_encrypt(const struct aead_mb4_scratch *s, __m128i x[MB4_LANES])
{
	mb4_forget();
#pragma GCC unroll 14
	for (size_t r = 1; r < 10; r++) {
#pragma GCC unroll 4
		for (size_t l = 0; l < MB4_LANES; l++)
			x[l] = _mm_aesenc_si128(x[l], s->rk[r][l]);
	}
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		x[l] = _mm_aesenclast_si128(x[l], s->rk[10][l]);
	mb4_settle(x);
}

/* mb4_encrypt_lane: a whitened block of lane l. */
static inline __m128i mb4_encrypt_lane(const struct aead_mb4_scratch *s, size_t l, __m128i x)
{
	mb4_forget();
#pragma GCC unroll 14
	for (size_t r = 1; r < 10; r++)
		x = _mm_aesenc_si128(x, s->rk[r][l]);
	return _mm_aesenclast_si128(x, s->rk[10][l]);
}

/* mb4_full_blocks: how many whole blocks every lane has. */
static inline size_t mb4_full_blocks(struct aead_op *const op[MB4_LANES])
{
	size_t least = op[0]->len;

#pragma GCC unroll 4
	for (size_t l = 1; l < MB4_LANES; l++)
		least = op[l]->len < least ? op[l]->len : least;
	return least / 16;
}

/* mb4_finish: the verdict on a record whose tag should be the first tag_len bytes of tag, 8 or 16;
 * or the tag into its place. */
static inline void mb4_finish(enum aead_direction direction, struct aead_op *op, __m128i tag,
			      size_t tag_len)
{
	op->ok = true;
	if (direction == AEAD_OPEN) {
		const uint8_t *p = op->src + op->len;
		__m128i got = tag_len == 16 ? mb4_load(p) : _mm_loadl_epi64((const __m128i *)p);
		int equal = _mm_movemask_epi8(_mm_cmpeq_epi8(got, tag));

		op->ok = tag_len == 16 ? equal == 0xffff : (equal & 0xff) == 0xff;
	} else if (tag_len == 16) {
		mb4_store(op->dst + op->len, tag);
	} else {
		_mm_storel_epi64((__m128i *)(op->dst + op->len), tag);
	}
}
