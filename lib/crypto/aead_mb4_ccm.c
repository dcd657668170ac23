/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-128-CCM with tags of 8 or 16 bytes (NIST SP 800-38C, RFC 3610), four records at once. The
 * nonce has 12 bytes, which leaves 3 for length and counter.
 *
 * The sum is a chain of blocks; the counter's next block goes through the rounds beside it.
 *
 * Constant time: branches and addresses depend on lengths only; no tables.
 */
#include "aead_mb4_lanes.h"

enum { LENGTH_LEN = 3, AAD_BLOCKS_MAX = 3 };

/* counter: n as the last three bytes of a block. */
static inline __m128i counter(size_t n)
{
	return _mm_set_epi32((int)__builtin_bswap32((uint32_t)n), 0, 0, 0);
}

/* pair: one block each of sum and counter, whitened. */
static inline void pair(const struct aead_mb4_scratch *s, __m128i a[MB4_LANES],
			__m128i b[MB4_LANES])
{
	mb4_forget();
#pragma GCC unroll 14
	for (size_t r = 1; r < 10; r++) {
#pragma GCC unroll 4
		for (size_t l = 0; l < MB4_LANES; l++) {
			a[l] = _mm_aesenc_si128(a[l], s->rk[r][l]);
			b[l] = _mm_aesenc_si128(b[l], s->rk[r][l]);
		}
	}
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		a[l] = _mm_aesenclast_si128(a[l], s->rk[10][l]);
		b[l] = _mm_aesenclast_si128(b[l], s->rk[10][l]);
	}
	mb4_settle(a);
	mb4_settle(b);
}

/* start: keys, and the sum of the first block, B0. */
static inline void start(struct aead_mb4_scratch *s, struct aead_op *const op[MB4_LANES],
			 size_t tag_len)
{
	__m128i sum[MB4_LANES];

#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		unsigned with_aad = op[l]->aad_len > 0 ? 0x40 : 0;
		unsigned flags = with_aad | (unsigned)(tag_len - 2) / 2 << 3;
		__m128i a0 = _mm_or_si128(_mm_slli_si128(mb4_nonce(op[l]), 1),
					  _mm_cvtsi32_si128(LENGTH_LEN - 1));

		s->base[l] = a0;
		sum[l] = _mm_xor_si128(a0, counter(op[l]->len));
		sum[l] = _mm_xor_si128(sum[l], _mm_cvtsi32_si128((int)flags));
	}
	mb4_expand_128(s, op, sum);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		s->base[l] = _mm_xor_si128(s->base[l], s->rk[0][l]);
		s->sum[l] = sum[l];
	}
	mb4_forget();
}

/* aad_block: block i of the AAD with its length before it. */
static inline __m128i aad_block(const struct aead_op *op, size_t i)
{
	__m128i low = mb4_load(op->aad), high = mb4_load(op->aad + 16);

	if (i == 0)
		return _mm_or_si128(_mm_slli_si128(low, 2), _mm_cvtsi32_si128(op->aad_len << 8));
	return i == 1 ? _mm_alignr_epi8(high, low, 14) : _mm_srli_si128(high, 14);
}

static inline size_t aad_blocks(const struct aead_op *op)
{
	return op->aad_len == 0 ? 0 : (size_t)(op->aad_len + 2 + 15) / 16;
}

/* sum_aad: adds the AAD to the sums, and makes the first block of key streams. */
static inline void sum_aad(struct aead_mb4_scratch *s, struct aead_op *const op[MB4_LANES])
{
	__m128i sum[MB4_LANES], stream[MB4_LANES];

#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		sum[l] = _mm_xor_si128(_mm_xor_si128(s->sum[l], s->rk[0][l]), aad_block(op[l], 0));
		stream[l] = _mm_xor_si128(s->base[l], counter(1));
	}
	pair(s, sum, stream);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		s->sum[l] = op[l]->aad_len > 0 ? sum[l] : s->sum[l];
		s->stream[l] = stream[l];
	}
	for (size_t l = 0; l < MB4_LANES; l++) {
		for (size_t i = 1; i < aad_blocks(op[l]); i++) {
			__m128i x = _mm_xor_si128(s->sum[l], s->rk[0][l]);

			s->sum[l] = mb4_encrypt_lane(s, l, _mm_xor_si128(x, aad_block(op[l], i)));
		}
	}
}

/* full_block: block i of every lane, which all have it whole. Takes its key stream, and makes the
 * next block's. */
static inline void full_block(struct aead_mb4_scratch *s, enum aead_direction direction,
			      struct aead_op *const op[MB4_LANES], size_t i)
{
	__m128i sum[MB4_LANES], stream[MB4_LANES];

#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		__m128i in = mb4_load(op[l]->src + 16 * i), out = _mm_xor_si128(in, s->stream[l]);

		mb4_store(op[l]->dst + 16 * i, out);
		sum[l] = _mm_xor_si128(direction == AEAD_OPEN ? out : in, s->sum[l]);
		sum[l] = _mm_xor_si128(sum[l], s->rk[0][l]);
		stream[l] = _mm_xor_si128(s->base[l], counter(i + 2));
	}
	pair(s, sum, stream);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++) {
		s->sum[l] = sum[l];
		s->stream[l] = stream[l];
	}
}

/* rest: what lane l has from block i on; its key stream for the first of it. */
static inline void rest(struct aead_mb4_scratch *s, enum aead_direction direction,
			const struct aead_op *op, size_t l, size_t i)
{
	__m128i sum = s->sum[l], stream = s->stream[l];

	for (size_t at = 16 * i; at < op->len; at += 16) {
		size_t n = op->len - at;
		__m128i in, out;

		if (n >= 16) {
			in = mb4_load(op->src + at);
			out = _mm_xor_si128(in, stream);
			mb4_store(op->dst + at, out);
		} else {
			in = mb4_load_tail(op->src + at, n);
			out = mb4_first(_mm_xor_si128(in, stream), n);
			mb4_store_tail(op->dst + at, out, n);
		}
		sum = _mm_xor_si128(sum, direction == AEAD_OPEN ? out : in);
		sum = mb4_encrypt_lane(s, l, _mm_xor_si128(sum, s->rk[0][l]));
		if (n > 16)
			stream = mb4_encrypt_lane(s, l,
						  _mm_xor_si128(s->base[l], counter(at / 16 + 2)));
	}
	s->sum[l] = sum;
}

void aead_mb4_ccm(struct aead_mb4_scratch *s, enum aead_direction direction,
		  struct aead_op *const op[MB4_LANES], size_t tag_len)
{
	size_t full = mb4_full_blocks(op);
	__m128i tag[MB4_LANES];

	start(s, op, tag_len);
	sum_aad(s, op);
	for (size_t i = 0; i < full; i++)
		full_block(s, direction, op, i);
	for (size_t l = 0; l < MB4_LANES; l++)
		rest(s, direction, op[l], l, full);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		tag[l] = s->base[l]; /* A0 */
	mb4_encrypt(s, tag);
#pragma GCC unroll 4
	for (size_t l = 0; l < MB4_LANES; l++)
		mb4_finish(direction, op[l], _mm_xor_si128(s->sum[l], tag[l]), tag_len);
}
