/* SPDX-License-Identifier: BSD-3-Clause */
#include "nonce.h"
#include "stages.h"

static void op_prepare(const struct path_core *core, const struct core_record *rec,
		       const struct aead_info *info, struct aead_op *op)
{
	const struct store *store = core->cfg.store;
	uint8_t *body = rte_pktmbuf_mtod_offset(rec->m, uint8_t *, rec->body_off);

	op->src = op->dst = body + info->explicit_len;
	op->key = store_rx_key(store, rec->ref.slot, rec->aead);
	op->len = rec->plain_len;
	op->aad_len = RECORD_AAD_LEN;
	op->ok = false;
	store_rx_iv(store, rec->ref.slot, rec->aead, op->nonce);
	if (info->explicit_len != 0)
		nonce_explicit(op->nonce, body);
	else
		nonce_implicit(op->nonce, UINT64_C(1) << 48 | rec->seq);
	record_aad(op->aad, rec->type, 1, rec->seq, rec->plain_len);
}

void open_run(struct path_core *core)
{
	unsigned n_of[AEAD_N] = { 0 }, at[AEAD_N], start[AEAD_N], n = 0;

	for (unsigned i = 0; i < core->n_records; i++)
		n_of[core->records[i].aead]++;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		start[alg] = at[alg] = n;
		n += n_of[alg];
	}
	for (unsigned i = 0; i < core->n_records; i++) {
		struct core_record *rec = &core->records[i];

		rec->op = &core->ops[at[rec->aead]++];
		op_prepare(core, rec, aead_info(rec->aead), rec->op);
	}
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		if (n_of[alg] == 0)
			continue;
		aead_open(core->cfg.aead, alg, &core->ops[start[alg]], n_of[alg]);
		CORE_STAT(core, aead_calls, 1);
		CORE_STAT(core, aead_ops, n_of[alg]);
	}
}
