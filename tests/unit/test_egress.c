/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "egress.h"

enum { N = 3 * EGRESS_MAX };

static struct load_buffer buffers[N];
static unsigned sent, released, takes;

static unsigned fake_send(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	unsigned k = n < takes ? n : takes;

	(void)p;
	for (unsigned i = 0; i < k; i++)
		assert_ptr_equal(bufs[i], &buffers[sent + i]); /* in order, each once */
	sent += k;
	takes -= k;
	return k;
}

static void fake_release(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	(void)p;
	(void)bufs;
	released += n;
}

static const struct load_port_ops ops = { .send = fake_send, .release = fake_release };
static struct load_port port = { .ops = &ops };
static struct load_counts counts;
static struct egress egress;

static int set_up(void **state)
{
	(void)state;
	sent = released = takes = 0;
	counts = (struct load_counts){ 0 };
	egress = (struct egress){ .port = &port, .counts = &counts };
	for (unsigned i = 0; i < N; i++)
		buffers[i] = (struct load_buffer){ .len = 10 };
	return 0;
}

static void put(unsigned from, unsigned n)
{
	struct load_buffer *bufs[LOAD_BURST_MAX];

	for (unsigned i = 0; i < n; i++)
		bufs[i] = &buffers[from + i];
	egress_put(&egress, bufs, n);
}

static void test_straight_through(void **state)
{
	(void)state;
	takes = 64;
	put(0, 64);
	assert_int_equal(sent, 64);
	assert_int_equal(counts.tx_datagrams, 64);
	assert_int_equal(counts.tx_bytes, 640);
	assert_int_equal(egress_room(&egress), EGRESS_MAX);
}

/* What is new waits behind what is old, in spite of room at the port. */
static void test_order(void **state)
{
	(void)state;
	takes = 10;
	put(0, 64);
	takes = 1000;
	put(64, 64);
	assert_int_equal(sent, 10);
	egress_flush(&egress);
	assert_int_equal(sent, 128);
	assert_int_equal(counts.tx_bytes, 1280);
}

static void test_drops_when_full(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EGRESS_MAX + 128; i += 64)
		put(i, 64);
	assert_int_equal(egress_room(&egress), 0);
	assert_int_equal(released, 128);
	assert_int_equal(counts.tx_refused, 128);
	takes = 100;
	egress_flush(&egress);
	assert_int_equal(egress_room(&egress), 100);
	egress_drop(&egress);
	assert_int_equal(released, 128 + EGRESS_MAX - 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_straight_through, set_up),
		cmocka_unit_test_setup(test_order, set_up),
		cmocka_unit_test_setup(test_drops_when_full, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
