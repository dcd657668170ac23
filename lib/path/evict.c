/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

/* Of a turn: what waits in the port's queues must not overflow meanwhile, nor may they. */
enum { EVICT_MAX = 32 };
_Static_assert((int)EVICT_MAX <= (int)CORE_RECORDS_MAX, "one round of seals");

/* The alert that says why, for seal. Without memory the session ends all the same. */
static void say_why(struct path_core *core, const struct path_eviction *e)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(core->cfg.pool);
	struct wr w;

	if (m == NULL) {
		core_count(core, STATUS_NO_MBUF);
		return;
	}
	*msg_of(m) = (struct msg){ .kind = MSG_SEAL,
				   .type = RECORD_ALERT,
				   .ref = e->ref,
				   .hop = { .port_id = MSG_COLD_HOP } };
	w = wr_of(rte_pktmbuf_append(m, 2), 2);
	wr_u8(&w, ALERT_FATAL);
	wr_u8(&w, e->alert);
	seal_add(core, m);
}

/* One writer: another core's sessions are not this core's to close. */
static bool is_ours(const struct path_core *core, const struct path_eviction *e)
{
	const struct store *store = core->cfg.store;

	return store_live(store, e->ref) && store->cold[e->ref.slot].owner == core->cfg.index;
}

void evict_run(struct path_core *core)
{
	struct path_eviction e[EVICT_MAX];
	size_t n = evict_take(&core->evictions, e, EVICT_MAX);

	if (likely(n == 0))
		return;
	for (size_t i = 0; i < n; i++)
		if (is_ours(core, &e[i]))
			say_why(core, &e[i]);
	seal_run(core); /* while the keys exist; replies that waited go first */
	for (size_t i = 0; i < n; i++)
		if (is_ours(core, &e[i]))
			core_retire(core, e[i].ref, (enum status)e[i].why);
}

size_t path_evict(struct path_core *core, const struct path_eviction *e, size_t n)
{
	return evict_put(&core->evictions, e, n);
}
