/* SPDX-License-Identifier: BSD-3-Clause */
/* An array with an element a slot, of which a page costs memory once an element of it was touched.
 */
#pragma once

#include "block.h"

#include <stdatomic.h>
#include <stdint.h>

struct lazy {
	struct block block;
	uint32_t size; /* of an element: a power of two, a page at most */
	enum block_page page;
	_Atomic uint64_t *touched; /* a bit for each page */
	_Atomic uint32_t pages;    /* that were touched */
};

/* lazy_new: n zeroed elements at out->block.p. false: no memory; lazy_free takes *out all the same.
 * Slow path only. */
bool lazy_new(struct lazy *out, uint32_t n, uint32_t size, enum block_page page)
	__attribute__((warn_unused_result));

/* lazy_free: an all-zero one is allowed. Slow path only. */
void lazy_free(struct lazy *lazy);

/* lazy_touch: element i is about to be written. Any thread. */
void lazy_touch(struct lazy *lazy, uint32_t i);

/* lazy_bytes: what it costs: pages as touched, and the account of them. Any thread. */
size_t lazy_bytes(const struct lazy *lazy);
