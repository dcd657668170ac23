/* SPDX-License-Identifier: BSD-3-Clause */
#include "outbox.h"

void outbox_put(struct outbox *o, struct status_counts *counts, struct rte_mbuf *m)
{
	/* A flush leaves at most OUTBOX_KEEP_MAX behind, so there is room after it. */
	if (o->n == OUTBOX_MAX)
		outbox_flush(o, counts);
	o->m[o->n++] = m;
}

void outbox_flush(struct outbox *o, struct status_counts *counts)
{
	unsigned kept = 0, sent = 0;

	if (o->n == 0)
		return;
	if (o->ring != NULL)
		sent = rte_ring_sp_enqueue_burst(o->ring, (void **)o->m, o->n, NULL);
	for (unsigned i = sent; i < o->n; i++) {
		struct rte_mbuf *m = o->m[i];

		if (o->ring != NULL && msg_of(m)->kind == MSG_INSTALLED && kept < OUTBOX_KEEP_MAX) {
			o->m[kept++] = m;
			continue;
		}
		status_add(counts, STATUS_RING_FULL, 1);
		rte_pktmbuf_free(m);
	}
	o->n = kept;
}

void outbox_clear(struct outbox *o)
{
	rte_pktmbuf_free_bulk(o->m, o->n);
	o->n = 0;
}
