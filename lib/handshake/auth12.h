/* SPDX-License-Identifier: BSD-3-Clause */
/* What is signed in DTLS 1.2, and how its Certificate looks (RFC 5246 §7.4, RFC 8422 §5.4,
 * RFC 7250), on top of auth.h. */
#pragma once

#include "auth.h"

/* auth12_keep: where a CertificateVerify may follow: what it is over, to be kept by the transcript.
 */
void auth12_keep(struct handshake *h);

/* auth12_params: both randoms and ECParameters with a point, into h->params, as they are signed.
 */
bool auth12_params(struct handshake *h, uint16_t group, const uint8_t *point, size_t len) MUST_USE;

/* auth12_sign_params, auth12_sign_messages: our signature, by h->own, over h->params or over the
 * transcript's SHA-256; resume has it in h->job.signature. */
enum hs_next auth12_sign_params(struct handshake *h, enum hs_next (*resume)(struct handshake *h));
enum hs_next auth12_sign_messages(struct handshake *h, enum hs_next (*resume)(struct handshake *h));

/* auth12_verify_params, auth12_verify_messages: the peer's, by h->peer_key; then `then`. Ends the
 * handshake when it is wrong. sig stands in m, whose message is heard here. */
enum hs_next auth12_verify_params(struct handshake *h, const struct reassembly_message *m,
				  const struct hs_signature *sig,
				  enum hs_next (*then)(struct handshake *h));
enum hs_next auth12_verify_messages(struct handshake *h, const struct reassembly_message *m,
				    enum hs_next (*then)(struct handshake *h));

/* auth12_certificate: our Certificate, of a type (RFC 7250), into the flight: h->own's, or none. */
bool auth12_certificate(struct handshake *h, uint8_t type) MUST_USE;

/* auth12_peer_certificate: hears a Certificate and has it judged; then `then`, with h->peer_key.
 * Ends the handshake when it is not taken. One that is empty is for `none`, unheard. */
enum hs_next auth12_peer_certificate(struct handshake *h, const struct reassembly_message *m,
				     uint8_t type, enum hs_next (*then)(struct handshake *h),
				     enum hs_next (*none)(struct handshake *h,
							  const struct reassembly_message *m));
