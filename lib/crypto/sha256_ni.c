/* SPDX-License-Identifier: BSD-3-Clause */
/* FIPS 180-4 §6.2.2. sha256rnds2 does two rounds on the words ABEF and CDGH. */
#include "sha256_ni.h"

#include <cpuid.h>
#include <immintrin.h>

/* FIPS 180-4 §4.2.2 */
static const uint32_t constants[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

struct lane {
	__m128i abef, cdgh;
	__m128i w[4]; /* sixteen words of the message schedule: w[i & 3] is words 4i and on */
};

#define INLINE static inline __attribute__((always_inline))

INLINE struct lane lane_load(const uint32_t state[8], const uint8_t *block)
{
	const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
	const __m128i *in = (const __m128i *)(const void *)block;
	__m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
	__m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
	struct lane l = { .abef = _mm_alignr_epi8(cdab, efgh, 8),
			  .cdgh = _mm_blend_epi16(efgh, cdab, 0xf0) };

	for (int i = 0; i < 4; i++)
		l.w[i] = _mm_shuffle_epi8(_mm_loadu_si128(in + i), swap);
	return l;
}

/* Adds to the state what the block made of it. */
INLINE void lane_store(const struct lane *l, uint32_t state[8])
{
	__m128i *out = (__m128i *)(void *)state;
	__m128i feba = _mm_shuffle_epi32(l->abef, 0x1b), dchg = _mm_shuffle_epi32(l->cdgh, 0xb1);
	__m128i dcba = _mm_blend_epi16(feba, dchg, 0xf0), hgfe = _mm_alignr_epi8(dchg, feba, 8);

	_mm_storeu_si128(out, _mm_add_epi32(_mm_loadu_si128(out), dcba));
	_mm_storeu_si128(out + 1, _mm_add_epi32(_mm_loadu_si128(out + 1), hgfe));
}

/* Rounds 4i to 4i + 3. */
INLINE void lane_rounds(struct lane *l, int i)
{
	__m128i k = _mm_load_si128((const __m128i *)(const void *)constants + i);
	__m128i wk = _mm_add_epi32(l->w[i & 3], k);

	l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, wk);
	l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* Words 4i + 16 and on, in the place of words 4i and on. */
INLINE void lane_schedule(struct lane *l, int i)
{
	__m128i *w = &l->w[i & 3], last = l->w[(i + 3) & 3];
	__m128i seven_ago = _mm_alignr_epi8(last, l->w[(i + 2) & 3], 4);
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(*w, l->w[(i + 1) & 3]), seven_ago);

	*w = _mm_sha256msg2_epu32(sum, last);
}

void sha256_ni(uint32_t state[8], const uint8_t *blocks, size_t n)
{
	for (; n > 0; n--, blocks += 64) {
		struct lane l = lane_load(state, blocks);

#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			lane_rounds(&l, i);
			if (i < 12)
				lane_schedule(&l, i);
		}
		lane_store(&l, state);
	}
}

void sha256_ni_2(uint32_t state_a[8], const uint8_t *block_a, uint32_t state_b[8],
		 const uint8_t *block_b)
{
	struct lane a = lane_load(state_a, block_a), b = lane_load(state_b, block_b);

#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		lane_rounds(&a, i);
		lane_rounds(&b, i);
		if (i < 12) {
			lane_schedule(&a, i);
			lane_schedule(&b, i);
		}
	}
	lane_store(&a, state_a);
	lane_store(&b, state_b);
}

bool sha256_ni_here(void)
{
	unsigned a, b, c, d;

	return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
	       (b & bit_SHA) != 0;
}
