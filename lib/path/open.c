/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

static inline void prepare(struct path_core *core, struct core_record *rec, enum aead_alg alg,
			   struct aead_op *op)
{
	const struct session_hot *hot = rec->hot;
	const struct core_keys keys = { store_rx_key(core->cfg.store, rec->ref.slot, alg),
					hot->rx_salt, hot->rx_key };
	unsigned explicit_len = aead_info(alg)->explicit_len;
	uint64_t nonce = explicit_len != 0 ? bytes_u64(rec->body) : UINT64_C(1) << 48 | rec->seq;

	rec->body += explicit_len;
	rec->op = op;
	core_op_fill(op, alg, keys, nonce, rec->type, rec->seq, rec->body, rec->plain_len);
}

/* Records of one algorithm, up to the first that has another; returns how many. */
static unsigned prepare_some(struct path_core *core, struct core_record *records, unsigned n)
{
	const enum aead_alg alg = (enum aead_alg)records->class; /* DTLS 1.2: nothing else in it */
	struct core_ops *ops = &core->ops[alg];
	struct aead_op *op = &ops->op[ops->n];
	unsigned i;

	for (i = 0; i < n && records[i].class == alg; i++)
		prepare(core, &records[i], alg, &op[i]);
	ops->n += i;
	return i;
}

void open_run(struct path_core *core)
{
	for (unsigned i = 0; i < core->n_records;)
		i += prepare_some(core, &core->records[i], core->n_records - i);
	core_ops_run(core, aead_open);
}
