/* SPDX-License-Identifier: BSD-3-Clause */
#include "backlog.h"

#include <stdlib.h>
#include <string.h>

bool backlog_init(struct backlog *b)
{
	*b = (struct backlog){ .ring = malloc(BACKLOG_MAX * sizeof(*b->ring)) };
	return b->ring != NULL;
}

void backlog_free(struct backlog *b)
{
	free(b->ring);
	*b = (struct backlog){ 0 };
}

bool backlog_put(struct backlog *b, const struct load_buffer *from)
{
	struct backlog_datagram *d;

	if (b->n == BACKLOG_MAX || from->len > sizeof(d->bytes))
		return false;
	/* From the beginning again where possible: those lines are in cache. */
	if (b->n == 0)
		b->first = 0;
	d = &b->ring[(b->first + b->n++) % BACKLOG_MAX];
	d->device = from->device;
	d->len = from->len;
	memcpy(d->bytes, from->data, from->len);
	return true;
}

const struct backlog_datagram *backlog_take(struct backlog *b)
{
	const struct backlog_datagram *d = &b->ring[b->first];

	if (b->n == 0)
		return NULL;
	b->first = (b->first + 1) % BACKLOG_MAX;
	b->n--;
	return d;
}
