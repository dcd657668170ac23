/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.2, server (RFC 6347 §4.2), with a pre-shared key (RFC 4279 §2), one and an ephemeral key
 * (RFC 5489), or a certificate (RFC 8422):
 *
 *   ClientHello (cookie verified)  -->
 *                                  <--  ServerHello, [Certificate], [ServerKeyExchange],
 *                                       [CertificateRequest], ServerHelloDone
 *   [Certificate], ClientKeyExchange, [CertificateVerify],
 *   [ChangeCipherSpec], Finished   -->
 *                                  <--  [NewSessionTicket],
 *                                       [ChangeCipherSpec], Finished
 *
 * The abbreviated handshake is in resume12.h.
 */
#pragma once

#include "connection.h"

/* Behind SERVER_CLIENT_HELLO. */
enum server12_state {
	S12_CERTIFICATE = 1, /* one was asked for; it may be empty */
	S12_CLIENT_KEY_EXCHANGE,
	S12_CERTIFICATE_VERIFY, /* it was not */
	S12_FINISHED,
	S12_RESUMED, /* our Finished is out, the client's is awaited */
	S12_DONE,
};

extern const struct hs_row server12_rows[];
extern const size_t server12_n_rows;

/* server12_answer: goes on from the ClientHello, ch, that stands in m and chose this version: what
 * was chosen is in h->choice. */
enum hs_next server12_answer(struct handshake *h, const struct reassembly_message *m,
			     const struct client_hello *ch);

/* server12_hello: the ServerHello into the flight, and into the transcript. What it says of
 * resumption is in session_id and ticket_promised. */
bool server12_hello(struct handshake *h, const struct hello_choice *choice) MUST_USE;
