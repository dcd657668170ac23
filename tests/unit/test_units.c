/* SPDX-License-Identifier: BSD-3-Clause */
#include "core_set.h"
#include "units.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void counts(void **state)
{
	uint64_t v;

	(void)state;
	assert_true(units_count(&v, "0", 10) && v == 0);
	assert_true(units_count(&v, "10", 10) && v == 10);
	assert_true(units_count(&v, "3k", UINT64_MAX) && v == 3072);
	assert_true(units_count(&v, "2m", UINT64_MAX) && v == 2 << 20);
	assert_true(units_count(&v, "4g", UINT64_MAX) && v == UINT64_C(4) << 30);
	assert_true(units_count(&v, "18446744073709551615", UINT64_MAX) && v == UINT64_MAX);
}

static void bad_counts_leave_the_output(void **state)
{
	static const char *const bad[] = { "",
					   "k",
					   "-1",
					   "+1",
					   " 1",
					   "1 ",
					   "1kk",
					   "1K",
					   "1x",
					   "0x10",
					   "1.5",
					   "18446744073709551616",
					   "17179869184g" };
	uint64_t v = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(units_count(&v, bad[i], UINT64_MAX));
	assert_false(units_count(&v, "11", 10));
	assert_false(units_count(&v, "1k", 1023));
	assert_int_equal(v, 77);
}

static void times(void **state)
{
	uint64_t v;

	(void)state;
	assert_true(units_time(&v, "7") && v == UINT64_C(7000000000));
	assert_true(units_time(&v, "7us") && v == 7000);
	assert_true(units_time(&v, "7ms") && v == 7000000);
	assert_true(units_time(&v, "7s") && v == UINT64_C(7000000000));
	assert_true(units_time(&v, "7m") && v == UINT64_C(420000000000));
	assert_true(units_time(&v, "1h") && v == UINT64_C(3600000000000));
	assert_true(units_time(&v, "1d") && v == UINT64_C(86400000000000));
	assert_false(units_time(&v, "1w"));
	assert_false(units_time(&v, "1ns"));
	assert_false(units_time(&v, "ms"));
	assert_false(units_time(&v, "107000d")); /* beyond 2^63 ns */
}

static void core_lists(void **state)
{
	static const char *const good[] = { "0", "127", "1,3-5", "0-127", "0,2,4", "63-64" };
	static const char *const bad[] = { "",    ",",     "1,",  ",1", "1-",   "-1",        "2-1",
					   "128", "0-128", "1;2", "a",  "1 ,2", "4294967296" };
	struct core_set set;
	char text[CORE_SET_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(core_set_parse(&set, good[i]));
		assert_string_equal(core_set_print(text, &set), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(core_set_parse(&set, bad[i]));
	assert_true(core_set_parse(&set, "5,4,3"));
	assert_string_equal(core_set_print(text, &set), "3-5");
}

static void core_sets(void **state)
{
	struct core_set a, b, c;
	char text[CORE_SET_TEXT_MAX];

	(void)state;
	assert_true(core_set_parse(&a, "1-4,100") && core_set_parse(&b, "2,100"));
	assert_int_equal(core_set_count(&a), 5);
	assert_true(core_set_has(&a, 100));
	assert_false(core_set_has(&a, 0));
	assert_false(core_set_has(&a, CORE_MAX + 1));
	assert_int_equal(core_set_next(&a, 5), 100);
	assert_int_equal(core_set_next(&a, 101), CORE_MAX);
	c = core_set_minus(&a, &b);
	assert_string_equal(core_set_print(text, &c), "1,3-4");
	c = core_set_minus(&b, &a);
	assert_string_equal(core_set_print(text, &c), "none");
}

static void decimals(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = { { "0", 0 },           { "64", 64 },      { "1k", 1000 },
		     { "1.5M", 1500000 },  { "0.25k", 250 },  { "1.001k", 1001 },
		     { "2g", 2000000000 }, { "100K", 100000 } };
	static const char *const bad[] = {
		"",   "-1", "+1",  "1.",  ".5",  "1.5", "0x10",    "1e3",
		" 1", "1 ", "1kk", "inf", "nan", "1ki", "1.0005k", "4.1g"
	};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(units_decimal(&v, good[i].text, 4000000000));
		assert_int_equal(v, good[i].value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(units_decimal(&v, bad[i], 4000000000));
}

static bool near(double a, double b) { return a - b < 1e-9 && b - a < 1e-9; }

static void rates_and_shares(void **state)
{
	static const char *const bad_rates[] = { "", "-1", "1/s2", "1e6", "x", "1k /s" };
	static const char *const bad_shares[] = { "", "-1", "100.1", "5%%", "1k", "x" };
	double v;

	(void)state;
	assert_true(units_rate(&v, "1.5M/s") && near(v, 1.5e6));
	assert_true(units_rate(&v, "0.1") && near(v, 0.1));
	assert_true(units_rate(&v, "250k") && near(v, 250e3));
	assert_true(units_share(&v, "0.5%") && near(v, 0.005));
	assert_true(units_share(&v, "100") && near(v, 1));
	for (size_t i = 0; i < sizeof(bad_rates) / sizeof(*bad_rates); i++)
		assert_false(units_rate(&v, bad_rates[i]));
	for (size_t i = 0; i < sizeof(bad_shares) / sizeof(*bad_shares); i++)
		assert_false(units_share(&v, bad_shares[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(bad_counts_leave_the_output),
		cmocka_unit_test(times),
		cmocka_unit_test(core_lists),
		cmocka_unit_test(core_sets),
		cmocka_unit_test(decimals),
		cmocka_unit_test(rates_and_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
