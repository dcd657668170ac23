/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mix.h"
#include "timer_wheel.h"

#include <stdlib.h>

#define TICK TIMER_WHEEL_TICK_NS

enum { N = 500 };

static void test_never_early_and_soon(void **state)
{
	struct timer_wheel *w = timer_wheel_new(2, 5 * TICK + 7);
	uint64_t at = 9 * TICK + 3;
	uint32_t id;

	(void)state;
	assert_non_null(w);
	timer_wheel_set(w, 1, at);
	assert_false(timer_wheel_due(w, at - 1, &id));
	assert_true(timer_wheel_due(w, at + TICK, &id));
	assert_int_equal(id, 1);
	assert_false(timer_wheel_due(w, at + 100 * TICK, &id));
	timer_wheel_free(w);
}

static void test_clear_and_move(void **state)
{
	struct timer_wheel *w = timer_wheel_new(3, 0);
	uint32_t id;

	(void)state;
	timer_wheel_clear(w, 0); /* not set */
	timer_wheel_set(w, 0, 10 * TICK);
	timer_wheel_set(w, 1, 10 * TICK);
	timer_wheel_set(w, 2, 10 * TICK);
	timer_wheel_clear(w, 1);
	timer_wheel_set(w, 2, 20 * TICK);
	assert_true(timer_wheel_due(w, 12 * TICK, &id));
	assert_int_equal(id, 0);
	assert_false(timer_wheel_due(w, 12 * TICK, &id));
	assert_true(timer_wheel_due(w, 22 * TICK, &id));
	assert_int_equal(id, 2);
	timer_wheel_free(w);
}

/* A time that has passed is due at once; one beyond a round waits for its round. */
static void test_past_and_far(void **state)
{
	struct timer_wheel *w = timer_wheel_new(2, 1000 * TICK);
	uint64_t far = (1000 + 3 * (uint64_t)TIMER_WHEEL_SLOTS + 5) * TICK;
	uint32_t id;

	(void)state;
	timer_wheel_set(w, 0, 3 * TICK);
	assert_true(timer_wheel_due(w, 1001 * TICK, &id));
	assert_int_equal(id, 0);
	timer_wheel_set(w, 1, far);
	for (uint64_t t = 1001; t * TICK < far; t += 977)
		assert_false(timer_wheel_due(w, t * TICK, &id));
	assert_true(timer_wheel_due(w, far + TICK, &id));
	assert_int_equal(id, 1);
	timer_wheel_free(w);
}

/* Against a list that is searched: random sets, moves, clears and sleeps, some longer than a round.
 */
static void test_random(void **state)
{
	struct timer_wheel *w = timer_wheel_new(N, 0);
	uint64_t at[N], now = 0, seed = 11;
	uint32_t id;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		at[i] = UINT64_MAX;
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t i = mix_below(&seed, N);

		if (mix_chance(&seed, 0.3)) {
			timer_wheel_clear(w, i);
			at[i] = UINT64_MAX;
		} else {
			at[i] = now + mix_random(&seed) % (6000 * TICK);
			timer_wheel_set(w, i, at[i]);
		}
		now += mix_random(&seed) % (mix_chance(&seed, 0.001) ? 9000 * TICK : 20 * TICK);
		while (timer_wheel_due(w, now, &id)) {
			assert_true(at[id] <= now);
			at[id] = UINT64_MAX;
		}
		for (unsigned k = 0; k < N; k++)
			assert_true(at[k] == UINT64_MAX || at[k] + TICK > now);
	}
	timer_wheel_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_early_and_soon),
		cmocka_unit_test(test_clear_and_move),
		cmocka_unit_test(test_past_and_far),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
