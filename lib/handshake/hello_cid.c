/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_cid.h"

static bool internal(struct handshake *h)
{
	connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return false;
}

/* An ID of ours, where the policy wants one. */
static bool own_issue(struct handshake *h)
{
	const struct handshake_config *cfg = h->cfg;
	uint8_t cid[RECORD_CID_MAX];
	const uint8_t len = cfg->policy->cid_len;

	return len == 0 || (cfg->cid_issue(cfg->cid_arg, h->owner, cid) &&
			    connection_keep(h, &h->own_cid, cid, len));
}

/* What was agreed on is how records look from their next epoch on. */
static void agreed(struct handshake *h)
{
	h->protect.rx_cid = rd_of(h->own_cid.bytes, h->own_cid.len);
	h->protect.tx_cid = rd_of(h->peer_cid.bytes, h->peer_cid.len);
}

static bool peer_keep(struct handshake *h, const struct rd *cid)
{
	return rd_len(cid) == 0 || connection_keep(h, &h->peer_cid, cid->p, rd_len(cid));
}

bool hello_cid_offer(struct handshake *h)
{
	if (!h->cfg->policy->cid)
		return true;
	if (!own_issue(h))
		return internal(h);
	h->cid = true;
	h->rrc = h->cfg->policy->rrc;
	return true;
}

struct hs_cid_params hello_cid_params(const struct handshake *h)
{
	return (struct hs_cid_params){ .has_cid = h->cid,
				       .has_rrc = h->rrc,
				       .cid = h->own_cid.bytes,
				       .len = (uint8_t)h->own_cid.len };
}

bool hello_cid_answer(struct handshake *h, const struct client_hello *ch)
{
	if (!h->choice.cid)
		return true;
	if (!own_issue(h) || !peer_keep(h, &ch->cid))
		return internal(h);
	h->cid = true;
	h->rrc = h->choice.rrc;
	agreed(h);
	return true;
}

bool hello_cid_take(struct handshake *h, const struct hello_cid *answer)
{
	if ((answer->has_cid && !h->cid) || (answer->has_rrc && !(answer->has_cid && h->rrc))) {
		connection_fail(h, STATUS_HS_PARAMETER, ALERT_UNSUPPORTED_EXTENSION);
		return false;
	}
	h->cid = answer->has_cid;
	h->rrc = answer->has_rrc;
	if (!h->cid)
		connection_drop(h, &h->own_cid);
	else if (!peer_keep(h, &answer->cid))
		return internal(h);
	agreed(h);
	return true;
}
