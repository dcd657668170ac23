/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * External pre-shared keys as DTLS 1.3 imports them (RFC 9258 §5.1): one that is known by
 * external_identity is used as another key for each version and hash, under an identity that says
 * so:
 *
 *   external_identity <1..2^16-1> · context <0..2^16-1> · target_protocol 2 · target_kdf 2
 *
 * The hash that goes with an external key is SHA-256, as none is defined with it. Labels have the
 * prefix "dtls13" (RFC 9147 §5.9), as all of DTLS 1.3's have. Any thread.
 */
#pragma once

#include "cursor.h"
#include "key_schedule.h"

/* psk_import_parse: whether an identity is that of a key imported for DTLS 1.3 and this hash;
 * whose, is in *external. */
bool psk_import_parse(struct rd identity, enum prf_hash hash, struct rd *external) MUST_USE;

/* psk_import_write: such an identity, without a context. PSK_IMPORT_MORE: bytes more than
 * external has. */
enum { PSK_IMPORT_MORE = 2 + 2 + 2 + 2 };
void psk_import_write(struct wr *w, struct rd external, enum prf_hash hash);

/* psk_import_key: the key that goes with an identity: as many bytes as the hash. Wipe it. false:
 * libcrypto failed. */
bool psk_import_key(struct rd identity, enum prf_hash hash, struct rd external_key,
		    uint8_t out[HASH_MAX]) MUST_USE;
