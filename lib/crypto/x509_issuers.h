/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Issuers whose own certificates were verified a moment ago. A fleet's devices show the same few
 * CAs above their own certificates; what they show of them is parsed and verified once a minute,
 * not once a handshake. Part of x509_trust, and gone with it: a reload begins with none.
 *
 * Kept are only chains of which nothing depends on what is below: without name constraints. Any
 * thread.
 */
#pragma once

#include "cursor.h"

#include <openssl/x509.h>

enum { X509_ISSUERS_MAX = 16, X509_ISSUERS_S = 60 };

struct x509_issuers;

struct x509_issuers *x509_issuers_new(void); /* NULL: no memory */
void x509_issuers_free(struct x509_issuers *c);

/* x509_issuers_find: for what a peer showed behind its own certificate, byte for byte: the verified
 * chain above that, its issuer first, the CA of the bundle last; NULL: not known, or too long ago.
 * For the caller to free with its certificates. */
STACK_OF(X509) * x509_issuers_find(struct x509_issuers *c, struct rd shown, int64_t now_s);

/* x509_issuers_keep: of a chain that was verified at now_s, the peer's certificate first. */
void x509_issuers_keep(struct x509_issuers *c, struct rd shown, STACK_OF(X509) * chain,
		       int64_t now_s);
