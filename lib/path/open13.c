/* SPDX-License-Identifier: BSD-3-Clause */
#include "epoch.h"
#include "stages.h"

/* Records of sessions that are still there. */
static void drop_gone(struct path_core *core)
{
	const struct store *store = core->cfg.store;
	unsigned kept = 0;

	for (unsigned i = 0; i < core->n_records13; i++) {
		struct core_record *rec = &core->records13[i];

		rec->hot = rec->old ? epoch_old(store, rec->ref) : store_hot(store, rec->ref);
		if (unlikely(rec->hot == NULL))
			core_lose(core, rec, STATUS_RECORD_AFTER_CLOSE);
		else if (unlikely(kept++ != i))
			core->records13[kept - 1] = *rec;
	}
	core->n_records13 = kept;
}

static inline const uint8_t *sn_key(const struct store *store, const struct core_record *rec,
				    enum aead_alg alg)
{
	if (unlikely(rec->old))
		return store_old_sn_key(store, rec->ref.slot, alg);
	return session_key_overflows(alg) ? store->overflow[rec->ref.slot].rx_key
					  : rec->hot->rx13.sn_key;
}

/* What the masks are made of: of records of one class, up to the first that has another; returns
 * how many. */
static unsigned mask_some(struct path_core *core, struct core_record *records, unsigned n)
{
	const struct store *store = core->cfg.store;
	const uint8_t class = records->class;
	const enum aead_alg alg = session_class_alg(class);
	struct core_masks *masks = &core->masks[alg];
	struct aead_mask_op *op = &masks->op[masks->n];
	unsigned i;

	for (i = 0; i < n && records[i].class == class; i++) {
		op[i].key = sn_key(store, &records[i], alg);
		op[i].sample = records[i].body;
		records[i].mask = &op[i];
	}
	masks->n += i;
	return i;
}

static void unmask(struct path_core *core)
{
	for (unsigned i = 0; i < core->n_records13;)
		i += mask_some(core, &core->records13[i], core->n_records13 - i);
	core_masks_run(core);
}

/* Its number, and its operation. */
static inline void prepare(const struct store *store, struct core_record *rec, struct aead_op *op)
{
	const struct session_hot *hot = rec->hot;
	const struct core_keys13 keys = { hot->rx13.key,
					  rec->old ? hot->old_iv
						   : store->read13[rec->ref.slot].rx_iv };
	const uint8_t *header = rec->body - rec->header_len, *mask = rec->mask->mask;

	bytes_put_raw64(op->aad, 0);
	bytes_put_raw64(op->aad + 8, 0);
	rec->seq = record13_unmask(header, rec->header_len, mask, replay_newest(hot) + 1, op->aad);
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

	return !throttle_allows(&core->throttle, core->now_ns, rec->ref, throttle_source(rec),
				plausible);
}

/* Operations of records of one class, up to the first that has another; returns how many. Those
 * that are tried go to the front, behind *kept. */
static unsigned prepare_some(struct path_core *core, struct core_record *records, unsigned n,
			     unsigned *kept)
{
	const bool throttling = throttle_active(&core->throttle, core->now_ns);
	const struct store *store = core->cfg.store;
	const uint8_t class = records->class;
	const enum aead_alg alg = session_class_alg(class);
	struct core_ops *ops = &core->ops[alg];
	unsigned i;

	for (i = 0; i < n && records[i].class == class; i++) {
		struct core_record *rec = &records[i], *to = &core->records13[*kept];

		prepare(store, rec, core_ops_add(core, alg));
		if (unlikely(rec->header_len > RECORD_AAD_LEN))
			ops->wide = true;
		if (unlikely(throttling) && throttled(core, rec)) {
			core_ops_drop(core, alg);
			core_lose(core, rec, STATUS_RECORD_THROTTLED);
			continue;
		}
		++*kept;
		if (unlikely(to != rec))
			*to = *rec;
	}
	return i;
}

static void prepare_all(struct path_core *core)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < core->n_records13;)
		i += prepare_some(core, &core->records13[i], core->n_records13 - i, &kept);
	core->n_records13 = kept;
}

void open13_run(struct path_core *core)
{
	drop_gone(core);
	unmask(core);
	prepare_all(core);
	core_ops_run(core, aead_open);
}
