/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum (RFC 1071): a one's complement sum of big-endian 16-bit words.
 *
 * A sum is gathered in a 64-bit accumulator that starts at 0 and is folded once. It cannot
 * overflow on anything below 4 GiB. Pure functions; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* checksum_add: sum plus len bytes at p. Only the last piece of a sum may have an odd length. */
uint64_t checksum_add(uint64_t sum, const void *p, size_t len);

/* checksum_add_u16: sum plus one word, given in host order. */
uint64_t checksum_add_u16(uint64_t sum, uint16_t word);

/*
 * checksum_fold: the sum as 16 bits in host order, not complemented.
 *
 * 0 only when all that was added was 0. Bytes that hold a right checksum of themselves fold to
 * 0xffff; the checksum to write is the complement.
 */
uint16_t checksum_fold(uint64_t sum);
