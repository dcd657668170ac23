/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_memory.h"

#include <stdlib.h>

struct handshake_memory_block {
	size_t len;
	max_align_t bytes[];
};

void *handshake_memory_alloc(void *arg, size_t len)
{
	struct handshake_memory *m = arg;
	struct handshake_memory_block *b;

	if (len == m->size && m->n > 0)
		return m->kept[--m->n]->bytes;
	b = malloc(sizeof(*b) + len);
	if (b == NULL)
		return NULL;
	if (m->size == 0)
		m->size = len;
	b->len = len;
	return b->bytes;
}

void handshake_memory_release(void *arg, void *p)
{
	struct handshake_memory *m = arg;
	struct handshake_memory_block *b;

	b = (struct handshake_memory_block *)((char *)p -
					      offsetof(struct handshake_memory_block, bytes));
	if (b->len == m->size && m->n < HANDSHAKE_MEMORY_KEPT)
		m->kept[m->n++] = b;
	else
		free(b);
}

void handshake_memory_free(struct handshake_memory *m)
{
	while (m->n > 0)
		free(m->kept[--m->n]);
}
