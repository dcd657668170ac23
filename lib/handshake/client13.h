/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.3, client (RFC 9147 §5, RFC 8446 §2): the messages are drawn in server13.h. It offers
 * this version only, and of PSKs a ticket and its key, as far as it has them.
 */
#pragma once

#include "connection.h"

enum client13_state {
	C13_SERVER_HELLO, /* or a HelloRetryRequest */
	C13_ENCRYPTED_EXTENSIONS,
	C13_REQUEST, /* a CertificateRequest, or the Certificate */
	C13_CERTIFICATE,
	C13_CERTIFICATE_VERIFY,
	C13_FINISHED,
	C13_DONE, /* but for the ACK of our flight */
};

extern const struct hs_row client13_rows[];
extern const size_t client13_n_rows;

/* client13_start: the first hello. */
enum hs_next client13_start(struct handshake *h);
