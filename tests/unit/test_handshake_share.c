/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_share.h"

#include <stddef.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MAX = 10, SHARE = 5 };

static void ip4(uint8_t out[16], uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t ip[16] = { [10] = 0xff, [11] = 0xff, a, b, c, d };

	memcpy(out, ip, sizeof(ip));
}

static unsigned take_all(struct handshake_share *s, const uint8_t ip[16])
{
	unsigned n = 0;
	uint16_t count;

	while (handshake_share_take(s, ip, &count))
		n++;
	return n;
}

/* bad-input N2: one /24 gets half of the slots; its neighbour's are its own. */
static void test_ipv4_prefix_has_half(void **state)
{
	struct handshake_share *s = handshake_share_new(MAX);
	uint8_t ip[16];
	unsigned others = 0;
	uint16_t count;

	(void)state;
	assert_non_null(s);
	for (unsigned i = 0; i < SHARE; i++) {
		ip4(ip, 198, 18, 7, (uint8_t)(i * 50));
		assert_true(handshake_share_take(s, ip, &count));
	}
	assert_int_equal(take_all(s, ip), 0);
	/* Other prefixes share this count by chance only: 200 of them, of 4096 counts. */
	for (unsigned i = 0; i < 200; i++) {
		ip4(ip, 198, 19, (uint8_t)i, 1);
		others += handshake_share_take(s, ip, &count);
	}
	assert_true(others >= 190);
	handshake_share_free(s);
}

/* What was given back can be taken again, in any number of rounds (bad-input N4). */
static void test_given_back(void **state)
{
	struct handshake_share *s = handshake_share_new(MAX);
	uint16_t counts[SHARE];
	uint8_t ip[16];

	(void)state;
	assert_non_null(s);
	ip4(ip, 198, 18, 0, 1);
	for (unsigned round = 0; round < 1000; round++) {
		for (unsigned i = 0; i < SHARE; i++)
			assert_true(handshake_share_take(s, ip, &counts[i]));
		assert_false(handshake_share_take(s, ip, &counts[0]));
		for (unsigned i = 0; i < SHARE; i++)
			handshake_share_give(s, counts[i]);
	}
	handshake_share_free(s);
}

/* A customer of an IPv6 provider has a /56: its addresses are one source. */
static void test_ipv6_prefix(void **state)
{
	struct handshake_share *s = handshake_share_new(MAX);
	uint8_t a[16] = { 0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, [15] = 1 }, b[16];
	unsigned others = 0;
	uint16_t count;

	(void)state;
	assert_non_null(s);
	memcpy(b, a, sizeof(b));
	b[7] = 0xff;
	b[15] = 9;
	assert_int_equal(take_all(s, a), SHARE);
	assert_int_equal(take_all(s, b), 0);
	for (unsigned i = 0; i < 100; i++) {
		b[6] = (uint8_t)(100 + i);
		others += handshake_share_take(s, b, &count);
	}
	assert_true(others >= 95);
	handshake_share_free(s);
}

/* With a single slot there is still one handshake. */
static void test_smallest(void **state)
{
	struct handshake_share *s = handshake_share_new(1);
	uint8_t ip[16];

	(void)state;
	assert_non_null(s);
	ip4(ip, 198, 18, 0, 1);
	assert_int_equal(take_all(s, ip), 1);
	handshake_share_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_prefix_has_half),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_ipv6_prefix),
		cmocka_unit_test(test_smallest),
	};

	return cmocka_run_group_tests_name("handshake_share", tests, NULL, NULL);
}
