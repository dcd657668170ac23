/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frame_plain_write for CPUs with AVX-512's BW, VL and VBMI: all bytes of the headers get to their
 * places by one permutation of the flow, the next hop and what was counted from them. Whoever calls
 * it has asked (frame.c).
 */
#include "frame_plain.h"

#include <immintrin.h>

/*
 * What is permuted, four lanes of 16 bytes:
 *   0, 1   the flow from FLOW_SKIPPED on
 *   2      the next hop
 *   3      the numbers: words as the CPU has them, checksums as they are sent
 */
enum {
	FLOW_SKIPPED = 4,
	FLOW_LEN = sizeof(struct flow) - FLOW_SKIPPED,
	HOP_LEN = sizeof(struct nexthop),
	LOCAL_IP = offsetof(struct flow, local_ip) + 12 - FLOW_SKIPPED,
	REMOTE_IP = offsetof(struct flow, remote_ip) + 12 - FLOW_SKIPPED,
	LOCAL_PORT = offsetof(struct flow, local_port) - FLOW_SKIPPED,
	REMOTE_PORT = offsetof(struct flow, remote_port) - FLOW_SKIPPED,
	ZERO = offsetof(struct flow, remote_ip) - FLOW_SKIPPED, /* of a mapped address */
	LOCAL_MAC = FLOW_LEN + offsetof(struct nexthop, local_mac),
	REMOTE_MAC = FLOW_LEN + offsetof(struct nexthop, remote_mac),
	NUMBERS = FLOW_LEN + HOP_LEN,
	UDP_LEN = NUMBERS,
	IP_LEN = NUMBERS + 2,
	UDP_SUM = NUMBERS + 6,
	IP_SUM = NUMBERS + 14,
};
_Static_assert(FLOW_LEN == sizeof(__m256i) && HOP_LEN == sizeof(__m128i), "a load each");

#define TWO(at)     (at), (at) + 1
#define FOUR(at)    TWO(at), TWO((at) + 2)
#define SIX(at)     FOUR(at), TWO((at) + 4)
#define SWAPPED(at) (at) + 1, (at)
#define ZEROS_4     ZERO, ZERO, ZERO, ZERO
/* From the addresses on, which are written twice: headers are two stores, of 32 bytes and of 16. */
#define REST                                                                                       \
	FOUR(LOCAL_IP), FOUR(REMOTE_IP), SWAPPED(LOCAL_PORT), SWAPPED(REMOTE_PORT),                \
		SWAPPED(UDP_LEN), TWO(UDP_SUM)
enum { REST_AT = 26 };

static const uint8_t places[64] = {
	/* Ethernet */
	SIX(REMOTE_MAC), SIX(LOCAL_MAC), ZERO, ZERO,
	/* IPv4 */
	ZERO, ZERO, SWAPPED(IP_LEN), ZEROS_4, ZERO, ZERO, TWO(IP_SUM),
	/* and UDP */
	REST, [48] = REST
};
static const uint8_t constants[32] = { [12] = 0x08, 0x00, 0x45, 0x00, [20] = 0x40, 0x00, 64, 17 };

/* The sum of the payload, in as many parts as a vector has words of 32 bits. */
static inline __m512i sum_words(const uint8_t *p, size_t len)
{
	const __m512i low = _mm512_set1_epi32(0xffff);
	__m512i x, sum = _mm512_setzero_si512();

	for (; len > 64; len -= 64, p += 64) {
		x = _mm512_loadu_si512(p);
		sum = _mm512_add_epi32(sum, _mm512_and_si512(x, low));
		sum = _mm512_add_epi32(sum, _mm512_srli_epi32(x, 16));
	}
	x = _mm512_maskz_loadu_epi8(_bzhi_u64(~UINT64_C(0), (unsigned)len), p);
	sum = _mm512_add_epi32(sum, _mm512_and_si512(x, low));
	return _mm512_add_epi32(sum, _mm512_srli_epi32(x, 16));
}

/* The same in one part, that of the low half; zero in the other. */
static inline __m128i gathered(__m512i parts)
{
	__m256i of8 = _mm256_add_epi32(_mm512_castsi512_si256(parts),
				       _mm512_extracti64x4_epi64(parts, 1));
	__m128i of4 = _mm_add_epi32(_mm256_castsi256_si128(of8), _mm256_extracti128_si256(of8, 1));

	return _mm_move_epi64(_mm_add_epi32(of4, _mm_unpackhi_epi64(of4, of4)));
}

/* checksum_fold_raw of both halves: their uppermost words. */
static inline __m128i folded(__m128i sums)
{
	__m128i halves = _mm_add_epi64(sums, _mm_ror_epi64(sums, 32));

	return _mm_add_epi32(halves, _mm_ror_epi32(halves, 16));
}

/* The fourth lane: words 0 and 1 lengths, 3 and 7 checksums. */
static inline __m128i numbers(const struct flow *flow, const uint8_t *payload, size_t payload_len)
{
	const __m128i minuend =
		_mm_setr_epi16(FRAME_UDP_LEN, FRAME_IP4_LEN + FRAME_UDP_LEN, 0, 0, 0, 0, 0, -1);
	const __m128i known = _mm_set_epi64x((long long)frame_plain_ip_sum(flow, payload_len),
					     (long long)frame_plain_udp_sum(flow, payload_len));
	const __m128i sums = _mm_add_epi64(known, gathered(sum_words(payload, payload_len)));
	const __m128i less_len = _mm_set1_epi16((short)-payload_len);

	return _mm_sub_epi16(minuend, _mm_blend_epi16(folded(sums), less_len, 0x03));
}

void frame_plain_write_avx512(const struct flow *flow, const struct nexthop *hop, uint8_t *headers,
			      const uint8_t *payload, size_t payload_len)
{
	const uint8_t *lanes01 = (const uint8_t *)flow + FLOW_SKIPPED;
	__m512i x = _mm512_castsi256_si512(_mm256_loadu_si256((const void *)lanes01));

	x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)hop), 2);
	x = _mm512_inserti32x4(x, numbers(flow, payload, payload_len), 3);
	x = _mm512_permutexvar_epi8(_mm512_loadu_si512(places), x);
	_mm_storeu_si128((void *)(headers + REST_AT), _mm512_extracti32x4_epi32(x, 3));
	_mm256_storeu_si256((void *)headers,
			    _mm256_or_si256(_mm512_castsi512_si256(x),
					    _mm256_loadu_si256((const void *)constants)));
}
