/* SPDX-License-Identifier: BSD-3-Clause */
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fills_all_of_it_and_no_more(void **state)
{
	uint8_t buf[66];
	unsigned seen[64] = { 0 };

	(void)state;
	buf[64] = buf[65] = 0xee;
	/* A byte that stays 0 for 64 draws has probability 2^-512. */
	for (int draw = 0; draw < 64; draw++) {
		memset(buf, 0, 64);
		assert_true(random_bytes(buf, 64));
		for (size_t i = 0; i < 64; i++)
			seen[i] |= buf[i];
	}
	for (size_t i = 0; i < 64; i++)
		assert_int_not_equal(seen[i], 0);
	assert_int_equal(buf[64], 0xee);
	assert_int_equal(buf[65], 0xee);
}

static void two_draws_differ(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	assert_true(random_bytes(a, sizeof(a)) && random_bytes(b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void nothing_is_fine(void **state)
{
	(void)state;
	assert_true(random_bytes(NULL, 0));
}

/* Portions of every size across refills: none twice, none forgotten in the pool. */
static void a_pool_gives_each_byte_once(void **state)
{
	static const uint8_t zero[sizeof(((struct random_pool *)NULL)->bytes)];
	struct random_pool p = { 0 };
	uint8_t a[64], b[64], big[2000] = { 0 };

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		size_t given = sizeof(p.bytes) - p.left;

		assert_true(random_pool_bytes(&p, a, 1 + i % sizeof(a)));
		if (p.left > 0 && given < sizeof(p.bytes))
			assert_memory_equal(p.bytes, zero, sizeof(p.bytes) - p.left);
	}
	assert_true(random_pool_bytes(&p, a, sizeof(a)) && random_pool_bytes(&p, b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(random_pool_bytes(&p, big, sizeof(big)));
	assert_memory_not_equal(big + sizeof(big) - 32, zero, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_gives_each_byte_once),
		cmocka_unit_test(fills_all_of_it_and_no_more),
		cmocka_unit_test(two_draws_differ),
		cmocka_unit_test(nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
