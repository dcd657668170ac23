/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The credentials in force: snapshots of the PSK file, of the certificates and of the denied,
 * swapped under RCU, and the identities in use, which outlive every snapshot.
 */
#pragma once

#include "certificates.h"
#include "deny_list.h"
#include "identity.h"
#include "keyed_hash.h"
#include "psk_derive.h"
#include "psk_store.h"

/* Paths; NULL: none. */
struct credentials_files {
	const char *psk_file;
	const char *psk_derive;
	const char *deny_file;
};

struct credentials {
	struct credentials_files files;
	struct psk_store *psks;                                /* RCU: rcu_dereference */
	struct psk_derive *derive;                             /* RCU; NULL: none */
	const struct certificates_config *certificates_config; /* NULL: none */
	struct certificates *certificates;                     /* RCU; NULL: none */
	struct deny_list *denied;                              /* RCU; NULL: none */
	struct identity_set *identities;
	struct keyed_hash_key tag_key; /* what keys are told apart by, see credentials.c */
};

/* credentials_init: loads the files for the first time; false and a message in err. The paths are
 * borrowed for as long as c lives. Slow path only. credentials_certificates: the certificates,
 * once; cfg is borrowed likewise. */
bool credentials_init(struct credentials *c, const struct credentials_files *files, char *err,
		      size_t err_len);

bool credentials_certificates(struct credentials *c, const struct certificates_config *cfg,
			      char *err, size_t err_len);

/* credentials_reload: loads all files again for new handshakes; when anything is wrong with one the
 * old sets stay and err says why. Waits for a grace period. Control thread only. */
bool credentials_reload(struct credentials *c, char *err, size_t err_len);

/* credentials_free: after the last reader. */
void credentials_free(struct credentials *c);

/* credentials_prefetch: what credentials_psk will read of n identities, n <= PSK_PREFETCH_MAX, on
 * its way. Inside RCU read side. */
void credentials_prefetch(const struct credentials *c, const struct psk_wanted *wanted, size_t n);

/* credentials_psk: the key of an identity, into out (PSK_KEY_MAX bytes), and its interned name
 * with a reference for the caller; returns the key's length, 0 when unknown or denied. A key of the
 * file goes before a derived one. Inside RCU read side. */
size_t credentials_psk(const struct credentials *c, const uint8_t *identity, size_t len,
		       uint8_t *out, const struct identity **interned);

/* credentials_asked: the identity of a device whose key came from --psk-socket, with a reference
 * for the caller; NULL: denied, or no memory. Inside RCU read side. */
const struct identity *credentials_asked(const struct credentials *c, const uint8_t *identity,
					 size_t len);

/* credentials_own: certificates_own of those in force. Inside RCU read side. */
struct x509_own *credentials_own(const struct credentials *c, const uint8_t *name, size_t len,
				 unsigned kinds);

/* credentials_judge: does a JOB_VERIFY_PEER, at a time in seconds since 1970; the peer's interned
 * name comes with a reference for the caller. Inside RCU read side. */
void credentials_judge(const struct credentials *c, struct handshake_job *job, int64_t now_s);

/* credentials_still: whether what a peer of this name proved itself with is in force, so that its
 * session may go on or be resumed, at a time in seconds since 1970: STATUS_OK, or why not. Of a PSK
 * the name only is known here; whether its key is the same says credentials_psk. Inside RCU read
 * side. */
enum status credentials_still(const struct credentials *c, const struct credential *credential,
			      const uint8_t *name, size_t name_len, int64_t now_s);

/* credentials_intern: the identity of a peer that proved itself with a certificate or a raw key,
 * with a reference for the caller; NULL without memory. */
const struct identity *credentials_intern(const struct credentials *c, const uint8_t *name,
					  size_t len, const struct credential *credential);

/* credentials_review: whether the session of an identity that this gave out may go on at a time in
 * seconds since 1970: STATUS_OK, or what it is closed for: STATUS_SESSION_DENIED, _KEY_GONE,
 * _CERT_REVOKED or _CERT_EXPIRED. That a revocation list has ended is no reason: it says nothing of
 * a device. Inside RCU read side. */
enum status credentials_review(const struct credentials *c, const struct identity *id,
			       int64_t now_s);

/* credentials_nobody: the identity of peers that prove none: an empty name, with a reference; NULL
 * without memory. */
const struct identity *credentials_nobody(const struct credentials *c);
