/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What our end shows of itself: a certificate chain and its private key, ready for the wire.
 *
 * Shared by all handshakes that use it, and counted: a reload does not take it from under them.
 */
#pragma once

#include "signature.h"

enum {
	X509_OWN_CHAIN_MAX = 8, /* certificates */
	X509_OWN_BYTES_MAX = 8192,
};

struct x509_own;

/* x509_own_load: the chain (PEM, the end entity's certificate first) and the key of its first
 * certificate (PEM, readable by its owner only), with one reference. NULL and a message in err that
 * names file and line: unreadable, not PEM, no P-256 or Ed25519 key, a key that is not the
 * certificate's, keyUsage without digitalSignature, a chain that does not follow from its first
 * certificate or is too long. Slow path only. */
struct x509_own *x509_own_load(const char *chain_path, const char *key_path, char *err,
			       size_t err_len);

/* x509_own_get, x509_own_put: one more reference, one less; any thread. NULL allowed. */
struct x509_own *x509_own_get(struct x509_own *own);
void x509_own_put(struct x509_own *own);

/* x509_own_key: the pair; kind P-256 or Ed25519. */
const struct signature_key *x509_own_key(const struct x509_own *own);

/* x509_own_chain: a Certificate message's body: the chain as an ASN.1Cert list (RFC 5246 §7.4.2).
 * x509_own_spki: the same for a raw public key (RFC 7250 §3). x509_own_chain13, x509_own_spki13:
 * both as DTLS 1.3 has them, with an empty context and no extensions (RFC 8446 §4.4.2). Borrowed
 * from own. */
const uint8_t *x509_own_chain(const struct x509_own *own, size_t *len);
const uint8_t *x509_own_spki(const struct x509_own *own, size_t *len);
const uint8_t *x509_own_chain13(const struct x509_own *own, size_t *len);
const uint8_t *x509_own_spki13(const struct x509_own *own, size_t *len);

/* x509_own_names: whether the certificate is one for this DNS name (RFC 6125; wildcards count). */
bool x509_own_names(const struct x509_own *own, const uint8_t *name, size_t len);
