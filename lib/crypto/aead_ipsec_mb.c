/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AEAD by ipsec-mb. GCM and ChaCha20-Poly1305 go record by record through its direct calls, which
 * fill the vector unit with the blocks of one record; CCM, a chain of blocks, goes through its job
 * manager, which fills it with records.
 *
 * ipsec-mb computes tags and leaves the verdict to us.
 *
 * Constant time: our own code branches and indexes on lengths, pointers and the verdict, all of
 * which the network can see anyway; the one comparison of secret bytes is secret_equal. AES-NI,
 * carry-less multiplication and vector code without tables do the rest, except on a CPU without
 * AES-NI, which mb_manager_new refuses. (valgrind-style taint checks do not work here: 3.19 dies
 * on the AVX-512 instructions.)
 */
#include "aead_engine.h"
#include "locked.h"
#include "mb_manager.h"
#include "secret.h"

#include <errno.h>

enum { CCM_BATCH = 64, CCM_WIDE_LANES = 16, CCM_WIDE_LEN = 600 };

/* GCM: the wide one multiplies 48 powers of H out for every key, a narrow one 8: it takes a record
 * of some length to win that back. */
enum { GCM_NARROW_LEN = 192 };

struct ccm_keys {
	uint32_t enc[11 * 4] __attribute__((aligned(16)));
};

enum { ROUND_KEYS_MAX_LEN = 15 * 16 };

struct aead_ipsec_mb {
	struct aead base;
	IMB_MGR *mgr;
	IMB_MGR *narrow;
	/* Its header aligns this type only where LINUX is defined. */
	struct gcm_key_data gcm_key __attribute__((aligned(64)));
	struct gcm_context_data gcm_ctx;
	struct chacha20_poly1305_context_data chacha_ctx;
	union {
		struct ccm_keys ccm_keys[CCM_BATCH];
		uint8_t mask_keys[ROUND_KEYS_MAX_LEN];
	};
	uint8_t unused_dec[ROUND_KEYS_MAX_LEN] __attribute__((aligned(16)));
	uint8_t tags[CCM_BATCH][AEAD_TAG_MAX];
};

static void gcm_128(struct aead_ipsec_mb *m, IMB_MGR *mgr, enum aead_direction direction,
		    const struct aead_op *op, uint8_t *tag)
{
	if (direction == AEAD_SEAL)
		IMB_AES128_GCM_ENC(mgr, &m->gcm_key, &m->gcm_ctx, op->dst, op->src, op->len,
				   op->nonce, op->aad, op->aad_len, tag, AEAD_TAG_MAX);
	else
		IMB_AES128_GCM_DEC(mgr, &m->gcm_key, &m->gcm_ctx, op->dst, op->src, op->len,
				   op->nonce, op->aad, op->aad_len, tag, AEAD_TAG_MAX);
}

static void gcm_256(struct aead_ipsec_mb *m, IMB_MGR *mgr, enum aead_direction direction,
		    const struct aead_op *op, uint8_t *tag)
{
	if (direction == AEAD_SEAL)
		IMB_AES256_GCM_ENC(mgr, &m->gcm_key, &m->gcm_ctx, op->dst, op->src, op->len,
				   op->nonce, op->aad, op->aad_len, tag, AEAD_TAG_MAX);
	else
		IMB_AES256_GCM_DEC(mgr, &m->gcm_key, &m->gcm_ctx, op->dst, op->src, op->len,
				   op->nonce, op->aad, op->aad_len, tag, AEAD_TAG_MAX);
}

static void chacha(struct aead_ipsec_mb *m, enum aead_direction direction, const struct aead_op *op,
		   uint8_t *tag)
{
	struct chacha20_poly1305_context_data *ctx = &m->chacha_ctx;

	IMB_CHACHA20_POLY1305_INIT(m->mgr, op->key, ctx, op->nonce, op->aad, op->aad_len);
	if (direction == AEAD_SEAL) {
		if (op->len > 0)
			IMB_CHACHA20_POLY1305_ENC_UPDATE(m->mgr, op->key, ctx, op->dst, op->src,
							 op->len);
		IMB_CHACHA20_POLY1305_ENC_FINALIZE(m->mgr, ctx, tag, AEAD_TAG_MAX);
	} else {
		if (op->len > 0)
			IMB_CHACHA20_POLY1305_DEC_UPDATE(m->mgr, op->key, ctx, op->dst, op->src,
							 op->len);
		IMB_CHACHA20_POLY1305_DEC_FINALIZE(m->mgr, ctx, tag, AEAD_TAG_MAX);
	}
}

/* finish: the verdict on a record, or its tag into place. */
static void finish(enum aead_direction direction, struct aead_op *op, const uint8_t *tag,
		   size_t tag_len)
{
	if (direction == AEAD_OPEN) {
		op->ok = secret_equal(tag, op->src + op->len, tag_len);
	} else {
		memcpy(op->dst + op->len, tag, tag_len);
		op->ok = true;
	}
}

static void run_gcm(struct aead_ipsec_mb *m, enum aead_alg alg, enum aead_direction direction,
		    struct aead_op *ops, size_t n)
{
	const uint8_t *expanded = NULL;
	bool expanded_narrow = false;

	for (size_t i = 0; i < n; i++) {
		bool narrow = ops[i].len <= GCM_NARROW_LEN;
		IMB_MGR *mgr = narrow ? m->narrow : m->mgr;
		/* Records of one session often come together. */
		bool known = ops[i].key == expanded && narrow == expanded_narrow;

		expanded = ops[i].key;
		expanded_narrow = narrow;
		if (alg == AEAD_AES_128_GCM) {
			if (!known)
				IMB_AES128_GCM_PRE(mgr, ops[i].key, &m->gcm_key);
			gcm_128(m, mgr, direction, &ops[i], m->tags[0]);
		} else {
			if (!known)
				IMB_AES256_GCM_PRE(mgr, ops[i].key, &m->gcm_key);
			gcm_256(m, mgr, direction, &ops[i], m->tags[0]);
		}
		finish(direction, &ops[i], m->tags[0], AEAD_TAG_MAX);
	}
}

static void run_chacha(struct aead_ipsec_mb *m, enum aead_direction direction, struct aead_op *ops,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		chacha(m, direction, &ops[i], m->tags[0]);
		finish(direction, &ops[i], m->tags[0], AEAD_TAG_MAX);
	}
}

static void fill_ccm(IMB_JOB *job, enum aead_direction direction, const struct aead_op *op,
		     const struct ccm_keys *keys, uint8_t *tag, size_t tag_len)
{
	bool sealing = direction == AEAD_SEAL;

	job->cipher_mode = IMB_CIPHER_CCM;
	job->hash_alg = IMB_AUTH_AES_CCM;
	job->cipher_direction = sealing ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->chain_order = sealing ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	job->enc_keys = keys->enc;
	job->dec_keys = keys->enc; /* CTR mode encrypts both ways */
	job->key_len_in_bytes = IMB_KEY_128_BYTES;
	job->src = op->src;
	job->dst = op->dst;
	job->cipher_start_src_offset_in_bytes = 0;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = op->len;
	job->msg_len_to_hash_in_bytes = op->len;
	job->iv = op->nonce;
	job->iv_len_in_bytes = AEAD_IV_LEN;
	job->u.CCM.aad = op->aad;
	job->u.CCM.aad_len_in_bytes = op->aad_len;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = tag_len;
}

static void finish_ccm(const IMB_JOB *job, enum aead_direction direction)
{
	if (job->status == IMB_STATUS_COMPLETED)
		finish(direction, job->user_data, job->auth_tag_output,
		       job->auth_tag_output_len_in_bytes);
}

/* ccm_manager: the wide one spends more on a job than it saves, unless its lanes are full of long
 * records (bench/bench_aead.c). */
static IMB_MGR *ccm_manager(struct aead_ipsec_mb *m, const struct aead_op *ops, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += ops[i].len;
	return n >= CCM_WIDE_LANES && bytes > n * CCM_WIDE_LEN ? m->mgr : m->narrow;
}

static void run_ccm(struct aead_ipsec_mb *m, enum aead_alg alg, enum aead_direction direction,
		    struct aead_op *ops, size_t n)
{
	size_t tag_len = aead_info(alg)->tag_len;
	IMB_MGR *mgr = ccm_manager(m, ops, n);
	IMB_JOB *job;

	for (size_t i = 0; i < n; i++) {
		ops[i].ok = false;
		IMB_AES_KEYEXP_128(mgr, ops[i].key, m->ccm_keys[i].enc, m->unused_dec);
		job = IMB_GET_NEXT_JOB(mgr);
		fill_ccm(job, direction, &ops[i], &m->ccm_keys[i], m->tags[i], tag_len);
		job->user_data = &ops[i];
		for (job = IMB_SUBMIT_JOB(mgr); job != NULL; job = IMB_GET_COMPLETED_JOB(mgr))
			finish_ccm(job, direction);
	}
	while ((job = IMB_FLUSH_JOB(mgr)) != NULL)
		finish_ccm(job, direction);
}

static void run(struct aead *a, enum aead_alg alg, enum aead_direction direction,
		struct aead_op *ops, size_t n)
{
	struct aead_ipsec_mb *m = (struct aead_ipsec_mb *)a;

	switch (alg) {
	case AEAD_AES_128_GCM:
	case AEAD_AES_256_GCM:
		run_gcm(m, alg, direction, ops, n);
		break;
	case AEAD_AES_128_CCM:
	case AEAD_AES_128_CCM_8:
		for (size_t i = 0; i < n; i += CCM_BATCH)
			run_ccm(m, alg, direction, ops + i, n - i < CCM_BATCH ? n - i : CCM_BATCH);
		break;
	case AEAD_CHACHA20_POLY1305:
		run_chacha(m, direction, ops, n);
		break;
	case AEAD_N:
		break;
	}
}

static void mask_aes(struct aead_ipsec_mb *m, size_t key_len, struct aead_mask_op *op)
{
	IMB_JOB *job;

	if (key_len == IMB_KEY_128_BYTES)
		IMB_AES_KEYEXP_128(m->narrow, op->key, m->mask_keys, m->unused_dec);
	else
		IMB_AES_KEYEXP_256(m->narrow, op->key, m->mask_keys, m->unused_dec);
	job = IMB_GET_NEXT_JOB(m->narrow);
	job->cipher_mode = IMB_CIPHER_ECB;
	job->hash_alg = IMB_AUTH_NULL;
	job->cipher_direction = IMB_DIR_ENCRYPT;
	job->chain_order = IMB_ORDER_CIPHER_HASH;
	job->enc_keys = m->mask_keys;
	job->dec_keys = m->unused_dec;
	job->key_len_in_bytes = key_len;
	job->src = op->sample;
	job->dst = op->mask;
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = AEAD_SAMPLE_LEN;
	job->iv_len_in_bytes = 0;
	if (IMB_SUBMIT_JOB(m->narrow) == NULL)
		(void)IMB_FLUSH_JOB(m->narrow);
}

static void mask(struct aead *a, enum aead_alg alg, struct aead_mask_op *ops, size_t n)
{
	if (alg == AEAD_CHACHA20_POLY1305) {
		aead_mask_chacha20(ops, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		mask_aes((struct aead_ipsec_mb *)a, aead_info(alg)->key_len, &ops[i]);
}

static void ipsec_mb_free(struct aead *a)
{
	struct aead_ipsec_mb *m = (struct aead_ipsec_mb *)a;

	mb_manager_free(m->mgr);
	mb_manager_free(m->narrow);
	locked_free(m, sizeof(*m));
}

static const struct aead_engine_ops ipsec_mb_ops = { .free = ipsec_mb_free,
						     .run = run,
						     .mask = mask };

struct aead *aead_ipsec_mb_new(void)
{
	struct aead_ipsec_mb *m = locked_alloc(sizeof(*m));

	if (m == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	m->mgr = mb_manager_new(MB_WIDEST);
	m->narrow = m->mgr != NULL ? mb_manager_new(MB_NARROW) : NULL;
	if (m->narrow == NULL) {
		int error = errno;

		ipsec_mb_free(&m->base);
		errno = error;
		return NULL;
	}
	m->base = (struct aead){ .ops = &ipsec_mb_ops, .name = mb_manager_arch(m->mgr) };
	return &m->base;
}
