/* SPDX-License-Identifier: BSD-3-Clause */
/* Code that test_ct_check.py compiles, and never runs: scripts/ct-check.py must refuse every bad_
 * function and none of the ok_ ones. */
#include "secret.h"

#include <immintrin.h>

struct record {
	const uint8_t *src, *key;
	uint8_t *dst;
	uint16_t len;
	bool ok;
};

struct scratch {
	uint8_t keys[64];
};

extern void work(void);
extern int unknown(const struct record *r);
static const uint32_t table[256] = { 1, 2, 3, 5, 8, 13, 21 };

#define PLANT __attribute__((noinline, used))
#define WIDE  __attribute__((noinline, used, target("avx512f,avx512bw,avx512vl")))

/* opaque: the compiler must not see through the memory at p. */
static inline void opaque(void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

static inline __m128i vector(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }

PLANT void bad_branch(const struct record *r)
{
	if (r->key[3] & 1)
		work();
}

PLANT uint32_t bad_index(const struct record *r) { return table[r->key[0]]; }

PLANT void bad_store_index(const struct record *r) { r->dst[r->key[0]] = 0; }

PLANT bool bad_early_exit(const struct record *r)
{
	for (size_t i = 0; i < 16; i++) {
		if (r->src[r->len + i] != r->key[i])
			return false;
	}
	return true;
}

PLANT bool bad_memcmp(const struct record *r)
{
	return memcmp(r->src + r->len, r->key, r->len) == 0;
}

PLANT void bad_movemask(const struct record *r)
{
	if (_mm_movemask_epi8(_mm_cmpeq_epi8(vector(r->src), vector(r->key))) == 0xffff)
		work();
}

PLANT uint32_t bad_extract(const struct record *r)
{
	return table[_mm_cvtsi128_si32(_mm_xor_si128(vector(r->src), vector(r->key))) & 0xff];
}

PLANT void bad_through_the_stack(const struct record *r)
{
	uint64_t x[2];

	_mm_storeu_si128((__m128i *)x, vector(r->key));
	opaque(x);
	if (x[1] == 0)
		work();
}

PLANT uint32_t bad_through_scratch(struct scratch *s, const struct record *r)
{
	_mm_storeu_si128((__m128i *)s->keys, vector(r->key));
	opaque(s);
	return table[s->keys[5]];
}

PLANT uint32_t bad_annotated_scratch(const struct scratch *s) { return table[s->keys[5]]; }

PLANT static uint32_t helper(uint32_t x, uint32_t y) { return x > 128 ? table[y] : y / 3; }

PLANT uint32_t bad_helper(const struct record *r) { return helper(r->len, r->key[2]); }

PLANT uint32_t bad_division(const struct record *r) { return r->len / (r->key[0] + 1U); }

PLANT void bad_copied_length(const struct record *r) { memcpy(r->dst, r->src, r->key[0]); }

PLANT uint32_t bad_select(const struct record *r) { return table[r->key[0] > 5 ? r->len & 3 : 7]; }

PLANT void bad_result(const struct record *r)
{
	if (unknown(r))
		work();
}

PLANT void bad_loop_count(const struct record *r)
{
	for (size_t i = 0; i < r->key[1]; i++)
		r->dst[i] ^= 1;
}

__attribute__((noinline, used, target("sse4.1"))) void bad_ptest(const struct record *r)
{
	if (_mm_testz_si128(vector(r->src), vector(r->key)))
		work();
}

WIDE void bad_mask(const struct record *r)
{
	__m512i a = _mm512_loadu_si512(r->src), b = _mm512_loadu_si512(r->key);

	if (_mm512_cmpeq_epi64_mask(a, b) == 0xff)
		work();
}

WIDE void bad_mask_address(const struct record *r)
{
	__m512i a = _mm512_loadu_si512(r->src), b = _mm512_loadu_si512(r->key);

	r->dst[_mm512_cmpeq_epi64_mask(a, b)] = 1;
}

WIDE void bad_gather(const struct record *r)
{
	__m256i i = _mm256_cvtepu8_epi32(vector(r->key));

	_mm256_storeu_si256((__m256i *)r->dst, _mm256_i32gather_epi32((const int *)table, i, 4));
}

/* Branches and addresses by lengths; secrets go where they like. */
PLANT void ok_lengths(const struct record *r)
{
	__m128i key = vector(r->key);
	size_t i;

	for (i = 0; i + 16 <= r->len; i += 16)
		_mm_storeu_si128((__m128i *)(r->dst + i), _mm_xor_si128(key, vector(r->src + i)));
	for (; i < r->len; i++)
		r->dst[i] = (uint8_t)(r->src[i] ^ r->key[i % 16]);
}

PLANT void ok_verdict(struct record *r) { r->ok = secret_equal(r->src + r->len, r->key, 16); }

PLANT void ok_vector_verdict(struct record *r)
{
	r->ok = _mm_movemask_epi8(_mm_cmpeq_epi8(vector(r->src), vector(r->key))) == 0xffff;
}

PLANT void ok_masked_select(const struct record *r)
{
	uint8_t mask = (uint8_t) - (r->key[0] >> 7);

	/* Without this, clang chooses one of two addresses. */
	__asm__ volatile("" : "+r"(mask));
	r->dst[0] = (uint8_t)((r->src[0] & mask) | (r->src[1] & ~mask));
}

PLANT void ok_sort(const struct record *r, size_t n, uint16_t *order)
{
	uint16_t start[34] = { 0 };

	for (size_t i = 0; i < n; i++)
		start[(r[i].len & 511) / 16 + 1]++;
	for (size_t i = 1; i < 34; i++)
		start[i] = (uint16_t)(start[i] + start[i - 1]);
	for (size_t i = 0; i < n; i++)
		order[start[(r[i].len & 511) / 16]++] = (uint16_t)i;
}

WIDE void ok_masked_store(const struct record *r)
{
	__m512i a = _mm512_loadu_si512(r->src), b = _mm512_loadu_si512(r->key);

	_mm512_mask_storeu_epi8(r->dst, ((__mmask64)1 << (r->len & 63)) - 1,
				_mm512_xor_si512(a, b));
}

PLANT static uint32_t public_helper(uint32_t x, uint32_t y) { return x > 128 ? table[x & 255] : y; }

PLANT void ok_helper(const struct record *r)
{
	r->dst[0] = (uint8_t)public_helper(r->len, r->key[2]);
}
