/* SPDX-License-Identifier: BSD-3-Clause */
/* The records of the session that a handshake ends with, one at a time, for tests. */
#pragma once

#include "handshake.h"
#include "protect.h"

/* event_protect: from a HANDSHAKE_INSTALL, whose connection IDs are borrowed. */
static inline struct protect event_protect(struct aead *aead, bool client,
					   const struct handshake_event *e)
{
	struct protect p = { .aead = aead, .client = client };
	uint8_t epoch = e->version == DTLS_1_3 ? 3 : 1;

	p.rx_cid = e->own_cid;
	p.tx_cid = e->peer_cid;
	protect_set_keys(&p, epoch, e->suite, e->keys);
	p.epochs[epoch].tx_seq = e->tx_seq;
	p.epochs[epoch].rx_newest = e->rx_newest;
	p.epochs[epoch].rx_window = e->rx_window;
	p.epochs[epoch].rx_seen = e->rx_window != 0;
	return p;
}
