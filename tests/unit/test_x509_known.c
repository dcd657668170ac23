/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pki.h"

#include <openssl/x509v3.h>

static void knows_the_pair(void **state)
{
	struct pki_cert a = pki_ca(NULL, "a"), b = pki_ca(NULL, "b");
	X509 *copy = X509_dup(a.cert);
	X509_CRL *one = X509_CRL_new(), *other = X509_CRL_new();
	struct x509_known *k = malloc(sizeof(*k));

	(void)state;
	x509_known_init(k);
	assert_false(x509_known_has(k, one, a.cert));
	x509_known_add(k, one, a.cert);
	x509_known_add(k, one, a.cert);
	assert_int_equal(k->n, 1);
	assert_true(x509_known_has(k, one, a.cert));
	assert_true(x509_known_has(k, one, copy)); /* of another chain */
	assert_false(x509_known_has(k, other, a.cert));
	assert_false(x509_known_has(k, one, b.cert));
	/* It keeps what it knows. */
	X509_CRL_free(one);
	X509_free(copy);
	pki_free(&a);
	x509_known_free(k);
	X509_CRL_free(other);
	pki_free(&b);
	free(k);
}

/* What a list is for depends on the certificate, so such a list is looked at each time. */
static void lists_of_a_part_are_not_known(void **state)
{
	struct pki_cert a = pki_ca(NULL, "a");
	X509_CRL *crl = X509_CRL_new();
	ISSUING_DIST_POINT *part = ISSUING_DIST_POINT_new();
	struct x509_known *k = malloc(sizeof(*k));

	(void)state;
	part->onlyuser = 0xff;
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, part, 1, 0), 1);
	x509_known_init(k);
	x509_known_add(k, crl, a.cert);
	assert_false(x509_known_has(k, crl, a.cert));
	x509_known_free(k);
	ISSUING_DIST_POINT_free(part);
	X509_CRL_free(crl);
	pki_free(&a);
	free(k);
}

static void a_full_table_takes_no_more(void **state)
{
	struct pki_cert a = pki_ca(NULL, "a");
	X509_CRL *crl = NULL;
	struct x509_known *k = malloc(sizeof(*k));

	(void)state;
	x509_known_init(k);
	for (unsigned i = 0; i < X509_KNOWN_MAX + 1; i++) {
		X509_CRL_free(crl);
		crl = X509_CRL_new();
		x509_known_add(k, crl, a.cert);
	}
	assert_int_equal(k->n, X509_KNOWN_MAX);
	assert_false(x509_known_has(k, crl, a.cert));
	x509_known_free(k);
	X509_CRL_free(crl);
	pki_free(&a);
	free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_pair),
		cmocka_unit_test(lists_of_a_part_are_not_known),
		cmocka_unit_test(a_full_table_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
