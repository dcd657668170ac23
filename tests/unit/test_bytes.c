/* SPDX-License-Identifier: BSD-3-Clause */
#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09 };

static void loads_are_big_endian(void **state)
{
	(void)state;
	assert_int_equal(bytes_u16(bytes), 0x0102);
	assert_int_equal(bytes_u32(bytes), 0x01020304);
	assert_int_equal(bytes_u64(bytes), 0x0102030405060708);
	/* off any alignment */
	assert_int_equal(bytes_u16(bytes + 1), 0x0203);
	assert_int_equal(bytes_u32(bytes + 1), 0x02030405);
	assert_int_equal(bytes_u64(bytes + 1), 0x0203040506070809);
}

static void stores_stay_in_their_place(void **state)
{
	uint8_t out[10];

	(void)state;
	memset(out, 0xee, sizeof(out));
	bytes_put_u16(out + 1, 0x0102);
	assert_memory_equal(out, ((uint8_t[]){ 0xee, 1, 2, 0xee }), 4);
	memset(out, 0xee, sizeof(out));
	bytes_put_u32(out + 1, 0x01020304);
	assert_memory_equal(out, ((uint8_t[]){ 0xee, 1, 2, 3, 4, 0xee }), 6);
	memset(out, 0xee, sizeof(out));
	bytes_put_u64(out + 1, 0x0102030405060708);
	assert_memory_equal(out, ((uint8_t[]){ 0xee, 1, 2, 3, 4, 5, 6, 7, 8, 0xee }), 10);
}

static void raw_is_written_back_as_read(void **state)
{
	uint8_t out[9] = { [8] = 0xee };

	(void)state;
	bytes_put_raw64(out, bytes_raw64(bytes));
	assert_memory_equal(out, bytes, 8);
	bytes_put_raw32(out + 1, bytes_raw32(bytes));
	assert_memory_equal(out + 1, bytes, 4);
	assert_int_equal(out[5], 6);
	assert_int_equal(out[8], 0xee);
}

static void equality_sees_every_bit(void **state)
{
	uint8_t a[18], b[18];

	(void)state;
	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = b[i] = (uint8_t)(i * 37);
	assert_true(bytes_equal6(a + 1, b + 1) && bytes_equal16(a + 1, b + 1));
	for (size_t bit = 0; bit < sizeof(a) * 8; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(bytes_equal6(a + 1, b + 1), bit < 8 || bit >= 7 * 8);
		assert_int_equal(bytes_equal16(a + 1, b + 1), bit < 8 || bit >= 17 * 8);
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void short_copies(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 40; n++) {
		uint8_t from[48], to[48], want[48];

		for (size_t i = 0; i < sizeof(from); i++)
			from[i] = (uint8_t)(i + 1);
		memset(to, 0xee, sizeof(to));
		memset(want, 0xee, sizeof(want));
		memcpy(want + 3, from, n);
		bytes_copy_short(to + 3, from, n);
		assert_memory_equal(to, want, sizeof(to));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_copies),
		cmocka_unit_test(loads_are_big_endian),
		cmocka_unit_test(stores_stay_in_their_place),
		cmocka_unit_test(raw_is_written_back_as_read),
		cmocka_unit_test(equality_sees_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
