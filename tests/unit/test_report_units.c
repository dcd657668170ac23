/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_units.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char out[REPORT_UNITS_MAX];

static void numbers(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = { { 0, "0" },           { 7, "7" },         { 999, "999" },
		     { 1000, "1.00k" },    { 12345, "12.3k" }, { 99949, "99.9k" },
		     { 99951, "100k" },    { 999499, "999k" }, { 999501, "1.00M" },
		     { 4510000, "4.51M" }, { 1.5e9, "1.50G" }, { 0.25, "0.25" },
		     { 12.34, "12.3" },    { 123.4, "123" },   { 999.7, "1.00k" },
		     { 2e15, "2000T" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(report_units_number(out, rows[i].v), rows[i].text);
}

static void times(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = { { 0, "0 ns" },           { 999, "999 ns" },
		     { 1000, "1.00 us" },     { 12345, "12.3 us" },
		     { 999499, "999 us" },    { 999500, "1.00 ms" },
		     { 4510000, "4.51 ms" },  { 999499999, "999 ms" },
		     { 999500000, "1.00 s" }, { UINT64_C(93000000000), "93.0 s" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(report_units_time(out, rows[i].ns), rows[i].text);
}

/* What is nearly all is not all, and what is nearly nothing not nothing. */
static void shares(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *text;
	} rows[] = { { 0, 0, "-" },
		     { 0, 10, "0.000 %" },
		     { 1, 1000000000, "<0.001 %" },
		     { 1, 1000, "0.100 %" },
		     { 999999999, 1000000000, ">99.999 %" },
		     { 10, 10, "100.000 %" },
		     { 12, 10, "120.000 %" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(report_units_share(out, rows[i].part, rows[i].whole),
				    rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(times),
		cmocka_unit_test(shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
