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

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "checksum_tail takes the last byte for the highest");

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

/* checksum_tail: the last len % 8 of len bytes at p, as bytes_raw64 would load them with zeros
 * behind. */
static inline uint64_t checksum_tail(const uint8_t *p, size_t len)
{
	const size_t n = len % 8;
	uint64_t word = 0;

	if (len >= sizeof(word)) /* loads bytes in front of them too, and shifts those out */
		return bytes_raw64(p + len - sizeof(word)) >> 1 >> (63 - 8 * n);
	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)p[i] << 8 * i;
	return word;
}

/* A sum whose carries are counted apart: no addition waits for the one before to come around. */
struct checksum_run {
	uint64_t sum, carries;
};

static inline void checksum_run_add(struct checksum_run *run, uint64_t word)
{
	run->sum += word;
	run->carries += run->sum < word;
}

/* checksum_add: sum plus len bytes at p. Only the last piece of a sum may have an odd length. */
static inline uint64_t checksum_add(uint64_t sum, const void *p, size_t len)
{
	struct checksum_run run = { .sum = sum };
	const uint8_t *at = p;
	const uint64_t tail = checksum_tail(at, len);

	for (; len >= 32; at += 32, len -= 32) {
		checksum_run_add(&run, bytes_raw64(at));
		checksum_run_add(&run, bytes_raw64(at + 8));
		checksum_run_add(&run, bytes_raw64(at + 16));
		checksum_run_add(&run, bytes_raw64(at + 24));
	}
	if (len & 16) {
		checksum_run_add(&run, bytes_raw64(at));
		checksum_run_add(&run, bytes_raw64(at + 8));
		at += 16;
	}
	if (len & 8)
		checksum_run_add(&run, bytes_raw64(at));
	checksum_run_add(&run, tail);
	return checksum_add_raw(run.sum, run.carries);
}

/*
 * checksum_fold: the sum as 16 bits in host order, not complemented.
 *
 * 0 only when all that was added was 0. Bytes that hold a right checksum of themselves fold to
 * 0xffff; the checksum to write is the complement.
 */
static inline uint16_t checksum_fold(uint64_t sum)
{
	uint32_t half;

	/* Both halves added to each other at once: the upper one then has the carry of the lower.
	 */
	half = (uint32_t)((sum + (sum >> 32 | sum << 32)) >> 32);
	half = (half + (half >> 16 | half << 16)) >> 16;
	return be16toh((uint16_t)half);
}
