/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_twin.h"

#include "mark_of.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>

/* DER of libcrypto's making; NULL: it failed. */
struct der {
	unsigned char *at;
	int len;
};

static bool is_ecdsa(const X509 *cert)
{
	int key = NID_undef;

	return OBJ_find_sigid_algs(X509_get_signature_nid(cert), NULL, &key) == 1 &&
	       key == NID_X9_62_id_ecPublicKey;
}

/* Of P-256 it is told here: asking libcrypto takes 4 us, and a handshake waits. */
static BIGNUM *order_of(const EVP_PKEY *key)
{
	static const uint8_t p256[] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
					0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
					0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
	BIGNUM *order = NULL;
	char group[32];
	size_t len;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 &&
	    strcmp(group, "prime256v1") == 0)
		return BN_bin2bn(p256, sizeof(p256), NULL);
	return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &order) == 1 ? order : NULL;
}

static bool negate(ECDSA_SIG *sig, const BIGNUM *order)
{
	BIGNUM *r = BN_dup(ECDSA_SIG_get0_r(sig)), *s = BN_new();

	if (r != NULL && s != NULL && BN_sub(s, order, ECDSA_SIG_get0_s(sig)) == 1 &&
	    ECDSA_SIG_set0(sig, r, s) == 1)
		return true;
	BN_free(r);
	BN_free(s);
	return false;
}

static struct der other_signature(const ASN1_BIT_STRING *bits, const X509 *issuer)
{
	const unsigned char *at = ASN1_STRING_get0_data(bits);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, ASN1_STRING_length(bits));
	const EVP_PKEY *key = X509_get0_pubkey(issuer);
	BIGNUM *order = key != NULL ? order_of(key) : NULL;
	struct der out = { .at = NULL };

	if (sig != NULL && order != NULL && negate(sig, order))
		out.len = i2d_ECDSA_SIG(sig, &out.at);
	BN_free(order);
	ECDSA_SIG_free(sig);
	return out;
}

/* A certificate is a sequence whose last element is a string of the signature's bits. What stands
 * before that. */
static bool before_signature(struct der cert, const ASN1_BIT_STRING *bits, struct der *out)
{
	const unsigned char *body = cert.at;
	long len = 0;
	int tag, class;

	if (ASN1_get_object(&body, &len, &tag, &class, cert.len) != V_ASN1_CONSTRUCTED)
		return false;
	out->at = cert.at + (body - cert.at);
	out->len = (int)len - ASN1_object_size(0, ASN1_STRING_length(bits) + 1, V_ASN1_BIT_STRING);
	return out->len > 0;
}

static bool mark_with(struct mark *out, struct der before, struct der sig)
{
	int body = before.len + ASN1_object_size(0, sig.len + 1, V_ASN1_BIT_STRING);
	int len = ASN1_object_size(1, body, V_ASN1_SEQUENCE);
	unsigned char *der = malloc((size_t)len), *at = der;

	if (der == NULL)
		return false;
	ASN1_put_object(&at, 1, body, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(at, before.at, (size_t)before.len);
	at += before.len;
	ASN1_put_object(&at, 0, sig.len + 1, V_ASN1_BIT_STRING, V_ASN1_UNIVERSAL);
	*at++ = 0; /* all bits of the last byte count */
	memcpy(at, sig.at, (size_t)sig.len);
	mark_of(out, der, (size_t)len);
	free(der);
	return true;
}

bool x509_twin(struct mark *out, const X509 *cert, const X509 *issuer)
{
	const ASN1_BIT_STRING *bits = NULL;
	struct der der = { .at = NULL }, sig, before;
	bool ok;

	if (!is_ecdsa(cert))
		return true;
	X509_get0_signature(&bits, NULL, cert);
	sig = other_signature(bits, issuer);
	der.len = i2d_X509(cert, &der.at);
	ok = sig.len > 0 && der.len > 0 && before_signature(der, bits, &before) &&
	     mark_with(out, before, sig);
	OPENSSL_free(sig.at);
	OPENSSL_free(der.at);
	return ok;
}
