/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The key schedule of DTLS 1.3 (RFC 8446 §7 with the labels of RFC 9147 §5.9). Pure functions of
 * their arguments; secrets they derive are the caller's to wipe. false: libcrypto failed, or an
 * argument is too long. A secret has as many bytes as its hash (hash13_len), in HASH_MAX of room.
 *
 *   schedule13_early(psk or none)     -> binder keys
 *   schedule13_handshake(ecdhe or none) -> handshake traffic secrets
 *   schedule13_master()               -> application traffic secrets, resumption master secret
 *
 * Slow path only; any thread.
 */
#pragma once

#include "cursor.h"
#include "key_schedule.h"

/* hash13_len: bytes of a hash, and of every secret made with it. */
size_t hash13_len(enum prf_hash hash);

/* hash13: the hash of n pieces, one behind the other. */
bool hash13(enum prf_hash hash, const struct rd *pieces, size_t n, uint8_t out[HASH_MAX]) MUST_USE;

/* hkdf_extract: RFC 5869; an empty salt or ikm is zeros of the hash's length (RFC 8446 §7.1). */
bool hkdf_extract(enum prf_hash hash, const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
		  size_t ikm_len, uint8_t out[HASH_MAX]) MUST_USE;

/* hkdf_expand_label: HKDF-Expand-Label(secret, label, context, out_len), context <= HASH_MAX bytes
 * but of a nonce, which may have 255; out_len <= 255. */
bool hkdf_expand_label(enum prf_hash hash, const uint8_t *secret, const char *label,
		       const uint8_t *context, size_t context_len, uint8_t *out,
		       size_t out_len) MUST_USE;

/* The secret that the next step starts from. Wipe it at the end. */
struct schedule13 {
	enum prf_hash hash;
	uint8_t secret[HASH_MAX];
};

/* The three steps. No PSK, no shared secret: length 0. */
bool schedule13_early(struct schedule13 *out, enum prf_hash hash, const uint8_t *psk,
		      size_t psk_len) MUST_USE;
bool schedule13_handshake(struct schedule13 *s, const uint8_t *shared, size_t shared_len) MUST_USE;
bool schedule13_master(struct schedule13 *s) MUST_USE;

/* What is derived at which step, and over which messages (RFC 8446 §7.1). */
enum secret13 {
	/* early: over nothing: hash is not looked at */
	SECRET13_EXTERNAL_BINDER,
	SECRET13_RESUMPTION_BINDER,
	SECRET13_IMPORTED_BINDER, /* RFC 9258 §5.2 */
	/* handshake: ClientHello...ServerHello */
	SECRET13_CLIENT_HANDSHAKE,
	SECRET13_SERVER_HANDSHAKE,
	/* master: ClientHello...server Finished; the last one: ...client Finished */
	SECRET13_CLIENT_TRAFFIC,
	SECRET13_SERVER_TRAFFIC,
	SECRET13_RESUMPTION,
	SECRET13_N
};

/* schedule13_secret: Derive-Secret with the transcript's hash. */
bool schedule13_secret(const struct schedule13 *s, enum secret13 which, const uint8_t *hash,
		       uint8_t out[HASH_MAX]) MUST_USE;

/* schedule13_verify_data: of a Finished, or a binder (RFC 8446 §4.4.4, §4.2.11.2): base is the
 * sender's handshake traffic secret, or the binder key. hash13_len bytes. */
bool schedule13_verify_data(enum prf_hash hash, const uint8_t *base, const uint8_t *transcript_hash,
			    uint8_t out[HASH_MAX]) MUST_USE;

/* schedule13_ticket_psk: the PSK of a ticket from the resumption secret (RFC 8446 §4.6.1). */
bool schedule13_ticket_psk(enum prf_hash hash, const uint8_t *resumption, const uint8_t *nonce,
			   size_t nonce_len, uint8_t out[HASH_MAX]) MUST_USE;

/* schedule13_update: the next traffic secret (RFC 8446 §7.2), in place. */
bool schedule13_update(enum prf_hash hash, uint8_t secret[HASH_MAX]) MUST_USE;

/* traffic_keys13_one: the keys of one direction: key_len bytes of key and sn, AEAD_IV_LEN of iv.
 * traffic_keys13: of both. */
bool traffic_keys13_one(const struct suite *suite, const uint8_t *secret, uint8_t key[AEAD_KEY_MAX],
			uint8_t iv[AEAD_IV_LEN], uint8_t sn[AEAD_KEY_MAX]) MUST_USE;
bool traffic_keys13(const struct suite *suite, const uint8_t *client_secret,
		    const uint8_t *server_secret, struct traffic_keys *out) MUST_USE;
