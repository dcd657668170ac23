/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 5000, TEXT_MAX = 1 << 20 };

static char dir[64], path[128], spec[160], text[TEXT_MAX];
static struct sink *sink;
static _Atomic unsigned n_logged;
static _Atomic uint64_t last_log_ms, closest_logs_ms;
static char logged[256];

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void sleep_ms(unsigned ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
}

static void on_log(void *arg, const char *l)
{
	uint64_t now = now_ms(), since = now - atomic_exchange(&last_log_ms, now);

	(void)arg;
	if (since < atomic_load(&closest_logs_ms))
		atomic_store(&closest_logs_ms, since);
	snprintf(logged, sizeof(logged), "%s", l);
	atomic_fetch_add(&n_logged, 1);
}

static void open_sink(const char *what, unsigned n_workers)
{
	const struct sink_config cfg = { .spec = what, .n_workers = n_workers, .log = on_log };
	char err[256];

	sink = sink_open(&cfg, err, sizeof(err));
	if (sink == NULL)
		print_error("%s\n", err);
	assert_non_null(sink);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/sluice-test-sink-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/out", dir);
	snprintf(spec, sizeof(spec), "file:%s", path);
	sink = NULL;
	atomic_store(&n_logged, 0);
	atomic_store(&last_log_ms, 0);
	atomic_store(&closest_logs_ms, UINT64_MAX);
	return 0;
}

static int teardown(void **state)
{
	char old[160];

	(void)state;
	if (sink != NULL)
		sink_close(sink);
	snprintf(old, sizeof(old), "%s.1", path);
	unlink(old);
	unlink(path);
	rmdir(dir);
	return 0;
}

static enum sink_put put(unsigned worker, const char *line, bool wants, uint64_t cookie)
{
	const struct sink_ticket t = { .cookie = cookie,
				       .worker = (uint16_t)worker,
				       .wants_completion = wants };

	return sink_put(sink, &t, line, strlen(line));
}

static void flush(void) { assert_true(sink_flush(sink, PATIENCE_MS)); }

static const char *contents(const char *of)
{
	int fd = open(of, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = 0;
	return text;
}

static struct sink_completion completion(unsigned worker)
{
	struct sink_completion c;

	for (uint64_t end = now_ms() + PATIENCE_MS; now_ms() < end; sleep_ms(1))
		if (sink_completions(sink, worker, &c, 1) == 1)
			return c;
	fail_msg("no completion came");
	return c;
}

static bool failing(void)
{
	struct sink_stats st;

	sink_stats(sink, &st);
	return st.failing;
}

static void wait_for(bool (*what)(void), bool value)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (what() != value) {
		assert_true(now_ms() < end);
		sleep_ms(1);
	}
}

static void writes_lines_in_order(void **state)
{
	struct sink_stats st;
	struct stat file;

	(void)state;
	open_sink(spec, 1);
	assert_int_equal(put(0, "one\n", false, 0), SINK_PUT_OK);
	assert_int_equal(put(0, "two\n", false, 0), SINK_PUT_OK);
	flush();
	assert_string_equal(contents(path), "one\ntwo\n");
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0137, 0);
	sink_stats(sink, &st);
	assert_int_equal(st.lines, 2);
	assert_int_equal(st.bytes, 8);
	assert_int_equal(st.queued_bytes, 0);
	assert_false(st.failing);
}

static void appends(void **state)
{
	(void)state;
	open_sink(spec, 1);
	put(0, "one\n", false, 0);
	sink_close(sink); /* writes what is queued */
	assert_string_equal(contents(path), "one\n");
	open_sink(spec, 1);
	put(0, "two\n", false, 0);
	flush();
	assert_string_equal(contents(path), "one\ntwo\n");
}

static void completes_what_was_written(void **state)
{
	struct sink_completion c;

	(void)state;
	open_sink(spec, 2);
	assert_int_equal(put(1, "one\n", true, 77), SINK_PUT_OK);
	assert_int_equal(put(1, "two\n", false, 78), SINK_PUT_OK);
	assert_int_equal(put(1, "three\n", true, 79), SINK_PUT_OK);
	c = completion(1);
	assert_int_equal(c.cookie, 77);
	assert_true(c.delivered);
	assert_non_null(strstr(contents(path), "one\n"));
	c = completion(1);
	assert_int_equal(c.cookie, 79);
	assert_true(c.delivered);
	assert_string_equal(contents(path), "one\ntwo\nthree\n");
	assert_int_equal(sink_completions(sink, 0, &c, 1), 0);
	assert_int_equal(sink_completions(sink, 1, &c, 1), 0);
}

static void null_sink_takes_all(void **state)
{
	struct sink_stats st;

	(void)state;
	open_sink("null", 1);
	assert_int_equal(put(0, "one\n", true, 5), SINK_PUT_OK);
	assert_true(completion(0).delivered);
	sink_stats(sink, &st);
	assert_int_equal(st.lines, 1);
}

static void bad_specs_name_themselves(void **state)
{
	static const char *const specs[] = { "", "file:", "nul", "kafka:x", "file:/no/such/dir/f" };
	char err[256];

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		const struct sink_config cfg = { .spec = specs[i], .n_workers = 1 };

		err[0] = 0;
		assert_null(sink_open(&cfg, err, sizeof(err)));
		assert_non_null(strstr(err, specs[i]));
	}
	assert_true(fcntl(0, F_GETFD) >= 0); /* and close nothing that is not theirs */
}

static void a_torn_last_line_is_ended_first(void **state)
{
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	fputs("whole\n{\"torn", f);
	fclose(f);
	open_sink(spec, 1);
	put(0, "next\n", false, 0);
	flush();
	assert_string_equal(contents(path), "whole\n{\"torn\nnext\n");
}

static bool file_is_there(void) { return access(path, F_OK) == 0; }

static void reopens_after_rename(void **state)
{
	char old[160];

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	open_sink(spec, 1);
	put(0, "one\n", false, 0);
	flush();
	assert_int_equal(rename(path, old), 0);
	put(0, "two\n", false, 0); /* the old file stays in use until it is asked */
	flush();
	sink_reopen(sink);
	wait_for(file_is_there, true);
	put(0, "three\n", false, 0);
	flush();
	assert_string_equal(contents(old), "one\ntwo\n");
	assert_string_equal(contents(path), "three\n");
	sink_reopen(sink); /* nothing to do */
	put(0, "four\n", false, 0);
	flush();
	assert_string_equal(contents(path), "three\nfour\n");
}

static bool something_logged(void) { return atomic_load(&n_logged) > 0; }

static void a_failed_reopen_keeps_the_old_file(void **state)
{
	char old[160];
	int fd;

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	open_sink(spec, 1);
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(mkdir(path, 0700), 0); /* in the way */
	sink_reopen(sink);
	wait_for(something_logged, true);
	assert_non_null(strstr(logged, "reopen"));
	put(0, "one\n", false, 0);
	flush();
	assert_string_equal(contents(old), "one\n");
	assert_int_equal(rmdir(path), 0);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void a_full_disk_fails_and_completes_as_undelivered(void **state)
{
	struct sink_completion c;

	(void)state;
	open_sink("file:/dev/full", 1);
	assert_int_equal(put(0, "one\n", true, 1), SINK_PUT_OK);
	c = completion(0);
	assert_int_equal(c.cookie, 1);
	assert_false(c.delivered);
	assert_true(failing());
	wait_for(something_logged, true);
	assert_non_null(strstr(logged, "No space left"));
}

static void a_full_disk_keeps_what_was_acknowledged(void **state)
{
	struct sink_stats st;

	(void)state;
	open_sink("file:/dev/full", 1);
	assert_int_equal(put(0, "one\n", false, 0), SINK_PUT_OK);
	wait_for(failing, true);
	for (int i = 0; i < 100; i++)
		assert_int_equal(put(0, "two\n", false, 0), SINK_PUT_FAILED);
	sleep_ms(2600);
	assert_int_equal(put(0, "three\n", false, 0), SINK_PUT_FAILED);
	sink_stats(sink, &st);
	assert_true(st.queued_bytes > 0); /* still there */
	assert_in_range(st.failed_writes, 5, 15);
	assert_in_range(atomic_load(&n_logged), 2, 4);
	assert_true(atomic_load(&closest_logs_ms) >= 990);
	assert_false(sink_flush(sink, 1));
}

/* A file size limit is a disk that is full at an exact byte, and that heals. */
static void limit_files(rlim_t bytes)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void a_line_torn_by_a_full_disk_is_finished(void **state)
{
	char long_line[3002];
	bool other;

	(void)state;
	memset(long_line, 'x', 3000);
	strcpy(long_line + 3000, "\n");
	open_sink(spec, 2);
	put(0, "first\n", false, 0);
	flush();
	limit_files(1000);
	assert_int_equal(put(0, long_line, false, 0), SINK_PUT_OK);
	other = put(1, "other\n", false, 0) == SINK_PUT_OK; /* or it failed already */
	wait_for(failing, true);
	assert_int_equal(put(0, "refused\n", false, 0), SINK_PUT_FAILED);
	assert_int_equal(strlen(contents(path)), 1000);
	limit_files(RLIM_INFINITY);
	wait_for(failing, false);
	assert_int_equal(put(0, "last\n", false, 0), SINK_PUT_OK);
	flush();
	contents(path);
	assert_int_equal(strlen(text), 6 + 3001 + (other ? 6 : 0) + 5);
	assert_non_null(strstr(text, long_line));
	assert_true((strstr(text, "\nother\n") != NULL) == other);
	assert_non_null(strstr(text, "\nlast\n"));
	assert_null(strstr(text, "refused"));
}

/* With completions: the torn line counts as undelivered, yet its rest follows, and those behind it
 * are not written at all. */
static void an_undelivered_torn_line_does_not_merge(void **state)
{
	char long_line[3002];

	(void)state;
	memset(long_line, 'x', 3000);
	strcpy(long_line + 3000, "\n");
	open_sink(spec, 1);
	limit_files(1000);
	assert_int_equal(put(0, long_line, true, 1), SINK_PUT_OK);
	assert_false(completion(0).delivered);
	limit_files(RLIM_INFINITY);
	wait_for(failing, false);
	assert_int_equal(put(0, "next\n", true, 2), SINK_PUT_OK);
	assert_true(completion(0).delivered);
	contents(path);
	assert_int_equal(strlen(text), 3001 + 5);
	assert_string_equal(text + 3001, "next\n");
}

/* A put to a failing sink fails, unless it is the try that comes four times a second. */
static void assert_refused(void)
{
	if (put(0, "refused\n", true, 99) == SINK_PUT_OK)
		assert_false(completion(0).delivered);
}

/* In --ack delivered nothing stays behind to try with: the next reading is the try. */
static void heals_with_completions_only(void **state)
{
	struct sink_completion c;
	uint64_t end;

	(void)state;
	open_sink(spec, 1);
	put(0, "0123456789\n", true, 1);
	assert_true(completion(0).delivered);
	limit_files(11);
	assert_int_equal(put(0, "lost\n", true, 2), SINK_PUT_OK);
	assert_false(completion(0).delivered);
	assert_refused();
	limit_files(RLIM_INFINITY);
	end = now_ms() + PATIENCE_MS;
	while (put(0, "back\n", true, 4) == SINK_PUT_FAILED) {
		assert_true(now_ms() < end);
		sleep_ms(5);
	}
	c = completion(0);
	assert_int_equal(c.cookie, 4);
	assert_true(c.delivered);
	assert_false(failing());
	assert_string_equal(contents(path), "0123456789\nback\n");
}

static int saved_stdout;

/* The standard output of the sink: a pipe; returns its reading end. */
static int stdout_to_pipe(void)
{
	int fds[2];

	fflush(stdout);
	assert_int_equal(pipe(fds), 0);
	saved_stdout = dup(1);
	assert_true(saved_stdout >= 0 && dup2(fds[1], 1) == 1);
	open_sink("stdout", 1);
	dup2(saved_stdout, 1);
	close(saved_stdout);
	close(fds[1]);
	return fds[0];
}

static void writes_to_standard_output(void **state)
{
	char got[32] = "";
	int fd = stdout_to_pipe();

	(void)state;
	assert_int_equal(put(0, "one\n", true, 1), SINK_PUT_OK);
	assert_true(completion(0).delivered);
	assert_int_equal(read(fd, got, sizeof(got)), 4);
	assert_string_equal(got, "one\n");
	close(fd);
}

/* A SIGPIPE would end the test. */
static void a_closed_pipe_fails(void **state)
{
	int fd = stdout_to_pipe();

	(void)state;
	close(fd);
	assert_int_equal(put(0, "one\n", true, 1), SINK_PUT_OK);
	assert_false(completion(0).delivered);
	assert_refused();
	wait_for(something_logged, true);
	assert_non_null(strstr(logged, "Broken pipe"));
}

static unsigned fill(const char *line, size_t line_len, char *buf)
{
	unsigned n = 0;
	enum sink_put result = SINK_PUT_OK;

	for (uint64_t quiet = 0; quiet < 50; n += result == SINK_PUT_OK) {
		snprintf(buf, line_len, "%06u%s", n, line);
		result = put(0, buf, false, 0);
		quiet = result == SINK_PUT_OK ? 0 : quiet + 1;
		if (result == SINK_PUT_FULL)
			sleep_ms(1);
		assert_int_not_equal(result, SINK_PUT_FAILED);
	}
	return n;
}

/* Nobody reads: the queue fills, nothing blocks; then all comes, whole and in order. */
static void a_stalled_fifo_fills_the_queue(void **state)
{
	static char got[TEXT_MAX];
	char line[201], buf[256];
	size_t have = 0;
	unsigned n;
	int fd;

	(void)state;
	memset(line, 'y', 199);
	strcpy(line + 199, "\n");
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	open_sink(spec, 1);
	n = fill(line, sizeof(buf), buf);
	assert_true(n > 500);
	assert_false(failing());
	for (uint64_t end = now_ms() + PATIENCE_MS; have < n * 206 && now_ms() < end;) {
		ssize_t r = read(fd, got + have, sizeof(got) - have);

		if (r > 0)
			have += (size_t)r;
		else
			sleep_ms(1);
	}
	assert_int_equal(have, n * 206);
	for (unsigned i = 0; i < n; i++) {
		snprintf(buf, sizeof(buf), "%06u%s", i, line);
		assert_memory_equal(got + (size_t)i * 206, buf, 206);
	}
	assert_int_equal(put(0, "again\n", false, 0), SINK_PUT_OK);
	close(fd);
}

static void closes_while_stalled(void **state)
{
	char line[201], buf[256];
	uint64_t start;
	int fd;

	(void)state;
	memset(line, 'y', 199);
	strcpy(line + 199, "\n");
	fd = stdout_to_pipe();
	fill(line, sizeof(buf), buf);
	start = now_ms();
	sink_close(sink);
	sink = NULL;
	assert_true(now_ms() - start < 1000);
	close(fd);
}

static void lines_beyond_the_limit_are_refused(void **state)
{
	static char big[SINK_LINE_MAX + 2];
	const struct sink_ticket t = { .worker = 0 };

	(void)state;
	memset(big, 'z', sizeof(big));
	open_sink(spec, 1);
	assert_int_equal(sink_put(sink, &t, big, SINK_LINE_MAX + 1), SINK_PUT_FULL);
	assert_int_equal(sink_put(sink, &t, big, 0), SINK_PUT_FULL);
	big[SINK_LINE_MAX - 1] = '\n';
	for (int i = 0; i < 5; i++) {
		assert_int_equal(sink_put(sink, &t, big, SINK_LINE_MAX), SINK_PUT_OK);
		flush();
	}
	assert_int_equal(strlen(contents(path)), 5 * SINK_LINE_MAX);
}

/* The completions of a worker that does not collect them are bounded, and none is lost. */
static void completions_are_bounded(void **state)
{
	static struct sink_completion c[SINK_COMPLETIONS + 1];
	unsigned n = 0;
	uint64_t end = now_ms() + PATIENCE_MS;
	size_t got = 0;

	(void)state;
	open_sink("null", 1);
	while (n < SINK_COMPLETIONS && now_ms() < end) {
		if (put(0, "x\n", true, n) == SINK_PUT_OK)
			n++;
		else
			sleep_ms(1);
	}
	assert_int_equal(n, SINK_COMPLETIONS);
	flush();
	assert_int_equal(put(0, "x\n", true, 0), SINK_PUT_FULL);
	assert_int_equal(put(0, "x\n", false, 0), SINK_PUT_OK);
	flush();
	while (got < n && now_ms() < end)
		got += sink_completions(sink, 0, c + got, sizeof(c) / sizeof(c[0]) - got);
	assert_int_equal(got, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(c[i].cookie, i);
	assert_int_equal(put(0, "x\n", true, 0), SINK_PUT_OK);
}

enum { N_WORKERS = 4, N_LINES = 4000 };

static void *worker(void *arg)
{
	unsigned w = *(unsigned *)arg, done = 0;
	struct sink_completion c[64];
	uint64_t next = 0;
	char line[64];

	for (unsigned i = 0; i < N_LINES;) {
		snprintf(line, sizeof(line), "%u %u\n", w, i);
		if (put(w, line, i & 1, i) == SINK_PUT_OK)
			i++;
		done += (unsigned)sink_completions(sink, w, c, 64);
	}
	while (done < N_LINES / 2 && ++next < 100000)
		done += (unsigned)sink_completions(sink, w, c, 64), sleep_ms(next % 8 == 0);
	return (void *)(uintptr_t)done;
}

static void workers_side_by_side(void **state)
{
	pthread_t threads[N_WORKERS];
	unsigned ids[N_WORKERS], next[N_WORKERS] = { 0 }, w, i, lines = 0;

	(void)state;
	open_sink(spec, N_WORKERS);
	for (w = 0; w < N_WORKERS; w++) {
		ids[w] = w;
		assert_int_equal(pthread_create(&threads[w], NULL, worker, &ids[w]), 0);
	}
	for (w = 0; w < N_WORKERS; w++) {
		void *done;

		pthread_join(threads[w], &done);
		assert_int_equal((uintptr_t)done, N_LINES / 2);
	}
	flush();
	contents(path);
	for (char *at = text; *at != 0; at = strchr(at, '\n') + 1, lines++) {
		assert_int_equal(sscanf(at, "%u %u\n", &w, &i), 2);
		assert_true(w < N_WORKERS);
		assert_int_equal(i, next[w]++); /* each worker's in its order */
	}
	assert_int_equal(lines, N_WORKERS * N_LINES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_lines_in_order),
		TEST(appends),
		TEST(completes_what_was_written),
		TEST(null_sink_takes_all),
		TEST(bad_specs_name_themselves),
		TEST(a_torn_last_line_is_ended_first),
		TEST(reopens_after_rename),
		TEST(a_failed_reopen_keeps_the_old_file),
		TEST(a_full_disk_fails_and_completes_as_undelivered),
		TEST(a_full_disk_keeps_what_was_acknowledged),
		TEST(a_line_torn_by_a_full_disk_is_finished),
		TEST(an_undelivered_torn_line_does_not_merge),
		TEST(heals_with_completions_only),
		TEST(writes_to_standard_output),
		TEST(a_closed_pipe_fails),
		TEST(a_stalled_fifo_fills_the_queue),
		TEST(closes_while_stalled),
		TEST(lines_beyond_the_limit_are_refused),
		TEST(completions_are_bounded),
		TEST(workers_side_by_side),
	};

	return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
