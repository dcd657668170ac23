/* SPDX-License-Identifier: BSD-3-Clause */
#include "identities.h"
#include "psk_derive.h"
#include "psk_store.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY "00112233445566778899aabbccddeeff"

static char dir[] = "/tmp/test_identities.XXXXXX";
static char path[64], err[256];

static int make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/psk", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct load_options derived(uint32_t devices)
{
	return (struct load_options){ .devices = devices, .master_key = KEY };
}

static struct identities *new_of(const struct load_options *opt)
{
	struct identities *ids = identities_new(opt, err, sizeof(err));

	if (ids == NULL)
		print_error("%s\n", err);
	assert_non_null(ids);
	return ids;
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fclose(f);
}

static struct identities *new_of_file(const char *text, uint32_t devices)
{
	struct load_options opt = { .devices = devices, .identities = path };

	write_file(text);
	return identities_new(&opt, err, sizeof(err));
}

static struct identities *new_of_masters(const char *text, uint32_t devices)
{
	struct load_options opt = { .devices = devices, .psk_derive = path };

	write_file(text);
	return identities_new(&opt, err, sizeof(err));
}

/* That the keys are the endpoint's is test_psk_derive's; these are openssl's, as README has it. */
static void derived_as_documented(void **state)
{
	static const uint8_t key7[32] = { 0x9d, 0x79, 0x77, 0x5e, 0x37, 0xee, 0xfd, 0x6b,
					  0x8f, 0xeb, 0xe6, 0xff, 0x89, 0xc5, 0x14, 0xab,
					  0xfd, 0xbf, 0x84, 0x56, 0xa0, 0x33, 0x86, 0x20,
					  0xb8, 0x14, 0x26, 0x39, 0xbd, 0x7e, 0x81, 0x13 };
	struct load_options opt = derived(100000000);
	struct identities *ids = new_of(&opt);
	struct identity_credential c;

	(void)state;
	identities_get(ids, 99999999, &c);
	assert_int_equal(c.identity_len, 11);
	assert_memory_equal(c.identity, "dev99999999", 11);
	identities_get(ids, 7, &c);
	assert_int_equal(c.identity_len, 11);
	assert_memory_equal(c.identity, "dev00000007", 11);
	assert_int_equal(c.psk_len, 32);
	assert_memory_equal(c.psk, key7, 32);
	identities_free(ids);
}

static void the_first_master_key_names_the_devices(void **state)
{
	struct identities *ids = new_of_masters("k2.:" KEY "\nk1.:" KEY "00\n" KEY "\n", 8);
	struct psk_derive *d = psk_derive_load(path, err, sizeof(err));
	uint8_t key[PSK_DERIVE_KEY_LEN];
	struct identity_credential c;
	char longest[200];

	(void)state;
	assert_non_null(ids);
	assert_non_null(d);
	identities_get(ids, 7, &c);
	assert_int_equal(c.identity_len, 14);
	assert_memory_equal(c.identity, "k2.dev00000007", 14);
	assert_true(psk_derive_key(d, c.identity, c.identity_len, key));
	assert_int_equal(c.psk_len, sizeof(key));
	assert_memory_equal(c.psk, key, sizeof(key));
	psk_derive_free(d);
	identities_free(ids);

	snprintf(longest, sizeof(longest), "%0117d:" KEY "\n", 0);
	ids = new_of_masters(longest, 8);
	assert_non_null(ids);
	identities_free(ids);
	snprintf(longest, sizeof(longest), "%0118d:" KEY "\n", 0);
	assert_null(new_of_masters(longest, 8));
	assert_non_null(strstr(err, ": the first prefix leaves no room for a device's number"));
	assert_null(new_of_masters("k2:00\n", 8));
	assert_non_null(strstr(err, ":1: master key is shorter than 16 bytes"));
}

static void lines_of_a_file(void **state)
{
	struct identities *ids = new_of_file("# fleet\nb:" KEY "\n#00ff:0102\na:x:" KEY "\n", 3);
	struct identity_credential c;

	(void)state;
	assert_non_null(ids);
	identities_get(ids, 2, &c);
	assert_int_equal(c.identity_len, 3);
	assert_memory_equal(c.identity, "a:x", 3);
	assert_int_equal(c.psk_len, 16);
	assert_int_equal(c.psk[15], 0xff);
	identities_get(ids, 1, &c);
	assert_int_equal(c.identity_len, 2);
	assert_memory_equal(c.identity, "\x00\xff", 2);
	assert_int_equal(c.psk_len, 2);
	identities_get(ids, 0, &c);
	assert_memory_equal(c.identity, "b", 1);
	identities_free(ids);
}

static void errors_say_why(void **state)
{
	struct load_options opt = { .devices = 1, .identities = "/nonexistent/psk" };
	char want[128];

	(void)state;
	assert_null(new_of_file("a:" KEY "\nb:" KEY "\n", 3));
	snprintf(want, sizeof(want), "%s: 2 identities for 3 devices", path);
	assert_string_equal(err, want);
	assert_null(new_of_file("a:" KEY "\na:" KEY "\n", 1));
	snprintf(want, sizeof(want), "%s:2: identity appeared before", path);
	assert_string_equal(err, want);
	assert_null(identities_new(&opt, err, sizeof(err)));
	assert_string_equal(err, "/nonexistent/psk: No such file or directory");
}

static unsigned files_in_dir(void)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* What is written is what an endpoint loads, and what a file's fleet would be. */
static void written_file_has_the_fleet(void **state)
{
	struct load_options opt = derived(1000), again = { .devices = 1000, .identities = path };
	struct identities *ids = new_of(&opt), *file;
	struct psk_store *store;
	struct stat st;

	(void)state;
	assert_true(identities_write(ids, path, err, sizeof(err)));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(files_in_dir(), 1);
	store = psk_store_load(path, err, sizeof(err));
	assert_non_null(store);
	assert_int_equal(psk_store_count(store), 1000);
	psk_store_free(store);
	file = new_of(&again);
	for (uint32_t i = 0; i < 1000; i++) {
		struct identity_credential a = { .psk_len = 0 }, b = { .psk_len = 0 };

		identities_get(ids, i, &a);
		identities_get(file, i, &b);
		assert_memory_equal(&a, &b, sizeof(a));
	}
	identities_free(file);
	identities_free(ids);
}

/* Bytes that a line cannot hold come back from #hex. */
static void strange_identities_survive(void **state)
{
	struct identities *ids = new_of_file("#0a3a00:" KEY "\n##:" KEY "\n", 1);
	struct identity_credential c;

	(void)state;
	assert_null(ids); /* "##" is no hex */
	ids = new_of_file("#0a3a00:" KEY "\n#2378:" KEY "\na b:" KEY "\n", 3);
	assert_non_null(ids);
	assert_true(identities_write(ids, path, err, sizeof(err)));
	identities_free(ids);
	ids = identities_new(&(struct load_options){ .devices = 3, .identities = path }, err,
			     sizeof(err));
	assert_non_null(ids);
	identities_get(ids, 0, &c);
	assert_memory_equal(c.identity, "\n:\0", 3);
	identities_get(ids, 1, &c);
	assert_memory_equal(c.identity, "#x", 2);
	identities_get(ids, 2, &c);
	assert_memory_equal(c.identity, "a b", 3);
	identities_free(ids);
}

static void failed_write_leaves_what_was_there(void **state)
{
	struct load_options opt = derived(10);
	struct identities *ids = new_of(&opt);
	char sub[100];

	(void)state;
	assert_false(identities_write(ids, "/nonexistent/psk", err, sizeof(err)));
	assert_string_equal(err, "/nonexistent/psk: No such file or directory");
	/* A directory cannot be replaced by a file: nothing is left beside it. */
	unlink(path);
	snprintf(sub, sizeof(sub), "%s/psk", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_false(identities_write(ids, path, err, sizeof(err)));
	assert_int_equal(files_in_dir(), 1);
	assert_int_equal(rmdir(sub), 0);
	identities_free(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derived_as_documented),
		cmocka_unit_test(the_first_master_key_names_the_devices),
		cmocka_unit_test(lines_of_a_file),
		cmocka_unit_test(errors_say_why),
		cmocka_unit_test(written_file_has_the_fleet),
		cmocka_unit_test(strange_identities_survive),
		cmocka_unit_test(failed_write_leaves_what_was_there),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
