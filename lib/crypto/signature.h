/* SPDX-License-Identifier: BSD-3-Clause */
/* Signatures of handshakes (RFC 8422 §5.10, RFC 8446 §4.2.3) and the keys that make and check them.
 * Slow path only; a key may be used by many threads at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By their numbers in signature_algorithms. */
enum signature_scheme {
	SIGNATURE_NONE = 0,
	SIGNATURE_RSA_PKCS1_SHA256 = 0x0401,
	SIGNATURE_ECDSA_SECP256R1_SHA256 = 0x0403,
	SIGNATURE_RSA_PSS_RSAE_SHA256 = 0x0804,
	SIGNATURE_ED25519 = 0x0807,
};

/* The keys of which signatures are taken, as bits of a set. */
enum signature_kind {
	SIGNATURE_KIND_NONE = 0,
	SIGNATURE_KIND_P256 = 1,
	SIGNATURE_KIND_ED25519 = 2,
	SIGNATURE_KIND_RSA = 4, /* 2048 to 4096 bits */
};

enum { SIGNATURE_MAX = 72 }; /* that we make: a DER ECDSA-Sig-Value; Ed25519 has 64 */

struct evp_pkey_st;

/* A public key, or a pair. */
struct signature_key;

/* signature_key_new: from libcrypto's key, which it takes a reference to; NULL: of no kind that we
 * take (explicit curve parameters and RSA beyond 4096 bits are not), or no memory. */
struct signature_key *signature_key_new(struct evp_pkey_st *pkey);
void signature_key_free(struct signature_key *key); /* NULL allowed */

/* signature_key_p256: a public key from its point as SEC 1 encodes it; NULL: it is none of the
 * curve, or no memory. */
struct signature_key *signature_key_p256(const uint8_t *point, size_t len);

/* signature_key_prepare: makes a pair ready to sign many times, before threads share it. false: no
 * memory; it signs all the same. */
bool signature_key_prepare(struct signature_key *key) __attribute__((warn_unused_result));

enum signature_kind signature_key_kind(const struct signature_key *key);

/* signature_scheme_of: what a key of ours signs with; SIGNATURE_NONE: RSA, which no suite of ours
 * has a server sign with. */
enum signature_scheme signature_scheme_of(enum signature_kind kind);

/* What is signed: a message, or the SHA-256 of one that was hashed already. Ed25519 takes messages
 * only. */
struct signature_input {
	const uint8_t *bytes;
	size_t len;
	bool hashed; /* bytes are its SHA-256, len 32 */
};

/* signature_sign: with signature_scheme_of the key's kind. */
bool signature_sign(const struct signature_key *key, const struct signature_input *in,
		    uint8_t out[SIGNATURE_MAX], size_t *out_len)
	__attribute__((warn_unused_result));

/* signature_verify: false also where the scheme is not the key's or not of ours. */
bool signature_verify(const struct signature_key *key, uint16_t scheme,
		      const struct signature_input *in, const uint8_t *signature, size_t len)
	__attribute__((warn_unused_result));
