/* SPDX-License-Identifier: BSD-3-Clause */
#include "deny_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ZEROS32 "00000000000000000000000000000000"

static struct deny_list *parse(const char *text, char err[256])
{
	return deny_list_parse(text, strlen(text), "deny", err, 256);
}

static bool names(const struct deny_list *d, const char *name)
{
	return deny_list_names(d, (const uint8_t *)name, strlen(name));
}

static void names_and_fingerprints(void **state)
{
	struct mark fingerprint = { { 0xab } };
	char err[256];
	struct deny_list *d = parse("# lost in March\n"
				    "identity ward 3:pump\r\n"
				    "\n"
				    "identity #00ff\n"
				    "identity sha256 in a name\n"
				    "sha256 AB" ZEROS32 "000000000000000000000000000000\n"
				    "identity last",
				    err);

	(void)state;
	assert_non_null(d);
	assert_int_equal(deny_list_count(d), 5);
	assert_true(names(d, "ward 3:pump"));
	assert_true(names(d, "sha256 in a name"));
	assert_true(names(d, "last"));
	assert_true(deny_list_names(d, (const uint8_t *)"\0\xff", 2));
	assert_true(deny_list_has(d, &fingerprint));
	fingerprint.b[0] = 0xaa;
	assert_false(deny_list_has(d, &fingerprint));
	/* Neither a beginning nor more than the name. */
	assert_false(names(d, "ward 3"));
	assert_false(names(d, "ward 3:pump "));
	assert_false(names(d, "lost in March"));
	assert_false(names(d, ""));
	deny_list_free(d);
}

static void empty_file_denies_nobody(void **state)
{
	char err[256];
	struct deny_list *d = parse("# nobody yet\n", err);

	(void)state;
	assert_non_null(d);
	assert_int_equal(deny_list_count(d), 0);
	assert_false(names(d, "nobody"));
	deny_list_free(d);
}

/* A list that is half read would let somebody in. */
static void refuses_the_whole_file(void **state)
{
	static const struct {
		const char *line, *why;
	} bad[] = {
		{ "dev1", "neither" },
		{ "identity", "neither" },
		{ "Identity dev1", "neither" },
		{ "identity\tdev1", "neither" },
		{ " identity dev1", "neither" },
		{ "#identity dev1", "neither" },
		{ "identity ", "empty" },
		{ "identity  dev1", "blank" },
		{ "identity dev1 ", "blank" },
		{ "identity #0", "even number" },
		{ "identity #0g", "hex digits" },
		{ "sha256 " ZEROS32, "64 hex" },
		{ "sha256 " ZEROS32 ZEROS32 "00", "64 hex" },
		{ "sha256 " ZEROS32 "0000000000000000000000000000000g", "64 hex" },
		{ "sha256:" ZEROS32 ZEROS32, "neither" },
	};
	char text[512], err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "identity good\n%s\nidentity other\n", bad[i].line);
		assert_null(parse(text, err));
		assert_non_null(strstr(err, "deny:2: "));
		assert_non_null(strstr(err, bad[i].why));
	}
	memset(text, 'x', sizeof(text));
	memcpy(text, "identity ", 9);
	text[9 + 129] = 0;
	assert_null(parse(text, err));
	assert_non_null(strstr(err, "deny:1: identity is longer than 128 bytes"));
	assert_null(deny_list_parse("identity a\0b", 12, "deny", err, sizeof(err)));
	assert_non_null(strstr(err, "NUL"));
}

static void large_list(void **state)
{
	enum { N = 100000 };
	char *text = malloc(N * 24), *p = text, name[24], err[256];
	struct deny_list *d;

	(void)state;
	for (int i = 0; i < N; i++)
		p += sprintf(p, "identity device-%d\n", i);
	d = parse(text, err);
	assert_non_null(d);
	assert_int_equal(deny_list_count(d), N);
	for (int i = 0; i < 2 * N; i += 7) {
		snprintf(name, sizeof(name), "device-%d", i);
		assert_int_equal(names(d, name), i < N);
	}
	deny_list_free(d);
	free(text);
}

static void loads_a_file_that_others_may_read(void **state)
{
	char path[] = "/tmp/deny-XXXXXX", err[256];
	int fd = mkstemp(path);
	struct deny_list *d;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "identity dev1\n", 14), 14);
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
	d = deny_list_load(path, err, sizeof(err));
	assert_non_null(d);
	assert_true(names(d, "dev1"));
	deny_list_free(d);
	unlink(path);
	assert_null(deny_list_load(path, err, sizeof(err)));
	assert_non_null(strstr(err, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_fingerprints),
		cmocka_unit_test(empty_file_denies_nobody),
		cmocka_unit_test(refuses_the_whole_file),
		cmocka_unit_test(large_list),
		cmocka_unit_test(loads_a_file_that_others_may_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
