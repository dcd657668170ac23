/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_table.h"

#include "load_report_fixture.h"

static void table_of_a_run(void **state)
{
	struct load_options opt = { .rate = 10000 };
	struct load_result *r = report_result_new();
	struct report_text t;

	(void)state;
	report_text_open(&t);
	report_table_run(t.out, &opt, r, r);
	assert_string_equal(
		report_text_done(&t),
		"Requests, offered 10.0k/s for 10.000 s\n"
		"  due                            100000   100.000 %     10.0k/s\n"
		"  sent                           100000   100.000 %     10.0k/s\n"
		"  answered                        99990    99.990 %     10.0k/s\n"
		"  refused (4.xx, 5.xx)                7     0.007 %      0.70/s\n"
		"  lost                                3     0.003 %      0.30/s\n"
		"  sent late                          20     0.020 %         2/s\n"
		"  never sent                          0     0.000 %         0/s\n"
		"Latency, from the time a request was due to its answer\n"
		"  p50 602 us, p90 1.00 ms, p99 1.10 ms, p99.9 1.10 ms, p99.99 1.10 ms, max 1.10 "
		"ms\n"
		"The whole run\n"
		"  sessions at its end 1000, handshakes 1000 (resumed 250), p50 2.51 ms, max 3.00 "
		"ms\n"
		"  datagrams sent 104000 (12345678 bytes), received 103000 (8765432 bytes)\n"
		"  generator cores busy 43.2 %\n");
	free(t.text);
	free(r);
}

/* What is usually nought has a line when it is not. */
static void oddities_are_told(void **state)
{
	struct load_options opt = { .rate = 0, .window = 77 };
	struct load_result *r = report_result_new();
	struct report_text t;
	const char *text;

	(void)state;
	r->counts.sent_non = 11;
	r->counts.lost_non = 2;
	r->counts.retransmitted = 13;
	r->counts.unauthentic = 17;
	r->counts.sessions_lost = 19;
	r->counts.hostile = 23;
	report_text_open(&t);
	report_table_run(t.out, &opt, r, r);
	text = report_text_done(&t);
	assert_non_null(strstr(text, "Requests, 77 kept under way for 10.000 s\n"));
	assert_non_null(strstr(text, "    of these NON                     11"));
	assert_non_null(strstr(text, "    of these NON                      2"));
	assert_non_null(strstr(text, "  retransmissions                    13"));
	assert_non_null(strstr(text, "  records that do not open, or come twice "));
	assert_non_null(strstr(text, "             17\n"));
	assert_non_null(strstr(text, "  sessions ended by the peer"));
	assert_non_null(strstr(text, "  hostile datagrams sent"));
	assert_null(strstr(text, "alerts"));
	free(t.text);
	free(r);
}

static void table_of_handshakes(void **state)
{
	struct load_result *r = report_result_new();
	struct report_text t;

	(void)state;
	report_text_open(&t);
	report_table_handshakes(t.out, r);
	assert_string_equal(report_text_done(&t),
			    "Handshakes for 10.000 s\n"
			    "  full                              750    75.000 %        75/s\n"
			    "  resumed                           250    25.000 %        25/s\n"
			    "  all                              1000   100.000 %       100/s\n"
			    "Latency, from the first hello to the session\n"
			    "  p50 2.51 ms, p90 2.90 ms, p99 3.00 ms, p99.9 3.00 ms, p99.99 3.00 "
			    "ms, max 3.00 ms\n"
			    "  generator cores busy 43.2 %\n");
	free(t.text);
	free(r);
}

static void line_of_a_search(void **state)
{
	struct search_result s = {
		.rate = 1234567, .min = 1200000, .max = 1250000, .held = 10, .repetitions = 10
	};
	struct report_text t;

	(void)state;
	report_text_open(&t);
	report_table_search(t.out, "NDR", 0, &s);
	s.generator_limit = true;
	s.held = 9;
	report_table_search(t.out, "PDR", 0.005, &s);
	assert_string_equal(report_text_done(&t),
			    "NDR (at most 0 % lost): 1.23M/s, from 1.20M/s to 1.25M/s; 10 of 10 "
			    "confirming trials held\n"
			    "PDR (at most 0.5 % lost): 1.23M/s, from 1.20M/s to 1.25M/s; 9 of 10 "
			    "confirming trials held; the generator is the limit, not the system "
			    "under test\n");
	free(t.text);
}

static struct storm_result *storm_new(void)
{
	struct storm_result *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	*s = (struct storm_result){ .devices = 100, .served = 99, .resumed = 40, .again = 3 };
	s->repeats = 250;
	for (uint64_t i = 1; i <= 99; i++)
		histogram_add(&s->time, i * 10000000);
	for (int phase = 0; phase < STORM_PHASES; phase++) {
		s->requests[phase].due = 1000;
		s->requests[phase].answered = phase == STORM_DURING ? 950 : 1000;
		histogram_add(&s->requests[phase].latency, 100000);
	}
	return s;
}

/* One of the hundred never came back. */
static void table_of_a_storm(void **state)
{
	struct storm_result *s = storm_new();
	struct report_text t;

	(void)state;
	report_text_open(&t);
	report_table_storm(t.out, s);
	assert_string_equal(
		report_text_done(&t),
		"Storm: 100 devices at once, served 99 (resumed 40)\n"
		"  50 % after 501 ms, 99 % after 990 ms, 100 % after never; flights sent again "
		"250, "
		"handshakes begun anew 3\n"
		"  the others          due    answered       p50       p99       max\n"
		"  before             1000   100.000 %    100 us    100 us    100 us\n"
		"  during             1000    95.000 %    100 us    100 us    100 us\n"
		"  after              1000   100.000 %    100 us    100 us    100 us\n");
	free(t.text);
	free(s);
}

/* A run that was interrupted at once. */
static void nothing_happened(void **state)
{
	struct load_options opt = { .rate = 10 };
	struct load_result *r = calloc(1, sizeof(*r));
	struct report_text t;
	const char *text;

	(void)state;
	report_text_open(&t);
	report_table_run(t.out, &opt, r, r);
	report_table_handshakes(t.out, r);
	text = report_text_done(&t);
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf"));
	free(t.text);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_of_a_run),      cmocka_unit_test(oddities_are_told),
		cmocka_unit_test(table_of_handshakes), cmocka_unit_test(line_of_a_search),
		cmocka_unit_test(table_of_a_storm),    cmocka_unit_test(nothing_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
