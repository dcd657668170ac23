/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "backlog.h"

static struct backlog backlog;

static int set_up(void **state)
{
	(void)state;
	return backlog_init(&backlog) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	backlog_free(&backlog);
	return 0;
}

static bool put(uint32_t device, uint16_t len)
{
	uint8_t bytes[LOAD_DATAGRAM_MAX + 1];
	const struct load_buffer b = { .data = bytes, .len = len, .device = device };

	memset(bytes, (uint8_t)device, sizeof(bytes));
	return backlog_put(&backlog, &b);
}

static void takes(uint32_t device, uint16_t len)
{
	const struct backlog_datagram *d = backlog_take(&backlog);

	assert_non_null(d);
	assert_int_equal(d->device, device);
	assert_int_equal(d->len, len);
	assert_int_equal(d->bytes[len - 1], (uint8_t)device);
}

static void test_in_order(void **state)
{
	(void)state;
	assert_null(backlog_take(&backlog));
	assert_true(put(1, 10) && put(2, LOAD_DATAGRAM_MAX) && put(3, 30));
	takes(1, 10);
	assert_true(put(4, 40));
	takes(2, LOAD_DATAGRAM_MAX);
	takes(3, 30);
	takes(4, 40);
	assert_null(backlog_take(&backlog));
	assert_true(put(5, 1));
	assert_int_equal(backlog.first, 0);
}

static void test_bounded(void **state)
{
	(void)state;
	assert_false(put(0, LOAD_DATAGRAM_MAX + 1));
	for (uint32_t i = 0; i < BACKLOG_MAX; i++)
		assert_true(put(i, 8));
	assert_false(put(BACKLOG_MAX, 8));
	takes(0, 8);
	assert_true(put(BACKLOG_MAX, 8));
	for (uint32_t i = 1; i <= BACKLOG_MAX; i++)
		takes(i, 8);
	assert_null(backlog_take(&backlog));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
