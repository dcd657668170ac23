/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mark_set.h"

#include <string.h>

static struct mark numbered(uint32_t i)
{
	struct mark m = { { 0 } };

	/* In the last bytes, so that all of them would like the same place. */
	memcpy(m.b + MARK_LEN - sizeof(i), &i, sizeof(i));
	return m;
}

static void holds_what_was_added(void **state)
{
	const struct mark one = { { 1 } }, other = { { 1, 1 } };
	struct mark_set *s = mark_set_new();

	(void)state;
	assert_non_null(s);
	assert_false(mark_set_has(s, &one));
	assert_true(mark_set_add(s, &one));
	assert_true(mark_set_add(s, &one));
	assert_true(mark_set_has(s, &one));
	assert_false(mark_set_has(s, &other));
	assert_int_equal(mark_set_count(s), 1);
	mark_set_free(s);
}

static void zero_is_a_mark_like_others(void **state)
{
	const struct mark zero = { { 0 } };
	struct mark_set *s = mark_set_new();

	(void)state;
	assert_false(mark_set_has(s, &zero));
	assert_true(mark_set_add(s, &zero));
	assert_true(mark_set_has(s, &zero));
	assert_int_equal(mark_set_count(s), 1);
	mark_set_free(s);
}

static void grows_and_survives_collisions(void **state)
{
	struct mark_set *s = mark_set_new();

	(void)state;
	for (uint32_t i = 1; i <= 1000; i++) {
		const struct mark m = numbered(i);

		assert_true(mark_set_add(s, &m));
	}
	assert_int_equal(mark_set_count(s), 1000);
	for (uint32_t i = 1; i <= 2000; i++) {
		const struct mark m = numbered(i);

		assert_int_equal(mark_set_has(s, &m), i <= 1000);
	}
	mark_set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_was_added),
		cmocka_unit_test(zero_is_a_mark_like_others),
		cmocka_unit_test(grows_and_survives_collisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
