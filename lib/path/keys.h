/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a session's keys lie, and a record's nonce. Inside lib/path only. Owner core only. */
#pragma once

#include "cursor.h"
#include "store.h"

/* keys_rx, keys_tx: the raw key for opening and for sealing. */
static inline const uint8_t *keys_rx(const struct store *s, uint32_t slot,
				     const struct aead_info *a)
{
	return a->key_len > 16 ? s->overflow[slot].rx_key : s->hot[slot].rx_key;
}

static inline const uint8_t *keys_tx(const struct store *s, uint32_t slot,
				     const struct aead_info *a)
{
	return a->key_len > 16 ? s->overflow[slot].tx_key : s->hot[slot].tx_key;
}

/* keys_explicit_nonce: salt | the eight bytes that the record carries (RFC 5288 §3, RFC 6655 §3).
 */
static inline void keys_explicit_nonce(uint8_t out[AEAD_IV_LEN], const uint8_t salt[4],
				       const uint8_t bytes[8])
{
	memcpy(out, salt, 4);
	memcpy(out + 4, bytes, 8);
}

/* keys_implicit_nonce: the IV xor the number with its epoch, padded on the left (RFC 7905 §2). The
 * IV's last eight bytes stand where a 128-bit key would. */
static inline void keys_implicit_nonce(uint8_t out[AEAD_IV_LEN], const uint8_t salt[4],
				       const uint8_t rest[8], uint64_t number)
{
	struct wr w = wr_of(out + 4, 8);

	memcpy(out, salt, 4);
	wr_u64(&w, number);
	for (unsigned i = 0; i < 8; i++)
		out[4 + i] ^= rest[i];
}
