/* SPDX-License-Identifier: BSD-3-Clause */
#include "inbound.h"

#include "acknowledge.h"
#include "fragments.h"
#include "secret.h"

/* A wrong key shows as a Finished that does not open. It may also be a forgery, so it takes the
 * peer's two repetitions to believe it: docs/decisions/wrong-key.md. */
enum { UNOPENED_MAX = 3 };

/* Records that are not consumed, gathered to be held. */
struct keep {
	struct wr w;
	uint8_t bytes[HANDSHAKE_DATAGRAM_MAX];
};

/* An alert in the clear. Anybody can send one; it ends only a handshake in which nothing was
 * confirmed by cryptography yet (bad-input J2). */
static enum status alert_plain(struct handshake *h, struct rd body)
{
	uint8_t level, description;

	if (!rd_u8(&body, &level) || !rd_u8(&body, &description) || rd_len(&body) != 0)
		return STATUS_HS_MALFORMED;
	if (protect_confirmed(&h->protect))
		return STATUS_RECORD_PLAIN;
	if (level != ALERT_FATAL && description != ALERT_CLOSE_NOTIFY)
		return STATUS_OK;
	connection_fail(h, STATUS_HS_ALERT, CONNECTION_NO_ALERT);
	return STATUS_HS_ALERT;
}

/* The epoch of a record says what a ChangeCipherSpec says, and is protected: so it is checked for
 * its form and changes nothing, early, late or twice (bad-input J6). In 1.3 there is none. */
static enum status ccs_plain(const struct handshake *h, struct rd body)
{
	uint8_t type;

	if (h->version == DTLS_1_3)
		return STATUS_RECORD_TYPE;
	return rd_u8(&body, &type) && type == 1 && rd_len(&body) == 0 ? STATUS_OK
								      : STATUS_HS_MALFORMED;
}

static enum status record_plain(struct handshake *h, const struct record *rec)
{
	/* "Discard the message", and no alert: anybody can send what is in the clear. */
	if (rd_len(&rec->body) > h->plain_limit)
		return STATUS_RECORD_LENGTH;
	switch ((enum record_type)rec->type) {
	case RECORD_CCS:
		return ccs_plain(h, rec->body);
	case RECORD_ALERT:
		return alert_plain(h, rec->body);
	case RECORD_HANDSHAKE:
		return fragments_take(h, 0, rec->seq, rec->body);
	case RECORD_APPDATA:
	case RECORD_CID:
	case RECORD_ACK:
	case RECORD_RRC:
		break;
	}
	return STATUS_RECORD_PLAIN;
}

/* A protected handshake record that does not open. One of a peer with a wrong key is repeated with
 * a new number each time its timer expires; nothing else comes at that pace. */
static void record_unopened(struct handshake *h, uint64_t seq)
{
	bool later = h->n_unopened == 0 || (seq > h->unopened_seq &&
					    h->now_ns - h->unopened_ns >= h->cfg->timeout_ns / 2);

	if (h->role != HANDSHAKE_SERVER || h->protect.epochs[1].rx_seen || !later)
		return;
	h->unopened_seq = seq;
	h->unopened_ns = h->now_ns;
	if (++h->n_unopened == UNOPENED_MAX)
		connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
}

/* What a record that was opened, or was not, has left: no more than it had. */
static void plaintext_wipe(uint8_t *plaintext, const struct rd *body)
{
	size_t len = rd_len(body);

	secret_wipe(plaintext, len < PROTECT_RECORD_MAX ? len : PROTECT_RECORD_MAX);
}

/* Content of ours. */
static enum status content_take12(struct handshake *h, const struct protect_content *c,
				  const uint8_t *plaintext)
{
	protect_mark(&h->protect, c);
	if (c->len > h->rx_limit)
		connection_fail(h, STATUS_HS_RECORD_SIZE, ALERT_RECORD_OVERFLOW);
	else if (c->type == RECORD_HANDSHAKE)
		return fragments_take(h, c->epoch, c->seq, rd_of(plaintext, c->len));
	else
		connection_fail(h, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
	return h->why;
}

/* Puts a record with the others that the session will want. */
static enum status record_keep(struct keep *k, const struct rd *record)
{
	if (rd_len(record) > (size_t)(k->w.end - k->w.p))
		return STATUS_RECORD_LENGTH;
	wr_bytes(&k->w, record->p, rd_len(record));
	return STATUS_OK;
}

/*
 * A record of epoch 1. Without keys it is kept for later. With keys, handshake records are ours;
 * data and alerts belong to the session that is to come, in their order, if they are genuine.
 */
static enum status record_protected(struct handshake *h, struct keep *k, const struct record *rec,
				    const struct rd *whole)
{
	uint8_t plaintext[PROTECT_RECORD_MAX];
	struct protect_content c;
	enum status s;

	if (!protect_has(&h->protect, 1))
		return record_keep(k, whole);
	s = protect_open(&h->protect, rec, plaintext, &c);
	if (s == STATUS_RECORD_TAG && (rec->type == RECORD_HANDSHAKE || rec->type == RECORD_CID))
		record_unopened(h, rec->seq);
	if (s == STATUS_OK)
		s = c.type == RECORD_HANDSHAKE || c.type == RECORD_CCS
			    ? content_take12(h, &c, plaintext)
			    : record_keep(k, whole);
	plaintext_wipe(plaintext, &rec->body);
	return h->outcome == CONNECTION_FAILED ? h->why : s;
}

static enum status record_take12(struct handshake *h, struct keep *k, struct rd *datagram)
{
	struct rd whole = *datagram;
	struct record rec;
	enum status s = record_next_cid(datagram, h->own_cid.len, &rec);

	whole.end = datagram->p;
	if (s != STATUS_OK)
		return s;
	if (rec.epoch == 0)
		return record_plain(h, &rec);
	if (rec.epoch == 1 && h->version == DTLS_1_2)
		return record_protected(h, k, &rec, &whole);
	return STATUS_RECORD_EPOCH;
}

/* An alert that was protected (RFC 8446 §6): but for these two the level says nothing. */
static enum status alert_take13(struct handshake *h, struct rd body)
{
	uint8_t level, description;

	if (!rd_u8(&body, &level) || !rd_u8(&body, &description) || rd_len(&body) != 0) {
		connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
		return STATUS_HS_MALFORMED;
	}
	if (description == ALERT_USER_CANCELED)
		return STATUS_OK;
	connection_fail(h, STATUS_HS_ALERT, CONNECTION_NO_ALERT);
	return STATUS_HS_ALERT;
}

/* Content of our own epochs. */
static enum status content_take13(struct handshake *h, const struct protect_content *c,
				  const uint8_t *plaintext)
{
	struct rd body = rd_of(plaintext, c->len);

	protect_mark(&h->protect, c);
	if (c->len > h->rx_limit) {
		connection_fail(h, STATUS_HS_RECORD_SIZE, ALERT_RECORD_OVERFLOW);
		return STATUS_HS_RECORD_SIZE;
	}
	switch ((enum record_type)c->type) {
	case RECORD_HANDSHAKE:
		return fragments_take(h, c->epoch, c->seq, body);
	case RECORD_ACK:
		return acknowledge_input(h, c->epoch, body);
	case RECORD_ALERT:
		return alert_take13(h, body);
	case RECORD_APPDATA:
	case RECORD_CCS:
	case RECORD_CID:
	case RECORD_RRC:
		break;
	}
	connection_fail(h, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
	return STATUS_HS_UNEXPECTED;
}

/*
 * Whether content belongs to the session that is to come. To a server all of epoch 3 does, since
 * the client's Finished is awaited still (RFC 9147 §5.8.1); a client, which has the server's,
 * awaits its ACK in it, or the alert that says why none comes.
 */
static bool is_of_session(const struct handshake *h, const struct protect_content *c)
{
	return c->epoch == RECORD13_EPOCH_DATA &&
	       (h->role == HANDSHAKE_SERVER || c->type == RECORD_HANDSHAKE ||
		c->type == RECORD_APPDATA || c->type == RECORD_RRC);
}

/* What comes before the ServerHello may have a connection ID or not: that is seen when it is looked
 * at again. */
static size_t cid_len13(const struct handshake *h, uint8_t first)
{
	bool known = protect_has(&h->protect, RECORD13_EPOCH_HANDSHAKE);

	return known || (first & RECORD13_CID) ? h->own_cid.len : 0;
}

/* A protected record of DTLS 1.3; without keys it is kept for later. */
static enum status record_take13(struct handshake *h, struct keep *k, struct rd *datagram)
{
	uint8_t plaintext[PROTECT_RECORD_MAX];
	struct rd whole = *datagram;
	struct protect_content content;
	struct record13 rec;
	enum status s = record13_next(datagram, cid_len13(h, *datagram->p), &rec);

	whole.end = datagram->p;
	if (s != STATUS_OK)
		return s;
	if (rec.epoch_bits >= RECORD13_EPOCH_HANDSHAKE && !protect_has(&h->protect, rec.epoch_bits))
		return record_keep(k, &whole);
	s = protect_open13(&h->protect, &rec, plaintext, &content);
	if (s == STATUS_OK && is_of_session(h, &content))
		s = record_keep(k, &whole);
	else if (s == STATUS_OK)
		s = content_take13(h, &content, plaintext);
	plaintext_wipe(plaintext, &rec.body);
	return h->outcome == CONNECTION_FAILED ? h->why : s;
}

static enum status record_take(struct handshake *h, struct keep *k, struct rd *datagram)
{
	if (h->version == DTLS_1_3 && record13_is(*datagram->p))
		return record_take13(h, k, datagram);
	return record_take12(h, k, datagram);
}

/* All records of a datagram; what is to be held is gathered in k. */
static enum status records_take(struct handshake *h, struct keep *k, struct rd datagram)
{
	enum status worst = STATUS_OK, s;

	k->w = wr_of(k->bytes, sizeof(k->bytes));
	if (rd_len(&datagram) == 0)
		return STATUS_RECORD_SHORT;
	for (unsigned n = 0; rd_len(&datagram) > 0 && h->outcome != CONNECTION_FAILED; n++) {
		if (n == RECORDS_PER_DATAGRAM)
			return STATUS_RECORD_TOO_MANY;
		s = record_take(h, k, &datagram);
		/* RFC 9147 §4: "the rest of the datagram MUST be discarded" (bad-input I8). */
		if (s == STATUS_RECORD_CID)
			return s;
		worst = s != STATUS_OK ? s : worst;
	}
	return worst;
}

/* Whether what was gathered repeats a held datagram: the same bytes, or a Finished sent again with
 * a new number. It must not take the room of the data behind the Finished. */
static bool held_repeats(const struct connection_copy *held, const struct keep *k)
{
	struct rd old = rd_of(held->bytes, held->len), new = rd_of(k->bytes, wr_len(&k->w));
	struct record a, b;

	if (rd_len(&old) != rd_len(&new))
		return false;
	if (memcmp(held->bytes, k->bytes, held->len) == 0)
		return true;
	return record_next(&old, &a) == STATUS_OK && record_next(&new, &b) == STATUS_OK &&
	       a.type == RECORD_HANDSHAKE && b.type == RECORD_HANDSHAKE && rd_len(&old) == 0;
}

/* Holds what was gathered. STATUS_OK: there was nothing, or it is held. */
static enum status hold(struct handshake *h, const struct keep *k)
{
	size_t len = wr_len(&k->w);

	if (len == 0 || h->outcome == CONNECTION_FAILED)
		return STATUS_OK;
	for (size_t i = 0; i < h->n_held; i++)
		if (held_repeats(&h->held[i], k))
			return STATUS_HS_OLD;
	/* An early record that finds no room is one of an epoch that we do not have. */
	if (h->n_held == HANDSHAKE_HELD_MAX)
		return STATUS_RECORD_EPOCH;
	if (!connection_keep(h, &h->held[h->n_held], k->bytes, len))
		return STATUS_RECORD_EPOCH;
	h->n_held++;
	return STATUS_OK;
}

enum status inbound_datagram(struct handshake *h, const uint8_t *datagram, size_t len)
{
	struct keep k;
	enum status s = records_take(h, &k, rd_of(datagram, len)), held;

	inbound_resume(h);
	held = hold(h, &k);
	return held == STATUS_OK ? s : held;
}

enum status inbound_hello(struct handshake *h, const uint8_t *datagram, size_t len)
{
	struct rd left = rd_of(datagram, len);
	struct record rec;
	struct hs_fragment f;
	enum status s = record_next(&left, &rec);

	if (s != STATUS_OK)
		return s;
	if (rec.epoch != 0 || rec.type != RECORD_HANDSHAKE || !hs_fragment_next(&rec.body, &f) ||
	    f.type != HS_CLIENT_HELLO || rd_len(&f.body) != f.len)
		return STATUS_HELLO_MALFORMED;
	h->started = true;
	/* RFC 6347 §4.2.1: "the server MUST use the record sequence number in the ClientHello as
	 * the record sequence number in the initial ServerHello." */
	h->protect.epochs[0].tx_seq = rec.seq;
	/* The gate mirrors the number of each hello that it turns away, so the numbers of both
	 * sides have kept pace: ServerHello has that of the hello it answers. */
	h->in.next = f.seq;
	h->tx_message_seq = f.seq;
	s = fragments_take_one(h, 0, &f);
	return h->outcome == CONNECTION_FAILED ? h->why : s;
}

static void held_again(struct handshake *h)
{
	struct connection_copy held[HANDSHAKE_HELD_MAX];
	size_t n = h->n_held;
	struct keep k;

	memcpy(held, h->held, sizeof(held));
	h->n_held = 0;
	for (size_t i = 0; i < n; i++) {
		(void)records_take(h, &k, rd_of(held[i].bytes, held[i].len));
		/* Released first, so that there is always room for what is left of it. */
		connection_drop(h, &held[i]);
		(void)hold(h, &k);
	}
}

void inbound_resume(struct handshake *h)
{
	fragments_handle(h);
	if (!h->keys_are_new || h->outcome != CONNECTION_RUNNING)
		return;
	h->keys_are_new = false;
	held_again(h);
}

void inbound_free(struct handshake *h)
{
	for (size_t i = 0; i < h->n_held; i++)
		connection_drop(h, &h->held[i]);
	h->n_held = 0;
}
