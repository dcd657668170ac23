/* SPDX-License-Identifier: BSD-3-Clause */
/* Test vectors as hex strings. */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint8_t hex_digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* hex: the bytes of text, spaces ignored; returns how many. */
static inline size_t hex(uint8_t *out, const char *text)
{
	size_t n = 0;
	uint8_t high = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		if (n++ % 2 == 0)
			high = hex_digit(*text);
		else
			out[n / 2 - 1] = (uint8_t)(high << 4 | hex_digit(*text));
	}
	return n / 2;
}
