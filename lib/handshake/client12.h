/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.2 with a pre-shared key, client (RFC 6347 §4.2, RFC 4279 §2):
 *
 *   ClientHello                    -->
 *                                  <--  HelloVerifyRequest
 *   ClientHello with cookie        -->
 *                                  <--  ServerHello, [ServerKeyExchange], ServerHelloDone
 *   ClientKeyExchange,
 *   [ChangeCipherSpec], Finished   -->
 *                                  <--  [NewSessionTicket],
 *                                       [ChangeCipherSpec], Finished
 *
 * The abbreviated handshake is in resume12.h.
 */
#pragma once

#include "connection.h"

enum client12_state {
	C12_SERVER_HELLO,      /* or a HelloVerifyRequest */
	C12_SERVER_HELLO_DONE, /* or a ServerKeyExchange */
	C12_HINTED,            /* ServerKeyExchange came */
	C12_TICKET,            /* a NewSessionTicket was promised */
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
