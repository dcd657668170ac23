/* SPDX-License-Identifier: BSD-3-Clause */
#include "throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START  UINT64_C(1000000000000)
#define SECOND UINT64_C(1000000000)

static const uint8_t ip[16] = { 1 };
static const struct session_ref victim = { 3, 1 }, other = { 4, 1 };

static unsigned take_all(struct throttle_bucket *b, uint32_t rate, uint64_t now)
{
	unsigned n = 0;

	while (throttle_take(b, rate, now))
		n++;
	return n;
}

static void test_bucket(void **state)
{
	struct throttle_bucket b = { 0 };

	(void)state;
	assert_int_equal(take_all(&b, 1000, START), 100);
	assert_int_equal(take_all(&b, 1000, START + SECOND / 1000 - 1), 0);
	assert_int_equal(take_all(&b, 1000, START + SECOND / 100), 10);
	assert_int_equal(take_all(&b, 1000, START + 100 * SECOND), 100);
	b.empty_ns = 0;
	assert_int_equal(take_all(&b, 10, START), 16); /* small rates keep a small burst */
	b.empty_ns = 0;
	assert_true(throttle_take(&b, UINT32_MAX, START));
}

static struct throttle *fresh(void)
{
	static struct throttle t;

	throttle_init(&t, 42);
	return &t;
}

static unsigned allowed(struct throttle *t, uint64_t now, struct session_ref ref, bool plausible,
			unsigned tries)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += throttle_allows(t, now, ref, ip, plausible);
	return n;
}

static void forge(struct throttle *t, uint64_t now, struct session_ref ref, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		throttle_forged(t, now, ref);
}

static void test_inactive_until_forged(void **state)
{
	struct throttle *t = fresh();

	(void)state;
	assert_false(throttle_active(t, START));
	throttle_forged(t, START, victim);
	assert_true(throttle_active(t, START));
	assert_false(throttle_active(t, START + THROTTLE_MEMORY_NS));
}

static void test_suspicion_after_free_ones(void **state)
{
	struct throttle *t = fresh();

	(void)state;
	forge(t, START, victim, THROTTLE_FREE - 1);
	assert_int_equal(allowed(t, START, victim, false, 1000), 1000);
	forge(t, START, victim, 1);
	assert_int_equal(allowed(t, START, victim, false, 1000), 100);
	assert_int_equal(allowed(t, START, other, false, 1000), 1000);
}

/* Made-up numbers use up their own tokens only. */
static void test_plausible_numbers_have_their_own_tokens(void **state)
{
	struct throttle *t = fresh();

	(void)state;
	forge(t, START, victim, THROTTLE_FREE);
	assert_int_equal(allowed(t, START, victim, false, 1000), 100);
	assert_int_equal(allowed(t, START, victim, true, 1000), 100);
}

static void test_genuine_record_clears(void **state)
{
	struct throttle *t = fresh();

	(void)state;
	forge(t, START, victim, 100);
	throttle_genuine(t, other);
	assert_int_equal(allowed(t, START, victim, false, 1000), 100);
	throttle_genuine(t, victim);
	assert_int_equal(allowed(t, START, victim, false, 1000), 1000);
}

/* A slot's next session starts without its predecessor's suspicion; old suspicion fades. */
static void test_suspicion_ends(void **state)
{
	struct throttle *t = fresh();
	const struct session_ref next = { victim.slot, victim.generation + 2 };

	(void)state;
	forge(t, START, victim, 100);
	assert_int_equal(allowed(t, START, next, false, 1000), 1000);
	assert_int_equal(allowed(t, START + THROTTLE_MEMORY_NS, victim, false, 1000), 1000);
	forge(t, START + THROTTLE_MEMORY_NS, victim, 1); /* counts from one again */
	assert_int_equal(allowed(t, START + THROTTLE_MEMORY_NS, victim, false, 1000), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_inactive_until_forged),
		cmocka_unit_test(test_suspicion_after_free_ones),
		cmocka_unit_test(test_plausible_numbers_have_their_own_tokens),
		cmocka_unit_test(test_genuine_record_clears),
		cmocka_unit_test(test_suspicion_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
