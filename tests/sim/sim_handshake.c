/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handshakes over a bad link, in virtual time.
 *
 *   sim_handshake                    every fault on each flight, then 5000 seeds of DTLS 1.2 and
 *                                    10,000 (SIM_SEEDS of the environment) of DTLS 1.3 (TAP)
 *   sim_handshake --seeds FROM N     N seeds; behind --13 of DTLS 1.3
 *   sim_handshake --seed N           one seed, told event by event; behind --13 of DTLS 1.3
 *
 * A seed decides everything (but for the keys and the lengths of signatures, which libcrypto
 * makes): suite, whether clients show certificates, extended master secret, MTU, how long records
 * may be, loss, duplication, delay (and so order), damage, how long jobs take, whether the ends
 * resume a session. After every event the invariants of hostile.md that apply are checked: 1, 3, 4,
 * 5, 6, 7, 8, 9, 10 (by their numbers below).
 */
#include "pair_certs.h"

#include "connection.h"

#include <inttypes.h>

enum {
	EVENTS_MAX = 512,
	STEPS_MAX = 20000,
	STEP_DATAGRAMS_MAX = FLIGHT_RECORDS_MAX + 1, /* out for one in: a flight in small pieces,
						      * in 1.3 with an ACK before it */
	MESSAGES = 24, /* message_seq of a handshake; damaged hellos begin at up to 16 */
	MESSAGE_MAX = 1024,
};

#define LIMIT_NS (1800 * PAIR_SECOND)

/* What the link does, in percent, and other choices of a seed. */
struct scenario {
	unsigned loss, twice, damage;
	uint64_t delay_ns; /* each datagram takes up to this */
	uint64_t job_ns;   /* each job of the server takes up to this; 0: none */
	uint16_t mtu;
	uint16_t record_size_limit; /* what the client asks for, this and the next */
	uint8_t max_fragment_length;
	const struct suite *suite;
	enum client_auth auth; /* where the server has a certificate */
	bool ems;
	bool wrong_key;
	bool fragment;   /* the peer cuts its messages small, with overlaps */
	bool early_data; /* a record behind the client's Finished, before the server's */
	uint8_t resume;  /* enum resume: the ends have met before */
	uint8_t tickets; /* DTLS 1.3: that a full handshake gives; 0: none, but to resume by */
	bool v13, certificates, other_group; /* DTLS 1.3; no PSK; the server wants another share */
	uint8_t epoch;                       /* of the session */
	bool cids;
	uint8_t client_cid, server_cid; /* bytes of each one's own */
};

enum resume { RESUME_NOT, RESUME_ID, RESUME_TICKET, RESUME_RENEW, RESUME_N };

/* Invariant 10: the bytes of each handshake message, as first sent. */
struct sent {
	uint8_t bytes[MESSAGES][MESSAGE_MAX];
	bool known[MESSAGES][MESSAGE_MAX];
	uint8_t type[MESSAGES];
};

struct event {
	uint64_t at;
	uint64_t order;
	struct pair_datagram d;
};

struct sim {
	struct pair pair;
	struct scenario sc;
	uint64_t rng;
	struct event events[EVENTS_MAX];
	unsigned n_events;
	uint64_t order, job_at;
	struct sent sent[2]; /* by the client; by the server */
	const char *broken;  /* the invariant that was */
	bool verbose;
	bool early_sent;
	bool late; /* a hello whose cookie is too old ends a handshake of 1.3 (RFC 9147 §5.1) */
	uint64_t unvalidated_in, unvalidated_out;
};

static struct sim sim;
static bool v13; /* what seeds mean */

static bool chance(struct sim *s, unsigned percent) { return pair_random(&s->rng) % 100 < percent; }

static uint64_t up_to(struct sim *s, uint64_t max) { return max ? pair_random(&s->rng) % max : 0; }

static void broken(struct sim *s, const char *what)
{
	if (s->broken == NULL)
		s->broken = what;
}

static void tell(const struct sim *s, const char *what, const struct pair_datagram *d)
{
	if (s->verbose)
		printf("# %9.3f %s %s %u bytes (type %u epoch %u)\n",
		       (double)(s->pair.now - 1000 * PAIR_SECOND) / 1e9, what,
		       d->to_server ? "-> server" : "-> client", d->len, d->bytes[0], d->bytes[4]);
}

/* Invariant 10: a fragment has the bytes that its message always had. */
static void check_fragment(struct sim *s, struct sent *sent, const struct hs_fragment *f)
{
	if (f->seq >= MESSAGES || f->off + rd_len(&f->body) > MESSAGE_MAX) {
		broken(s, "10: a message that does not exist");
		return;
	}
	for (size_t i = 0; i < rd_len(&f->body); i++) {
		size_t at = f->off + i;

		if (sent->known[f->seq][at] && sent->bytes[f->seq][at] != f->body.p[i] &&
		    f->type == sent->type[f->seq])
			broken(s, "10: a repetition with other bytes");
		sent->known[f->seq][at] = true;
		sent->bytes[f->seq][at] = f->body.p[i];
		sent->type[f->seq] = f->type;
	}
}

/* A HelloRetryRequest is told by its random (RFC 8446 §4.1.3). Pieces of several would not fit
 * together. */
static bool is_retry(const struct hs_fragment *f)
{
	static const uint8_t random[] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11 };

	return f->type == HS_SERVER_HELLO && rd_len(&f->body) > 2 + sizeof(random) &&
	       memcmp(f->body.p + 2, random, sizeof(random)) == 0;
}

static void check_fragments(struct sim *s, struct sent *sent, struct rd body)
{
	struct hs_fragment f;

	while (rd_len(&body) > 0) {
		if (!hs_fragment_next(&body, &f)) {
			broken(s, "10: a malformed fragment was sent");
			return;
		}
		/* The gate's messages are not the server's: each has another cookie. */
		if (f.type != HS_HELLO_VERIFY_REQUEST && !is_retry(&f))
			check_fragment(s, sent, &f);
	}
}

static void check_record(struct sim *s, const struct pair_datagram *d, const struct record *rec)
{
	if (rec->epoch == 0 && rec->type == RECORD_HANDSHAKE)
		check_fragments(s, &s->sent[d->to_server ? 0 : 1], rec->body);
}

/* What an end of 1.3 protects. */
static void hear_client(void *arg, const struct protect_content *c, const uint8_t *plaintext)
{
	struct sim *s = arg;

	if (c->type == RECORD_HANDSHAKE)
		check_fragments(s, &s->sent[0], rd_of(plaintext, c->len));
}

static void hear_server(void *arg, const struct protect_content *c, const uint8_t *plaintext)
{
	struct sim *s = arg;

	if (c->type == RECORD_HANDSHAKE)
		check_fragments(s, &s->sent[1], rd_of(plaintext, c->len));
}

/* RFC 6066 §4: behind a hello that asks for it. */
static bool record_fits(const struct sim *s, const struct record *rec)
{
	bool agreed = s->sc.max_fragment_length != 0 && s->sc.record_size_limit == 0 && !s->sc.v13;

	return !agreed || rec->epoch != 0 || rd_len(&rec->body) == 0 ||
	       rec->body.p[0] == HS_CLIENT_HELLO ||
	       rd_len(&rec->body) <= hs_fragment_length(s->sc.max_fragment_length);
}

/* Of the connection IDs that records in a direction have. */
static uint8_t cid_len_of(const struct sim *s, bool to_server)
{
	return to_server ? s->sc.server_cid : s->sc.client_cid;
}

/* The next record of a datagram, of either version; *rec of a protected one of 1.3 says that it is
 * not of epoch 0, and no more. */
static bool record_of(const struct sim *s, bool to_server, struct rd *datagram, struct record *rec)
{
	const uint8_t cid_len = cid_len_of(s, to_server);
	struct record13 rec13;

	if (!s->sc.v13 || !record13_is(*datagram->p))
		return record_next_cid(datagram, cid_len, rec) == STATUS_OK &&
		       (rec->epoch == 0 || (rec->type == RECORD_CID) == (cid_len != 0));
	*rec = (struct record){ .epoch = s->sc.epoch };
	return record13_next(datagram, cid_len, &rec13) == STATUS_OK;
}

/* A hello of DTLS 1.3 has to fit a datagram, too. */
static uint16_t mtu_of(const struct sim *s, bool of_client)
{
	return s->sc.v13 && of_client && s->sc.mtu < 576 ? 576 : s->sc.mtu;
}

/* What an end sends is whole records, at most ten, within the MTU and no longer than agreed on. */
static void check_sent(struct sim *s, const struct pair_datagram *d)
{
	struct rd datagram = rd_of(d->bytes, d->len);
	size_t most = FLIGHT_DATAGRAM_MIN + (size_t)cid_len_of(s, d->to_server);
	struct record rec;
	unsigned n = 0;

	if (d->len > most && d->len > mtu_of(s, d->to_server))
		broken(s, "a datagram beyond the MTU");
	while (rd_len(&datagram) > 0) {
		/* An ACK may go with a flight. */
		if (!record_of(s, d->to_server, &datagram, &rec) ||
		    ++n > FLIGHT_RECORDS_MAX + (s->sc.v13 ? 1U : 0U)) {
			broken(s, "10: malformed or too many records were sent");
			return;
		}
		if (!record_fits(s, &rec))
			broken(s, "a record beyond max_fragment_length");
		check_record(s, d, &rec);
	}
}

static void event_add(struct sim *s, uint64_t at, const struct pair_datagram *d)
{
	if (s->n_events == EVENTS_MAX) {
		broken(s, "12: a flood");
		return;
	}
	s->events[s->n_events++] = (struct event){ .at = at, .order = s->order++, .d = *d };
}

/* Damage: a flipped byte, or a cut. */
static void damage(struct sim *s, struct pair_datagram *d)
{
	tell(s, "damage", d);
	if (chance(s, 50))
		d->len = (uint16_t)up_to(s, d->len);
	else
		d->bytes[up_to(s, d->len)] ^= (uint8_t)(1 + up_to(s, 255));
}

static void link_lose(struct sim *s, struct pair_datagram *d)
{
	if (chance(s, s->sc.loss)) {
		tell(s, "lose", d);
		return;
	}
	if (chance(s, s->sc.twice)) {
		tell(s, "twice", d);
		event_add(s, s->pair.now + 1 + up_to(s, s->sc.delay_ns), d);
	}
	if (chance(s, s->sc.damage))
		damage(s, d);
	event_add(s, s->pair.now + 1 + up_to(s, s->sc.delay_ns), d);
}

/* One message in small pieces, each in a datagram of its own, some bytes in two of them. */
static void carry_pieces(struct sim *s, bool to_server, const struct record *rec,
			 const struct hs_fragment *f)
{
	size_t len = rd_len(&f->body), at = 0, piece;

	do {
		struct pair_datagram d = { .to_server = to_server };
		struct wr w = wr_of(d.bytes, sizeof(d.bytes));
		size_t step = 8 + up_to(s, 40);

		piece = step + up_to(s, 8);
		piece = piece < len - at ? piece : len - at;
		record_write_header(&w, rec->type, rec->version, 0, rec->seq,
				    (uint16_t)(HS_HEADER_LEN + piece));
		hs_header_write(&w, f->type, f->len, f->seq, (uint32_t)at, (uint32_t)piece);
		wr_bytes(&w, f->body.p + at, piece);
		d.len = (uint16_t)wr_len(&w);
		link_lose(s, &d);
		at += step;
	} while (at < len);
}

/* The link as a peer that fragments: messages in the clear, but hellos, which the gate wants
 * whole. Other records go on as they are. */
static void link_fragment(struct sim *s, const struct pair_datagram *d)
{
	struct rd datagram = rd_of(d->bytes, d->len);
	struct record rec;
	struct hs_fragment f;

	while (rd_len(&datagram) > 0) {
		struct pair_datagram one = { .to_server = d->to_server };
		const uint8_t *start = datagram.p;

		if (!record_of(s, d->to_server, &datagram, &rec))
			abort();
		one.len = (uint16_t)(datagram.p - start);
		memcpy(one.bytes, start, one.len);
		if (rec.epoch == 0 && rec.type == RECORD_HANDSHAKE &&
		    hs_fragment_next(&rec.body, &f) && f.type != HS_CLIENT_HELLO && !is_retry(&f) &&
		    rd_len(&f.body) == f.len)
			carry_pieces(s, d->to_server, &rec, &f);
		else
			link_lose(s, &one);
	}
}

static void link_carry(struct sim *s, struct pair_datagram *d)
{
	check_sent(s, d);
	if (s->sc.fragment)
		link_fragment(s, d);
	else
		link_lose(s, d);
}

/* A client that does not wait for the server's Finished: a record behind its own, in the same
 * datagram. */
static void early_data(struct sim *s, struct pair_datagram *d)
{
	struct handshake *h = s->pair.client.h;
	struct wr w = wr_of(d->bytes + d->len, sizeof(d->bytes) - d->len);
	static const uint8_t reading[] = { 'e' };

	if (!s->sc.early_data || s->early_sent || !d->to_server || h == NULL ||
	    h->tx_epoch != s->sc.epoch || h->out.state == FLIGHT_SENDING)
		return;
	/* behind a long connection ID there may be no room */
	s->early_sent =
		protect_write(&h->protect, &w, s->sc.epoch, RECORD_APPDATA, DTLS_1_2, reading, 1);
	if (s->early_sent)
		d->len = (uint16_t)(d->len + wr_len(&w));
}

/* Takes what the ends sent in this step onto the link. Invariant 6. */
static void step_end(struct sim *s)
{
	struct pair_datagram d;
	unsigned n = 0;

	while (pair_take(&s->pair, &d)) {
		if (++n > STEP_DATAGRAMS_MAX)
			broken(s, "6: one event made too many datagrams");
		early_data(s, &d);
		if (d.len > s->sc.mtu && s->early_sent)
			s->sc.mtu = d.len;
		tell(s, "send", &d);
		link_carry(s, &d);
	}
}

static void check_side(struct sim *s, const struct pair_side *side)
{
	if (side->memory.now > HANDSHAKE_MEMORY_MAX)
		broken(s, "7: memory beyond the budget");
	if (side->nonce_repeated)
		broken(s, "3: a nonce was used twice");
	if (side->n_installs > 1 || (side->installed && side->failed))
		broken(s, "8: an association was ended or installed again");
	if (!side->installed && side->n_data > 0)
		broken(s, "5: data before Finished");
	if (side->h != NULL && side->h->outcome == CONNECTION_RUNNING && side->h->n_held > 0 &&
	    side->h->protect.epochs[1].rx_seen && side->h->in.next == 0)
		broken(s, "5: a Finished without a hello");
}

static bool is_spent(const struct pair_side *tx, unsigned epoch, uint64_t seq)
{
	for (unsigned i = 0; i < tx->n_nonces; i++)
		if (tx->nonces[i] == ((uint64_t)epoch << 48 | seq))
			return true;
	return false;
}

/* Invariant 4: the window names only numbers that the peer has spent. */
static void check_window(struct sim *s, const struct pair_side *rx, const struct pair_side *tx)
{
	const struct protect *p = rx->installed ? &rx->session : rx->h ? &rx->h->protect : NULL;

	/* The early record is made here, not by the client. */
	if (p == NULL || s->early_sent)
		return;
	for (unsigned i = 1; i < PROTECT_EPOCHS; i++)
		if (p->epochs[i].rx_seen && !is_spent(tx, i, p->epochs[i].rx_newest))
			broken(s, "4: the window moved for a forged record");
}

static void check(struct sim *s)
{
	const struct pair *p = &s->pair;

	check_side(s, &p->client);
	check_side(s, &p->server);
	check_window(s, &p->server, &p->client);
	check_window(s, &p->client, &p->server);
	if (s->unvalidated_out > (s->sc.v13 ? 3 : 1) * s->unvalidated_in)
		broken(s, "1: more out than in before the cookie");
	if (p->client.installed && p->server.installed &&
	    memcmp(&p->client.session.epochs[s->sc.epoch].keys,
		   &p->server.session.epochs[s->sc.epoch].keys, sizeof(struct traffic_keys)) != 0)
		broken(s, "8: the ends have different keys");
}

static unsigned event_next(const struct sim *s)
{
	unsigned first = 0;

	for (unsigned i = 1; i < s->n_events; i++)
		if (s->events[i].at < s->events[first].at ||
		    (s->events[i].at == s->events[first].at &&
		     s->events[i].order < s->events[first].order))
			first = i;
	return first;
}

static void arrive(struct sim *s)
{
	unsigned i = event_next(s);
	struct pair_datagram d = s->events[i].d;
	bool gate = d.to_server && s->pair.server.h == NULL && !s->pair.server.installed;
	unsigned queued = s->pair.n_queue;

	s->events[i] = s->events[--s->n_events];
	tell(s, "arrive", &d);
	pair_deliver(&s->pair, d.to_server, d.bytes, d.len);
	s->late |= s->pair.server.last_input == STATUS_HELLO_COOKIE;
	if (s->verbose && d.to_server)
		printf("#           server: %s\n", status_label(s->pair.server.last_input));
	if (gate && s->pair.server.h == NULL) {
		s->unvalidated_in += d.len;
		for (unsigned q = queued; q < s->pair.n_queue; q++)
			s->unvalidated_out += s->pair.queue[q].len;
	}
}

/* The server's waiting job, when its time has come. */
static void job_step(struct sim *s)
{
	struct pair_side *server = &s->pair.server;

	if (server->h == NULL || handshake_job(server->h) == NULL) {
		s->job_at = UINT64_MAX;
	} else if (s->job_at == UINT64_MAX) {
		s->job_at = s->pair.now + up_to(s, s->sc.job_ns);
	} else if (s->job_at <= s->pair.now) {
		const struct job_lookup lookup = pair_lookup(&s->pair);

		s->job_at = UINT64_MAX;
		job_run(handshake_job(server->h), &lookup);
		handshake_job_done(server->h, s->pair.now);
		pair_drain(&s->pair, server);
		job_step(s);
	}
}

static uint64_t next_time(const struct sim *s)
{
	uint64_t t = pair_deadline(&s->pair);

	if (s->n_events > 0 && s->events[event_next(s)].at < t)
		t = s->events[event_next(s)].at;
	return s->job_at < t ? s->job_at : t;
}

static bool ended(const struct pair_side *side) { return side->installed || side->failed; }

/* An undisturbed handshake, so that there is something to resume. */
static void meet(struct sim *s)
{
	struct pair *p = &s->pair;
	bool slow = p->slow_jobs;

	p->server.cfg.session_ids = s->sc.resume == RESUME_ID;
	p->server.cfg.tickets = s->sc.resume != RESUME_ID;
	p->renew = s->sc.resume == RESUME_RENEW;
	p->slow_jobs = false;
	if (!pair_start(p))
		broken(s, "no start");
	pair_flush(p);
	p->slow_jobs = slow;
	if (!p->client.installed || !p->server.installed || p->has_session != s->sc.ems)
		broken(s, "the ends did not meet");
	pair_again(p);
	memset(s->sent, 0, sizeof(s->sent));
}

static void begin13(struct sim *s)
{
	struct pair *p = &s->pair;

	pair_use13(p, s->sc.suite->id);
	p->client_policy.suites[0] = p->server_policy.suites[0] = s->sc.suite;
	if (s->sc.certificates)
		pair_use_certs13(p, s->sc.auth);
	if (s->sc.other_group) {
		p->server_policy.groups[0] = p->client_policy.groups[1];
		p->server_policy.n_groups = 1;
	}
	p->server.cfg.tickets = s->sc.tickets != 0;
	p->server.cfg.n_tickets = s->sc.tickets;
	p->client.hear = hear_client;
	p->server.hear = hear_server;
	p->client.hear_arg = p->server.hear_arg = s;
}

static void sim_begin(struct sim *s, const struct scenario *sc, uint64_t seed, struct aead *aead,
		      struct gate *gate)
{
	memset(s, 0, sizeof(*s));
	s->sc = *sc;
	s->rng = seed ^ 0x5eed;
	s->job_at = UINT64_MAX;
	pair_begin(&s->pair, seed, aead, gate);
	s->pair.slow_jobs = sc->job_ns != 0;
	s->sc.epoch = sc->v13 ? RECORD13_EPOCH_DATA : 1;
	if (sc->v13)
		begin13(s);
	else
		pair_use_certs(&s->pair, sc->suite, sc->auth);
	if (sc->cids)
		pair_use_cids(&s->pair, sc->client_cid, sc->server_cid);
	s->pair.client.cfg.no_ems = !sc->ems;
	s->pair.client.cfg.mtu = mtu_of(s, true);
	s->pair.server.cfg.mtu = sc->mtu;
	s->pair.client.cfg.max_fragment_length = sc->max_fragment_length;
	s->pair.client.cfg.record_size_limit = sc->record_size_limit;
	s->pair.client.cfg.give_up_ns = s->pair.server.cfg.give_up_ns = LIMIT_NS;
	if (sc->resume != RESUME_NOT)
		meet(s);
	if (sc->wrong_key)
		s->pair.psk[0] ^= 1;
}

/* Runs until both ends have ended, or nothing more can happen. */
static void sim_run(struct sim *s)
{
	uint64_t limit = s->pair.now + 2 * LIMIT_NS, t;
	unsigned steps = 0;

	if (!pair_start(&s->pair))
		broken(s, "no start");
	step_end(s);
	while (s->broken == NULL && !(ended(&s->pair.client) && ended(&s->pair.server))) {
		job_step(s);
		step_end(s);
		t = next_time(s);
		if (t > limit)
			break;
		if (++steps == STEPS_MAX)
			broken(s, "6: no progress");
		s->pair.now = t > s->pair.now ? t : s->pair.now;
		if (s->n_events > 0 && s->events[event_next(s)].at <= s->pair.now)
			arrive(s);
		else
			pair_timers(&s->pair);
		step_end(s);
		check(s);
	}
}

/* What is still on its way arrives late, at sessions that live. */
static void sim_late(struct sim *s)
{
	for (unsigned n = 0; n < 2 * EVENTS_MAX && s->broken == NULL && s->n_events > 0; n++) {
		uint64_t t = s->events[event_next(s)].at;

		s->pair.now = t > s->pair.now ? t : s->pair.now;
		arrive(s);
		step_end(s);
		check(s);
	}
	if (s->n_events > 0)
		broken(s, "12: the ends never fall silent");
}

/* Invariants 7 and 9, and what data must have arrived. */
static void sim_end(struct sim *s)
{
	const struct pair *p = &s->pair;
	bool lossless = s->sc.loss == 0 && s->sc.damage == 0;

	if (s->broken == NULL && s->sc.damage == 0 && !s->sc.wrong_key && !s->late &&
	    !(p->client.installed && p->server.installed))
		broken(s, "9: the handshake did not complete");
	if (s->sc.wrong_key && (p->client.installed || p->server.installed))
		broken(s, "5: a wrong key was accepted");
	/* RFC 7627 §5.3: without an extended master secret there is nothing to resume. */
	if (p->client.installed && p->server.installed && s->sc.damage == 0 &&
	    p->server.resumed != (s->sc.resume != RESUME_NOT && s->sc.ems))
		broken(s, "resumed what it should not, or not what it should");
	if (p->client.installed && p->server.installed &&
	    (p->client.resumed != p->server.resumed || p->client.by_ticket != p->server.by_ticket))
		broken(s, "8: only one end takes it for resumed");
	if (p->client.installed && p->server.installed &&
	    (p->client.tx_limit != p->server.rx_limit || p->client.rx_limit != p->server.tx_limit))
		broken(s, "8: the ends do not agree how long records may be");
	if (s->broken == NULL && lossless && s->early_sent && p->server.installed &&
	    (p->server.n_data != 1 || p->server.data[0] != 'e'))
		broken(s, "first data was lost");
	pair_finish(&s->pair);
	if (p->client.memory.n_blocks != 0 || p->server.memory.n_blocks != 0)
		broken(s, "7: memory is not back at its baseline");
}

/* Nothing was lost or late, so nothing may have waited for a timer. */
static void check_prompt(struct sim *s)
{
	const struct scenario *sc = &s->sc;

	if (sc->loss == 0 && sc->damage == 0 && sc->delay_ns == 0 && !sc->wrong_key &&
	    16 * sc->job_ns < PAIR_SECOND && s->pair.now - 1000 * PAIR_SECOND >= PAIR_SECOND)
		broken(s, "9: a timer was needed on a perfect link");
}

static struct scenario scenario_of(uint64_t seed)
{
	static const uint16_t mtus[] = { 256, 300, 576, 1200, 1500 };
	uint64_t r = seed;
	struct scenario sc = {
		.suite = suite_at(pair_random(&r) % SUITE_12_N),
		.ems = pair_random(&r) % 4 != 0,
		.mtu = mtus[pair_random(&r) % 5],
	};

	sc.resume = (uint8_t)(pair_random(&r) % 2 ? RESUME_NOT : pair_random(&r) % RESUME_N);
	/* A hello has to fit a datagram (docs/decisions/fragmented-hello.md), and one with a ticket
	 * does not fit the smallest: such devices take ids. */
	if (sc.resume != RESUME_NOT && sc.mtu < 576)
		sc.resume = RESUME_ID;
	sc.auth = (enum client_auth)(pair_random(&r) % 3);
	sc.early_data = pair_random(&r) % 4 == 0;
	sc.fragment = pair_random(&r) % 4 == 0;
	sc.wrong_key = pair_random(&r) % 16 == 0 && suite_has_psk(sc.suite);
	if (pair_random(&r) % 2)
		sc.max_fragment_length = (uint8_t)(pair_random(&r) % (HS_FRAGMENT_LENGTHS + 1));
	if (pair_random(&r) % 4 == 0)
		sc.record_size_limit =
			(uint16_t)(HS_RECORD_SIZE_MIN + pair_random(&r) % RECORD_PLAINTEXT_MAX / 2);
	sc.job_ns = pair_random(&r) % 2 ? pair_random(&r) % (PAIR_SECOND / 2) + 1 : 0;
	if (pair_random(&r) % 8 == 0)
		return sc; /* a perfect link */
	sc.loss = (unsigned)(pair_random(&r) % 41);
	sc.twice = (unsigned)(pair_random(&r) % 31);
	sc.delay_ns = pair_random(&r) % (3 * PAIR_SECOND);
	sc.damage = pair_random(&r) % 2 ? (unsigned)(pair_random(&r) % 21) : 0;
	return sc;
}

static struct scenario scenario13_of(uint64_t seed)
{
	uint64_t r = ~seed;
	struct scenario sc = scenario_of(seed);
	bool whole;

	sc.v13 = true;
	sc.suite = suite_at(SUITE_12_N + pair_random(&r) % SUITE_13_N);
	sc.ems = true;
	sc.certificates = pair_random(&r) % 2;
	sc.other_group = pair_random(&r) % 4 == 0;
	sc.wrong_key = pair_random(&r) % 16 == 0 && !sc.certificates;
	/* Our client takes tickets that come in one record. */
	whole = sc.mtu >= 576 && (sc.record_size_limit == 0 || sc.record_size_limit >= 512);
	sc.resume = whole && pair_random(&r) % 2 ? RESUME_TICKET : RESUME_NOT;
	sc.tickets = (uint8_t)(pair_random(&r) % 4);
	return sc;
}

/* Every other seed has connection IDs; a client's hello has to fit a datagram with its own. */
static void scenario_cids(struct scenario *sc, uint64_t seed)
{
	static const uint8_t lengths[] = { 0, 1, 8, 255 };
	uint64_t r = seed ^ 0xc1d;

	sc->cids = pair_random(&r) % 2;
	if (!sc->cids)
		return;
	sc->client_cid = lengths[pair_random(&r) % (sc->mtu < 1200 ? 3 : 4)];
	sc->server_cid = lengths[pair_random(&r) % 4];
}

static bool run_seed(uint64_t seed, bool verbose, struct aead *aead, struct gate *gate)
{
	struct scenario sc = v13 ? scenario13_of(seed) : scenario_of(seed);

	scenario_cids(&sc, seed);
	sim_begin(&sim, &sc, seed, aead, gate);
	sim.verbose = verbose;
	sim_run(&sim);
	check_prompt(&sim);
	sim_late(&sim);
	sim_end(&sim);
	if (verbose)
		printf("# client %s, server %s\n",
		       sim.pair.client.installed ? "done" : status_label(sim.pair.client.why),
		       sim.pair.server.installed ? "done" : status_label(sim.pair.server.why));
	if (sim.broken != NULL)
		printf("# seed %" PRIu64 ": %s\n", seed, sim.broken);
	return sim.broken == NULL;
}

static bool run_seeds(uint64_t from, uint64_t n, struct aead *aead, struct gate *gate)
{
	uint64_t bad = 0;

	for (uint64_t i = 0; i < n && bad < 10; i++)
		bad += !run_seed(from + i, false, aead, gate);
	return bad == 0;
}

/*
 * Every fault on one flight (bug 25 of hostile.md): each record of the flight's first transmission
 * in a datagram of its own; every sequence in which each of them is missing, there, or there
 * twice. Whatever follows is carried as it is. All must complete.
 */
enum { FAULT_RECORDS_MAX = 4, FAULT_STEPS_MAX = 2 * FAULT_RECORDS_MAX };

struct faults {
	struct aead *aead;
	struct gate *gate;
	unsigned flight; /* 4, 5 or 6 of RFC 6347 figure 1; 6 is the last one, whoever sends it */
	enum resume resume;
	bool v13, certificates;
	unsigned n_records;
	uint64_t job_ns;
	unsigned used[FAULT_RECORDS_MAX];
	uint8_t sequence[FAULT_STEPS_MAX];
	unsigned len;
	unsigned n_run, n_bad;
};

static unsigned split(const struct sim *s, const struct pair_datagram *d,
		      struct pair_datagram out[FAULT_RECORDS_MAX])
{
	struct rd datagram = rd_of(d->bytes, d->len);
	struct record rec;
	unsigned n = 0;

	while (rd_len(&datagram) > 0 && n < FAULT_RECORDS_MAX) {
		const uint8_t *start = datagram.p;

		if (!record_of(s, d->to_server, &datagram, &rec))
			abort();
		out[n].to_server = d->to_server;
		out[n].len = (uint16_t)(datagram.p - start);
		memcpy(out[n++].bytes, start, (size_t)(datagram.p - start));
	}
	return n;
}

/* The number of the flight that a datagram of a faultless handshake carries. */
static unsigned flight_of(const struct pair_datagram *d)
{
	uint8_t type = d->bytes[RECORD_HEADER_LEN];
	bool retry = d->bytes[RECORD_HEADER_LEN + 5] == 0; /* message_seq */

	if (record13_is(d->bytes[0]))
		return d->to_server ? 5 : 6;
	if (d->bytes[0] == RECORD_CCS || type == HS_NEW_SESSION_TICKET)
		return 6;
	return type == HS_SERVER_HELLO && !retry ? 4 : type == HS_CLIENT_KEY_EXCHANGE ? 5 : 0;
}

static void fault_link(struct sim *s, const struct faults *f, bool *applied)
{
	struct pair_datagram d, parts[FAULT_RECORDS_MAX];

	while (pair_take(&s->pair, &d)) {
		if (*applied || flight_of(&d) != f->flight) {
			event_add(s, s->pair.now + PAIR_SECOND / 100, &d);
			continue;
		}
		*applied = true;
		if (split(s, &d, parts) != f->n_records)
			broken(s, "a flight of another shape");
		for (unsigned i = 0; i < f->len; i++)
			event_add(s, s->pair.now + (1 + i) * PAIR_SECOND / 100,
				  &parts[f->sequence[i]]);
	}
}

static void fault_loop(struct sim *s, const struct faults *f)
{
	uint64_t limit = s->pair.now + 30 * PAIR_SECOND, t;
	bool applied = false;

	if (!pair_start(&s->pair))
		broken(s, "no start");
	while (s->broken == NULL && !(ended(&s->pair.client) && ended(&s->pair.server))) {
		job_step(s);
		fault_link(s, f, &applied);
		t = next_time(s);
		if (t > limit)
			break;
		s->pair.now = t > s->pair.now ? t : s->pair.now;
		if (s->n_events > 0 && s->events[event_next(s)].at <= s->pair.now)
			arrive(s);
		else
			pair_timers(&s->pair);
		fault_link(s, f, &applied);
		check(s);
	}
	if (!applied)
		broken(s, "the fault was not applied");
}

static void fault_run(struct faults *f)
{
	const struct scenario sc = { .mtu = 1200,
				     .ems = true,
				     .resume = (uint8_t)f->resume,
				     .suite = f->v13 ? suite_at(SUITE_12_N + f->n_run % SUITE_13_N)
						     : pair_suite(KX_PSK, f->n_run),
				     .v13 = f->v13,
				     .certificates = f->certificates,
				     .auth = CLIENT_AUTH_REQUIRED,
				     .job_ns = f->job_ns };

	sim_begin(&sim, &sc, f->n_run + 1, f->aead, f->gate);
	fault_loop(&sim, f);
	sim_end(&sim);
	f->n_run++;
	if (sim.broken == NULL)
		return;
	f->n_bad++;
	printf("# flight %u, records", f->flight);
	for (unsigned i = 0; i < f->len; i++)
		printf(" %u", f->sequence[i]);
	printf(": %s\n", sim.broken);
}

static void fault_sequences(struct faults *f)
{
	fault_run(f);
	for (unsigned r = 0; r < f->n_records; r++) {
		if (f->used[r] == 2)
			continue;
		f->used[r]++;
		f->sequence[f->len++] = (uint8_t)r;
		fault_sequences(f);
		f->len--;
		f->used[r]--;
	}
}

static bool run_faults(struct faults f, struct aead *aead, struct gate *gate)
{
	f.aead = aead;
	f.gate = gate;
	fault_sequences(&f);
	printf("# flight %u: %u sequences\n", f.flight, f.n_run);
	return f.n_bad == 0;
}

static unsigned n_points, n_failed;

static void point(bool ok, const char *name)
{
	n_points++;
	n_failed += !ok;
	printf("%sok %u - %s\n", ok ? "" : "not ", n_points, name);
}

static const struct {
	const char *name;
	struct faults faults;
} fault_rows[] = {
	{ "the server's hello flight", { .flight = 4, .n_records = 2 } },
	{ "the client's key exchange flight", { .flight = 5, .n_records = 3 } },
	{ "the same with slow jobs", { .flight = 5, .n_records = 3, .job_ns = PAIR_SECOND / 10 } },
	{ "the server's last flight", { .flight = 6, .n_records = 2 } },
	{ "the server's flight of a handshake resumed by id",
	  { .flight = 4, .n_records = 3, .resume = RESUME_ID } },
	{ "the same with slow jobs",
	  { .flight = 4, .n_records = 3, .resume = RESUME_ID, .job_ns = PAIR_SECOND / 10 } },
	{ "the client's last flight of a handshake resumed by id",
	  { .flight = 6, .n_records = 2, .resume = RESUME_ID } },
	{ "the client's last flight of a handshake resumed by ticket",
	  { .flight = 6, .n_records = 2, .resume = RESUME_TICKET } },
	{ "the server's flight with a new ticket",
	  { .flight = 4, .n_records = 4, .resume = RESUME_RENEW } },
	{ "DTLS 1.3: the server's flight", { .v13 = true, .flight = 4, .n_records = 3 } },
	{ "DTLS 1.3: the same with slow jobs",
	  { .v13 = true, .flight = 4, .n_records = 3, .job_ns = PAIR_SECOND / 10 } },
	{ "DTLS 1.3: the client's Finished", { .v13 = true, .flight = 5, .n_records = 1 } },
	{ "DTLS 1.3: the client's flight with a certificate",
	  { .v13 = true, .flight = 5, .n_records = 3, .certificates = true } },
	{ "DTLS 1.3: the server's ACK", { .v13 = true, .flight = 6, .n_records = 1 } },
	{ "DTLS 1.3: the server's flight of a resumed handshake",
	  { .v13 = true, .flight = 4, .n_records = 3, .resume = RESUME_TICKET } },
	{ "DTLS 1.3: the same of one with certificates, with slow jobs",
	  { .v13 = true,
	    .flight = 4,
	    .n_records = 3,
	    .resume = RESUME_TICKET,
	    .certificates = true,
	    .job_ns = PAIR_SECOND / 10 } },
	{ "DTLS 1.3: the client's Finished of a resumed handshake",
	  { .v13 = true, .flight = 5, .n_records = 1, .resume = RESUME_TICKET } },
	{ "DTLS 1.3: the server's ACK of a resumed handshake",
	  { .v13 = true, .flight = 6, .n_records = 1, .resume = RESUME_TICKET } },
};

enum { N_FAULT_ROWS = sizeof(fault_rows) / sizeof(fault_rows[0]) };

static void run_all(struct aead *aead, struct gate *gate)
{
	const char *env = getenv("SIM_SEEDS");
	uint64_t n13 = env != NULL ? strtoull(env, NULL, 10) : 10000;

	printf("1..%d\n", N_FAULT_ROWS + 6);
	for (unsigned i = 0; i < N_FAULT_ROWS; i++)
		point(run_faults(fault_rows[i].faults, aead, gate), fault_rows[i].name);
	point(run_seeds(1, 1000, aead, gate), "seeds 1 to 1000");
	point(run_seeds(1001, 1000, aead, gate), "seeds 1001 to 2000");
	point(run_seeds(2001, 1000, aead, gate), "seeds 2001 to 3000");
	point(run_seeds(3001, 1000, aead, gate), "seeds 3001 to 4000");
	point(run_seeds(4001, 1000, aead, gate), "seeds 4001 to 5000");
	v13 = true;
	point(run_seeds(1, n13, aead, gate), "seeds of DTLS 1.3");
}

int main(int argc, char **argv)
{
	struct aead *aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	struct gate *gate = gate_new(&sim.pair.server_policy);

	if (aead == NULL || gate == NULL)
		return 2;
	pair_certs_new();
	if (argc > 1 && strcmp(argv[1], "--13") == 0) {
		v13 = true;
		argc--;
		argv++;
	}
	if (argc == 3 && strcmp(argv[1], "--seed") == 0)
		n_failed = !run_seed(strtoull(argv[2], NULL, 10), true, aead, gate);
	else if (argc == 4 && strcmp(argv[1], "--seeds") == 0)
		n_failed = !run_seeds(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10),
				      aead, gate);
	else
		run_all(aead, gate);
	pair_certs_free();
	gate_free(gate);
	aead_free(aead);
	return n_failed != 0;
}
