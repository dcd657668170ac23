/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The extensions connection_id (RFC 9146 §3, RFC 9147 §9) and rrc (RFC 9853 §3) of both versions:
 * what a connection offers, answers and agrees on. They are agreed on anew when a session is
 * resumed. Private to lib/handshake.
 */
#pragma once

#include "connection.h"

/* hello_cid_offer: client, once, before its first hello. false: connection_fail was called. */
bool hello_cid_offer(struct handshake *h) MUST_USE;

/* hello_cid_params: what our hello says, at any time after offer or answer. */
struct hs_cid_params hello_cid_params(const struct handshake *h);

/* hello_cid_answer: server: what h->choice says of this hello. false: connection_fail was called.
 */
bool hello_cid_answer(struct handshake *h, const struct client_hello *ch) MUST_USE;

/* hello_cid_take: client: what the ServerHello has of them. false: connection_fail was called. */
struct hello_cid {
	bool has_cid, has_rrc;
	struct rd cid;
};

bool hello_cid_take(struct handshake *h, const struct hello_cid *answer) MUST_USE;
