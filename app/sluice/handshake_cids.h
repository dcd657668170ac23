/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection IDs that a session of DTLS 1.3 gets while it lives: what is allowed is post_cids.h's;
 * here they are issued, and the session's owner is told (MSG_CID_OWN, MSG_CID_PEER). */
#pragma once

#include "post_handshake.h"

struct handshake_core;
struct msg;

/* handshake_cids: a message of the peer that is no KeyUpdate, for struct post_handshake_config; to:
 * as for MSG_SEAL, with class. Owner core only, inside RCU read side. */
enum status handshake_cids(struct handshake_core *hc, const struct msg *to,
			   struct post_handshake *p, uint64_t now_ns, const struct hs_fragment *m,
			   enum alert *alert);
