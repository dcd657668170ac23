/* SPDX-License-Identifier: BSD-3-Clause */
#include "hmac_batch.h"

#include "locked.h"
#include "mb_manager.h"
#include "secret.h"
#include "sha2.h"

/* ipsec-mb computes all lanes, empty ones too: a round of 16 costs as much as about 15 messages one
 * after the other with SHA-NI (sluice-bench --benchmark_filter=hmac_batch). So what does not fill a
 * round goes one by one. */
enum { LANES = 16 };

struct hmac_batch {
	IMB_MGR *mgr;
	IMB_JOB jobs[HMAC_BATCH_MAX];
};

struct hmac_batch *hmac_batch_new(void)
{
	struct hmac_batch *h = locked_alloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	h->mgr = mb_manager_new(MB_WIDEST);
	if (h->mgr == NULL) {
		locked_free(h, sizeof(*h));
		return NULL;
	}
	return h;
}

void hmac_batch_free(struct hmac_batch *h)
{
	if (h == NULL)
		return;
	mb_manager_free(h->mgr);
	locked_free(h, sizeof(*h));
}

void hmac_key_init(struct hmac_key *out, const uint8_t key[32])
{
	uint8_t block[64];

	memset(block, 0x36, sizeof(block));
	for (size_t i = 0; i < 32; i++)
		block[i] ^= key[i];
	sha2_256_block(out->inner, block);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	sha2_256_block(out->outer, block);
	secret_wipe(block, sizeof(block));
}

/* libcrypto's SHA-256 cannot fail. */
void hmac_one(const struct hmac_key *key, const uint8_t *msg, size_t len,
	      uint8_t mac[HMAC_SHA256_LEN])
{
	uint8_t inner[SHA2_LEN_MAX], outer[SHA2_LEN_MAX];
	struct sha2 s;

	sha2_256_resume(&s, key->inner);
	(void)(sha2_add(&s, msg, len) && sha2_finish(&s, inner));
	sha2_256_resume(&s, key->outer);
	(void)(sha2_add(&s, inner, HMAC_SHA256_LEN) && sha2_finish(&s, outer));
	memcpy(mac, outer, HMAC_SHA256_LEN);
	secret_wipe(&s, sizeof(s));
}

static void run_one(struct hmac_op *op) { hmac_one(op->key, op->msg, op->len, op->mac); }

static void fill_job(IMB_JOB *job, struct hmac_op *op)
{
	job->src = op->msg;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = op->len;
	job->auth_tag_output = op->mac;
	job->auth_tag_output_len_in_bytes = HMAC_SHA256_LEN;
	job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)op->key->inner;
	job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)op->key->outer;
	job->user_data = op;
}

void hmac_batch_run(struct hmac_batch *h, struct hmac_op *ops, size_t n)
{
	size_t in_lanes = n - n % LANES;
	uint32_t n_jobs = 0;

	for (size_t i = 0; i < n; i++) {
		/* ipsec-mb refuses an empty message, and with it the whole burst. */
		if (i >= in_lanes || ops[i].len == 0)
			run_one(&ops[i]);
		else
			fill_job(&h->jobs[n_jobs++], &ops[i]);
	}
	if (n_jobs == 0 ||
	    IMB_SUBMIT_HASH_BURST(h->mgr, h->jobs, n_jobs, IMB_AUTH_HMAC_SHA_256) == n_jobs)
		return;
	/* It takes all it is given; should it not, a MAC must not stay unwritten. */
	for (uint32_t i = 0; i < n_jobs; i++)
		run_one(h->jobs[i].user_data);
}
