/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY  "00112233445566778899aabbccddeeff"
#define KEY2 "FFEEDDCCBBAA99887766554433221100"

static const uint8_t key[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

static struct psk_store *parse_n(const char *text, size_t len)
{
	char err[200] = "";
	struct psk_store *s = psk_store_parse(text, len, "f", err, sizeof(err));

	if (s == NULL)
		print_error("%s\n", err);
	return s;
}

static struct psk_store *parse(const char *text) { return parse_n(text, strlen(text)); }

static bool has(const struct psk_store *s, const char *id, size_t id_len, size_t want_len)
{
	size_t len = 0;
	const uint8_t *k = psk_store_get(s, (const uint8_t *)id, id_len, &len);

	return k != NULL && len == want_len;
}

static void lines_give_keys(void **state)
{
	struct psk_store *s = parse("dev1:" KEY "\n"
				    "a:b:c:" KEY2 "\r\n" /* split at the last colon */
				    "# a comment with a : colon\n"
				    "\n"
				    "\r\n"
				    "with space :" KEY "\n"
				    "#6400ff:" KEY "\n"
				    "\xc3\xa9\xff:" KEY "\n" /* bad-input F4 */
				    "last:" KEY);
	size_t len;

	(void)state;
	assert_non_null(s);
	assert_int_equal(psk_store_count(s), 6);
	assert_int_equal(psk_store_short_keys(s), 0);
	assert_memory_equal(psk_store_get(s, (const uint8_t *)"dev1", 4, &len), key, 16);
	assert_int_equal(len, 16);
	assert_true(has(s, "a:b:c", 5, 16));
	assert_int_equal(psk_store_get(s, (const uint8_t *)"a:b:c", 5, &len)[0], 0xff);
	assert_true(has(s, "with space ", 11, 16));
	assert_true(has(s, "d\0\xff", 3, 16));
	assert_true(has(s, "\xc3\xa9\xff", 3, 16));
	assert_true(has(s, "last", 4, 16));
	assert_false(has(s, "#6400ff", 7, 16));
	psk_store_free(s);
}

/* CVE-2026-42010 (psk_id_nul, psk_id_prefix, psk_id_longer): length and all bytes are compared. */
static void identity_is_compared_whole(void **state)
{
	struct psk_store *s = parse("admin:" KEY "\n#61646d696e00:" KEY2 "\n#00:" KEY "\n");

	(void)state;
	assert_non_null(s);
	assert_int_equal(psk_store_count(s), 3);
	assert_true(has(s, "admin", 5, 16));
	assert_true(has(s, "admin\0", 6, 16));
	assert_false(has(s, "admin\0x", 7, 16));
	assert_false(has(s, "admin\0\0", 7, 16));
	assert_false(has(s, "admi", 4, 16));
	assert_false(has(s, "admin1", 6, 16));
	assert_false(has(s, "Admin", 5, 16));
	assert_false(has(s, "\0\0", 2, 16));
	psk_store_free(s);
}

/* bad-input F2: identities of 0, 1, 128 and 65535 bytes. */
static void identity_lengths_at_the_limits(void **state)
{
	static char text[300], longest[65535];
	struct psk_store *s;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	(void)snprintf(text, sizeof(text), "%.128s:%s\ny:%s\n", longest, KEY, KEY);
	s = parse(text);
	assert_non_null(s);
	assert_true(has(s, longest, 128, 16));
	assert_true(has(s, "y", 1, 16));
	assert_false(has(s, longest, 127, 16));
	assert_false(has(s, longest, 129, 16));
	assert_false(has(s, longest, sizeof(longest), 16));
	assert_false(has(s, longest, 0, 16));
	psk_store_free(s);
}

static void short_keys_are_counted_long_ones_work(void **state)
{
	struct psk_store *s = parse("a:00\nb:" KEY KEY KEY KEY "\nc:" KEY "\nd:001122\n");

	(void)state;
	assert_non_null(s);
	assert_int_equal(psk_store_short_keys(s), 2);
	assert_true(has(s, "a", 1, 1));
	assert_true(has(s, "b", 1, 64));
	assert_true(has(s, "d", 1, 3));
	psk_store_free(s);
}

static void empty_file_is_an_empty_set(void **state)
{
	struct psk_store *s = parse("");

	(void)state;
	assert_non_null(s);
	assert_int_equal(psk_store_count(s), 0);
	assert_false(has(s, "a", 1, 16));
	psk_store_free(s);
}

struct wrong {
	const char *text, *says;
};

static void wrong_lines_are_named(void **state)
{
	static char long_id[400], long_hex_id[400];
	const struct wrong cases[] = {
		{ "a:" KEY "\nb" KEY "\n", "f:2: not identity:hexkey" },
		{ ":" KEY "\n", "f:1: identity is empty" },
		{ "a:\n", "f:1: key is empty" },
		{ "a:123\n", "f:1: key has an odd number" },
		{ "a:12g4\n", "f:1: key is not hex" },
		{ "a: " KEY "\n", "f:1: key" },
		{ "a:" KEY " \n", "f:1: key" },
		{ "a:" KEY "\r", "f:1: key" }, /* CR that ends no line */
		{ "a:" KEY KEY KEY KEY "00\n", "f:1: key is longer than 64" },
		{ "\n# x\na:" KEY "\nb:" KEY "\na:" KEY2 "\n", "f:5: identity appeared before" },
		{ "a:" KEY "\n#61:" KEY "\n", "f:2: identity appeared before" },
		{ "#:" KEY "\n", "f:1: after '#'" },
		{ "#123:" KEY "\n", "f:1: after '#'" },
		{ "#zz:" KEY "\n", "f:1: after '#'" },
		{ "#comment\n", "f:1: not identity:hexkey" },
		{ "\xef\xbb\xbf"
		  "a:" KEY "\n",
		  "f:1: begins with a byte order mark" },
		{ long_id, "f:1: identity is longer than 128" },
		{ long_hex_id, "f:1: identity is longer than 128" },
	};

	(void)state;
	memset(long_id, 'x', 129);
	memcpy(long_id + 129, ":" KEY "\n", sizeof(":" KEY "\n"));
	long_hex_id[0] = '#';
	memset(long_hex_id + 1, 'a', 258);
	memcpy(long_hex_id + 259, ":" KEY "\n", sizeof(":" KEY "\n"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char err[200] = "";

		assert_null(psk_store_parse(cases[i].text, strlen(cases[i].text), "f", err,
					    sizeof(err)));
		if (strncmp(err, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("case %zu: %s", i, err);
		assert_null(strstr(err, "0011")); /* no key in a message */
	}
}

static void nul_in_the_text_is_refused(void **state)
{
	const char text[] = "a\0b:" KEY "\n";
	char err[100];

	(void)state;
	assert_null(psk_store_parse(text, sizeof(text) - 1, "f", err, sizeof(err)));
	assert_non_null(strstr(err, "f:1: NUL"));
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void files_must_be_private(void **state)
{
	char path[] = "/tmp/test_psk_store.XXXXXX", err[200];
	const mode_t bad[] = { 0640, 0604, 0620, 0610, 0644, 0666 };
	int fd = mkstemp(path);
	struct psk_store *s;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(path, "a:" KEY "\n", bad[i]);
		assert_null(psk_store_load(path, err, sizeof(err)));
		assert_non_null(strstr(err, "chmod 600"));
		assert_non_null(strstr(err, path));
	}
	write_file(path, "a:" KEY "\nb\n", 0600);
	assert_null(psk_store_load(path, err, sizeof(err)));
	assert_int_equal(strncmp(err, path, strlen(path)), 0);
	assert_non_null(strstr(err, ":2: "));
	write_file(path, "a:" KEY "\n", 0400);
	s = psk_store_load(path, err, sizeof(err));
	assert_non_null(s);
	assert_true(has(s, "a", 1, 16));
	psk_store_free(s);
	assert_int_equal(unlink(path), 0);
}

static void unreadable_files_are_named(void **state)
{
	char err[200];

	(void)state;
	assert_null(psk_store_load("/nonexistent/psk", err, sizeof(err)));
	assert_string_equal(err, "/nonexistent/psk: No such file or directory");
	assert_null(psk_store_load("/tmp", err, sizeof(err)));
	assert_string_equal(err, "/tmp: not a regular file");
	assert_null(psk_store_load("/tmp", err, 5)); /* a short buffer is no overrun */
	assert_string_equal(err, "/tmp");
}

/* Of who is there, who is not, and of nobody at all: it only reads what there is. */
static void prefetch_reads_what_there_is(void **state)
{
	const struct psk_wanted wanted[] = { { (const uint8_t *)"dev1", 4 },
					     { (const uint8_t *)"nobody", 6 },
					     { (const uint8_t *)"", 0 } };
	struct psk_store *one = parse_n("dev1:" KEY "\n", sizeof("dev1:" KEY)),
			 *none = parse_n("", 0);

	(void)state;
	psk_store_prefetch(one, wanted, 3);
	psk_store_prefetch(one, wanted, 0);
	psk_store_prefetch(none, wanted, 3);
	assert_true(has(one, "dev1", 4, 16));
	psk_store_free(one);
	psk_store_free(none);
}

static void many_lines_stay_under_128_bytes_each(void **state)
{
	enum { N = 200000, LINE = 64 };
	char *text = malloc((size_t)N * LINE), id[32];
	size_t len = 0;
	struct psk_store *s;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < N; i++)
		len += (size_t)snprintf(text + len, LINE, "sensor-%07d:%s\n", i, KEY);
	s = parse_n(text, len);
	free(text);
	assert_non_null(s);
	assert_int_equal(psk_store_count(s), N);
	assert_true(psk_store_bytes(s) / N < 128);
	for (int i = 0; i < N; i++) {
		size_t n = (size_t)snprintf(id, sizeof(id), "sensor-%07d", i);

		assert_true(has(s, id, n, 16));
	}
	assert_false(has(s, "sensor-0200000", 14, 16));
	psk_store_free(s);
}

static void walk_in_the_order_of_the_file(void **state)
{
	struct psk_store *s = parse("zz:" KEY "\n# comment\n#00ff:" KEY2 "\naa:0102\n");
	struct psk_entry e;
	size_t at = 0;

	(void)state;
	assert_true(psk_store_next(s, &at, &e));
	assert_int_equal(e.identity_len, 2);
	assert_memory_equal(e.identity, "zz", 2);
	assert_int_equal(e.key_len, 16);
	assert_memory_equal(e.key, key, 16);
	assert_true(psk_store_next(s, &at, &e));
	assert_memory_equal(e.identity, "\x00\xff", 2);
	assert_true(psk_store_next(s, &at, &e));
	assert_memory_equal(e.identity, "aa", 2);
	assert_int_equal(e.key_len, 2);
	assert_false(psk_store_next(s, &at, &e));
	psk_store_free(s);
	s = parse("");
	at = 0;
	assert_false(psk_store_next(s, &at, &e));
	psk_store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_give_keys),
		cmocka_unit_test(walk_in_the_order_of_the_file),
		cmocka_unit_test(identity_is_compared_whole),
		cmocka_unit_test(identity_lengths_at_the_limits),
		cmocka_unit_test(short_keys_are_counted_long_ones_work),
		cmocka_unit_test(empty_file_is_an_empty_set),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(nul_in_the_text_is_refused),
		cmocka_unit_test(files_must_be_private),
		cmocka_unit_test(unreadable_files_are_named),
		cmocka_unit_test(prefetch_reads_what_there_is),
		cmocka_unit_test(many_lines_stay_under_128_bytes_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
