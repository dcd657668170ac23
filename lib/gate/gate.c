/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate.h"

#include "secret.h"

#include <stdlib.h>

_Static_assert((int)GATE_BURST <= (int)HMAC_BATCH_MAX, "the MACs of a burst are one batch");
_Static_assert(GATE_REPLY_MAX <= UINT8_MAX, "reply_len is one byte");

/* A client's number grows by one with each HelloVerifyRequest it follows. One so far ahead has not
 * been here, and must not drive the numbers of our handshake towards their wrap (bad-input B9). */
enum { HELLO_SEQ_MAX = 16 };

/* One hello on its way through a burst. */
struct gate_hello {
	struct gate_item *item;
	uint64_t record_seq;
	uint16_t message_seq;
	uint8_t secret;  /* the MAC is made with this one */
	bool has_cookie; /* of our shape, and of that secret */
	struct client_hello ch;
};

/* Scratch of a burst: everything the gate ever holds. */
struct gate {
	struct hmac_batch *hmac;
	struct gate_hello hellos[GATE_BURST];
	struct hmac_op ops[GATE_BURST];
	uint8_t inputs[GATE_BURST][COOKIE_INPUT_MAX];
};

struct gate *gate_new(void)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->hmac = hmac_batch_new();
	if (g->hmac == NULL) {
		free(g);
		return NULL;
	}
	return g;
}

void gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	hmac_batch_free(g->hmac);
	secret_wipe(g, sizeof(*g));
	free(g);
}

/* The hello has to be alone in its record and whole: reassembly would be state. Records behind it
 * can only be guesses at what follows the cookie exchange, and wait for the handshake or nobody
 * (bad-input C16). */
static enum status hello_parse(struct gate_hello *h, struct rd datagram)
{
	struct hs_fragment frag;
	struct record rec;
	enum status s = record_next(&datagram, &rec);

	if (s != STATUS_OK)
		return s;
	if (rec.type != RECORD_HANDSHAKE || rec.epoch != 0 || !hs_fragment_next(&rec.body, &frag) ||
	    rd_len(&rec.body) != 0)
		return STATUS_HELLO_MALFORMED;
	/* As long as its message: so its offset is 0. */
	if (frag.type != HS_CLIENT_HELLO || rd_len(&frag.body) != frag.len ||
	    frag.seq > HELLO_SEQ_MAX)
		return STATUS_HELLO_MALFORMED;
	/* Illegal values are the handshake's to refuse, with an alert, to a peer that has shown
	 * its address. */
	if (client_hello_parse(frag.body, &h->ch) == HS_PARSE_DECODE_ERROR)
		return STATUS_HELLO_MALFORMED;
	h->record_seq = rec.seq;
	h->message_seq = frag.seq;
	return STATUS_OK;
}

/* Which MAC to make. One is enough for either outcome: the MAC that refutes a cookie is the right
 * cookie, and is sent as such even when its secret is the elder one, which every verification
 * still accepts (bad-input E1: the work for a forged cookie is that for none). */
static void hello_choose_secret(struct gate_hello *h, const struct cookie_secrets *secrets)
{
	h->has_cookie = cookie_shaped(&h->ch.cookie, &h->secret);
	if (!h->has_cookie)
		h->secret = secrets->current;
}

/* Puts an item's hello into slot i of the burst; false: the item has its final status. */
static bool gate_prepare(struct gate *g, size_t i, const struct cookie_secrets *secrets,
			 struct gate_item *item)
{
	struct gate_hello *h = &g->hellos[i];
	size_t len;

	item->reply_len = 0;
	item->status = hello_parse(h, item->datagram);
	if (item->status != STATUS_OK)
		return false;
	len = cookie_input(item->flow, &h->ch, g->inputs[i]);
	if (len == 0) {
		item->status = STATUS_HELLO_MALFORMED;
		return false;
	}
	h->item = item;
	hello_choose_secret(h, secrets);
	g->ops[i].key = &secrets->keys[h->secret];
	g->ops[i].msg = g->inputs[i];
	g->ops[i].len = (uint16_t)len;
	return true;
}

/*
 * RFC 6347 §4.2.1: "the server MUST use the record sequence number in the ClientHello as the record
 * sequence number in the HelloVerifyRequest", and both versions in it are DTLS 1.0. message_seq is
 * the hello's too: it is our first message when this is the client's first, and a client whose
 * cookie has gone stale waits for the next one and takes no other.
 */
static bool hello_verify_write(struct gate_item *item, const struct gate_hello *h,
			       const uint8_t cookie[COOKIE_LEN])
{
	enum { BODY_LEN = 2 + 1 + COOKIE_LEN };
	struct wr w = wr_of(item->reply, sizeof(item->reply));
	size_t len;

	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, h->record_seq,
			    HS_HEADER_LEN + BODY_LEN);
	hs_header_write(&w, HS_HELLO_VERIFY_REQUEST, BODY_LEN, h->message_seq, 0, BODY_LEN);
	hello_verify_request_write(&w, cookie, COOKIE_LEN);
	if (!wr_finish(&w, &len) || len > rd_len(&item->datagram))
		return false;
	item->reply_len = (uint8_t)len;
	return true;
}

static void gate_decide(const struct gate_hello *h, const uint8_t mac[HMAC_SHA256_LEN])
{
	uint8_t cookie[COOKIE_LEN];

	if (h->has_cookie && cookie_verify(&h->ch.cookie, h->secret, mac)) {
		h->item->status = STATUS_OK;
		return;
	}
	cookie_write(cookie, h->secret, mac);
	h->item->status = hello_verify_write(h->item, h, cookie) ? STATUS_HELLO_VERIFY_SENT
								 : STATUS_HELLO_MALFORMED;
}

void gate_burst(struct gate *g, const struct cookie_secrets *secrets, struct gate_item *items,
		size_t n)
{
	size_t n_hellos = 0;

	for (size_t i = 0; i < n; i++)
		if (gate_prepare(g, n_hellos, secrets, &items[i]))
			n_hellos++;
	if (n_hellos > 0)
		hmac_batch_run(g->hmac, g->ops, n_hellos);
	for (size_t i = 0; i < n_hellos; i++)
		gate_decide(&g->hellos[i], g->ops[i].mac);
}
