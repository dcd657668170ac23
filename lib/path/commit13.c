/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

/* Counted under each key (RFC 9147 §4.5.3). What is done about it, and why no count closes the
 * session: docs/decisions/forged-records.md. */
static __attribute__((cold)) void forged(struct path_core *core, const struct core_record *rec)
{
	struct session_cold *cold = &core->cfg.store->cold[rec->ref.slot];

	if (!rec->old)
		rekey_forged(core, rec->ref, ++core->cfg.store->read13[rec->ref.slot].failed_opens);
	else if (cold->failed_opens < UINT32_MAX)
		cold->failed_opens++;
	throttle_forged(&core->throttle, core->now_ns, rec->ref);
}

static inline enum status commit(struct path_core *core, struct core_record *rec)
{
	enum status s;

	if (unlikely(!rec->op->ok)) {
		forged(core, rec);
		return STATUS_RECORD_TAG;
	}
	if (unlikely(!commit_take_inner(rec)))
		return STATUS_RECORD_TYPE;
	s = commit_number(core, rec);
	if (unlikely(s != STATUS_OK))
		return s; /* a replay proves nothing */
	commit_genuine(core, rec);
	if (unlikely(rec->old || rec->hot->rx_old == SESSION_OLD_NEEDED))
		rekey_opened(core, rec);
	return STATUS_OK;
}

void commit13_run(struct path_core *core)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < core->n_records13; i++) {
		struct core_record *rec = &core->records13[i];

		commit_settle(core, rec, commit(core, rec), core->records13, &kept);
	}
	CORE_STAT(core, records_opened, kept);
	core->n_records13 = kept;
}
