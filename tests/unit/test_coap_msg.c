/* SPDX-License-Identifier: BSD-3-Clause */
#include "coap_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum coap_parse parse(const void *bytes, size_t len, struct coap_msg *out)
{
	return coap_msg_parse(rd_of(bytes, len), out);
}

#define PARSE(out, ...)                                                                            \
	parse((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), out)

static void whole_message(void **state)
{
	static const uint8_t bytes[] = { 0x42, 0x02, 0x12, 0x34, 0xaa, 0xbb,
					 0xb1, 's',  0x10, 0xff, 'h',  'i' };
	struct coap_msg m;
	struct coap_opt opt;
	uint16_t number = 0;

	(void)state;
	assert_int_equal(parse(bytes, sizeof(bytes), &m), COAP_PARSE_OK);
	assert_int_equal(m.type, COAP_CON);
	assert_int_equal(m.code, COAP_POST);
	assert_int_equal(m.mid, 0x1234);
	assert_int_equal(m.token_len, 2);
	assert_memory_equal(m.token, "\xaa\xbb", 2);
	assert_true(coap_option_next(&m.options, &number, &opt));
	assert_int_equal(opt.number, COAP_URI_PATH);
	assert_int_equal(rd_len(&opt.value), 1);
	assert_true(coap_option_next(&m.options, &number, &opt));
	assert_int_equal(opt.number, COAP_CONTENT_FORMAT);
	assert_int_equal(rd_len(&opt.value), 0);
	assert_false(coap_option_next(&m.options, &number, &opt));
	assert_int_equal(rd_len(&m.payload), 2);
	assert_memory_equal(m.payload.p, "hi", 2);
}

/* bad-input M1 */
static void short_or_other_version_is_ignored(void **state)
{
	struct coap_msg m;

	(void)state;
	assert_int_equal(parse("", 0, &m), COAP_PARSE_IGNORE);
	assert_int_equal(PARSE(&m, 0x40, 0x01, 0x00), COAP_PARSE_IGNORE);
	assert_int_equal(PARSE(&m, 0x00, 0x01, 0x00, 0x01), COAP_PARSE_IGNORE);
	assert_int_equal(PARSE(&m, 0x80, 0x01, 0x00, 0x01), COAP_PARSE_IGNORE);
	assert_int_equal(PARSE(&m, 0xc0, 0x01, 0x00, 0x01), COAP_PARSE_IGNORE);
	assert_int_equal(PARSE(&m, 0x40, 0x01, 0x00, 0x01), COAP_PARSE_OK);
}

/* bad-input M2 */
static void token_length(void **state)
{
	uint8_t bytes[4 + 15] = { 0, 0x01, 0x56, 0x78 };
	struct coap_msg m;

	(void)state;
	for (uint8_t n = 0; n <= 15; n++) {
		bytes[0] = (uint8_t)(0x50 | n);
		assert_int_equal(parse(bytes, 4 + (size_t)n, &m),
				 n <= 8 ? COAP_PARSE_OK : COAP_PARSE_FORMAT_ERROR);
		assert_int_equal(m.type, COAP_NON);
		assert_int_equal(m.mid, 0x5678);
		if (n > 0)
			assert_int_equal(parse(bytes, 3 + (size_t)n, &m), COAP_PARSE_FORMAT_ERROR);
	}
}

/* bad-input M4 */
static void reserved_classes(void **state)
{
	struct coap_msg m;

	(void)state;
	for (unsigned class = 0; class < 8; class ++)
		assert_int_equal(PARSE(&m, 0x40, COAP_CODE(class, 3), 0, 1),
				 class == 1 || class >= 6 ? COAP_PARSE_FORMAT_ERROR
							  : COAP_PARSE_OK);
}

/* bad-input M5 */
static void reserved_nibbles(void **state)
{
	struct coap_msg m;

	(void)state;
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xf0), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xf1, 0, 0, 0), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0x0f), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xbf, 0, 0, 0), COAP_PARSE_FORMAT_ERROR);
}

static void truncated_options(void **state)
{
	struct coap_msg m;

	(void)state;
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xd0), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xe0, 0), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0x0d), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0x0e, 0), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xb2, 'a'), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xbd, 0, 'a'), COAP_PARSE_FORMAT_ERROR);
}

/* bad-input M6 */
static void number_beyond_16_bits(void **state)
{
	struct coap_msg m;

	(void)state;
	/* 269 + 65266 = 65535 is the last option; one more in a second option is none. */
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xe0, 0xfe, 0xf2), COAP_PARSE_OK);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xe0, 0xfe, 0xf3), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xe0, 0xfe, 0xf2, 0x10), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 1, 0, 1, 0xe0, 0xfe, 0xf2, 0x00), COAP_PARSE_OK);
}

/* bad-input M8 */
static void marker_without_payload(void **state)
{
	struct coap_msg m;

	(void)state;
	assert_int_equal(PARSE(&m, 0x40, 2, 0, 1, 0xff), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 2, 0, 1, 0xb1, 'a', 0xff), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 2, 0, 1, 0xff, 0xff), COAP_PARSE_OK);
	assert_int_equal(rd_len(&m.payload), 1);
}

static void empty_message_is_its_header(void **state)
{
	struct coap_msg m;

	(void)state;
	assert_int_equal(PARSE(&m, 0x40, 0, 0, 1), COAP_PARSE_OK);
	assert_int_equal(PARSE(&m, 0x41, 0, 0, 1, 9), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x40, 0, 0, 1, 0xff, 9), COAP_PARSE_FORMAT_ERROR);
	assert_int_equal(PARSE(&m, 0x70, 0, 0, 1, 0xb0), COAP_PARSE_FORMAT_ERROR);
}

static void uint_values(void **state)
{
	uint32_t v;

	(void)state;
	assert_true(coap_uint(rd_of("", 0), &v));
	assert_int_equal(v, 0);
	assert_true(coap_uint(rd_of("\x01\x00", 2), &v));
	assert_int_equal(v, 256);
	assert_true(coap_uint(rd_of("\xff\xff\xff\xff", 4), &v));
	assert_int_equal(v, UINT32_MAX);
	assert_false(coap_uint(rd_of("\0\0\0\0\0", 5), &v));
}

static void option_lengths_round_trip(void **state)
{
	static const size_t lengths[] = { 0, 1, 12, 13, 14, 268, 269, 270, 700 };
	static const uint16_t numbers[] = { 0, 12, 13, 268, 269, 1000, 65535 };
	static const uint8_t value[700] = { 1, 2, 3 };
	uint8_t buf[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++) {
			struct wr w = wr_of(buf, sizeof(buf));
			struct coap_msg m;
			struct coap_opt opt;
			uint16_t number = 0;
			size_t len;

			coap_header_write(&w, COAP_CON, COAP_GET, 7, NULL, 0);
			coap_option_write(&w, &number, numbers[j], value, lengths[i]);
			assert_true(wr_finish(&w, &len));
			assert_int_equal(parse(buf, len, &m), COAP_PARSE_OK);
			number = 0;
			assert_true(coap_option_next(&m.options, &number, &opt));
			assert_int_equal(opt.number, numbers[j]);
			assert_int_equal(rd_len(&opt.value), lengths[i]);
			assert_int_equal(rd_len(&m.options), 0);
		}
	}
}

static void writes_known_bytes(void **state)
{
	static const uint8_t expected[] = { 0x61, 0x45, 0x00, 0x07, 0x55, 0xc1, 0x28, 0x22, 0x01,
					    0x00, 0xd4, 0x15, 0x80, 0x00, 0x00, 0x00, 0xff, 'x' };
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	uint16_t number = 0;
	size_t len;

	(void)state;
	coap_header_write(&w, COAP_ACK, COAP_CONTENT, 7, (const uint8_t[]){ 0x55 }, 1);
	coap_option_write_uint(&w, &number, COAP_CONTENT_FORMAT, 40);
	coap_option_write_uint(&w, &number, COAP_MAX_AGE, 256);
	coap_option_write_uint(&w, &number, 48, 0x80000000);
	coap_payload_write(&w, "x", 1);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(len, sizeof(expected));
	assert_memory_equal(buf, expected, len);
}

static void writer_refuses_what_it_cannot_say(void **state)
{
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	uint16_t number = COAP_URI_QUERY;
	size_t len;

	(void)state;
	coap_option_write(&w, &number, COAP_URI_PATH, "a", 1); /* options only ascend */
	assert_false(wr_finish(&w, &len));
	w = wr_of(buf, sizeof(buf));
	coap_header_write(&w, COAP_ACK, COAP_CONTENT, 7, buf, 9);
	assert_false(wr_finish(&w, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_message),
		cmocka_unit_test(short_or_other_version_is_ignored),
		cmocka_unit_test(token_length),
		cmocka_unit_test(reserved_classes),
		cmocka_unit_test(reserved_nibbles),
		cmocka_unit_test(truncated_options),
		cmocka_unit_test(number_beyond_16_bits),
		cmocka_unit_test(marker_without_payload),
		cmocka_unit_test(empty_message_is_its_header),
		cmocka_unit_test(uint_values),
		cmocka_unit_test(option_lengths_round_trip),
		cmocka_unit_test(writes_known_bytes),
		cmocka_unit_test(writer_refuses_what_it_cannot_say),
	};

	return cmocka_run_group_tests_name("coap_msg", tests, NULL, NULL);
}
