/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_parse.h"

#include "pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static X509 *again(const struct pki_cert *c)
{
	unsigned char *der = NULL;
	int len = i2d_X509(c->cert, &der);
	X509 *cert = x509_parse(der, (size_t)len);

	assert_non_null(cert);
	OPENSSL_free(der);
	return cert;
}

/* Whether a certificate, parsed, verifies under its issuer's key as it was parsed, and has its own.
 */
static void check(const struct pki_cert *ca, struct pki_cert *c, enum signature_kind kind)
{
	unsigned char *der = NULL;
	int len = i2d_X509(c->cert, &der);
	X509 *leaf = x509_parse(der, (size_t)len);
	X509 *issuer = again(ca);
	struct signature_key *key;

	assert_non_null(leaf);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), c->key), 1);
	assert_int_equal(X509_verify(leaf, X509_get0_pubkey(issuer)), 1);
	key = x509_key(leaf);
	assert_int_equal(key == NULL ? SIGNATURE_KIND_NONE : signature_key_kind(key), kind);
	signature_key_free(key);
	X509_free(leaf);
	der[len - 1] ^= 1;
	leaf = x509_parse(der, (size_t)len);
	assert_non_null(leaf);
	assert_int_not_equal(X509_verify(leaf, X509_get0_pubkey(issuer)), 1);
	X509_free(leaf);
	assert_null(x509_parse(der, (size_t)len - 1));
	X509_free(issuer);
	OPENSSL_free(der);
	pki_free(c);
}

static void what_is_parsed_verifies_and_has_its_key(void **state)
{
	struct pki_cert ca = pki_ca(NULL, "ca");
	const struct pki_want want = { .cn = "x" };
	const struct {
		EVP_PKEY *key;
		enum signature_kind kind;
	} rows[] = {
		{ pki_p256(), SIGNATURE_KIND_P256 },
		{ pki_ed25519(), SIGNATURE_KIND_ED25519 },
		{ pki_rsa(2048), SIGNATURE_KIND_RSA },
		{ EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), SIGNATURE_KIND_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pki_cert c = pki_issue(&ca, rows[i].key, &want);

		check(&ca, &c, rows[i].kind);
	}
	pki_free(&ca);
}

static void what_is_no_certificate_is_refused(void **state)
{
	static const uint8_t junk[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };

	(void)state;
	assert_null(x509_parse(junk, sizeof(junk)));
	assert_null(x509_parse(junk, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_parsed_verifies_and_has_its_key),
		cmocka_unit_test(what_is_no_certificate_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
