/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What crosses a ring: an mbuf whose private area says what its data is.
 *
 * rte_pktmbuf_mtod and data_len are the message's own bytes (UDP payload, plaintext, …); there is
 * always headroom to put record and frame headers in front and tailroom for a tag. The ring owns
 * nothing: who dequeues a message owns its mbuf.
 */
#pragma once

#include "flow.h"
#include "ref.h"
#include "session.h"

#include <rte_mbuf.h>

enum msg_kind {
	/* poll core → handshake core */
	MSG_DATAGRAM,  /* data: a whole datagram; flow, hop, from (poll core); peer_hs: pending ref */
	MSG_HELLO,     /* same, and its cookie verified: may create a handshake */
	MSG_OPENED,    /* data: a handshake record's plaintext; ref, number, type; peer_hs: from cold */
	MSG_INSTALLED, /* no data: peer_hs has its session; ref (generation 0: refused) */
	MSG_CLOSED,    /* no data: the session of peer_hs ended */
	/* handshake core → poll core */
	MSG_SEND,      /* data: a datagram to send; flow, hop */
	MSG_INSTALL,   /* data: struct session_install; held datagrams follow as MSG_REPLAY */
	MSG_SEAL,      /* data: prefix_len bytes sent as they are, then plaintext to seal; ref, type */
	MSG_REMOVE,    /* no data: ref */
	/* poll core or handshake core → poll core */
	MSG_HANDOFF,   /* data: a datagram for the owner to look up again; flow, hop */
	/* poll core → worker */
	MSG_COAP,      /* data: a CoAP message; flow, hop, ref, aead, number */
	/* worker → poll core */
	MSG_REPLY,     /* data: a CoAP message to seal. hop.port_id MSG_COLD_HOP: address from cold */
};

/* hop.port_id of a message that answers no request: the owner takes flow and hop from cold. */
enum { MSG_COLD_HOP = 0xffff };

struct msg {
	struct flow flow;
	struct nexthop hop;
	struct session_ref ref;
	struct session_ref peer_hs; /* a handshake core's slot and generation */
	uint64_t number;            /* epoch << 48 | sequence number */
	uint8_t kind;               /* enum msg_kind */
	uint8_t type;               /* enum record_type */
	uint8_t aead;               /* enum aead_alg */
	uint8_t from;               /* index of the sending poll core */
	uint16_t prefix_len;
	uint8_t hops; /* rings a datagram crossed; beyond 2 it is dropped, so none can circle */
};

/* Every mbuf pool is made with this much private area. */
enum { MSG_PRIV_SIZE = (sizeof(struct msg) + 63) / 64 * 64 };

static inline struct msg *msg_of(struct rte_mbuf *m) { return rte_mbuf_to_priv(m); }
