/* SPDX-License-Identifier: BSD-3-Clause */
#include "cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void reads_big_endian(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	struct rd r = rd_of(bytes, sizeof(bytes));
	uint8_t u8 = 0;
	uint16_t u16 = 0;
	uint32_t u24 = 0, u32 = 0;
	uint64_t u48 = 0;

	(void)state;
	assert_true(rd_u8(&r, &u8) && rd_u16(&r, &u16) && rd_u24(&r, &u24) && rd_u32(&r, &u32) &&
		    rd_u48(&r, &u48));
	assert_int_equal(u8, 1);
	assert_int_equal(u16, 0x0203);
	assert_int_equal(u24, 0x040506);
	assert_int_equal(u32, 0x0708090a);
	assert_int_equal(u48, 0x0b0c0d0e0f10);
	assert_int_equal(rd_len(&r), 0);
	assert_false(rd_u8(&r, &u8));
}

static void failed_read_leaves_reader_and_output(void **state)
{
	const uint8_t bytes[] = { 0x00, 0x03, 0xaa, 0xbb };
	struct rd r = rd_of(bytes, sizeof(bytes)), before = r, sub = rd_of(NULL, 0);
	uint64_t v = 77;

	(void)state;
	assert_false(rd_u64(&r, &v));
	assert_int_equal(v, 77);
	assert_false(rd_vec(&r, 2, &sub)); /* says 3, has 2 */
	assert_ptr_equal(r.p, before.p);
	assert_null(sub.p);
	assert_false(rd_skip(&r, 5));
	assert_ptr_equal(r.p, before.p);
}

static void vector_is_a_reader_of_its_own(void **state)
{
	const uint8_t bytes[] = { 2, 0xaa, 0xbb, 0xcc };
	struct rd r = rd_of(bytes, sizeof(bytes)), sub;
	uint16_t v;
	uint8_t last;

	(void)state;
	assert_true(rd_vec(&r, 1, &sub));
	assert_true(rd_u16(&sub, &v));
	assert_int_equal(v, 0xaabb);
	assert_false(rd_u8(&sub, &last));
	assert_true(rd_u8(&r, &last));
	assert_int_equal(last, 0xcc);
}

static void writer_reads_back(void **state)
{
	uint8_t buf[32];
	struct wr w = wr_of(buf, sizeof(buf));
	struct rd r, sub;
	size_t len, mark;
	uint64_t v;
	uint8_t text[2];

	(void)state;
	wr_u48(&w, 0x010203040506);
	mark = wr_open(&w, 3);
	wr_bytes(&w, "hi", 2);
	wr_close(&w, 3, mark);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(len, 11);
	r = rd_of(buf, len);
	assert_true(rd_u48(&r, &v) && rd_vec(&r, 3, &sub) && rd_copy(&sub, text, 2));
	assert_int_equal(v, 0x010203040506);
	assert_memory_equal(text, "hi", 2);
	assert_int_equal(rd_len(&r), 0);
}

static void writer_failure_sticks_and_stays_inside(void **state)
{
	uint8_t buf[4] = { 0, 0, 0, 0xee };
	struct wr w = wr_of(buf, 3);
	size_t len, mark;

	(void)state;
	mark = wr_open(&w, 1);
	wr_u32(&w, 1); /* does not fit */
	wr_u8(&w, 1);  /* would fit, but the message is broken already */
	wr_close(&w, 1, mark);
	assert_false(wr_finish(&w, &len));
	assert_int_equal(buf[3], 0xee);
	assert_int_equal(buf[0], 0);
}

static void length_beyond_its_prefix_fails(void **state)
{
	uint8_t buf[600];
	struct wr w = wr_of(buf, sizeof(buf));
	size_t len, mark = wr_open(&w, 1);

	(void)state;
	assert_non_null(wr_space(&w, 256));
	wr_close(&w, 1, mark);
	assert_false(wr_finish(&w, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_big_endian),
		cmocka_unit_test(failed_read_leaves_reader_and_output),
		cmocka_unit_test(vector_is_a_reader_of_its_own),
		cmocka_unit_test(writer_reads_back),
		cmocka_unit_test(writer_failure_sticks_and_stays_inside),
		cmocka_unit_test(length_beyond_its_prefix_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
