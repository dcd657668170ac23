/* SPDX-License-Identifier: BSD-3-Clause */
#include "identities.h"
#include "psk_store.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

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

static struct load_options derived(uint32_t devices, uint8_t master_len)
{
	struct load_options opt = { .devices = devices, .master_len = master_len };

	for (uint8_t i = 0; i < master_len; i++)
		opt.master[i] = (uint8_t)(i + 1);
	return opt;
}

static struct identities *new_of(const struct load_options *opt)
{
	struct identities *ids = identities_new(opt, err, sizeof(err));

	if (ids == NULL)
		print_error("%s\n", err);
	assert_non_null(ids);
	return ids;
}

static struct identities *new_of_file(const char *text, uint32_t devices)
{
	struct load_options opt = { .devices = devices, .identities = path };
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fclose(f);
	return identities_new(&opt, err, sizeof(err));
}

static void check_derived(uint8_t master_len)
{
	struct load_options opt = derived(100000000, master_len);
	struct identities *ids = new_of(&opt);
	static const uint32_t devices[] = { 0, 7, 99999999 };
	static const char *const names[] = { "dev00000000", "dev00000007", "dev99999999" };
	struct identity_credential c;
	uint8_t mac[32];

	for (unsigned i = 0; i < 3; i++) {
		identities_get(ids, devices[i], &c);
		assert_int_equal(c.identity_len, 11);
		assert_memory_equal(c.identity, names[i], 11);
		assert_int_equal(c.psk_len, 16);
		assert_non_null(HMAC(EVP_sha256(), opt.master, master_len,
				     (const uint8_t *)names[i], 11, mac, NULL));
		assert_memory_equal(c.psk, mac, 16);
	}
	assert_true(identities_bytes(ids) < 200);
	identities_free(ids);
}

/* With libcrypto's HMAC as the witness, and keys of every length that is allowed at its ends. */
static void derived_as_documented(void **state)
{
	(void)state;
	check_derived(16);
	check_derived(20);
	check_derived(32);
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
	struct load_options opt = derived(1000, 16),
			    again = { .devices = 1000, .identities = path };
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
	struct load_options opt = derived(10, 16);
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

static void a_line_costs_little(void **state)
{
	enum { N = 20000 };
	struct load_options opt = derived(N, 16), again = { .devices = N, .identities = path };
	struct identities *ids = new_of(&opt);

	(void)state;
	assert_true(identities_write(ids, path, err, sizeof(err)));
	identities_free(ids);
	ids = new_of(&again);
	assert_true(identities_bytes(ids) < 100 * N);
	identities_free(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derived_as_documented),
		cmocka_unit_test(lines_of_a_file),
		cmocka_unit_test(errors_say_why),
		cmocka_unit_test(written_file_has_the_fleet),
		cmocka_unit_test(strange_identities_survive),
		cmocka_unit_test(failed_write_leaves_what_was_there),
		cmocka_unit_test(a_line_costs_little),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
