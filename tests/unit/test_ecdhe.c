/* SPDX-License-Identifier: BSD-3-Clause */
#include "ecdhe.h"

#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

static const enum ecdhe_group groups[] = { ECDHE_SECP256R1, ECDHE_X25519 };

static void both_ends_agree(void **state)
{
	uint8_t pa[ECDHE_PUBLIC_MAX], pb[ECDHE_PUBLIC_MAX], a[ECDHE_SECRET_LEN],
		b[ECDHE_SECRET_LEN];
	size_t len;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ecdhe *x = ecdhe_new(groups[i], pa, &len), *y;

		assert_non_null(x);
		assert_int_equal(len, ecdhe_public_len(groups[i]));
		y = ecdhe_new(groups[i], pb, &len);
		assert_non_null(y);
		assert_int_equal(ecdhe_derive(x, a, pb, len), ECDHE_OK);
		assert_int_equal(ecdhe_derive(y, b, pa, len), ECDHE_OK);
		assert_memory_equal(a, b, sizeof(a));
		assert_int_not_equal(memcmp(pa, pb, len), 0);
		ecdhe_free(x);
		ecdhe_free(y);
	}
}

/* RFC 8422 §5.4.1: nothing but an uncompressed point of the curve; bug 56 of hostile.md: any
 * length. */
static void what_is_no_point_is_refused(void **state)
{
	uint8_t mine[ECDHE_PUBLIC_MAX], peer[ECDHE_PUBLIC_MAX + 1], out[ECDHE_SECRET_LEN];
	size_t len;
	struct ecdhe *e = ecdhe_new(ECDHE_SECP256R1, mine, &len);

	(void)state;
	assert_non_null(e);
	for (size_t n = 0; n <= sizeof(peer); n++) {
		memset(peer, 4, sizeof(peer));
		assert_int_equal(ecdhe_derive(e, out, peer, n), ECDHE_BAD_POINT);
	}
	memcpy(peer, mine, len);
	peer[64] ^= 1; /* off the curve */
	assert_int_equal(ecdhe_derive(e, out, peer, len), ECDHE_BAD_POINT);
	memcpy(peer, mine, len);
	peer[0] = 6; /* hybrid form */
	assert_int_equal(ecdhe_derive(e, out, peer, len), ECDHE_BAD_POINT);
	peer[0] = 2; /* compressed */
	assert_int_equal(ecdhe_derive(e, out, peer, 33), ECDHE_BAD_POINT);
	peer[0] = 0; /* infinity */
	assert_int_equal(ecdhe_derive(e, out, peer, 1), ECDHE_BAD_POINT);
	assert_int_equal(ecdhe_derive(e, out, mine, len), ECDHE_OK);
	ecdhe_free(e);
}

/* RFC 7748 §6.1: points of small order give the all-zero secret. */
static void an_all_zero_secret_is_refused(void **state)
{
	static const char *const small[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t mine[ECDHE_PUBLIC_MAX], out[ECDHE_SECRET_LEN], peer[32];
	size_t len;
	struct ecdhe *e = ecdhe_new(ECDHE_X25519, mine, &len);

	(void)state;
	assert_non_null(e);
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		assert_int_equal(hex(peer, small[i]), sizeof(peer));
		assert_int_equal(ecdhe_derive(e, out, peer, sizeof(peer)), ECDHE_BAD_POINT);
	}
	assert_int_equal(ecdhe_derive(e, out, mine, 31), ECDHE_BAD_POINT);
	ecdhe_free(e);
}

/* The secret that two ends agree on is the x coordinate, checked by libcrypto's own agreement. */
static void p256_agrees_with_libcrypto(void **state)
{
	uint8_t mine[ECDHE_PUBLIC_MAX], a[ECDHE_SECRET_LEN], b[ECDHE_SECRET_LEN];
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), *peer = EVP_PKEY_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(other, NULL);
	unsigned char *theirs = NULL;
	size_t len, their_len = EVP_PKEY_get1_encoded_public_key(other, &theirs), b_len = sizeof(b);
	struct ecdhe *e = ecdhe_new(ECDHE_SECP256R1, mine, &len);

	(void)state;
	assert_non_null(e);
	assert_int_equal(EVP_PKEY_copy_parameters(peer, other), 1);
	assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, mine, len), 1);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, b, &b_len), 1);
	assert_int_equal(ecdhe_derive(e, a, theirs, their_len), ECDHE_OK);
	assert_memory_equal(a, b, sizeof(a));
	ecdhe_free(e);
	OPENSSL_free(theirs);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(other);
}

static void other_groups_have_no_keys(void **state)
{
	(void)state;
	assert_int_equal(ecdhe_public_len(ECDHE_NONE), 0);
	assert_int_equal(ecdhe_public_len((enum ecdhe_group)24), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_agree),
		cmocka_unit_test(what_is_no_point_is_refused),
		cmocka_unit_test(an_all_zero_secret_is_refused),
		cmocka_unit_test(p256_agrees_with_libcrypto),
		cmocka_unit_test(other_groups_have_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
