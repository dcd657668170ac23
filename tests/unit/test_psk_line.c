/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *read_line(struct psk_line *out, const char *text)
{
	const struct secret_line line = { .p = (const uint8_t *)text, .len = strlen(text) };

	return psk_line_read(out, &line);
}

static void a_line_is_identity_and_key(void **state)
{
	struct psk_line line;

	(void)state;
	assert_null(read_line(&line, "a:b:0aFF"));
	assert_int_equal(line.identity_len, 3);
	assert_memory_equal(line.identity, "a:b", 3);
	assert_int_equal(line.key_len, 2);
	assert_memory_equal(line.key, "\x0a\xff", 2);
	assert_null(read_line(&line, "#6100:00"));
	assert_int_equal(line.identity_len, 2);
	assert_memory_equal(line.identity, "a\0", 2);
	assert_string_equal(read_line(&line, "a"), "not identity:hexkey");
	assert_string_equal(read_line(&line, ":00"), "identity is empty");
	assert_string_equal(read_line(&line, "a:"), "key is empty");
}

static void an_identity_alone(void **state)
{
	struct psk_line line;
	uint8_t long_name[PSK_IDENTITY_MAX + 1];

	(void)state;
	memset(long_name, 'a', sizeof(long_name));
	assert_null(psk_line_identity(&line, long_name, PSK_IDENTITY_MAX));
	assert_int_equal(line.identity_len, PSK_IDENTITY_MAX);
	assert_non_null(psk_line_identity(&line, long_name, sizeof(long_name)));
	assert_non_null(psk_line_identity(&line, (const uint8_t *)"#0", 2));
	assert_non_null(psk_line_identity(&line, (const uint8_t *)"#0g", 3));
	assert_non_null(psk_line_identity(&line, (const uint8_t *)"a\0b", 3));
}

static void a_key_alone(void **state)
{
	struct psk_line line;
	uint8_t digits[2 * (PSK_KEY_MAX + 1)];

	(void)state;
	memset(digits, '1', sizeof(digits));
	assert_null(psk_line_key(&line, digits, (size_t)2 * PSK_KEY_MAX));
	assert_int_equal(line.key_len, PSK_KEY_MAX);
	assert_int_equal(line.key[PSK_KEY_MAX - 1], 0x11);
	assert_non_null(psk_line_key(&line, digits, sizeof(digits)));
	assert_non_null(psk_line_key(&line, digits, 3));
	assert_non_null(psk_line_key(&line, (const uint8_t *)"0x", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_identity_and_key),
		cmocka_unit_test(an_identity_alone),
		cmocka_unit_test(a_key_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
