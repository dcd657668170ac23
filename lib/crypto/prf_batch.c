/* SPDX-License-Identifier: BSD-3-Clause */
#include "prf_batch.h"

#include "locked.h"
#include "secret.h"

/* A label and two randoms, the longest seed of a handshake. */
enum { SEED_MAX = 96 };

_Static_assert(2 * (int)PRF_BATCH_MAX <= (int)HMAC_BATCH_MAX, "two MACs of each at a time");

/*
 * A PRF under way: key_prf's loop turned inside out. A round computes a block of output from A(i)
 * and, beside it, A(i + 1), for the one does not need the other.
 */
struct run {
	struct prf_op *op;
	struct prf_key own; /* where op has none */
	size_t done;
	uint16_t seed_len;
	uint8_t message[HMAC_SHA256_LEN + SEED_MAX]; /* A(i), seed */
};

struct prf_batch {
	struct hmac_batch *hmac;
	struct run runs[PRF_BATCH_MAX];
	struct hmac_op macs[HMAC_BATCH_MAX];
};

struct prf_batch *prf_batch_new(void)
{
	struct prf_batch *b = locked_alloc(sizeof(*b));

	if (b == NULL)
		return NULL;
	b->hmac = hmac_batch_new();
	if (b->hmac == NULL) {
		prf_batch_free(b);
		return NULL;
	}
	return b;
}

void prf_batch_free(struct prf_batch *b)
{
	if (b == NULL)
		return;
	hmac_batch_free(b->hmac);
	locked_free(b, sizeof(*b));
}

static void append(struct run *r, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(r->message + HMAC_SHA256_LEN + r->seed_len, bytes, len);
	r->seed_len = (uint16_t)(r->seed_len + len);
}

static struct prf_key *key_of(struct run *r) { return r->op->key != NULL ? r->op->key : &r->own; }

static void key_make(struct run *r)
{
	struct prf_key *key = key_of(r);

	if (!key->made)
		hmac_key_make(&key->hmac, r->op->secret, r->op->secret_len);
	key->made = true;
}

/* false: it has to go alone. */
static bool run_begin(struct run *r, struct prf_op *op)
{
	size_t label_len = strlen(op->label);

	if (op->hash != PRF_SHA256 || label_len > SEED_MAX ||
	    op->seed1_len > SEED_MAX - label_len ||
	    op->seed2_len > SEED_MAX - label_len - op->seed1_len)
		return false;
	r->op = op;
	r->done = 0;
	r->seed_len = 0;
	append(r, op->label, label_len);
	append(r, op->seed1, op->seed1_len);
	append(r, op->seed2, op->seed2_len);
	r->own.made = false;
	key_make(r);
	return true;
}

static void alone(struct prf_op *op)
{
	op->failed = !key_prf(op->hash, op->secret, op->secret_len, op->label, op->seed1,
			      op->seed1_len, op->seed2, op->seed2_len, op->out, op->out_len);
}

/* How many of the batch have output to come. */
static size_t begin_all(struct prf_batch *b, struct prf_op *ops, size_t n)
{
	size_t n_runs = 0;

	for (size_t i = 0; i < n; i++) {
		ops[i].failed = false;
		if (!run_begin(&b->runs[n_runs], &ops[i]))
			alone(&ops[i]);
		else if (ops[i].out_len > 0)
			n_runs++;
	}
	return n_runs;
}

/* A(1) of all. */
static void first_a(struct prf_batch *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		b->macs[i] = (struct hmac_op){ .key = &key_of(&b->runs[i])->hmac,
					       .msg = b->runs[i].message + HMAC_SHA256_LEN,
					       .len = b->runs[i].seed_len };
	hmac_batch_run(b->hmac, b->macs, n);
	for (size_t i = 0; i < n; i++)
		memcpy(b->runs[i].message, b->macs[i].mac, HMAC_SHA256_LEN);
}

static size_t run_left(const struct run *r) { return r->op->out_len - r->done; }

/* The MACs of a round; runs[0..n-1] all have output to come. */
static size_t round_macs(struct prf_batch *b, size_t n)
{
	size_t n_macs = 0;

	for (size_t i = 0; i < n; i++) {
		struct run *r = &b->runs[i];
		struct hmac_op mac = { .key = &key_of(r)->hmac, .msg = r->message };

		mac.len = (uint16_t)(HMAC_SHA256_LEN + r->seed_len);
		b->macs[n_macs++] = mac;
		mac.len = HMAC_SHA256_LEN;
		if (run_left(r) > HMAC_SHA256_LEN)
			b->macs[n_macs++] = mac;
	}
	hmac_batch_run(b->hmac, b->macs, n_macs);
	return n_macs;
}

/* Takes the round's MACs; those that are not complete move to the front. Returns how many. */
static size_t round_take(struct prf_batch *b, size_t n)
{
	size_t n_left = 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		struct run *r = &b->runs[i];
		size_t left = run_left(r), len = left < HMAC_SHA256_LEN ? left : HMAC_SHA256_LEN;

		memcpy(r->op->out + r->done, b->macs[at++].mac, len);
		r->done += len;
		if (len == left)
			continue;
		memcpy(r->message, b->macs[at++].mac, HMAC_SHA256_LEN);
		if (n_left != i)
			b->runs[n_left] = *r;
		n_left++;
	}
	return n_left;
}

void prf_batch_run(struct prf_batch *b, struct prf_op *ops, size_t n)
{
	size_t n_runs = begin_all(b, ops, n), left = n_runs, n_macs = n_runs, used;

	if (n_runs == 0)
		return;
	first_a(b, n_runs);
	while (left > 0) {
		used = round_macs(b, left);
		n_macs = used > n_macs ? used : n_macs;
		left = round_take(b, left);
	}
	secret_wipe(b->runs, n_runs * sizeof(b->runs[0]));
	secret_wipe(b->macs, n_macs * sizeof(b->macs[0]));
}
