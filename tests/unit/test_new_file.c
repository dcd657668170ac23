/* SPDX-License-Identifier: BSD-3-Clause */
#include "new_file.h"

#include "load_report_fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_new_file.XXXXXX", path[64], err[256];
static struct new_file file;

static int make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/f", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
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

static void content_is(const char *text)
{
	FILE *f = fopen(path, "r");
	char got[64] = "";

	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof(got) - 1, f), strlen(text));
	fclose(f);
	assert_string_equal(got, text);
}

static void appears_as_a_whole(void **state)
{
	struct stat st;
	mode_t mask = umask(022);

	(void)state;
	assert_true(new_file_open(&file, path, false, err, sizeof(err)));
	fputs("one", file.f);
	fflush(file.f);
	assert_int_equal(access(path, F_OK), -1);
	assert_true(new_file_close(&file, true, err, sizeof(err)));
	content_is("one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_true(new_file_open(&file, path, true, err, sizeof(err)));
	assert_true(new_file_close(&file, true, err, sizeof(err)));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	umask(mask);
}

static void given_up_leaves_what_was_there(void **state)
{
	(void)state;
	assert_true(new_file_open(&file, path, false, err, sizeof(err)));
	fputs("old", file.f);
	assert_true(new_file_close(&file, true, err, sizeof(err)));
	assert_true(new_file_open(&file, path, false, err, sizeof(err)));
	fputs("half", file.f);
	assert_false(new_file_close(&file, false, err, sizeof(err)));
	content_is("old");
	assert_int_equal(files_in_dir(), 1);
}

static void errors_say_why(void **state)
{
	(void)state;
	assert_false(new_file_open(&file, "/nonexistent/f", false, err, sizeof(err)));
	assert_string_equal(err, "/nonexistent/f: No such file or directory");
	assert_false(new_file_open(&file, "/tmp", false, err, sizeof(err)));
	assert_string_equal(err, "/tmp: Is a directory");
}

/* Devices and pipes are written as they are, never replaced; a full disk is no success. */
static void what_is_no_file_stays(void **state)
{
	struct stat st;

	(void)state;
	assert_true(new_file_open(&file, "/dev/null", true, err, sizeof(err)));
	fputs("x", file.f);
	assert_true(new_file_close(&file, true, err, sizeof(err)));
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_true(new_file_open(&file, "/dev/full", false, err, sizeof(err)));
	fputs("x", file.f);
	assert_false(new_file_close(&file, true, err, sizeof(err)));
	assert_string_equal(err, "/dev/full: No space left on device");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appears_as_a_whole),
		cmocka_unit_test(given_up_leaves_what_was_there),
		cmocka_unit_test(errors_say_why),
		cmocka_unit_test(what_is_no_file_stays),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
