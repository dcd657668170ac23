/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-128-CCM with tags of 16 or 8 bytes (NIST SP 800-38C, RFC 3610, RFC 6655) of 16 sessions at
 * once. The nonce has 12 bytes, which leaves 3 for length and counter.
 *
 * The sum over a record is a chain of blocks. Beside each of them the key stream of the record's
 * next block goes through the rounds: the two share the loads of the round keys, and 8 vectors are
 * on their way.
 *
 * Constant time: branches and addresses come from lengths and pointers only
 * (scripts/ct-check.py reads the disassembly).
 */
#include "aead_mb64_lanes.h"

#include <stddef.h>

enum { FLAGS_COUNTER = 3 - 1, FLAGS_AAD = 0x40, AAD_PREFIX = 2 };

/* Where a call keeps more of its secrets than the round keys 1 to 10. */
enum { SLOT_KEY = 0, SLOT_TAG = 11, SLOT_COUNTER };

/* And its lengths, so that there are registers for secrets. */
enum { LENGTHS };

MB64_INLINE __m512i len_of(struct mb64_scratch *s) { return mb64_kept(s, LENGTHS)[0]; }
MB64_INLINE __m512i aad_len_of(struct mb64_scratch *s) { return mb64_kept(s, LENGTHS)[1]; }

struct ccm {
	struct mb64_blocks sum;
	struct mb64_blocks stream; /* of the next block of text */
	unsigned aad_min, aad_max; /* of the lengths of AAD */
};

/* pick: bytes from[i] of the words of the records in vector v, in each lane; zero where from[i] is
 * negative. */
MB64_INLINE __m512i pick(__m512i sliced, __m128i from, unsigned v)
{
	__m128i control = _mm_add_epi8(from, _mm_set1_epi8((char)(4 * v)));

	return _mm512_shuffle_epi8(sliced, _mm512_broadcast_i32x4(control));
}

/* more_than: the words of vector v whose record has more than n, of what is sliced. */
MB64_INLINE __mmask16 more_than(__m512i sliced, int n, unsigned v)
{
	__m128i word = _mm_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);

	return _mm512_cmpgt_epi32_mask(pick(sliced, word, v), _mm512_set1_epi32(n));
}

/* lengths: what A0 is xored with to make B0, from lengths: flags in byte 0, the length at the
 * end. */
MB64_INLINE __m512i lengths(const struct mb64_call *call, int tag_len)
{
	__m512i len = call->len, aad_len = call->aad_len;
	__m512i flags = _mm512_set1_epi32((tag_len - 2) / 2 << 3 << 24);
	__mmask16 with_aad = _mm512_test_epi32_mask(aad_len, aad_len);

	flags = _mm512_mask_or_epi32(flags, with_aad, flags, _mm512_set1_epi32(FLAGS_AAD << 24));
	return _mm512_or_si512(len, flags);
}

/* start: expands the keys, and encrypts B0 and A0. */
MB64_INLINE void start(struct mb64_scratch *s, const struct mb64_call *call, struct ccm *c,
		       int tag_len)
{
	__m128i ends = _mm_setr_epi8(3, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64,
				     2, 1, 0);
	__m512i both = lengths(call, tag_len);
	struct mb64_blocks key = mb64_load_keys(call, 0), states[2];

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		__m512i nonce = _mm512_bslli_epi128(mb64_nonce(call, v), 1);

		nonce = _mm512_or_si512(nonce, _mm512_maskz_set1_epi32(0x1111, FLAGS_COUNTER));
		nonce = _mm512_xor_si512(nonce, key.v[v]);
		mb64_round_key(s, SLOT_KEY)[v] = key.v[v];
		mb64_round_key(s, SLOT_COUNTER)[v] = nonce;
		states[0].v[v] = _mm512_xor_si512(nonce, pick(both, ends, v));
		states[1].v[v] = nonce;
	}
	mb64_kept(s, LENGTHS)[0] = call->len;
	mb64_kept(s, LENGTHS)[1] = call->aad_len;
	mb64_expand_128(s, &key, states, 2);
	c->sum = states[0];
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		mb64_round_key(s, SLOT_TAG)[v] = states[1].v[v];
	/* From here on they are read from there: there are more than registers, and what the
	 * compiler has no register for it would leave on the stack. */
	__asm__ volatile("" : : : "memory");
}

/* encrypt: the next block of the sum, x being what is added to it; and the stream of text block
 * next. */
MB64_INLINE void encrypt(struct mb64_scratch *s, struct ccm *c, const struct mb64_blocks *x,
			 uint32_t next)
{
	__m512i counter = mb64_counter(next + 1);
	struct mb64_blocks states[2];

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		states[0].v[v] = _mm512_ternarylogic_epi64(c->sum.v[v], x->v[v],
							   mb64_round_key(s, SLOT_KEY)[v], 0x96);
		states[1].v[v] = _mm512_xor_si512(mb64_round_key(s, SLOT_COUNTER)[v], counter);
	}
	mb64_encrypt(s, MB64_ROUNDS_128, states, 2);
	c->sum = states[0];
	c->stream = states[1];
}

/* encrypt_sum: the same, where no text follows. */
MB64_INLINE void encrypt_sum(struct mb64_scratch *s, struct ccm *c, const struct mb64_blocks *x)
{
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		c->sum.v[v] = _mm512_ternarylogic_epi64(c->sum.v[v], x->v[v],
							mb64_round_key(s, SLOT_KEY)[v], 0x96);
	mb64_encrypt(s, MB64_ROUNDS_128, &c->sum, 1);
}

/* keep_finished: undoes the last block of sums where there was none: where the word of the record
 * is not more than n. */
MB64_INLINE void keep_finished(struct ccm *c, const struct mb64_blocks *before, __m512i sliced,
			       int n)
{
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		c->sum.v[v] =
			_mm512_mask_mov_epi32(before->v[v], more_than(sliced, n, v), c->sum.v[v]);
}

/* aad_block: block i of the AAD behind its length of two bytes. It is zero beyond its end. */
MB64_INLINE __m512i aad_block(struct mb64_scratch *s, const struct mb64_call *call, unsigned i,
			      unsigned v)
{
	const __m128i low_byte = _mm_setr_epi8(-64, 0, -64, -64, -64, -64, -64, -64, -64, -64, -64,
					       -64, -64, -64, -64, -64);
	size_t aad = offsetof(struct aead_op, aad);
	__m512i x;

	if (i == 0) {
		x = mb64_load_op(call, aad - AAD_PREFIX, v);
		x = _mm512_mask_mov_epi8(x, 0x0003000300030003, pick(aad_len_of(s), low_byte, v));
	} else if (i == 1) {
		x = mb64_load_op(call, aad + MB64_BLOCK - AAD_PREFIX, v);
	} else {
		x = mb64_load_op(call, aad + AEAD_AAD_MAX - MB64_BLOCK, v);
		x = _mm512_bsrli_epi128(x, MB64_BLOCK - AAD_PREFIX);
	}
	return x;
}

/* sum_aad: adds the AAD, and makes the key stream of the first block of text. */
MB64_INLINE void sum_aad(struct mb64_scratch *s, const struct mb64_call *call, struct ccm *c)
{
	__m512i aad_len = aad_len_of(s);
	struct mb64_blocks before = c->sum, x;

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++)
		x.v[v] = aad_block(s, call, 0, v);
	encrypt(s, c, &x, 0);
	if (c->aad_min == 0)
		keep_finished(c, &before, aad_len, 0);
	for (unsigned i = 1; c->aad_max + AAD_PREFIX > MB64_BLOCK * i; i++) {
		before = c->sum;
#pragma GCC unroll 4
		for (unsigned v = 0; v < MB64_VECTORS; v++)
			x.v[v] = aad_block(s, call, i, v);
		encrypt_sum(s, c, &x);
		keep_finished(c, &before, aad_len, (int)(MB64_BLOCK * i - AAD_PREFIX));
	}
}

/* whole_block: text block i of all records, which all have it whole. */
MB64_INLINE void whole_block(struct mb64_scratch *s, const struct mb64_call *call, struct ccm *c,
			     unsigned i, enum aead_direction direction)
{
	size_t at = (size_t)MB64_BLOCK * i;
	struct mb64_blocks plain;

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		const uint8_t *const from[4] = MB64_AT(call->op, src, at, v);
		uint8_t *const to[4] = MB64_AT(call->op, dst, at, v);
		__m512i in = mb64_load(from);
		__m512i out = _mm512_xor_si512(in, c->stream.v[v]);

		mb64_store(to, out);
		plain.v[v] = direction == AEAD_OPEN ? out : in;
	}
	if (i + 1 < call->blocks)
		encrypt(s, c, &plain, i + 1);
	else
		encrypt_sum(s, c, &plain);
}

/* last_block: text block i of records that have it in part, or not at all. */
MB64_INLINE void last_block(struct mb64_scratch *s, const struct mb64_call *call, struct ccm *c,
			    unsigned i, enum aead_direction direction)
{
	size_t at = (size_t)MB64_BLOCK * i;
	__m512i left = mb64_left(len_of(s), at);
	struct mb64_blocks plain, before = c->sum;

#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		const uint8_t *const from[4] = MB64_AT(call->op, src, at, v);
		uint8_t *const to[4] = MB64_AT(call->op, dst, at, v);
		__mmask64 mask = mb64_left_mask(left, v);
		__m512i in = mb64_load_masked(from, mask);
		__m512i out = _mm512_maskz_mov_epi8(mask, _mm512_xor_si512(in, c->stream.v[v]));

		mb64_store_masked(to, mask, out);
		plain.v[v] = direction == AEAD_OPEN ? out : in;
	}
	if (i + 1 < call->blocks)
		encrypt(s, c, &plain, i + 1);
	else
		encrypt_sum(s, c, &plain);
	keep_finished(c, &before, left, 0);
}

MB64_INLINE __m128i load_tag(const struct mb64_call *call, unsigned i, int tag_len)
{
	const uint8_t *p = call->op[i].src + call->op[i].len;

	return tag_len == MB64_BLOCK ? mb64_load_block(p) : _mm_loadl_epi64((const void *)p);
}

/* check_tags: the verdicts on the records of vector v. */
MB64_INLINE void check_tags(const struct mb64_call *call, __m512i tags, unsigned v, int tag_len)
{
	__m512i got = mb64_join(load_tag(call, v, tag_len), load_tag(call, v + 4, tag_len),
				load_tag(call, v + 8, tag_len), load_tag(call, v + 12, tag_len));
	unsigned wrong = _mm512_cmpneq_epi64_mask(got, tags);
	unsigned counted = tag_len == MB64_BLOCK ? 3 : 1;

	for (unsigned lane = 0; lane < 4; lane++)
		call->op[v + 4 * lane].ok = (wrong >> (2 * lane) & counted) == 0;
}

MB64_INLINE void store_tag(const struct mb64_call *call, unsigned i, __m128i tag, int tag_len)
{
	uint8_t *p = call->op[i].dst + call->op[i].len;

	if (tag_len == MB64_BLOCK)
		mb64_store_block(p, tag);
	else
		_mm_storel_epi64((__m128i *)(void *)p, tag);
	call->op[i].ok = true;
}

MB64_INLINE void store_tags(const struct mb64_call *call, __m512i tags, unsigned v, int tag_len)
{
	store_tag(call, v, _mm512_castsi512_si128(tags), tag_len);
	store_tag(call, v + 4, _mm512_extracti32x4_epi32(tags, 1), tag_len);
	store_tag(call, v + 8, _mm512_extracti32x4_epi32(tags, 2), tag_len);
	store_tag(call, v + 12, _mm512_extracti32x4_epi32(tags, 3), tag_len);
}

/* ccm: direction and tag_len are constants. */
MB64_INLINE void ccm(struct mb64_scratch *s, struct aead_op *ops, enum aead_direction direction,
		     int tag_len)
{
	const struct mb64_call call = mb64_call_of(ops);
	struct ccm c = { .aad_min = _mm512_reduce_min_epu32(call.aad_len),
			 .aad_max = _mm512_reduce_max_epu32(call.aad_len) };

	start(s, &call, &c, tag_len);
	sum_aad(s, &call, &c);
	for (unsigned i = 0; i < call.whole; i++)
		whole_block(s, &call, &c, i, direction);
	for (unsigned i = call.whole; i < call.blocks; i++)
		last_block(s, &call, &c, i, direction);
#pragma GCC unroll 4
	for (unsigned v = 0; v < MB64_VECTORS; v++) {
		__m512i tags = _mm512_xor_si512(c.sum.v[v], mb64_round_key(s, SLOT_TAG)[v]);

		if (direction == AEAD_OPEN)
			check_tags(&call, tags, v, tag_len);
		else
			store_tags(&call, tags, v, tag_len);
	}
	_mm256_zeroupper();
}

static void ccm_open(struct mb64_scratch *s, struct aead_op *ops) { ccm(s, ops, AEAD_OPEN, 16); }

static void ccm_seal(struct mb64_scratch *s, struct aead_op *ops) { ccm(s, ops, AEAD_SEAL, 16); }

static void ccm_8_open(struct mb64_scratch *s, struct aead_op *ops) { ccm(s, ops, AEAD_OPEN, 8); }

static void ccm_8_seal(struct mb64_scratch *s, struct aead_op *ops) { ccm(s, ops, AEAD_SEAL, 8); }

const struct mb64_kernel mb64_ccm_128 = { .open = ccm_open, .seal = ccm_seal };
const struct mb64_kernel mb64_ccm_8_128 = { .open = ccm_8_open, .seal = ccm_8_seal };
