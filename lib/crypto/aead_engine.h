/* SPDX-License-Identifier: BSD-3-Clause */
/* What an AEAD engine implements. Inside lib/crypto only. */
#pragma once

#include "aead.h"

enum aead_direction { AEAD_OPEN, AEAD_SEAL };

struct aead_engine_ops {
	void (*free)(struct aead *a);
	/* run: does n operations and sets ok of each: the tag verified, or, sealing, that output
	 * and tag are written. What dst holds where ok is false is wiped by the caller. */
	void (*run)(struct aead *a, enum aead_alg alg, enum aead_direction direction,
		    struct aead_op *ops, size_t n);
	void (*mask)(struct aead *a, enum aead_alg alg, struct aead_mask_op *ops, size_t n);
};

/* The head of every engine's own struct. */
struct aead {
	const struct aead_engine_ops *ops;
	const char *name;
	struct aead *by_one; /* libcrypto's, for long additional data; aead_new makes it */
};

/* Each: NULL with errno ENOTSUP or ENOMEM. */
struct aead *aead_ipsec_mb_new(void);
struct aead *aead_libcrypto_new(void);
struct aead *aead_mb4_new(void);
struct aead *aead_mb64_new(void);

/* aead_libcrypto_one: an operation with additional data from elsewhere; sets ok. a: of
 * aead_libcrypto_new. */
void aead_libcrypto_one(struct aead *a, enum aead_alg alg, enum aead_direction direction,
			struct aead_op *op, struct rd aad);

/* The head of an engine that gives another what it is not best at. */
struct aead_backed {
	struct aead base;
	struct aead *other;
	size_t size;
};

/* aead_backed_new: size bytes of locked memory, zero but for this head of theirs; other makes the
 * other engine. NULL with errno ENOMEM or what other says. aead_backed_free wipes and frees both.
 */
struct aead_backed *aead_backed_new(size_t size, struct aead *(*other)(void),
				    const struct aead_engine_ops *ops, const char *name);
void aead_backed_free(struct aead *a);

/* aead_mask_chacha20: for engines without a ChaCha20 of their own that takes a counter. */
void aead_mask_chacha20(struct aead_mask_op *ops, size_t n);
