/* SPDX-License-Identifier: BSD-3-Clause */
/* Big arrays of the session library: zeroed, cache-line aligned, on huge pages where the machine
 * has them. Slow path only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct block {
	void *p;
	size_t len;
	bool eal; /* from DPDK's heap */
};

/* Instead of a NUMA node: page by page on each of them in turn; and in a place for block_place. */
enum { BLOCK_INTERLEAVED = -2, BLOCK_PLACED = -3 };

/* block_new: len zeroed bytes on a NUMA node (-1: any): DPDK's heap when it is up, has huge pages
 * and room; else, and for BLOCK_INTERLEAVED and BLOCK_PLACED, anonymous pages. false: no memory,
 * *out is empty. */
bool block_new(struct block *out, size_t len, int socket) __attribute__((warn_unused_result));

/* block_new_lazy: like it, but a page of that size takes memory only once it is touched. Huge ones
 * are a wish. */
enum block_page { BLOCK_PAGE = 4096, BLOCK_HUGE_PAGE = 2 << 20 };
bool block_new_lazy(struct block *out, size_t len, enum block_page page)
	__attribute__((warn_unused_result));

/* block_place: the pages of a BLOCK_PLACED or lazy block's bytes [at, at + len) come from a NUMA
 * node, when they are touched first, where it has room. A wish: nodes that are not there are
 * ignored. */
void block_place(const struct block *m, size_t at, size_t len, int node);

/* block_free: gives back, DPDK's memory wiped; no page is touched that was not before. An empty one
 * is allowed. */
void block_free(struct block *m);
