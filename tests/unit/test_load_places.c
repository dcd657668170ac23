/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices that move among the places of their share. */
#include "load_places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DEVICES = 30 };

/* 4 addresses of 100 ports: 13 places for each of 30 devices. */
static const struct load_sources sources = {
	.first_ip = { [10] = 0xff, 0xff, 198, 18, 0, 10 },
	.n_addrs = 4,
	.first_port = 2000,
	.last_port = 2099,
};

static struct load_places make(struct load_share share, bool moves)
{
	struct load_places p;

	assert_true(load_places_init(&p, &sources, DEVICES, share, moves));
	return p;
}

static void who_stays_has_one(void **state)
{
	struct load_places p = make((struct load_share){ 10, 20 }, false);

	(void)state;
	assert_int_equal(p.each, 1);
	assert_int_equal(load_places_of(&p, 0), 10);
	assert_int_equal(load_places_find(&p, 29), 19);
	assert_int_equal(load_places_find(&p, 9), LOAD_NO_DEVICE);
	assert_int_equal(load_places_find(&p, 30), LOAD_NO_DEVICE);
	assert_int_equal(load_places_last(&p), 29);
	load_places_free(&p);
}

/* A device goes through its places, and is found at one of them only. */
static void visit_all(struct load_places *p, uint32_t device, unsigned *visits)
{
	for (unsigned move = 0; move < 13; move++) {
		uint32_t place = load_places_of(p, device);

		assert_in_range(place, load_places_first(p), load_places_last(p));
		assert_int_equal(load_places_find(p, place), device);
		visits[place]++;
		load_places_move(p, device);
		assert_int_equal(load_places_find(p, place), LOAD_NO_DEVICE);
	}
}

/* A device comes to each of its places, nobody else does. */
static void places_are_nobody_elses(void **state)
{
	const struct load_share shares[] = { { 0, 10 }, { 10, 20 } };
	unsigned visits[4 * 100] = { 0 };

	(void)state;
	assert_int_equal(load_places_each(&sources, DEVICES), 13);
	for (size_t s = 0; s < 2; s++) {
		struct load_places p = make(shares[s], true);

		for (uint32_t i = 0; i < shares[s].n; i++)
			visit_all(&p, i, visits);
		load_places_free(&p);
	}
	for (unsigned i = 0; i < DEVICES * 13; i++)
		assert_int_equal(visits[i], 1);
}

static void a_move_is_to_another_address(void **state)
{
	struct load_places p = make((struct load_share){ 0, DEVICES }, true);
	uint8_t ip[16], before[16];
	unsigned changed = 0;
	uint16_t port;

	(void)state;
	load_sources_at(&sources, load_places_of(&p, 7), before, &port);
	for (unsigned i = 0; i < 12; i++) {
		load_places_move(&p, 7);
		load_sources_at(&sources, load_places_of(&p, 7), ip, &port);
		changed += memcmp(ip, before, 16) != 0;
		memcpy(before, ip, 16);
	}
	assert_true(changed >= 10);
	load_places_free(&p);
}

static void two_places_are_enough(void **state)
{
	const struct load_sources two = { .n_addrs = 1, .first_port = 1, .last_port = 60 };
	struct load_places p;

	(void)state;
	assert_true(load_places_init(&p, &two, DEVICES, (struct load_share){ 0, DEVICES }, true));
	assert_int_equal(p.each, 2);
	assert_int_equal(load_places_of(&p, 29), 29);
	load_places_move(&p, 29);
	assert_int_equal(load_places_of(&p, 29), 59);
	load_places_move(&p, 29);
	assert_int_equal(load_places_of(&p, 29), 29);
	load_places_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_stays_has_one),
		cmocka_unit_test(places_are_nobody_elses),
		cmocka_unit_test(a_move_is_to_another_address),
		cmocka_unit_test(two_places_are_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
