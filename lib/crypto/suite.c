/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <string.h>

enum {
	GCM_SEAL_MAX = 23726566, /* 2^24.5 */
	CCM_SEAL_MAX = 1 << 23,
};

/* The 48-bit sequence number has 2^48 values; the last is never used. */
#define SEQ_SEAL_MAX ((UINT64_C(1) << 48) - 1)

const struct aead_info aead_infos[AEAD_N] = {
	[AEAD_AES_128_GCM] = { "AES-128-GCM", 16, 4, 8, 16, GCM_SEAL_MAX },
	[AEAD_AES_256_GCM] = { "AES-256-GCM", 32, 4, 8, 16, GCM_SEAL_MAX },
	[AEAD_AES_128_CCM] = { "AES-128-CCM", 16, 4, 8, 16, CCM_SEAL_MAX },
	[AEAD_AES_128_CCM_8] = { "AES-128-CCM-8", 16, 4, 8, 8, CCM_SEAL_MAX },
	[AEAD_CHACHA20_POLY1305] = { "CHACHA20-POLY1305", 32, 12, 0, 16, SEQ_SEAL_MAX },
};

/* clang-format off */
#define PSK(name, aead, hash)         { "TLS_PSK_WITH_" #name, TLS_PSK_WITH_##name, aead, hash, KX_PSK }
#define ECDHE_PSK(name, aead, hash)   { "TLS_ECDHE_PSK_WITH_" #name, TLS_ECDHE_PSK_WITH_##name, aead, hash, KX_ECDHE_PSK }
#define TLS13(name, aead, hash)       { "TLS_" #name, TLS_##name, aead, hash, KX_TLS13 }
#define ECDHE_ECDSA(name, aead, hash) { "TLS_ECDHE_ECDSA_WITH_" #name, TLS_ECDHE_ECDSA_WITH_##name, aead, hash, KX_ECDHE_ECDSA }

/*
 * In order of preference. Forward secrecy first (RFC 9325 §4.1), but certificates last: a client
 * offers pre-shared keys only when it has one, while many offer certificates whether or not they
 * have any. AES-128-GCM is the fastest in every engine; CCM_8 follows because it is what RFC 7252
 * §9.1.3 makes every CoAP device have and its records are the shortest; the others are for peers
 * that offer nothing else.
 *
 * Those of DTLS 1.3 are on a list of their own, as a version is agreed on before a suite. CCM_8 is
 * last: RFC 9147 §4.5.3 has it "MUST NOT be used" without a safeguard against forgeries.
 */
static const struct suite suites[SUITE_N] = {
	ECDHE_PSK(AES_128_GCM_SHA256,         AEAD_AES_128_GCM,       PRF_SHA256),
	ECDHE_PSK(AES_128_CCM_8_SHA256,       AEAD_AES_128_CCM_8,     PRF_SHA256),
	ECDHE_PSK(AES_128_CCM_SHA256,         AEAD_AES_128_CCM,       PRF_SHA256),
	ECDHE_PSK(CHACHA20_POLY1305_SHA256,   AEAD_CHACHA20_POLY1305, PRF_SHA256),
	PSK(AES_128_GCM_SHA256,               AEAD_AES_128_GCM,       PRF_SHA256),
	PSK(AES_128_CCM_8,                    AEAD_AES_128_CCM_8,     PRF_SHA256),
	PSK(AES_128_CCM,                      AEAD_AES_128_CCM,       PRF_SHA256),
	PSK(CHACHA20_POLY1305_SHA256,         AEAD_CHACHA20_POLY1305, PRF_SHA256),
	PSK(AES_256_GCM_SHA384,               AEAD_AES_256_GCM,       PRF_SHA384),
	ECDHE_ECDSA(AES_128_GCM_SHA256,       AEAD_AES_128_GCM,       PRF_SHA256),
	ECDHE_ECDSA(AES_128_CCM_8,            AEAD_AES_128_CCM_8,     PRF_SHA256),
	ECDHE_ECDSA(AES_128_CCM,              AEAD_AES_128_CCM,       PRF_SHA256),
	ECDHE_ECDSA(CHACHA20_POLY1305_SHA256, AEAD_CHACHA20_POLY1305, PRF_SHA256),
	ECDHE_ECDSA(AES_256_GCM_SHA384,       AEAD_AES_256_GCM,       PRF_SHA384),
	TLS13(AES_128_GCM_SHA256,             AEAD_AES_128_GCM,       PRF_SHA256),
	TLS13(AES_128_CCM_SHA256,             AEAD_AES_128_CCM,       PRF_SHA256),
	TLS13(CHACHA20_POLY1305_SHA256,       AEAD_CHACHA20_POLY1305, PRF_SHA256),
	TLS13(AES_256_GCM_SHA384,             AEAD_AES_256_GCM,       PRF_SHA384),
	TLS13(AES_128_CCM_8_SHA256,           AEAD_AES_128_CCM_8,     PRF_SHA256),
};
/* clang-format on */

const struct suite *suite_by_id(uint16_t id)
{
	for (size_t i = 0; i < SUITE_N; i++) {
		if (suites[i].id == id)
			return &suites[i];
	}
	return NULL;
}

const struct suite *suite_by_name(const char *name)
{
	for (size_t i = 0; i < SUITE_N; i++) {
		if (strcmp(suites[i].name, name) == 0)
			return &suites[i];
	}
	return NULL;
}

const struct suite *suite_at(size_t i) { return &suites[i]; }
