/* SPDX-License-Identifier: BSD-3-Clause */
/* The TLS 1.2 key schedule (RFC 5246 §5, §6.3, §8.1; RFC 7627; RFC 4279 §2). Pure functions of
 * their arguments; secrets they derive are the caller's to wipe. Slow path only; any thread. */
#pragma once

#include "suite.h"

enum { MASTER_SECRET_LEN = 48, VERIFY_DATA_LEN = 12, PSK_KEY_MAX = 64, HASH_MAX = 48 };

/* One connection's write keys. Nonce: gcm/ccm salt(4) | explicit(8); ChaCha20, and in DTLS 1.3 all:
 * iv(12) xor number. */
struct traffic_keys {
	uint8_t client_key[AEAD_KEY_MAX], server_key[AEAD_KEY_MAX];
	uint8_t client_iv[AEAD_IV_LEN], server_iv[AEAD_IV_LEN];
	uint8_t client_sn[AEAD_KEY_MAX], server_sn[AEAD_KEY_MAX]; /* RFC 9147 §4.2.3; zero in 1.2 */
};

/* key_prf: TLS 1.2 PRF(secret, label, seed1 | seed2)[0..out_len). false: libcrypto failed. */
bool key_prf(enum prf_hash hash, const uint8_t *secret, size_t secret_len, const char *label,
	     const uint8_t *seed1, size_t seed1_len, const uint8_t *seed2, size_t seed2_len,
	     uint8_t *out, size_t out_len) __attribute__((warn_unused_result));

/* key_psk_premaster: RFC 4279 §2 premaster for plain PSK: zeros of the key's length, the key, each
 * with a two-byte length. out has room for 4 + 2 * PSK_KEY_MAX. Returns its length, 0 when psk_len
 * is beyond PSK_KEY_MAX. */
size_t key_psk_premaster(const uint8_t *psk, size_t psk_len, uint8_t *out);

/* key_ecdhe_psk_premaster: RFC 5489 §2: the shared secret and the key, each with a two-byte length.
 * out has room for 4 + 2 * PSK_KEY_MAX. Returns its length, 0 when it does not fit. */
size_t key_ecdhe_psk_premaster(const uint8_t *shared, size_t shared_len, const uint8_t *psk,
			       size_t psk_len, uint8_t *out);

/* key_block_len: bytes of a suite's key block (RFC 5246 §6.3; an AEAD suite has no MAC keys), to be
 * had from key_prf("key expansion", server random | client random). */
size_t key_block_len(const struct suite *suite);

/* key_block_slice: the traffic keys in a key block; false: it is too short. */
bool key_block_slice(const struct suite *suite, const uint8_t *block, size_t len,
		     struct traffic_keys *out) __attribute__((warn_unused_result));

/* The running hash of a handshake's messages. Copyable state lives behind the pointer. */
struct transcript;

struct transcript *transcript_new(enum prf_hash hash); /* NULL: no memory */
void transcript_free(struct transcript *t);

/* transcript_keep_sha256: before anything is added: keeps the SHA-256 too, where it is not the hash
 * anyway. CertificateVerify has it whatever the suite (RFC 5246 §7.4.8). */
void transcript_keep_sha256(struct transcript *t);
bool transcript_add(struct transcript *t, const uint8_t *msg, size_t len)
	__attribute__((warn_unused_result));

/* transcript_hash: the hash so far, HASH_MAX bytes of room; the transcript can go on. Returns the
 * hash's length, 0 when libcrypto failed. */
size_t transcript_hash(const struct transcript *t, uint8_t out[HASH_MAX]);

/* transcript_hash_with: what the hash would be with more at its end: a ClientHello up to its
 * binders. As transcript_hash otherwise. */
size_t transcript_hash_with(const struct transcript *t, const uint8_t *more, size_t len,
			    uint8_t out[HASH_MAX]);

/* transcript_sha256: the SHA-256 so far, 32 bytes; 0: it is not kept, or libcrypto failed. */
size_t transcript_sha256(const struct transcript *t, uint8_t out[HASH_MAX]);
