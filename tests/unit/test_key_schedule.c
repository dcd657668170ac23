/* SPDX-License-Identifier: BSD-3-Clause */
#include "key_schedule.h"

#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cmocka.h>

/* The oracle: libcrypto's own TLS1-PRF. */
static void oracle(enum prf_hash hash, const uint8_t *secret, size_t secret_len, const char *label,
		   const uint8_t *seed, size_t seed_len, uint8_t *out, size_t out_len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	char *digest = hash == PRF_SHA256 ? "SHA256" : "SHA384";
	char text[64];
	uint8_t key[256], s[256];
	OSSL_PARAM params[5], *p = params;

	memcpy(key, secret, secret_len);
	memcpy(s, seed, seed_len);
	assert_true(strlen(label) < sizeof(text));
	memcpy(text, label, strlen(label) + 1);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, key, secret_len);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, text, strlen(text));
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, s, seed_len);
	*p = OSSL_PARAM_construct_end();
	assert_int_equal(EVP_KDF_derive(ctx, out, out_len, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void check_vector(enum prf_hash hash, const char *secret_hex, const char *seed_hex,
			 const char *out_hex)
{
	uint8_t secret[64], seed[64], want[256], got[256];
	size_t secret_len = hex(secret, secret_hex), seed_len = hex(seed, seed_hex);
	size_t len = hex(want, out_hex);

	assert_true(
		key_prf(hash, secret, secret_len, "test label", seed, seed_len, NULL, 0, got, len));
	assert_memory_equal(got, want, len);
	/* The seed may come in two pieces. */
	memset(got, 0, sizeof(got));
	assert_true(key_prf(hash, secret, secret_len, "test label", seed, 5, seed + 5, seed_len - 5,
			    got, len));
	assert_memory_equal(got, want, len);
}

/* The test vectors for the TLS 1.2 PRF published on the IETF TLS list (2009). */
static void prf_sha256_vector(void **state)
{
	(void)state;
	check_vector(PRF_SHA256, "9bbe436ba940f017b17652849a71db35",
		     "a0ba9f936cda311827a6f796ffd5198c",
		     "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
		     "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
		     "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
		     "87347b66");
}

static void prf_sha384_vector(void **state)
{
	(void)state;
	check_vector(PRF_SHA384, "b80b733d6ceefcdc71566ea48e5567df",
		     "cd665cf6a8447dd6ff8b27555edb7465",
		     "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd"
		     "e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd"
		     "8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425"
		     "9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6"
		     "91c8f3a26854308d5eaa3be85e0990703d73e56f");
}

/* Secrets shorter than, as long as and longer than a hash block (a premaster has up to 132). */
static void prf_matches_libcrypto_at_every_length(void **state)
{
	uint8_t secret[140], seed[77], want[160], got[161];

	(void)state;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(i * 7 + 3);
	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)(i * 5 + 1);
	for (size_t len = 1; len <= sizeof(secret); len++) {
		enum prf_hash hash = len % 2 ? PRF_SHA256 : PRF_SHA384;
		size_t seed_len = 1 + len % sizeof(seed), out_len = 1 + len * 3 % sizeof(want);

		oracle(hash, secret, len, "master secret", seed, seed_len, want, out_len);
		memset(got, 0xee, sizeof(got));
		assert_true(key_prf(hash, secret, len, "master secret", seed, seed_len, NULL, 0,
				    got, out_len));
		assert_memory_equal(got, want, out_len);
		assert_int_equal(got[out_len], 0xee);
	}
}

/* RFC 4279 §2; checklist: PSK premaster. */
static void premaster_has_the_shape_of_rfc4279(void **state)
{
	const uint8_t psk[] = { 0xaa, 0xbb, 0xcc };
	const uint8_t want[] = { 0, 3, 0, 0, 0, 0, 3, 0xaa, 0xbb, 0xcc };
	uint8_t out[4 + 2 * PSK_KEY_MAX + 1], longest[PSK_KEY_MAX + 1];

	(void)state;
	assert_int_equal(key_psk_premaster(psk, sizeof(psk), out), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	memset(longest, 0x5a, sizeof(longest));
	out[4 + 2 * PSK_KEY_MAX] = 0xee;
	assert_int_equal(key_psk_premaster(longest, PSK_KEY_MAX, out), 4 + 2 * PSK_KEY_MAX);
	assert_int_equal(out[1], PSK_KEY_MAX);
	assert_int_equal(out[2 + PSK_KEY_MAX + 1], PSK_KEY_MAX);
	assert_int_equal(out[4 + 2 * PSK_KEY_MAX - 1], 0x5a);
	assert_int_equal(key_psk_premaster(longest, PSK_KEY_MAX + 1, out), 0);
	assert_int_equal(out[4 + 2 * PSK_KEY_MAX], 0xee);
}

/* RFC 5246 §6.3: client key, server key, client IV, server IV, each of the suite's length. */
static void key_block_is_cut_as_the_suite_says(void **state)
{
	uint8_t block[2 * (AEAD_KEY_MAX + AEAD_IV_LEN)];
	uint8_t zeros[AEAD_KEY_MAX] = { 0 };
	struct traffic_keys keys;

	(void)state;
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i + 1);
	for (size_t i = 0; i < SUITE_12_N; i++) {
		const struct suite *suite = suite_at(i);
		size_t key = aead_info(suite->aead)->key_len, iv = aead_info(suite->aead)->salt_len;
		const uint8_t *p = block;

		memset(&keys, 0xff, sizeof(keys));
		assert_int_equal(key_block_len(suite), 2 * (key + iv));
		assert_true(key_block_slice(suite, block, 2 * (key + iv), &keys));
		assert_memory_equal(keys.client_key, p, key);
		assert_memory_equal(keys.server_key, p += key, key);
		assert_memory_equal(keys.client_iv, p += key, iv);
		assert_memory_equal(keys.server_iv, p + iv, iv);
		assert_memory_equal(keys.client_key + key, zeros, AEAD_KEY_MAX - key);
		assert_memory_equal(keys.server_iv + iv, zeros, AEAD_IV_LEN - iv);
		assert_false(key_block_slice(suite, block, 2 * (key + iv) - 1, &keys));
	}
}

static void check_transcript(enum prf_hash hash, const char *digest, size_t len)
{
	struct transcript *t = transcript_new(hash);
	uint8_t msg[300], got[HASH_MAX], want[EVP_MAX_MD_SIZE];
	size_t at = 0;

	assert_non_null(t);
	for (size_t i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t)(i ^ 0x77);
	for (size_t piece = 0; at + piece <= sizeof(msg); piece += 3) {
		assert_true(transcript_add(t, msg + at, piece));
		at += piece;
		/* Asked at every step: asking must not end the running hash. */
		assert_int_equal(transcript_hash(t, got), len);
		assert_true(EVP_Q_digest(NULL, digest, NULL, msg, at, want, NULL));
		assert_memory_equal(got, want, len);
	}
	assert_true(at > 200);
	transcript_free(t);
}

static void transcript_runs_on(void **state)
{
	(void)state;
	check_transcript(PRF_SHA256, "SHA256", 32);
	check_transcript(PRF_SHA384, "SHA384", 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prf_sha256_vector),
		cmocka_unit_test(prf_sha384_vector),
		cmocka_unit_test(prf_matches_libcrypto_at_every_length),
		cmocka_unit_test(premaster_has_the_shape_of_rfc4279),
		cmocka_unit_test(key_block_is_cut_as_the_suite_says),
		cmocka_unit_test(transcript_runs_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
