/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Certificates of peers, parsed with as few of libcrypto's decoders as will do. Part of x509_trust.
 *
 * libcrypto 3.0 makes a list of all its decoders and kinds of keys whenever it parses a
 * certificate, to have its key at hand: 110 us, as long as two verifications. With the three kinds
 * that are taken it is 20.
 */
#pragma once

#include "signature.h"

#include <openssl/x509.h>

/* x509_parse: a certificate, all of der; of another kind than EC, RSA or Ed25519 it has no key.
 * NULL: malformed, or no memory. Any thread. */
X509 *x509_parse(const uint8_t *der, size_t len);

/* x509_key: the key in a certificate; NULL: of no kind that we take. */
struct signature_key *x509_key(const X509 *cert);
