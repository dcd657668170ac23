/* SPDX-License-Identifier: BSD-3-Clause */
#include "hmac_batch.h"

#include "locked.h"
#include "mb_manager.h"
#include "secret.h"
#include "sha2.h"

/*
 * Where the CPU has SHA instructions, two messages at a time in these are faster than sixteen in
 * ipsec-mb's lanes, and any two will do. Elsewhere it is ipsec-mb: it computes all lanes, empty
 * ones too, so what does not fill a round goes one by one.
 */
enum { LANES = 16 };

struct hmac_batch {
	bool pairs; /* by SHA instructions; else by mgr */
	IMB_MGR *mgr;
	IMB_JOB jobs[HMAC_BATCH_MAX];
};

struct hmac_batch *hmac_batch_new_lanes(void)
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

struct hmac_batch *hmac_batch_new(void)
{
	struct hmac_batch *h = hmac_batch_new_lanes();

	if (h != NULL)
		h->pairs = sha2_256_pairs();
	return h;
}

void hmac_batch_free(struct hmac_batch *h)
{
	if (h == NULL)
		return;
	mb_manager_free(h->mgr);
	locked_free(h, sizeof(*h));
}

/* RFC 2104: a key longer than a block is hashed first. */
void hmac_key_make(struct hmac_key *out, const uint8_t *key, size_t len)
{
	uint8_t inner[64] = { 0 }, outer[64], digest[SHA2_LEN_MAX];
	struct sha2 s;

	if (len > sizeof(inner)) {
		(void)(sha2_init(&s, PRF_SHA256) && sha2_add(&s, key, len) &&
		       sha2_finish(&s, digest));
		memcpy(inner, digest, HMAC_SHA256_LEN);
		secret_wipe(&s, sizeof(s));
		secret_wipe(digest, sizeof(digest));
	} else if (len > 0) {
		memcpy(inner, key, len);
	}
	for (size_t i = 0; i < sizeof(inner); i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	sha2_256_start(out->inner);
	sha2_256_start(out->outer);
	sha2_256_pair(out->inner, inner, out->outer, outer);
	secret_wipe(inner, sizeof(inner));
	secret_wipe(outer, sizeof(outer));
}

void hmac_key_init(struct hmac_key *out, const uint8_t key[32]) { hmac_key_make(out, key, 32); }

/* SHA-256 cannot fail. */
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
	/* It may be a key that is made. */
	secret_wipe(inner, sizeof(inner));
	secret_wipe(outer, sizeof(outer));
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

/* A message on its way through the compression, block by block. */
struct stream {
	struct hmac_op *op; /* NULL: none */
	const uint8_t *at;  /* the next block */
	size_t n;           /* blocks from there on */
	size_t n_last;      /* blocks in last, if they are still to come */
	bool outer;
	uint32_t words[8];
	uint8_t last[128];
};

static void stream_last(struct stream *s)
{
	s->at = s->last;
	s->n = s->n_last;
	s->n_last = 0;
}

static void stream_begin(struct stream *s, struct hmac_op *op)
{
	s->op = op;
	s->outer = false;
	memcpy(s->words, op->key->inner, sizeof(s->words));
	s->at = op->msg;
	s->n = op->len / 64;
	s->n_last = sha2_256_pad(s->last, op->msg + s->n * 64, 64 + (uint64_t)op->len);
	if (s->n == 0)
		stream_last(s);
}

static void stream_outer(struct stream *s)
{
	/* FIPS 180-4 §5.1.1, of a block and a digest: 96 bytes, 0x300 bits. */
	static const uint8_t pad[64 - HMAC_SHA256_LEN] = { 0x80, [30] = 0x03 };

	s->outer = true;
	sha2_256_put(s->last, s->words);
	memcpy(s->last + HMAC_SHA256_LEN, pad, sizeof(pad));
	s->at = s->last;
	s->n = 1;
	memcpy(s->words, s->op->key->outer, sizeof(s->words));
}

/* A block went in. When it was the message's last, the next message of *ops begins. */
static void stream_on(struct stream *s, struct hmac_op **ops, const struct hmac_op *end)
{
	s->at += 64;
	if (--s->n > 0)
		return;
	if (s->n_last > 0) {
		stream_last(s);
	} else if (!s->outer) {
		stream_outer(s);
	} else {
		sha2_256_put(s->op->mac, s->words);
		s->op = NULL;
		if (*ops < end)
			stream_begin(s, (*ops)++);
	}
}

static void run_pairs(struct hmac_op *ops, size_t n)
{
	const struct hmac_op *end = ops + n;
	struct stream a, b = { .op = NULL };

	stream_begin(&a, ops++);
	if (ops < end)
		stream_begin(&b, ops++);
	while (a.op != NULL && b.op != NULL) {
		sha2_256_pair(a.words, a.at, b.words, b.at);
		stream_on(&a, &ops, end);
		stream_on(&b, &ops, end);
	}
	for (struct stream *s = a.op != NULL ? &a : &b; s->op != NULL; stream_on(s, &ops, end))
		sha2_256_blocks(s->words, s->at, 1);
	secret_wipe(&a, sizeof(a));
	secret_wipe(&b, sizeof(b));
}

static void run_lanes(struct hmac_batch *h, struct hmac_op *ops, size_t n)
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

void hmac_batch_run(struct hmac_batch *h, struct hmac_op *ops, size_t n)
{
	if (n == 0)
		return;
	if (h->pairs)
		run_pairs(ops, n);
	else
		run_lanes(h, ops, n);
}
