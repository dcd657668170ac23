/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.3, server (RFC 9147 §5, RFC 8446 §2), by a PSK, with or without an ephemeral key, or by
 * certificates or raw keys:
 *
 *   ClientHello                    -->
 *                                  <--  HelloRetryRequest (the gate's)
 *   ClientHello (cookie verified)  -->
 *                                  <--  ServerHello, {EncryptedExtensions}, {[CertificateRequest]},
 *                                       {[Certificate], [CertificateVerify]}, {Finished}
 *   {[Certificate], [CertificateVerify]}, {Finished}
 *                                  -->
 *                                  <--  [ACK], [NewSessionTicket]...
 *
 * {} is epoch 2, [] at the end epoch 3. 0-RTT is not: early_data is left unanswered, and its
 * records, of epoch 1, are dropped (RFC 8446 §4.2.10).
 */
#pragma once

#include "connection.h"

/* Behind SERVER_CLIENT_HELLO. */
enum server13_state {
	S13_CERTIFICATE = 1,    /* one was asked for; it may be empty */
	S13_CERTIFICATE_VERIFY, /* it was not */
	S13_FINISHED,
	S13_DONE,
};

extern const struct hs_row server13_rows[];
extern const size_t server13_n_rows;

/* server13_answer: goes on from the ClientHello, ch, that stands in m and chose this version: what
 * was chosen is in h->choice. */
enum hs_next server13_answer(struct handshake *h, const struct reassembly_message *m,
			     const struct client_hello *ch);
