/* SPDX-License-Identifier: BSD-3-Clause */
/* Randomness from libcrypto's generator. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* random_bytes: fills out; false when the generator failed: the caller must not go on. Slow path
 * only; any thread. */
bool random_bytes(void *out, size_t len) __attribute__((warn_unused_result));

/* Randomness in small portions: one call of the generator, of which most is overhead, for many of
 * them. All zero is an empty pool. */
struct random_pool {
	size_t left; /* at the end of bytes */
	unsigned char bytes[8192];
};

/* random_pool_bytes: as random_bytes, from a pool, which forgets what it gives. One thread. */
bool random_pool_bytes(struct random_pool *p, void *out, size_t len)
	__attribute__((warn_unused_result));
