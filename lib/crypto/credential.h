/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a peer proved itself with, as far as it has to be known to judge later whether that still
 * counts: by a session that lives, or that is to be resumed. Plain data, nothing of it secret.
 */
#pragma once

#include "cursor.h"
#include "mark.h"

/* Values go over the wire, in tickets. */
enum credential_kind {
	CREDENTIAL_NONE,
	CREDENTIAL_PSK,
	CREDENTIAL_X509,
	CREDENTIAL_RPK,
};

enum { CREDENTIAL_LINKS_MAX = 5 };

/* All zero but for what the kind has. */
struct credential {
	uint8_t kind;    /* enum credential_kind */
	uint8_t n_links; /* X509: at least 1 */
	/* X509: libcrypto's number of who issued the certificate, and lists those it revoked */
	uint32_t issuer;
	uint64_t until_s;        /* X509, since 1970: the first end of a certificate of the chain */
	struct mark key;         /* X509, RPK: of the SubjectPublicKeyInfo */
	struct mark certificate; /* X509: of its DER */
	struct mark twin;        /* X509: of its other encoding, if it has one (x509_twin.h) */
	struct mark anchor;      /* X509: of the CA of the bundle that the chain ends at */
	/* X509: of issuer and serial number, of the certificate and those of the CAs between it and
	 * the anchor */
	struct mark links[CREDENTIAL_LINKS_MAX];
};

enum { CREDENTIAL_BYTES_MAX = 1 + 4 * MARK_LEN + 4 + 6 + 1 + CREDENTIAL_LINKS_MAX * MARK_LEN };

/* credential_write: the layout is in credential.c. credential_read: the next one; false: none of
 * this build, and *out is as it was. */
void credential_write(struct wr *w, const struct credential *c);
bool credential_read(struct rd *r, struct credential *out) MUST_USE;
