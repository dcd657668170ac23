/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

static inline struct core_keys keys_of(const struct store *store, const struct core_record *rec,
				       const struct core_alg *alg)
{
	return (struct core_keys){ store_rx_key(store, rec->ref.slot, alg->alg), rec->hot->rx_salt,
				   rec->hot->rx_key };
}

/* What a record's nonce is made from; body is moved on to the ciphertext. */
static inline uint64_t take_nonce(struct core_record *rec, const struct core_alg *alg)
{
	uint64_t nonce =
		alg->explicit_len != 0 ? bytes_u64(rec->body) : UINT64_C(1) << 48 | rec->seq;

	rec->body += alg->explicit_len;
	return nonce;
}

static inline void prepare(const struct store *store, struct core_record *rec,
			   const struct core_alg *alg, struct aead_op *op)
{
	const uint64_t nonce = take_nonce(rec, alg);

	rec->op = op;
	core_op_fill(op, alg, keys_of(store, rec, alg), nonce, rec->type, rec->seq, rec->body,
		     rec->plain_len);
}

/* The connection ID stands in front of the length that the header ends with. */
static inline struct rd cid_of(const struct path_core *core, const struct core_record *rec)
{
	return rd_of(rec->body - sizeof(uint16_t) - core->cid_len, core->cid_len);
}

static inline void prepare_cid(struct path_core *core, struct core_record *rec,
			       const struct core_alg *alg)
{
	const struct rd cid = cid_of(core, rec);
	const uint64_t nonce = take_nonce(rec, alg);

	rec->op = core_ops_add(core, alg->alg);
	core_op_fill_cid(&core->ops[alg->alg], rec->op, alg, keys_of(core->cfg.store, rec, alg),
			 nonce, rec->seq, cid, rec->body, rec->plain_len);
}

static void open_long_cid(struct path_core *core, struct core_record *rec,
			  const struct core_alg *alg)
{
	uint8_t aad[RECORD_AAD_CID_MAX];
	const struct rd cid = cid_of(core, rec);
	const size_t aad_len =
		record_cid_aad(aad, 1, rec->seq, cid.p, rd_len(&cid), rec->plain_len);
	const uint64_t nonce = take_nonce(rec, alg);

	rec->op = &core->long_op[core->n_long++];
	core_op_start(rec->op, alg, keys_of(core->cfg.store, rec, alg), nonce, rec->body,
		      rec->plain_len);
	aead_open_long(core->cfg.aead, alg->alg, rec->op, rd_of(aad, aad_len));
}

/* Records of one class, up to the first that has another; returns how many. */
static unsigned prepare_cids(struct path_core *core, struct core_record *records, unsigned n)
{
	const uint8_t class = records->class;
	const struct core_alg alg = core_alg_of(session_class_alg(class));
	unsigned i;

	for (i = 0; i < n && records[i].class == class; i++) {
		if (likely(core_op_cid_fits(core->cid_len)))
			prepare_cid(core, &records[i], &alg);
		else
			open_long_cid(core, &records[i], &alg);
	}
	return i;
}

static unsigned prepare_some(struct path_core *core, struct core_record *records, unsigned n)
{
	const uint8_t class = records->class;
	const struct core_alg alg = core_alg_of(session_class_alg(class));
	const struct store *store = core->cfg.store;
	struct core_ops *ops = &core->ops[alg.alg];
	struct aead_op *op = &ops->op[ops->n];
	unsigned i;

	for (i = 0; i < n && records[i].class == class; i++)
		prepare(store, &records[i], &alg, &op[i]);
	ops->n += i;
	return i;
}

void open_run(struct path_core *core)
{
	core->n_long = 0;
	for (unsigned i = 0; i < core->n_records;) {
		struct core_record *some = &core->records[i];

		i += session_class_has_cid(some->class)
			     ? prepare_cids(core, some, core->n_records - i)
			     : prepare_some(core, some, core->n_records - i);
	}
	core_ops_run(core, aead_open);
}
