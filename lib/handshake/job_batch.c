/* SPDX-License-Identifier: BSD-3-Clause */
#include "job_batch.h"

#include <stdlib.h>

/* A handshake has up to four PRFs in a row and works on five kilobytes between them: so many of
 * them stay in the nearest cache until they are through, and fill sixteen lanes (hmac_batch.h). */
enum { TOGETHER = 8 };
_Static_assert((int)TOGETHER <= (int)PRF_BATCH_MAX, "one batch");

struct job_batch {
	struct prf_batch *prf;
	size_t n;
	struct handshake *waiting[TOGETHER]; /* of ops[i] */
	struct prf_op ops[TOGETHER];
};

struct job_batch *job_batch_new(void)
{
	struct job_batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->prf = prf_batch_new();
	if (b->prf == NULL) {
		free(b);
		return NULL;
	}
	return b;
}

void job_batch_free(struct job_batch *b)
{
	if (b == NULL)
		return;
	prf_batch_free(b->prf);
	free(b);
}

static void add(struct job_batch *b, struct handshake *h)
{
	struct handshake_job *j = handshake_job(h);

	if (j == NULL || j->kind != JOB_PRF)
		return;
	if (j->prf_out_len > sizeof(j->prf_out)) {
		j->failed = true;
		j->prf_out_len = 0;
	}
	b->waiting[b->n] = h;
	b->ops[b->n++] = (struct prf_op){ .hash = j->hash,
					  .label = j->label,
					  .secret = j->secret,
					  .secret_len = j->secret_len,
					  .seed1 = j->seed1,
					  .seed1_len = j->seed1_len,
					  .seed2 = j->seed2,
					  .seed2_len = j->seed2_len,
					  .key = j->prf_key,
					  .out = j->prf_out,
					  .out_len = j->prf_out_len };
}

static void run(struct job_batch *b, struct handshake *const *handshakes, size_t n, uint64_t now_ns)
{
	for (;;) {
		b->n = 0;
		for (size_t i = 0; i < n; i++)
			add(b, handshakes[i]);
		if (b->n == 0)
			return;
		prf_batch_run(b->prf, b->ops, b->n);
		for (size_t i = 0; i < b->n; i++) {
			handshake_job(b->waiting[i])->failed |= b->ops[i].failed;
			handshake_job_done(b->waiting[i], now_ns);
		}
	}
}

void job_batch_prfs(struct job_batch *b, struct handshake *const *handshakes, size_t n,
		    uint64_t now_ns)
{
	for (size_t i = 0; i < n; i += TOGETHER)
		run(b, handshakes + i, n - i < TOGETHER ? n - i : TOGETHER, now_ns);
}
