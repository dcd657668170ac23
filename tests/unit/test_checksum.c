/* SPDX-License-Identifier: BSD-3-Clause */
#include "checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 1071 §4.1, word by word: the slow reference. */
static uint16_t reference(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static uint8_t next_byte(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint8_t)(*seed >> 24);
}

static void rfc1071_example(void **state)
{
	/* RFC 1071 §3 */
	const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(checksum_fold(checksum_add(0, bytes, sizeof(bytes))), 0xddf2);
}

static void agrees_with_reference(void **state)
{
	uint8_t bytes[1600];
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = next_byte(&seed);
	for (size_t off = 0; off < 9; off++)
		for (size_t len = 0; len < 1590 - off; len += len < 70 ? 1 : 37)
			assert_int_equal(checksum_fold(checksum_add(0, bytes + off, len)),
					 reference(bytes + off, len));
}

/* Every length that a block, a half block, a word and a rest can make up, off every alignment, from
 * memory that ends where the bytes do, and on top of sums that carry. */
static void every_length_and_alignment(void **state)
{
	static const uint64_t sums[] = { 0, 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63 };
	uint32_t seed = 3;

	(void)state;
	for (size_t len = 0; len <= 300; len++)
		for (size_t off = 0; off < 8; off++) {
			uint8_t *bytes = malloc(off + len > 0 ? off + len : 1);
			const uint64_t sum = sums[(len + off) % 5];
			uint8_t all[308];

			assert_non_null(bytes);
			memcpy(all, &sum, sizeof(sum));
			for (size_t i = 0; i < len; i++)
				all[8 + i] = next_byte(&seed) | (len % 3 ? 0 : 0xfe);
			memcpy(bytes + off, all + 8, len);
			assert_int_equal(checksum_fold(checksum_add(sum, bytes + off, len)),
					 reference(all, 8 + len));
			assert_int_equal(checksum_holds(checksum_add(sum, bytes + off, len)),
					 reference(all, 8 + len) == 0xffff);
			free(bytes);
		}
}

static void carries_are_kept(void **state)
{
	uint8_t *bytes = malloc(65535);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 0xff, 65535);
	for (size_t len = 65500; len <= 65535; len++)
		assert_int_equal(checksum_fold(checksum_add(0, bytes, len)), reference(bytes, len));
	assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
	assert_true(checksum_holds(UINT64_MAX) && checksum_holds(0xffff));
	assert_false(checksum_holds(0) || checksum_holds(1) || checksum_holds(UINT64_MAX - 1));
	free(bytes);
}

static void pieces_add_up(void **state)
{
	uint8_t bytes[64];
	uint32_t seed = 2;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = next_byte(&seed);
	for (size_t cut = 0; cut <= sizeof(bytes) - 1; cut += 2) {
		uint64_t sum = checksum_add(0, bytes, cut);

		sum = checksum_add(sum, bytes + cut, sizeof(bytes) - 1 - cut);
		assert_int_equal(checksum_fold(sum), reference(bytes, sizeof(bytes) - 1));
	}
}

static void words_are_host_order(void **state)
{
	const uint8_t bytes[] = { 0x12, 0x34 };

	(void)state;
	assert_int_equal(checksum_fold(checksum_add_u16(0, 0x1234)), 0x1234);
	assert_int_equal(checksum_fold(checksum_add(0, bytes, 2)), 0x1234);
	assert_int_equal(checksum_fold(checksum_add_u16(checksum_add_u16(0, 0xffff), 1)), 1);
}

static void zero_only_of_zeros(void **state)
{
	const uint8_t zeros[32] = { 0 };

	(void)state;
	assert_int_equal(checksum_fold(checksum_add(0, zeros, sizeof(zeros))), 0);
	/* 0x0001 + 0xfffe is the other zero of one's complement. */
	assert_int_equal(checksum_fold(checksum_add_u16(checksum_add_u16(0, 1), 0xfffe)), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc1071_example),
		cmocka_unit_test(agrees_with_reference),
		cmocka_unit_test(every_length_and_alignment),
		cmocka_unit_test(carries_are_kept),
		cmocka_unit_test(pieces_add_up),
		cmocka_unit_test(words_are_host_order),
		cmocka_unit_test(zero_only_of_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
