/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_cids.h"

#include "handshake_core_parts.h"
#include "post_cids.h"
#include "spare_cids.h"

/* The owner is told first, since the peer may use them as soon as it knows them: what is given is
 * sealed behind that. Without a flight for the peer it is told nothing, and the other way round. */
static bool give(struct handshake_core *hc, const struct msg *to, struct post_handshake *p,
		 uint64_t now_ns, unsigned n)
{
	uint8_t cids[SPARE_CIDS_MAX * CID_LEN_MAX];
	const size_t len = hc->cfg.policy->cid_len;

	for (unsigned i = 0; i < n; i++)
		cid_issue(hc->cfg.cids, to->from, cids + i * len);
	if (!post_cids_give(p, &hc->post.config, now_ns, cids, len, n))
		return false;
	if (n == 0 || handshake_send_cids(&hc->send, to, MSG_CID_OWN, cids, n * len))
		return true;
	post_cids_withdraw(p, &hc->post.config);
	return false;
}

enum status handshake_cids(struct handshake_core *hc, const struct msg *to,
			   struct post_handshake *p, uint64_t now_ns, const struct hs_fragment *m,
			   enum alert *alert)
{
	const struct post_cids c = {
		.own = to->class & SESSION_CLASS_CID,
		.peer = to->class & SESSION_CLASS_CID_OUT,
		.room = spare_cids_room(hc->cfg.store, to->ref.slot),
		.requests = p->cid_requests,
	};
	struct post_cids_answer answer;
	enum status s = post_cids_message(&c, m, &answer, alert);

	if (s != STATUS_OK)
		return s;
	if (answer.request && !give(hc, to, p, now_ns, answer.n))
		return STATUS_HS_LATER;
	if (rd_len(&answer.peer_cid) > 0 &&
	    !handshake_send_cids(&hc->send, to, MSG_CID_PEER, answer.peer_cid.p,
				 rd_len(&answer.peer_cid)))
		return STATUS_HS_LATER;
	return STATUS_OK;
}
