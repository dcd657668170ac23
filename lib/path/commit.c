/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

/* Counted where only failures look, so that a genuine record does not pay for it. The session stays
 * open whatever the count: docs/decisions/forged-records.md. */
static __attribute__((cold)) void forged(struct path_core *core, const struct core_record *rec)
{
	core->cfg.store->cold[rec->ref.slot].failed_opens++;
	throttle_forged(&core->throttle, core->now_ns, rec->ref);
}

static inline enum status commit(struct path_core *core, struct core_record *rec)
{
	if (unlikely(!rec->op->ok)) {
		forged(core, rec);
		return STATUS_RECORD_TAG;
	}
	commit_genuine(core, rec);
	if (session_class_has_cid(rec->class) &&
	    unlikely(!commit_take_inner(rec) || rec->type == RECORD_ACK))
		return STATUS_RECORD_TYPE;
	return commit_number(core, rec);
}

void commit_run(struct path_core *core)
{
	unsigned n = core->n_records, kept = 0;

	for (unsigned i = 0; i < n; i++) {
		struct core_record *rec = &core->records[i];

		commit_settle(core, rec, commit(core, rec), core->records, &kept);
	}
	CORE_STAT(core, records_opened, kept);
	core->n_records = kept;
}
