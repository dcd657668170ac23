/* SPDX-License-Identifier: BSD-3-Clause */
/* AEAD by libcrypto's EVP, one record after the other: the oracle of the tests. */
#include "aead_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

struct aead_libcrypto {
	struct aead base;
	EVP_CIPHER *cipher[AEAD_N];
	EVP_CIPHER *mask_cipher[AEAD_N];
	EVP_CIPHER_CTX *ctx;
};

static const char *const cipher_names[AEAD_N] = {
	[AEAD_AES_128_GCM] = "AES-128-GCM",
	[AEAD_AES_256_GCM] = "AES-256-GCM",
	[AEAD_AES_128_CCM] = "AES-128-CCM",
	[AEAD_AES_128_CCM_8] = "AES-128-CCM",
	[AEAD_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

static const char *const mask_cipher_names[AEAD_N] = {
	[AEAD_AES_128_GCM] = "AES-128-ECB",    [AEAD_AES_256_GCM] = "AES-256-ECB",
	[AEAD_AES_128_CCM] = "AES-128-ECB",    [AEAD_AES_128_CCM_8] = "AES-128-ECB",
	[AEAD_CHACHA20_POLY1305] = "ChaCha20",
};

static bool is_ccm(enum aead_alg alg)
{
	return alg == AEAD_AES_128_CCM || alg == AEAD_AES_128_CCM_8;
}

static bool start(struct aead_libcrypto *l, enum aead_alg alg, enum aead_direction direction,
		  const struct aead_op *op, struct rd aad)
{
	int tag_len = aead_info(alg)->tag_len, sealing = direction == AEAD_SEAL, n;
	void *tag = sealing ? NULL : (void *)(uintptr_t)(op->src + op->len);

	if (EVP_CIPHER_CTX_reset(l->ctx) != 1 ||
	    EVP_CipherInit_ex(l->ctx, l->cipher[alg], NULL, NULL, NULL, sealing) != 1 ||
	    EVP_CIPHER_CTX_ctrl(l->ctx, EVP_CTRL_AEAD_SET_IVLEN, AEAD_IV_LEN, NULL) != 1)
		return false;
	/* CCM wants the tag's length when sealing, too; the others refuse it. */
	if ((is_ccm(alg) || !sealing) &&
	    EVP_CIPHER_CTX_ctrl(l->ctx, EVP_CTRL_AEAD_SET_TAG, tag_len, tag) != 1)
		return false;
	if (EVP_CipherInit_ex(l->ctx, NULL, NULL, op->key, op->nonce, sealing) != 1)
		return false;
	if (is_ccm(alg) && EVP_CipherUpdate(l->ctx, NULL, &n, NULL, op->len) != 1)
		return false;
	return rd_len(&aad) == 0 ||
	       EVP_CipherUpdate(l->ctx, NULL, &n, aad.p, (int)rd_len(&aad)) == 1;
}

static bool run_one(struct aead_libcrypto *l, enum aead_alg alg, enum aead_direction direction,
		    const struct aead_op *op, struct rd aad)
{
	int tag_len = aead_info(alg)->tag_len, n;
	uint8_t none[16];

	if (!start(l, alg, direction, op, aad))
		return false;
	/* CCM does all its work, the verdict too, in the one update, even over nothing. */
	if ((op->len > 0 || is_ccm(alg)) &&
	    EVP_CipherUpdate(l->ctx, op->dst, &n, op->src, op->len) != 1)
		return false;
	if (!(is_ccm(alg) && direction == AEAD_OPEN) && EVP_CipherFinal_ex(l->ctx, none, &n) != 1)
		return false;
	return direction == AEAD_OPEN ||
	       EVP_CIPHER_CTX_ctrl(l->ctx, EVP_CTRL_AEAD_GET_TAG, tag_len, op->dst + op->len) == 1;
}

void aead_libcrypto_one(struct aead *a, enum aead_alg alg, enum aead_direction direction,
			struct aead_op *op, struct rd aad)
{
	op->ok = run_one((struct aead_libcrypto *)a, alg, direction, op, aad);
}

static void run(struct aead *a, enum aead_alg alg, enum aead_direction direction,
		struct aead_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		aead_libcrypto_one(a, alg, direction, &ops[i], rd_of(ops[i].aad, ops[i].aad_len));
}

/* mask_one: one block of AES; or of ChaCha20's key stream, whose IV is counter and nonce. */
static bool mask_one(struct aead_libcrypto *l, enum aead_alg alg, struct aead_mask_op *op)
{
	static const uint8_t zero[AEAD_SAMPLE_LEN];
	bool chacha = alg == AEAD_CHACHA20_POLY1305;
	int n;

	return EVP_CIPHER_CTX_reset(l->ctx) == 1 &&
	       EVP_EncryptInit_ex(l->ctx, l->mask_cipher[alg], NULL, op->key,
				  chacha ? op->sample : NULL) == 1 &&
	       EVP_EncryptUpdate(l->ctx, op->mask, &n, chacha ? zero : op->sample,
				 AEAD_SAMPLE_LEN) == 1;
}

static void mask(struct aead *a, enum aead_alg alg, struct aead_mask_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* Must not happen; if it does, no peer finds the number. */
		if (!mask_one((struct aead_libcrypto *)a, alg, &ops[i]))
			memset(ops[i].mask, 0, sizeof(ops[i].mask));
	}
}

static void libcrypto_free(struct aead *a)
{
	struct aead_libcrypto *l = (struct aead_libcrypto *)a;

	EVP_CIPHER_CTX_free(l->ctx); /* clears the key */
	for (size_t i = 0; i < AEAD_N; i++) {
		EVP_CIPHER_free(l->cipher[i]);
		EVP_CIPHER_free(l->mask_cipher[i]);
	}
	free(l);
}

static const struct aead_engine_ops libcrypto_ops = { .free = libcrypto_free,
						      .run = run,
						      .mask = mask };

struct aead *aead_libcrypto_new(void)
{
	struct aead_libcrypto *l = calloc(1, sizeof(*l));
	bool ok;

	if (l == NULL)
		return NULL;
	l->base = (struct aead){ .ops = &libcrypto_ops, .name = "libcrypto" };
	l->ctx = EVP_CIPHER_CTX_new();
	ok = l->ctx != NULL;
	for (size_t i = 0; i < AEAD_N; i++) {
		l->cipher[i] = EVP_CIPHER_fetch(NULL, cipher_names[i], NULL);
		l->mask_cipher[i] = EVP_CIPHER_fetch(NULL, mask_cipher_names[i], NULL);
		ok = ok && l->cipher[i] != NULL && l->mask_cipher[i] != NULL;
	}
	if (!ok) {
		libcrypto_free(&l->base);
		errno = ENOTSUP;
		return NULL;
	}
	return &l->base;
}
