/* SPDX-License-Identifier: BSD-3-Clause */
#include "ipsec_mb_best.h"

#include "fleet.h"

#include <stdlib.h>
#include <string.h>

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

enum { LINE = 64, GCM_SESSION = 1024, GCM_KEYS = 1008, CCM_SESSION = 192, CCM_KEYS = 176 };
/* Up to here its CCM is faster with the few lanes of AVX than with the many of AVX-512. */
enum { CCM_NARROW_LEN = 128 };
enum { ROUND_KEYS_128 = 11 * 16, ROUND_KEYS_256 = 15 * 16, GCM_POWERS = 48 };
_Static_assert(sizeof(struct gcm_key_data) >= GCM_KEYS, "key data is as large as assumed");

struct mb_best {
	struct gcm_context_data ctx __attribute__((aligned(64)));
	/* Of jobs under way. */
	uint8_t tags[MB_BEST_IN_FLIGHT][AEAD_TAG_MAX];
	IMB_MGR *mgr;
	size_t tag_len;
	enum aead_alg alg;
	unsigned next_tag;
};

static bool is_gcm(enum aead_alg alg) { return alg == AEAD_AES_128_GCM || alg == AEAD_AES_256_GCM; }

static void init(IMB_MGR *mgr, bool narrow)
{
	IMB_ARCH arch = IMB_ARCH_NONE;

	init_mb_mgr_auto(mgr, &arch);
	if (narrow && arch > IMB_ARCH_AVX)
		init_mb_mgr_avx(mgr);
}

struct mb_best *mb_best_new(enum aead_alg alg, size_t len)
{
	struct mb_best *m;

	if (alg == AEAD_CHACHA20_POLY1305)
		return NULL;
	m = aligned_alloc(LINE, (sizeof(*m) + LINE - 1) / LINE * LINE);
	if (m == NULL)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->alg = alg;
	m->tag_len = aead_info(alg)->tag_len;
	m->mgr = alloc_mb_mgr(0);
	if (m->mgr != NULL)
		init(m->mgr, !is_gcm(alg) && len <= CCM_NARROW_LEN);
	if (m->mgr == NULL || imb_get_errno(m->mgr) != 0) {
		mb_best_free(m);
		return NULL;
	}
	return m;
}

void mb_best_free(struct mb_best *m)
{
	if (m == NULL)
		return;
	if (m->mgr != NULL)
		free_mb_mgr(m->mgr);
	free(m);
}

size_t mb_best_session_len(enum aead_alg alg) { return is_gcm(alg) ? GCM_SESSION : CCM_SESSION; }

const uint8_t *mb_best_iv(const struct mb_best *m, const uint8_t *session)
{
	return session + (is_gcm(m->alg) ? GCM_KEYS : CCM_KEYS);
}

void mb_best_session(struct mb_best *m, const uint8_t *key, const uint8_t iv[AEAD_IV_LEN],
		     uint8_t *session)
{
	struct gcm_key_data gcm __attribute__((aligned(64))) = { 0 };
	uint32_t enc[11 * 4] __attribute__((aligned(16))), dec[11 * 4] __attribute__((aligned(16)));

	memset(session, 0, mb_best_session_len(m->alg));
	if (m->alg == AEAD_AES_128_GCM)
		IMB_AES128_GCM_PRE(m->mgr, key, &gcm);
	else if (m->alg == AEAD_AES_256_GCM)
		IMB_AES256_GCM_PRE(m->mgr, key, &gcm);
	else
		IMB_AES_KEYEXP_128(m->mgr, key, enc, dec);
	if (is_gcm(m->alg))
		memcpy(session, &gcm, GCM_KEYS);
	else
		memcpy(session, enc, CCM_KEYS);
	memcpy(session + (is_gcm(m->alg) ? GCM_KEYS : CCM_KEYS), iv, AEAD_IV_LEN);
}

/* The lines that hold bytes from..to-1. */
static void prefetch_lines(const uint8_t *session, size_t from, size_t to)
{
	for (size_t at = from / LINE * LINE; at < to; at += LINE)
		fleet_fetch(session + at);
}

void mb_best_prefetch(const struct mb_best *m, const uint8_t *session, size_t len)
{
	size_t powers, round_keys = m->alg == AEAD_AES_256_GCM ? ROUND_KEYS_256 : ROUND_KEYS_128;

	if (!is_gcm(m->alg)) {
		prefetch_lines(session, 0, CCM_SESSION);
		return;
	}
	/* The powers of H, the lowest last: one for each block and one for the lengths. */
	powers = (len + 15) / 16 + 1;
	if (powers > GCM_POWERS)
		powers = GCM_POWERS;
	prefetch_lines(session, 0, round_keys);
	prefetch_lines(session, GCM_KEYS - 16 * powers, GCM_SESSION);
}

static uint64_t half(const uint8_t *tag, size_t i)
{
	uint64_t x;

	memcpy(&x, tag + 8 * i, sizeof(x));
	return x;
}

/* The tag is 8 or 16 bytes. */
static void finish(bool opening, struct aead_op *op, const uint8_t *tag, size_t tag_len)
{
	const uint8_t *theirs = op->src + op->len;
	uint64_t differ = 0;

	if (opening) {
		differ = half(tag, 0) ^ half(theirs, 0);
		if (tag_len == AEAD_TAG_MAX)
			differ |= half(tag, 1) ^ half(theirs, 1);
	}
	op->ok = differ == 0;
}

static void run_gcm(struct mb_best *m, bool opening, struct aead_op *op)
{
	const struct gcm_key_data *key = (const void *)op->key;
	/* Sealing, the tag goes where it belongs at once. */
	uint8_t *tag = opening ? m->tags[0] : op->dst + op->len;
	aes_gcm_enc_dec_t run;

	if (m->alg == AEAD_AES_128_GCM)
		run = opening ? m->mgr->gcm128_dec : m->mgr->gcm128_enc;
	else
		run = opening ? m->mgr->gcm256_dec : m->mgr->gcm256_enc;
	run(key, &m->ctx, op->dst, op->src, op->len, op->nonce, op->aad, op->aad_len, tag,
	    AEAD_TAG_MAX);
	finish(opening, op, tag, AEAD_TAG_MAX);
}

static void job_done(const IMB_JOB *job)
{
	struct aead_op *op = job->user_data;

	if (job->status == IMB_STATUS_COMPLETED)
		finish(job->cipher_direction == IMB_DIR_DECRYPT, op, job->auth_tag_output,
		       job->auth_tag_output_len_in_bytes);
}

static void run_ccm(struct mb_best *m, bool opening, struct aead_op *op)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(m->mgr);

	job->cipher_mode = IMB_CIPHER_CCM;
	job->hash_alg = IMB_AUTH_AES_CCM;
	job->cipher_direction = opening ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT;
	job->chain_order = opening ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->enc_keys = op->key;
	job->dec_keys = op->key;
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
	job->auth_tag_output =
		opening ? m->tags[m->next_tag++ % MB_BEST_IN_FLIGHT] : op->dst + op->len;
	job->auth_tag_output_len_in_bytes = m->tag_len;
	job->user_data = op;
	for (job = IMB_SUBMIT_JOB_NOCHECK(m->mgr); job != NULL; job = IMB_GET_COMPLETED_JOB(m->mgr))
		job_done(job);
}

void mb_best_run(struct mb_best *m, bool opening, struct aead_op *op)
{
	op->ok = false;
	if (is_gcm(m->alg))
		run_gcm(m, opening, op);
	else
		run_ccm(m, opening, op);
}

void mb_best_finish(struct mb_best *m)
{
	IMB_JOB *job;

	while ((job = IMB_FLUSH_JOB(m->mgr)) != NULL)
		job_done(job);
}
