/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate.h"

#include "hello_agree.h"
#include "hs_msg13.h"
#include "key_schedule13.h"
#include "secret.h"

#include <stdlib.h>

_Static_assert((int)GATE_BURST <= (int)HMAC_BATCH_MAX, "the MACs of a burst are one batch");
_Static_assert((int)RETRY_INPUT_MAX <= (int)COOKIE_INPUT_MAX, "one buffer for either input");
_Static_assert((int)GATE_VERIFY_LEN <= (int)GATE_REPLY_MAX, "one buffer for either reply");

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
	bool is_13;
	struct retry_cookie retry; /* where is_13: its own, or the one to give */
	uint8_t hash[HASH_MAX];
	struct rd message; /* behind the handshake header */
	struct client_hello ch;
};

/* Scratch of a burst and the pool: everything the gate ever holds. */
struct gate {
	const struct hello_policy *policy;
	struct hmac_batch *hmac;
	struct hello_pool *pool;
	struct gate_hello hellos[GATE_BURST];
	struct hmac_op ops[GATE_BURST];
	uint8_t inputs[GATE_BURST][COOKIE_INPUT_MAX];
};

struct gate *gate_new(const struct hello_policy *policy)
{
	static const struct hello_policy only_12;
	struct gate *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->policy = policy != NULL ? policy : &only_12;
	g->hmac = hmac_batch_new();
	g->pool = hello_pool_new();
	if (g->hmac == NULL || g->pool == NULL) {
		gate_free(g);
		return NULL;
	}
	return g;
}

void gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	hmac_batch_free(g->hmac);
	hello_pool_free(g->pool);
	secret_wipe(g, sizeof(*g));
	free(g);
}

/* A ClientHello, or a part of one, alone in its record. */
static enum status fragment_take(struct rd *datagram, struct record *rec, struct hs_fragment *frag)
{
	enum status s = record_next(datagram, rec);

	if (s != STATUS_OK)
		return s;
	return rec->type == RECORD_HANDSHAKE && rec->epoch == 0 &&
			       hs_fragment_next(&rec->body, frag) && rd_len(&rec->body) == 0 &&
			       frag->type == HS_CLIENT_HELLO && frag->seq <= HELLO_SEQ_MAX
		       ? STATUS_OK
		       : STATUS_HELLO_MALFORMED;
}

/* A hello in parts, as many of them as stand in this datagram. When it is whole, so is the item's
 * datagram. */
static enum status hello_gather(struct gate *g, struct gate_item *item, uint64_t now_ns)
{
	struct rd left = item->datagram, whole;
	enum status s = STATUS_HELLO_MALFORMED;
	struct hs_fragment frag;
	struct record rec;

	for (unsigned i = 0; i < RECORDS_PER_DATAGRAM; i++) {
		if (fragment_take(&left, &rec, &frag) != STATUS_OK ||
		    rd_len(&frag.body) == frag.len)
			break;
		s = hello_pool_add(g->pool, item->flow, now_ns, &frag, rec.seq, &whole);
		if (s != STATUS_HELLO_FRAGMENT)
			break;
	}
	if (s == STATUS_OK)
		item->datagram = whole;
	return s;
}

/* Records behind a whole hello can only be guesses at what follows the cookie exchange, and wait
 * for the handshake or nobody (bad-input C16). */
static enum status hello_parse(struct gate *g, struct gate_hello *h, struct gate_item *item,
			       uint64_t now_ns)
{
	struct rd datagram = item->datagram;
	struct hs_fragment frag;
	struct record rec;
	enum status s = fragment_take(&datagram, &rec, &frag);

	if (s == STATUS_OK && rd_len(&frag.body) != frag.len) {
		s = hello_gather(g, item, now_ns);
		datagram = item->datagram;
		if (s == STATUS_OK)
			s = fragment_take(&datagram, &rec, &frag);
	}
	if (s != STATUS_OK)
		return s;
	/* Illegal values are the handshake's to refuse, with an alert, to a peer that has shown
	 * its address. */
	if (client_hello_parse(frag.body, &h->ch) == HS_PARSE_DECODE_ERROR)
		return STATUS_HELLO_MALFORMED;
	h->message = frag.body;
	h->record_seq = rec.seq;
	h->message_seq = frag.seq;
	return STATUS_OK;
}

/* Which MAC to make. One is enough for either outcome: the MAC that refutes a cookie is the right
 * cookie, and is sent as such even when its secret is the elder one, which every verification
 * still accepts (bad-input E1: the work for a forged cookie is that for none). Returns the length
 * of its input; 0: the item has its final status. */
static size_t verify_prepare(struct gate_hello *h, const struct cookie_secrets *secrets,
			     uint8_t input[COOKIE_INPUT_MAX])
{
	size_t len = cookie_input(h->item->flow, &h->ch, input);

	if (len == 0)
		h->item->status = STATUS_HELLO_MALFORMED;
	h->has_cookie = cookie_shaped(&h->ch.cookie, &h->secret);
	if (!h->has_cookie)
		h->secret = secrets->current;
	return len;
}

/* A plaintext alert. It is shorter than any hello, and the hello's numbers are its own. */
static void refuse(struct gate_hello *h, enum status why, enum alert alert)
{
	struct wr w = wr_of(h->item->reply, sizeof(h->item->reply));

	h->item->status = why;
	record_write_header(&w, RECORD_ALERT, DTLS_1_2, 0, h->record_seq, 2);
	wr_u8(&w, ALERT_FATAL);
	wr_u8(&w, (uint8_t)alert);
	h->item->reply_len = (uint16_t)wr_len(&w);
}

/* RFC 8446 §4.4.1: the hash of the first ClientHello, as it will stand in the transcript. */
static bool hello_hash(struct gate_hello *h)
{
	uint8_t header[HS_HEADER13_LEN];
	struct wr w = wr_of(header, sizeof(header));
	const struct rd pieces[] = { rd_of(header, sizeof(header)), h->message };

	wr_u8(&w, HS_CLIENT_HELLO);
	wr_uint(&w, 3, rd_len(&h->message));
	return hash13(h->retry.suite->hash, pieces, 2, h->hash);
}

/* The cookie to give; false: the item has its final status. */
static bool retry_begin(struct gate_hello *h, const struct hello_policy *policy, uint8_t secret,
			uint32_t now_s)
{
	struct hello_choice c;
	enum status s = hello_agree13(&h->ch, policy, &c);
	struct rd key;

	if (s != STATUS_OK) {
		refuse(h, s, c.alert);
		return false;
	}
	h->retry = (struct retry_cookie){ .secret = secret,
					  .time_s = now_s,
					  .suite = c.suite,
					  .group = c.group,
					  .hash = h->hash };
	if (client_hello_share(&h->ch, c.group, &key))
		h->retry.group = ECDHE_NONE; /* it need not be asked for */
	h->item->status = STATUS_HS_INTERNAL;
	return hello_hash(h);
}

/* RFC 9147 §5.1: a server "that receives an invalid cookie MUST terminate the handshake with an
 * 'illegal_parameter' alert" (checklist 21). Returns as verify_prepare. */
static size_t retry_prepare(struct gate_hello *h, const struct gate *g,
			    const struct cookie_secrets *secrets, uint32_t now_s,
			    uint8_t input[COOKIE_INPUT_MAX])
{
	h->has_cookie = rd_len(&h->ch.retry_cookie) != 0;
	if (!h->has_cookie && !retry_begin(h, g->policy, secrets->current, now_s))
		return 0;
	if (h->has_cookie && (!retry_cookie_parse(h->ch.retry_cookie, &h->retry) ||
			      !retry_cookie_fresh(&h->retry, now_s))) {
		refuse(h, STATUS_HELLO_COOKIE, ALERT_ILLEGAL_PARAMETER);
		return 0;
	}
	h->secret = h->retry.secret;
	h->item->status = STATUS_HS_INTERNAL;
	return retry_input(h->item->flow, &h->ch, &h->retry, input);
}

/* Puts an item's hello into slot i of the burst; false: the item has its final status. */
static bool gate_prepare(struct gate *g, size_t i, const struct cookie_secrets *secrets,
			 uint64_t now_ns, struct gate_item *item)
{
	uint32_t now_s = (uint32_t)(now_ns / 1000000000);
	struct gate_hello *h = &g->hellos[i];
	size_t len;

	item->reply_len = 0;
	item->status = hello_parse(g, h, item, now_ns);
	if (item->status != STATUS_OK)
		return false;
	h->item = item;
	h->is_13 = hello_agree_version(&h->ch, g->policy) == DTLS_1_3;
	len = h->is_13 ? retry_prepare(h, g, secrets, now_s, g->inputs[i])
		       : verify_prepare(h, secrets, g->inputs[i]);
	if (len == 0)
		return false;
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
static enum status verify_write(const struct gate_hello *h, const uint8_t mac[HMAC_SHA256_LEN])
{
	enum { BODY_LEN = 2 + 1 + COOKIE_LEN };
	struct wr w = wr_of(h->item->reply, sizeof(h->item->reply));
	uint8_t cookie[COOKIE_LEN];
	size_t len;

	cookie_write(cookie, h->secret, mac);
	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, h->record_seq,
			    HS_HEADER_LEN + BODY_LEN);
	hs_header_write(&w, HS_HELLO_VERIFY_REQUEST, BODY_LEN, h->message_seq, 0, BODY_LEN);
	hello_verify_request_write(&w, cookie, COOKIE_LEN);
	if (!wr_finish(&w, &len) || len > rd_len(&h->item->datagram))
		return STATUS_HELLO_MALFORMED;
	h->item->reply_len = (uint16_t)len;
	return STATUS_HELLO_VERIFY_SENT;
}

/* The numbers are the hello's as well: nothing else of ours comes before it. */
static enum status retry_reply(const struct gate_hello *h, const uint8_t mac[HMAC_SHA256_LEN])
{
	uint8_t cookie[RETRY_COOKIE_MAX], body[GATE_REPLY_MAX];
	struct wr b = wr_of(body, sizeof(body)), w = wr_of(h->item->reply, sizeof(h->item->reply));
	uint32_t body_len;
	size_t len;

	retry_write(&b, &h->retry, rd_of(cookie, retry_cookie_write(cookie, &h->retry, mac)));
	body_len = (uint32_t)wr_len(&b);
	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_2, 0, h->record_seq,
			    (uint16_t)(HS_HEADER_LEN + body_len));
	hs_header_write(&w, HS_SERVER_HELLO, body_len, h->message_seq, 0, body_len);
	wr_bytes(&w, body, body_len);
	if (b.failed || !wr_finish(&w, &len) || len > 3 * rd_len(&h->item->datagram))
		return STATUS_HELLO_MALFORMED;
	h->item->reply_len = (uint16_t)len;
	return STATUS_HELLO_RETRY_SENT;
}

static void gate_decide(struct gate_hello *h, const uint8_t mac[HMAC_SHA256_LEN])
{
	struct gate_item *item = h->item;

	if (!h->is_13)
		item->status = h->has_cookie && cookie_verify(&h->ch.cookie, h->secret, mac)
				       ? STATUS_OK
				       : verify_write(h, mac);
	else if (!h->has_cookie)
		item->status = retry_reply(h, mac);
	else if (retry_cookie_verify(h->ch.retry_cookie, mac))
		item->status = STATUS_OK;
	else
		refuse(h, STATUS_HELLO_COOKIE, ALERT_ILLEGAL_PARAMETER);
}

void gate_burst(struct gate *g, const struct cookie_secrets *secrets, uint64_t now_ns,
		struct gate_item *items, size_t n)
{
	size_t n_hellos = 0;

	hello_pool_release(g->pool);
	for (size_t i = 0; i < n; i++)
		if (gate_prepare(g, n_hellos, secrets, now_ns, &items[i]))
			n_hellos++;
	if (n_hellos > 0)
		hmac_batch_run(g->hmac, g->ops, n_hellos);
	for (size_t i = 0; i < n_hellos; i++)
		gate_decide(&g->hellos[i], g->ops[i].mac);
}
