/* SPDX-License-Identifier: BSD-3-Clause */
/* A public-key infrastructure made on the spot, for tests: certificates good and bad, their lists
 * as messages carry them, and PEM files of them. */
#pragma once

#include "cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { PKI_NOW = 1800000000, PKI_DAY = 86400, PKI_LIST_MAX = 16384 };

/* What a certificate says. Zero or NULL: the usual, of an end entity that is a client. */
struct pki_want {
	const char *cn; /* NULL: no common name */
	const char *san, *key_usage, *ext_key_usage;
	int64_t not_before_s, not_after_s; /* 0: PKI_NOW -+ a day */
	bool ca;
	bool sha1;
};

struct pki_cert {
	X509 *cert;
	EVP_PKEY *key;
};

static inline void pki_must(bool ok)
{
	if (!ok)
		abort();
}

static inline void pki_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	pki_must(ext != NULL && X509_add_ext(cert, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

static inline void pki_time(ASN1_TIME *out, int64_t given_s, int64_t else_s)
{
	pki_must(ASN1_TIME_set(out, (time_t)(given_s ? given_s : else_s)) != NULL);
}

/* pki_issue: a certificate for a key that the result takes over; issuer NULL: self-signed. */
static inline struct pki_cert pki_issue(const struct pki_cert *issuer, EVP_PKEY *key,
					const struct pki_want *want)
{
	static long serial = 1000;
	struct pki_cert c = { X509_new(), key };
	X509 *by = issuer != NULL ? issuer->cert : c.cert;
	EVP_PKEY *with = issuer != NULL ? issuer->key : key;
	X509_NAME *name = X509_NAME_new();

	pki_must(c.cert != NULL && key != NULL && X509_set_version(c.cert, 2) == 1 &&
		 ASN1_INTEGER_set(X509_get_serialNumber(c.cert), serial++) == 1);
	pki_time(X509_getm_notBefore(c.cert), want->not_before_s, PKI_NOW - PKI_DAY);
	pki_time(X509_getm_notAfter(c.cert), want->not_after_s, PKI_NOW + PKI_DAY);
	pki_must(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
					    (const unsigned char *)"sluice test", -1, -1, 0) == 1);
	if (want->cn != NULL)
		pki_must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
						    (const unsigned char *)want->cn, -1, -1,
						    0) == 1);
	pki_must(X509_set_subject_name(c.cert, name) == 1 &&
		 X509_set_issuer_name(c.cert, issuer != NULL ? X509_get_subject_name(by) : name) ==
			 1 &&
		 X509_set_pubkey(c.cert, key) == 1);
	X509_NAME_free(name);
	pki_extension(c.cert, by, NID_basic_constraints,
		      want->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	pki_extension(c.cert, by, NID_subject_key_identifier, "hash");
	pki_extension(c.cert, by, NID_authority_key_identifier, "keyid");
	pki_extension(c.cert, by, NID_key_usage,
		      want->key_usage ? want->key_usage
		      : want->ca      ? "critical,keyCertSign,cRLSign"
				      : "critical,digitalSignature");
	if (!want->ca || want->ext_key_usage != NULL)
		pki_extension(c.cert, by, NID_ext_key_usage,
			      want->ext_key_usage ? want->ext_key_usage : "clientAuth");
	if (want->san != NULL)
		pki_extension(c.cert, by, NID_subject_alt_name, want->san);
	pki_must(X509_sign(c.cert, with,
			   EVP_PKEY_get_base_id(with) == EVP_PKEY_ED25519 ? NULL
			   : want->sha1                                   ? EVP_sha1()
									  : EVP_sha256()) > 0);
	return c;
}

static inline EVP_PKEY *pki_p256(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); }

static inline EVP_PKEY *pki_ed25519(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

static inline EVP_PKEY *pki_rsa(size_t bits) { return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits); }

static inline struct pki_cert pki_ca(const struct pki_cert *issuer, const char *cn)
{
	return pki_issue(issuer, pki_p256(), &(struct pki_want){ .cn = cn, .ca = true });
}

/* pki_device: a client with a P-256 key. */
static inline struct pki_cert pki_device(const struct pki_cert *issuer, const char *cn)
{
	return pki_issue(issuer, pki_p256(), &(struct pki_want){ .cn = cn });
}

static inline void pki_free(struct pki_cert *c)
{
	X509_free(c->cert);
	EVP_PKEY_free(c->key);
	*c = (struct pki_cert){ 0 };
}

/* pki_list: the certificate_list of a Certificate message without its outer length. */
static inline struct rd pki_list(uint8_t out[PKI_LIST_MAX], const struct pki_cert *const *certs,
				 size_t n)
{
	struct wr w = wr_of(out, PKI_LIST_MAX);
	size_t len;

	for (size_t i = 0; i < n; i++) {
		unsigned char *der = NULL;
		int der_len = i2d_X509(certs[i]->cert, &der);
		size_t mark = wr_open(&w, 3);

		pki_must(der_len > 0);
		wr_bytes(&w, der, (size_t)der_len);
		wr_close(&w, 3, mark);
		OPENSSL_free(der);
	}
	pki_must(wr_finish(&w, &len));
	return rd_of(out, len);
}

/* pki_crl_new: what an issuer had revoked at a time; to be given extensions, and to pki_crl_end,
 * which signs it, adds it in PEM to what f holds, and frees it. */
static inline X509_CRL *pki_crl_new(const struct pki_cert *issuer, int64_t made_s,
				    const struct pki_cert *const *revoked, size_t n, int64_t next_s)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_new();

	pki_must(crl != NULL && t != NULL && X509_CRL_set_version(crl, 1) == 1 &&
		 X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert)) == 1);
	pki_time(t, made_s, 0);
	pki_must(X509_CRL_set1_lastUpdate(crl, t) == 1);
	pki_time(t, next_s, 0);
	pki_must(X509_CRL_set1_nextUpdate(crl, t) == 1);
	pki_time(t, 0, PKI_NOW - PKI_DAY);
	for (size_t i = 0; i < n; i++) {
		X509_REVOKED *r = X509_REVOKED_new();

		pki_must(r != NULL &&
			 X509_REVOKED_set_serialNumber(
				 r, X509_get_serialNumber(revoked[i]->cert)) == 1 &&
			 X509_REVOKED_set_revocationDate(r, t) == 1 &&
			 X509_CRL_add0_revoked(crl, r) == 1);
	}
	ASN1_TIME_free(t);
	return crl;
}

static inline void pki_crl_extension(X509_CRL *crl, const struct pki_cert *issuer, int nid,
				     const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer->cert, NULL, NULL, crl, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	pki_must(ext != NULL && X509_CRL_add_ext(crl, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

static inline void pki_crl_end(FILE *f, X509_CRL *crl, const struct pki_cert *issuer)
{
	pki_must(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0 &&
		 PEM_write_X509_CRL(f, crl) == 1);
	X509_CRL_free(crl);
}

/* pki_crl: a usual one, of yesterday. */
static inline void pki_crl(FILE *f, const struct pki_cert *issuer,
			   const struct pki_cert *const *revoked, size_t n, int64_t next_s)
{
	int64_t made_s = (next_s < PKI_NOW ? next_s : PKI_NOW) - PKI_DAY;

	pki_crl_end(f, pki_crl_new(issuer, made_s, revoked, n, next_s), issuer);
}

/* A directory of files that goes with pki_dir_free. */
struct pki_dir {
	char path[64];
	char *files[16];
	unsigned n;
};

static inline void pki_dir_new(struct pki_dir *d)
{
	*d = (struct pki_dir){ .path = "/tmp/sluice-pki.XXXXXX" };
	pki_must(mkdtemp(d->path) != NULL);
}

static inline void pki_dir_free(struct pki_dir *d)
{
	for (unsigned i = 0; i < d->n; i++) {
		unlink(d->files[i]);
		free(d->files[i]);
	}
	rmdir(d->path);
}

/* pki_file: a file of its owner, to be closed by the caller; its path in *path. */
static inline FILE *pki_file(struct pki_dir *d, const char *name, const char **path)
{
	FILE *f;

	pki_must(d->n < 16);
	pki_must(asprintf(&d->files[d->n], "%s/%s", d->path, name) > 0);
	*path = d->files[d->n++];
	f = fopen(*path, "w");
	pki_must(f != NULL && fchmod(fileno(f), 0600) == 0);
	return f;
}

static inline const char *pki_certs_file(struct pki_dir *d, const char *name,
					 const struct pki_cert *const *certs, size_t n)
{
	const char *path;
	FILE *f = pki_file(d, name, &path);

	for (size_t i = 0; i < n; i++)
		pki_must(PEM_write_X509(f, certs[i]->cert) == 1);
	fclose(f);
	return path;
}

static inline const char *pki_key_file(struct pki_dir *d, const char *name, EVP_PKEY *key)
{
	const char *path;
	FILE *f = pki_file(d, name, &path);

	pki_must(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
	fclose(f);
	return path;
}
