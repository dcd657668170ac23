/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What handshakes are allocated from: handshake_config's alloc and release. The C library keeps no
 * blocks as large as a handshake's at hand, and looks for one among all the others each time; here
 * the last that were released are kept for the next, zeros as they came back. Owner core only.
 */
#pragma once

#include "handshake.h"

enum { HANDSHAKE_MEMORY_KEPT = 64 };

struct handshake_memory_block;

/* All zero: nothing is kept. */
struct handshake_memory {
	struct handshake_memory_kept {
		unsigned n;
		struct handshake_memory_block *blocks[HANDSHAKE_MEMORY_KEPT];
	} kept[HANDSHAKE_SIZES]; /* of each of handshake_sizes */
};

/* handshake_memory_alloc: of handshake_sizes, zeros; arg is a struct handshake_memory; NULL without
 * memory. handshake_memory_release: what is secret in it, and all of a block of handshake_sizes,
 * was wiped by the caller. */
void *handshake_memory_alloc(void *arg, size_t len);
void handshake_memory_release(void *arg, void *p);

/* handshake_memory_free: what is kept; everything was released before. */
void handshake_memory_free(struct handshake_memory *m);
