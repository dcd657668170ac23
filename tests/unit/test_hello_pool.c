/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static struct hello_pool *pool;
static uint8_t message[HELLO_POOL_MESSAGE_MAX];
static uint64_t now;
static struct rd whole;

static int set_up(void **state)
{
	(void)state;
	pool = hello_pool_new();
	assert_non_null(pool);
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(i * 31 + i / 256);
	now = 10000 * MS;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hello_pool_free(pool);
	return 0;
}

/* A flow from 198.18.net.host. */
static struct flow flow_of(unsigned net, unsigned host)
{
	struct flow f = { .local_port = 5684, .remote_port = 40000 };

	flow_ip_map(f.local_ip, (const uint8_t[]){ 198, 19, 0, 1 });
	flow_ip_map(f.remote_ip, (const uint8_t[]){ 198, 18, (uint8_t)net, (uint8_t)host });
	return f;
}

static enum status add_bytes(const struct flow *flow, uint32_t len, uint32_t from, uint32_t to,
			     const uint8_t *bytes)
{
	uint8_t *copy = malloc(to - from + 1);
	struct hs_fragment f = { .type = HS_CLIENT_HELLO, .len = len, .off = from };
	enum status s;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, to - from);
	f.body = rd_of(copy + 1, to - from);
	s = hello_pool_add(pool, flow, now, &f, 0x0102, &whole);
	free(copy);
	return s;
}

static enum status add(const struct flow *flow, uint32_t len, uint32_t from, uint32_t to)
{
	return add_bytes(flow, len, from, to, message + from);
}

/* What came out is the message as one record would have brought it. */
static void is_whole(uint32_t len)
{
	struct hs_fragment f;
	struct record rec;

	assert_int_equal(record_next(&whole, &rec), STATUS_OK);
	assert_int_equal(rd_len(&whole), 0);
	assert_int_equal(rec.type, RECORD_HANDSHAKE);
	assert_int_equal(rec.epoch, 0);
	assert_int_equal(rec.seq, 0x0102);
	assert_true(hs_fragment_next(&rec.body, &f) && rd_len(&rec.body) == 0);
	assert_int_equal(f.type, HS_CLIENT_HELLO);
	assert_int_equal(f.len, len);
	assert_int_equal(rd_len(&f.body), len);
	assert_memory_equal(f.body.p, message, len);
}

/* checklist 26; bad-input B4, B12 */
static void parts_make_a_whole_in_any_order(void **state)
{
	static const uint32_t orders[][6][2] = {
		{ { 0, 1000 }, { 1000, 2000 }, { 2000, 3000 } },
		{ { 2000, 3000 }, { 1000, 2000 }, { 0, 1000 } },
		{ { 1000, 2000 }, { 2000, 3000 }, { 0, 1000 } },
		/* overlapping, repeated, one within another */
		{ { 0, 1500 }, { 1000, 2500 }, { 0, 1500 }, { 2400, 3000 } },
		{ { 1000, 1100 }, { 900, 1200 }, { 2000, 3000 }, { 0, 901 }, { 1199, 2001 } },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct flow flow = flow_of(i, 1), other = flow_of(i, 2);
		enum status s = STATUS_HELLO_FRAGMENT;

		for (size_t k = 0; k < 6 && orders[i][k][1] != 0; k++) {
			assert_int_equal(s, STATUS_HELLO_FRAGMENT);
			/* another client's between them */
			assert_int_equal(add(&other, 3000, 0, 100), STATUS_HELLO_FRAGMENT);
			s = add(&flow, 3000, orders[i][k][0], orders[i][k][1]);
		}
		assert_int_equal(s, STATUS_OK);
		is_whole(3000);
	}
}

/* bad-input B17: every hole of one byte is waited for. */
static void holes_are_never_handed_on(void **state)
{
	(void)state;
	for (uint32_t hole = 0; hole < 20; hole++) {
		struct flow flow = flow_of(hole, 1);

		if (hole > 0)
			assert_int_equal(add(&flow, 20, 0, hole), STATUS_HELLO_FRAGMENT);
		if (hole < 19)
			assert_int_equal(add(&flow, 20, hole + 1, 20), STATUS_HELLO_FRAGMENT);
		assert_int_equal(add(&flow, 20, hole, hole + 1), STATUS_OK);
		is_whole(20);
		hello_pool_release(pool);
	}
}

/* bad-input B2, B5: the later counts, and nothing of the former is left in it. */
static void contradiction_begins_anew(void **state)
{
	static const uint8_t wrong[100] = { 0xee };
	struct flow flow = flow_of(1, 1);

	(void)state;
	assert_int_equal(add_bytes(&flow, 200, 0, 100, wrong), STATUS_HELLO_FRAGMENT);
	assert_int_equal(add(&flow, 200, 50, 200), STATUS_HELLO_FRAGMENT);
	assert_int_equal(add(&flow, 200, 0, 50), STATUS_OK);
	is_whole(200);
	/* another length */
	assert_int_equal(add(&flow, 300, 0, 100), STATUS_HELLO_FRAGMENT);
	assert_int_equal(add(&flow, 200, 100, 200), STATUS_HELLO_FRAGMENT);
	assert_int_equal(add(&flow, 200, 0, 100), STATUS_OK);
	is_whole(200);
}

/* bad-input B6, B8 */
static void what_can_be_no_part_is_refused(void **state)
{
	struct flow flow = flow_of(1, 1);

	(void)state;
	assert_int_equal(add(&flow, 200, 0, 0), STATUS_HELLO_MALFORMED);
	assert_int_equal(add(&flow, HELLO_POOL_MESSAGE_MAX + 1, 0, 10), STATUS_HELLO_MALFORMED);
	assert_int_equal(add(&flow, 0xffffff, 0, 10), STATUS_HELLO_MALFORMED);
	assert_int_equal(add(&flow, HELLO_POOL_MESSAGE_MAX, 0, 1), STATUS_HELLO_FRAGMENT);
	assert_int_equal(add(&flow, HELLO_POOL_MESSAGE_MAX, 1, HELLO_POOL_MESSAGE_MAX), STATUS_OK);
	is_whole(HELLO_POOL_MESSAGE_MAX);
}

static void pieces_are_bounded(void **state)
{
	struct flow flow = flow_of(1, 1);

	(void)state;
	for (uint32_t i = 0; i < HELLO_POOL_PIECES; i++)
		assert_int_equal(add(&flow, 100, 2 * i, 2 * i + 1), STATUS_HELLO_FRAGMENT);
	assert_int_equal(add(&flow, 100, 50, 51), STATUS_HELLO_FRAGMENT_LIMIT);
	/* one that closes holes still counts */
	assert_int_equal(add(&flow, 100, 0, 60), STATUS_HELLO_FRAGMENT);
	assert_int_equal(add(&flow, 100, 60, 100), STATUS_OK);
	is_whole(100);
}

/* bad-input N1, B16: a prefix drives out its own, and nobody else's. */
static void prefix_has_its_share(void **state)
{
	struct flow victim = flow_of(200, 1);

	(void)state;
	assert_int_equal(add(&victim, 200, 0, 100), STATUS_HELLO_FRAGMENT);
	for (unsigned i = 0; i < 1000; i++) {
		struct flow flow = flow_of(7, i % 256);

		flow.remote_port = (uint16_t)i;
		now += 2 * MS;
		assert_int_equal(add(&flow, 200, 0, 100), STATUS_HELLO_FRAGMENT);
		if (now > 11900 * MS) /* the victim's own time */
			break;
	}
	assert_int_equal(add(&victim, 200, 100, 200), STATUS_OK);
	is_whole(200);
}

/* From everywhere: the oldest goes; those of the last moments stay. */
static void oldest_makes_room(void **state)
{
	struct flow first = flow_of(0, 1);

	(void)state;
	for (unsigned i = 0; i <= HELLO_POOL_SLOTS; i++) {
		struct flow flow = flow_of(i, 1);

		now += 2 * MS;
		assert_int_equal(add(&flow, 200, 0, 100), STATUS_HELLO_FRAGMENT);
	}
	for (unsigned i = 1; i <= HELLO_POOL_SLOTS; i++) {
		struct flow flow = flow_of(i, 1);

		assert_int_equal(add(&flow, 200, 100, 200), STATUS_OK);
		is_whole(200);
		hello_pool_release(pool);
	}
	assert_int_equal(add(&first, 200, 100, 200), STATUS_HELLO_FRAGMENT);
}

static void new_hellos_have_a_rate(void **state)
{
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 4 * HELLO_POOL_RATE; i++) { /* in a second */
		struct flow flow = flow_of(i / 256 % 256, i % 256);
		enum status s;

		flow.local_port = (uint16_t)(i >> 16);
		now += 1000 * MS / (4 * HELLO_POOL_RATE);
		s = add(&flow, 200, 0, 100);
		taken += s == STATUS_HELLO_FRAGMENT;
		assert_true(s == STATUS_HELLO_FRAGMENT || s == STATUS_HELLO_FRAGMENT_LIMIT);
	}
	assert_in_range(taken, HELLO_POOL_RATE, HELLO_POOL_RATE + HELLO_POOL_SLOTS + 1);
}

/* What was handed out stays what it is while others come, until it is given back. */
static void whole_ones_stay_until_released(void **state)
{
	static struct rd out[HELLO_POOL_SLOTS];
	struct flow late = flow_of(250, 1);

	(void)state;
	for (unsigned i = 0; i < HELLO_POOL_SLOTS; i++) {
		struct flow flow = flow_of(i, 1);

		assert_int_equal(add(&flow, 200, 0, 100), STATUS_HELLO_FRAGMENT);
		assert_int_equal(add(&flow, 200, 100, 200), STATUS_OK);
		out[i] = whole;
		now += MS;
	}
	now += 5000 * MS;
	assert_int_equal(add(&late, 200, 0, 100), STATUS_HELLO_FRAGMENT_LIMIT);
	for (unsigned i = 0; i < HELLO_POOL_SLOTS; i++) {
		whole = out[i];
		is_whole(200);
	}
	hello_pool_release(pool);
	assert_int_equal(add(&late, 200, 0, 100), STATUS_HELLO_FRAGMENT);
}

static void old_parts_are_forgotten_for_new_ones(void **state)
{
	struct flow flow = flow_of(1, 1);

	(void)state;
	assert_int_equal(add(&flow, 200, 0, 100), STATUS_HELLO_FRAGMENT);
	for (unsigned i = 0; i < HELLO_POOL_SLOTS - 1; i++) {
		struct flow other = flow_of(10 + i, 1);

		assert_int_equal(add(&other, 200, 0, 100), STATUS_HELLO_FRAGMENT);
	}
	now += (HELLO_POOL_TIMEOUT_MS + 1) * MS;
	for (unsigned i = 0; i < HELLO_POOL_SLOTS; i++) {
		struct flow other = flow_of(100 + i, 1);

		assert_int_equal(add(&other, 200, 0, 100), STATUS_HELLO_FRAGMENT);
	}
	for (unsigned i = 0; i < HELLO_POOL_SLOTS; i++) {
		struct flow other = flow_of(100 + i, 1);

		assert_int_equal(add(&other, 200, 100, 200), STATUS_OK);
		hello_pool_release(pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parts_make_a_whole_in_any_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(holes_are_never_handed_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(contradiction_begins_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_can_be_no_part_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pieces_are_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(prefix_has_its_share, set_up, tear_down),
		cmocka_unit_test_setup_teardown(oldest_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(new_hellos_have_a_rate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(whole_ones_stay_until_released, set_up, tear_down),
		cmocka_unit_test_setup_teardown(old_parts_are_forgotten_for_new_ones, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
