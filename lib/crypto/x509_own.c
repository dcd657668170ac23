/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_own.h"

#include "cursor.h"
#include "pem_file.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

enum {
	SPKI_MAX = 1024,
	/* What DTLS 1.3 adds: a context's length, and that of each entry's extensions. */
	ENTRIES_MORE = 1 + 2 * X509_OWN_CHAIN_MAX,
};

struct x509_own {
	atomic_uint refs;
	struct signature_key *key;
	X509 *leaf;
	X509 *last; /* of the chain so far */
	unsigned n_certs;
	uint8_t chain[X509_OWN_BYTES_MAX], spki[SPKI_MAX];
	uint8_t chain13[X509_OWN_BYTES_MAX + ENTRIES_MORE], spki13[SPKI_MAX + ENTRIES_MORE];
	size_t chain_len, spki_len, chain13_len, spki13_len;
};

static void own_free(struct x509_own *own)
{
	signature_key_free(own->key);
	X509_free(own->leaf);
	X509_free(own->last);
	free(own);
}

struct x509_own *x509_own_get(struct x509_own *own)
{
	if (own != NULL)
		atomic_fetch_add_explicit(&own->refs, 1, memory_order_relaxed);
	return own;
}

void x509_own_put(struct x509_own *own)
{
	if (own != NULL && atomic_fetch_sub_explicit(&own->refs, 1, memory_order_acq_rel) == 1)
		own_free(own);
}

/* Takes cert over, whatever happens. */
static const char *chain_add(struct x509_own *own, X509 *cert)
{
	if (own->n_certs == X509_OWN_CHAIN_MAX) {
		X509_free(cert);
		return "more certificates than a chain may have";
	}
	if (own->last != NULL && X509_check_issued(cert, own->last) != X509_V_OK) {
		X509_free(cert);
		return "not the issuer of the certificate above it";
	}
	X509_free(own->last);
	own->last = cert;
	own->n_certs++;
	if (own->leaf != NULL)
		return NULL;
	own->leaf = cert;
	X509_up_ref(cert);
	if ((X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) == 0)
		return "its keyUsage has no digitalSignature";
	return NULL;
}

static const char *chain_take(struct x509_own *own, const struct pem_file *f, struct wr *w)
{
	const unsigned char *at = f->der;
	X509 *cert = d2i_X509(NULL, &at, f->der_len);
	size_t mark;

	if (cert == NULL || at != f->der + f->der_len) {
		X509_free(cert);
		return "not a certificate";
	}
	mark = wr_open(w, 3);
	wr_bytes(w, f->der, (size_t)f->der_len);
	wr_close(w, 3, mark);
	return chain_add(own, cert);
}

static bool chain_read(struct x509_own *own, struct pem_file *f, char *err, size_t err_len)
{
	struct wr w = wr_of(own->chain, sizeof(own->chain));
	size_t mark = wr_open(&w, 3);
	bool good;

	while (pem_file_next(f, &good, err, err_len)) {
		const char *reason;

		if (!pem_file_is(f, "CERTIFICATE"))
			continue; /* a key in the same file is read by its own option */
		reason = chain_take(own, f, &w);
		if (reason != NULL)
			return pem_file_refuse(f, reason, err, err_len);
	}
	wr_close(&w, 3, mark);
	if (good && own->n_certs == 0)
		return pem_file_refuse(f, "no certificate", err, err_len);
	if (good && !wr_finish(&w, &own->chain_len))
		return pem_file_refuse(f, "the chain is too long", err, err_len);
	return good;
}

static bool chain_load(struct x509_own *own, const char *path, char *err, size_t err_len)
{
	struct pem_file f;
	bool ok = pem_file_open(&f, path, false, err, err_len) && chain_read(own, &f, err, err_len);

	pem_file_close(&f);
	return ok;
}

static const char *key_take(struct x509_own *own, const struct pem_file *f)
{
	const unsigned char *at = f->der;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, f->der_len);
	const char *reason = NULL;

	if (pkey == NULL)
		return "not a private key";
	if (X509_check_private_key(own->leaf, pkey) != 1)
		reason = "not the key of the certificate";
	else if ((own->key = signature_key_new(pkey)) == NULL ||
		 signature_scheme_of(signature_key_kind(own->key)) == SIGNATURE_NONE)
		reason = "neither a P-256 nor an Ed25519 key";
	else if (!signature_key_prepare(own->key))
		reason = "no memory";
	EVP_PKEY_free(pkey);
	return reason;
}

static bool key_read(struct x509_own *own, struct pem_file *f, char *err, size_t err_len)
{
	bool good;

	while (pem_file_next(f, &good, err, err_len)) {
		const char *reason;

		if (strstr(f->label, "PRIVATE KEY") == NULL)
			continue; /* EC PARAMETERS, or the certificate */
		if (pem_file_is(f, "ENCRYPTED PRIVATE KEY"))
			return pem_file_refuse(f, "encrypted", err, err_len);
		reason = key_take(own, f);
		return reason == NULL || pem_file_refuse(f, reason, err, err_len);
	}
	return good && pem_file_refuse(f, "no private key", err, err_len);
}

static bool key_load(struct x509_own *own, const char *path, char *err, size_t err_len)
{
	struct pem_file f;
	bool ok = pem_file_open(&f, path, true, err, err_len) && key_read(own, &f, err, err_len);

	pem_file_close(&f);
	return ok;
}

static bool spki_write(struct x509_own *own)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(own->leaf), &der);
	struct wr w = wr_of(own->spki, sizeof(own->spki));
	size_t mark = wr_open(&w, 3);

	if (len > 0)
		wr_bytes(&w, der, (size_t)len);
	wr_close(&w, 3, mark);
	OPENSSL_free(der);
	return len > 0 && wr_finish(&w, &own->spki_len);
}

/* The Certificate of DTLS 1.3 (RFC 8446 §4.4.2): certificate_request_context <0..255> · entries
 * <0..2^24-1>, each a certificate <1..2^24-1> · extensions <0..2^16-1>. */
static bool entries_write(struct wr *w, struct rd list, size_t *len)
{
	struct rd certificate;
	size_t entries, entry;

	wr_u8(w, 0);
	entries = wr_open(w, 3);
	while (rd_vec(&list, 3, &certificate)) {
		entry = wr_open(w, 3);
		wr_bytes(w, certificate.p, rd_len(&certificate));
		wr_close(w, 3, entry);
		wr_u16(w, 0);
	}
	wr_close(w, 3, entries);
	return wr_finish(w, len);
}

/* From what there is for DTLS 1.2, where a chain is a list of certificates behind its length, and a
 * raw key stands alone. */
static bool write13(struct x509_own *own)
{
	struct wr chain = wr_of(own->chain13, sizeof(own->chain13));
	struct wr spki = wr_of(own->spki13, sizeof(own->spki13));

	return entries_write(&chain, rd_of(own->chain + 3, own->chain_len - 3),
			     &own->chain13_len) &&
	       entries_write(&spki, rd_of(own->spki, own->spki_len), &own->spki13_len);
}

struct x509_own *x509_own_load(const char *chain_path, const char *key_path, char *err,
			       size_t err_len)
{
	struct x509_own *own = calloc(1, sizeof(*own));

	if (own == NULL) {
		snprintf(err, err_len, "no memory");
		return NULL;
	}
	own->refs = 1;
	if (!chain_load(own, chain_path, err, err_len) || !key_load(own, key_path, err, err_len)) {
		own_free(own);
		own = NULL;
	} else if (!spki_write(own) || !write13(own)) {
		snprintf(err, err_len, "%s: its public key is too long", chain_path);
		own_free(own);
		own = NULL;
	}
	ERR_clear_error();
	return own;
}

const struct signature_key *x509_own_key(const struct x509_own *own) { return own->key; }

const uint8_t *x509_own_chain(const struct x509_own *own, size_t *len)
{
	*len = own->chain_len;
	return own->chain;
}

const uint8_t *x509_own_spki(const struct x509_own *own, size_t *len)
{
	*len = own->spki_len;
	return own->spki;
}

const uint8_t *x509_own_chain13(const struct x509_own *own, size_t *len)
{
	*len = own->chain13_len;
	return own->chain13;
}

const uint8_t *x509_own_spki13(const struct x509_own *own, size_t *len)
{
	*len = own->spki13_len;
	return own->spki13;
}

bool x509_own_names(const struct x509_own *own, const uint8_t *name, size_t len)
{
	return len > 0 && memchr(name, 0, len) == NULL &&
	       X509_check_host(own->leaf, (const char *)name, len, 0, NULL) == 1;
}
