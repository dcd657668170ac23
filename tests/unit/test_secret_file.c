/* SPDX-License-Identifier: BSD-3-Clause */
#include "secret_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/test_secret_file.XXXXXX";

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0 || write(fd, "secret\n", 7) != 7)
		return 1;
	return close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void whole_file_is_read(void **state)
{
	struct secret_file f;
	char err[200] = "";

	(void)state;
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(secret_file_read(&f, path, err, sizeof(err)));
	assert_int_equal(f.len, 7);
	assert_memory_equal(f.bytes, "secret\n", 8);
	secret_file_free(&f);
	assert_null(f.bytes);
	assert_int_equal(chmod(path, 0400), 0);
	assert_true(secret_file_read(&f, path, err, sizeof(err)));
	secret_file_free(&f);
}

static void only_the_owner_may_read(void **state)
{
	static const mode_t wrong[] = { 0640, 0604, 0620, 0602, 0610, 0601 };
	char want[300], err[300];
	struct secret_file f;

	(void)state;
	snprintf(want, sizeof(want), "%s: keys are readable by group or others: chmod 600 it",
		 path);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(chmod(path, wrong[i]), 0);
		assert_false(secret_file_read(&f, path, err, sizeof(err)));
		assert_string_equal(err, want);
		assert_null(f.bytes);
	}
}

static void other_things_are_refused(void **state)
{
	struct secret_file f;
	char err[200];

	(void)state;
	assert_false(secret_file_read(&f, "/nonexistent/file", err, sizeof(err)));
	assert_string_equal(err, "/nonexistent/file: No such file or directory");
	assert_false(secret_file_read(&f, "/tmp", err, sizeof(err)));
	assert_string_equal(err, "/tmp: not a regular file");
}

static void lines_end_in_lf_or_crlf(void **state)
{
	static const char text[] = "a\r\n\nbc\r\r\n# c\n#d\ne\r";
	static const char *const want[] = { "a", "", "bc\r", "# c", "#d", "e\r" };
	const uint8_t *p = (const uint8_t *)text, *end = p + sizeof(text) - 1;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct secret_line l = secret_line_next(&p, end);

		assert_int_equal(l.len, strlen(want[i]));
		assert_memory_equal(l.p, want[i], l.len);
		assert_int_equal(secret_line_is_comment(&l), i == 1 || i == 3);
	}
	assert_ptr_equal(p, end);
}

static const char *take(void *arg, const struct secret_line *line)
{
	strncat(arg, (const char *)line->p, line->len);
	strcat(arg, "|");
	return line->len == 3 ? "three" : NULL;
}

static void lines_go_to_their_taker(void **state)
{
	char seen[32] = "", err[64] = "";

	(void)state;
	assert_true(secret_lines("", 0, "f", take, seen, err, sizeof(err)));
	assert_string_equal(seen, "");
	assert_true(secret_lines("a\n\n# c\r\nbb\r\nc", 13, "f", take, seen, err, sizeof(err)));
	assert_string_equal(seen, "a|bb|c|");
	assert_false(secret_lines("\n# c\nccc\nd\n", 11, "f", take, seen, err, sizeof(err)));
	assert_string_equal(err, "f:3: three");
	assert_string_equal(seen, "a|bb|c|ccc|"); /* nothing behind a wrong line */
	assert_false(secret_lines("\xef\xbb\xbf"
				  "d",
				  4, "f", take, seen, err, sizeof(err)));
	assert_string_equal(err, "f:1: begins with a byte order mark");
}

static void hex_of_either_case(void **state)
{
	uint8_t out[3];

	(void)state;
	assert_true(secret_hex(out, (const uint8_t *)"00aAfF", 3));
	assert_memory_equal(out, "\x00\xaa\xff", 3);
	assert_false(secret_hex(out, (const uint8_t *)"00 aff", 3));
	assert_false(secret_hex(out, (const uint8_t *)"0g", 1));
	assert_false(secret_hex(out, (const uint8_t *)"@0", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_file_is_read),
		cmocka_unit_test(only_the_owner_may_read),
		cmocka_unit_test(other_things_are_refused),
		cmocka_unit_test(lines_end_in_lf_or_crlf),
		cmocka_unit_test(lines_go_to_their_taker),
		cmocka_unit_test(hex_of_either_case),
	};

	return cmocka_run_group_tests_name("secret_file", tests, setup, teardown);
}
