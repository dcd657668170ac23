/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "verdict.h"

static struct load_options opt;
static struct load_result run; /* measured is the whole of it */
static struct storm_result *storm;
static char text[1024];

static int set_up(void **state)
{
	(void)state;
	storm = NULL;
	opt = (struct load_options){ .retransmit = LOAD_RETRANSMIT_COAP };
	run = (struct load_result){
		.counts = { .scheduled = 10000, .sent = 10000, .answered = 10000, .handshakes = 10 }
	};
	return 0;
}

static enum verdict verdict(void)
{
	FILE *out = fmemopen(text, sizeof(text), "w");
	enum verdict v;

	assert_non_null(out);
	v = verdict_of(out, &opt, &run, &run, storm);
	fclose(out);
	return v;
}

static void one_lost(bool con)
{
	run.counts.answered--;
	run.counts.lost++;
	run.counts.lost_non += !con;
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(verdict(), VERDICT_GOOD);
	/* What others send is told elsewhere. */
	run.counts.unauthentic = 3;
	run.counts.repeated = 2;
	run.counts.retransmitted = 9;
	assert_int_equal(verdict(), VERDICT_GOOD);
}

static void test_a_good_link_loses_nothing(void **state)
{
	(void)state;
	one_lost(false);
	assert_int_equal(verdict(), VERDICT_FAILED);
	assert_non_null(strstr(text, "1 requests were lost"));
}

static void test_a_bad_link_may_lose_non(void **state)
{
	(void)state;
	opt.loss = 0.01;
	one_lost(false);
	run.counts.unmatched = run.counts.sessions_lost = 1;
	assert_int_equal(verdict(), VERDICT_GOOD);
	one_lost(true);
	assert_int_equal(verdict(), VERDICT_FAILED);
	opt.retransmit = LOAD_RETRANSMIT_OFF;
	assert_int_equal(verdict(), VERDICT_GOOD);
}

static void fails_with(uint64_t *count)
{
	*count = 1;
	assert_int_equal(verdict(), VERDICT_FAILED);
	*count = 0;
}

static void test_one_is_enough(void **state)
{
	(void)state;
	fails_with(&run.counts.handshakes_failed);
	fails_with(&run.counts.sessions_lost);
	fails_with(&run.counts.unmatched);
	fails_with(&run.counts.malformed);
	fails_with(&run.counts.unreachable);
	assert_int_equal(verdict(), VERDICT_GOOD);
	run.counts.answered--;
	fails_with(&run.counts.refused);
}

static void test_every_request_is_accounted_for(void **state)
{
	(void)state;
	run.counts.answered--;
	assert_int_equal(verdict(), VERDICT_FAILED);
	assert_non_null(strstr(text, "do not agree"));
	run.waiting = 1;
	assert_int_equal(verdict(), VERDICT_GOOD);
}

/* 0.1 % late or missed; beyond, the figures say nothing, whatever else failed. */
static void test_schedule(void **state)
{
	(void)state;
	run.counts.late = 7;
	run.counts.missed = 3;
	run.counts.sent = run.counts.answered = 9997;
	assert_int_equal(verdict(), VERDICT_GOOD);
	run.counts.late = 8;
	assert_int_equal(verdict(), VERDICT_SCHEDULE);
	one_lost(true);
	assert_int_equal(verdict(), VERDICT_SCHEDULE);
}

/* Everybody is served in the end, at whatever try; the others lose a tenth at most. */
static void test_storm(void **state)
{
	static struct storm_result s;
	struct storm_requests *r = &s.requests[STORM_DURING];

	(void)state;
	storm = &s;
	s.devices = s.served = 50;
	r->due = 100;
	r->answered = 90;
	run.counts.handshakes_failed = 3;
	one_lost(true);
	assert_int_equal(verdict(), VERDICT_GOOD);
	r->answered = 89;
	assert_int_equal(verdict(), VERDICT_FAILED);
	assert_non_null(strstr(text, "in the storm 89.0 %"));
	r->answered = 90;
	s.served = 49;
	assert_int_equal(verdict(), VERDICT_FAILED);
	assert_non_null(strstr(text, "1 devices of the storm were not served"));
	s.served = 50;
	fails_with(&run.counts.sessions_lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, set_up),
		cmocka_unit_test_setup(test_a_good_link_loses_nothing, set_up),
		cmocka_unit_test_setup(test_a_bad_link_may_lose_non, set_up),
		cmocka_unit_test_setup(test_one_is_enough, set_up),
		cmocka_unit_test_setup(test_every_request_is_accounted_for, set_up),
		cmocka_unit_test_setup(test_schedule, set_up),
		cmocka_unit_test_setup(test_storm, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
