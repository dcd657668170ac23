/* SPDX-License-Identifier: BSD-3-Clause */
#include "acks.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct acks a;

/* What an ACK of so many bytes at most names. */
static size_t written(size_t room, struct hs_ack out[ACKS_MAX])
{
	uint8_t body[ACKS_BYTES_MAX] = { 0 };
	struct wr w = wr_of(body, sizeof(body));
	struct rd list;
	size_t n = 0, len;

	acks_write(&a, &w, room);
	assert_true(wr_finish(&w, &len));
	assert_in_range(len, 2, room < 2 ? 2 : room);
	assert_int_equal(ack_parse(rd_of(body, len), &list), HS_PARSE_OK);
	while (rd_len(&list) > 0)
		assert_true(ack_next(&list, &out[n++]));
	return n;
}

static void test_ascending_and_once(void **state)
{
	struct hs_ack got[ACKS_MAX];

	(void)state;
	acks_begin(&a, 3);
	acks_add(&a, 2, 7);
	acks_add(&a, 2, 5);
	acks_add(&a, 0, 9);
	acks_add(&a, 2, 6);
	acks_add(&a, 2, 5);
	a.due = true;
	assert_int_equal(written(ACKS_BYTES_MAX, got), 4);
	assert_int_equal(got[0].epoch, 0);
	assert_int_equal(got[0].number, 9);
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(got[i].epoch, 2);
		assert_int_equal(got[i].number, 4 + i);
	}
	/* RFC 9147 §7.1: the next has them again */
	assert_false(a.due);
	assert_int_equal(written(ACKS_BYTES_MAX, got), 4);
	acks_begin(&a, 4);
	assert_int_equal(written(ACKS_BYTES_MAX, got), 0);
}

/* bad-input L5 (CVE-2026-6679): 10^5 records, in any order. */
static void test_a_full_list_keeps_the_newest(void **state)
{
	struct hs_ack got[ACKS_MAX];

	(void)state;
	acks_begin(&a, 0);
	for (uint64_t i = 0; i < 100000; i++)
		acks_add(&a, 2, i % 2 ? i - 1 : i + 1);
	assert_int_equal(written(ACKS_BYTES_MAX, got), ACKS_MAX);
	for (unsigned i = 0; i < ACKS_MAX; i++)
		assert_int_equal(got[i].number, 100000 - ACKS_MAX + i);
	/* one below all of them is not worth the place of another */
	acks_add(&a, 2, 1);
	assert_int_equal(written(ACKS_BYTES_MAX, got), ACKS_MAX);
	assert_int_equal(got[0].number, 100000 - ACKS_MAX);
}

static void test_little_room(void **state)
{
	struct hs_ack got[ACKS_MAX];

	(void)state;
	acks_begin(&a, 0);
	for (uint64_t i = 0; i < 5; i++)
		acks_add(&a, 2, i);
	assert_int_equal(written(2 + 16 + 15, got), 1);
	assert_int_equal(got[0].number, 4);
	assert_int_equal(written(0, got), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ascending_and_once),
		cmocka_unit_test(test_a_full_list_keeps_the_newest),
		cmocka_unit_test(test_little_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
