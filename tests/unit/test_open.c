/* SPDX-License-Identifier: BSD-3-Clause */
#include "open.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { N = 50 };

static struct open_exchange *take(struct open_pool *p, uint32_t slot)
{
	struct open_exchange *o = open_take(p);

	if (o != NULL) {
		o->state = OPEN_SINK;
		o->ref = (struct session_ref){ slot, 1 };
	}
	return o;
}

static void bounded_and_reused(void **state)
{
	struct open_pool *p = open_pool_new(N);
	struct open_exchange *o[N];

	(void)state;
	assert_non_null(p);
	for (int turn = 0; turn < 3; turn++) {
		for (uint32_t i = 0; i < N; i++) {
			o[i] = take(p, i);
			assert_non_null(o[i]);
			assert_int_equal(o[i]->token_len, 0);
			o[i]->token_len = 8;
		}
		assert_null(open_take(p));
		assert_int_equal(open_count(p), N);
		for (uint32_t i = 0; i < N; i++)
			open_release(p, o[i]);
		assert_int_equal(open_count(p), 0);
	}
	open_pool_free(p);
}

static void a_cookie_names_one_exchange(void **state)
{
	struct open_pool *p = open_pool_new(1);
	uint64_t old = 0;

	(void)state;
	assert_non_null(p);
	for (int i = 0; i < 100; i++) {
		struct open_exchange *o = take(p, 1);
		uint64_t cookie = open_cookie(p, o);

		assert_true(cookie != 0 && cookie != old);
		assert_ptr_equal(open_find(p, cookie), o);
		assert_null(open_find(p, old));
		open_release(p, o);
		assert_null(open_find(p, cookie));
		old = cookie;
	}
	assert_null(open_find(p, 0));
	assert_null(open_find(p, 1)); /* an index beyond the pool */
	open_pool_free(p);
}

/* Equal message IDs of many devices and many of one device, released in another order. */
static void found_by_message_id(void **state)
{
	struct open_pool *p = open_pool_new(N);
	struct open_exchange *o[N];

	(void)state;
	assert_non_null(p);
	for (uint32_t i = 0; i < N; i++) {
		o[i] = take(p, i % 5);
		open_respond(p, o[i], (uint16_t)(i / 5));
	}
	for (uint32_t i = 0; i < N; i++) {
		uint32_t at = (i * 7) % N;
		struct session_ref ref = { at % 5, 1 }, stale = { at % 5, 2 };

		assert_ptr_equal(open_by_mid(p, ref, (uint16_t)(at / 5)), o[at]);
		assert_null(open_by_mid(p, stale, (uint16_t)(at / 5)));
		open_release(p, o[at]);
		assert_null(open_by_mid(p, ref, (uint16_t)(at / 5)));
	}
	open_pool_free(p);
}

static void timers_come_in_order_and_end_with_release(void **state)
{
	struct open_pool *p = open_pool_new(3);
	struct open_exchange *a, *b, *c;

	(void)state;
	assert_non_null(p);
	a = take(p, 1);
	b = take(p, 2);
	c = take(p, 3);
	open_timer(p, a, 30);
	open_timer(p, b, 10);
	open_timer(p, c, 20);
	assert_null(open_due(p, 9));
	assert_ptr_equal(open_due(p, 100), b);
	open_release(p, c);
	assert_ptr_equal(open_due(p, 100), a);
	assert_null(open_due(p, 100));
	open_pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounded_and_reused),
		cmocka_unit_test(a_cookie_names_one_exchange),
		cmocka_unit_test(found_by_message_id),
		cmocka_unit_test(timers_come_in_order_and_end_with_release),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
