/* SPDX-License-Identifier: BSD-3-Clause */
/* Tickets of DTLS 1.3 (RFC 8446 §4.6.1): each is a PSK for a later handshake. They come on the
 * session, in epoch 3, from a server that has seen the client's Finished. */
#pragma once

#include "connection.h"

enum { TICKETS13_MAX = 3 };

/* ticket13_give: server: NewSessionTickets into a flight that it begins, as many as the
 * configuration says and it has room for (two always), none of a session that was itself resumed:
 * its ticket is good until its time is over; then `then`. h->master is the resumption secret; the
 * identity, credential and psk of h are what the client proved itself with. h->psk is wiped. */
enum hs_next ticket13_give(struct handshake *h, enum hs_next (*then)(struct handshake *h));

/* ticket13_offer: handshake_client_resume; ticket13_session: handshake_session; of 1.3. */
bool ticket13_offer(struct handshake *h, const struct handshake_session *s) MUST_USE;
bool ticket13_session(const struct handshake *h, struct handshake_session *out) MUST_USE;

/* ticket13_age: the obfuscated age of the ticket that h offers. */
uint32_t ticket13_age(const struct handshake *h);
