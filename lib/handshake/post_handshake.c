/* SPDX-License-Identifier: BSD-3-Clause */
#include "post_handshake.h"

#include "hs_msg13.h"
#include "record13.h"
#include "secret.h"

/* rfc9147bis §8: implementations that store epochs in 16 bits "MAY choose to enforce an epoch limit
 * of 2^16-1. In this case, the implementation MUST check for this limit, if reached, terminate the
 * association". message_seq has as many bits (bad-input L9). */
enum { LAST = UINT16_MAX };

enum { NUMBER_BITS = 48 };

static uint16_t epoch_of(uint64_t number) { return (uint16_t)(number >> NUMBER_BITS); }

static uint64_t seq_of(uint64_t number) { return number & ((UINT64_C(1) << NUMBER_BITS) - 1); }

static void end(struct post_handshake_result *out, enum status why, enum alert alert)
{
	out->status = why;
	out->ack = false;
	out->ends = true;
	out->alert = alert;
}

/* RFC 8446 §7.2 */
static bool next_secret(const struct post_handshake *p, uint8_t secret[HASH_MAX])
{
	const struct suite *suite = suite_by_id(p->suite);

	return suite != NULL && schedule13_update(suite->hash, secret);
}

void post_handshake_drop(struct post_handshake *p, const struct post_handshake_config *cfg)
{
	if (p->flight == NULL)
		return;
	flight_wipe(&p->flight->flight);
	cfg->release(cfg->alloc_arg, p->flight);
	p->flight = NULL;
}

void post_handshake_wipe(struct post_handshake *p, const struct post_handshake_config *cfg)
{
	post_handshake_drop(p, cfg);
	secret_wipe(p, sizeof(*p));
}

/* Our own flight */

struct flight *post_handshake_open(struct post_handshake *p,
				   const struct post_handshake_config *cfg)
{
	struct post_handshake_flight *f;

	if (p->flight != NULL || p->silent)
		return NULL;
	f = cfg->alloc(cfg->alloc_arg, sizeof(*f));
	if (f == NULL)
		return NULL;
	*f = (struct post_handshake_flight){ .flight = { .state = FLIGHT_PREPARING } };
	flight_init(&f->flight, cfg->timeout_ns, cfg->timeout_max_ns);
	flight_by_block(&f->flight, f->sent);
	flight_begin(&f->flight);
	p->flight = f;
	return &f->flight;
}

/* Whether another message, and another epoch, can be ours. */
static bool can_update(const struct post_handshake *p)
{
	return !p->silent && p->tx_epoch < LAST && p->tx_seq < LAST;
}

static bool key_update_begin(struct post_handshake *p, const struct post_handshake_config *cfg,
			     uint64_t now_ns, bool both)
{
	struct flight *f = post_handshake_open(p, cfg);
	struct wr w;

	if (f == NULL)
		return false;
	w = flight_open(f);
	key_update_write(&w, both);
	if (!flight_close(f, &w, RECORD13_EPOCH_DATA, HS_KEY_UPDATE, p->tx_seq)) {
		post_handshake_drop(p, cfg);
		return false;
	}
	p->tx_seq++;
	flight_send(f, now_ns, false);
	return true;
}

static struct hs_fragment first_message(const struct post_handshake *p)
{
	struct hs_fragment m = { .type = 0 };

	if (p->flight != NULL && p->flight->flight.n_messages > 0 &&
	    flight_message(&p->flight->flight, 0, &m))
		return m;
	return (struct hs_fragment){ .type = 0 };
}

bool post_handshake_updating(const struct post_handshake *p)
{
	return p->wanted || first_message(p).type == HS_KEY_UPDATE;
}

bool post_handshake_update(struct post_handshake *p, const struct post_handshake_config *cfg,
			   uint64_t now_ns, bool both)
{
	if (first_message(p).type == HS_KEY_UPDATE)
		return true;
	if (!can_update(p))
		return false;
	if (p->flight == NULL)
		return key_update_begin(p, cfg, now_ns, both);
	p->wanted = true;
	p->wanted_both |= both;
	return true;
}

/* "Implementations MUST NOT send records with the new keys until the KeyUpdate and all preceding
 * messages have been acknowledged" (rfc9147bis §8). */
static void flight_done(struct post_handshake *p, const struct post_handshake_config *cfg,
			uint64_t now_ns, struct post_handshake_result *out)
{
	bool updated = first_message(p).type == HS_KEY_UPDATE;

	post_handshake_drop(p, cfg);
	if (updated) {
		if (!next_secret(p, p->tx_secret)) {
			end(out, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
			return;
		}
		p->tx_epoch++;
		out->tx_keys = true;
		out->status = STATUS_HS_KEYS_UPDATED;
	} else if (p->wanted && !key_update_begin(p, cfg, now_ns, p->wanted_both)) {
		out->status = STATUS_HS_POST_LIMIT;
	}
	p->wanted = p->wanted_both = false;
}

/* What the peer says */

/* rfc9147bis §7.2: "If any element of record_numbers in the ACK references an epoch that is higher
 * than the epoch in which the ACK was received, the implementation MUST terminate the connection
 * with an 'illegal_parameter' alert." By the word of it a peer that has not updated its own keys
 * could not acknowledge our second update, for the two directions count their epochs apart: what
 * ends the session is an epoch that ours has not reached.
 * An empty ACK says that the peer lives and misses something. ACKs of parts start no repetition:
 * each message is for itself (RFC 9147 §5.8.4). */
static void ack(struct post_handshake *p, const struct post_handshake_config *cfg, uint64_t now_ns,
		const struct post_handshake_record *record, struct post_handshake_result *out)
{
	struct rd list;
	struct hs_ack one;

	if (ack_parse(record->content, &list) != HS_PARSE_OK) {
		end(out, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
		return;
	}
	if (p->flight != NULL && rd_len(&list) == 0)
		flight_repeat(&p->flight->flight, now_ns);
	while (ack_next(&list, &one)) {
		if (one.epoch > p->tx_epoch) {
			end(out, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
			return;
		}
		if (p->flight != NULL)
			flight_ack(&p->flight->flight, one.epoch, one.number);
	}
	if (p->flight != NULL && flight_acked(&p->flight->flight))
		flight_done(p, cfg, now_ns, out);
}

/* The peer seals with the next keys as soon as it has our ACK. */
static void key_update(struct post_handshake *p, const struct post_handshake_config *cfg,
		       uint64_t now_ns, struct rd body, struct post_handshake_result *out)
{
	bool requested;
	enum hs_parse parsed = key_update_parse(body, &requested);

	if (parsed == HS_PARSE_ILLEGAL_PARAMETER)
		end(out, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	else if (parsed != HS_PARSE_OK)
		end(out, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	else if (p->rx_epoch == LAST)
		end(out, STATUS_HS_POST_LIMIT, ALERT_CLOSE_NOTIFY);
	else if (!next_secret(p, p->rx_secret))
		end(out, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	if (out->ends)
		return;
	p->rx_epoch++;
	out->rx_keys = true;
	out->status = STATUS_HS_PEER_KEYS_UPDATED;
	if (requested && !post_handshake_update(p, cfg, now_ns, false))
		out->status = STATUS_HS_POST_LIMIT;
}

/* The message that is due. */
static void message(struct post_handshake *p, const struct post_handshake_config *cfg,
		    uint64_t now_ns, const struct hs_fragment *m, struct rd record,
		    struct post_handshake_result *out)
{
	enum alert alert = ALERT_UNEXPECTED_MESSAGE;
	enum status status = STATUS_HS_UNEXPECTED;

	if (p->rx_seq == LAST) {
		end(out, STATUS_HS_POST_LIMIT, ALERT_CLOSE_NOTIFY);
		return;
	}
	p->rx_seq++;
	if (m->type == HS_KEY_UPDATE) {
		key_update(p, cfg, now_ns, m->body, out);
		return;
	}
	if (cfg->message != NULL)
		status = cfg->message(cfg->message_arg, m, record, &alert);
	if (status == STATUS_HS_LATER) {
		p->rx_seq--;
		out->status = status;
		out->ack = false;
	} else if (status != STATUS_OK) {
		end(out, status, alert);
	}
}

/* "A KeyUpdate message terminates the post-handshake stream in an epoch. [...] the receiving peer
 * MUST [...] send an 'unexpected_message' alert, and terminate the connection" (rfc9147bis §8):
 * what is new is of the newest epoch (bad-input L8). */
static void fragment(struct post_handshake *p, const struct post_handshake_config *cfg,
		     uint64_t now_ns, const struct hs_fragment *m, struct rd record, uint16_t epoch,
		     struct post_handshake_result *out)
{
	if (m->seq < p->rx_seq) {
		if (out->status == STATUS_OK)
			out->status = STATUS_HS_OLD;
	} else if (epoch != p->rx_epoch) {
		end(out, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
	} else if (m->seq != p->rx_seq || m->off != 0 || rd_len(&m->body) != m->len) {
		out->status = STATUS_HS_FRAGMENT;
		out->ack = false;
	} else {
		message(p, cfg, now_ns, m, record, out);
	}
}

static void handshake(struct post_handshake *p, const struct post_handshake_config *cfg,
		      uint64_t now_ns, const struct post_handshake_record *record,
		      struct post_handshake_result *out)
{
	struct rd left = record->content, whole;
	struct hs_fragment m;

	out->ack = rd_len(&left) > 0;
	while (rd_len(&left) > 0 && !out->ends) {
		whole = left;
		if (!hs_fragment_next(&left, &m)) {
			end(out, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
			return;
		}
		whole.end = left.p;
		fragment(p, cfg, now_ns, &m, whole, epoch_of(record->number), out);
	}
}

void post_handshake_input(struct post_handshake *p, const struct post_handshake_config *cfg,
			  uint64_t now_ns, const struct post_handshake_record *record,
			  struct post_handshake_result *out)
{
	*out = (struct post_handshake_result){ .status = STATUS_OK };
	if (record->type == RECORD_ACK)
		ack(p, cfg, now_ns, record, out);
	else
		handshake(p, cfg, now_ns, record, out);
}

/* A token tells flights apart by the message_seq that they begin with, and their records by their
 * place: an answer that comes late numbers no record of the next flight. */
static uint16_t token_of(const struct post_handshake *p, unsigned place)
{
	return (uint16_t)((first_message(p).seq & 0xffU) << 8 | (place + 1));
}

bool post_handshake_output(struct post_handshake *p, size_t room, uint8_t *out, size_t *out_len,
			   uint16_t *token)
{
	uint8_t type;

	if (p->flight == NULL || !flight_next(&p->flight->flight, room, out, out_len, &type))
		return false;
	*token = token_of(p, flight_sent_later(&p->flight->flight));
	return true;
}

void post_handshake_sealed(struct post_handshake *p, uint16_t token, uint64_t number)
{
	unsigned place = (token & 0xffU) - 1;

	if (p->flight != NULL && place < FLIGHT_SENT_MAX && token == token_of(p, place))
		flight_number(&p->flight->flight, place, epoch_of(number), seq_of(number));
}

uint64_t post_handshake_deadline(const struct post_handshake *p)
{
	return p->flight == NULL ? UINT64_MAX : flight_deadline(&p->flight->flight);
}

enum status post_handshake_timeout(struct post_handshake *p,
				   const struct post_handshake_config *cfg, uint64_t now_ns)
{
	if (now_ns < post_handshake_deadline(p))
		return STATUS_OK;
	if (p->flight->flight.n_timeouts < cfg->repeats) {
		flight_timeout(&p->flight->flight, now_ns);
		return STATUS_OK;
	}
	post_handshake_drop(p, cfg);
	p->wanted = p->wanted_both = false;
	p->silent = true;
	return STATUS_HS_POST_LOST;
}

void post_handshake_ack(uint64_t number, uint8_t out[POST_HANDSHAKE_ACK_LEN])
{
	const struct hs_ack one = { .epoch = epoch_of(number), .number = seq_of(number) };
	struct wr w = wr_of(out, POST_HANDSHAKE_ACK_LEN);

	ack_write(&w, &one, 1);
}
