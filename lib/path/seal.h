/* SPDX-License-Identifier: BSD-3-Clause */
/* What sealing for both versions shares. Inside lib/path only. Owner core only. */
#pragma once

#include "core.h"

/* In front of a message. */
enum { SEAL_ROOM = FRAME_HEADERS_MAX + RECORD_HEADER_LEN + RECORD_EXPLICIT_MAX };

/* seal_alert: makes a message that says the last of a session out of any with two bytes of room. */
void seal_alert(struct rte_mbuf *m, enum alert last) __attribute__((cold));

/* seal_make_room: whether a message has room for records of that session in front of it, the peer's
 * connection ID among it, and that many bytes behind it; its data may be moved for that. */
bool seal_make_room(struct rte_mbuf *m, size_t cid_len, unsigned behind);

/* seal_cid: the connection ID of the peer's that a message's record gets; empty: none. */
static inline struct rd seal_cid(const struct store *store, const struct msg *msg)
{
	return msg->class & SESSION_CLASS_CID_OUT ? store_peer_cid(store, msg->ref.slot)
						  : rd_of(NULL, 0);
}

/* seal13_ready: makes a record of DTLS 1.3 of a message and adds its operations, that of the AEAD
 * and that of its mask; else why not. *used_up: its session came to its end. */
enum status seal13_ready(struct path_core *core, struct rte_mbuf *m, bool *used_up);

/* seal13_answers: the same for what nearly all are: answers to requests, of sessions of one class
 * whose keys are far from worn. Readies those in front of the first that is not one, into to;
 * returns how many. */
unsigned seal13_answers(struct path_core *core, struct rte_mbuf **to, struct rte_mbuf **m,
			unsigned n);

/* seal13_mask: masks the numbers of all of them, once they are sealed. */
void seal13_mask(struct path_core *core);
