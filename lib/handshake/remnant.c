/* SPDX-License-Identifier: BSD-3-Clause */
/* What is left of a handshake: RFC 6347 §4.2.4, "in the FINISHED state [...] the node MUST
 * respond to a retransmit of its peer's last flight with a retransmit of the last flight." */
#include "connection.h"

enum { REMNANT_NUMBER_AT = 5 }; /* of the number in the prefix's record header */

/* A peer repeats once a second or slower; a repetition costs us more bytes than it costs him. */
static const uint64_t REMNANT_INTERVAL_NS = 250 * UINT64_C(1000000);

void handshake_remnant(const struct handshake *h, struct handshake_remnant *out)
{
	const struct flight *f = &h->out;
	struct wr w = wr_of(out->bytes, sizeof(out->bytes));
	const struct flight_message *ccs = &f->messages[0], *finished = &f->messages[1];

	*out = (struct handshake_remnant){ .last_sent_ns = f->last_sent_ns };
	/* A client has sent its last flight before the server did. */
	if (h->role != HANDSHAKE_SERVER || h->outcome != CONNECTION_DONE || f->n_messages != 2)
		return;
	record_write_header(&w, RECORD_CCS, DTLS_1_2, 0, h->protect.tx_seq[0] - 1, ccs->len);
	wr_bytes(&w, f->bytes + ccs->at, ccs->len);
	out->prefix_len = (uint16_t)wr_len(&w);
	wr_bytes(&w, f->bytes + finished->at, finished->len);
	out->message_len = (uint16_t)(wr_len(&w) - out->prefix_len);
	out->client_finished_seq = h->peer_finished_seq;
}

/* RFC 6347 §4.2.4: a retransmission has new record numbers. */
static bool prefix_renumber(struct handshake_remnant *r)
{
	struct rd old = rd_of(r->bytes + REMNANT_NUMBER_AT, 6);
	struct wr w = wr_of(r->bytes + REMNANT_NUMBER_AT, 6);
	uint64_t seq;

	if (!rd_u48(&old, &seq) || seq >= RECORD_SEQ_MAX)
		return false;
	wr_u48(&w, seq + 1);
	return !w.failed;
}

static bool repeat_wanted(struct handshake_remnant *r, uint64_t now_ns, const struct hs_fragment *f)
{
	if (r == NULL || r->message_len == 0 || f->type != HS_FINISHED ||
	    f->seq != r->client_finished_seq || f->off != 0 ||
	    now_ns - r->last_sent_ns < REMNANT_INTERVAL_NS || !prefix_renumber(r))
		return false;
	r->last_sent_ns = now_ns;
	return true;
}

enum remnant_answer handshake_remnant_input(struct handshake_remnant *r, uint64_t now_ns,
					    const uint8_t *plaintext, size_t len)
{
	struct rd body = rd_of(plaintext, len);
	struct hs_fragment f;

	if (!hs_fragment_next(&body, &f))
		return REMNANT_NOTHING;
	if (f.type == HS_CLIENT_HELLO && f.off == 0)
		return REMNANT_NO_RENEGOTIATION;
	return repeat_wanted(r, now_ns, &f) ? REMNANT_REPEAT : REMNANT_NOTHING;
}
