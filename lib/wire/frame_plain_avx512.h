/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frame_plain_write for CPUs with AVX-512's BW, VL and VBMI, and BMI2: all bytes of the headers get
 * to their places by one permutation of the flow, the next hop and what was counted from them.
 *
 * Inline, for callers that are FRAME_PLAIN_TARGET themselves; what ends them with vzeroupper is the
 * compiler. Pure functions; any thread.
 */
#pragma once

#include "frame_plain.h"

#include <immintrin.h>

#define FRAME_PLAIN_TARGET __attribute__((target("avx2,bmi2,avx512f,avx512bw,avx512vl,avx512vbmi")))
#define FRAME_PLAIN_INLINE static inline FRAME_PLAIN_TARGET __attribute__((always_inline))

/* frame_plain_avx512_usable: whether this CPU has what it needs: a hypervisor may hide any of it.
 */
static inline bool frame_plain_avx512_usable(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vbmi");
}

/*
 * What is permuted, four lanes of 16 bytes:
 *   0, 1   the flow from FRAME_PLAIN_FLOW_SKIPPED on
 *   2      the next hop
 *   3      the numbers: words as the CPU has them, checksums as they are sent
 */
enum {
	FRAME_PLAIN_FLOW_SKIPPED = 4,
	FRAME_PLAIN_FLOW_LEN = sizeof(struct flow) - FRAME_PLAIN_FLOW_SKIPPED,
	FRAME_PLAIN_HOP_LEN = sizeof(struct nexthop),
	FRAME_PLAIN_LOCAL_IP = offsetof(struct flow, local_ip) + 12 - FRAME_PLAIN_FLOW_SKIPPED,
	FRAME_PLAIN_REMOTE_IP = offsetof(struct flow, remote_ip) + 12 - FRAME_PLAIN_FLOW_SKIPPED,
	FRAME_PLAIN_LOCAL_PORT = offsetof(struct flow, local_port) - FRAME_PLAIN_FLOW_SKIPPED,
	FRAME_PLAIN_REMOTE_PORT = offsetof(struct flow, remote_port) - FRAME_PLAIN_FLOW_SKIPPED,
	FRAME_PLAIN_ZERO = offsetof(struct flow, remote_ip) -
			   FRAME_PLAIN_FLOW_SKIPPED, /* of a mapped address */
	FRAME_PLAIN_LOCAL_MAC = FRAME_PLAIN_FLOW_LEN + offsetof(struct nexthop, local_mac),
	FRAME_PLAIN_REMOTE_MAC = FRAME_PLAIN_FLOW_LEN + offsetof(struct nexthop, remote_mac),
	FRAME_PLAIN_NUMBERS = FRAME_PLAIN_FLOW_LEN + FRAME_PLAIN_HOP_LEN,
	FRAME_PLAIN_UDP_LEN = FRAME_PLAIN_NUMBERS,
	FRAME_PLAIN_IP_LEN = FRAME_PLAIN_NUMBERS + 2,
	FRAME_PLAIN_UDP_SUM = FRAME_PLAIN_NUMBERS + 6,
	FRAME_PLAIN_IP_SUM = FRAME_PLAIN_NUMBERS + 14,
};
_Static_assert(FRAME_PLAIN_FLOW_LEN == sizeof(__m256i) && FRAME_PLAIN_HOP_LEN == sizeof(__m128i),
	       "a load each");

#define TWO(at)     (at), (at) + 1
#define FOUR(at)    TWO(at), TWO((at) + 2)
#define SIX(at)     FOUR(at), TWO((at) + 4)
#define SWAPPED(at) (at) + 1, (at)
#define ZEROS_4     FRAME_PLAIN_ZERO, FRAME_PLAIN_ZERO, FRAME_PLAIN_ZERO, FRAME_PLAIN_ZERO
/* From the addresses on, which are written twice: headers are two stores, of 32 bytes and of 16. */
#define REST                                                                                       \
	FOUR(FRAME_PLAIN_LOCAL_IP), FOUR(FRAME_PLAIN_REMOTE_IP), SWAPPED(FRAME_PLAIN_LOCAL_PORT),  \
		SWAPPED(FRAME_PLAIN_REMOTE_PORT), SWAPPED(FRAME_PLAIN_UDP_LEN),                    \
		TWO(FRAME_PLAIN_UDP_SUM)
enum { FRAME_PLAIN_REST_AT = 26 };

static const uint8_t frame_plain_places[64] = {
	/* Ethernet */
	SIX(FRAME_PLAIN_REMOTE_MAC), SIX(FRAME_PLAIN_LOCAL_MAC), FRAME_PLAIN_ZERO, FRAME_PLAIN_ZERO,
	/* IPv4 */
	FRAME_PLAIN_ZERO, FRAME_PLAIN_ZERO, SWAPPED(FRAME_PLAIN_IP_LEN), ZEROS_4, FRAME_PLAIN_ZERO,
	FRAME_PLAIN_ZERO, TWO(FRAME_PLAIN_IP_SUM),
	/* and UDP */
	REST, [48] = REST
};
#undef TWO
#undef FOUR
#undef SIX
#undef SWAPPED
#undef ZEROS_4
#undef REST
static const uint8_t frame_plain_constants[32] = {
	[12] = 0x08, 0x00, 0x45, 0x00, [20] = 0x40, 0x00, 64, 17
};

/* The sum of the payload, in as many parts as a vector has words of 32 bits. */
FRAME_PLAIN_INLINE __m512i frame_plain_sum_words(const uint8_t *p, size_t len)
{
	const __m512i low = _mm512_set1_epi32(0xffff);
	__m512i x, sum = _mm512_setzero_si512();

	for (; __builtin_expect(len > 64, 0); len -= 64, p += 64) {
		x = _mm512_loadu_si512(p);
		sum = _mm512_add_epi32(sum, _mm512_and_si512(x, low));
		sum = _mm512_add_epi32(sum, _mm512_srli_epi32(x, 16));
	}
	x = _mm512_maskz_loadu_epi8(_bzhi_u64(~UINT64_C(0), len), p);
	sum = _mm512_add_epi32(sum, _mm512_and_si512(x, low));
	return _mm512_add_epi32(sum, _mm512_srli_epi32(x, 16));
}

/* The same in one part, that of the low half; zero in the other. */
FRAME_PLAIN_INLINE __m128i frame_plain_gathered(__m512i parts)
{
	__m256i of8 = _mm256_add_epi32(_mm512_castsi512_si256(parts),
				       _mm512_extracti64x4_epi64(parts, 1));
	__m128i of4 = _mm_add_epi32(_mm256_castsi256_si128(of8), _mm256_extracti128_si256(of8, 1));

	return _mm_move_epi64(_mm_add_epi32(of4, _mm_unpackhi_epi64(of4, of4)));
}

/* checksum_fold_raw of both halves: their uppermost words. */
FRAME_PLAIN_INLINE __m128i frame_plain_folded(__m128i sums)
{
	__m128i halves = _mm_add_epi64(sums, _mm_ror_epi64(sums, 32));

	return _mm_add_epi32(halves, _mm_ror_epi32(halves, 16));
}

/* The fourth lane: words 0 and 1 lengths, 3 and 7 checksums. */
FRAME_PLAIN_INLINE __m128i frame_plain_numbers(const struct flow *flow, const uint8_t *payload,
					       size_t payload_len)
{
	const __m128i minuend =
		_mm_setr_epi16(FRAME_UDP_LEN, FRAME_IP4_LEN + FRAME_UDP_LEN, 0, 0, 0, 0, 0, -1);
	const __m128i known = _mm_set_epi64x((long long)frame_plain_ip_sum(flow, payload_len),
					     (long long)frame_plain_udp_sum(flow, payload_len));
	const __m128i sums = _mm_add_epi64(
		known, frame_plain_gathered(frame_plain_sum_words(payload, payload_len)));
	const __m128i less_len = _mm_set1_epi16((short)-payload_len);

	return _mm_sub_epi16(minuend, _mm_blend_epi16(frame_plain_folded(sums), less_len, 0x03));
}

/* frame_plain_write_avx512: frame_plain_write. */
FRAME_PLAIN_INLINE void frame_plain_write_avx512(const struct flow *flow, const struct nexthop *hop,
						 uint8_t *headers, const uint8_t *payload,
						 size_t payload_len)
{
	const uint8_t *lanes01 = (const uint8_t *)flow + FRAME_PLAIN_FLOW_SKIPPED;
	__m512i x = _mm512_castsi256_si512(_mm256_loadu_si256((const void *)lanes01));

	x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)hop), 2);
	x = _mm512_inserti32x4(x, frame_plain_numbers(flow, payload, payload_len), 3);
	x = _mm512_permutexvar_epi8(_mm512_loadu_si512(frame_plain_places), x);
	_mm_storeu_si128((void *)(headers + FRAME_PLAIN_REST_AT), _mm512_extracti32x4_epi32(x, 3));
	_mm256_storeu_si256(
		(void *)headers,
		_mm256_or_si256(_mm512_castsi512_si256(x),
				_mm256_loadu_si256((const void *)frame_plain_constants)));
}
