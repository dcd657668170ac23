/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_derive.h"
#include "session_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_1 "000102030405060708090a0b0c0d0e0f"
#define KEY_2 "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff00112233445566778899aabbccddeeff"
#define KEY_3 "ffffffffffffffffffffffffffffffff"

static struct psk_derive *parse(const char *text)
{
	char err[200] = "";
	struct psk_derive *d = psk_derive_parse(text, strlen(text), "f", err, sizeof(err));

	if (d == NULL)
		print_error("%s\n", err);
	assert_non_null(d);
	return d;
}

/* The key of an identity begins with this byte, or there is none where it is negative. */
static void expect(const struct psk_derive *d, const char *identity, int first)
{
	uint8_t key[PSK_DERIVE_KEY_LEN];
	bool known = psk_derive_key(d, (const uint8_t *)identity, strlen(identity), key);

	assert_int_equal(known ? key[0] : -1, first);
}

/*
 * What openssl makes of the same, as a factory would:
 *   printf %s dev00000007 | openssl dgst -sha256 -mac HMAC -macopt
 * hexkey:000102030405060708090a0b0c0d0e0f
 */
static void keys_are_those_of_openssl(void **state)
{
	static const struct {
		const char *identity;
		size_t len;
		uint8_t key[PSK_DERIVE_KEY_LEN];
	} rows[] = {
		{ "dev00000007", 11, { 0x79, 0x1e, 0x19, 0xcf, 0x3a, 0x0b, 0xbf, 0x73,
				       0x06, 0x33, 0x81, 0x40, 0xe4, 0x64, 0x9a, 0x10,
				       0x4f, 0xe5, 0x5e, 0x5b, 0xb3, 0x0a, 0x14, 0xcf,
				       0xa5, 0x0b, 0x46, 0xbd, 0xfb, 0x3f, 0xe5, 0x62 } },
		{ "k2.dev00000007", 14, { 0x7b, 0x47, 0x83, 0xc3, 0xb4, 0x7b, 0x48, 0xf5,
					  0x5a, 0xe3, 0x70, 0x50, 0x75, 0x02, 0x2f, 0xec,
					  0x05, 0x12, 0xf3, 0x93, 0x59, 0x16, 0x35, 0x85,
					  0xf0, 0x53, 0xb7, 0xd7, 0xdc, 0x16, 0x18, 0x69 } },
		{ "a\0b", /* bad-input F3: a NUL is a byte like others */
		  3,
		  { 0x02, 0x0c, 0x33, 0x8e, 0xd9, 0xc3, 0xa6, 0xc0, 0xed, 0x8c, 0x48,
		    0x33, 0xc5, 0x51, 0x86, 0xc1, 0xbf, 0x8c, 0xa5, 0xfb, 0xce, 0x26,
		    0x5b, 0x7a, 0x5c, 0xf5, 0x94, 0x6d, 0xb5, 0x3e, 0xe7, 0xe1 } },
	};
	struct psk_derive *d = parse("# masters\r\n\nk2.:" KEY_2 "\r\n" KEY_1);
	uint8_t key[PSK_DERIVE_KEY_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(psk_derive_key(d, (const uint8_t *)rows[i].identity, rows[i].len, key));
		assert_memory_equal(key, rows[i].key, sizeof(key));
	}
	psk_derive_free(d);
}

static void the_longest_prefix_decides(void **state)
{
	struct psk_derive *d = parse("k:" KEY_1 "\nk2.:" KEY_2 "\n");
	size_t len;

	(void)state;
	assert_int_equal(psk_derive_count(d), 2);
	assert_memory_equal(psk_derive_prefix(d, 0, &len), "k", 1);
	assert_int_equal(len, 1);
	assert_memory_equal(psk_derive_prefix(d, 1, &len), "k2.", 3);
	assert_int_equal(len, 3);
	expect(d, "k2.dev00000007", 0x7b);
	expect(d, "k2.", 0x2d); /* the prefix alone is for the shorter one */
	expect(d, "k", -1);
	expect(d, "", -1);
	expect(d, "dev1", -1);
	expect(d, "K2.dev00000007", -1);
	psk_derive_free(d);
}

/* The other way round in the file: order is for people. */
static void order_does_not_matter(void **state)
{
	struct psk_derive *d = parse(KEY_3 "\nk2.:" KEY_2 "\n#6b:" KEY_1 "\n");

	(void)state;
	expect(d, "k2.dev00000007", 0x7b);
	expect(d, "k2.", 0x2d);
	psk_derive_free(d);
}

/* bad-input F2 */
static void an_identity_has_128_bytes_at_most(void **state)
{
	struct psk_derive *d = parse(KEY_1);
	uint8_t name[PSK_IDENTITY_MAX + 1], key[PSK_DERIVE_KEY_LEN];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(psk_derive_key(d, name, 1, key));
	assert_true(psk_derive_key(d, name, PSK_IDENTITY_MAX, key));
	assert_false(psk_derive_key(d, name, sizeof(name), key));
	assert_false(psk_derive_key(d, name, 0, key));
	psk_derive_free(d);
}

static void wrong_lines_are_named(void **state)
{
	static const char *const rows[][2] = {
		{ "", "f: no master key in it" },
		{ "# nothing\n", "f: no master key in it" },
		{ "k:00\n", "f:1: master key is shorter than 16 bytes" },
		{ KEY_1 "\n\n" KEY_2 "\n", "f:3: a second master key without a prefix" },
		{ "k:" KEY_1 "\nj:" KEY_1 "\n#6b:" KEY_2 "\n", "f:3: prefix appeared before" },
		{ ":" KEY_1 "\n", "f:1: identity is empty" },
		{ "zz" KEY_1 "\n", "f:1: key is not hex digits" },
		{ "k:" KEY_1 "0\n", "f:1: key has an odd number of hex digits" },
		{ KEY_2 KEY_2 "00", "f:1: key is longer than 64 bytes" },
		{ "\xef\xbb\xbf" KEY_1, "f:1: begins with a byte order mark" },
	};
	char err[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_null(
			psk_derive_parse(rows[i][0], strlen(rows[i][0]), "f", err, sizeof(err)));
		assert_string_equal(err, rows[i][1]);
	}
}

static void there_are_64_at_most(void **state)
{
	char text[(PSK_DERIVE_MASTERS_MAX + 1) * (4 + sizeof(KEY_1))], err[200];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < PSK_DERIVE_MASTERS_MAX; i++)
		len += (size_t)sprintf(text + len, "k%02u:" KEY_1 "\n", i);
	psk_derive_free(parse(text));
	sprintf(text + len, "kk:" KEY_1 "\n");
	assert_null(psk_derive_parse(text, strlen(text), "f", err, sizeof(err)));
	assert_string_equal(err, "f:65: more than 64 master keys");
}

static void a_file_is_for_its_owner(void **state)
{
	char path[] = "/tmp/test_psk_derive.XXXXXX", err[200];
	int fd = mkstemp(path);
	struct psk_derive *d;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, KEY_1 "\n", sizeof(KEY_1)), sizeof(KEY_1));
	d = psk_derive_load(path, err, sizeof(err));
	assert_non_null(d);
	psk_derive_free(d);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_null(psk_derive_load(path, err, sizeof(err)));
	assert_non_null(strstr(err, "chmod 600"));
	close(fd);
	unlink(path);
	assert_null(psk_derive_load(path, err, sizeof(err)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_those_of_openssl),
		cmocka_unit_test(the_longest_prefix_decides),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(an_identity_has_128_bytes_at_most),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(there_are_64_at_most),
		cmocka_unit_test(a_file_is_for_its_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
