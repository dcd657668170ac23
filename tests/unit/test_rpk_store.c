/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpk_store.h"

#include "mark_of.h"
#include "pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static char err[256];

static struct rpk_store *parse(const char *text)
{
	err[0] = '\0';
	return rpk_store_parse(text, strlen(text), "keys", err, sizeof(err));
}

static void a_fingerprint_has_a_name(void **state)
{
	struct rpk_store *s = parse("# devices\n\nsha256:" HEX64 " pump 7\r\n");
	struct mark key;
	const uint8_t *name;
	size_t len;

	(void)state;
	assert_non_null(s);
	assert_int_equal(rpk_store_count(s), 1);
	for (size_t i = 0; i < sizeof(key.b); i++)
		key.b[i] = (uint8_t)(0x11 * i);
	name = rpk_store_get(s, &key, &len);
	assert_non_null(name);
	assert_int_equal(len, 6);
	assert_memory_equal(name, "pump 7", 6);
	key.b[MARK_LEN - 1] ^= 1;
	assert_null(rpk_store_get(s, &key, &len));
	rpk_store_free(s);
	s = parse("sha256:" HEX64);
	key.b[MARK_LEN - 1] ^= 1;
	name = rpk_store_get(s, &key, &len);
	assert_int_equal(len, SPKI_NAME_LEN);
	assert_memory_equal(name, "sha256:00112233", 15);
	rpk_store_free(s);
	s = parse("");
	assert_null(rpk_store_get(s, &key, &len));
	rpk_store_free(s);
	rpk_store_free(NULL);
}

static void a_whole_key_is_as_good(void **state)
{
	EVP_PKEY *pair = pki_p256();
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pair, &der);
	struct mark key;
	char text[512], *at = text + sprintf(text, "spki:");
	struct rpk_store *s;
	size_t len;

	(void)state;
	for (int i = 0; i < n; i++)
		at += sprintf(at, "%02x", der[i]);
	sprintf(at, " it\n");
	s = parse(text);
	assert_non_null(s);
	mark_of(&key, der, (size_t)n);
	assert_non_null(rpk_store_get(s, &key, &len));
	rpk_store_free(s);
	at[-1] = 'x';
	assert_null(parse(text));
	at[-1] = '0';
	text[7] = 'f'; /* no SEQUENCE any more */
	assert_null(parse(text));
	assert_non_null(strstr(err, "keys:1: "));
	OPENSSL_free(der);
	EVP_PKEY_free(pair);
}

static void many_are_found(void **state)
{
	char *text = malloc(200 * 100), *at = text;
	struct mark key = { { 0 } };
	struct rpk_store *s;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		at += sprintf(at, "sha256:%02x%062x n%u\n", i * 37 % 256, 0, i);
	s = parse(text);
	assert_non_null(s);
	assert_int_equal(rpk_store_count(s), 200);
	for (unsigned i = 0; i < 200; i++) {
		char want[8];
		const uint8_t *name;

		key.b[0] = (uint8_t)(i * 37);
		sprintf(want, "n%u", i);
		name = rpk_store_get(s, &key, &len);
		assert_non_null(name);
		assert_int_equal(len, strlen(want));
		assert_memory_equal(name, want, len);
	}
	rpk_store_free(s);
	free(text);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "sha256:" HEX64 " a\nnonsense\n", "keys:2: wants sha256:" },
		{ "sha256:00", "keys:1: wants" },
		{ "sha256:" HEX64 "00", "keys:1: wants" },
		{ "sha256:x" HEX64, "keys:1: wants" },
		{ "spki:", "keys:1: not the hex" },
		{ "spki:3", "keys:1: not the hex" },
		{ "spki:3000", "keys:1: not a Sub" },
		{ "sha256:" HEX64 " ", "keys:1: the name" },
		{ "sha256:" HEX64 " a\nsha256:" HEX64 " b\n", "keys: a key appears twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(parse(rows[i].text));
		if (strstr(err, rows[i].want) == NULL)
			fail_msg("row %zu: %s", i, err);
	}
	assert_null(rpk_store_load("/nonexistent/keys", err, sizeof(err)));
	assert_non_null(strstr(err, "/nonexistent/keys"));
}

static void a_file_is_loaded(void **state)
{
	struct pki_dir dir;
	const char *path;
	struct rpk_store *s;
	FILE *f;

	(void)state;
	pki_dir_new(&dir);
	f = pki_file(&dir, "keys", &path);
	fputs("sha256:" HEX64 " a\n", f);
	fclose(f);
	s = rpk_store_load(path, err, sizeof(err));
	assert_non_null(s);
	assert_int_equal(rpk_store_count(s), 1);
	rpk_store_free(s);
	assert_null(rpk_store_load(dir.path, err, sizeof(err)));
	pki_dir_free(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fingerprint_has_a_name),
		cmocka_unit_test(a_whole_key_is_as_good),
		cmocka_unit_test(many_are_found),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(a_file_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
