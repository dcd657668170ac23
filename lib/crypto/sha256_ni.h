/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SHA-256's compression by the CPU's SHA instructions, for one message and for two at once: each
 * instruction waits for the one before, so that a second message fills the gaps (bench_hmac.c).
 * Inside lib/crypto only, where sha256_ni_here says yes. The upper halves of the vector registers
 * must be clean: sha2.h says why and does it. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* sha256_ni_here: whether this CPU has the instructions. */
bool sha256_ni_here(void);

/* sha256_ni: n blocks of 64 bytes into a state. */
void sha256_ni(uint32_t state[8], const uint8_t *blocks, size_t n);

/* sha256_ni_2: a block of each of two messages, whose states are apart. */
void sha256_ni_2(uint32_t state_a[8], const uint8_t *block_a, uint32_t state_b[8],
		 const uint8_t *block_b);
