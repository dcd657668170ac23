/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes in against what comes out, in front of a port that keeps all. */
#include "load_port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { SENT_MAX = 40000 };

/* The inner port. */
static struct {
	struct load_port base;
	uint32_t sent[SENT_MAX];
	unsigned n_sent, room, live;
	bool freed;
} sink;

static bool sink_alloc(struct load_port *p, struct load_buffer **out, unsigned n)
{
	(void)p;
	for (unsigned i = 0; i < n; i++) {
		uint8_t *bytes = calloc(1, sizeof(struct load_buffer) + LOAD_DATAGRAM_MAX);

		assert_non_null(bytes);
		out[i] = (struct load_buffer *)bytes;
		out[i]->data = bytes + sizeof(struct load_buffer);
		out[i]->room = LOAD_DATAGRAM_MAX;
		sink.live++;
	}
	return true;
}

static void sink_release(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	(void)p;
	for (unsigned i = 0; i < n; i++)
		free(bufs[i]);
	sink.live -= n;
}

static unsigned sink_send(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	unsigned i;

	for (i = 0; i < n && sink.room > 0; i++, sink.room--) {
		assert_int_equal(bufs[i]->len, 4);
		assert_true(sink.n_sent < SENT_MAX);
		memcpy(&sink.sent[sink.n_sent], bufs[i]->data, 4);
		assert_int_equal(bufs[i]->device, sink.sent[sink.n_sent++]);
	}
	sink_release(p, bufs, i);
	return i;
}

static unsigned sink_recv(struct load_port *p, struct load_buffer **out, unsigned max)
{
	(void)max;
	(void)out;
	p->malformed = 5;
	return 0;
}

static bool sink_move(struct load_port *p, uint32_t device)
{
	(void)p;
	return device == 7;
}

static void sink_wait(struct load_port *p, uint64_t ns)
{
	(void)p;
	usleep((useconds_t)(ns / 1000));
}

static void sink_free(struct load_port *p)
{
	(void)p;
	sink.freed = true;
}

static const struct load_port_ops sink_ops = {
	sink_alloc, sink_release, sink_send, sink_recv, sink_move, sink_wait, sink_free,
};

static struct load_port *port;
static uint64_t impaired;

static void open_port(double loss, double duplicate, double reorder, uint64_t seed)
{
	const struct load_options opt = { .loss = loss,
					  .duplicate = duplicate,
					  .reorder = reorder };

	memset(&sink, 0, sizeof(sink));
	sink.base.ops = &sink_ops;
	sink.room = UINT32_MAX;
	impaired = 0;
	port = load_port_impair_new(&sink.base, &opt, seed, &impaired);
	assert_non_null(port);
}

static void close_port(void)
{
	load_port_free(port);
	assert_true(sink.freed);
	assert_int_equal(sink.live, 0);
}

/* Numbers first .. first + n - 1; how many were taken. */
static unsigned send_numbers(uint32_t first, unsigned n)
{
	struct load_buffer *b[LOAD_BURST_MAX];
	unsigned taken;

	assert_true(load_port_alloc(port, b, n));
	for (unsigned i = 0; i < n; i++) {
		const uint32_t number = first + i;

		memcpy(b[i]->data, &number, 4);
		b[i]->len = 4;
		b[i]->device = number;
	}
	taken = load_port_send(port, b, n);
	load_port_release(port, b + taken, n - taken);
	return taken;
}

static void send_many(unsigned n)
{
	for (uint32_t i = 0; i < n; i += 50)
		assert_int_equal(send_numbers(i, 50), 50);
}

static void nothing_is_changed_without_shares(void **state)
{
	(void)state;
	open_port(0, 0, 0, 1);
	send_many(1000);
	assert_int_equal(sink.n_sent, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(sink.sent[i], i);
	assert_int_equal(impaired, 0);
	close_port();
}

static void the_share_is_lost(void **state)
{
	(void)state;
	open_port(0.1, 0, 0, 2);
	send_many(20000);
	assert_in_range(sink.n_sent, 17700, 18300); /* 7 standard deviations */
	assert_int_equal(impaired, 20000 - sink.n_sent);
	for (unsigned i = 1; i < sink.n_sent; i++)
		assert_true(sink.sent[i] > sink.sent[i - 1]);
	close_port();
}

static void the_share_is_doubled(void **state)
{
	unsigned doubled = 0;

	(void)state;
	open_port(0, 0.25, 0, 3);
	send_many(20000);
	for (unsigned i = 1; i < sink.n_sent; i++)
		doubled += sink.sent[i] == sink.sent[i - 1];
	assert_in_range(doubled, 4570, 5430);
	assert_int_equal(sink.n_sent, 20000 + doubled);
	assert_int_equal(impaired, doubled);
	close_port();
}

static void the_share_comes_late_and_all_comes(void **state)
{
	struct load_buffer *none[1];
	bool *seen = calloc(20000, sizeof(*seen));
	unsigned late = 0;
	uint32_t newest = 0;

	(void)state;
	assert_non_null(seen);
	open_port(0, 0, 0.2, 4);
	send_many(20000);
	load_port_wait(port, UINT64_C(1000000000)); /* no longer than what is held */
	assert_int_equal(load_port_recv(port, none, 1), 0);
	assert_int_equal(port->malformed, 5); /* the inner port's */
	assert_int_equal(sink.n_sent, 20000);
	for (unsigned i = 0; i < sink.n_sent; i++) {
		assert_false(seen[sink.sent[i]]);
		seen[sink.sent[i]] = true;
		late += sink.sent[i] < newest;
		assert_true(sink.sent[i] + 50 > newest);
		newest = sink.sent[i] > newest ? sink.sent[i] : newest;
	}
	assert_in_range(impaired, 3600, 4400);
	assert_true(late > impaired / 2);
	free(seen);
	close_port();
}

static void a_seed_is_a_sequence(void **state)
{
	static uint32_t first[SENT_MAX];
	unsigned n;

	(void)state;
	open_port(0.1, 0.1, 0.1, 77);
	send_many(5000);
	n = sink.n_sent;
	memcpy(first, sink.sent, sizeof(first));
	close_port();
	open_port(0.1, 0.1, 0.1, 77);
	send_many(5000);
	assert_int_equal(sink.n_sent, n);
	assert_memory_equal(sink.sent, first, n * sizeof(*first));
	close_port();
	open_port(0.1, 0.1, 0.1, 78);
	send_many(5000);
	assert_memory_not_equal(sink.sent, first, sizeof(first));
	close_port();
}

/* A port that is full: what was taken is kept and leaves first. */
static void a_full_port_loses_nothing(void **state)
{
	(void)state;
	open_port(0, 1, 0, 5);
	sink.room = 7;
	assert_int_equal(send_numbers(0, 10), 10);
	assert_int_equal(sink.n_sent, 7);
	assert_int_equal(send_numbers(10, 10), 0);
	sink.room = 1000;
	assert_int_equal(send_numbers(10, 10), 10);
	assert_int_equal(sink.n_sent, 40);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(sink.sent[i], i / 2);
	close_port();
}

static void what_is_held_is_given_back(void **state)
{
	(void)state;
	open_port(0, 0, 1, 6);
	sink.room = 3;
	for (uint32_t i = 0; i < 10; i++)
		(void)send_numbers(i * 50, 50);
	assert_true(sink.live > 0);
	close_port(); /* asserts that none is left */
}

static void devices_move_behind_it(void **state)
{
	(void)state;
	open_port(0, 0, 0, 1);
	assert_true(load_port_move(port, 7));
	assert_false(load_port_move(port, 8));
	close_port();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_changed_without_shares),
		cmocka_unit_test(the_share_is_lost),
		cmocka_unit_test(the_share_is_doubled),
		cmocka_unit_test(the_share_comes_late_and_all_comes),
		cmocka_unit_test(a_seed_is_a_sequence),
		cmocka_unit_test(a_full_port_loses_nothing),
		cmocka_unit_test(what_is_held_is_given_back),
		cmocka_unit_test(devices_move_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
