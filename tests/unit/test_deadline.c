/* SPDX-License-Identifier: BSD-3-Clause */
#include "deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N = 200 };

static void due_in_order_of_time(void **state)
{
	struct deadlines *d = deadlines_new(4);
	uint32_t id;

	(void)state;
	assert_non_null(d);
	deadlines_set(d, 0, 30);
	deadlines_set(d, 1, 10);
	deadlines_set(d, 2, 20);
	assert_false(deadlines_due(d, 9, &id));
	assert_true(deadlines_due(d, 25, &id));
	assert_int_equal(id, 1);
	assert_true(deadlines_due(d, 25, &id));
	assert_int_equal(id, 2);
	assert_false(deadlines_due(d, 25, &id));
	assert_false(deadlines_due(d, 29, &id));
	assert_true(deadlines_due(d, 30, &id));
	assert_int_equal(id, 0);
	deadlines_free(d);
}

static void moved_and_cleared(void **state)
{
	struct deadlines *d = deadlines_new(3);
	uint32_t id;

	(void)state;
	assert_non_null(d);
	deadlines_set(d, 0, 10);
	deadlines_set(d, 1, 20);
	deadlines_set(d, 0, 30);
	deadlines_set(d, 1, DEADLINE_NONE);
	deadlines_set(d, 2, DEADLINE_NONE); /* was never set */
	assert_false(deadlines_due(d, 29, &id));
	assert_true(deadlines_due(d, 30, &id));
	assert_int_equal(id, 0);
	assert_false(deadlines_due(d, DEADLINE_NONE - 1, &id));
	deadlines_free(d);
}

/* Against the obvious model: an array searched from end to end. */
static void agrees_with_a_plain_array(void **state)
{
	uint64_t model[N], now = 0;
	struct deadlines *d = deadlines_new(N);

	(void)state;
	assert_non_null(d);
	for (int i = 0; i < N; i++)
		model[i] = DEADLINE_NONE;
	srand(7);
	for (int step = 0; step < 20000; step++) {
		uint32_t id = (uint32_t)rand() % N;
		uint64_t at = rand() % 5 ? now + (uint64_t)(rand() % 1000) : DEADLINE_NONE;

		model[id] = at;
		deadlines_set(d, id, at);
		now += (uint64_t)(rand() % 5);
		while (deadlines_due(d, now, &id)) {
			for (int i = 0; i < N; i++)
				assert_true(model[i] >= model[id]);
			assert_true(model[id] <= now);
			model[id] = DEADLINE_NONE;
		}
		for (int i = 0; i < N; i++)
			assert_true(model[i] > now);
	}
	deadlines_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(due_in_order_of_time),
		cmocka_unit_test(moved_and_cleared),
		cmocka_unit_test(agrees_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
