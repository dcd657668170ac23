/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The public-key operations of a handshake as libcrypto does them at its best: contexts made once,
 * everything warm. Their sum is what a handshake costs at least (docs/performance.md).
 */
#include "benches.h"

#include <stdio.h>

#include <openssl/evp.h>

enum { DIGEST = 32, SIGNATURE = 80 };

static const char *const groups[] = { "P-256", "X25519" };
static const char *const group_names[] = { "secp256r1", "x25519" };

static EVP_PKEY *pair_new(int64_t group)
{
	return group == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", groups[0])
			  : EVP_PKEY_Q_keygen(NULL, NULL, groups[group]);
}

static void keygen(struct bench *b)
{
	EVP_PKEY *like = pair_new(bench_arg(b, 0));
	EVP_PKEY_CTX *ctx = bench_arg(b, 0) == 0 ? EVP_PKEY_CTX_new(like, NULL)
						 : EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, NULL);
	bool ok = ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1;

	while (bench_next(b)) {
		EVP_PKEY *pair = NULL;

		ok = ok && EVP_PKEY_generate(ctx, &pair) == 1;
		EVP_PKEY_free(pair);
	}
	bench_items(b, 1);
	if (!ok)
		bench_fail(b, "libcrypto failed");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(like);
}

static void derive(struct bench *b)
{
	EVP_PKEY *own = pair_new(bench_arg(b, 0)), *peer = pair_new(bench_arg(b, 0));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	bool ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
		  EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1;

	while (bench_next(b)) {
		uint8_t secret[DIGEST];
		size_t len = sizeof(secret);

		ok = ok && EVP_PKEY_derive(ctx, secret, &len) == 1;
	}
	bench_items(b, 1);
	if (!ok)
		bench_fail(b, "libcrypto failed");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
}

static void ecdsa(struct bench *b)
{
	static const uint8_t digest[DIGEST] = { 7 };
	bool verify = bench_arg(b, 0) != 0, ok;
	uint8_t signature[SIGNATURE], again[SIGNATURE];
	size_t len = sizeof(signature), again_len;
	EVP_PKEY *key = pair_new(0);
	EVP_PKEY_CTX *signer = EVP_PKEY_CTX_new(key, NULL), *verifier = EVP_PKEY_CTX_new(key, NULL);

	ok = signer != NULL && verifier != NULL && EVP_PKEY_sign_init(signer) == 1 &&
	     EVP_PKEY_verify_init(verifier) == 1 &&
	     EVP_PKEY_sign(signer, signature, &len, digest, DIGEST) == 1;
	while (bench_next(b)) {
		again_len = sizeof(again);
		ok = ok && (verify ? EVP_PKEY_verify(verifier, signature, len, digest, DIGEST) == 1
				   : EVP_PKEY_sign(signer, again, &again_len, digest, DIGEST) == 1);
	}
	bench_items(b, 1);
	if (!ok)
		bench_fail(b, "libcrypto failed");
	EVP_PKEY_CTX_free(verifier);
	EVP_PKEY_CTX_free(signer);
	EVP_PKEY_free(key);
}

void bench_libcrypto_add(void)
{
	char name[64];

	for (int64_t g = 0; g < 2; g++) {
		(void)snprintf(name, sizeof(name), "libcrypto/keygen/%s", group_names[g]);
		bench_add(name, keygen, &g, 1);
		(void)snprintf(name, sizeof(name), "libcrypto/derive/%s", group_names[g]);
		bench_add(name, derive, &g, 1);
	}
	bench_add("libcrypto/sign/ecdsa-secp256r1", ecdsa, (int64_t[]){ 0 }, 1);
	bench_add("libcrypto/verify/ecdsa-secp256r1", ecdsa, (int64_t[]){ 1 }, 1);
}
