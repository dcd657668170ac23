/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.2, client (RFC 6347 §4.2), with a pre-shared key (RFC 4279 §2), one and an ephemeral key
 * (RFC 5489), or certificates (RFC 8422):
 *
 *   ClientHello                    -->
 *                                  <--  HelloVerifyRequest
 *   ClientHello with cookie        -->
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

enum client12_state {
	C12_SERVER_HELLO, /* or a HelloVerifyRequest */
	C12_PSK_HINT,     /* plain PSK: a ServerKeyExchange, or ServerHelloDone */
	C12_CERTIFICATE,
	C12_KEY_EXCHANGE,
	C12_REQUEST, /* a CertificateRequest, or ServerHelloDone */
	C12_SERVER_HELLO_DONE,
	C12_TICKET, /* a NewSessionTicket was promised */
	C12_FINISHED,
	C12_RESUMED_TICKET, /* the server resumes; as C12_TICKET */
	C12_RESUMED,        /* as C12_FINISHED, and ours is still to come */
	C12_DONE,
};

extern const struct hs_row client12_rows[];
extern const size_t client12_n_rows;

/* client12_start: the first hello. */
enum hs_next client12_start(struct handshake *h);

/* client12_hello_verify_again: a HelloVerifyRequest that answers a repeated hello: the server has
 * changed its secret meanwhile. Its message_seq is 0 like the first one's. */
enum hs_next client12_hello_verify_again(struct handshake *h, struct rd body);
