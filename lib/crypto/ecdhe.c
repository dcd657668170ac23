/* SPDX-License-Identifier: BSD-3-Clause */
#include "ecdhe.h"

#include "secret.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>

enum { POINT_UNCOMPRESSED = 4 };

struct ecdhe {
	EVP_PKEY *pair;
	enum ecdhe_group group;
};

size_t ecdhe_public_len(enum ecdhe_group group)
{
	switch (group) {
	case ECDHE_SECP256R1:
		return 65;
	case ECDHE_X25519:
		return 32;
	case ECDHE_NONE:
		break;
	}
	return 0;
}

static EVP_PKEY *pair_new(enum ecdhe_group group)
{
	return group == ECDHE_X25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "X25519")
				     : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static bool public_copy(EVP_PKEY *pair, size_t want, uint8_t *out)
{
	unsigned char *bytes = NULL;
	size_t len = EVP_PKEY_get1_encoded_public_key(pair, &bytes);
	bool ok = len == want;

	if (ok)
		memcpy(out, bytes, len);
	OPENSSL_free(bytes);
	return ok;
}

struct ecdhe *ecdhe_new(enum ecdhe_group group, uint8_t out_public[ECDHE_PUBLIC_MAX],
			size_t *out_len)
{
	struct ecdhe *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->group = group;
	e->pair = pair_new(group);
	*out_len = ecdhe_public_len(group);
	if (e->pair == NULL || !public_copy(e->pair, *out_len, out_public)) {
		ERR_clear_error();
		ecdhe_free(e);
		return NULL;
	}
	return e;
}

void ecdhe_free(struct ecdhe *e)
{
	if (e == NULL)
		return;
	EVP_PKEY_free(e->pair);
	free(e);
}

/* RFC 8422 §5.4.1, §5.11: the one point format is uncompressed; libcrypto checks that the point is
 * on the curve, whose order is prime, and that is all there is to check. */
static EVP_PKEY *peer_new(const struct ecdhe *e, const uint8_t *peer, size_t len)
{
	EVP_PKEY *key;

	if (len != ecdhe_public_len(e->group) ||
	    (e->group == ECDHE_SECP256R1 && peer[0] != POINT_UNCOMPRESSED))
		return NULL;
	if (e->group == ECDHE_X25519)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, len);
	key = EVP_PKEY_new();
	if (key == NULL || EVP_PKEY_copy_parameters(key, e->pair) != 1 ||
	    EVP_PKEY_set1_encoded_public_key(key, peer, len) != 1) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

/* RFC 8422 §5.11: "the all-zero value [...] MUST abort". libcrypto refuses it too. */
static bool derive(EVP_PKEY_CTX *ctx, EVP_PKEY *peer, uint8_t out[ECDHE_SECRET_LEN])
{
	static const uint8_t zero[ECDHE_SECRET_LEN];
	size_t len = ECDHE_SECRET_LEN;

	return EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
	       EVP_PKEY_derive(ctx, out, &len) == 1 && len == ECDHE_SECRET_LEN &&
	       !secret_equal(out, zero, sizeof(zero));
}

enum ecdhe_result ecdhe_derive(const struct ecdhe *e, uint8_t out[ECDHE_SECRET_LEN],
			       const uint8_t *peer, size_t peer_len)
{
	EVP_PKEY *key = peer_new(e, peer, peer_len);
	EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new(e->pair, NULL);
	enum ecdhe_result result = key == NULL ? ECDHE_BAD_POINT : ECDHE_FAILED;

	if (ctx != NULL)
		result = derive(ctx, key, out) ? ECDHE_OK : ECDHE_BAD_POINT;
	if (result != ECDHE_OK)
		ERR_clear_error();
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return result;
}
