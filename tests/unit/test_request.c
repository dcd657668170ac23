/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "request.h"

#define SECOND UINT64_C(1000000000)
#define START  (100 * SECOND)

enum { DEVICE = 7, OTHER = 8, POOL = 4 };

static struct requests requests;

static int set_up(void **state)
{
	(void)state;
	return requests_init(&requests, POOL, true, 100 * SECOND, START, 1) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	requests_free(&requests);
	return 0;
}

static uint32_t sent(uint32_t device, uint16_t mid, bool con)
{
	uint32_t i = request_take(&requests, device, START);

	assert_int_not_equal(i, REQUEST_NONE);
	requests.pool[i].con = con;
	request_sent(&requests, i, mid, START);
	return i;
}

static void test_bounded(void **state)
{
	uint32_t taken[POOL];

	(void)state;
	for (unsigned i = 0; i < POOL; i++)
		assert_int_not_equal(taken[i] = request_take(&requests, i, START), REQUEST_NONE);
	assert_int_equal(request_take(&requests, 9, START), REQUEST_NONE);
	assert_int_equal(requests.n_under_way, POOL);
	request_give_back(&requests, taken[2]);
	assert_int_equal(request_take(&requests, 9, START), taken[2]);
}

/* RFC 7252 §5.3.2: token, and device; and never a token of a use before. */
static void test_token(void **state)
{
	uint32_t i = sent(DEVICE, 5, true), token = request_token(&requests, i), found = 99;

	(void)state;
	assert_int_equal(request_by_token(&requests, &found, DEVICE, token), REQUEST_MATCHED);
	assert_int_equal(found, i);
	assert_int_equal(request_by_token(&requests, &found, OTHER, token), REQUEST_OVER);
	request_give_back(&requests, i);
	assert_int_equal(request_by_token(&requests, &found, DEVICE, token), REQUEST_OVER);
	assert_int_equal(sent(DEVICE, 6, true), i);
	assert_int_equal(request_by_token(&requests, &found, DEVICE, token), REQUEST_OVER);
	assert_int_equal(request_by_token(&requests, &found, DEVICE, request_token(&requests, i)),
			 REQUEST_MATCHED);
}

static void test_token_beyond_the_pool(void **state)
{
	struct requests three;
	uint32_t found;

	(void)state;
	assert_true(requests_init(&three, 3, true, SECOND, START, 1));
	assert_int_equal(request_by_token(&three, &found, DEVICE, 3), REQUEST_UNKNOWN);
	requests_free(&three);
}

static void test_held_is_not_matched(void **state)
{
	uint32_t i = request_take(&requests, DEVICE, START), found;

	(void)state;
	assert_int_equal(request_by_token(&requests, &found, DEVICE, request_token(&requests, i)),
			 REQUEST_OVER);
}

static void test_message_id(void **state)
{
	uint32_t a = sent(DEVICE, 5, true), b = sent(DEVICE, 6, true), c = sent(OTHER, 5, true);

	(void)state;
	assert_int_equal(request_by_mid(&requests, DEVICE, 5), a);
	assert_int_equal(request_by_mid(&requests, DEVICE, 6), b);
	assert_int_equal(request_by_mid(&requests, OTHER, 5), c);
	assert_int_equal(request_by_mid(&requests, OTHER, 6), REQUEST_NONE);
	request_give_back(&requests, a);
	assert_int_equal(request_by_mid(&requests, DEVICE, 5), REQUEST_NONE);
	assert_int_equal(request_by_mid(&requests, OTHER, 5), c);
}

/* RFC 7252 §4.2: first after 2 to 3 s, then doubled, four times; then as long again. */
static void test_retransmission(void **state)
{
	uint64_t now = START, last = START, wait = 0;
	uint32_t i = sent(DEVICE, 5, true), due;
	enum request_event event = REQUEST_AGAIN;
	unsigned times = 0;

	(void)state;
	for (; event == REQUEST_AGAIN; now += SECOND / 100) {
		if (!request_due(&requests, now, &due, &event))
			continue;
		assert_int_equal(due, i);
		if (times == 0)
			assert_in_range(now - last, 2 * SECOND, 3 * SECOND + SECOND / 50);
		else
			assert_in_range(now - last, 2 * wait - SECOND / 20, 2 * wait + SECOND / 20);
		wait = now - last;
		last = now;
		if (event == REQUEST_AGAIN) {
			times++;
			request_sent(&requests, i, 5, now);
		}
	}
	assert_int_equal(times, REQUEST_MAX_RETRANSMIT);
	assert_in_range(now - START, 62 * SECOND, 94 * SECOND); /* MAX_TRANSMIT_WAIT is 93 s */
}

static void lost_at(uint64_t from, uint64_t to)
{
	enum request_event event;
	uint32_t due;

	assert_false(request_due(&requests, from, &due, &event));
	assert_true(request_due(&requests, to, &due, &event));
	assert_int_equal(event, REQUEST_LOST);
}

static void test_non_is_not_repeated(void **state)
{
	(void)state;
	sent(DEVICE, 5, false);
	lost_at(START + 99 * SECOND, START + 101 * SECOND);
}

static void test_acked_is_not_repeated(void **state)
{
	(void)state;
	request_acked(&requests, sent(DEVICE, 5, true));
	lost_at(START + 99 * SECOND, START + 101 * SECOND);
}

static void test_retransmission_off(void **state)
{
	(void)state;
	requests.retransmit = false;
	sent(DEVICE, 5, true);
	lost_at(START + 99 * SECOND, START + 101 * SECOND);
}

/* The answer's time counts from when it was due, whatever was sent when. */
static void test_answer_timeout(void **state)
{
	enum request_event event;
	uint32_t due;

	(void)state;
	requests.answer_timeout_ns = SECOND;
	sent(DEVICE, 5, true);
	assert_true(request_due(&requests, START + SECOND + SECOND / 100, &due, &event));
	assert_int_equal(event, REQUEST_LOST);
}

/* One that could not be sent at all: soon again, NON too, until its time is over. */
static void test_held_is_tried_again(void **state)
{
	const uint64_t held_ns = REQUEST_HELD_MS * UINT64_C(1000000);
	uint32_t i = request_take(&requests, DEVICE, START), due;
	enum request_event event;
	uint64_t now = START;

	(void)state;
	requests.pool[i].con = false;
	for (int times = 0; times < 10; times++) {
		request_delay(&requests, i, now);
		assert_false(request_due(&requests, now + held_ns - 1, &due, &event));
		now += held_ns + TIMER_WHEEL_TICK_NS;
		assert_true(request_due(&requests, now, &due, &event));
		assert_int_equal(event, REQUEST_AGAIN);
	}
	request_delay(&requests, i, now);
	assert_true(request_due(&requests, START + 101 * SECOND, &due, &event));
	assert_int_equal(event, REQUEST_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_token, set_up, tear_down),
		cmocka_unit_test(test_token_beyond_the_pool),
		cmocka_unit_test_setup_teardown(test_held_is_not_matched, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_message_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_retransmission, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_non_is_not_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_acked_is_not_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_retransmission_off, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_answer_timeout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_held_is_tried_again, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
