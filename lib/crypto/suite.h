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

/* What keys are agreed on with, and who is proved by what. */
enum suite_kx {
	KX_PSK,         /* RFC 4279: both ends by the key */
	KX_ECDHE_PSK,   /* RFC 5489: the same, with forward secrecy */
	KX_ECDHE_ECDSA, /* RFC 8422: the server by its certificate, the client too if it is asked */
	KX_TLS13,       /* RFC 8446: not the suite's to say */
};

/* A cipher suite of DTLS 1.2 (RFC 5487, 5289, 6655, 7251, 7905, 8442) or 1.3 (RFC 8446 §B.4). */
struct suite {
	const char *name; /* IANA name */
	uint16_t id;
	enum aead_alg aead;
	enum prf_hash hash; /* of the PRF; in 1.3, of the key schedule and the transcript */
	enum suite_kx kx;
};

enum {
	TLS_AES_128_GCM_SHA256 = 0x1301,
	TLS_AES_256_GCM_SHA384 = 0x1302,
	TLS_CHACHA20_POLY1305_SHA256 = 0x1303,
	TLS_AES_128_CCM_SHA256 = 0x1304,
	TLS_AES_128_CCM_8_SHA256 = 0x1305,
	TLS_PSK_WITH_AES_128_GCM_SHA256 = 0x00a8,
	TLS_PSK_WITH_AES_256_GCM_SHA384 = 0x00a9,
	TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02b,
	TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = 0xc02c,
	TLS_PSK_WITH_AES_128_CCM = 0xc0a4,
	TLS_PSK_WITH_AES_128_CCM_8 = 0xc0a8,
	TLS_ECDHE_ECDSA_WITH_AES_128_CCM = 0xc0ac,
	TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 = 0xc0ae,
	TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca9,
	TLS_PSK_WITH_CHACHA20_POLY1305_SHA256 = 0xccab,
	TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 = 0xccac,
	TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256 = 0xd001,
	TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256 = 0xd003,
	TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256 = 0xd005,
	SUITE_12_N = 14,
	SUITE_13_N = 5,
	SUITE_N = SUITE_12_N + SUITE_13_N
};

/* suite_by_id, suite_by_name: NULL when this build does not have it. */
const struct suite *suite_by_id(uint16_t id);
const struct suite *suite_by_name(const char *name);

/* suite_is_13: whether it is of DTLS 1.3. */
static inline bool suite_is_13(const struct suite *s) { return s->kx == KX_TLS13; }

/* suite_has_psk, suite_has_ecdhe: of a suite of DTLS 1.2: whether a key of both ends, an agreement
 * on one is part of it. */
static inline bool suite_has_psk(const struct suite *s) { return s->kx != KX_ECDHE_ECDSA; }
static inline bool suite_has_ecdhe(const struct suite *s) { return s->kx != KX_PSK; }

/* suite_at: the i-th suite, i < SUITE_N: those of DTLS 1.2 in order of preference, then those
 * of 1.3 in theirs. */
const struct suite *suite_at(size_t i);
