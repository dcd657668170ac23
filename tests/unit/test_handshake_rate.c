/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_rate.h"

#include <stddef.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

enum { PER_ADDRESS = 100, PER_NETWORK = 1000 };

struct world {
	struct handshake_rate *rate;
	uint64_t now;
};

static int setup(void **state)
{
	static struct world w;

	w.now = 5 * S;
	w.rate = handshake_rate_new(PER_ADDRESS, PER_NETWORK);
	assert_non_null(w.rate);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	handshake_rate_free(((struct world *)*state)->rate);
	return 0;
}

static void ip4(uint8_t out[16], unsigned net, unsigned host)
{
	const uint8_t ip[16] = { [10] = 0xff,         0xff,         10,
				 (uint8_t)(net >> 8), (uint8_t)net, (uint8_t)host };

	memcpy(out, ip, sizeof(ip));
}

static void ip6(uint8_t out[16], uint8_t net, unsigned host)
{
	const uint8_t ip[16] = { 0x20,
				 0x01,
				 0x0d,
				 0xb8,
				 [6] = net,
				 [7] = (uint8_t)(host >> 16),
				 [14] = (uint8_t)(host >> 8),
				 [15] = (uint8_t)host };

	memcpy(out, ip, sizeof(ip));
}

/* Turns of a millisecond. */
static void pass(struct world *w, uint64_t ns, bool kept_up)
{
	for (uint64_t left = ns; left > 0; left -= MS) {
		w->now += MS;
		handshake_rate_turn(w->rate, w->now, kept_up);
	}
}

static enum handshake_rate_answer take(struct world *w, const uint8_t ip[16])
{
	struct handshake_rate_source source;

	return handshake_rate_take(w->rate, ip, &source);
}

/* Of n asked for at once. */
static unsigned granted(struct world *w, const uint8_t ip[16], unsigned n)
{
	unsigned got = 0;

	for (unsigned i = 0; i < n; i++)
		got += take(w, ip) == RATE_GRANTED;
	return got;
}

/* The core has been behind for so long that everybody has what was configured. */
static void overload(struct world *w) { pass(w, 3 * S, false); }

/* 10,000 devices behind one address of a carrier's NAT: nobody else wants the core, so they have
 * it. */
static void a_fleet_behind_one_address_is_not_limited_while_the_core_keeps_up(void **state)
{
	struct world *w = *state;
	unsigned got = 0;
	uint8_t ip[16];

	ip4(ip, 1, 1);
	for (unsigned ms = 0; ms < 200; ms++) {
		pass(w, MS, true);
		got += granted(w, ip, 50);
	}
	assert_int_equal(got, 10000);
}

/* bad-input N2, E4: what one address gets of an overloaded core, and its neighbours. */
static void an_address_gets_its_rate_from_an_overloaded_core(void **state)
{
	struct world *w = *state;
	unsigned got = 0;
	uint8_t ip[16], neighbour[16];

	overload(w);
	ip4(ip, 1, 1);
	assert_int_equal(granted(w, ip, 1000), PER_ADDRESS);
	for (unsigned i = 0; i < 10000; i++) {
		pass(w, MS, false);
		got += granted(w, ip, 10);
	}
	/* In debt by a bucket's worth, since it goes on as if it had sessions to resume. */
	assert_in_range(got, 0, PER_ADDRESS);
	assert_int_equal(take(w, ip), RATE_REFUSED);
	ip4(neighbour, 1, 2);
	assert_int_equal(take(w, neighbour), RATE_GRANTED);
}

/* One that asks no more than it gets is never refused. */
static void a_modest_address_is_never_refused(void **state)
{
	struct world *w = *state;
	uint8_t ip[16], attacker[16];

	ip4(ip, 1, 1);
	ip4(attacker, 2, 1);
	overload(w);
	for (unsigned i = 0; i < 1000; i++) {
		pass(w, 11 * MS, false);
		granted(w, attacker, 100);
		assert_int_equal(take(w, ip), RATE_GRANTED);
	}
}

/* A network whose addresses all ask has no more than ten of them would have. */
static void a_network_is_limited_as_a_whole(void **state)
{
	struct world *w = *state;
	unsigned got = 0;
	uint8_t ip[16];

	overload(w);
	for (unsigned host = 0; host < 200; host++) {
		ip4(ip, 7, host);
		got += granted(w, ip, 10);
	}
	assert_int_equal(got, PER_NETWORK);
	ip4(ip, 8, 1);
	assert_int_equal(take(w, ip), RATE_GRANTED);
}

/* A customer of an IPv6 provider has a /56 and as many addresses as he likes. */
static void an_ipv6_network_is_a_56(void **state)
{
	struct world *w = *state;
	unsigned got = 0;
	uint8_t ip[16];

	overload(w);
	for (unsigned host = 0; host < 3000; host++) {
		ip6(ip, 7, host * 97);
		got += take(w, ip) == RATE_GRANTED;
	}
	/* A few find a bucket that another network's... there is no other: exactly. */
	assert_int_equal(got, PER_NETWORK);
	ip6(ip, 8, 1);
	assert_int_equal(take(w, ip), RATE_GRANTED);
}

/* Without tokens: sessions may be resumed, and cost an eighth; what was tried in vain costs a
 * whole token, and there is an end to it. */
static void sessions_are_resumed_when_tokens_are_out(void **state)
{
	struct world *w = *state;
	struct handshake_rate_source source;
	unsigned resumed = 0, tried = 0;
	uint8_t ip[16];

	overload(w);
	ip4(ip, 1, 1);
	granted(w, ip, PER_ADDRESS);
	while (handshake_rate_take(w->rate, ip, &source) == RATE_RESUME) {
		handshake_rate_resumed(w->rate, &source);
		resumed++;
	}
	assert_in_range(resumed, 7 * PER_ADDRESS, 8 * PER_ADDRESS);
	ip4(ip, 2, 1);
	granted(w, ip, PER_ADDRESS);
	while (take(w, ip) == RATE_RESUME)
		tried++;
	assert_int_equal(tried, PER_ADDRESS);
	/* And it comes back, debts first. */
	pass(w, S, false);
	assert_int_equal(take(w, ip), RATE_RESUME);
	pass(w, S, false);
	assert_int_equal(take(w, ip), RATE_GRANTED);
}

/* A core that has so much time for handshakes in a millisecond, and hellos that wait for it. */
enum { FULL_COST = 50, REFUSAL_COST = 1, TIME = 20 * FULL_COST, RING = 4096, SOURCES = 3 };

struct core {
	uint8_t ip[SOURCES][16];
	uint8_t ring[RING]; /* of which source */
	unsigned n, got[SOURCES];
};

static void hellos(struct core *c, const unsigned n[SOURCES])
{
	for (unsigned k = 0; k < 100; k++)
		for (unsigned i = 0; i < SOURCES; i++)
			if (k < n[i] && c->n < RING)
				c->ring[c->n++] = (uint8_t)i;
}

static void work(struct world *w, struct core *c)
{
	unsigned done = 0;

	for (unsigned spent = 0; spent < TIME && done < c->n; done++) {
		unsigned i = c->ring[done];
		bool full = take(w, c->ip[i]) == RATE_GRANTED;

		c->got[i] += full;
		spent += full ? FULL_COST : REFUSAL_COST;
	}
	memmove(c->ring, c->ring + done, c->n - done);
	c->n -= done;
	pass(w, MS, c->n == 0);
}

/* One source that wants all of the core gets nearly all, two share it, and a small one beside them
 * has what it wants: 20 handshakes a millisecond are there, and 200 are asked for. */
static void sources_share_what_the_core_can_do(void **state)
{
	static const unsigned alone[SOURCES] = { 100 }, both[SOURCES] = { 60, 100 },
			      all[SOURCES] = { 60, 100, 1 };
	struct world *w = *state;
	static struct core c;

	c = (struct core){ .n = 0 };
	for (unsigned i = 0; i < SOURCES; i++)
		ip4(c.ip[i], i + 1, 1);
	for (unsigned ms = 0; ms < 5000; ms++) {
		if (ms == 3000)
			memset(c.got, 0, sizeof(c.got));
		hellos(&c, alone);
		work(w, &c);
	}
	assert_in_range(c.got[0], 2000 * 20 * 8 / 10, 2000 * 20);
	for (unsigned ms = 0; ms < 5000; ms++) {
		if (ms == 3000)
			memset(c.got, 0, sizeof(c.got));
		hellos(&c, ms % 20 == 0 ? all : both);
		work(w, &c);
	}
	assert_in_range(c.got[0] + c.got[1], 2000 * 20 * 8 / 10, 2000 * 20);
	assert_in_range(c.got[0] * 100 / c.got[1], 67, 150);
	/* All that found room in the ring. */
	assert_in_range(c.got[2], 80, 100);
}

/* When it keeps up again the limits go within a second, also when there was no turn meanwhile. */
static void it_recovers(void **state)
{
	struct world *w = *state;
	uint8_t ip[16];

	ip4(ip, 1, 1);
	overload(w);
	granted(w, ip, 1000);
	assert_int_equal(take(w, ip), RATE_REFUSED);
	w->now += S;
	handshake_rate_turn(w->rate, w->now, true);
	pass(w, 20 * MS, true);
	assert_int_equal(granted(w, ip, 100), 100);
}

/* A short burst is no overload. */
static void a_burst_is_no_overload(void **state)
{
	struct world *w = *state;
	uint8_t ip[16];

	ip4(ip, 1, 1);
	for (unsigned i = 0; i < 1000; i++) {
		pass(w, 8 * MS, false);
		pass(w, MS, true);
		assert_int_equal(granted(w, ip, 100), 100);
	}
}

/* bad-input N6: with 500 sources out of tokens, hardly anybody else finds both places used up. */
static void others_have_places_of_their_own(void **state)
{
	struct world *w = *state;
	unsigned refused = 0;
	uint8_t ip[16];

	overload(w);
	for (unsigned i = 0; i < 500; i++) {
		ip4(ip, i, 1);
		granted(w, ip, PER_ADDRESS);
	}
	for (unsigned i = 0; i < 10000; i++) {
		ip4(ip, 1000 + i, 1);
		refused += take(w, ip) != RATE_GRANTED;
	}
	/* (500/8192)^2 of 10,000 is 37, for what 10,000 tokens do not add. */
	assert_true(refused < 150);
}

static void no_rate_is_no_limit(void **state)
{
	struct world w = { .rate = handshake_rate_new(0, 0), .now = S };
	uint8_t ip[16];

	(void)state;
	assert_non_null(w.rate);
	overload(&w);
	ip4(ip, 1, 1);
	assert_int_equal(granted(&w, ip, 100000), 100000);
	handshake_rate_free(w.rate);
}

/* A year of our own time, and the smallest and largest rates. */
static void it_does_not_run_out_of_time(void **state)
{
	struct world w = { .rate = handshake_rate_new(1, 100000) };
	uint8_t ip[16];

	(void)state;
	assert_non_null(w.rate);
	ip4(ip, 1, 1);
	assert_int_equal(granted(&w, ip, 1000), 64);
	for (unsigned i = 0; i < 1000000; i++) {
		w.now += 400 * S;
		handshake_rate_turn(w.rate, w.now, true);
	}
	assert_int_equal(granted(&w, ip, 1000), 64);
	handshake_rate_free(w.rate);
}

#define RATE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RATE_TEST(a_fleet_behind_one_address_is_not_limited_while_the_core_keeps_up),
		RATE_TEST(an_address_gets_its_rate_from_an_overloaded_core),
		RATE_TEST(a_modest_address_is_never_refused),
		RATE_TEST(a_network_is_limited_as_a_whole),
		RATE_TEST(an_ipv6_network_is_a_56),
		RATE_TEST(sessions_are_resumed_when_tokens_are_out),
		RATE_TEST(sources_share_what_the_core_can_do),
		RATE_TEST(it_recovers),
		RATE_TEST(a_burst_is_no_overload),
		RATE_TEST(others_have_places_of_their_own),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(it_does_not_run_out_of_time),
	};

	return cmocka_run_group_tests_name("handshake_rate", tests, NULL, NULL);
}
