/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

static bool throttled(struct path_core *core, const struct core_record *rec)
{
	const struct session_hot *hot = &core->cfg.store->hot[rec->ref.slot];
	uint64_t newest = replay_newest(hot);

	return !throttle_allows(&core->throttle, core->now_ns, rec->ref,
				msg_of(rec->m)->flow.remote_ip,
				rec->seq <= newest + THROTTLE_AHEAD);
}

/* A session that the table named is gone only when this very burst closed it. */
static enum status check(struct path_core *core, const struct core_record *rec, bool throttling)
{
	const struct store *store = core->cfg.store;
	enum status s;

	if (!store_live(store, rec->ref))
		return STATUS_RECORD_AFTER_CLOSE;
	s = replay_check(&store->hot[rec->ref.slot], store_wide(store, rec->ref.slot),
			 store->replay_window, rec->seq);
	if (s == STATUS_OK && throttling && throttled(core, rec))
		s = STATUS_RECORD_THROTTLED;
	return s;
}

void check_run(struct path_core *core)
{
	bool throttling = throttle_active(&core->throttle, core->now_ns);
	unsigned kept = 0;

	for (unsigned i = 0; i < core->n_records; i++) {
		struct core_record *rec = &core->records[i];
		enum status s = check(core, rec, throttling);

		if (s != STATUS_OK)
			core_lose(core, rec, s);
		else if (kept++ != i)
			core->records[kept - 1] = *rec;
	}
	core->n_records = kept;
}
