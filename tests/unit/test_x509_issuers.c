/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_issuers.h"

#include "pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t shown[] = "a certificate of a CA", other[] = "another";

static STACK_OF(X509) * chain_of(struct pki_cert *root, struct pki_cert *leaf)
{
	STACK_OF(X509) *chain = sk_X509_new_null();

	pki_must(X509_add_cert(chain, leaf->cert, X509_ADD_FLAG_UP_REF) == 1 &&
		 X509_add_cert(chain, root->cert, X509_ADD_FLAG_UP_REF) == 1);
	return chain;
}

static void what_is_above_is_found_for_a_minute(void **state)
{
	struct x509_issuers *c = x509_issuers_new();
	struct pki_cert root = pki_ca(NULL, "root"), leaf = pki_device(&root, "x");
	STACK_OF(X509) *chain = chain_of(&root, &leaf), *found;
	struct rd key = rd_of(shown, sizeof(shown));

	(void)state;
	assert_null(x509_issuers_find(c, key, PKI_NOW));
	x509_issuers_keep(c, key, chain, PKI_NOW);
	for (int64_t s = 0; s < X509_ISSUERS_S; s += X509_ISSUERS_S - 1) {
		found = x509_issuers_find(c, key, PKI_NOW + s);
		assert_non_null(found);
		assert_int_equal(sk_X509_num(found), 1);
		assert_ptr_equal(sk_X509_value(found, 0), root.cert);
		sk_X509_pop_free(found, X509_free);
	}
	assert_null(x509_issuers_find(c, key, PKI_NOW + X509_ISSUERS_S));
	assert_null(x509_issuers_find(c, key, PKI_NOW - 1)); /* the clock was set back */
	assert_null(x509_issuers_find(c, rd_of(other, sizeof(other)), PKI_NOW));
	assert_null(x509_issuers_find(c, rd_of(shown, sizeof(shown) - 1), PKI_NOW));
	sk_X509_pop_free(chain, X509_free);
	x509_issuers_free(c);
	pki_free(&leaf);
	pki_free(&root);
}

/* What a constraint says of the names below it has to be looked at for each of them. */
static void constrained_issuers_are_not_kept(void **state)
{
	struct x509_issuers *c = x509_issuers_new();
	struct pki_cert root = pki_ca(NULL, "root"), leaf = pki_device(&root, "x");
	STACK_OF(X509) * chain;
	struct rd key = rd_of(shown, sizeof(shown));

	(void)state;
	pki_extension(root.cert, root.cert, NID_name_constraints, "permitted;DNS:.devices.test");
	chain = chain_of(&root, &leaf);
	x509_issuers_keep(c, key, chain, PKI_NOW);
	assert_null(x509_issuers_find(c, key, PKI_NOW));
	sk_X509_pop_free(chain, X509_free);
	x509_issuers_free(c);
	pki_free(&leaf);
	pki_free(&root);
}

static void places_are_few(void **state)
{
	struct x509_issuers *c = x509_issuers_new();
	struct pki_cert root = pki_ca(NULL, "root"), leaf = pki_device(&root, "x");
	STACK_OF(X509) *chain = chain_of(&root, &leaf), *found;
	unsigned n = 0;

	(void)state;
	for (uint8_t i = 0; i < 100; i++)
		x509_issuers_keep(c, rd_of(&i, 1), chain, PKI_NOW);
	for (uint8_t i = 0; i < 100; i++) {
		found = x509_issuers_find(c, rd_of(&i, 1), PKI_NOW);
		n += found != NULL;
		sk_X509_pop_free(found, X509_free);
	}
	assert_in_range(n, 1, X509_ISSUERS_MAX);
	sk_X509_pop_free(chain, X509_free);
	x509_issuers_free(c);
	pki_free(&leaf);
	pki_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_above_is_found_for_a_minute),
		cmocka_unit_test(constrained_issuers_are_not_kept),
		cmocka_unit_test(places_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
