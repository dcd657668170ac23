/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

enum { SWEEP_MAX = 64 };

/*
 * Every slot is looked at CORE_IDLE_SWEEPS times within a session's timeout, evenly over time, so a
 * call has a slot or two to look at. A session that received nothing between that many looks is
 * idle: between one timeout and an eighth more.
 */
void sweep_run(struct path_core *core)
{
	struct session_ref idle[SWEEP_MAX];
	uint64_t pass_ns = core->cfg.session_timeout_ns / CORE_IDLE_SWEEPS;
	uint64_t slot_ns = pass_ns / core->cfg.store->n_slots;
	uint64_t due;
	size_t n;

	if (core->cfg.session_timeout_ns == 0)
		return;
	if (slot_ns == 0)
		slot_ns = 1;
	/* A core that was away does not make up for more than one pass. */
	if (core->now_ns - core->swept_ns > pass_ns)
		core->swept_ns = core->now_ns - pass_ns;
	due = (core->now_ns - core->swept_ns) / slot_ns;
	if (due == 0)
		return;
	if (due > SWEEP_MAX)
		due = SWEEP_MAX;
	core->swept_ns += due * slot_ns;
	n = store_sweep(core->cfg.store, core->cfg.index, &core->sweep_cursor, due,
			CORE_IDLE_SWEEPS, idle);
	for (size_t i = 0; i < n; i++)
		core_retire(core, idle[i], STATUS_SESSION_IDLE);
}
