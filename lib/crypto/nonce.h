/* SPDX-License-Identifier: BSD-3-Clause */
/* A record's nonce, made in place from its key's IV. */
#pragma once

#include "bytes.h"
#include "suite.h"

/* nonce_explicit: salt | the eight bytes that the record carries (RFC 5288 §3, RFC 6655 §3). */
static inline void nonce_explicit(uint8_t nonce[AEAD_IV_LEN], const uint8_t bytes[8])
{
	memcpy(nonce + 4, bytes, 8);
}

/* nonce_implicit: the IV xor the number, padded on the left; in DTLS 1.2 the number with its epoch
 * (RFC 7905 §2), in 1.3 without (RFC 9147 §4). */
static inline void nonce_implicit(uint8_t nonce[AEAD_IV_LEN], uint64_t number)
{
	bytes_put_u64(nonce + 4, bytes_u64(nonce + 4) ^ number);
}
