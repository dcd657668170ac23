/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "message.h"

#include "bytes.h"

static uint8_t wire[LOAD_DATAGRAM_MAX];

static void parse(struct coap_msg *out, uint16_t len)
{
	assert_int_equal(coap_msg_parse(rd_of(wire, len), out), COAP_PARSE_OK);
}

static void assert_option(struct rd *options, uint16_t *at, uint16_t number, const void *value,
			  size_t len)
{
	struct coap_opt opt;

	assert_true(coap_option_next(options, at, &opt));
	assert_int_equal(opt.number, number);
	assert_int_equal(rd_len(&opt.value), len);
	assert_memory_equal(opt.value.p, value, len);
}

static void test_fields(void **state)
{
	const struct message_fields f = { .type = COAP_CON,
					  .mid = 0xbeef,
					  .payload_len = 64,
					  .token = 0x01020304,
					  .tag = 0x123456789abcdef0 };
	struct message m;
	struct coap_msg c;
	uint16_t at = 0;

	(void)state;
	assert_true(message_init(&m, "s/load", 64, 64));
	parse(&c, message_write(&m, wire, &f));
	assert_int_equal(c.type, COAP_CON);
	assert_int_equal(c.code, COAP_POST);
	assert_int_equal(c.mid, 0xbeef);
	assert_int_equal(c.token_len, MESSAGE_TOKEN_LEN);
	assert_int_equal(bytes_u32(c.token), 0x01020304);
	assert_option(&c.options, &at, COAP_URI_PATH, "s", 1);
	assert_option(&c.options, &at, COAP_URI_PATH, "load", 4);
	assert_option(&c.options, &at, COAP_CONTENT_FORMAT, "2", 1); /* 50: JSON */
	assert_int_equal(rd_len(&c.options), 0);
	assert_int_equal(rd_len(&c.payload), 64);
	assert_memory_equal(c.payload.p, "\"123456789abcdef0", 17);
	assert_int_equal(c.payload.p[63], '"');
}

/* Every length is whole JSON: a string, or one digit; without a payload there is no marker. */
static void test_lengths(void **state)
{
	struct message m;
	struct coap_msg c;

	(void)state;
	assert_true(message_init(&m, "/a//b/", 0, 100));
	for (uint16_t len = 0; len <= 100; len++) {
		const struct message_fields f = { .type = COAP_NON, .payload_len = len };

		parse(&c, message_write(&m, wire, &f));
		assert_int_equal(rd_len(&c.payload), len);
		if (len >= 2) {
			assert_int_equal(c.payload.p[0], '"');
			assert_int_equal(c.payload.p[len - 1], '"');
		}
		for (uint16_t i = 1; i + 1 < len; i++)
			assert_true(c.payload.p[i] >= '0' && c.payload.p[i] <= 'z' &&
				    c.payload.p[i] != '\\');
	}
}

static void test_no_payload_ever(void **state)
{
	const struct message_fields f = { .type = COAP_CON };
	struct message m;
	struct coap_msg c;

	(void)state;
	assert_true(message_init(&m, "a", 0, 0));
	parse(&c, message_write(&m, wire, &f));
	assert_int_equal(rd_len(&c.payload), 0);
}

static void test_too_long(void **state)
{
	char path[MESSAGE_OPTIONS_MAX + 1];
	struct message m;

	(void)state;
	assert_false(message_init(&m, "a", 0, MESSAGE_PAYLOAD_MAX + 1));
	assert_false(message_init(&m, "a", 5, 4));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(message_init(&m, path, 0, 1));
}

static void test_empty(void **state)
{
	struct coap_msg c;

	(void)state;
	message_write_empty(wire, COAP_RST, 0x1234);
	parse(&c, MESSAGE_EMPTY_LEN);
	assert_int_equal(c.type, COAP_RST);
	assert_int_equal(c.code, COAP_EMPTY);
	assert_int_equal(c.mid, 0x1234);
	assert_int_equal(c.token_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),          cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_no_payload_ever), cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
