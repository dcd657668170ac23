/* SPDX-License-Identifier: BSD-3-Clause */
#include "checksum.h"

#include <endian.h>
#include <string.h>

/*
 * A one's complement sum does not care about byte order until it is folded (RFC 1071 §2 B), so
 * words are added as the machine loads them. This is why this file, beside cursor.h, looks at
 * bytes itself: a cursor would load two at a time.
 */
uint64_t checksum_add(uint64_t sum, const void *p, size_t len)
{
	const uint8_t *at = p;
	uint64_t word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		/* Halves leave room for carries: no add-with-carry chain, and it vectorises. */
		sum += (word & UINT32_MAX) + (word >> 32);
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, at, len);
		sum += (word & UINT32_MAX) + (word >> 32);
	}
	return sum;
}

uint64_t checksum_add_u16(uint64_t sum, uint16_t word) { return sum + htobe16(word); }

uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return be16toh((uint16_t)sum);
}
