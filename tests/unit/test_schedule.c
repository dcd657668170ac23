/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "order.h"
#include "schedule.h"

#include <stdlib.h>

#define SECOND UINT64_C(1000000000)

static void test_constant(void **state)
{
	struct schedule s;
	uint64_t due, n = 0;

	(void)state;
	schedule_init(&s, 1000, 5 * SECOND, 0, 8 * SECOND, 0);
	assert_false(schedule_take(&s, 5 * SECOND - 1, &due));
	while (schedule_take(&s, 100 * SECOND, &due)) {
		assert_in_range(due, 5 * SECOND + n * 1000000 - 1, 5 * SECOND + n * 1000000 + 1);
		n++;
	}
	assert_int_equal(n, 3000);
}

/* What is late stays due at its time: nothing is left out and nothing is put off. */
static void test_late_keeps_its_time(void **state)
{
	struct schedule s;
	uint64_t due;

	(void)state;
	schedule_init(&s, 1000, 0, 0, SECOND, 0);
	for (unsigned i = 0; i < 500; i++) {
		assert_true(schedule_take(&s, SECOND / 2, &due));
		assert_true(due <= i * UINT64_C(1000000));
	}
}

/* Half of what the rate would make is due in the ramp, a quarter of that in its first half. */
static void test_ramp(void **state)
{
	struct schedule s;
	uint64_t due, first_half = 0, ramp = 0, behind = 0, last = 0;

	(void)state;
	schedule_init(&s, 1000, 0, 10 * SECOND, 20 * SECOND, 0);
	while (schedule_take(&s, 100 * SECOND, &due)) {
		assert_true(due >= last);
		last = due;
		first_half += due < 5 * SECOND;
		ramp += due < 10 * SECOND;
		behind += due >= 10 * SECOND;
	}
	assert_in_range(first_half, 1249, 1251);
	assert_in_range(ramp, 4999, 5001);
	assert_in_range(behind, 9999, 10001);
}

static void test_offset_and_nothing(void **state)
{
	struct schedule s;
	uint64_t due;

	(void)state;
	schedule_init(&s, 10, 0, 0, SECOND, 0.5);
	assert_true(schedule_take(&s, SECOND, &due));
	assert_int_equal(due, SECOND / 20);
	schedule_init(&s, 0, 0, 0, SECOND, 0);
	assert_false(schedule_take(&s, SECOND, &due));
}

/* Every device once a round, in another order each round, and the same with the same seed. */
static void order_is_fair(uint32_t n, uint64_t seed)
{
	uint32_t *seen = calloc(n, sizeof(*seen)), same = 0;
	uint32_t *before = calloc(n, sizeof(*before));
	struct order o, again;

	order_init(&o, n, seed);
	order_init(&again, n, seed);
	for (uint32_t round = 1; round <= 5; round++) {
		for (uint32_t i = 0; i < n; i++) {
			uint32_t device = order_next(&o);

			assert_true(device < n);
			assert_int_equal(device, order_next(&again));
			assert_int_equal(seen[device], round - 1);
			seen[device] = round;
			same += before[i] == device;
			before[i] = device;
		}
	}
	if (n >= 1000)
		assert_true(same < n / 20);
	free(seen);
	free(before);
}

static void test_order(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 5, 64, 65, 1000, 1024, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		order_is_fair(sizes[i], i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant), cmocka_unit_test(test_late_keeps_its_time),
		cmocka_unit_test(test_ramp),     cmocka_unit_test(test_offset_and_nothing),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
