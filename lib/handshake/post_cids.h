/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NewConnectionId and RequestConnectionId of a DTLS 1.3 session (RFC 9147 §9): what a message of
 * the peer is allowed to say, and what is done about it. The peer's next ID, where it wants one
 * used at once, is used; spare ones of the peer are not kept, as records of ours go where the
 * peer's come from. Ours are given on request, as far as there may be more of them. Any thread.
 */
#pragma once

#include "post_handshake.h"

/* Of a session: whether the peer's records have an ID of ours, ours one of the peer's, and how many
 * more of ours it may get, and its requests that were answered (post_handshake.cid_requests). */
struct post_cids {
	bool own, peer;
	unsigned room;
	uint8_t requests;
};

/* What a message asks for. */
struct post_cids_answer {
	bool request; /* it was a request: give n of ours, if 0 none, by post_cids_give */
	unsigned n;
	struct rd
		peer_cid; /* goes with all records from now on; borrows the message; empty: none */
};

/*
 * post_cids_message: STATUS_OK and *out; else the session ends with *alert: HS_UNEXPECTED (a
 * message of another kind, or of IDs where none were agreed on: bad-input I9), HS_MALFORMED or
 * HS_PARAMETER (bad-input I10), HS_POST_LIMIT (the peer has all that it can get, and has asked
 * POST_HANDSHAKE_CID_REQUESTS_MAX times: bad-input I9).
 */
enum status post_cids_message(const struct post_cids *c, const struct hs_fragment *m,
			      struct post_cids_answer *out, enum alert *alert) MUST_USE;

/* post_cids_give: NewConnectionId as a flight: n IDs of len bytes each, to be kept by the peer.
 * false: post_handshake_open has none. post_cids_withdraw: not after all, before anything of it was
 * output. */
bool post_cids_give(struct post_handshake *p, const struct post_handshake_config *cfg,
		    uint64_t now_ns, const uint8_t *cids, size_t len, unsigned n) MUST_USE;
void post_cids_withdraw(struct post_handshake *p, const struct post_handshake_config *cfg);
