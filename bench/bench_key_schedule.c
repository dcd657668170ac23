/* SPDX-License-Identifier: BSD-3-Clause */
/* The symmetric work of a PSK handshake, and our PRF beside libcrypto's. */
#include "benches.h"

#include "key_schedule.h"
#include "random.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static const char *const hash_names[] = { "SHA256", "SHA384" };

/* One PRF as the extended master secret needs it: 36 bytes of premaster in, 48 out. */
static void prf(struct bench *b)
{
	enum prf_hash hash = (enum prf_hash)bench_arg(b, 0);
	uint8_t secret[36] = { 1 }, seed[HASH_MAX] = { 2 }, out[MASTER_SECRET_LEN];

	while (bench_next(b)) {
		if (!key_prf(hash, secret, sizeof(secret), "extended master secret", seed,
			     sizeof(seed), NULL, 0, out, sizeof(out))) {
			bench_fail(b, "PRF");
			return;
		}
		bench_keep(out);
	}
	bench_items(b, 1);
}

/* The same by EVP, its algorithm fetched once. */
static void prf_libcrypto(struct bench *b)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	uint8_t secret[36] = { 1 }, seed[HASH_MAX] = { 2 }, out[MASTER_SECRET_LEN];
	char label[] = "extended master secret", digest[8];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret, sizeof(secret)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, strlen(label)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};

	snprintf(digest, sizeof(digest), "%s", hash_names[bench_arg(b, 0)]);
	while (bench_next(b)) {
		EVP_KDF_CTX_reset(ctx);
		if (EVP_KDF_derive(ctx, out, sizeof(out), params) != 1)
			bench_fail(b, "EVP_KDF_derive");
		bench_keep(out);
	}
	bench_items(b, 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

struct handshake {
	uint8_t psk[16], randoms[64], messages[6][120];
	uint8_t premaster[4 + 2 * PSK_KEY_MAX], master[MASTER_SECRET_LEN], hash[HASH_MAX];
	uint8_t verify[2][VERIFY_DATA_LEN];
	struct traffic_keys keys;
};

static bool finished(struct handshake *h, const struct suite *suite, struct transcript *t,
		     const char *label, uint8_t *out)
{
	size_t len = transcript_hash(t, h->hash);

	return len > 0 && key_prf(suite->hash, h->master, sizeof(h->master), label, h->hash, len,
				  NULL, 0, out, VERIFY_DATA_LEN);
}

static bool traffic_keys(struct handshake *h, const struct suite *suite)
{
	uint8_t block[2 * (AEAD_KEY_MAX + AEAD_IV_LEN)];
	size_t len = key_block_len(suite);

	return key_prf(suite->hash, h->master, sizeof(h->master), "key expansion", h->randoms + 32,
		       32, h->randoms, 32, block, len) &&
	       key_block_slice(suite, block, len, &h->keys);
}

/* The server's part, in order: its random, the messages into the transcript, premaster, extended
 * master secret, key block, the client's Finished checked, its own made. */
static bool handshake(struct handshake *h, const struct suite *suite)
{
	struct transcript *t = transcript_new(suite->hash);
	bool ok = t != NULL && random_bytes(h->randoms + 32, 32);
	size_t premaster_len = key_psk_premaster(h->psk, sizeof(h->psk), h->premaster);
	size_t len;

	for (size_t i = 0; ok && i < 4; i++)
		ok = transcript_add(t, h->messages[i], sizeof(h->messages[i]));
	len = ok ? transcript_hash(t, h->hash) : 0;
	ok = ok && len > 0 &&
	     key_prf(suite->hash, h->premaster, premaster_len, "extended master secret", h->hash,
		     len, NULL, 0, h->master, sizeof(h->master)) &&
	     traffic_keys(h, suite) && finished(h, suite, t, "client finished", h->verify[0]) &&
	     transcript_add(t, h->messages[4], 24) &&
	     finished(h, suite, t, "server finished", h->verify[1]);
	transcript_free(t);
	return ok;
}

static void schedule(struct bench *b)
{
	const struct suite *suite = suite_at((size_t)bench_arg(b, 0));
	struct handshake h = { .psk = { 1 } };

	while (bench_next(b)) {
		if (!handshake(&h, suite)) {
			bench_fail(b, "handshake");
			return;
		}
		bench_keep(&h);
	}
	bench_items(b, 1);
}

void bench_key_schedule_add(void)
{
	char name[96];

	for (int64_t hash = 0; hash < 2; hash++) {
		snprintf(name, sizeof(name), "prf/%s", hash_names[hash]);
		bench_add(name, prf, &hash, 1);
		snprintf(name, sizeof(name), "prf_libcrypto/%s", hash_names[hash]);
		bench_add(name, prf_libcrypto, &hash, 1);
	}
	for (int64_t i = 0; i < SUITE_12_N; i++) {
		if (suite_at((size_t)i)->kx != KX_PSK)
			continue;
		snprintf(name, sizeof(name), "psk_key_schedule/%s", suite_at((size_t)i)->name);
		bench_add(name, schedule, &i, 1);
	}
}
