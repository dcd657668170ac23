/* SPDX-License-Identifier: BSD-3-Clause */
/* What both ends derive in DTLS 1.2, as chains of PRF jobs (RFC 5246 §6.3, §7.4.9, §8.1;
 * RFC 7627 §4; RFC 4279 §2). */
#pragma once

#include "connection.h"

/* keys12_premaster: the premaster secret of the suite, from h->psk, or the secret that was agreed
 * on, or both. */
bool keys12_premaster(struct handshake *h, const uint8_t *shared, size_t shared_len) MUST_USE;

/* keys12_derive: from the premaster secret to open epoch 1, then `then`. The transcript ends with
 * the ClientKeyExchange. The premaster secret is wiped as soon as it is used. */
enum hs_next keys12_derive(struct handshake *h, enum hs_next (*then)(struct handshake *h));

/* keys12_expand: from the master secret to open epoch 1, then `then`: where keys12_derive ends and
 * an abbreviated handshake begins. */
enum hs_next keys12_expand(struct handshake *h, enum hs_next (*then)(struct handshake *h));

/* keys12_verify_data: the client's or the server's verify_data over the transcript so far; resume
 * has it in h->job.prf_out. */
enum hs_next keys12_verify_data(struct handshake *h, bool of_client,
				enum hs_next (*resume)(struct handshake *h));

/* keys12_peer_finished: takes the peer's Finished in: body, transcript; then asks for the
 * verify_data to compare it with. */
enum hs_next keys12_peer_finished(struct handshake *h, const struct reassembly_message *m,
				  enum hs_next (*resume)(struct handshake *h));

/* keys12_peer_verified: whether the peer's verify_data is the one in h->job.prf_out. */
bool keys12_peer_verified(const struct handshake *h);

/* keys12_finished: ChangeCipherSpec and our Finished with the verify_data in h->job.prf_out. */
bool keys12_finished(struct handshake *h) MUST_USE;
