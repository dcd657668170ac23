/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificate and CertificateVerify of DTLS 1.3 (RFC 8446 §4.4.2, §4.4.3, RFC 7250), both roles, on
 * top of auth.h. All of it is in epoch 2. */
#pragma once

#include "auth.h"

/* auth13_certificate: our Certificate, of a type, into the flight: h->own's, or none. */
bool auth13_certificate(struct handshake *h, uint8_t type) MUST_USE;

/* auth13_sign: our CertificateVerify, by h->own, into the flight, then `then`. */
enum hs_next auth13_sign(struct handshake *h, enum hs_next (*then)(struct handshake *h));

/* auth13_peer_certificate: hears a Certificate and has it judged; then `then`, with h->peer_key.
 * Ends the handshake when it is not taken. One that is empty is for `none`, unheard. */
enum hs_next auth13_peer_certificate(struct handshake *h, const struct reassembly_message *m,
				     uint8_t type, enum hs_next (*then)(struct handshake *h),
				     enum hs_next (*none)(struct handshake *h,
							  const struct reassembly_message *m));

/* auth13_verify: the peer's CertificateVerify, by h->peer_key; then `then`. */
enum hs_next auth13_verify(struct handshake *h, const struct reassembly_message *m,
			   enum hs_next (*then)(struct handshake *h));
