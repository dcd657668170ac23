/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

static bool throttled(struct path_core *core, const struct core_record *rec)
{
	return !throttle_allows(&core->throttle, core->now_ns, rec->ref, throttle_source(rec),
				rec->seq <= replay_newest(rec->hot) + THROTTLE_AHEAD);
}

/* A session that the table named is gone only when this very burst closed it. */
static inline enum status check(struct path_core *core, const struct store *store,
				struct core_record *rec, bool throttling)
{
	enum status s = STATUS_OK;

	rec->hot = store_hot(store, rec->ref);
	if (rec->hot == NULL)
		return STATUS_RECORD_AFTER_CLOSE;
	if (unlikely(!replay_is_newer(rec->hot, rec->seq)))
		s = replay_check(rec->hot, store_wide(store, rec->ref.slot), store->replay_window,
				 rec->seq);
	if (s == STATUS_OK && unlikely(throttling) && throttled(core, rec))
		s = STATUS_RECORD_THROTTLED;
	return s;
}

void check_run(struct path_core *core)
{
	bool throttling = throttle_active(&core->throttle, core->now_ns);
	const struct store *store = core->cfg.store;
	unsigned n = core->n_records, kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct core_record *rec = &core->records[i];
		enum status s = check(core, store, rec, throttling);

		if (unlikely(s != STATUS_OK))
			core_lose(core, rec, s);
		else if (unlikely(kept++ != i))
			core->records[kept - 1] = *rec;
	}
	core->n_records = kept;
}
