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

#include <stddef.h>

#include <rte_mbuf.h>

enum msg_kind {
	/* poll core → handshake core */
	MSG_DATAGRAM, /* data: a whole datagram; flow, hop, from (poll core); peer_hs: pending */
	MSG_HELLO,    /* same, and its cookie verified: may create a handshake */
	/* data: a handshake record, in DTLS 1.3 an ACK too; ref, number, type; peer_hs: from cold
	 */
	MSG_OPENED,
	/* data: a record of a DTLS 1.3 handshake that is over, as it came; ref, class; peer_hs:
	 * from cold */
	MSG_LATE,
	/* peer_hs has its session: ref. No data; or generation 0: refused, the data is the
	 * identity's pointer, whose reference is the handshake core's again */
	MSG_INSTALLED,
	MSG_CLOSED, /* no data: the session (ref) of peer_hs was closed or replaced; best effort */
	/* no data: the MSG_SEAL that asked for it (told) was sealed; ref, class, number: its
	 * record's, peer_hs: as it came; best effort */
	MSG_SEALED,
	/* no data: keys of a DTLS 1.3 session are nearly worn, a KeyUpdate is due; ref, class,
	 * update; peer_hs: from cold. Best effort: said again every 65,536 records until they are
	 * new */
	MSG_REKEY_WANTED,
	/* handshake core → poll core */
	MSG_SEND,    /* data: a datagram to send; flow, hop */
	MSG_INSTALL, /* data: struct session_install; peer_hs; MSG_HANDOFFs may follow */
	/* data: prefix_len bytes sent as they are, then plaintext to seal; ref, type; flow and hop
	 * as MSG_REPLY. An alert ends its session, if that is of DTLS 1.3 */
	MSG_SEAL,
	/* data: struct session_rekey; ref: of a session of DTLS 1.3. In its order among the
	 * MSG_SEALs. STATUS_STALE_REF: not a session of the core it is sent to; RECORD_EPOCH: not
	 * the next epoch */
	MSG_REKEY,
	/* data: connection IDs of ours, one behind the other, that a session of DTLS 1.3 which has
	 * one is found by, too: the peer may be told of them behind it. Where they are not to be
	 * had the session ends */
	MSG_CID_OWN,
	MSG_CID_PEER, /* data: the connection ID that goes with all records from now on; ref */
	/* poll core or handshake core → poll core: a datagram for the owner to look up again; flow,
	 * hop. A MSG_DATAGRAM or MSG_HELLO that a handshake core gives back is taken alike */
	MSG_HANDOFF,
	/* poll core → worker */
	MSG_COAP, /* data: a CoAP message; flow, hop, ref, class, from */
	/* worker → poll core `from` of the request, no data: the peer has shown that it is reached
	 * at this flow; ref, flow */
	MSG_PROVED,
	/* worker → poll core `from` of the request, which owns the session */
	MSG_REPLY, /* data: a CoAP message to seal; ref; hop.port_id may be MSG_COLD_HOP */
	/* the same to where the request came from alone, which is not proved to be the peer's; flow
	 * and hop of the request */
	MSG_REPLY_AWAY,
};

/* Beside a session's bits (session.h) in the class of a message: its request came from an address
 * that is not proved to be the peer's (away.h). */
enum { MSG_CLASS_AWAY = 64 };
_Static_assert((int)MSG_CLASS_AWAY > (int)TABLE_CLASS_MAX, "a bit of its own");

/* hop.port_id of a message that answers no request: the owner takes flow and hop from cold. */
enum { MSG_COLD_HOP = 0xffff };

struct msg {
	/* All that a request and its response touch is on the first line. */
	struct flow flow;
	struct nexthop hop;
	struct session_ref ref;
	uint8_t kind; /* enum msg_kind */
	union {
		uint8_t type; /* of a record: enum record_type */
		/* of a datagram: rings it crossed, MSG_HOPS_MAX at most, so that none circles */
		uint8_t hops;
		/* of MSG_REKEY_WANTED: what our KeyUpdate shall ask for (RFC 9147 §8): 0, or 1: new
		 * keys of the peer's too */
		uint8_t update;
	};
	uint8_t class; /* of the session (session.h), and MSG_CLASS_AWAY */
	uint8_t from;  /* index of the sending poll core */

	struct session_ref peer_hs; /* a handshake core's slot and generation */
	/* of MSG_OPENED, MSG_SEALED: low 16 bits of the epoch << 48 | sequence number */
	uint64_t number;
	uint16_t prefix_len; /* of MSG_SEAL */
	bool told;           /* of MSG_SEAL: MSG_SEALED to handshake core `from`; DTLS 1.3 only */
};
_Static_assert(offsetof(struct msg, peer_hs) == 64, "the first line");

enum { MSG_HOPS_MAX = 2 };

/* Every mbuf pool is made with this much private area. */
enum { MSG_PRIV_SIZE = (sizeof(struct msg) + 63) / 64 * 64 };

static inline struct msg *msg_of(struct rte_mbuf *m) { return rte_mbuf_to_priv(m); }
