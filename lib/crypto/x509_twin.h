/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other encoding of a certificate. An ECDSA signature (r, s) is as good as (r, order - s), so
 * whoever has a certificate can make of it another one that verifies, of the same names and key,
 * and of another fingerprint. Of all other signatures that we take there is one encoding only. Part
 * of x509_trust; docs/decisions/certificate-twins.md.
 */
#pragma once

#include "mark.h"

#include <stdbool.h>

#include <openssl/x509.h>

/* x509_twin: the mark of the twin of a certificate that issuer has signed, as it verified; *out
 * stays as it is when there is none. false: libcrypto failed. Any thread. */
bool x509_twin(struct mark *out, const X509 *cert, const X509 *issuer)
	__attribute__((warn_unused_result));
