/* SPDX-License-Identifier: BSD-3-Clause */
#include "reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct flow flow4 = { .remote_ip = { [10] = 0xff, 0xff, 198, 18, 0, 1 },
			     .remote_port = 5684 };
static struct flow flow6 = { .remote_ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
			     .remote_port = 40000 };

static char line[READING_MAX + 1];
static size_t line_len;

static struct reading reading(const void *payload, size_t len)
{
	return (struct reading){ .wall_ns = UINT64_C(951782400123456789),
				 .device = (const uint8_t *)"dev1",
				 .device_len = 4,
				 .auth = "psk",
				 .dtls = "1.2",
				 .suite = "TLS_PSK_WITH_AES_128_CCM_8",
				 .flow = &flow4,
				 .method = "POST",
				 .path = "/s/temp",
				 .path_len = 7,
				 .query = "",
				 .content_format = -1,
				 .confirmable = true,
				 .payload = payload,
				 .payload_len = len };
}

static const char *render(const struct reading *r)
{
	assert_true(reading_render(r, line, READING_MAX, &line_len));
	line[line_len] = 0;
	assert_int_equal(strlen(line), line_len);
	assert_ptr_equal(strchr(line, '\n'), line + line_len - 1);
	return line;
}

static void whole_line(void **state)
{
	struct reading r = reading("{\"t\":21.5}", 10);

	(void)state;
	assert_string_equal(
		render(&r),
		"{\"time\":\"2000-02-29T00:00:00.123456Z\",\"device\":\"dev1\",\"auth\":\"psk\","
		"\"dtls\":\"1.2\",\"suite\":\"TLS_PSK_WITH_AES_128_CCM_8\","
		"\"peer\":\"198.18.0.1:5684\",\"method\":\"POST\",\"path\":\"/s/temp\","
		"\"query\":\"\",\"content_format\":null,\"confirmable\":true,"
		"\"payload\":\"{\\\"t\\\":21.5}\"}\n");
}

static void other_values(void **state)
{
	struct reading r = reading("\xff", 1);

	(void)state;
	r.flow = &flow6;
	r.method = "PUT";
	r.query = "a=1&b=%20";
	r.query_len = 9;
	r.content_format = 50;
	r.confirmable = false;
	assert_non_null(strstr(render(&r), ",\"peer\":\"[2001:db8::1]:40000\",\"method\":\"PUT\","
					   "\"path\":\"/s/temp\",\"query\":\"a=1&b=%20\","
					   "\"content_format\":50,\"confirmable\":false,"
					   "\"payload_base64\":\"/w==\"}\n"));
}

static void device_names(void **state)
{
	struct reading r = reading("", 0);

	(void)state;
	assert_non_null(strstr(render(&r), "\"payload\":\"\"}"));
	r.device = (const uint8_t *)"a\0\xff";
	r.device_len = 3;
	assert_non_null(strstr(render(&r), "\"device\":\"#6100ff\""));
	r.device = (const uint8_t *)"#61";
	assert_non_null(strstr(render(&r), "\"device\":\"#233631\""));
	r.device = (const uint8_t *)"a\0\"";
	assert_non_null(strstr(render(&r), "\"device\":\"a\\u0000\\\"\""));
}

static void utf8_is_strict(void **state)
{
	static const char *const good[] = { "",
					    "a",
					    "\x7f",
					    "\xc2\x80",
					    "\xdf\xbf",
					    "\xe0\xa0\x80",
					    "\xed\x9f\xbf",
					    "\xee\x80\x80",
					    "\xef\xbf\xbf",
					    "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x7f",
		"\xe0\x9f\xbf",
		"\xe1\x80",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"a\xe2\x82",
		"\xe2\x82\xc0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(reading_is_utf8((const uint8_t *)good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(reading_is_utf8((const uint8_t *)bad[i], strlen(bad[i])));
	assert_true(reading_is_utf8((const uint8_t *)"\0", 1));
}

/* A small reader of what was rendered, independent of the writer. */
static size_t decode_json(const char *s, uint8_t *out)
{
	static const char names[] = "bfnrt\"\\/", values[] = "\b\f\n\r\t\"\\/";
	size_t n = 0;

	for (; *s != '"'; s++) {
		unsigned v;

		assert_true((uint8_t)*s >= 0x20);
		if (*s != '\\') {
			out[n++] = (uint8_t)*s;
		} else if (*++s == 'u') {
			assert_int_equal(sscanf(s + 1, "%4x", &v), 1);
			assert_true(v < 0x80);
			out[n++] = (uint8_t)v;
			s += 4;
		} else {
			assert_non_null(strchr(names, *s));
			out[n++] = (uint8_t)values[strchr(names, *s) - names];
		}
	}
	return n;
}

static size_t decode_base64(const char *s, uint8_t *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	size_t n = 0, digits_seen = 0;

	for (; *s != '"' && *s != '='; s++) {
		bits = bits << 6 | (uint32_t)(strchr(digits, *s) - digits);
		if (++digits_seen % 4 != 1)
			out[n++] = (uint8_t)(bits >> (6 - 2 * ((digits_seen - 1) % 4)));
	}
	return n;
}

static void payloads_round_trip(void **state)
{
	uint8_t payload[300], back[READING_MAX];
	uint32_t random = 12345;

	(void)state;
	for (int turn = 0; turn < 400; turn++) {
		size_t len = (size_t)turn % sizeof(payload), got;
		bool ascii = turn & 1;
		struct reading r;
		const char *at;

		for (size_t i = 0; i < len; i++) {
			random = random * 1664525 + 1013904223;
			payload[i] = (uint8_t)(random >> 24 & (ascii ? 0x7f : 0xff));
		}
		r = reading(payload, len);
		render(&r);
		at = strstr(line, ",\"payload\":\"");
		if (ascii)
			assert_non_null(at);
		if (at != NULL)
			got = decode_json(at + strlen(",\"payload\":\""), back);
		else
			got = decode_base64(strstr(line, ",\"payload_base64\":\"") +
						    strlen(",\"payload_base64\":\""),
					    back);
		assert_int_equal(got, len);
		assert_memory_equal(back, payload, len);
	}
}

/* Eight bytes are looked at together: each byte, at each place among others. */
static void every_byte_at_every_place(void **state)
{
	char payload[24];

	(void)state;
	for (unsigned c = 0; c < 0x80; c++) {
		const bool plain = c >= 0x20 && c != 0x7f && c != '"' && c != '\\';

		for (size_t at = 0; at < sizeof(payload); at++) {
			struct reading r = reading(payload, sizeof(payload));
			const char *text;

			memset(payload, '!', sizeof(payload)); /* the quote's neighbour */
			payload[at] = (char)c;
			render(&r);
			text = strstr(line, ",\"payload\":\"") + strlen(",\"payload\":\"");
			for (size_t i = 0; i < at; i++)
				assert_int_equal(text[i], '!');
			assert_int_equal(text[at], plain ? (char)c : '\\');
			text += strlen(text) - strlen("\"}\n") - (sizeof(payload) - at - 1);
			for (size_t i = at + 1; i < sizeof(payload); i++)
				assert_int_equal(*text++, '!');
		}
	}
}

static void the_worst_case_fits(void **state)
{
	static uint8_t device[READING_DEVICE_MAX], payload[READING_PAYLOAD_MAX];
	static char path[READING_URI_MAX];
	struct reading r = reading(payload, sizeof(payload));

	(void)state;
	memset(device, 1, sizeof(device));
	memset(payload, 2, sizeof(payload));
	memset(path, 'x', sizeof(path));
	memset(flow6.remote_ip, 0xee, 16);
	r.flow = &flow6;
	r.device = device;
	r.device_len = sizeof(device);
	r.path = path;
	r.path_len = sizeof(path);
	r.wall_ns = UINT64_MAX;
	r.suite = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
	r.content_format = 65535;
	r.confirmable = false;
	assert_true(reading_render(&r, line, READING_MAX, &line_len));
	assert_true(line_len > 6 * READING_PAYLOAD_MAX + 6 * READING_DEVICE_MAX);
}

static void little_room_is_refused(void **state)
{
	struct reading r = reading("hello", 5);
	size_t whole, len;

	(void)state;
	render(&r);
	whole = line_len;
	for (size_t cap = 0; cap < whole; cap++) {
		char *exact = malloc(cap + 1); /* so that the sanitizer sees a byte too many */

		assert_non_null(exact);
		assert_false(reading_render(&r, exact, cap, &len));
		free(exact);
	}
	assert_true(reading_render(&r, line, whole, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_line),          cmocka_unit_test(other_values),
		cmocka_unit_test(device_names),        cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(payloads_round_trip), cmocka_unit_test(every_byte_at_every_place),
		cmocka_unit_test(the_worst_case_fits), cmocka_unit_test(little_room_is_refused),
	};

	return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
