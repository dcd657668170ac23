/* SPDX-License-Identifier: BSD-3-Clause */
#include "epoch.h"
#include "stages.h"

static inline const uint8_t *sn_key(const struct store *store, const struct core_record *rec)
{
	const enum aead_alg alg = session_class_alg(rec->class);

	return rec->old ? store_old_sn_key(store, rec->ref.slot, alg)
			: store_rx_sn_key(store, rec->ref.slot, alg);
}

/* Records of sessions that are still there, and the masks of their numbers. */
static void unmask(struct path_core *core)
{
	const struct store *store = core->cfg.store;
	unsigned kept = 0;

	for (unsigned i = 0; i < core->n_records13; i++) {
		struct core_record *rec = &core->records13[i];
		const enum aead_alg alg = session_class_alg(rec->class);

		rec->hot = rec->old ? epoch_old(store, rec->ref) : store_hot(store, rec->ref);
		if (unlikely(rec->hot == NULL)) {
			core_lose(core, rec, STATUS_RECORD_AFTER_CLOSE);
			continue;
		}
		rec->mask = core_masks_add(core, alg, sn_key(store, rec), rec->body);
		if (unlikely(kept++ != i))
			core->records13[kept - 1] = *rec;
	}
	core->n_records13 = kept;
	core_masks_run(core);
}

/* Its number, and its operation. */
static inline void prepare(struct path_core *core, const struct store *store,
			   struct core_record *rec)
{
	const struct session_hot *hot = rec->hot;
	const struct core_keys13 keys = { hot->rx13.key,
					  rec->old ? hot->old_iv
						   : store->read13[rec->ref.slot].rx_iv };
	const uint8_t *header = rec->body - rec->header_len, *mask = rec->mask->mask;
	struct aead_op *op = core_ops_add13(core, session_class_alg(rec->class));

	rec->seq = record13_unmask(header, rec->header_len, mask, replay_newest(hot) + 1, op->aad);
	if (unlikely(rec->header_len > RECORD_AAD_LEN))
		core->ops[session_class_alg(rec->class)].wide = true;
	core_op_fill13(op, keys, rec->seq, rec->body, rec->plain_len, rec->header_len);
	rec->op = op;
}

/*
 * Whether a record is tried while somebody forges. Whoever does not know the keys cannot choose a
 * number, only have one made at random of the fragment: of 65,536, those that a live peer would use
 * next or that are missing are plausible. Of numbers of 8 bits every other would be: none is.
 * (Here, and for suspects only, numbers seen are looked for before the tag.)
 */
static bool throttled(struct path_core *core, const struct core_record *rec)
{
	const struct store *store = core->cfg.store;
	bool plausible = (rec->body[-(int)rec->header_len] & RECORD13_SEQ16) != 0 &&
			 rec->seq <= replay_newest(rec->hot) + THROTTLE_AHEAD &&
			 replay_check(rec->hot, core_wide(store, rec), core_window(store, rec),
				      rec->seq) == STATUS_OK;

	return !throttle_allows(&core->throttle, core->now_ns, rec->ref,
				msg_of(rec->m)->flow.remote_ip, plausible);
}

static void prepare_all(struct path_core *core)
{
	const bool throttling = throttle_active(&core->throttle, core->now_ns);
	const struct store *store = core->cfg.store;
	unsigned kept = 0;

	for (unsigned i = 0; i < core->n_records13; i++) {
		struct core_record *rec = &core->records13[i];

		prepare(core, store, rec);
		if (unlikely(throttling) && throttled(core, rec)) {
			core_ops_drop(core, session_class_alg(rec->class));
			core_lose(core, rec, STATUS_RECORD_THROTTLED);
			continue;
		}
		if (unlikely(kept++ != i))
			core->records13[kept - 1] = *rec;
	}
	core->n_records13 = kept;
}

void open13_run(struct path_core *core)
{
	unmask(core);
	prepare_all(core);
	core_ops_run(core, aead_open);
}
