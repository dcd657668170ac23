/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-128 of single blocks by the CPU's own instructions (FIPS 197), in constant time. For what is
 * no record: those have engines (aead.h). Callers have the attribute AES_NI and ask
 * aes_ni_supported first, once. Any thread.
 */
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define AES_NI __attribute__((target("aes,sse4.2")))

enum { AES_NI_KEY_LEN = 16, AES_NI_BLOCK = 16, AES_NI_ROUNDS = 10 };

static inline bool aes_ni_supported(void) { return __builtin_cpu_supports("aes") != 0; }

/* aes_ni_load, aes_ni_store: a block, of any alignment. */
static inline AES_NI __m128i aes_ni_load(const void *p) { return _mm_loadu_si128(p); }
static inline AES_NI void aes_ni_store(void *p, __m128i x) { _mm_storeu_si128(p, x); }

/* One step of the key schedule (FIPS 197 §5.2); assist is AESKEYGENASSIST of the last. */
static inline AES_NI __m128i aes_ni_expand_step(__m128i key, __m128i assist)
{
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
	return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

#define AES_NI_EXPAND(k, i, rcon)                                                                  \
	(k)[i] = aes_ni_expand_step((k)[(i)-1], _mm_aeskeygenassist_si128((k)[(i)-1], rcon))

/* aes_ni_expand: the round keys, for aes_ni_encrypt. */
static inline AES_NI void aes_ni_expand(__m128i k[AES_NI_ROUNDS + 1],
					const uint8_t key[AES_NI_KEY_LEN])
{
	k[0] = aes_ni_load(key);
	AES_NI_EXPAND(k, 1, 0x01);
	AES_NI_EXPAND(k, 2, 0x02);
	AES_NI_EXPAND(k, 3, 0x04);
	AES_NI_EXPAND(k, 4, 0x08);
	AES_NI_EXPAND(k, 5, 0x10);
	AES_NI_EXPAND(k, 6, 0x20);
	AES_NI_EXPAND(k, 7, 0x40);
	AES_NI_EXPAND(k, 8, 0x80);
	AES_NI_EXPAND(k, 9, 0x1b);
	AES_NI_EXPAND(k, 10, 0x36);
}

/* aes_ni_invert: from those, the ones for aes_ni_decrypt. */
static inline AES_NI void aes_ni_invert(__m128i out[AES_NI_ROUNDS + 1],
					const __m128i k[AES_NI_ROUNDS + 1])
{
	out[0] = k[AES_NI_ROUNDS];
	for (int i = 1; i < AES_NI_ROUNDS; i++)
		out[i] = _mm_aesimc_si128(k[AES_NI_ROUNDS - i]);
	out[AES_NI_ROUNDS] = k[0];
}

static inline AES_NI __m128i aes_ni_encrypt(const __m128i k[AES_NI_ROUNDS + 1], __m128i x)
{
	x = _mm_xor_si128(x, k[0]);
	for (int i = 1; i < AES_NI_ROUNDS; i++)
		x = _mm_aesenc_si128(x, k[i]);
	return _mm_aesenclast_si128(x, k[AES_NI_ROUNDS]);
}

static inline AES_NI __m128i aes_ni_decrypt(const __m128i k[AES_NI_ROUNDS + 1], __m128i x)
{
	x = _mm_xor_si128(x, k[0]);
	for (int i = 1; i < AES_NI_ROUNDS; i++)
		x = _mm_aesdec_si128(x, k[i]);
	return _mm_aesdeclast_si128(x, k[AES_NI_ROUNDS]);
}
