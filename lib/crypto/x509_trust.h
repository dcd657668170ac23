/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose certificates are taken: CAs, revocation lists and the rule that makes a name of a
 * certificate, in one immutable snapshot. Verification may run in many threads at once.
 */
#pragma once

#include "credential.h"
#include "cursor.h"
#include "signature.h"

enum {
	X509_CHAIN_MAX = 5,          /* certificates that a peer may send */
	X509_CHAIN_BYTES_MAX = 4096, /* all of them with their lengths */
	X509_DEPTH_MAX = 4,          /* CAs between the end entity and one of the bundle */
	X509_NAME_LEN_MAX = 128,     /* of a device */
};

/* Which part of a certificate is the peer's name. */
enum x509_name_rule {
	X509_NAME_CN,          /* subject common name (RFC 7252 §9.1.3.3: an EUI-64, often) */
	X509_NAME_DNS,         /* first dNSName */
	X509_NAME_URI,         /* first uniformResourceIdentifier */
	X509_NAME_FINGERPRINT, /* "sha256:" and the SHA-256 of its SubjectPublicKeyInfo in hex */
};

enum x509_role { X509_ROLE_CLIENT, X509_ROLE_SERVER }; /* of the peers that are verified */

struct x509_trust_config {
	const char *ca_path;   /* PEM: certificates that are trusted as they are */
	const char *crl_path;  /* PEM, NULL: no revocation lists */
	bool crl_expired_good; /* one past its nextUpdate still counts */
	enum x509_name_rule name;
	enum x509_role role;
};

struct x509_trust;

/* x509_trust_load: NULL and a message in err that names file and line. Slow path only. */
struct x509_trust *x509_trust_load(const struct x509_trust_config *cfg, char *err, size_t err_len);
void x509_trust_free(struct x509_trust *t); /* after the last reader; NULL allowed */

unsigned x509_trust_cas(const struct x509_trust *t);
unsigned x509_trust_crls(const struct x509_trust *t);

enum x509_verdict {
	CERT_GOOD,
	CERT_BAD,         /* malformed, or a signature in it is wrong */
	CERT_UNSUPPORTED, /* key, algorithm, keyUsage or extendedKeyUsage that will not do */
	CERT_REVOKED,
	CERT_EXPIRED, /* or not yet valid */
	CERT_UNKNOWN, /* anything else about the certificate; no name by the rule */
	CERT_UNKNOWN_CA,
	CERT_FAILED, /* no memory */
};

/* A peer whose chain is good. */
struct x509_peer {
	struct signature_key *key; /* the caller's to free */
	uint8_t name_len;
	uint8_t name[X509_NAME_LEN_MAX];
	struct credential credential;
};

/* x509_trust_verify: judges the certificate_list of a Certificate message (RFC 5246 §7.4.2, without
 * its outer length) at a time given in seconds since 1970. Number and size are checked before
 * anything is parsed, keys and their sizes before any signature. *out is filled for CERT_GOOD.
 * Revocation, where there are lists: the CA that issued the peer's certificate must have one, those
 * above it may. Any thread; slow path only. */
enum x509_verdict x509_trust_verify(const struct x509_trust *t, struct rd list, int64_t now_s,
				    struct x509_peer *out);

/* x509_trust_still: whether a chain that an x509_trust of the same rules found good, perhaps of
 * another process, would be by this one: the rules are in x509_facts.h. Any thread. */
enum x509_verdict x509_trust_still(const struct x509_trust *t, const struct credential *c,
				   int64_t now_s);
