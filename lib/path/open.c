/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

static inline void prepare(const struct store *store, struct core_record *rec,
			   const struct core_alg *alg, struct aead_op *op)
{
	const struct session_hot *hot = rec->hot;
	const struct core_keys keys = { store_rx_key(store, rec->ref.slot, alg->alg), hot->rx_salt,
					hot->rx_key };
	uint64_t nonce =
		alg->explicit_len != 0 ? bytes_u64(rec->body) : UINT64_C(1) << 48 | rec->seq;

	rec->body += alg->explicit_len;
	rec->op = op;
	core_op_fill(op, alg, keys, nonce, rec->type, rec->seq, rec->body, rec->plain_len);
}

/* Records of one algorithm, up to the first that has another; returns how many. */
static unsigned prepare_some(struct path_core *core, struct core_record *records, unsigned n)
{
	const struct core_alg alg = core_alg_of((enum aead_alg)records->class);
	const struct store *store = core->cfg.store;
	struct core_ops *ops = &core->ops[alg.alg];
	struct aead_op *op = &ops->op[ops->n];
	unsigned i;

	for (i = 0; i < n && records[i].class == alg.alg; i++)
		prepare(store, &records[i], &alg, &op[i]);
	ops->n += i;
	return i;
}

void open_run(struct path_core *core)
{
	for (unsigned i = 0; i < core->n_records;)
		i += prepare_some(core, &core->records[i], core->n_records - i);
	core_ops_run(core, aead_open);
}
