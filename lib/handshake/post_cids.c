/* SPDX-License-Identifier: BSD-3-Clause */
#include "post_cids.h"

#include "hs_msg13.h"
#include "record13.h"

static enum status refuse(enum alert *out, enum status why, enum alert alert)
{
	*out = alert;
	return why;
}

static enum status unparsed(enum alert *out, enum hs_parse how)
{
	if (how == HS_PARSE_ILLEGAL_PARAMETER)
		return refuse(out, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	return refuse(out, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
}

/* "Endpoints SHOULD use receiver-provided CIDs in the order they were provided." An empty one among
 * them would be that of a peer which "MUST NOT send NewConnectionId" at all. */
static enum status new_ids(const struct hs_fragment *m, struct post_cids_answer *out,
			   enum alert *alert)
{
	struct new_connection_id ids;
	enum hs_parse parsed = new_connection_id_parse(m->body, &ids);
	struct rd first = { NULL, NULL }, cid;

	if (parsed != HS_PARSE_OK)
		return unparsed(alert, parsed);
	while (new_connection_id_next(&ids.cids, &cid)) {
		if (rd_len(&cid) == 0)
			return refuse(alert, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
		if (rd_len(&first) == 0)
			first = cid;
	}
	if (ids.usage == HS_CID_IMMEDIATE)
		out->peer_cid = first;
	return STATUS_OK;
}

/* "An endpoint MAY handle requests which it considers excessive by responding with a
 * NewConnectionId message containing fewer than num_cids CIDs, including no CIDs at all." */
static enum status request(const struct post_cids *c, const struct hs_fragment *m,
			   struct post_cids_answer *out, enum alert *alert)
{
	enum hs_parse parsed;
	uint8_t n;

	parsed = request_connection_id_parse(m->body, &n);
	if (parsed != HS_PARSE_OK)
		return unparsed(alert, parsed);
	/* It has all IDs, and asks to no purpose. */
	if (c->room == 0 && c->requests == POST_HANDSHAKE_CID_REQUESTS_MAX)
		return refuse(alert, STATUS_HS_POST_LIMIT, ALERT_TOO_MANY_CIDS_REQUESTED);
	out->request = true;
	out->n = n < c->room ? n : c->room;
	return STATUS_OK;
}

enum status post_cids_message(const struct post_cids *c, const struct hs_fragment *m,
			      struct post_cids_answer *out, enum alert *alert)
{
	*out = (struct post_cids_answer){ .n = 0 };
	if (m->type == HS_NEW_CONNECTION_ID && c->peer)
		return new_ids(m, out, alert);
	if (m->type == HS_REQUEST_CONNECTION_ID && c->own)
		return request(c, m, out, alert);
	return refuse(alert, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
}

bool post_cids_give(struct post_handshake *p, const struct post_handshake_config *cfg,
		    uint64_t now_ns, const uint8_t *cids, size_t len, unsigned n)
{
	struct flight *f = post_handshake_open(p, cfg);
	struct wr w;

	if (f == NULL)
		return false;
	w = flight_open(f);
	new_connection_id_write(&w, cids, len, n, HS_CID_SPARE);
	if (!flight_close(f, &w, RECORD13_EPOCH_DATA, HS_NEW_CONNECTION_ID, p->tx_seq)) {
		post_handshake_drop(p, cfg);
		return false;
	}
	p->tx_seq++;
	if (p->cid_requests < POST_HANDSHAKE_CID_REQUESTS_MAX)
		p->cid_requests++;
	flight_send(f, now_ns, false);
	return true;
}

void post_cids_withdraw(struct post_handshake *p, const struct post_handshake_config *cfg)
{
	post_handshake_drop(p, cfg);
	p->tx_seq--;
}
