/* SPDX-License-Identifier: BSD-3-Clause */
/* What is left of a handshake: RFC 6347 §4.2.4, "in the FINISHED state [...] the node MUST
 * respond to a retransmit of its peer's last flight with a retransmit of the last flight." In
 * DTLS 1.3 of its ACK (RFC 9147 §5.8.1). */
#include "connection.h"
#include "secret.h"

/* A peer repeats once a second or slower; a repetition costs us more bytes than it costs him. */
static const uint64_t REMNANT_INTERVAL_NS = 250 * UINT64_C(1000000);

static void remnant13(const struct handshake *h, struct handshake_remnant *out)
{
	const struct traffic_keys *k = &h->protect.epochs[RECORD13_EPOCH_HANDSHAKE].keys;
	const size_t key_len = aead_info(h->suite->aead)->key_len;
	struct wr w = wr_of(out->bytes, sizeof(out->bytes));

	out->suite = h->suite->id;
	out->tx_limit = h->tx_limit;
	wr_bytes(&w, k->client_key, key_len);
	wr_bytes(&w, k->client_iv, sizeof(k->client_iv));
	wr_bytes(&w, k->client_sn, key_len);
	wr_bytes(&w, h->own_cid.bytes, h->own_cid.len);
	out->message_len = (uint16_t)wr_len(&w);
}

/* The messages of a last flight in the order they were sent: what is plain first, each in a record,
 * then the Finished. */
static void remnant12(const struct handshake *h, struct handshake_remnant *out)
{
	const struct flight *f = &h->out;
	const struct flight_message *m = f->messages;
	struct wr w = wr_of(out->bytes, sizeof(out->bytes));
	unsigned n_plain = f->n_messages - 1u;
	size_t len;

	out->last_sent_ns = f->last_sent_ns;
	if (f->n_messages < 2 || !f->last)
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

void handshake_remnant(const struct handshake *h, struct handshake_remnant *out)
{
	memset(out, 0, offsetof(struct handshake_remnant, bytes));
	if (h->outcome != CONNECTION_DONE)
		return;
	if (h->version != DTLS_1_3)
		remnant12(h, out);
	else if (h->role == HANDSHAKE_SERVER)
		remnant13(h, out);
}

/* The server's last flight, which was sent: tickets, of which nothing was awaited so far. Without
 * memory for them they are not sent again; most peers have them. */
static void post_flight(const struct handshake *h, const struct post_handshake_config *cfg,
			struct post_handshake *out)
{
	if (h->role != HANDSHAKE_SERVER || h->out.n_messages == 0)
		return;
	out->flight = cfg->alloc(cfg->alloc_arg, sizeof(*out->flight));
	if (out->flight == NULL)
		return;
	out->flight->flight = h->out;
	memcpy(out->flight->sent, h->v13->sent, sizeof(out->flight->sent));
	flight_by_block(&out->flight->flight, out->flight->sent);
	flight_await(&out->flight->flight, h->now_ns);
}

bool handshake_post(const struct handshake *h, const struct post_handshake_config *cfg,
		    struct post_handshake *out)
{
	const struct connection13 *v = h->v13;
	bool client = h->role == HANDSHAKE_CLIENT;

	if (h->outcome != CONNECTION_DONE || h->version != DTLS_1_3)
		return false;
	*out = (struct post_handshake){ .rx_epoch = RECORD13_EPOCH_DATA,
					.tx_epoch = RECORD13_EPOCH_DATA,
					.rx_seq = (uint16_t)(h->peer_finished_seq + 1),
					.tx_seq = h->tx_message_seq,
					.suite = h->suite->id };
	post_flight(h, cfg, out);
	memcpy(out->rx_secret, client ? v->server_secret : v->client_secret, HASH_MAX);
	memcpy(out->tx_secret, client ? v->client_secret : v->server_secret, HASH_MAX);
	return true;
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
	if (r == NULL || r->message_len == 0 || r->suite != 0 || f->type != HS_FINISHED ||
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

/* The client's records of epoch 2, as they were opened in the handshake. Borrows r. */
static bool records13(const struct handshake_remnant *r, struct aead *aead, struct protect *out)
{
	const struct suite *suite = suite_by_id(r->suite);
	struct rd bytes = rd_of(r->bytes, r->message_len);
	struct traffic_keys k = { 0 };
	bool ok;

	if (suite == NULL)
		return false;
	ok = rd_copy(&bytes, k.client_key, aead_info(suite->aead)->key_len) &&
	     rd_copy(&bytes, k.client_iv, sizeof(k.client_iv)) &&
	     rd_copy(&bytes, k.client_sn, aead_info(suite->aead)->key_len);
	*out = (struct protect){ .aead = aead, .rx_cid = bytes };
	protect_set_keys(out, RECORD13_EPOCH_HANDSHAKE, suite, &k);
	secret_wipe(&k, sizeof(k));
	return ok;
}

/* Those of the datagram's handshake records that open. */
static void acks_gather(const struct protect *p, struct rd datagram, struct acks *out)
{
	uint8_t plaintext[PROTECT_RECORD_MAX];
	struct protect_content c;
	struct record13 rec;

	acks_begin(out, 0);
	for (unsigned n = 0;
	     n < RECORDS_PER_DATAGRAM && rd_len(&datagram) > 0 && record13_is(*datagram.p); n++)
		if (record13_next(&datagram, rd_len(&p->rx_cid), &rec) == STATUS_OK &&
		    protect_open13(p, &rec, plaintext, &c) == STATUS_OK &&
		    c.type == RECORD_HANDSHAKE)
			acks_add(out, c.epoch, c.seq);
	secret_wipe(plaintext, sizeof(plaintext));
}

size_t handshake_remnant_datagram(struct handshake_remnant *r, struct aead *aead, uint64_t now_ns,
				  const uint8_t *datagram, size_t len,
				  uint8_t out[HANDSHAKE_ACK_MAX])
{
	struct wr w = wr_of(out, HANDSHAKE_ACK_MAX);
	struct protect p;
	struct acks acks = { .n = 0 };

	if (r->suite == 0 || now_ns - r->last_sent_ns < REMNANT_INTERVAL_NS)
		return 0;
	if (records13(r, aead, &p))
		acks_gather(&p, rd_of(datagram, len), &acks);
	secret_wipe(&p, sizeof(p));
	if (acks.n == 0)
		return 0;
	r->last_sent_ns = now_ns;
	acks_write(&acks, &w, r->tx_limit < HANDSHAKE_ACK_MAX ? r->tx_limit : HANDSHAKE_ACK_MAX);
	return wr_len(&w);
}
