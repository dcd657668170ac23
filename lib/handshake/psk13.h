/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The PSKs that a ClientHello of DTLS 1.3 offers (RFC 8446 §4.2.11): tickets of ours, and keys that
 * the operator gave out. Server.
 */
#pragma once

#include "connection.h"

/* psk13_wanted: whether the hello asks for a session, and there are sessions: one of the PSKs that
 * are looked at may be a ticket. */
bool psk13_wanted(const struct handshake_config *cfg, const struct client_hello *ch);

/*
 * psk13_find: the first ticket that is a session's still, or else the first identity that may be a
 * key's; goes on with `then`: h->v13->by_psk, the binder is right, the schedule begins with the
 * PSK, and h->v13->psk_index says which it is; or not, and there is none. Ends the handshake with
 * decrypt_error on a wrong binder, and, where the server has nothing else to go by, in the same way
 * and after the same work on an unknown identity (bad-input F1).
 *
 * m has the ClientHello, ch, that the transcript ends with; h->v13->binder_hash is there.
 */
enum hs_next psk13_find(struct handshake *h, const struct reassembly_message *m,
			const struct client_hello *ch, enum hs_next (*then)(struct handshake *h));
