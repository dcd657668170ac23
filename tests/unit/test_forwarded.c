/* SPDX-License-Identifier: BSD-3-Clause */
#include "forwarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct forwarded example(void)
{
	struct forwarded f = { .kind = FORWARDED_TO_OWNER,
			       .from = 1,
			       .to = 200,
			       .flow = { .local_port = 5684, .remote_port = 40000 },
			       .hop = { .vlan_tci = VLAN_NONE } };

	flow_ip_map(f.flow.local_ip, (const uint8_t[]){ 198, 18, 0, 1 });
	flow_ip_map(f.flow.remote_ip, (const uint8_t[]){ 198, 19, 0, 9 });
	memset(f.hop.local_mac, 2, 6);
	memset(f.hop.remote_mac, 6, 6);
	return f;
}

static void what_is_put_is_parsed(void **state)
{
	const struct forwarded in = example();
	uint8_t p[FORWARDED_HEADER_LEN + 1];
	struct forwarded out;

	(void)state;
	memset(p, 0xee, sizeof(p));
	forwarded_put(p, &in);
	assert_true(forwarded_is(p, sizeof(p)));
	assert_true(forwarded_parse(p, sizeof(p), &out));
	assert_memory_equal(&in.flow, &out.flow, sizeof(in.flow));
	assert_memory_equal(&in.hop, &out.hop, sizeof(in.hop));
	assert_int_equal(out.kind, in.kind);
	assert_int_equal(out.from, 1);
	assert_int_equal(out.to, 200);
	for (unsigned i = 0; i < FORWARDED_MAC_LEN; i++)
		assert_int_equal(p[FORWARDED_MAC_AT + i], 0);
	assert_int_equal(p[FORWARDED_HEADER_LEN], 0xee);
}

/* Every byte of the header says something: no two headers mean the same. */
static void every_byte_counts(void **state)
{
	const struct forwarded in = example();
	uint8_t p[FORWARDED_HEADER_LEN + 1] = { 0 }, again[FORWARDED_HEADER_LEN];
	struct forwarded out;

	(void)state;
	for (unsigned i = 0; i < 8 * FORWARDED_MAC_AT; i++) {
		forwarded_put(p, &in);
		p[i / 8] ^= (uint8_t)(1U << i % 8);
		if (!forwarded_parse(p, sizeof(p), &out))
			continue;
		forwarded_put(again, &out);
		assert_memory_equal(p, again, sizeof(again));
	}
}

static void what_cannot_be_is_refused(void **state)
{
	const struct forwarded in = example();
	uint8_t p[FORWARDED_HEADER_LEN + 1] = { 0 };
	struct forwarded out;

	(void)state;
	forwarded_put(p, &in);
	for (size_t len = 0; len <= FORWARDED_HEADER_LEN; len++)
		assert_false(forwarded_parse(p, len, &out)); /* cut off, or of nothing */
	for (unsigned kind = 0; kind < 256; kind++) {
		p[1] = (uint8_t)kind;
		assert_int_equal(forwarded_parse(p, sizeof(p), &out), kind == 1 || kind == 2);
	}
	p[1] = 1;
	p[54] = 1;
	assert_false(forwarded_parse(p, sizeof(p), &out));
	p[54] = 0;
	p[4] = 0x20; /* an IPv6 device that sent to an IPv4 address */
	assert_false(forwarded_parse(p, sizeof(p), &out));
}

/* RFC 7983: 20 to 63 are DTLS. */
static void no_record_begins_like_one(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		const uint8_t byte = (uint8_t)first;

		assert_int_equal(forwarded_is(&byte, 1), first == FORWARDED_MAGIC);
	}
	assert_true(FORWARDED_MAGIC > 63);
	assert_false(forwarded_is(NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_parsed),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(no_record_begins_like_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
