/* SPDX-License-Identifier: BSD-3-Clause */
#include "signature.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096 };

struct signature_key {
	EVP_PKEY *pkey;
	/* Ready to sign a digest: preparing costs a sixth of signing. Copied for each signature,
	 * since threads share it. NULL: not prepared. */
	EVP_PKEY_CTX *signer;
	enum signature_kind kind;
};

/* RFC 5480 §2.1.1: a curve is named. Parameters written out could be of any curve, and checking
 * them costs what an attacker likes. */
static bool is_named_p256(const EVP_PKEY *pkey)
{
	char group[32];
	size_t len;
	int is_explicit = 0;

	return EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1 &&
	       strcmp(group, "prime256v1") == 0 &&
	       EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				      &is_explicit) == 1 &&
	       is_explicit == 0;
}

static enum signature_kind kind_of(const EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);

	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_EC:
		return is_named_p256(pkey) ? SIGNATURE_KIND_P256 : SIGNATURE_KIND_NONE;
	case EVP_PKEY_ED25519:
		return SIGNATURE_KIND_ED25519;
	case EVP_PKEY_RSA:
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? SIGNATURE_KIND_RSA
								    : SIGNATURE_KIND_NONE;
	default:
		return SIGNATURE_KIND_NONE;
	}
}

static struct signature_key *key_new(EVP_PKEY *pkey, enum signature_kind kind)
{
	struct signature_key *key;

	key = malloc(sizeof(*key));
	if (key == NULL || EVP_PKEY_up_ref(pkey) != 1) {
		free(key);
		return NULL;
	}
	*key = (struct signature_key){ .pkey = pkey, .kind = kind };
	return key;
}

struct signature_key *signature_key_new(struct evp_pkey_st *pkey)
{
	enum signature_kind kind = kind_of(pkey);

	ERR_clear_error();
	return kind == SIGNATURE_KIND_NONE ? NULL : key_new(pkey, kind);
}

static CRYPTO_ONCE p256_once = CRYPTO_ONCE_STATIC_INIT;
static EVP_PKEY *p256_like; /* any key of the curve */

static void p256_make(void) { p256_like = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); }

struct signature_key *signature_key_p256(const uint8_t *point, size_t len)
{
	EVP_PKEY *pkey = EVP_PKEY_new();
	struct signature_key *key = NULL;

	if (pkey != NULL && CRYPTO_THREAD_run_once(&p256_once, p256_make) == 1 &&
	    p256_like != NULL && EVP_PKEY_copy_parameters(pkey, p256_like) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(pkey, point, len) == 1)
		key = key_new(pkey, SIGNATURE_KIND_P256);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return key;
}

void signature_key_free(struct signature_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_CTX_free(key->signer);
	EVP_PKEY_free(key->pkey);
	free(key);
}

enum signature_kind signature_key_kind(const struct signature_key *key) { return key->kind; }

enum signature_scheme signature_scheme_of(enum signature_kind kind)
{
	switch (kind) {
	case SIGNATURE_KIND_P256:
		return SIGNATURE_ECDSA_SECP256R1_SHA256;
	case SIGNATURE_KIND_ED25519:
		return SIGNATURE_ED25519;
	case SIGNATURE_KIND_RSA:
	case SIGNATURE_KIND_NONE:
		break;
	}
	return SIGNATURE_NONE;
}

static bool scheme_fits(enum signature_kind kind, uint16_t scheme)
{
	if (kind == SIGNATURE_KIND_RSA)
		return scheme == SIGNATURE_RSA_PKCS1_SHA256 ||
		       scheme == SIGNATURE_RSA_PSS_RSAE_SHA256;
	return scheme == signature_scheme_of(kind);
}

/* The SHA-256 of the input: the input itself when that is what it is. */
static const uint8_t *digest_of(const struct signature_input *in,
				uint8_t room[SHA256_DIGEST_LENGTH])
{
	if (!in->hashed)
		return SHA256(in->bytes, in->len, room);
	return in->len == SHA256_DIGEST_LENGTH ? in->bytes : NULL;
}

static bool ed25519_sign(EVP_PKEY *pkey, const struct signature_input *in, uint8_t *out,
			 size_t *out_len)
{
	EVP_MD_CTX *ctx = in->hashed ? NULL : EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		  EVP_DigestSign(ctx, out, out_len, in->bytes, in->len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static EVP_PKEY_CTX *signer_new(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);

	if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

bool signature_key_prepare(struct signature_key *key)
{
	if (key->kind != SIGNATURE_KIND_P256)
		return true;
	key->signer = signer_new(key->pkey);
	ERR_clear_error();
	return key->signer != NULL;
}

static bool ecdsa_sign(const struct signature_key *key, const struct signature_input *in,
		       uint8_t *out, size_t *out_len)
{
	uint8_t room[SHA256_DIGEST_LENGTH];
	const uint8_t *digest = digest_of(in, room);
	EVP_PKEY_CTX *ctx = NULL;
	bool ok;

	if (digest != NULL)
		ctx = key->signer != NULL ? EVP_PKEY_CTX_dup(key->signer) : signer_new(key->pkey);
	ok = ctx != NULL && EVP_PKEY_sign(ctx, out, out_len, digest, SHA256_DIGEST_LENGTH) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool signature_sign(const struct signature_key *key, const struct signature_input *in,
		    uint8_t out[SIGNATURE_MAX], size_t *out_len)
{
	bool ok = false;

	*out_len = SIGNATURE_MAX;
	if (key->kind == SIGNATURE_KIND_P256)
		ok = ecdsa_sign(key, in, out, out_len);
	else if (key->kind == SIGNATURE_KIND_ED25519)
		ok = ed25519_sign(key->pkey, in, out, out_len);
	if (!ok)
		ERR_clear_error();
	return ok;
}

static bool ed25519_verify(EVP_PKEY *pkey, const struct signature_input *in,
			   const uint8_t *signature, size_t len)
{
	EVP_MD_CTX *ctx = in->hashed ? NULL : EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		  EVP_DigestVerify(ctx, signature, len, in->bytes, in->len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

/* RFC 8446 §4.2.3: "the length of the Salt MUST be equal to the length of the output of the digest
 * algorithm". */
static bool padding_set(EVP_PKEY_CTX *ctx, uint16_t scheme)
{
	if (scheme == SIGNATURE_RSA_PKCS1_SHA256)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	if (scheme == SIGNATURE_RSA_PSS_RSAE_SHA256)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	return true;
}

static bool digest_verify(EVP_PKEY *pkey, uint16_t scheme, const struct signature_input *in,
			  const uint8_t *signature, size_t len)
{
	uint8_t room[SHA256_DIGEST_LENGTH];
	const uint8_t *digest = digest_of(in, room);
	EVP_PKEY_CTX *ctx = digest == NULL ? NULL : EVP_PKEY_CTX_new(pkey, NULL);
	bool ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 && padding_set(ctx, scheme) &&
		  EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
		  EVP_PKEY_verify(ctx, signature, len, digest, SHA256_DIGEST_LENGTH) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool signature_verify(const struct signature_key *key, uint16_t scheme,
		      const struct signature_input *in, const uint8_t *signature, size_t len)
{
	bool ok;

	if (!scheme_fits(key->kind, scheme))
		return false;
	ok = scheme == SIGNATURE_ED25519 ? ed25519_verify(key->pkey, in, signature, len)
					 : digest_verify(key->pkey, scheme, in, signature, len);
	if (!ok)
		ERR_clear_error();
	return ok;
}
