/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Revocation lists that were found good of the CAs that issued them, so that each is hashed once
 * and not in every handshake: a list of a megabyte costs a millisecond. Part of x509_trust.
 *
 * Only what does not change is known: who signed it, and that it is for all that this CA issues. A
 * list that says otherwise (an issuingDistributionPoint) is never known. Its dates are not looked
 * at here. Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <openssl/x509.h>

/* Pairs; those beyond are verified each time. */
enum { X509_KNOWN_MAX = 1024 };

struct x509_known {
	pthread_mutex_t lock; /* of writers */
	_Atomic unsigned n;
	struct x509_known_pair {
		X509_CRL *crl;
		X509 *issuer;
	} at[X509_KNOWN_MAX];
};

void x509_known_init(struct x509_known *k);
void x509_known_free(struct x509_known *k); /* after the last reader */

/* x509_known_has: whether this list was found good of this CA. Both are those of a verification. */
bool x509_known_has(struct x509_known *k, const X509_CRL *crl, const X509 *issuer);

/* x509_known_add: it was. Keeps a reference of each. */
void x509_known_add(struct x509_known *k, X509_CRL *crl, X509 *issuer);
