/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nearly every frame of a busy port is: a plain frame (frame_plain.h) whose datagram is a
 * single record: of application data in epoch 1, or protected as in DTLS 1.3, with a header like
 * ours (record13_is_usual), or either with a short connection ID. All its headers lie in its first
 * 64 bytes, which AVX-512 takes as one register: one comparison says whether they are as they
 * should be, one permutation lays out flow and hop. Half the instructions of frame_plain_parse and
 * of splitting the datagram, for CPUs that have them.
 *
 * Inline, for callers that are FRAME_SINGLE_TARGET themselves. Pure functions; any thread.
 */
#pragma once

#include "frame_plain.h"
#include "record13.h"

#include <immintrin.h>

#define FRAME_SINGLE_TARGET                                                                        \
	__attribute__((target("avx2,bmi2,avx512f,avx512bw,avx512vbmi,avx512vnni")))
#define FRAME_SINGLE_INLINE static inline FRAME_SINGLE_TARGET __attribute__((always_inline))

enum {
	FRAME_SINGLE_MIN = 64,  /* bytes of a frame: a shorter one is for frame_parse */
	FRAME_SINGLE_ENDS = 64, /* bytes written: struct flow, struct nexthop, zeros */
};

/* frame_single_usable: whether this CPU has what it needs. */
static inline bool frame_single_usable(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vnni");
}

/*
 * The first 64 bytes as words, as the machine loads them. A word w is right when
 *
 *   ((w & mask) ^ lengths) - least <= range
 *
 * where lengths is what the frame's length makes of the three length fields. A word that has to be
 * one value has that in least, and range 0; one that can be any has mask 0.
 */
typedef uint16_t frame_single_words[FRAME_SINGLE_MIN / 2] __attribute__((aligned(64)));
typedef uint8_t frame_single_bytes[FRAME_SINGLE_MIN] __attribute__((aligned(64)));

#define FRAME_SINGLE_AT(byte) [(byte) / 2]

/* One of the two forms. front: what stands before that whose length a field has; lengths: where the
 * bytes of those lengths go, swapped. A record's stand in two words. */
struct frame_single_form {
	frame_single_words mask, least, range, front;
	frame_single_bytes lengths;
};

/* clang-format off */
/* What both have in common. */
#define FRAME_SINGLE_MASK                                                                          \
	FRAME_SINGLE_AT(0) = 0xffff,  FRAME_SINGLE_AT(2) = 0xffff,  /* to our station */           \
	FRAME_SINGLE_AT(4) = 0xffff,  FRAME_SINGLE_AT(6) = 0x0001,  /* from no group */            \
	FRAME_SINGLE_AT(12) = 0xffff, FRAME_SINGLE_AT(14) = 0x00ff, /* IPv4, no options */         \
	FRAME_SINGLE_AT(16) = 0xffff,                               /* IP length */                \
	FRAME_SINGLE_AT(20) = 0xff3f, FRAME_SINGLE_AT(22) = 0xff00, /* no fragment, UDP */         \
	FRAME_SINGLE_AT(26) = 0x00ff,                               /* first octet of source */    \
	FRAME_SINGLE_AT(34) = 0xffff,                               /* source port */              \
	FRAME_SINGLE_AT(38) = 0xffff                                /* UDP length */
#define FRAME_SINGLE_LEAST                                                                         \
	FRAME_SINGLE_AT(12) = 0x0008, FRAME_SINGLE_AT(14) = 0x0045, FRAME_SINGLE_AT(22) = 0x1100,  \
	FRAME_SINGLE_AT(26) = 1,      FRAME_SINGLE_AT(34) = 1
#define FRAME_SINGLE_RANGE                                                                         \
	FRAME_SINGLE_AT(26) = 222, /* beyond 223 is 240/4, which is for frame_parse */             \
	FRAME_SINGLE_AT(34) = 0xfffe
#define FRAME_SINGLE_FRONT                                                                         \
	FRAME_SINGLE_AT(16) = FRAME_ETHER_LEN, FRAME_SINGLE_AT(38) = FRAME_PLAIN_UDP
#define NO 0x80 /* leaves 0 */
#define FRAME_SINGLE_NONE NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO

static const struct frame_single_form frame_single_12 = {
	.mask = {
		FRAME_SINGLE_MASK,
		FRAME_SINGLE_AT(42) = 0xffff, FRAME_SINGLE_AT(44) = 0xffff, /* type, version, */
		FRAME_SINGLE_AT(46) = 0x00ff,                               /* epoch */
		FRAME_SINGLE_AT(52) = 0xff00, FRAME_SINGLE_AT(54) = 0x00ff, /* length */
	},
	.least = {
		FRAME_SINGLE_LEAST,
		FRAME_SINGLE_AT(42) = (DTLS_1_2 & 0xff00) | RECORD_APPDATA,
		FRAME_SINGLE_AT(44) = DTLS_1_2 & 0xff,
		FRAME_SINGLE_AT(46) = 1,
	},
	.range = { FRAME_SINGLE_RANGE },
	.front = {
		FRAME_SINGLE_FRONT,
		FRAME_SINGLE_AT(52) = FRAME_PLAIN_LEN + RECORD_HEADER_LEN,
		FRAME_SINGLE_AT(54) = FRAME_PLAIN_LEN + RECORD_HEADER_LEN,
	},
	.lengths = {
		FRAME_SINGLE_NONE,
		1,  0,  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* IP, at 16 */
		NO, NO, NO, NO, NO, NO, 7,  6,  NO, NO, NO, NO, NO, NO, NO, NO, /* UDP, at 38 */
		NO, NO, NO, NO, NO, 5,  6,  NO, NO, NO, NO, NO, NO, NO, NO, NO, /* record, at 53 */
	},
};

static const struct frame_single_form frame_single_13 = {
	.mask = {
		FRAME_SINGLE_MASK,
		FRAME_SINGLE_AT(42) = 0xff & ~RECORD13_EPOCH_BITS,
		FRAME_SINGLE_AT(44) = 0xff00, FRAME_SINGLE_AT(46) = 0x00ff, /* length */
	},
	.least = { FRAME_SINGLE_LEAST, FRAME_SINGLE_AT(42) = RECORD13_USUAL },
	.range = { FRAME_SINGLE_RANGE },
	.front = {
		FRAME_SINGLE_FRONT,
		FRAME_SINGLE_AT(44) = FRAME_PLAIN_LEN + RECORD13_HEADER_LEN,
		FRAME_SINGLE_AT(46) = FRAME_PLAIN_LEN + RECORD13_HEADER_LEN,
	},
	.lengths = {
		FRAME_SINGLE_NONE,
		1,  0,  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* IP, at 16 */
		NO, NO, NO, NO, NO, NO, 7,  6,  NO, NO, NO, NO, NO, 13, 14, NO, /* UDP; record, at 45 */
		FRAME_SINGLE_NONE,
	},
};
#undef NO
/* clang-format on */

/* frame_single_cid_fits: whether headers with a connection ID of so many bytes are in the first 64
 * bytes of a frame. frame_single_form_cid: then, the form of what has one. Slow path only. */
static inline bool frame_single_cid_fits(size_t cid_len) { return cid_len >= 1 && cid_len <= 9; }
void frame_single_form_cid(struct frame_single_form *out, bool is_13, size_t cid_len);

/* struct flow and struct nexthop: bytes of the frame, or (C) of what is the same for all. */
#define C 64
static const frame_single_bytes frame_single_ends = {
	C,     C,     C,  C,  C, C, C, C, C, C, C + 1, C + 1, 30, 31, 32, 33, /* local_ip */
	C,     C,     C,  C,  C, C, C, C, C, C, C + 1, C + 1, 26, 27, 28, 29, /* remote_ip */
	37,    36,    35, 34, 0, 1, 2, 3, 4, 5, 6,     7,     8,  9,  10, 11, /* ports, both MACs */
	C + 1, C + 1, C,  C,  C, C, C, C, C, C, C,     C,     C,  C,  C,  C,  /* vlan_tci: none */
};
#undef C
static const frame_single_bytes frame_single_same = { 0, 0xff }; /* what C and C + 1 are */
_Static_assert(VLAN_NONE == 0xffff, "like the bytes of a mapped address");

/* How often each word counts in the UDP checksum: from the addresses on, and the length twice, once
 * for the pseudo-header. */
static const frame_single_words frame_single_weights = {
	FRAME_SINGLE_AT(26) = 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

FRAME_SINGLE_INLINE __m512i frame_single_load(const void *p) { return _mm512_load_si512(p); }

/* Whether the headers are those of a plain frame to this station and of a record of this form, all
 * as long as the frame is. */
FRAME_SINGLE_INLINE bool frame_single_kind(const struct frame_single_form *form,
					   const struct frame_plain *plain, __m512i head,
					   uint16_t len)
{
	const __m512i least = _mm512_mask_set1_epi64(frame_single_load(form->least), 1,
						     (long long)plain->station);
	__m512i lengths =
		_mm512_sub_epi16(_mm512_set1_epi16((short)len), frame_single_load(form->front));
	__m512i rest;

	lengths = _mm512_shuffle_epi8(lengths, frame_single_load(form->lengths));
	/* 0x6a: (head & mask) ^ lengths */
	rest = _mm512_ternarylogic_epi64(head, frame_single_load(form->mask), lengths, 0x6a);
	rest = _mm512_sub_epi16(rest, least);
	return _mm512_cmpgt_epu16_mask(rest, frame_single_load(form->range)) == 0;
}

/* Words are added as signed ones, for that is what there is an instruction for: less 0x8000 each,
 * which is given back in the end. */
enum { FRAME_SINGLE_BIAS = 0x8000 };

FRAME_SINGLE_INLINE __m512i frame_single_signed(__m512i v)
{
	return _mm512_xor_si512(v, _mm512_set1_epi16(-FRAME_SINGLE_BIAS));
}

/* sum and the words of 64 bytes, of which only those inside the frame are read: left, but at most
 * 255. */
FRAME_SINGLE_INLINE __m512i frame_single_add(__m512i sum, const uint8_t *p, size_t left)
{
	const __mmask64 inside = _bzhi_u64(~UINT64_C(0), left); /* all of them from 64 on */

	return _mm512_dpwssd_epi32(sum, frame_single_signed(_mm512_maskz_loadu_epi8(inside, p)),
				   _mm512_set1_epi16(1));
}

/* Whether the UDP checksum holds. What most frames are has no loop. */
FRAME_SINGLE_INLINE bool frame_single_holds(const uint8_t *frame, __m512i head, size_t len)
{
	enum { HEAD_WEIGHT = 20, CHUNK_WEIGHT = 32, PROTOCOL = 17 << 8, SHORT = 192 };
	uint32_t bias = (HEAD_WEIGHT + 2 * CHUNK_WEIGHT) * FRAME_SINGLE_BIAS;
	__m512i sum = _mm512_madd_epi16(frame_single_signed(head),
					frame_single_load(frame_single_weights));

	for (; __builtin_expect(len > SHORT, 0); len -= 64, frame += 64) {
		sum = frame_single_add(sum, frame + 64, 64);
		bias += CHUNK_WEIGHT * FRAME_SINGLE_BIAS;
	}
	sum = frame_single_add(sum, frame + 64, len - 64);
	sum = frame_single_add(sum, frame + 128, len < 128 ? 0 : len - 128);
	return ((uint32_t)_mm512_reduce_add_epi32(sum) + bias + PROTOCOL) % 0xffff == 0;
}

/*
 * frame_single_parse: frame_parse of such a frame, of FRAME_SINGLE_MIN bytes or more. form:
 * frame_single_12, frame_single_13 or one that frame_single_form_cid made of them; plain is the
 * host's; ends are FRAME_SINGLE_ENDS
 * bytes, aligned to as many.
 *
 * True: frame_parse would say STATUS_OK, with payload_off FRAME_PLAIN_LEN and not checksum_partial,
 * and write flow and hop as they are at ends now, but for hop's port_id. The record's header is
 * well-formed and its length is that of the rest of the frame: too short, perhaps, or too long.
 *
 * False: another frame, or something is wrong with it. Ask frame_parse; what is at ends is
 * undefined.
 */
FRAME_SINGLE_INLINE bool frame_single_parse(const struct frame_single_form *form,
					    const struct frame_plain *plain, const uint8_t *frame,
					    uint16_t len, unsigned checked, void *ends)
{
	const __m512i head = _mm512_loadu_si512(frame);
	const __m512i same = frame_single_load(frame_single_same);
	const uint32_t remote = bytes_raw32(frame + 26), local = bytes_raw32(frame + 30);

	if (!frame_single_kind(form, plain, head, len) || !frame_plain_addrs(plain, local, remote))
		return false;
	_mm512_store_si512(
		ends, _mm512_permutex2var_epi8(head, frame_single_load(frame_single_ends), same));
	if (!(checked & FRAME_IP_CHECKED) && !frame_plain_ip_holds(frame, (uint64_t)remote + local))
		return false;
	return checked & FRAME_L4_CHECKED || frame_single_holds(frame, head, len);
}
