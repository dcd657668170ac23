/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What handshakes are allocated from: handshake_config's alloc and release. The C library keeps no
 * block as large as a handshake at hand, and looks for one among all the others each time; here the
 * last that were released are kept for the next. Owner core only.
 */
#pragma once

#include <stddef.h>

enum { HANDSHAKE_MEMORY_KEPT = 64 };

struct handshake_memory_block;

/* All zero: nothing is kept. */
struct handshake_memory {
	size_t size; /* of the blocks that are kept: of a handshake, what is asked for first */
	unsigned n;
	struct handshake_memory_block *kept[HANDSHAKE_MEMORY_KEPT];
};

/* handshake_memory_alloc: arg is a struct handshake_memory; NULL without memory.
 * handshake_memory_release: what is secret in it is wiped by the caller. */
void *handshake_memory_alloc(void *arg, size_t len);
void handshake_memory_release(void *arg, void *p);

/* handshake_memory_free: what is kept; everything was released before. */
void handshake_memory_free(struct handshake_memory *m);
