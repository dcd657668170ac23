/* SPDX-License-Identifier: BSD-3-Clause */
#include "ecdhe.h"

#include "secret.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

enum { POINT_UNCOMPRESSED = 4 };

/*
 * On secp256r1 a pair is a number and a point: libcrypto's keys of it build their own copy of the
 * curve each time, which costs as much as the multiplication. Points over one shared curve are
 * multiplied by the same code, in constant time.
 */
struct ecdhe {
	BIGNUM *scalar; /* secp256r1 */
	EVP_PKEY *pair; /* x25519 */
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

static CRYPTO_ONCE curve_once = CRYPTO_ONCE_STATIC_INIT;
static EC_GROUP *curve_made;

static void curve_make(void) { curve_made = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1); }

/* secp256r1, which nobody changes; NULL: no memory. */
static const EC_GROUP *curve(void)
{
	return CRYPTO_THREAD_run_once(&curve_once, curve_make) == 1 ? curve_made : NULL;
}

/* The public point of a scalar. */
static bool point_of(const EC_GROUP *g, const BIGNUM *scalar, uint8_t out[ECDHE_PUBLIC_MAX],
		     BN_CTX *ctx)
{
	EC_POINT *point = EC_POINT_new(g);
	bool ok = point != NULL && EC_POINT_mul(g, point, scalar, NULL, NULL, ctx) == 1 &&
		  EC_POINT_point2oct(g, point, POINT_CONVERSION_UNCOMPRESSED, out, ECDHE_PUBLIC_MAX,
				     ctx) == ECDHE_PUBLIC_MAX;

	EC_POINT_free(point);
	return ok;
}

/* Of [1, order - 1] (SP 800-56A §5.6.1.2.2), each as likely as any other. */
static bool scalar_draw(BIGNUM *scalar, const EC_GROUP *g, BN_CTX *ctx)
{
	BN_set_flags(scalar, BN_FLG_CONSTTIME);
	do {
		if (BN_priv_rand_range_ex(scalar, EC_GROUP_get0_order(g), 0, ctx) != 1)
			return false;
	} while (BN_is_zero(scalar));
	return true;
}

static bool p256_new(struct ecdhe *e, uint8_t out[ECDHE_PUBLIC_MAX])
{
	const EC_GROUP *g = curve();
	BN_CTX *ctx = BN_CTX_secure_new();
	bool ok;

	e->scalar = BN_secure_new();
	ok = g != NULL && ctx != NULL && e->scalar != NULL && scalar_draw(e->scalar, g, ctx) &&
	     point_of(g, e->scalar, out, ctx);
	BN_CTX_free(ctx);
	return ok;
}

static bool x25519_new(struct ecdhe *e, uint8_t out[ECDHE_PUBLIC_MAX])
{
	size_t len = ECDHE_PUBLIC_MAX;

	e->pair = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	return e->pair != NULL && EVP_PKEY_get_raw_public_key(e->pair, out, &len) == 1;
}

struct ecdhe *ecdhe_new(enum ecdhe_group group, uint8_t out_public[ECDHE_PUBLIC_MAX],
			size_t *out_len)
{
	struct ecdhe *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->group = group;
	*out_len = ecdhe_public_len(group);
	if (group == ECDHE_X25519 ? !x25519_new(e, out_public) : !p256_new(e, out_public)) {
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
	BN_clear_free(e->scalar);
	EVP_PKEY_free(e->pair);
	free(e);
}

static bool x_of(const EC_GROUP *g, const EC_POINT *point, uint8_t out[ECDHE_SECRET_LEN],
		 BN_CTX *ctx)
{
	BIGNUM *x = BN_secure_new();
	bool ok = x != NULL && EC_POINT_get_affine_coordinates(g, point, x, NULL, ctx) == 1 &&
		  BN_bn2binpad(x, out, ECDHE_SECRET_LEN) == ECDHE_SECRET_LEN;

	BN_clear_free(x);
	return ok;
}

/* RFC 8422 §5.4.1, §5.11: the one point format is uncompressed; libcrypto checks that the point is
 * on the curve, whose order is prime, and that is all there is to check. */
static enum ecdhe_result p256_derive(const struct ecdhe *e, uint8_t out[ECDHE_SECRET_LEN],
				     const uint8_t *peer, size_t len)
{
	const EC_GROUP *g = curve();
	BN_CTX *ctx = BN_CTX_secure_new();
	EC_POINT *point = EC_POINT_new(g);
	enum ecdhe_result result = ECDHE_FAILED;

	if (ctx != NULL && point != NULL &&
	    (peer[0] != POINT_UNCOMPRESSED || EC_POINT_oct2point(g, point, peer, len, ctx) != 1))
		result = ECDHE_BAD_POINT;
	else if (ctx != NULL && point != NULL &&
		 EC_POINT_mul(g, point, NULL, point, e->scalar, ctx) == 1 &&
		 x_of(g, point, out, ctx))
		result = ECDHE_OK;
	EC_POINT_clear_free(point);
	BN_CTX_free(ctx);
	return result;
}

/* RFC 8422 §5.11: "the all-zero value [...] MUST abort". libcrypto refuses it too. */
static bool agree(EVP_PKEY_CTX *ctx, EVP_PKEY *peer, uint8_t out[ECDHE_SECRET_LEN])
{
	static const uint8_t zero[ECDHE_SECRET_LEN];
	size_t len = ECDHE_SECRET_LEN;

	return EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
	       EVP_PKEY_derive(ctx, out, &len) == 1 && len == ECDHE_SECRET_LEN &&
	       !secret_equal(out, zero, sizeof(zero));
}

static enum ecdhe_result x25519_derive(const struct ecdhe *e, uint8_t out[ECDHE_SECRET_LEN],
				       const uint8_t *peer, size_t len)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, len);
	EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new(e->pair, NULL);
	enum ecdhe_result result = ECDHE_FAILED;

	if (ctx != NULL)
		result = agree(ctx, key, out) ? ECDHE_OK : ECDHE_BAD_POINT;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return result;
}

enum ecdhe_result ecdhe_derive(const struct ecdhe *e, uint8_t out[ECDHE_SECRET_LEN],
			       const uint8_t *peer, size_t peer_len)
{
	enum ecdhe_result result = ECDHE_BAD_POINT;

	if (peer_len == ecdhe_public_len(e->group))
		result = e->group == ECDHE_X25519 ? x25519_derive(e, out, peer, peer_len)
						  : p256_derive(e, out, peer, peer_len);
	if (result != ECDHE_OK)
		ERR_clear_error();
	return result;
}
