/* SPDX-License-Identifier: BSD-3-Clause */
/* Handling of secrets: comparison in constant time, wiping that the compiler keeps. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* secret_equal: whether n bytes are equal, in time that depends on n only. */
static inline bool secret_equal(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff = (uint8_t)(diff | (x[i] ^ y[i]));
	/* Keeps the compiler from turning the loop into an early exit. */
	__asm__ volatile("" : "+r"(diff));
	return diff == 0;
}

/* secret_wipe: overwrites n bytes; never optimised away. */
static inline void secret_wipe(void *p, size_t n) { explicit_bzero(p, n); }
