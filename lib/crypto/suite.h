/* SPDX-License-Identifier: BSD-3-Clause */
/* Cipher suites and what each one's records look like. Constant tables. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Record protection, by what a record needs: the "suite class" of a session. */
enum aead_alg {
	AEAD_AES_128_GCM,
	AEAD_AES_256_GCM,
	AEAD_AES_128_CCM,
	AEAD_AES_128_CCM_8,
	AEAD_CHACHA20_POLY1305,
	AEAD_N
};

enum {
	AEAD_KEY_MAX = 32,
	AEAD_IV_LEN = 12,
	AEAD_TAG_MAX = 16,
	AEAD_AAD_MAX = 32,
};

struct aead_info {
	const char *name;
	uint8_t key_len;
	uint8_t salt_len;     /* bytes of implicit nonce from the key block: 4, ChaCha20 12 */
	uint8_t explicit_len; /* bytes of nonce in each DTLS 1.2 record: 8, ChaCha20 0 (RFC 7905) */
	uint8_t tag_len;
	/* Records that one key may seal: RFC 8446 §5.5 and RFC 9147 §4.5.3, which bound an
	 * attacker's advantage by 2^-60; ChaCha20-Poly1305 is bound by the sequence number only. */
	uint64_t seal_max;
};

extern const struct aead_info aead_infos[AEAD_N];

/* aead_info: the properties of one algorithm. */
static inline const struct aead_info *aead_info(enum aead_alg alg) { return &aead_infos[alg]; }

enum prf_hash { PRF_SHA256, PRF_SHA384 };

/* A DTLS 1.2 cipher suite (RFC 5487, 6655, 7905). */
struct suite {
	const char *name; /* IANA name */
	uint16_t id;
	enum aead_alg aead;
	enum prf_hash hash;
};

enum {
	TLS_PSK_WITH_AES_128_GCM_SHA256 = 0x00a8,
	TLS_PSK_WITH_AES_256_GCM_SHA384 = 0x00a9,
	TLS_PSK_WITH_AES_128_CCM = 0xc0a4,
	TLS_PSK_WITH_AES_128_CCM_8 = 0xc0a8,
	TLS_PSK_WITH_CHACHA20_POLY1305_SHA256 = 0xccab,
	SUITE_N = 5
};

/* suite_by_id, suite_by_name: NULL when this build does not have it. */
const struct suite *suite_by_id(uint16_t id);
const struct suite *suite_by_name(const char *name);

/* suite_at: the i-th suite in order of preference, i < SUITE_N. */
const struct suite *suite_at(size_t i);
