/* SPDX-License-Identifier: BSD-3-Clause */
/* The ClientHello of a DTLS 1.3 client, and which of what it offers was taken. */
#pragma once

#include "connection.h"

/* hello13_write: the hello into the flight, with h->own_point as the share of h->v13->group (0:
 * without one) and the cookie of a HelloRetryRequest. The transcript, if there is one by now, has
 * what came before it. */
bool hello13_write(struct handshake *h) MUST_USE;

/* hello13_certificates: whether it lets the server prove itself by a certificate or raw key. */
bool hello13_certificates(const struct handshake *h);

/* hello13_offers: whether the hello has what these extensions of a ServerHello answer. */
bool hello13_offers(const struct handshake *h, const struct server_hello13 *sh);

/* hello13_psk: whether the PSK of this index was offered, and goes with h->suite. hello13_early:
 * the schedule's beginning, by h->v13->by_psk and psk_index; says by h->credential and h->resumed
 * what it is. */
bool hello13_psk(const struct handshake *h, uint16_t index) MUST_USE;
bool hello13_early(struct handshake *h) MUST_USE;
