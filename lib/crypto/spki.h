/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw public keys: a SubjectPublicKeyInfo and its fingerprint (RFC 7250, RFC 7252 §9.1.3.2). Slow
 * path only; any thread. */
#pragma once

#include "signature.h"

enum { SPKI_FINGERPRINT_LEN = 32, SPKI_NAME_LEN = 7 + 2 * SPKI_FINGERPRINT_LEN };

/* spki_key: the key in a DER SubjectPublicKeyInfo, all of it; NULL: none of a kind that we take. */
struct signature_key *spki_key(const uint8_t *der, size_t len);

/* spki_fingerprint: SHA-256 of the DER. */
void spki_fingerprint(uint8_t out[SPKI_FINGERPRINT_LEN], const uint8_t *der, size_t len);

/* spki_name: "sha256:" and the fingerprint in lower-case hex; not terminated. */
void spki_name(uint8_t out[SPKI_NAME_LEN], const uint8_t fingerprint[SPKI_FINGERPRINT_LEN]);
