/* SPDX-License-Identifier: BSD-3-Clause */
/* Randomness from libcrypto's generator. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* random_bytes: fills out; false when the generator failed: the caller must not go on. Slow path
 * only; any thread. */
bool random_bytes(void *out, size_t len) __attribute__((warn_unused_result));
