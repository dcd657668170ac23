/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both roles do with ephemeral keys, certificates and signatures in either version (RFC 8422,
 * RFC 8446 §4.2.8, §4.4, RFC 7250), as steps between jobs.
 */
#pragma once

#include "connection.h"
#include "hs_auth.h"

/* The schemes that we take of a peer. */
extern const uint16_t auth_schemes[];
enum { AUTH_SCHEMES = 4 };

/* auth_own_kinds: the kinds of our keys (enum signature_kind, as a set) that sign by one of these
 * schemes. */
unsigned auth_own_kinds(struct rd schemes);

/* auth_own_scheme: what h->own signs by. */
uint16_t auth_own_scheme(const struct handshake *h);

/* auth_keygen: an ephemeral pair in a group; resume has its public half in h->job.point. */
enum hs_next auth_keygen(struct handshake *h, uint16_t group,
			 enum hs_next (*resume)(struct handshake *h));

/* auth_derive: agrees on a secret with the peer's point by h->ecdhe, which is gone with it; then
 * `then` has it in h->job.shared. Ends the handshake when it is no point. */
enum hs_next auth_derive(struct handshake *h, struct rd point,
			 enum hs_next (*then)(struct handshake *h));

/* auth_sign: our signature, by h->own; resume has it in h->job.signature. The input stays where it
 * is until then. */
enum hs_next auth_sign(struct handshake *h, const struct signature_input *input,
		       enum hs_next (*resume)(struct handshake *h));

/* auth_verify: the peer's, by h->peer_key, over an input that stays where it is; then `then`. Ends
 * the handshake when it is wrong. sig stands in m, whose message is heard here. */
enum hs_next auth_verify(struct handshake *h, const struct reassembly_message *m,
			 const struct hs_signature *sig, const struct signature_input *input,
			 enum hs_next (*then)(struct handshake *h));

/* auth_certificate: our Certificate into the flight, in an epoch; body is what h->own has for it,
 * and is not copied. */
bool auth_certificate(struct handshake *h, struct rd body, uint8_t epoch) MUST_USE;

/* auth_peer_judge: has the peer judged by what it shows, which stands in h->peer_message: a list
 * as certificate_parse gives it, or a raw key; then `then`, with h->peer_key. Ends the handshake
 * when it is not taken. */
enum hs_next auth_peer_judge(struct handshake *h, struct rd shown, uint8_t type,
			     enum hs_next (*then)(struct handshake *h));

/* auth_job_done: moves what a job has made to the handshake. auth_free: releases it. */
void auth_job_done(struct handshake *h);
void auth_free(struct handshake *h);
