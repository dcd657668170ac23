/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-GCM (NIST SP 800-38D) of 16 sessions at once. The number of rounds, 10 for keys of 16 bytes
 * and 14 for 32, is a constant wherever it is passed, and so is the direction.
 *
 * Constant time: branches and addresses come from lengths and pointers only
 * (scripts/ct-check.py reads the disassembly).
 */
#include "aead_mb64_lanes.h"

enum { CTR_TAG = 1, CTR_FIRST = 2 };

/* What is kept: what masks the tags; the key stream of the next block of text; nonce ^ raw key, a
 * counter's block but for the counter; H x, see below. */
enum { TAG_MASK, STREAM, BASE, H_X };

struct state {
	/* H as multiplication wants it: H x, which is kept, and this, so that a product needs one
	 * folding step, not two. */
	struct mb64_blocks g; /* H x x^-64 */
	struct mb64_blocks y; /* GHASH so far */
};

MB64_INLINE __m512i reflect(__m512i blocks)
{
	return _mm512_shuffle_epi8(blocks,
				   _mm512_broadcast_i32x4(_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
								       10, 11, 12, 13, 14, 15)));
}

MB64_INLINE __m512i swap_halves(__m512i x) { return _mm512_shuffle_epi32(x, _MM_PERM_BADC); }

MB64_INLINE __m512i xor3(__m512i a, __m512i b, __m512i c)
{
	return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

/* x^128 is x^127 + x^126 + x^121 + 1, bits reflected: its upper half without the 1. */
MB64_INLINE __m512i fold_constant(void) { return _mm512_set1_epi64((long long)(0xc2ULL << 56)); }

/* Reflected, a product comes out shifted by one bit: H x instead of H makes up for it. */
MB64_INLINE __m512i times_x(__m512i h)
{
	__m512i poly = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)(0xc2ULL << 56), 1));
	__m512i carry = _mm512_srai_epi32(_mm512_shuffle_epi32(h, _MM_PERM_DDDD), 31);
	__m512i shifted = _mm512_shldi_epi64(h, _mm512_bslli_epi128(h, 8), 1);

	/* shifted ^ (carry & poly) */
	return _mm512_ternarylogic_epi64(shifted, carry, poly, 0x78);
}

MB64_INLINE void hash_key_init(struct mb64_scratch *s, struct state *st,
			       const struct mb64_blocks *h)
{
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		__m512i hx = times_x(reflect(h->v[v]));
		__m512i folded = _mm512_clmulepi64_epi128(hx, fold_constant(), 0x00);

		mb64_kept(s, H_X)[v] = hx;
		st->g.v[v] = _mm512_xor_si512(swap_halves(hx), folded);
	}
}

/*
 * y * H. With y = y1 x^64 + y0 it is y1 * Hx + y0 * G x^64, so both products have the same 64 bits
 * too many at the low end, and one multiplication folds them.
 */
MB64_INLINE __m512i multiply(struct mb64_scratch *s, const struct state *st, unsigned v, __m512i y)
{
	__m512i hx = mb64_kept(s, H_X)[v], g = st->g.v[v];
	__m512i low = _mm512_xor_si512(_mm512_clmulepi64_epi128(y, g, 0x00),
				       _mm512_clmulepi64_epi128(y, hx, 0x01));
	__m512i folded = _mm512_clmulepi64_epi128(low, fold_constant(), 0x00);
	__m512i high = xor3(_mm512_clmulepi64_epi128(y, g, 0x10),
			    _mm512_clmulepi64_epi128(y, hx, 0x11), folded);

	return _mm512_xor_si512(high, swap_halves(low));
}

/* The blocks of counter n, xored with the raw keys. */
MB64_INLINE struct mb64_blocks counter_blocks(struct mb64_scratch *s, uint32_t n)
{
	struct mb64_blocks blocks;

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		blocks.v[v] = _mm512_xor_si512(mb64_kept(s, BASE)[v], mb64_counter(n));
	return blocks;
}

/* Expands the keys, and keeps them if there is a use for them later. On the way come H, the block
 * of zeros encrypted, the first counter's block, which masks the tag, and the key stream of the
 * first block of text; with long keys there are not registers enough for that. keep is a constant.
 */
MB64_INLINE void expand(struct mb64_scratch *s, const struct mb64_call *call, unsigned rounds,
			struct state *st, bool keep)
{
	struct mb64_blocks key = mb64_load_keys(call, 0), second, states[3];

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		mb64_kept(s, BASE)[v] = _mm512_xor_si512(key.v[v], mb64_nonce(call, v));
	states[0] = key;
	states[1] = counter_blocks(s, CTR_TAG);
	states[2] = counter_blocks(s, CTR_FIRST);
	if (rounds == MB64_ROUNDS_128) {
		mb64_expand_128(keep ? s : NULL, &key, states, 3);
	} else {
		second = mb64_load_keys(call, MB64_BLOCK);
		mb64_expand_256(s, &key, &second, states, 2);
	}
	hash_key_init(s, st, &states[0]);
	mb64_keep(s, TAG_MASK, &states[1]);
	if (rounds != MB64_ROUNDS_128)
		mb64_encrypt(s, rounds, &states[2], 1);
	mb64_keep(s, STREAM, &states[2]);
}

/* A record without AAD has a block of zeros here, which leaves the sum at zero. */
MB64_INLINE void hash_aad(struct mb64_scratch *s, const struct mb64_call *call, struct state *st)
{
	size_t at = __builtin_offsetof(struct aead_op, aad);
	__m512i left = mb64_left(call->aad_len, MB64_BLOCK);

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		st->y.v[v] = multiply(s, st, v, reflect(mb64_load_op(call, at, v)));
	if (_mm512_test_epi32_mask(left, left) == 0)
		return;
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		__m512i x = reflect(mb64_load_op(call, at + MB64_BLOCK, v));

		x = multiply(s, st, v, _mm512_xor_si512(st->y.v[v], x));
		st->y.v[v] = _mm512_mask_mov_epi32(st->y.v[v], mb64_live(left, v), x);
	}
}

/* Text block i of vector v in all records, which have it whole; returns what is hashed of it. */
MB64_INLINE __m512i text_whole(const struct mb64_call *call, enum aead_direction direction,
			       size_t offset, unsigned v, __m512i key_stream)
{
	const uint8_t *const from[4] = MB64_AT(call->op, src, offset, v);
	uint8_t *const to[4] = MB64_AT(call->op, dst, offset, v);
	__m512i in = mb64_load(from), out = _mm512_xor_si512(in, key_stream);

	mb64_store(to, out);
	return direction == AEAD_OPEN ? in : out;
}

/* The same where some records have ended or end here; mask: of the bytes they have. */
MB64_INLINE __m512i text_partial(const struct mb64_call *call, enum aead_direction direction,
				 size_t offset, unsigned v, __m512i key_stream, __mmask64 mask)
{
	const uint8_t *const from[4] = MB64_AT(call->op, src, offset, v);
	uint8_t *const to[4] = MB64_AT(call->op, dst, offset, v);
	__m512i in = mb64_load_masked(from, mask);
	__m512i out = _mm512_maskz_mov_epi8(mask, _mm512_xor_si512(in, key_stream));

	mb64_store_masked(to, mask, out);
	return direction == AEAD_OPEN ? in : out;
}

/*
 * Text block i. more: another one follows, whose key stream is made meanwhile, a few rounds beside
 * each multiplication: they do not wait for the same units. whole and more are constants.
 */
MB64_INLINE void step(struct mb64_scratch *s, const struct mb64_call *call, unsigned rounds,
		      enum aead_direction direction, unsigned i, struct state *st, bool whole,
		      bool more)
{
	const size_t offset = (size_t)i * MB64_BLOCK;
	const __m512i left = mb64_left(call->len, offset);
	struct mb64_call here = *call;
	struct mb64_blocks next;

	MB64_OPAQUE(here.op);
	MB64_OPAQUE(s);
	if (more)
		next = counter_blocks(s, CTR_FIRST + i + 1);
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		__m512i x, y = st->y.v[v];

		if (whole)
			x = text_whole(&here, direction, offset, v, mb64_kept(s, STREAM)[v]);
		else
			x = text_partial(&here, direction, offset, v, mb64_kept(s, STREAM)[v],
					 mb64_left_mask(left, v));
		x = multiply(s, st, v, _mm512_xor_si512(y, reflect(x)));
		st->y.v[v] = whole ? x : _mm512_mask_mov_epi32(y, mb64_live(left, v), x);
		if (more)
			mb64_encrypt_some(s, 1 + v * rounds / MB64_VECTORS,
					  (v + 1) * rounds / MB64_VECTORS, rounds, &next, 1);
	}
	if (more)
		mb64_keep(s, STREAM, &next);
}

/* The bit lengths of AAD and text end the sum. Reflected, they are a little-endian pair. */
MB64_INLINE void hash_lengths(struct mb64_scratch *s, const struct mb64_call *call,
			      struct state *st)
{
	struct mb64_blocks lens = { { _mm512_slli_epi32(call->len, 3), _mm512_setzero_si512(),
				      _mm512_slli_epi32(call->aad_len, 3),
				      _mm512_setzero_si512() } };

	lens = mb64_transpose(&lens);
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		st->y.v[v] = multiply(s, st, v, _mm512_xor_si512(st->y.v[v], lens.v[v]));
}

MB64_INLINE void finish(struct mb64_scratch *s, const struct mb64_call *call,
			enum aead_direction direction, const struct mb64_blocks *y)
{
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		const uint8_t *const stored[4] = MB64_TAGS_AT(call->op, src, v);
		uint8_t *const to[4] = MB64_TAGS_AT(call->op, dst, v);
		__m512i tag = _mm512_xor_si512(reflect(y->v[v]), mb64_kept(s, TAG_MASK)[v]);
		unsigned differs = 0;

		if (direction == AEAD_SEAL)
			mb64_store(to, tag);
		else
			differs = _mm512_cmpneq_epi32_mask(mb64_load(stored), tag);
		for (unsigned lane = 0; lane < 4; lane++)
			call->op[4 * lane + v].ok = (differs >> 4 * lane & 0xf) == 0;
	}
}

MB64_INLINE void run(struct mb64_scratch *s, struct aead_op *ops, unsigned rounds,
		     enum aead_direction direction)
{
	const struct mb64_call call = mb64_call_of(ops);
	struct state st;

	if (call.blocks <= 1)
		expand(s, &call, rounds, &st, false);
	else
		expand(s, &call, rounds, &st, true);
	hash_aad(s, &call, &st);
	for (unsigned i = 0; i < call.blocks; i++) {
		bool whole = i < call.whole, more = i + 1 < call.blocks;

		if (whole && more)
			step(s, &call, rounds, direction, i, &st, true, true);
		else if (whole)
			step(s, &call, rounds, direction, i, &st, true, false);
		else if (more)
			step(s, &call, rounds, direction, i, &st, false, true);
		else
			step(s, &call, rounds, direction, i, &st, false, false);
	}
	hash_lengths(s, &call, &st);
	finish(s, &call, direction, &st.y);
	_mm256_zeroupper();
}

static void open_128(struct mb64_scratch *s, struct aead_op *ops)
{
	run(s, ops, MB64_ROUNDS_128, AEAD_OPEN);
}

static void seal_128(struct mb64_scratch *s, struct aead_op *ops)
{
	run(s, ops, MB64_ROUNDS_128, AEAD_SEAL);
}

static void open_256(struct mb64_scratch *s, struct aead_op *ops)
{
	run(s, ops, MB64_ROUNDS_256, AEAD_OPEN);
}

static void seal_256(struct mb64_scratch *s, struct aead_op *ops)
{
	run(s, ops, MB64_ROUNDS_256, AEAD_SEAL);
}

const struct mb64_kernel mb64_gcm_128 = { .open = open_128, .seal = seal_128 };
const struct mb64_kernel mb64_gcm_256 = { .open = open_256, .seal = seal_256 };
