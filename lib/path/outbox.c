/* SPDX-License-Identifier: BSD-3-Clause */
#include "outbox.h"

static bool is_refusal(struct rte_mbuf *m)
{
	return msg_of(m)->kind == MSG_INSTALLED && rte_pktmbuf_data_len(m) != 0;
}

static void keep(struct outbox *o, struct rte_mbuf *m)
{
	if (o->kept == NULL)
		o->kept_end = &o->kept;
	*o->kept_end = m;
	o->kept_end = &m->next; /* NULL: no message has segments */
}

/* There are no more of them than there were handshakes, and none while its ring has room. */
static void flush_kept(struct outbox *o)
{
	while (o->kept != NULL) {
		struct rte_mbuf *m = o->kept, *next = m->next;

		m->next = NULL;
		if (rte_ring_sp_enqueue(o->ring, m) != 0) {
			m->next = next;
			return;
		}
		o->kept = next;
	}
}

void outbox_flush(struct outbox *o, struct status_counts *counts)
{
	unsigned sent = 0;

	flush_kept(o);
	if (o->n == 0)
		return;
	if (o->ring != NULL)
		sent = rte_ring_sp_enqueue_burst(o->ring, (void **)o->m, o->n, NULL);
	for (unsigned i = sent; i < o->n; i++) {
		if (o->ring != NULL && is_refusal(o->m[i])) {
			keep(o, o->m[i]);
			continue;
		}
		status_add(counts, STATUS_RING_FULL, 1);
		rte_pktmbuf_free(o->m[i]);
	}
	o->n = 0;
}

void outbox_put_all(struct outbox *o, struct status_counts *counts, struct rte_mbuf *const *m,
		    unsigned n)
{
	for (unsigned i = 0, some; i < n; i += some) {
		if (o->n == OUTBOX_MAX)
			outbox_flush(o, counts);
		some = RTE_MIN(n - i, OUTBOX_MAX - o->n);
		for (unsigned k = 0; k < some; k++)
			o->m[o->n + k] = m[i + k];
		o->n += some;
	}
}

void outbox_clear(struct outbox *o)
{
	rte_pktmbuf_free_bulk(o->m, o->n);
	o->n = 0;
	while (o->kept != NULL) {
		struct rte_mbuf *m = o->kept;

		o->kept = m->next;
		m->next = NULL;
		rte_pktmbuf_free(m);
	}
}
