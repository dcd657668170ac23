/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both roles do with ephemeral keys, certificates and signatures in DTLS 1.2 (RFC 8422,
 * RFC 5489, RFC 7250), as steps between jobs.
 */
#pragma once

#include "connection.h"
#include "hs_auth.h"

/* The schemes that we take of a peer. */
extern const uint16_t auth12_schemes[];
enum { AUTH12_SCHEMES = 4 };

/* auth12_keep: where a CertificateVerify may follow: what it is over, to be kept by the transcript.
 */
void auth12_keep(struct handshake *h);

/* auth12_keygen: an ephemeral pair in a group; resume has its public half in h->job.point. */
enum hs_next auth12_keygen(struct handshake *h, uint16_t group,
			   enum hs_next (*resume)(struct handshake *h));

/* auth12_params: both randoms and ECParameters with a point, into h->params, as they are signed.
 */
bool auth12_params(struct handshake *h, uint16_t group, const uint8_t *point, size_t len) MUST_USE;

/* auth12_derive: the premaster secret from h->ecdhe, the peer's point, and h->psk where the suite
 * has one; then `then`. Ends the handshake when it is no point. */
enum hs_next auth12_derive(struct handshake *h, struct rd point,
			   enum hs_next (*then)(struct handshake *h));

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

/* auth12_job_done: moves what a job has made to the handshake. auth12_free: releases it. */
void auth12_job_done(struct handshake *h);
void auth12_free(struct handshake *h);
