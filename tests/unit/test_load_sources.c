/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices to addresses and back, at the edges of ports, addresses and families. */
#include "load_sources.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define IP4(a, b, c, d)                                                                            \
	{                                                                                          \
		[10] = 0xff, 0xff, a, b, c, d                                                      \
	}

static const struct load_sources sources4 = {
	.first_ip = IP4(198, 18, 0, 250),
	.n_addrs = 100,
	.first_port = 1024,
	.last_port = 11023,
};

static const struct load_sources sources6 = {
	.first_ip = { 0x20, 0x01, 0x0d, 0xb8, [14] = 0xff, [15] = 0xfe },
	.n_addrs = 4,
	.first_port = 65535,
	.last_port = 65535,
};

static void assert_at(const struct load_sources *s, uint32_t device, const uint8_t want_ip[16],
		      uint16_t want_port)
{
	uint8_t ip[16];
	uint16_t port;

	load_sources_at(s, device, ip, &port);
	assert_memory_equal(ip, want_ip, 16);
	assert_int_equal(port, want_port);
	assert_int_equal(load_sources_find(s, ip, port), device);
}

static void ports_first_then_addresses(void **state)
{
	(void)state;
	assert_int_equal(load_sources_ports(&sources4), 10000);
	assert_at(&sources4, 0, (uint8_t[16])IP4(198, 18, 0, 250), 1024);
	assert_at(&sources4, 9999, (uint8_t[16])IP4(198, 18, 0, 250), 11023);
	assert_at(&sources4, 10000, (uint8_t[16])IP4(198, 18, 0, 251), 1024);
	assert_at(&sources4, 60001, (uint8_t[16])IP4(198, 18, 1, 0), 1025); /* carries */
	assert_at(&sources4, 999999, (uint8_t[16])IP4(198, 18, 1, 93), 11023);
}

static void ip6_carries_alike(void **state)
{
	const uint8_t last[16] = { 0x20, 0x01, 0x0d, 0xb8, [13] = 1, [15] = 1 };

	(void)state;
	assert_at(&sources6, 3, last, 65535);
}

static void every_device_is_found_again(void **state)
{
	uint8_t ip[16];
	uint16_t port;

	(void)state;
	for (uint32_t i = 0; i < 1000000; i += 37) {
		load_sources_at(&sources4, i, ip, &port);
		assert_int_equal(load_sources_find(&sources4, ip, port), i);
	}
}

static void others_are_no_device(void **state)
{
	(void)state;
	assert_int_equal(load_sources_find(&sources4, (uint8_t[16])IP4(198, 18, 0, 249), 1024),
			 LOAD_NO_DEVICE);
	assert_int_equal(load_sources_find(&sources4, (uint8_t[16])IP4(198, 18, 1, 94), 1024),
			 LOAD_NO_DEVICE);
	assert_int_equal(load_sources_find(&sources4, (uint8_t[16])IP4(198, 18, 0, 250), 1023),
			 LOAD_NO_DEVICE);
	assert_int_equal(load_sources_find(&sources4, (uint8_t[16])IP4(198, 18, 0, 250), 11024),
			 LOAD_NO_DEVICE);
	/* The same lower half under another prefix. */
	assert_int_equal(
		load_sources_find(&sources6,
				  (uint8_t[16]){ 0x20, 0x01, 0x0d, 0xb9, [14] = 0xff, [15] = 0xfe },
				  65535),
		LOAD_NO_DEVICE);
}

static void what_cannot_be_is_said(void **state)
{
	struct load_sources s = sources4;

	(void)state;
	assert_null(load_sources_check(&s, 1000000));
	assert_non_null(load_sources_check(&s, 1000001));
	s.last_port = 1023;
	assert_non_null(load_sources_check(&s, 1));
	s = sources4;
	s.n_addrs = 0;
	assert_non_null(load_sources_check(&s, 1));
	/* 255.255.255.255 is the last one. */
	s = (struct load_sources){ IP4(255, 255, 255, 254), 2, 1, 1 };
	assert_null(load_sources_check(&s, 2));
	s.n_addrs = 3;
	assert_non_null(load_sources_check(&s, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_first_then_addresses),
		cmocka_unit_test(ip6_carries_alike),
		cmocka_unit_test(every_device_is_found_again),
		cmocka_unit_test(others_are_no_device),
		cmocka_unit_test(what_cannot_be_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
