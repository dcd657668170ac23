/* SPDX-License-Identifier: BSD-3-Clause */
#include "signature.h"

#include "pki.h"
#include "spki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

static const uint8_t message[] = "client random, server random, parameters";

static struct signature_key *key_of(EVP_PKEY *pkey)
{
	struct signature_key *key = signature_key_new(pkey);

	EVP_PKEY_free(pkey);
	return key;
}

static const struct signature_input plain = { message, sizeof(message), false };

static void what_is_signed_verifies_and_nothing_else(void **state)
{
	EVP_PKEY *pkeys[] = { pki_p256(), pki_ed25519() };
	uint8_t sig[SIGNATURE_MAX], other[sizeof(message)];
	const struct signature_input changed = { other, sizeof(other), false };
	size_t len;

	(void)state;
	memcpy(other, message, sizeof(other));
	other[3] ^= 1;
	for (size_t i = 0; i < 2; i++) {
		struct signature_key *key = key_of(pkeys[i]);
		uint16_t scheme = (uint16_t)signature_scheme_of(signature_key_kind(key));

		assert_true(signature_sign(key, &plain, sig, &len));
		assert_true(len <= SIGNATURE_MAX);
		assert_true(signature_verify(key, scheme, &plain, sig, len));
		assert_false(signature_verify(key, scheme, &changed, sig, len));
		assert_false(signature_verify(key, scheme, &plain, sig, len - 1));
		assert_false(signature_verify(key, scheme, &plain, sig, 0));
		assert_false(signature_verify(key, scheme ^ 0x0404, &plain, sig, len));
		sig[len / 2] ^= 1; /* bug 69 of hostile.md */
		assert_false(signature_verify(key, scheme, &plain, sig, len));
		signature_key_free(key);
	}
}

/* Prepared, a pair signs as before, and no two signatures are the same. */
static void a_prepared_pair_signs(void **state)
{
	struct signature_key *keys[] = { key_of(pki_p256()), key_of(pki_ed25519()) };
	uint8_t first[SIGNATURE_MAX], sig[SIGNATURE_MAX];
	size_t first_len, len;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint16_t scheme = (uint16_t)signature_scheme_of(signature_key_kind(keys[i]));

		assert_true(signature_key_prepare(keys[i]));
		assert_true(signature_sign(keys[i], &plain, first, &first_len));
		assert_true(signature_sign(keys[i], &plain, sig, &len));
		assert_true(signature_verify(keys[i], scheme, &plain, first, first_len));
		assert_true(signature_verify(keys[i], scheme, &plain, sig, len));
		assert_true(scheme == SIGNATURE_ED25519 || first_len != len ||
			    memcmp(first, sig, len) != 0);
		signature_key_free(keys[i]);
	}
}

/* A point beside the curve is no key. */
static void raw_keys_are_on_their_curve(void **state)
{
	EVP_PKEY *pkey = pki_p256();
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	struct signature_key *key = spki_key(der, (size_t)len);

	(void)state;
	assert_non_null(key);
	assert_int_equal(signature_key_kind(key), SIGNATURE_KIND_P256);
	signature_key_free(key);
	der[len - 1] ^= 1;
	assert_null(spki_key(der, (size_t)len));
	assert_null(spki_key(der, (size_t)len - 1));
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static void a_digest_stands_for_its_message(void **state)
{
	struct signature_key *p256 = key_of(pki_p256()), *ed = key_of(pki_ed25519());
	uint8_t digest[32], sig[SIGNATURE_MAX];
	const struct signature_input hashed = { digest, 32, true }, cut = { digest, 31, true };
	size_t len;

	(void)state;
	SHA256(message, sizeof(message), digest);
	assert_true(signature_sign(p256, &hashed, sig, &len));
	assert_true(signature_verify(p256, SIGNATURE_ECDSA_SECP256R1_SHA256, &plain, sig, len));
	assert_true(signature_verify(p256, SIGNATURE_ECDSA_SECP256R1_SHA256, &hashed, sig, len));
	assert_false(signature_verify(p256, SIGNATURE_ECDSA_SECP256R1_SHA256, &cut, sig, len));
	assert_false(signature_sign(p256, &cut, sig, &len));
	assert_false(signature_sign(ed, &hashed, sig, &len)); /* RFC 8032: it has no such mode */
	signature_key_free(p256);
	signature_key_free(ed);
}

static size_t rsa_sign(EVP_PKEY *pkey, int padding, int salt, uint8_t *out, size_t room)
{
	uint8_t digest[32];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);

	SHA256(message, sizeof(message), digest);
	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
	if (padding == RSA_PKCS1_PSS_PADDING)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, out, &room, digest, 32), 1);
	EVP_PKEY_CTX_free(ctx);
	return room;
}

/* Clients that still have them: verified, never made. */
static void rsa_signatures_verify_under_their_own_scheme(void **state)
{
	EVP_PKEY *pkey = pki_rsa(2048);
	uint8_t pss[256], pkcs1[256], short_salt[256], ours[SIGNATURE_MAX];
	size_t n = rsa_sign(pkey, RSA_PKCS1_PSS_PADDING, 32, pss, sizeof(pss)), len;
	size_t m = rsa_sign(pkey, RSA_PKCS1_PADDING, 0, pkcs1, sizeof(pkcs1));
	struct signature_key *key;

	(void)state;
	rsa_sign(pkey, RSA_PKCS1_PSS_PADDING, 8, short_salt, sizeof(short_salt));
	key = key_of(pkey);
	assert_int_equal(signature_key_kind(key), SIGNATURE_KIND_RSA);
	assert_true(signature_verify(key, SIGNATURE_RSA_PSS_RSAE_SHA256, &plain, pss, n));
	assert_true(signature_verify(key, SIGNATURE_RSA_PKCS1_SHA256, &plain, pkcs1, m));
	assert_false(signature_verify(key, SIGNATURE_RSA_PKCS1_SHA256, &plain, pss, n));
	assert_false(signature_verify(key, SIGNATURE_RSA_PSS_RSAE_SHA256, &plain, pkcs1, m));
	assert_false(signature_verify(key, SIGNATURE_RSA_PSS_RSAE_SHA256, &plain, short_salt, n));
	assert_false(signature_verify(key, SIGNATURE_ECDSA_SECP256R1_SHA256, &plain, pss, n));
	assert_int_equal(signature_scheme_of(SIGNATURE_KIND_RSA), SIGNATURE_NONE);
	assert_false(signature_sign(key, &plain, ours, &len));
	signature_key_free(key);
}

/* bad-input G5 */
static void other_keys_are_of_no_kind(void **state)
{
	EVP_PKEY *bad[] = { pki_rsa(1024), EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
			    EVP_PKEY_Q_keygen(NULL, NULL, "X25519") };
	EVP_PKEY *explicit_params = pki_p256();
	unsigned char *der = NULL;
	int len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(key_of(bad[i]));
	assert_int_equal(EVP_PKEY_set_utf8_string_param(explicit_params, "encoding", "explicit"),
			 1);
	len = i2d_PUBKEY(explicit_params, &der);
	assert_true(len > 150);
	assert_null(spki_key(der, (size_t)len));
	OPENSSL_free(der);
	EVP_PKEY_free(explicit_params);
}

/* RFC 7250 */
static void a_raw_public_key_is_a_key(void **state)
{
	EVP_PKEY *pkey = pki_p256();
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);
	size_t len = (size_t)n, sig_len;
	uint8_t sig[SIGNATURE_MAX], fingerprint[SPKI_FINGERPRINT_LEN], name[SPKI_NAME_LEN];
	struct signature_key *pair = key_of(pkey), *public = spki_key(der, len);

	(void)state;
	assert_non_null(public);
	assert_true(signature_sign(pair, &plain, sig, &sig_len));
	assert_true(
		signature_verify(public, SIGNATURE_ECDSA_SECP256R1_SHA256, &plain, sig, sig_len));
	for (size_t cut = 0; cut < len; cut++)
		assert_null(spki_key(der, cut));
	der = OPENSSL_realloc(der, len + 1);
	der[len] = 0;
	assert_null(spki_key(der, len + 1)); /* nothing may follow it */
	spki_fingerprint(fingerprint, der, len);
	spki_name(name, fingerprint);
	assert_memory_equal(name, "sha256:", 7);
	for (size_t i = 0; i < 64; i++)
		assert_non_null(memchr("0123456789abcdef", name[7 + i], 16));
	OPENSSL_free(der);
	signature_key_free(pair);
	signature_key_free(public);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_verifies_and_nothing_else),
		cmocka_unit_test(a_prepared_pair_signs),
		cmocka_unit_test(raw_keys_are_on_their_curve),
		cmocka_unit_test(a_digest_stands_for_its_message),
		cmocka_unit_test(rsa_signatures_verify_under_their_own_scheme),
		cmocka_unit_test(other_keys_are_of_no_kind),
		cmocka_unit_test(a_raw_public_key_is_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
