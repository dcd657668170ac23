/* SPDX-License-Identifier: BSD-3-Clause */
#include "lazy.h"

#include <stdlib.h>

enum { WORD_BITS = 64 };

static size_t words(const struct lazy *lazy)
{
	return lazy->block.len / ((size_t)lazy->page * WORD_BITS) + 1;
}

bool lazy_new(struct lazy *out, uint32_t n, uint32_t size, enum block_page page)
{
	out->page = page;
	out->size = size;
	if (!block_new_lazy(&out->block, (size_t)n * size, page))
		return false;
	out->touched = calloc(words(out), sizeof(*out->touched));
	return out->touched != NULL;
}

void lazy_free(struct lazy *lazy)
{
	block_free(&lazy->block);
	free(lazy->touched);
}

void lazy_touch(struct lazy *lazy, uint32_t i)
{
	uint32_t page = i / ((uint32_t)lazy->page / lazy->size);
	uint64_t bit = UINT64_C(1) << page % WORD_BITS;

	if (!(atomic_fetch_or_explicit(&lazy->touched[page / WORD_BITS], bit,
				       memory_order_relaxed) &
	      bit))
		atomic_fetch_add_explicit(&lazy->pages, 1, memory_order_relaxed);
}

/* The last page may be longer than the array. */
size_t lazy_bytes(const struct lazy *lazy)
{
	size_t touched =
		atomic_load_explicit(&lazy->pages, memory_order_relaxed) * (size_t)lazy->page;

	return (touched < lazy->block.len ? touched : lazy->block.len) +
	       words(lazy) * sizeof(*lazy->touched);
}
