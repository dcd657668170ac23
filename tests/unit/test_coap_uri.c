/* SPDX-License-Identifier: BSD-3-Clause */
#include "coap_uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A POST with these options, (number, text, length) each. */
struct option {
	uint16_t number;
	const char *text;
	size_t len;
};

static uint8_t msg_bytes[4096];
static char text[8192];

static struct coap_msg request(const struct option *options, size_t n)
{
	struct wr w = wr_of(msg_bytes, sizeof(msg_bytes));
	struct coap_msg m;
	uint16_t number = 0;
	size_t len;

	coap_header_write(&w, COAP_CON, COAP_POST, 1, NULL, 0);
	for (size_t i = 0; i < n; i++)
		coap_option_write(&w, &number, options[i].number, options[i].text, options[i].len);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(coap_msg_parse(rd_of(msg_bytes, len), &m), COAP_PARSE_OK);
	return m;
}

#define OPT(number, text)                                                                          \
	{                                                                                          \
		number, text, sizeof(text) - 1                                                     \
	}
#define REQUEST(...)                                                                               \
	request((const struct option[]){ __VA_ARGS__ },                                            \
		sizeof((const struct option[]){ __VA_ARGS__ }) / sizeof(struct option))

static const char *render(void (*f)(struct wr *, const struct coap_msg *), struct coap_msg m)
{
	struct wr w = wr_of(text, sizeof(text) - 1);
	size_t len;

	f(&w, &m);
	assert_true(wr_finish(&w, &len));
	text[len] = 0;
	return text;
}

static void plain_path_and_query(void **state)
{
	struct coap_msg m = REQUEST(OPT(COAP_URI_PATH, "s"), OPT(COAP_URI_PATH, "temp"),
				    OPT(COAP_URI_QUERY, "unit=C"), OPT(COAP_URI_QUERY, "n=1"));

	(void)state;
	assert_string_equal(render(coap_uri_path, m), "/s/temp");
	assert_string_equal(render(coap_uri_query, m), "unit=C&n=1");
}

static void nothing_is_the_root(void **state)
{
	struct coap_msg m = request(NULL, 0);

	(void)state;
	assert_string_equal(render(coap_uri_path, m), "/");
	assert_string_equal(render(coap_uri_query, m), "");
}

/* bad-input M12: opaque segments, never resolved. */
static void odd_segments_stay_opaque(void **state)
{
	struct coap_msg m = REQUEST(OPT(COAP_URI_PATH, ".."), OPT(COAP_URI_PATH, ""),
				    OPT(COAP_URI_PATH, "a/b"), OPT(COAP_URI_PATH, "\0x"),
				    OPT(COAP_URI_PATH, "%00"), OPT(COAP_URI_PATH, "\"\\\n\x7f"));

	(void)state;
	assert_string_equal(render(coap_uri_path, m), "/..//a%2Fb/%00x/%2500/%22%5C%0A%7F");
}

static void sub_delims_and_utf8(void **state)
{
	struct coap_msg m = REQUEST(OPT(COAP_URI_PATH, "a&b;c=d@e:f?g"),
				    OPT(COAP_URI_PATH, "\xc3\xa9"), OPT(COAP_URI_QUERY, "a&b=/?#"));

	(void)state;
	assert_string_equal(render(coap_uri_path, m), "/a&b;c=d@e:f%3Fg/%C3%A9");
	assert_string_equal(render(coap_uri_query, m), "a%26b=/?%23");
}

/* bad-input M12 */
static void two_hundred_segments(void **state)
{
	struct option options[200];
	struct coap_msg m;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		options[i] = (struct option)OPT(COAP_URI_PATH, "\xff\xfe");
	m = request(options, 200);
	assert_int_equal(strlen(render(coap_uri_path, m)), 200 * 7);
	/* The bound that the header states. */
	assert_true(strlen(text) <= 3 * rd_len(&m.options) + 1);
}

static void little_room_fails_the_writer(void **state)
{
	struct coap_msg m = REQUEST(OPT(COAP_URI_PATH, "\xff\xff"));
	struct wr w = wr_of(text, 6);
	size_t len;

	(void)state;
	coap_uri_path(&w, &m);
	assert_false(wr_finish(&w, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_path_and_query),
		cmocka_unit_test(nothing_is_the_root),
		cmocka_unit_test(odd_segments_stay_opaque),
		cmocka_unit_test(sub_delims_and_utf8),
		cmocka_unit_test(two_hundred_segments),
		cmocka_unit_test(little_room_fails_the_writer),
	};

	return cmocka_run_group_tests_name("coap_uri", tests, NULL, NULL);
}
