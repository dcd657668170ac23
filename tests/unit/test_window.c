/* SPDX-License-Identifier: BSD-3-Clause */
#include "window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { CODE = 0x44 };

static struct window fresh(void)
{
	struct window w = { 0 };

	assert_true(window_enter(&w, 1, 100, 7));
	assert_int_equal(w.next_mid, 7);
	return w;
}

static void the_oldest_answered_goes_first(void **state)
{
	struct window w = fresh();

	(void)state;
	for (uint16_t mid = 0; mid < WINDOW_LEN; mid++)
		assert_true(window_insert(&w, mid, mid < 2 ? WINDOW_PENDING_CON : CODE));
	assert_true(window_insert(&w, 100, CODE));
	assert_null(window_find(&w, 2));
	assert_true(window_insert(&w, 101, CODE));
	assert_null(window_find(&w, 3));
	assert_non_null(window_find(&w, 0));
	assert_non_null(window_find(&w, 1));
	assert_non_null(window_find(&w, 4));
	window_update(&w, 0, CODE); /* answered, and the oldest of all */
	assert_true(window_insert(&w, 102, CODE));
	assert_null(window_find(&w, 0));
}

static void pending_non_goes_before_pending_con(void **state)
{
	struct window w = fresh();

	(void)state;
	for (uint16_t mid = 0; mid < WINDOW_LEN; mid++)
		assert_true(
			window_insert(&w, mid, mid == 5 ? WINDOW_PENDING_NON : WINDOW_PENDING_CON));
	assert_true(window_insert(&w, 100, WINDOW_ACKED));
	assert_null(window_find(&w, 5));
	assert_false(window_insert(&w, 101, CODE));
	assert_null(window_find(&w, 101));
	for (uint16_t mid = 0; mid < WINDOW_LEN; mid++)
		assert_true((window_find(&w, mid) != NULL) == (mid != 5));
}

/* The tick in an entry has 8 bits: no age makes it young again. */
static void entries_expire_for_good(void **state)
{
	(void)state;
	for (uint32_t pause = 1; pause < 2000; pause++) {
		struct window w = fresh();

		assert_true(window_insert(&w, 1, CODE));
		/* With a use in between, which keeps the window alive. */
		assert_true(window_enter(&w, 1, 100 + pause / 2, 0));
		assert_true(window_enter(&w, 1, 100 + pause, 0));
		assert_true((window_find(&w, 1) != NULL) == (pause <= 124));
	}
}

static void generations(void **state)
{
	struct window w = fresh();

	(void)state;
	assert_true(window_insert(&w, 1, CODE));
	assert_false(window_enter(&w, 0, 100, 9));
	assert_true(window_enter(&w, 1, 100, 9));
	assert_int_equal(w.next_mid, 7);
	assert_non_null(window_find(&w, 1));
	assert_true(window_enter(&w, 2, 100, 9));
	assert_int_equal(w.next_mid, 9);
	assert_null(window_find(&w, 1));
	assert_false(window_enter(&w, 1, 100, 9));
	w.generation = UINT32_MAX; /* it wraps, past 0 */
	assert_true(window_enter(&w, 1, 100, 9));
	assert_false(window_enter(&w, UINT32_MAX, 100, 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_answered_goes_first),
		cmocka_unit_test(pending_non_goes_before_pending_con),
		cmocka_unit_test(entries_expire_for_good),
		cmocka_unit_test(generations),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
