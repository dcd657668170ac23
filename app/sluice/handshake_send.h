/* SPDX-License-Identifier: BSD-3-Clause */
/* What a handshake core sends to poll cores (msg.h). Whatever finds no mbuf or no room in a ring is
 * counted and lost, but for installations, which have theirs reserved first. Owner core only. */
#pragma once

#include "handshake_slots.h"
#include "mesh.h"
#include "msg.h"
#include "record.h"
#include "status.h"

struct handshake_send {
	const struct mesh *mesh;
	struct rte_mempool *pool;
	struct status_counts *counts;
	unsigned core;  /* among all cores: the sender's number in the mesh */
	unsigned index; /* among the handshake cores */
};

/* handshake_send_mbuf: a message as it is. Takes it over. */
void handshake_send_mbuf(const struct handshake_send *s, unsigned poll, struct rte_mbuf *mbuf);

/* handshake_send_datagram: to the owner of a slot's session, MSG_SEND or MSG_HANDOFF. */
void handshake_send_datagram(const struct handshake_send *s, const struct handshake_slot *slot,
			     enum msg_kind kind, const uint8_t *bytes, size_t len);

/* handshake_send_seal: MSG_SEAL back to who sent the request; prefix_len bytes stay in the clear.
 */
void handshake_send_seal(const struct handshake_send *s, const struct msg *request,
			 enum record_type type, const void *bytes, size_t len, uint16_t prefix_len);

/* handshake_send_told: the same for a handshake record of DTLS 1.3, with which MSG_SEALED comes
 * back, token in peer_hs.slot. */
void handshake_send_told(const struct handshake_send *s, const struct msg *request,
			 const void *bytes, size_t len, uint16_t token);

/* handshake_send_cids: connection IDs for the owner of a request's session: MSG_CID_OWN or
 * MSG_CID_PEER. false: no mbuf. */
bool handshake_send_cids(const struct handshake_send *s, const struct msg *request,
			 enum msg_kind kind, const uint8_t *cids, size_t len) MUST_USE;

/* handshake_send_reserve: the mbuf of an installation or of new keys, when it and so many messages
 * behind it fit in the owner's ring; NULL: not now. */
struct rte_mbuf *handshake_send_reserve(const struct handshake_send *s, unsigned poll,
					enum msg_kind kind, unsigned behind);

/* handshake_send_rekey: new keys to who sent the request, in a reserved mbuf. */
void handshake_send_rekey(const struct handshake_send *s, const struct msg *request,
			  const struct session_rekey *keys, struct rte_mbuf *mbuf);

/* handshake_send_install: gives the session of an event to its owner in a reserved mbuf, and behind
 * it what the client sent too early for us to open. ref is the slot's. */
void handshake_send_install(const struct handshake_send *s, const struct handshake_slot *slot,
			    struct session_ref ref, const struct handshake_event *event,
			    struct rte_mbuf *mbuf);
