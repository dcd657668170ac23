/* SPDX-License-Identifier: BSD-3-Clause */
/* PRFs of many handshakes at once (RFC 5246 §5): what one has to wait for, another's fills. Owner
 * core only. */
#pragma once

#include "hmac_batch.h"
#include "key_schedule.h"

enum { PRF_BATCH_MAX = 32 };

/* A secret as HMAC-SHA256 wants it, so that the second PRF with it need not prepare it again. All
 * zero: not made yet. Wipe it with the secret. */
struct prf_key {
	struct hmac_key hmac;
	bool made;
};

/* key_prf's arguments, and what is kept of the secret. */
struct prf_op {
	enum prf_hash hash;
	const char *label;
	const uint8_t *secret, *seed1, *seed2;
	size_t secret_len, seed1_len, seed2_len;
	struct prf_key *key; /* of the secret, made where it is not yet; NULL: it is not kept */
	uint8_t *out;
	size_t out_len;
	bool failed; /* out: libcrypto failed */
};

struct prf_batch;

/* prf_batch_new: NULL without memory. Slow path only. prf_batch_free: NULL allowed. */
struct prf_batch *prf_batch_new(void);
void prf_batch_free(struct prf_batch *b);

/* prf_batch_run: n PRFs, n <= PRF_BATCH_MAX, each as key_prf would. With SHA-256 they run together;
 * those with SHA-384, or with seeds that no handshake has, one after the other. */
void prf_batch_run(struct prf_batch *b, struct prf_op *ops, size_t n);
