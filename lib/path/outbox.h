/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages on their way to one ring, put there a burst at a time.
 *
 * A full ring drops and counts (STATUS_RING_FULL): nothing ever waits for it. But a refused
 * MSG_INSTALLED is kept for the next flush, because it carries the reference to an identity, which
 * would be lost with it.
 */
#pragma once

#include "msg.h"
#include "status.h"

#include <rte_ring.h>

enum { OUTBOX_MAX = 32 };

struct outbox {
	struct rte_ring *ring; /* single producer: this core */
	unsigned n;
	struct rte_mbuf *m[OUTBOX_MAX];
	struct rte_mbuf *kept, **kept_end; /* refusals, linked by next, eldest first */
};

/* outbox_flush: moves what waits to the ring. Owner core only. */
void outbox_flush(struct outbox *o, struct status_counts *counts);

/* outbox_put: takes a message over. Owner core only. */
static inline void outbox_put(struct outbox *o, struct status_counts *counts, struct rte_mbuf *m)
{
	if (o->n == OUTBOX_MAX)
		outbox_flush(o, counts);
	o->m[o->n++] = m;
}

/* outbox_put_all: the same for n of them. Owner core only. */
void outbox_put_all(struct outbox *o, struct status_counts *counts, struct rte_mbuf *const *m,
		    unsigned n);

/* outbox_clear: frees what waits. */
void outbox_clear(struct outbox *o);
