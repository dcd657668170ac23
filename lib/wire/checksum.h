/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071): a one's complement sum of big-endian 16-bit words.
 *
 * A sum is gathered in a 64-bit accumulator that starts at 0 and is folded once. One's complement
 * does not care how wide the words are that are added (2^64 - 1 is a multiple of 2^16 - 1), nor
 * about byte order until it is folded (§2 B): so eight bytes are added at a time, as the machine
 * loads them, and what is carried out at the top comes back in at the bottom. Pure functions; any
 * thread.
 */
#pragma once

#include "bytes.h"

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHECKSUM_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define CHECKSUM_SANITIZED
#endif
#endif

/* checksum_add_raw: sum plus up to eight bytes, as bytes_raw64 or bytes_raw32 loads them. */
static inline uint64_t checksum_add_raw(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* checksum_add_u16: sum plus one word, given in host order. */
static inline uint64_t checksum_add_u16(uint64_t sum, uint16_t word)
{
	return checksum_add_raw(sum, htobe16(word));
}

/* checksum_short: less than eight bytes, as bytes_raw64 would load them with zeros behind. */
static inline uint64_t checksum_short(const uint8_t *p, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)p[i] << 8 * i;
	return word;
}

/* checksum_add16, _add32, _add64: sum plus so many bytes. Compilers make of it a chain of additions
 * with carry only when told; the sanitizers cannot look into that, so for them it is spelled out.
 */
static inline uint64_t checksum_add16(uint64_t sum, const uint8_t *p)
{
#if defined(__x86_64__) && !defined(CHECKSUM_SANITIZED)
	__asm__("addq (%1), %0\n\t"
		"adcq 8(%1), %0\n\t"
		"adcq $0, %0"
		: "+r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[16])p)
		: "cc");
	return sum;
#else
	return checksum_add_raw(checksum_add_raw(sum, bytes_raw64(p)), bytes_raw64(p + 8));
#endif
}

static inline uint64_t checksum_add32(uint64_t sum, const uint8_t *p)
{
#if defined(__x86_64__) && !defined(CHECKSUM_SANITIZED)
	__asm__("addq (%1), %0\n\t"
		"adcq 8(%1), %0\n\t"
		"adcq 16(%1), %0\n\t"
		"adcq 24(%1), %0\n\t"
		"adcq $0, %0"
		: "+r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[32])p)
		: "cc");
#else
	for (unsigned i = 0; i < 32; i += 8)
		sum = checksum_add_raw(sum, bytes_raw64(p + i));
#endif
	return sum;
}

static inline uint64_t checksum_add64(uint64_t sum, const uint8_t *p)
{
#if defined(__x86_64__) && !defined(CHECKSUM_SANITIZED)
	__asm__("addq (%1), %0\n\t"
		"adcq 8(%1), %0\n\t"
		"adcq 16(%1), %0\n\t"
		"adcq 24(%1), %0\n\t"
		"adcq 32(%1), %0\n\t"
		"adcq 40(%1), %0\n\t"
		"adcq 48(%1), %0\n\t"
		"adcq 56(%1), %0\n\t"
		"adcq $0, %0"
		: "+r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[64])p)
		: "cc");
	return sum;
#else
	return checksum_add32(checksum_add32(sum, p), p + 32);
#endif
}

/* checksum_add_long: checksum_add of at least eight bytes. */
static inline uint64_t checksum_add_long(uint64_t sum, const void *p, size_t len)
{
	const uint8_t *at = p;

	for (; len >= 64; len -= 64, at += 64)
		sum = checksum_add64(sum, at);
	if (len & 32) {
		sum = checksum_add32(sum, at);
		at += 32;
	}
	if (len & 16) {
		sum = checksum_add16(sum, at);
		at += 16;
	}
	if (len & 8) {
		sum = checksum_add_raw(sum, bytes_raw64(at));
		at += 8;
	}
	/* With what is in front of it, which is shifted out: by 64 - 8 * (len % 8). */
	return checksum_add_raw(sum, bytes_raw64(at + (len & 7) - 8) >> 1 >> (~(8 * len) & 63));
}

/* checksum_add: sum plus len bytes at p. Only the last piece of a sum may have an odd length. */
static inline uint64_t checksum_add(uint64_t sum, const void *p, size_t len)
{
	return len < 8 ? checksum_add_raw(sum, checksum_short(p, len))
		       : checksum_add_long(sum, p, len);
}

/* checksum_fold_raw: checksum_fold as the machine would load it. */
static inline uint16_t checksum_fold_raw(uint64_t sum)
{
	uint32_t half;

	/* Both halves added to each other at once: the upper one then has the carry of the lower.
	 */
	half = (uint32_t)((sum + (sum >> 32 | sum << 32)) >> 32);
	return (uint16_t)((half + (half >> 16 | half << 16)) >> 16);
}

/*
 * checksum_fold: the sum as 16 bits in host order, not complemented.
 *
 * 0 only when all that was added was 0. Bytes that hold a right checksum of themselves fold to
 * 0xffff; the checksum to write is the complement.
 */
static inline uint16_t checksum_fold(uint64_t sum) { return be16toh(checksum_fold_raw(sum)); }

/* checksum_holds: checksum_fold(sum) == 0xffff, by a multiplication. checksum_holds_some: of a sum
 * to which something other than 0 was added. */
static inline bool checksum_holds_some(uint64_t sum) { return sum % 0xffff == 0; }
static inline bool checksum_holds(uint64_t sum) { return checksum_holds_some(sum) && sum != 0; }
