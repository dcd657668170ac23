/* SPDX-License-Identifier: BSD-3-Clause */
#include "aead.h"

#include "aead_engine.h"
#include "locked.h"
#include "secret.h"

#include <errno.h>

/* The fastest that this CPU can run. */
static struct aead *choose(void)
{
	static struct aead *(*const engines[])(void) = { aead_mb64_new, aead_mb4_new,
							 aead_ipsec_mb_new };
	struct aead *a = NULL;

	errno = ENOTSUP;
	for (size_t i = 0; a == NULL && errno == ENOTSUP && i < 3; i++)
		a = engines[i]();
	return a;
}

static struct aead *engine_new(enum aead_engine engine)
{
	switch (engine) {
	case AEAD_ENGINE_AUTO:
		return choose();
	case AEAD_ENGINE_MB64:
		return aead_mb64_new();
	case AEAD_ENGINE_IPSEC_MB:
		return aead_ipsec_mb_new();
	case AEAD_ENGINE_MB4:
		return aead_mb4_new();
	case AEAD_ENGINE_LIBCRYPTO:
		return aead_libcrypto_new();
	}
	errno = ENOTSUP;
	return NULL;
}

struct aead *aead_new(enum aead_engine engine)
{
	struct aead *a = engine_new(engine);
	int error;

	if (a == NULL)
		return NULL;
	a->by_one = aead_libcrypto_new();
	if (a->by_one != NULL)
		return a;
	error = errno;
	aead_free(a);
	errno = error;
	return NULL;
}

void aead_free(struct aead *a)
{
	if (a == NULL)
		return;
	aead_free(a->by_one);
	a->ops->free(a);
}

struct aead_backed *aead_backed_new(size_t size, struct aead *(*other)(void),
				    const struct aead_engine_ops *ops, const char *name)
{
	struct aead_backed *b = locked_alloc(size);

	if (b == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	b->other = other();
	if (b->other == NULL) {
		int error = errno;

		locked_free(b, size);
		errno = error;
		return NULL;
	}
	b->base = (struct aead){ .ops = ops, .name = name };
	b->size = size;
	return b;
}

void aead_backed_free(struct aead *a)
{
	struct aead_backed *b = (struct aead_backed *)a;

	aead_free(b->other);
	locked_free(b, b->size);
}

const char *aead_name(const struct aead *a) { return a->name; }

static bool all_ok(const struct aead_op *ops, size_t n)
{
	unsigned ok = 1;

#pragma GCC unroll 8
	for (size_t i = 0; i < n; i++)
		ok &= ops[i].ok;
	return ok != 0;
}

/* Where an operation failed, what it left behind: the text and wiped_tag bytes of its tag. */
static void wipe_failed(struct aead_op *ops, size_t n, size_t wiped_tag)
{
	for (size_t i = 0; i < n; i++) {
		if (!ops[i].ok)
			secret_wipe(ops[i].dst, ops[i].len + wiped_tag);
	}
}

void aead_open(struct aead *a, enum aead_alg alg, struct aead_op *ops, size_t n)
{
	a->ops->run(a, alg, AEAD_OPEN, ops, n);
	if (!all_ok(ops, n))
		wipe_failed(ops, n, 0);
}

void aead_open_long(struct aead *a, enum aead_alg alg, struct aead_op *op, struct rd aad)
{
	aead_libcrypto_one(a->by_one, alg, AEAD_OPEN, op, aad);
	wipe_failed(op, 1, 0);
}

void aead_seal(struct aead *a, enum aead_alg alg, struct aead_op *ops, size_t n)
{
	a->ops->run(a, alg, AEAD_SEAL, ops, n);
	/* Must not happen; if it does, nothing readable leaves, and no peer accepts it. */
	if (!all_ok(ops, n))
		wipe_failed(ops, n, aead_info(alg)->tag_len);
}

void aead_seal_long(struct aead *a, enum aead_alg alg, struct aead_op *op, struct rd aad)
{
	aead_libcrypto_one(a->by_one, alg, AEAD_SEAL, op, aad);
	wipe_failed(op, 1, aead_info(alg)->tag_len);
}

void aead_mask(struct aead *a, enum aead_alg alg, struct aead_mask_op *ops, size_t n)
{
	a->ops->mask(a, alg, ops, n);
}
