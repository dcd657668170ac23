/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/test_cluster.XXXXXX";

static void write_key(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* The first row of docs/connection-ids.md. */
static void the_files_key_is_taken(void **state)
{
	static const uint8_t cid[] = { 0xdf, 0x1c, 0x4e, 0xbc, 0x72, 0x2e, 0x3a, 0x4a };
	const struct options opt = { .cid_length = 8, .cid_key_file = path, .node_id = 127 };
	struct cid_route route;
	struct cluster c;
	char err[256];

	(void)state;
	write_key("# of the cluster\n8F95f09245765f80256934e50c66207f\n", 0600);
	assert_true(cluster_init(&c, &opt, err, sizeof(err)));
	assert_true(cid_open(&c.key, cid, &route));
	assert_int_equal(route.node, 127);
	assert_int_equal(route.core, 0);
	assert_int_equal(c.key.node, 127);
	cluster_free(&c);
}

static void refuses(const char *text, mode_t mode, const char *reason)
{
	const struct options opt = { .cid_length = 8, .cid_key_file = path };
	struct cluster c;
	char err[256], expected[256];

	write_key(text, mode);
	assert_false(cluster_init(&c, &opt, err, sizeof(err)));
	snprintf(expected, sizeof(expected), "%s%s", path, reason);
	assert_string_equal(err, expected);
}

#define KEY "8f95f09245765f80256934e50c66207f"

static void bad_files_are_refused(void **state)
{
	(void)state;
	refuses("", 0600, ": no key");
	refuses("# " KEY "\n", 0600, ": no key");
	refuses(KEY "0\n", 0600, ":1: wants 32 hex digits");
	refuses("8f95f09245765f80256934e50c66207\n", 0600, ":1: wants 32 hex digits");
	refuses("8f95f09245765f80256934e50c66207g\n", 0600, ":1: wants 32 hex digits");
	refuses(KEY "\n" KEY "\n", 0600, ":2: more than one key");
}

static void a_file_that_others_read_is_refused(void **state)
{
	const struct options opt = { .cid_length = 8, .cid_key_file = path };
	struct cluster c;
	char err[256];

	(void)state;
	write_key(KEY "\n", 0640);
	assert_false(cluster_init(&c, &opt, err, sizeof(err)));
	assert_memory_equal(err, path, strlen(path));
}

static void without_a_file_it_is_random(void **state)
{
	const struct options opt = { .cid_length = 12 };
	uint8_t cid[CID_LEN_MAX];
	struct cid_route route;
	struct cluster a, b;
	char err[256];

	(void)state;
	assert_true(cluster_init(&a, &opt, err, sizeof(err)));
	assert_true(cluster_init(&b, &opt, err, sizeof(err)));
	cid_issue(&a.issuer, 3, cid);
	assert_true(cid_open(&a.key, cid, &route));
	assert_int_equal(route.core, 3);
	assert_memory_not_equal(a.key.encrypt, b.key.encrypt, sizeof(a.key.encrypt));
	cluster_free(&a);
	assert_int_equal(a.key.len, 0);
	cluster_free(&b);
}

static void with_length_0_there_are_none(void **state)
{
	const struct options opt = { .cid_length = 0, .cid_key_file = "/nowhere" };
	struct cluster c;
	char err[256];

	(void)state;
	assert_true(cluster_init(&c, &opt, err, sizeof(err)));
	assert_int_equal(c.key.len, 0);
	cluster_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_files_key_is_taken),
		cmocka_unit_test(bad_files_are_refused),
		cmocka_unit_test(a_file_that_others_read_is_refused),
		cmocka_unit_test(without_a_file_it_is_random),
		cmocka_unit_test(with_length_0_there_are_none),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	(void)close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	return failed;
}
