/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_progress.h"

#include "load_report_fixture.h"

#define SECOND UINT64_C(1000000000)

static struct report_progress *p;
static struct load_result *r;
static struct report_text t;

static int set_up(void **state)
{
	(void)state;
	p = calloc(1, sizeof(*p));
	r = calloc(1, sizeof(*r));
	report_text_open(&t);
	report_progress_begin(p, t.out, 5 * SECOND);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(p);
	free(r);
	free(t.text);
	return 0;
}

/* Each line is about the time since the one before. */
static void lines_are_differences(void **state)
{
	(void)state;
	r->sessions = r->counts.handshakes = 2000;
	report_progress_line(p, "connect", r, 6 * SECOND);
	r->counts.sent = 100500;
	r->counts.answered = 100000;
	r->counts.lost = 5;
	for (unsigned i = 0; i < 100; i++)
		histogram_add(&r->latency, 1000000);
	report_progress_line(p, "load", r, 7 * SECOND);
	r->counts.sent += 50000;
	r->counts.answered += 50000;
	for (unsigned i = 0; i < 100; i++)
		histogram_add(&r->latency, 20000);
	report_progress_line(p, "load", r, 7 * SECOND + SECOND / 2);
	assert_string_equal(report_text_done(&t), "   time phase         sent/s  answered/s      "
						  "lost       p99   sessions  handshakes/s\n"
						  "    1 s connect            0           0        "
						  " 0         -       2000         2.00k\n"
						  "    2 s load            100k        100k        "
						  " 5   1.00 ms       2000             0\n"
						  "    2 s load            100k        100k        "
						  " 0   20.1 us       2000             0\n");
}

/* A trial begins its latencies anew: none of the one before is in its lines. */
static void latencies_begin_anew(void **state)
{
	const char *text;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		histogram_add(&r->latency, 1000000);
	report_progress_line(p, "load", r, 6 * SECOND);
	histogram_clear(&r->latency);
	histogram_add(&r->latency, 500);
	report_progress_line(p, "load", r, 7 * SECOND);
	text = report_text_done(&t);
	assert_non_null(
		strstr(text, "    2 s load               0           0         0    500 ns"));
}

static void heading_comes_again(void **state)
{
	const char *text;
	unsigned headings = 0;

	(void)state;
	for (unsigned i = 0; i < 41; i++)
		report_progress_line(p, "load", r, (6 + i) * SECOND);
	text = report_text_done(&t);
	for (const char *at = text; (at = strstr(at, "sent/s")) != NULL; at++)
		headings++;
	assert_int_equal(headings, 3);
}

static void silent_without_a_file(void **state)
{
	(void)state;
	report_progress_begin(p, NULL, 0);
	report_progress_line(p, "load", r, SECOND);
	assert_string_equal(report_text_done(&t), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_are_differences, set_up, tear_down),
		cmocka_unit_test_setup_teardown(latencies_begin_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(heading_comes_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(silent_without_a_file, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
