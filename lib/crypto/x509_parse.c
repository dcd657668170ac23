/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_parse.h"

#include "spki.h"

#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>

enum { FEW = 16 };

/* A library context with all that the default provider has, but of keys and their decoders few. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static OSSL_PROVIDER *whole;
static OSSL_ALGORITHM decoders[FEW], keys[FEW];
static OSSL_LIB_CTX *lean; /* NULL: there is none, and keys are parsed as usual */

/* By the first of an algorithm's names. */
static bool is_taken(const OSSL_ALGORITHM *a)
{
	static const char *const kinds[] = { "EC", "RSA", "ED25519" };
	size_t len = strcspn(a->algorithm_names, ":");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (len == strlen(kinds[i]) && strncmp(a->algorithm_names, kinds[i], len) == 0)
			return true;
	return false;
}

/* Those of the whole that are taken and have this property; the table is ended by zeros. */
static void choose(OSSL_ALGORITHM out[FEW], int operation, const char *property)
{
	int no_cache = 0, n = 0;
	const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(whole, operation, &no_cache);

	for (; a != NULL && a->algorithm_names != NULL && n < FEW - 1; a++)
		if (is_taken(a) && strstr(a->property_definition, property) != NULL)
			out[n++] = *a;
}

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_DECODER:
		return decoders;
	case OSSL_OP_KEYMGMT:
		return keys;
	default:
		return OSSL_PROVIDER_query_operation(whole, operation, no_cache);
	}
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
			 const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ 0, NULL },
	};

	(void)handle, (void)in;
	*out = functions;
	*provider = OSSL_PROVIDER_get0_provider_ctx(whole);
	return 1;
}

/* These live as long as the process. */
static void make(void)
{
	OSSL_LIB_CTX *ctx;

	whole = OSSL_PROVIDER_load(NULL, "default");
	if (whole == NULL)
		return;
	choose(decoders, OSSL_OP_DECODER, "structure=SubjectPublicKeyInfo");
	choose(keys, OSSL_OP_KEYMGMT, "");
	ctx = OSSL_LIB_CTX_new();
	if (ctx != NULL && OSSL_PROVIDER_add_builtin(ctx, "lean", provider_init) == 1 &&
	    OSSL_PROVIDER_load(ctx, "lean") != NULL)
		lean = ctx;
	else
		OSSL_LIB_CTX_free(ctx);
}

X509 *x509_parse(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	X509 *cert;

	(void)CRYPTO_THREAD_run_once(&once, make);
	cert = X509_new_ex(lean, NULL);
	if (cert == NULL)
		return NULL;
	/* When it fails, it has freed cert and set it to NULL, or neither. */
	if (d2i_X509(&cert, &at, (long)len) != NULL && at == der + len)
		return cert;
	X509_free(cert);
	return NULL;
}

struct signature_key *x509_key(const X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	struct signature_key *key = len <= 0 ? NULL : spki_key(der, (size_t)len);

	OPENSSL_free(der);
	return key;
}
