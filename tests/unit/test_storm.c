/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "storm.h"

enum { AT = 1000, STAY = 2, N = 3 };

static struct load_counts other;

static struct storm *storm_new(void)
{
	const struct load_options opt = { .devices = STAY + N, .storm = N };
	struct storm *s = malloc(sizeof(*s));

	assert_non_null(s);
	other = (struct load_counts){ .resumed = 5, .handshake_repeats = 9 };
	storm_init(s, &opt, (struct load_share){ 0, STAY + N });
	storm_at(s, AT);
	return s;
}

static void take_all(struct storm *s)
{
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(storm_take(s, &other), STAY + i);
}

static void share_out(struct storm *s, uint32_t devices, uint32_t cores)
{
	const struct load_options opt = { .devices = devices, .storm = devices - 2 * cores };
	uint32_t sum = 0;

	for (uint32_t i = 0; i < cores; i++) {
		uint32_t first = devices * i / cores;
		struct load_share share = { first, devices * (i + 1) / cores - first };

		storm_init(s, &opt, share);
		assert_in_range(s->first, 1, share.n);
		assert_int_equal(s->first + s->n, share.n);
		sum += s->n;
	}
	assert_int_equal(sum, opt.storm);
}

/* Whatever the numbers, the cores' parts add up, and each core has a device that stays. */
static void test_shares(void **state)
{
	struct storm *s = malloc(sizeof(*s));

	(void)state;
	for (uint32_t cores = 1; cores <= 7; cores++)
		for (uint32_t devices = 2 * cores + 1; devices < 60; devices++)
			share_out(s, devices, cores);
	free(s);
}

static void test_none(void **state)
{
	const struct load_options opt = { .devices = 10 };
	struct storm *s = malloc(sizeof(*s));

	(void)state;
	storm_init(s, &opt, (struct load_share){ 0, 10 });
	storm_at(s, 0);
	assert_int_equal(s->first, 10);
	assert_false(storm_due_now(s, UINT64_MAX));
	assert_false(storm_has(s, 9));
	free(s);
}

static void test_when_its_time_has_come(void **state)
{
	struct storm *s = storm_new();

	(void)state;
	assert_false(storm_due_now(s, AT - 1));
	assert_true(storm_due_now(s, AT));
	assert_false(storm_has(s, STAY));
	take_all(s);
	assert_false(storm_due_now(s, AT + 1));
	assert_true(storm_has(s, STAY) && storm_has(s, STAY + N - 1));
	assert_false(storm_has(s, STAY - 1) || storm_has(s, STAY + N));
	free(s);
}

/* Counts are those of the storm's time alone. */
static void test_served(void **state)
{
	struct storm *s = storm_new();

	(void)state;
	take_all(s);
	other.resumed++;
	other.handshake_repeats += 2;
	storm_served(s, AT + 10, &other);
	assert_int_equal(s->result.resumed, 1);
	assert_int_equal(s->result.repeats, 2);
	assert_int_equal(s->result.served, 1);
	storm_lost(s);
	assert_int_equal(s->result.served, 0);
	for (unsigned i = 0; i < N; i++)
		storm_served(s, AT + 20, &other);
	assert_int_equal(s->result.served, N);
	assert_int_equal(s->over_ns, AT + 20);
	assert_int_equal(s->result.time.max, 20);
	free(s);
}

static void test_tries_end(void **state)
{
	struct storm *s = storm_new();

	(void)state;
	take_all(s);
	for (unsigned i = 0; i < N; i++)
		assert_true(storm_failed(s));
	assert_false(storm_failed(s));
	assert_int_equal(s->result.again, N);
	free(s);
}

/* By when it was due, however late its answer is. */
static void test_phases(void **state)
{
	struct storm *s = storm_new();
	struct storm_result *sum = calloc(1, sizeof(*sum));

	(void)state;
	storm_sent(s, AT - 1);
	storm_answered(s, AT - 1, AT + 5);
	take_all(s);
	storm_sent(s, AT);
	storm_sent(s, AT + 9);
	for (unsigned i = 0; i < N; i++)
		storm_served(s, AT + 10, &other);
	storm_answered(s, AT + 9, AT + 39);
	storm_sent(s, AT + 10);
	storm_answered(s, AT + 10, AT + 11);
	storm_add(sum, &s->result);
	storm_add(sum, &s->result);
	assert_int_equal(sum->devices, 2 * N);
	assert_int_equal(sum->requests[STORM_BEFORE].due, 2);
	assert_int_equal(sum->requests[STORM_BEFORE].latency.max, 6);
	assert_int_equal(sum->requests[STORM_DURING].due, 4);
	assert_int_equal(sum->requests[STORM_DURING].answered, 2);
	assert_int_equal(sum->requests[STORM_DURING].latency.max, 30);
	assert_int_equal(sum->requests[STORM_AFTER].latency.count, 2);
	assert_true(storm_goodput(&sum->requests[STORM_DURING]) == 0.5);
	free(sum);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_when_its_time_has_come),
		cmocka_unit_test(test_served),
		cmocka_unit_test(test_tries_end),
		cmocka_unit_test(test_phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
