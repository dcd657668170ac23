/* SPDX-License-Identifier: BSD-3-Clause */
#include "rfc3339.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void known_times(void **state)
{
	char out[RFC3339_LEN + 1];

	(void)state;
	rfc3339_write(out, 0);
	assert_string_equal(out, "1970-01-01T00:00:00.000000Z");
	rfc3339_write(out, UINT64_C(951782400123456789)); /* a leap day of a century */
	assert_string_equal(out, "2000-02-29T00:00:00.123456Z");
	rfc3339_write(out, UINT64_C(1798761599999999999));
	assert_string_equal(out, "2026-12-31T23:59:59.999999Z");
	rfc3339_write(out, UINT64_MAX);
	assert_string_equal(out, "2554-07-21T23:34:33.709551Z");
}

static void agrees_with_libc(void **state)
{
	char out[RFC3339_LEN + 1], expected[64];

	(void)state;
	for (uint64_t s = 0; s < UINT64_C(16725225600); s += 8640007) {
		time_t t = (time_t)s;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000Z", &tm);
		rfc3339_write(out, s * 1000000000);
		assert_string_equal(out, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_times),
		cmocka_unit_test(agrees_with_libc),
	};

	return cmocka_run_group_tests_name("rfc3339", tests, NULL, NULL);
}
