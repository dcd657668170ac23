/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

static inline void prepare(struct path_core *core, struct core_record *rec)
{
	const struct session_hot *hot = rec->hot;
	const struct core_keys keys = { store_rx_key(core->cfg.store, rec->ref.slot, rec->aead),
					hot->rx_salt, hot->rx_key };
	unsigned explicit_len = aead_info(rec->aead)->explicit_len;
	uint64_t nonce = explicit_len != 0 ? bytes_u64(rec->body) : UINT64_C(1) << 48 | rec->seq;

	rec->body += explicit_len;
	rec->op = core_ops_add(core, rec->aead);
	core_op_fill(rec->op, rec->aead, keys, nonce, rec->type, rec->seq, rec->body,
		     rec->plain_len);
}

void open_run(struct path_core *core)
{
	for (unsigned i = 0; i < core->n_records; i++)
		prepare(core, &core->records[i]);
	core_ops_run(core, aead_open);
}
