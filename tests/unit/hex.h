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

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		out[n / 2] = (uint8_t)(out[n / 2] << 4 | hex_digit(*text));
		n++;
	}
	return n / 2;
}
