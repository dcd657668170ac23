/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wire bytes at places whose room is known: one load or store each, where cursor.h asks before
 * every step. For headers of fixed layout, after one check that the whole of it is there.
 *
 *   bytes_u16, _u32, _u64         a big-endian integer
 *   bytes_put_u16, _u32, _u64     writes one
 *   bytes_raw32, _raw64           as the machine loads them: for sums and comparisons of bytes
 *   bytes_put_raw32, _put_raw64   writes those back
 *
 * No alignment is needed. Any thread.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw words have their first byte lowest");

static inline uint32_t bytes_raw32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t bytes_raw64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void bytes_put_raw32(void *p, uint32_t v) { memcpy(p, &v, sizeof(v)); }
static inline void bytes_put_raw64(void *p, uint64_t v) { memcpy(p, &v, sizeof(v)); }

static inline uint16_t bytes_u16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t bytes_u32(const void *p) { return be32toh(bytes_raw32(p)); }
static inline uint64_t bytes_u64(const void *p) { return be64toh(bytes_raw64(p)); }

static inline void bytes_put_u16(void *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void bytes_put_u32(void *p, uint32_t v) { bytes_put_raw32(p, htobe32(v)); }
static inline void bytes_put_u64(void *p, uint64_t v) { bytes_put_raw64(p, htobe64(v)); }

/* bytes_copy_short: n bytes elsewhere; best for 8 to 16, as connection IDs have. */
static inline void bytes_copy_short(uint8_t *to, const uint8_t *from, size_t n)
{
	uint64_t first, last;

	if (n < 8 || n > 16) {
		memcpy(to, from, n);
		return;
	}
	first = bytes_raw64(from);
	last = bytes_raw64(from + n - 8);
	bytes_put_raw64(to, first);
	bytes_put_raw64(to + n - 8, last);
}

/* bytes_equal6, bytes_equal16, bytes_zero16: a MAC's and an address's worth, without a branch. */
static inline bool bytes_equal6(const void *a, const void *b)
{
	const uint8_t *x = a, *y = b;

	return ((bytes_raw32(x) ^ bytes_raw32(y)) | (bytes_raw32(x + 2) ^ bytes_raw32(y + 2))) == 0;
}

static inline bool bytes_equal16(const void *a, const void *b)
{
	const uint8_t *x = a, *y = b;

	return ((bytes_raw64(x) ^ bytes_raw64(y)) | (bytes_raw64(x + 8) ^ bytes_raw64(y + 8))) == 0;
}

static inline bool bytes_zero16(const void *p)
{
	return (bytes_raw64(p) | bytes_raw64((const uint8_t *)p + 8)) == 0;
}

/* bytes_copy16: in eight-byte halves, so that either can be loaded again at once. */
static inline void bytes_copy16(void *to, const void *from)
{
	const uint64_t low = bytes_raw64(from), high = bytes_raw64((const uint8_t *)from + 8);

	bytes_put_raw64(to, low);
	bytes_put_raw64((uint8_t *)to + 8, high);
}
