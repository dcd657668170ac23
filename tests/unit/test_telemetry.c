/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks over DPDK's own socket, as dpdk-telemetry.py does. */
#include "telemetry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <rte_eal.h>

static void give_sample(void *arg, struct sample *out) { *out = *(const struct sample *)arg; }

static unsigned give_layout(void *arg, struct telemetry_core *out, unsigned cap)
{
	(void)arg;
	assert_true(cap >= 2);
	out[0] = (struct telemetry_core){ 1, 0, "main+poll", "0:0 1:0" };
	out[1] = (struct telemetry_core){ 5, -1, "worker", "" };
	return 2;
}

static struct sample *sample;
static int fd = -1;
static char answer[16384];

static const char *ask(const char *command)
{
	ssize_t n;

	assert_int_equal(send(fd, command, strlen(command), 0), (ssize_t)strlen(command));
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	assert_true(n > 0);
	answer[n] = '\0';
	return answer;
}

static void assert_answer(const char *command, const char *part)
{
	const char *text = ask(command);

	if (strstr(text, part) == NULL)
		fail_msg("no %s in %s", part, text);
}

static int open_socket(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 10 };

	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dpdk_telemetry.v2",
		 rte_eal_get_runtime_dir());
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return recv(fd, answer, sizeof(answer), 0) > 0 ? 0 : -1; /* its greeting */
}

static int set_up(void **state)
{
	char prefix[32];
	char *argv[] = { "test", "--no-huge",     "--no-pci", "-m",
			 "32",   "--file-prefix", prefix,     "--log-level=error" };
	struct telemetry_source source = { give_sample, give_layout, NULL };

	(void)state;
	snprintf(prefix, sizeof(prefix), "test_telemetry_%d", getpid());
	sample = calloc(1, sizeof(*sample));
	source.arg = sample;
	if (sample == NULL || rte_eal_init(8, argv) < 0 || telemetry_start(&source) != 0)
		return -1;
	sample->n_cores = 2;
	sample->cores[0].lcore = 1;
	sample->cores[1].lcore = 5;
	strcpy(sample->cores[1].role, "worker");
	return open_socket();
}

static int tear_down(void **state)
{
	(void)state;
	close(fd);
	telemetry_stop();
	rte_eal_cleanup();
	free(sample);
	return 0;
}

static void stats_of_all_cores(void **state)
{
	(void)state;
	sample->cores[0].counters.rx_frames = 40;
	sample->cores[1].counters.rx_frames = 2;
	sample->cores[0].status.n[STATUS_RECORD_REPLAY] = UINT64_C(5000000000);
	assert_answer("/sluice/stats", "\"rx_frames\":42");
	assert_answer("/sluice/stats", "\"record_replay\":5000000000");
	assert_answer("/sluice/stats", "\"lcores\":[1,5]");
}

/* Every reason is there, so that a counter that is zero is told from one that is missing. */
static void stats_name_every_outcome_and_counter(void **state)
{
	const char *text = ask("/sluice/stats");
	char name[64];

	(void)state;
	for (unsigned i = 0; i < STATUS_N; i++) {
		snprintf(name, sizeof(name), "\"%s\":", status_label((enum status)i));
		assert_non_null(strstr(text, name));
	}
	for (size_t i = 0; i < SAMPLE_COUNTERS_N; i++) {
		snprintf(name, sizeof(name), "\"%s\":", sample_counter_name(i));
		assert_non_null(strstr(text, name));
	}
}

static void stats_of_one_core(void **state)
{
	(void)state;
	sample->cores[1].counters.readings = 11;
	sample->cores[1].ring_fullest = 3;
	assert_answer("/sluice/stats,5", "\"readings\":11");
	assert_answer("/sluice/stats,5", "\"role\":\"worker\"");
	assert_answer("/sluice/stats,5", "\"ring_fullest\":3");
	assert_answer("/sluice/stats,2", "null");
	assert_answer("/sluice/stats,5x", "null");
}

static void layout(void **state)
{
	(void)state;
	assert_answer("/sluice/layout", "\"lcore_1\":{\"role\":\"main+poll\","
					"\"queues\":\"0:0 1:0\",\"socket\":0}");
	assert_answer("/sluice/layout", "\"socket\":-1");
}

static void session_summary(void **state)
{
	(void)state;
	sample->sessions = 12;
	sample->max_sessions = 64;
	sample->identities = 11;
	sample->session_cache_bytes = 3072;
	sample->sink_failing = true;
	assert_answer("/sluice/session/summary", "\"sessions\":12,\"max_sessions\":64");
	assert_answer("/sluice/session/summary", "\"identities\":11,\"session_cache_bytes\":3072");
	assert_answer("/sluice/session/summary", "\"sink_failing\":1");
}

static void after_stop_there_is_no_answer(void **state)
{
	struct telemetry_source source = { give_sample, give_layout, sample };

	(void)state;
	telemetry_stop();
	assert_answer("/sluice/session/summary", "null");
	assert_answer("/sluice/stats", "null");
	assert_answer("/sluice/layout", "null");
	assert_int_equal(telemetry_start(&source), 0); /* again, though registered */
	assert_answer("/sluice/session/summary", "\"sessions\":");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_of_all_cores),
		cmocka_unit_test(stats_name_every_outcome_and_counter),
		cmocka_unit_test(stats_of_one_core),
		cmocka_unit_test(layout),
		cmocka_unit_test(session_summary),
		cmocka_unit_test(after_stop_there_is_no_answer),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
