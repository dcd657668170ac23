/* SPDX-License-Identifier: BSD-3-Clause */
/* What both ends derive in DTLS 1.3 (RFC 8446 §7.1, §4.4.4), in this order and at once: a handful
 * of short hashes. Everything false: libcrypto failed. */
#pragma once

#include "connection.h"

/* keys13_early: begins with a hash and a PSK; length 0: there is none. */
bool keys13_early(struct handshake *h, enum prf_hash hash, const uint8_t *psk, size_t len) MUST_USE;

/* keys13_binder: the binder by that PSK over a transcript's hash; which: of what sort the PSK is.
 * Between keys13_early and keys13_handshake. */
bool keys13_binder(const struct handshake *h, enum secret13 which, const uint8_t *hash,
		   uint8_t out[HASH_MAX]) MUST_USE;

/* keys13_handshake: goes on with the secret agreed on (length 0: there is none) and opens epoch 2.
 * The transcript ends with the ServerHello. */
bool keys13_handshake(struct handshake *h, const uint8_t *shared, size_t len) MUST_USE;

/* keys13_finished: our Finished into the flight. */
bool keys13_finished(struct handshake *h) MUST_USE;

/* keys13_peer_finished: takes the peer's Finished in; false: it is wrong, and the handshake has
 * failed. */
bool keys13_peer_finished(struct handshake *h, const struct reassembly_message *m) MUST_USE;

/* keys13_application: opens epoch 3. The transcript ends with the server's Finished. */
bool keys13_application(struct handshake *h) MUST_USE;

/* keys13_resumption: the resumption secret into h->master. The transcript ends with the client's
 * Finished: the last of the secrets. */
bool keys13_resumption(struct handshake *h) MUST_USE;
