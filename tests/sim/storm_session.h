/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sessions that handshakes of DTLS 1.3 end with, as far as handshakes go on in them: a Finished
 * that comes again, tickets, ACKs. At the server what a poll core does with such records, at a
 * device what a client does.
 */
#pragma once

#include "event_protect.h"
#include "hs_msg13.h"
#include "msg.h"

struct storm_session {
	bool up;
	struct flow flow;
	struct session_ref ref, hs;
	uint8_t class;
	struct protect protect;
};

/* storm_session_up: the server's end. aead is borrowed. */
static inline void storm_session_up(struct storm_session *s, struct aead *aead,
				    const struct session_install *in, struct session_ref ref)
{
	struct traffic_keys keys = { .client_key = { 0 } };
	struct protect_epoch *e = &s->protect.epochs[RECORD13_EPOCH_DATA];

	*s = (struct storm_session){ .up = in->version == DTLS_1_3,
				     .flow = in->flow,
				     .ref = ref,
				     .hs = { in->handshake_slot, in->handshake_generation },
				     .class = session_install_class(in),
				     .protect = { .aead = aead } };
	memcpy(keys.client_key, in->rx_key, AEAD_KEY_MAX);
	memcpy(keys.server_key, in->tx_key, AEAD_KEY_MAX);
	memcpy(keys.client_iv, in->rx_iv, AEAD_IV_LEN);
	memcpy(keys.server_iv, in->tx_iv, AEAD_IV_LEN);
	memcpy(keys.client_sn, in->rx_sn_key, AEAD_KEY_MAX);
	memcpy(keys.server_sn, in->tx_sn_key, AEAD_KEY_MAX);
	protect_set_keys(&s->protect, RECORD13_EPOCH_DATA, suite_by_id(in->suite), &keys);
	e->tx_seq = in->tx_seq;
	e->rx_newest = in->rx_newest;
	e->rx_window = in->rx_window;
	e->rx_seen = in->rx_window != 0;
}

/* storm_session_seal: a record of it; how long is returned. */
static inline size_t storm_session_seal(struct protect *p, uint8_t type, const uint8_t *bytes,
					size_t len, uint8_t out[HANDSHAKE_DATAGRAM_MAX])
{
	struct wr w = wr_of(out, HANDSHAKE_DATAGRAM_MAX);

	return protect_write(p, &w, RECORD13_EPOCH_DATA, type, DTLS_1_2, bytes, len) ? wr_len(&w)
										     : 0;
}

/* storm_session_ack: of one record. */
static inline size_t storm_session_ack(struct protect *p, const struct protect_content *c,
				       uint8_t out[HANDSHAKE_DATAGRAM_MAX])
{
	const struct hs_ack number = { c->epoch, c->seq };
	uint8_t ack[2 + 16];
	struct wr w = wr_of(ack, sizeof(ack));

	ack_write(&w, &number, 1);
	return storm_session_seal(p, RECORD_ACK, ack, wr_len(&w), out);
}

/* storm_session_next: the next record of a datagram that opens in the session's epoch; others are
 * passed by, and of another epoch given to late, with arg. false: none is left. */
static inline bool storm_session_next(struct protect *p, struct rd *datagram, uint8_t *plaintext,
				      struct protect_content *c,
				      void (*late)(void *arg, struct rd record), void *arg)
{
	struct record13 rec;

	while (rd_len(datagram) > 0 && record13_is(*datagram->p)) {
		struct rd whole = *datagram;

		if (record13_next(datagram, 0, &rec) != STATUS_OK)
			return false;
		whole.end = datagram->p;
		if (rec.epoch_bits == RECORD13_EPOCH_HANDSHAKE && late != NULL)
			late(arg, whole);
		if (rec.epoch_bits != RECORD13_EPOCH_DATA ||
		    protect_open13(p, &rec, plaintext, c) != STATUS_OK)
			continue;
		protect_mark(p, c);
		return true;
	}
	return false;
}
