/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static char *report(const struct sample *now, const struct sample *before, uint64_t start_ns)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	report_print(f, now, before, start_ns);
	fclose(f);
	if (text == NULL)
		abort();
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static struct sample *new_sample(uint64_t time_ns)
{
	struct sample *s = calloc(1, sizeof(*s));

	s->time_ns = time_ns;
	s->n_cores = 1;
	s->cores[0].lcore = 3;
	strcpy(s->cores[0].role, "poll");
	return s;
}

static void rates_of_a_period(void **state)
{
	struct sample *a = new_sample(10 * SECOND), *b = new_sample(12 * SECOND);
	struct sample_counters *c = &b->cores[0].counters;
	char *text;

	(void)state;
	a->cores[0].counters = (struct sample_counters){
		.cycles = 1000, .busy_cycles = 900, .rx_frames = 50, .rx_bursts = 50
	};
	*c = (struct sample_counters){ .cycles = 3000,
				       .busy_cycles = 1150,
				       .rx_frames = 250,
				       .rx_bursts = 75,
				       .records_opened = 40000,
				       .records_sealed = 3,
				       .aead_calls = 10,
				       .aead_ops = 125,
				       .handoffs_out = 8,
				       .handshakes_done = 2,
				       .coap_messages = 5000000 };
	b->cores[0].ring_used = 30;
	b->cores[0].ring_fullest = 20;
	b->cores[0].ring_size = 1024;
	text = report(b, a, 0);
	assert_has(text, "stats: 2.0 s, ");
	assert_has(text,
		   "lcore role                     busy  burst    rx/s  open/s  seal/s  lanes "
		   "handoff/s    hs/s  coap/s  rings\n");
	assert_has(text,
		   "    3 poll                    12.5%    8.0     100   20.0k     1.5   12.5 "
		   "      4.0     1.0   2500k  30 (20/1024)\n");
	free(text);
	free(a);
	free(b);
}

static void first_period_counts_from_the_start(void **state)
{
	struct sample *now = new_sample(5 * SECOND);
	char *text;

	(void)state;
	now->cores[0].counters.rx_frames = 200;
	now->sessions = 7;
	now->max_sessions = 64;
	now->handshakes = 1;
	now->max_handshakes = 16;
	now->mbufs_used = 100;
	now->mbufs = 4096;
	now->sink_lines = 40;
	now->sink_queued_bytes = 99;
	text = report(now, NULL, 1 * SECOND);
	assert_has(text, "stats: 4.0 s, sessions 7 of 64, handshakes 1 of 16, buffers 100 of 4096, "
			 "sink 10.0 lines/s, 99 bytes waiting\n");
	assert_has(text, "    3 poll                     0.0%    0.0    50.0 ");
	now->sink_failing = true;
	free(text);
	text = report(now, NULL, 1 * SECOND);
	assert_has(text, "99 bytes waiting, FAILING\n");
	free(text);
	free(now);
}

static void only_outcomes_of_the_period(void **state)
{
	struct sample *a = new_sample(1 * SECOND), *b = new_sample(2 * SECOND);
	char *text;

	(void)state;
	a->cores[0].status.n[STATUS_RECORD_REPLAY] = 5;
	b->cores[0].status.n[STATUS_RECORD_REPLAY] = 17;
	a->cores[0].status.n[STATUS_RECORD_TAG] = 3; /* none new */
	b->cores[0].status.n[STATUS_RECORD_TAG] = 3;
	b->cores[0].status.n[STATUS_OK] = 1000; /* not an outcome to tune by */
	text = report(b, a, 0);
	assert_has(text,
		   "      record_replay          +12         17           number seen before\n");
	assert_null(strstr(text, "record_tag"));
	assert_null(strstr(text, "passed on"));
	free(text);
	free(a);
	free(b);
}

static void every_outcome_can_show(void **state)
{
	struct sample *now = new_sample(2 * SECOND);
	char *text;

	(void)state;
	for (unsigned i = 0; i < STATUS_N; i++)
		now->cores[0].status.n[i] = 1;
	text = report(now, NULL, 0);
	for (unsigned i = STATUS_OK + 1; i < STATUS_N; i++)
		assert_has(text, status_label((enum status)i));
	free(text);
	free(now);
}

static void no_time_and_no_packets(void **state)
{
	struct sample *now = new_sample(0);
	char *text = report(now, now, 0);

	(void)state;
	assert_has(text,
		   "    3 poll                     0.0%    0.0     0.0     0.0     0.0    0.0 "
		   "      0.0     0.0     0.0  0 (0/0)\n");
	assert_null(strstr(text, "nan"));
	free(text);
	free(now);
}

static void a_core_that_was_not_there_before(void **state)
{
	struct sample *a = new_sample(1 * SECOND), *b = new_sample(2 * SECOND);
	char *text;

	(void)state;
	a->cores[0].lcore = 8;
	a->cores[0].counters.rx_frames = 1000;
	b->cores[0].counters.rx_frames = 10;
	text = report(b, a, 0);
	assert_has(text, "    3 poll                     0.0%    0.0    10.0 ");
	free(text);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_of_a_period),
		cmocka_unit_test(first_period_counts_from_the_start),
		cmocka_unit_test(only_outcomes_of_the_period),
		cmocka_unit_test(every_outcome_can_show),
		cmocka_unit_test(no_time_and_no_packets),
		cmocka_unit_test(a_core_that_was_not_there_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
