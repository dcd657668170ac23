/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AEAD over a batch of records of different sessions, behind one interface.
 *
 * Callers hold raw keys only; what an engine expands lives in its own locked per-core scratch and
 * is wiped. One batch has one algorithm (the session's suite class), any mix of sessions and
 * lengths. All engines give the same bytes.
 *
 * An engine is single-threaded: owner core only.
 */
#pragma once

#include "cursor.h"
#include "suite.h"

enum aead_engine {
	AEAD_ENGINE_AUTO,
	AEAD_ENGINE_MB64,
	AEAD_ENGINE_MB4,
	AEAD_ENGINE_IPSEC_MB,
	AEAD_ENGINE_LIBCRYPTO
};

enum { AEAD_SAMPLE_LEN = 16 };

/* One record. src and dst are the same (in place) or do not overlap. Ciphertext at src/dst is
 * followed by the tag. Two operations of a batch never share bytes. */
struct aead_op {
	const uint8_t *src; /* open: len + tag_len bytes; seal: len bytes */
	uint8_t *dst;       /* open: len bytes; seal: len + tag_len bytes */
	const uint8_t *key; /* raw, key_len bytes */
	uint16_t len;       /* of the plaintext; at most 16384 */
	uint8_t aad_len;    /* at most AEAD_AAD_MAX */
	bool ok;            /* out, open: the tag verified */
	uint8_t nonce[AEAD_IV_LEN];
	uint8_t aad[AEAD_AAD_MAX]; /* zero beyond aad_len */
};

/* One record number's mask. */
struct aead_mask_op {
	const uint8_t *key;    /* sn_key, raw, key_len bytes of the algorithm */
	const uint8_t *sample; /* the first AEAD_SAMPLE_LEN bytes of the record's ciphertext */
	uint8_t mask[AEAD_SAMPLE_LEN]; /* out; no part of sample */
};

struct aead;

/* aead_new: an engine for one core; NULL with errno ENOTSUP when this CPU or build lacks it,
 * ENOMEM. Free with aead_free, which wipes it. Slow path only. */
struct aead *aead_new(enum aead_engine engine);
void aead_free(struct aead *a);

/* aead_name: what AUTO chose, for the start-up line. Static. */
const char *aead_name(const struct aead *a);

/* aead_open: verifies and decrypts n records. Sets ok of each; where the tag does not verify, dst
 * is wiped (the ciphertext is gone when in place). Tags are compared in constant time. */
void aead_open(struct aead *a, enum aead_alg alg, struct aead_op *ops, size_t n);

/* aead_seal: encrypts n records and writes their tags. Cannot fail. */
void aead_seal(struct aead *a, enum aead_alg alg, struct aead_op *ops, size_t n);

/* aead_open_long, aead_seal_long: one record whose additional data may be longer than AEAD_AAD_MAX:
 * that of one with a long connection ID. aad and aad_len of the operation are not read. An order of
 * magnitude slower than a batch. */
void aead_open_long(struct aead *a, enum aead_alg alg, struct aead_op *op, struct rd aad);
void aead_seal_long(struct aead *a, enum aead_alg alg, struct aead_op *op, struct rd aad);

/* aead_mask: what the record numbers of n DTLS 1.3 records are xored with: the first bytes of mask
 * (RFC 9147 §4.2.3). Cannot fail. */
void aead_mask(struct aead *a, enum aead_alg alg, struct aead_mask_op *ops, size_t n);
