/* SPDX-License-Identifier: BSD-3-Clause */
/* A record's nonce, made in place from its key's IV. */
#pragma once

#include "suite.h"

#include <string.h>

/* nonce_explicit: salt | the eight bytes that the record carries (RFC 5288 §3, RFC 6655 §3). */
static inline void nonce_explicit(uint8_t nonce[AEAD_IV_LEN], const uint8_t bytes[8])
{
	memcpy(nonce + 4, bytes, 8);
}

/* nonce_implicit: the IV xor the number with its epoch, padded on the left (RFC 7905 §2). */
static inline void nonce_implicit(uint8_t nonce[AEAD_IV_LEN], uint64_t number)
{
	for (unsigned i = 0; i < 8; i++)
		nonce[4 + i] ^= (uint8_t)(number >> (56 - 8 * i));
}
