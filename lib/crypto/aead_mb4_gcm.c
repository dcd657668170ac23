/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-128-GCM, four records at once.
 *
 * GHASH works on byte-reversed blocks. With Hx = H * x and G = Hx * x^-64, both modulo the
 * polynomial, a block takes four products and one fold by 64 bits:
 *   (Z.high x^64 + Z.low) * H = (Z.high * Hx + Z.low * G) * x^-64
 *
 * Constant time: branches and addresses depend on lengths only; no tables.
 */
#include "aead_mb4_lanes.h"

#include <wmmintrin.h>

static inline __m128i reversed(__m128i v)
{
	return _mm_shuffle_epi8(
		v, _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

/* The polynomial's upper terms, byte-reversed, in the lower half. */
static inline __m128i polynomial(void) { return _mm_set_epi64x(0, (long long)0xc200000000000000); }

/* fold: v * x^-64. */
static inline __m128i fold(__m128i v)
{
	return _mm_xor_si128(_mm_shuffle_epi32(v, 0x4e),
			     _mm_clmulepi64_si128(v, polynomial(), 0x00));
}

/* times_h: z * H. */
static inline __m128i times_h(__m128i z, __m128i hx, __m128i g)
{
	__m128i low =
		_mm_xor_si128(_mm_clmulepi64_si128(z, g, 0x00), _mm_clmulepi64_si128(z, hx, 0x01));
	__m128i high =
		_mm_xor_si128(_mm_clmulepi64_si128(z, g, 0x10), _mm_clmulepi64_si128(z, hx, 0x11));

	return _mm_xor_si128(high, fold(low));
}

/* times_x: v * x. */
static inline __m128i times_x(__m128i v)
{
	const __m128i all = _mm_set_epi64x((long long)0xc200000000000000, 1);
	__m128i carry = _mm_srai_epi32(_mm_shuffle_epi32(v, 0xff), 31);
	__m128i up = _mm_slli_si128(_mm_srli_epi64(v, 63), 8);

	return _mm_xor_si128(_mm_or_si128(_mm_slli_epi64(v, 1), up), _mm_and_si128(carry, all));
}

static inline __m128i counter(uint32_t n)
{
	return _mm_set_epi32((int)__builtin_bswap32(n), 0, 0, 0);
}

/* start: keys, H, and the sum of the AAD. */
static inline void start(struct aead_mb4_scratch *s, struct aead_op *const op[MB4_LANES])
{
	__m128i h[MB4_LANES];

#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		h[l] = _mm_setzero_si128();
	mb4_expand_128(s, op, h);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		__m128i first = mb4_load(op[l]->aad), second = mb4_load(op[l]->aad + 16);
		__m128i hx = times_x(reversed(h[l])), g = fold(hx), sum;

		s->base[l] = _mm_xor_si128(mb4_nonce(op[l]), s->rk[0][l]);
		s->hx[l] = hx;
		s->g[l] = g;
		sum = times_h(reversed(first), hx, g);
		if (op[l]->aad_len > 16)
			sum = times_h(_mm_xor_si128(sum, reversed(second)), hx, g);
		s->sum[l] = sum;
	}
	mb4_forget();
}

/* full_block: block i of every lane, which all have it whole. */
static inline void full_block(struct aead_mb4_scratch *s, enum aead_direction direction,
			      struct aead_op *const op[MB4_LANES], size_t i)
{
	__m128i c = counter((uint32_t)i + 2), x[MB4_LANES];

#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		x[l] = _mm_xor_si128(s->base[l], c);
	mb4_encrypt(s, x);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		__m128i in = mb4_load(op[l]->src + 16 * i), out = _mm_xor_si128(in, x[l]);
		__m128i cipher = direction == AEAD_OPEN ? in : out;

		mb4_store(op[l]->dst + 16 * i, out);
		s->sum[l] = times_h(_mm_xor_si128(s->sum[l], reversed(cipher)), s->hx[l], s->g[l]);
	}
}

/* rest: what lane l has from block i on. */
static inline void rest(struct aead_mb4_scratch *s, enum aead_direction direction,
			const struct aead_op *op, size_t l, size_t i)
{
	__m128i sum = s->sum[l];

	for (size_t at = 16 * i; at < op->len; at += 16) {
		__m128i c = counter((uint32_t)(at / 16) + 2);
		__m128i key = mb4_encrypt_lane(s, l, _mm_xor_si128(s->base[l], c));
		size_t n = op->len - at;
		__m128i in, out;

		if (n >= 16) {
			in = mb4_load(op->src + at);
			out = _mm_xor_si128(in, key);
			mb4_store(op->dst + at, out);
		} else {
			in = mb4_load_tail(op->src + at, n);
			out = mb4_first(_mm_xor_si128(in, key), n);
			mb4_store_tail(op->dst + at, out, n);
		}
		sum = _mm_xor_si128(sum, reversed(direction == AEAD_OPEN ? in : out));
		sum = times_h(sum, s->hx[l], s->g[l]);
	}
	s->sum[l] = sum;
}

void aead_mb4_gcm(struct aead_mb4_scratch *s, enum aead_direction direction,
		  struct aead_op *const op[MB4_LANES])
{
	size_t full = mb4_full_blocks(op);
	__m128i tag[MB4_LANES];

	start(s, op);
	for (size_t i = 0; i < full; i++)
		full_block(s, direction, op, i);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		rest(s, direction, op[l], l, full);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		tag[l] = _mm_xor_si128(s->base[l], counter(1));
	mb4_encrypt(s, tag);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		__m128i lengths = _mm_set_epi64x(8LL * op[l]->aad_len, 8LL * op[l]->len);
		__m128i sum = _mm_xor_si128(s->sum[l], lengths);

		sum = reversed(times_h(sum, s->hx[l], s->g[l]));
		mb4_finish(direction, op[l], _mm_xor_si128(sum, tag[l]), AEAD_TAG_MAX);
	}
}
