/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_memory.h"

#include <stdlib.h>

struct handshake_memory_block {
	size_t len;
	max_align_t bytes[];
};

/* Where blocks of a length are kept; NULL: they are not. */
static struct handshake_memory_kept *kept_of(struct handshake_memory *m, size_t len)
{
	for (unsigned i = 0; i < HANDSHAKE_SIZES; i++)
		if (handshake_sizes[i] == len)
			return &m->kept[i];
	return NULL;
}

void *handshake_memory_alloc(void *arg, size_t len)
{
	struct handshake_memory_kept *kept = kept_of(arg, len);
	struct handshake_memory_block *b;

	if (kept != NULL && kept->n > 0)
		return kept->blocks[--kept->n]->bytes;
	b = kept != NULL ? calloc(1, sizeof(*b) + len) : malloc(sizeof(*b) + len);
	if (b == NULL)
		return NULL;
	b->len = len;
	return b->bytes;
}

void handshake_memory_release(void *arg, void *p)
{
	struct handshake_memory_block *b;
	struct handshake_memory_kept *kept;

	b = (struct handshake_memory_block *)((char *)p -
					      offsetof(struct handshake_memory_block, bytes));
	kept = kept_of(arg, b->len);
	if (kept != NULL && kept->n < HANDSHAKE_MEMORY_KEPT)
		kept->blocks[kept->n++] = b;
	else
		free(b);
}

void handshake_memory_free(struct handshake_memory *m)
{
	for (unsigned i = 0; i < HANDSHAKE_SIZES; i++)
		while (m->kept[i].n > 0)
			free(m->kept[i].blocks[--m->kept[i].n]);
}
