/* SPDX-License-Identifier: BSD-3-Clause */
/* What is left of a handshake: RFC 6347 §4.2.4, "in the FINISHED state [...] the node MUST
 * respond to a retransmit of its peer's last flight with a retransmit of the last flight." */
#include "connection.h"

/* A peer repeats once a second or slower; a repetition costs us more bytes than it costs him. */
static const uint64_t REMNANT_INTERVAL_NS = 250 * UINT64_C(1000000);

/* The messages of a last flight in the order they were sent: what is plain first, each in a record,
 * then the Finished. */
void handshake_remnant(const struct handshake *h, struct handshake_remnant *out)
{
	const struct flight *f = &h->out;
	const struct flight_message *m = f->messages;
	struct wr w = wr_of(out->bytes, sizeof(out->bytes));
	unsigned n_plain = f->n_messages - 1u;
	size_t len;

	*out = (struct handshake_remnant){ .last_sent_ns = f->last_sent_ns };
	if (h->outcome != CONNECTION_DONE || f->n_messages < 2 || !f->last)
		return;
	for (unsigned i = 0; i < n_plain; i++, m++) {
		record_write_header(&w, m->record_type, DTLS_1_2, 0,
				    h->protect.epochs[0].tx_seq - n_plain + i, m->len);
		wr_bytes(&w, f->bytes + m->at, m->len);
	}
	out->prefix_len = (uint16_t)wr_len(&w);
	wr_bytes(&w, f->bytes + m->at, m->len);
	if (!wr_finish(&w, &len)) {
		out->prefix_len = 0;
		return;
	}
	out->message_len = (uint16_t)(len - out->prefix_len);
	out->finished_seq = h->peer_finished_seq;
}

static unsigned prefix_records(const struct handshake_remnant *r)
{
	struct rd left = rd_of(r->bytes, r->prefix_len);
	struct record rec;
	unsigned n = 0;

	while (rd_len(&left) > 0 && record_next(&left, &rec) == STATUS_OK)
		n++;
	return n;
}

/* RFC 6347 §4.2.4: a retransmission has new record numbers. They follow each other, so each record
 * gets the one that lies as many ahead as there are records. */
static bool prefix_renumber(struct handshake_remnant *r)
{
	unsigned n = prefix_records(r);
	struct rd left = rd_of(r->bytes, r->prefix_len);
	struct record rec;

	while (rd_len(&left) > 0) {
		struct wr w = wr_of(r->bytes + (left.p - r->bytes), rd_len(&left));

		if (record_next(&left, &rec) != STATUS_OK || rec.seq + n > RECORD_SEQ_MAX)
			return false;
		record_write_header(&w, rec.type, DTLS_1_2, 0, rec.seq + n,
				    (uint16_t)rd_len(&rec.body));
	}
	return true;
}

static bool repeat_wanted(struct handshake_remnant *r, uint64_t now_ns, const struct hs_fragment *f)
{
	if (r == NULL || r->message_len == 0 || f->type != HS_FINISHED ||
	    f->seq != r->finished_seq || f->off != 0 ||
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
