/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_trust.h"

#include "pem_file.h"
#include "spki.h"
#include "x509_facts.h"
#include "x509_issuers.h"
#include "x509_known.h"
#include "x509_parse.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Keys and signatures of 112 bits: RSA from 2048 bits, no SHA-1 (RFC 9325 §4.2, §4.4). */
enum { AUTH_LEVEL = 2, RSA_BITS_MAX = 4096 };

struct x509_trust {
	X509_STORE *store;
	struct x509_facts facts;
	struct x509_known *known;
	struct x509_issuers *issuers; /* verified a moment ago */
	/* libcrypto's own */
	X509_STORE_CTX_check_revocation_fn revocation;
	X509_STORE_CTX_check_crl_fn list;
	unsigned n_cas, n_crls;
};

static const char *ca_take(struct x509_trust *t, const struct pem_file *f)
{
	const unsigned char *at = f->der;
	X509 *cert = d2i_X509(NULL, &at, f->der_len);
	const char *reason = NULL;

	if (!pem_file_is(f, "CERTIFICATE") || cert == NULL || at != f->der + f->der_len)
		reason = "not a certificate";
	else if (X509_STORE_add_cert(t->store, cert) != 1 || !x509_facts_ca(&t->facts, cert))
		reason = "no memory";
	else
		t->n_cas++;
	X509_free(cert);
	return reason;
}

static const char *crl_take(struct x509_trust *t, const struct pem_file *f)
{
	const unsigned char *at = f->der;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, f->der_len);
	const char *reason = NULL;

	if (!pem_file_is(f, "X509 CRL") || crl == NULL || at != f->der + f->der_len)
		reason = "not a revocation list";
	else if (X509_STORE_add_crl(t->store, crl) != 1)
		reason = "no memory";
	else
		t->n_crls++;
	X509_CRL_free(crl);
	return reason;
}

static bool file_load(struct x509_trust *t, const char *path,
		      const char *(*take)(struct x509_trust *t, const struct pem_file *f),
		      char *err, size_t err_len)
{
	const char *reason = NULL;
	struct pem_file f;
	bool good = pem_file_open(&f, path, false, err, err_len);

	while (good && reason == NULL && pem_file_next(&f, &good, err, err_len))
		reason = take(t, &f);
	if (reason != NULL)
		good = pem_file_refuse(&f, reason, err, err_len);
	pem_file_close(&f);
	return good;
}

/* Whether the bundle has the issuer of a certificate. */
static bool has_issuer(STACK_OF(X509_OBJECT) * objects, X509 *cert)
{
	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *other = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (other != NULL && X509_check_issued(other, cert) == X509_V_OK)
			return true;
	}
	return false;
}

/* Chains end at a root, so that revocation is looked at all the way; only where a CA stands in the
 * bundle without its root do they end there. */
static bool roots_settle(struct x509_trust *t)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(t->store);

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *cert = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (cert != NULL && !has_issuer(objects, cert))
			return X509_STORE_set_flags(t->store, X509_V_FLAG_PARTIAL_CHAIN) == 1;
	}
	return true;
}

static bool files_load(struct x509_trust *t, const struct x509_trust_config *cfg, char *err,
		       size_t err_len)
{
	if (!file_load(t, cfg->ca_path, ca_take, err, err_len) ||
	    (cfg->crl_path != NULL && !file_load(t, cfg->crl_path, crl_take, err, err_len)))
		return false;
	if (t->n_cas == 0 || (cfg->crl_path != NULL && t->n_crls == 0)) {
		snprintf(err, err_len, "%s: %s", t->n_cas == 0 ? cfg->ca_path : cfg->crl_path,
			 t->n_cas == 0 ? "no certificate" : "no revocation list");
		return false;
	}
	if (roots_settle(t) && x509_facts_lists(&t->facts, X509_STORE_get0_objects(t->store)))
		return true;
	snprintf(err, err_len, "no memory");
	return false;
}

/* Whether verification is at the CA of the bundle that the chain ends at. */
static bool is_anchor(X509_STORE_CTX *ctx)
{
	int depth = X509_STORE_CTX_get_error_depth(ctx);

	return depth > 0 && depth == sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1;
}

/* What verification meets is judged by its own code; only what the policy forgives passes here. */
static int on_error(int ok, X509_STORE_CTX *ctx)
{
	const struct x509_trust *t = X509_STORE_CTX_get_app_data(ctx);

	if (ok)
		return 1;
	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return t->facts.crl_expired_good;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		return X509_STORE_CTX_get_error_depth(ctx) > 0;
	/* Nobody can check the list of a CA's root that is not there. */
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
	case X509_V_ERR_CRL_SIGNATURE_FAILURE:
		return is_anchor(ctx);
	default:
		return 0;
	}
}

static int signatures_are_good(X509_STORE_CTX *ctx)
{
	(void)ctx;
	return 1;
}

/* Left alone, libcrypto looks at revocation before it looks at the chain's signatures: anybody who
 * writes a CA's name into a certificate would have the CA's whole list hashed, and be told whether
 * a serial number is on it. */
static int revocation_of_genuine(X509_STORE_CTX *ctx)
{
	const struct x509_trust *t = X509_STORE_CTX_get_app_data(ctx);
	int ok = X509_STORE_CTX_get_verify(ctx)(ctx);

	if (ok <= 0)
		return ok;
	X509_STORE_CTX_set_verify(ctx, signatures_are_good);
	return t->revocation(ctx);
}

/* The CA that the list of the certificate in question has to be by: the next one of the chain, or
 * the last one itself. */
static X509 *issuer_of(X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	int depth = X509_STORE_CTX_get_error_depth(ctx), last = sk_X509_num(chain) - 1;

	return sk_X509_value(chain, depth < last ? depth + 1 : last);
}

static bool is_in_date(const struct x509_trust *t, X509_STORE_CTX *ctx, const X509_CRL *crl)
{
	time_t now = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(ctx));
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	return X509_cmp_time(X509_CRL_get0_lastUpdate(crl), &now) < 0 &&
	       (next == NULL || t->facts.crl_expired_good || X509_cmp_time(next, &now) > 0);
}

/* Whether a list passed without the policy's forgiving anything but its age, which is asked for
 * each time: libcrypto looks at the signature after the dates, and this is its last complaint. */
static bool passed(const struct x509_trust *t, X509_STORE_CTX *ctx)
{
	int error = X509_STORE_CTX_get_error(ctx);

	return error == X509_V_OK ||
	       (error == X509_V_ERR_CRL_HAS_EXPIRED && t->facts.crl_expired_good);
}

static int list_is_good(X509_STORE_CTX *ctx, X509_CRL *crl)
{
	const struct x509_trust *t = X509_STORE_CTX_get_app_data(ctx);
	X509 *issuer = issuer_of(ctx);
	int ok;

	if (is_in_date(t, ctx, crl) && x509_known_has(t->known, crl, issuer))
		return 1;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	ok = t->list(ctx, crl);
	if (ok == 1 && passed(t, ctx))
		x509_known_add(t->known, crl, issuer);
	return ok;
}

static bool revocation_set(struct x509_trust *t)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = ctx != NULL && X509_STORE_CTX_init(ctx, t->store, NULL, NULL) == 1;

	if (ok) {
		t->revocation = X509_STORE_CTX_get_check_revocation(ctx);
		X509_STORE_set_check_revocation(t->store, revocation_of_genuine);
		t->list = X509_STORE_CTX_get_check_crl(ctx);
		X509_STORE_set_check_crl(t->store, list_is_good);
	}
	X509_STORE_CTX_free(ctx);
	return ok;
}

static bool rules_set(struct x509_trust *t, const struct x509_trust_config *cfg)
{
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(t->store);
	int purpose =
		cfg->role == X509_ROLE_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
	unsigned long flags = X509_V_FLAG_TRUSTED_FIRST;

	if (cfg->crl_path != NULL)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	X509_VERIFY_PARAM_set_depth(param, X509_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	X509_STORE_set_verify_cb(t->store, on_error);
	return X509_VERIFY_PARAM_set_purpose(param, purpose) == 1 &&
	       X509_VERIFY_PARAM_set_flags(param, flags) == 1 && revocation_set(t);
}

static bool make(struct x509_trust *t, const struct x509_trust_config *cfg)
{
	t->store = X509_STORE_new();
	t->issuers = x509_issuers_new();
	t->known = calloc(1, sizeof(*t->known));
	if (t->known != NULL)
		x509_known_init(t->known);
	return t->store != NULL && t->issuers != NULL && t->known != NULL &&
	       x509_facts_init(&t->facts, cfg);
}

struct x509_trust *x509_trust_load(const struct x509_trust_config *cfg, char *err, size_t err_len)
{
	struct x509_trust *t = calloc(1, sizeof(*t));

	if (t == NULL || !make(t, cfg) || !rules_set(t, cfg)) {
		snprintf(err, err_len, "no memory");
		x509_trust_free(t);
		return NULL;
	}
	if (!files_load(t, cfg, err, err_len)) {
		x509_trust_free(t);
		t = NULL;
	}
	ERR_clear_error();
	return t;
}

void x509_trust_free(struct x509_trust *t)
{
	if (t == NULL)
		return;
	x509_issuers_free(t->issuers);
	X509_STORE_free(t->store);
	if (t->known != NULL)
		x509_known_free(t->known);
	free(t->known);
	x509_facts_free(&t->facts);
	free(t);
}

unsigned x509_trust_cas(const struct x509_trust *t) { return t->n_cas; }

unsigned x509_trust_crls(const struct x509_trust *t) { return t->n_crls; }

/* Whether a signature by this key may be checked at all: its cost is bounded. */
static bool key_is_affordable(X509 *cert)
{
	EVP_PKEY *pkey = X509_get0_pubkey(cert);
	char group[32];
	size_t len;

	if (pkey == NULL)
		return false;
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
		return EVP_PKEY_get_bits(pkey) <= RSA_BITS_MAX;
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC)
		return EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1;
	return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519;
}

/* Counts before it parses (bad-input G4). */
static bool list_is_short(struct rd list)
{
	struct rd der;
	unsigned n = 0;

	if (rd_len(&list) > X509_CHAIN_BYTES_MAX)
		return false;
	while (rd_len(&list) > 0)
		if (!rd_vec(&list, 3, &der) || rd_len(&der) == 0 || ++n > X509_CHAIN_MAX)
			return false;
	return n > 0;
}

/* The certificates of a list that list_is_short has seen. */
static enum x509_verdict chain_parse(STACK_OF(X509) * chain, struct rd list)
{
	struct rd der;

	while (rd_vec(&list, 3, &der)) {
		X509 *cert = x509_parse(der.p, rd_len(&der));

		if (cert == NULL || sk_X509_push(chain, cert) == 0) {
			X509_free(cert);
			return CERT_BAD;
		}
		if (!key_is_affordable(cert))
			return CERT_UNSUPPORTED;
	}
	return CERT_GOOD;
}

static enum x509_verdict verdict_of(int error)
{
	switch (error) {
	case X509_V_OK:
		return CERT_GOOD;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CERT_EXPIRED;
	case X509_V_ERR_CERT_REVOKED:
		return CERT_REVOKED;
	case X509_V_ERR_INVALID_PURPOSE:
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return CERT_UNSUPPORTED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
	case X509_V_ERR_INVALID_CA:
		return CERT_UNKNOWN_CA;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
	case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return CERT_BAD;
	case X509_V_ERR_OUT_OF_MEM:
		return CERT_FAILED;
	default:
		return CERT_UNKNOWN;
	}
}

static enum x509_verdict verify(const struct x509_trust *t, X509_STORE_CTX *ctx, int64_t now_s)
{
	X509_STORE_CTX_set_app_data(ctx, (void *)(uintptr_t)t);
	X509_STORE_CTX_set_time(ctx, 0, (time_t)now_s);
	return X509_verify_cert(ctx) == 1 ? CERT_GOOD : verdict_of(X509_STORE_CTX_get_error(ctx));
}

/* By the chain that the peer showed. What is above its certificate is kept for the next one's. */
static enum x509_verdict chain_verify(const struct x509_trust *t, STACK_OF(X509) * chain,
				      struct rd shown, int64_t now_s, struct credential *out)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	enum x509_verdict verdict = CERT_FAILED;

	if (ctx != NULL && X509_STORE_CTX_init(ctx, t->store, sk_X509_value(chain, 0), chain) == 1)
		verdict = verify(t, ctx, now_s);
	if (verdict == CERT_GOOD &&
	    !x509_facts_take(&t->facts, X509_STORE_CTX_get0_chain(ctx), out))
		verdict = CERT_FAILED;
	if (verdict == CERT_GOOD && rd_len(&shown) > 0)
		x509_issuers_keep(t->issuers, shown, X509_STORE_CTX_get0_chain(ctx), now_s);
	X509_STORE_CTX_free(ctx);
	return verdict;
}

/* By issuers that were verified a moment ago, signatures, revocation and all: the peer's own
 * certificate. Takes above over. */
static enum x509_verdict leaf_verify(const struct x509_trust *t, X509 *leaf, STACK_OF(X509) * above,
				     int64_t now_s, struct credential *out)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	enum x509_verdict verdict = CERT_FAILED;

	if (ctx != NULL && X509_STORE_CTX_init(ctx, t->store, leaf, NULL) == 1) {
		X509_STORE_CTX_set0_trusted_stack(ctx, above);
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
		(void)X509_VERIFY_PARAM_clear_flags(X509_STORE_CTX_get0_param(ctx),
						    X509_V_FLAG_CRL_CHECK_ALL);
		verdict = verify(t, ctx, now_s);
	}
	X509_STORE_CTX_free(ctx);
	if (verdict == CERT_GOOD &&
	    (X509_add_cert(above, leaf, X509_ADD_FLAG_UP_REF | X509_ADD_FLAG_PREPEND) != 1 ||
	     !x509_facts_take(&t->facts, above, out)))
		verdict = CERT_FAILED;
	sk_X509_pop_free(above, X509_free);
	return verdict;
}

static enum x509_verdict shown_verify(const struct x509_trust *t, X509 *leaf, struct rd shown,
				      int64_t now_s, struct credential *out)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	enum x509_verdict verdict = CERT_FAILED;

	if (chain != NULL && X509_add_cert(chain, leaf, X509_ADD_FLAG_UP_REF) == 1)
		verdict = chain_parse(chain, shown);
	if (verdict == CERT_GOOD)
		verdict = chain_verify(t, chain, shown, now_s, out);
	sk_X509_pop_free(chain, X509_free);
	return verdict;
}

/* shown: what stands behind the peer's own certificate. */
static enum x509_verdict peer_verify(const struct x509_trust *t, X509 *leaf, struct rd shown,
				     int64_t now_s, struct credential *out)
{
	STACK_OF(X509) *above = NULL;
	enum x509_verdict verdict = CERT_UNKNOWN_CA;

	if (rd_len(&shown) > 0)
		above = x509_issuers_find(t->issuers, shown, now_s);
	if (above != NULL)
		verdict = leaf_verify(t, leaf, above, now_s, out);
	return verdict == CERT_UNKNOWN_CA ? shown_verify(t, leaf, shown, now_s, out) : verdict;
}

/* A name is text without NULs, so that nobody is taken for the owner of its beginning. */
static bool name_set(struct x509_peer *out, const ASN1_STRING *text)
{
	unsigned char *utf8 = NULL;
	int len = text == NULL ? -1 : ASN1_STRING_to_UTF8(&utf8, text);
	bool ok = len > 0 && len <= X509_NAME_LEN_MAX && memchr(utf8, 0, (size_t)len) == NULL;

	if (ok) {
		memcpy(out->name, utf8, (size_t)len);
		out->name_len = (uint8_t)len;
	}
	OPENSSL_free(utf8);
	return ok;
}

static bool name_from_subject(struct x509_peer *out, const X509 *cert)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	/* With two of them nobody could say which one is meant. */
	if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return false;
	return name_set(out, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

static bool name_from_san(struct x509_peer *out, const X509 *cert, int type)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool ok = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != type)
			continue;
		/* Both are IA5String (RFC 5280 §4.2.1.6). */
		ok = name_set(out, name->d.ia5);
		break;
	}
	GENERAL_NAMES_free(names);
	return ok;
}

static bool name_from_key(struct x509_peer *out, const X509 *cert)
{
	uint8_t fingerprint[SPKI_FINGERPRINT_LEN];
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	_Static_assert((int)SPKI_NAME_LEN <= (int)X509_NAME_LEN_MAX, "a fingerprint is a name");
	if (len <= 0)
		return false;
	spki_fingerprint(fingerprint, der, (size_t)len);
	spki_name(out->name, fingerprint);
	out->name_len = SPKI_NAME_LEN;
	OPENSSL_free(der);
	return true;
}

static bool peer_name(struct x509_peer *out, const X509 *cert, enum x509_name_rule rule)
{
	switch (rule) {
	case X509_NAME_CN:
		return name_from_subject(out, cert);
	case X509_NAME_DNS:
		return name_from_san(out, cert, GEN_DNS);
	case X509_NAME_URI:
		return name_from_san(out, cert, GEN_URI);
	case X509_NAME_FINGERPRINT:
		break;
	}
	return name_from_key(out, cert);
}

/* RFC 5246 §7.4.8: the key signs the handshake. libcrypto would be content with keyAgreement. */
static enum x509_verdict peer_take(const struct x509_trust *t, X509 *cert, struct x509_peer *out)
{
	if ((X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) == 0)
		return CERT_UNSUPPORTED;
	if (!peer_name(out, cert, t->facts.name))
		return CERT_UNKNOWN;
	out->key = x509_key(cert);
	return out->key == NULL ? CERT_UNSUPPORTED : CERT_GOOD;
}

enum x509_verdict x509_trust_verify(const struct x509_trust *t, struct rd list, int64_t now_s,
				    struct x509_peer *out)
{
	enum x509_verdict verdict = CERT_BAD;
	X509 *leaf = NULL;
	struct rd der;

	*out = (struct x509_peer){ .key = NULL };
	if (list_is_short(list) && rd_vec(&list, 3, &der))
		leaf = x509_parse(der.p, rd_len(&der));
	if (leaf != NULL && !key_is_affordable(leaf))
		verdict = CERT_UNSUPPORTED;
	else if (leaf != NULL)
		verdict = peer_verify(t, leaf, list, now_s, &out->credential);
	if (verdict == CERT_GOOD)
		verdict = peer_take(t, leaf, out);
	X509_free(leaf);
	ERR_clear_error();
	return verdict;
}

enum x509_verdict x509_trust_still(const struct x509_trust *t, const struct credential *c,
				   int64_t now_s)
{
	return x509_facts_judge(&t->facts, c, now_s);
}
