/* SPDX-License-Identifier: BSD-3-Clause */
#include "echo.h"

#include "coap_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct keyed_hash_key key = { { 1, 2 } }, other_key = { { 1, 3 } };

static struct rd text(const char *s) { return rd_of((const uint8_t *)s, strlen(s)); }

/* RFC 9175 §2.3: for whom and when it was made. */
static void a_value_is_fresh_for_a_while(void **state)
{
	uint64_t t = 7 * ECHO_FRESH_NS + 5;
	uint8_t value[ECHO_LEN], changed[ECHO_LEN];
	const struct rd v = rd_of(value, ECHO_LEN);

	(void)state;
	echo_make(&key, text("me"), t, value);
	assert_true(echo_fresh(&key, text("me"), t, v));
	assert_true(echo_fresh(&key, text("me"), t + ECHO_FRESH_NS, v));
	assert_false(echo_fresh(&key, text("me"), t + 2 * ECHO_FRESH_NS, v));
	assert_false(echo_fresh(&key, text("me"), t - ECHO_FRESH_NS, v)); /* of a time to come */
	assert_false(echo_fresh(&key, text("you"), t, v));
	assert_false(echo_fresh(&other_key, text("me"), t, v));
	for (size_t len = 0; len < ECHO_LEN; len++)
		assert_false(echo_fresh(&key, text("me"), t, rd_of(value, len)));
	for (size_t bit = 0; bit < (size_t)8 * ECHO_LEN; bit++) {
		memcpy(changed, value, ECHO_LEN);
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(echo_fresh(&key, text("me"), t, rd_of(changed, ECHO_LEN)));
	}
}

/* Behind all options with a lower number, in front of the payload. */
static void an_answer_gets_one(void **state)
{
	static const uint16_t numbers[] = { 0, COAP_CONTENT_FORMAT, COAP_SIZE1, 251 };
	static const uint8_t value[ECHO_LEN] = "twelve bytes";

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		const char *payload = i % 2 ? "payload" : "";
		uint8_t msg[128];
		struct wr w = wr_of(msg, sizeof(msg));
		uint16_t number = 0;
		struct coap_msg m;
		struct rd got;
		size_t len, before;

		coap_header_write(&w, COAP_ACK, COAP_CHANGED, 5, (const uint8_t[]){ 1, 2 }, 2);
		if (numbers[i / 2] != 0)
			coap_option_write_uint(&w, &number, numbers[i / 2], 50);
		if (*payload != '\0')
			coap_payload_write(&w, payload, strlen(payload));
		len = before = wr_len(&w);
		assert_false(echo_find(rd_of(msg, len), &got));
		assert_true(echo_add(msg, &len, value));
		assert_in_range(len, before + ECHO_LEN, before + ECHO_OPTION_MAX);
		assert_true(echo_find(rd_of(msg, len), &got));
		assert_int_equal(rd_len(&got), ECHO_LEN);
		assert_memory_equal(got.p, value, ECHO_LEN);
		assert_int_equal(coap_msg_parse(rd_of(msg, len), &m), COAP_PARSE_OK);
		assert_int_equal(rd_len(&m.payload), strlen(payload));
		assert_memory_equal(m.payload.p, payload, rd_len(&m.payload));
		before = len;
		assert_false(echo_add(msg, &len, value)); /* one is enough */
		assert_int_equal(len, before);
	}
}

static void what_can_have_none(void **state)
{
	static const uint8_t value[ECHO_LEN];
	uint8_t empty[64] = { 0x60, 0, 0, 1 }, later[64], nonsense[64] = { 0xff };
	struct wr w = wr_of(later, sizeof(later));
	uint16_t number = 0;
	struct rd got;
	size_t len = 4;

	(void)state;
	assert_false(echo_add(empty, &len, value));
	assert_false(echo_add(nonsense, &len, value));
	assert_false(echo_find(rd_of(nonsense, len), &got));
	assert_int_equal(len, 4);
	coap_header_write(&w, COAP_ACK, COAP_CHANGED, 5, NULL, 0);
	coap_option_write_uint(&w, &number, COAP_NO_RESPONSE, 2);
	len = wr_len(&w);
	assert_false(echo_add(later, &len, value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_fresh_for_a_while),
		cmocka_unit_test(an_answer_gets_one),
		cmocka_unit_test(what_can_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
