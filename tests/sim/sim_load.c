/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-load's engine in virtual time, against a server made of our own handshake and protect,
 * over a link that loses, doubles and delays.
 *
 *   sim_load                 every scenario with some seeds (TAP)
 *   sim_load --seed N        one seed of each
 *
 * A seed decides everything but keys. What holds after each: every request that was due is
 * accounted for, every CON was answered, nothing came that answers nothing, and latencies count
 * from when a request was due, whoever was late.
 */
#include "event_protect.h"
#include "gate.h"
#include "generator.h"
#include "job.h"
#include "rrc.h"
#include "verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DEVICES = 24,
	STORM = 16,
	AT_ONCE = 8,
	EVENTS_MAX = 4096,
	SEEDS = 12,
	SEPARATE_MS = 3500,
	CID_LEN = 8
};

#define MS_NS   UINT64_C(1000000)
#define SECOND  (1000 * MS_NS)
#define STEP_NS (200 * UINT64_C(1000))

struct scenario {
	const char *name;
	double loss, duplicate;
	uint64_t delay_ns, jitter_ns;
	double con, churn, hostile;
	double separate;   /* requests answered by an empty ACK, then by themselves */
	double refuse;     /* requests answered 5.03 */
	double turn_away;  /* handshakes that the server ends with an alert */
	double forget;     /* datagrams that find that the server has lost the session: an alert */
	bool slams;        /* near the end of the load the server ends every session there is */
	bool dies;         /* after the load the port takes nothing any more */
	bool storm;        /* STORM devices come back at once, in the midst of the load */
	double no_buffer;  /* times that the port has no buffer to give */
	uint64_t stall_ns; /* the generator core stands still so long, in the middle */
	double migrate;    /* requests before which their device moves; with connection IDs */
	double rate;       /* 0: max */
	uint16_t suite;
};

struct buffer {
	struct load_buffer head;
	uint8_t bytes[LOAD_HEADROOM + LOAD_DATAGRAM_MAX];
};

struct event {
	uint64_t at_ns;
	uint32_t device;
	uint16_t len;
	bool to_server;
	uint32_t place; /* where the device was, or is thought to be: how often it had moved */
	uint8_t bytes[LOAD_DATAGRAM_MAX];
};

struct server_side {
	struct handshake *h;
	struct protect session;
	struct handshake_remnant remnant;
	bool live;
	uint16_t next_mid;
	uint8_t own_cid[CID_LEN], peer_cid[LOAD_CID_MAX];
	uint32_t place;
	uint64_t cookie; /* of a check that is under way; 0: none is */
};

struct sim {
	struct load_port port; /* first: the port is the simulation */
	const struct scenario *sc;
	uint64_t now, seed, noise;
	struct event *events;
	unsigned n_events, n_buffers;
	struct load_options opt;
	struct generator generator;
	struct aead *aead;
	struct gate *gate;
	struct cookie_secrets secrets;
	struct hello_policy policy;
	struct handshake_config server_config;
	struct server_side servers[DEVICES];
	uint32_t place[DEVICES];
	uint64_t proved;   /* checks that devices answered */
	uint64_t requests; /* that reached the server, copies too */
	uint32_t peak;     /* of handshakes under way */
	uint64_t slams_ns; /* from when on */
	bool dead;         /* the port */
	const char *broken;
};

static void broken(struct sim *s, const char *what)
{
	if (s->broken == NULL)
		s->broken = what;
}

static void must(struct sim *s, bool holds, const char *what)
{
	if (!holds)
		broken(s, what);
}

/* The link */

static void event_add(struct sim *s, bool to_server, uint32_t device, const uint8_t *bytes,
		      size_t len, uint64_t later_ns)
{
	struct event *e = &s->events[s->n_events];

	if (s->n_events == EVENTS_MAX) {
		broken(s, "a flood");
		return;
	}
	s->n_events++;
	e->at_ns = s->now + s->sc->delay_ns + later_ns +
		   (s->sc->jitter_ns ? mix_random(&s->noise) % s->sc->jitter_ns : 0);
	e->device = device;
	e->len = (uint16_t)len;
	e->to_server = to_server;
	e->place = to_server ? s->place[device] : s->servers[device].place;
	memcpy(e->bytes, bytes, len);
}

static void link_carry(struct sim *s, bool to_server, uint32_t device, const uint8_t *bytes,
		       size_t len, uint64_t later_ns)
{
	if (mix_chance(&s->noise, s->sc->loss))
		return;
	if (mix_chance(&s->noise, s->sc->duplicate))
		event_add(s, to_server, device, bytes, len, later_ns);
	event_add(s, to_server, device, bytes, len, later_ns);
}

/* The earliest that is due for that side. */
static bool event_take(struct sim *s, bool to_server, struct event *out)
{
	unsigned first = s->n_events;

	for (unsigned i = 0; i < s->n_events; i++)
		if (s->events[i].to_server == to_server && s->events[i].at_ns <= s->now &&
		    (first == s->n_events || s->events[i].at_ns < s->events[first].at_ns))
			first = i;
	if (first == s->n_events)
		return false;
	*out = s->events[first];
	s->events[first] = s->events[--s->n_events];
	return true;
}

/* The port */

static bool port_alloc(struct load_port *p, struct load_buffer **out, unsigned n)
{
	struct sim *s = (struct sim *)p;

	if (mix_chance(&s->noise, s->sc->no_buffer))
		return false;
	for (unsigned i = 0; i < n; i++) {
		struct buffer *b = calloc(1, sizeof(*b));

		if (b == NULL)
			abort();
		b->head = (struct load_buffer){ .data = b->bytes + LOAD_HEADROOM,
						.room = LOAD_DATAGRAM_MAX,
						.device = LOAD_NO_DEVICE };
		out[i] = &b->head;
		s->n_buffers++;
	}
	return true;
}

static void port_release(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	struct sim *s = (struct sim *)p;

	for (unsigned i = 0; i < n; i++)
		free(bufs[i]);
	s->n_buffers -= n;
}

/* Takes half of a burst now and then, as a full ring does. */
static unsigned port_send(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	struct sim *s = (struct sim *)p;
	unsigned k = mix_chance(&s->noise, 0.05) ? n / 2 : n;

	if (s->dead)
		return 0;
	for (unsigned i = 0; i < k; i++)
		link_carry(s, true, bufs[i]->device, bufs[i]->data, bufs[i]->len, 0);
	port_release(p, bufs, k);
	return k;
}

static unsigned port_recv(struct load_port *p, struct load_buffer **out, unsigned max)
{
	struct sim *s = (struct sim *)p;
	struct event e;
	unsigned n = 0;

	while (n < max && event_take(s, false, &e)) {
		if (e.place != s->place[e.device])
			continue; /* nobody is there any more */
		while (!port_alloc(p, &out[n], 1))
			;
		out[n]->device = e.device;
		out[n]->len = e.len;
		memcpy(out[n]->data, e.bytes, e.len);
		n++;
	}
	return n;
}

static bool port_move(struct load_port *p, uint32_t device)
{
	((struct sim *)p)->place[device]++;
	return true;
}

static const struct load_port_ops port_ops = {
	.alloc = port_alloc,
	.release = port_release,
	.send = port_send,
	.recv = port_recv,
	.move = port_move,
};

/* The server */

static struct flow flow_of(uint32_t device)
{
	return (struct flow){ .local_port = 5684, .remote_port = (uint16_t)(2000 + device) };
}

static void server_seal(struct sim *s, uint32_t device, uint8_t type, const uint8_t *text,
			size_t len, uint64_t later_ns)
{
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	struct wr w = wr_of(out, sizeof(out));

	if (!protect_write(&s->servers[device].session, &w, 1, type, DTLS_1_2, text, len))
		abort();
	link_carry(s, false, device, out, wr_len(&w), later_ns);
}

static void server_say(struct sim *s, uint32_t device, uint8_t type, uint8_t code, uint16_t mid,
		       const struct coap_msg *m, uint64_t later_ns)
{
	uint8_t text[64];
	struct wr w = wr_of(text, sizeof(text));

	coap_header_write(&w, type, code, mid, m->token, code == COAP_EMPTY ? 0 : m->token_len);
	server_seal(s, device, RECORD_APPDATA, text, wr_len(&w), later_ns);
}

static void server_request(struct sim *s, uint32_t device, const struct coap_msg *m)
{
	struct server_side *side = &s->servers[device];
	bool con = m->type == COAP_CON, separate = mix_chance(&s->noise, s->sc->separate);
	uint8_t code = mix_chance(&s->noise, s->sc->refuse) ? COAP_UNAVAILABLE : COAP_CHANGED;

	if (m->code != COAP_POST)
		return;
	must(s, !s->sc->storm || device < DEVICES - STORM, "a request of a device of the storm");
	s->requests++;
	if (con && separate)
		server_say(s, device, COAP_ACK, COAP_EMPTY, m->mid, m, 0);
	if (separate)
		server_say(s, device, mix_chance(&s->noise, 0.5) ? COAP_CON : COAP_NON, code,
			   side->next_mid++, m, SEPARATE_MS * MS_NS);
	else
		server_say(s, device, con ? COAP_ACK : COAP_NON, code, m->mid, m, 0);
}

static void server_alert(struct sim *s, uint32_t device)
{
	static const uint8_t alert[] = { ALERT_FATAL, ALERT_INTERNAL_ERROR };

	server_seal(s, device, RECORD_ALERT, alert, sizeof(alert), 0);
	s->servers[device].live = false;
}

static void server_repeat(struct sim *s, uint32_t device)
{
	struct server_side *side = &s->servers[device];
	const struct handshake_remnant *r = &side->remnant;
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	struct wr w = wr_of(out, sizeof(out));

	wr_bytes(&w, r->bytes, r->prefix_len);
	if (!protect_write(&side->session, &w, 1, RECORD_HANDSHAKE, DTLS_1_2,
			   r->bytes + r->prefix_len, r->message_len))
		abort();
	link_carry(s, false, device, out, wr_len(&w), 0);
}

/* A genuine record came from another place: answers go there, and the device is asked whether it is
 * there indeed. */
static void server_follow(struct sim *s, uint32_t device, uint32_t place)
{
	struct server_side *side = &s->servers[device];
	uint8_t challenge[RRC_LEN];

	if (place <= side->place)
		return;
	side->place = place;
	side->cookie = mix_random(&s->noise) | 1;
	rrc_put(challenge, RRC_PATH_CHALLENGE, (const uint8_t *)&side->cookie);
	server_seal(s, device, RECORD_RRC, challenge, sizeof(challenge), 0);
}

static void server_checked(struct sim *s, uint32_t device, const uint8_t *text, size_t len)
{
	struct server_side *side = &s->servers[device];
	struct rrc m;

	must(s, rrc_parse(rd_of(text, len), &m) && m.type == RRC_PATH_RESPONSE,
	     "devices answer checks and ask for none");
	if (memcmp(m.cookie, &side->cookie, sizeof(side->cookie)) != 0)
		return; /* of a place that it has left */
	side->cookie = 0;
	s->proved++;
}

/* false: it is no record of the session. */
static bool server_record(struct sim *s, uint32_t device, uint32_t place, const struct record *rec)
{
	struct server_side *side = &s->servers[device];
	uint8_t text[PROTECT_RECORD_MAX];
	struct protect_content c;
	struct coap_msg m;

	if (!side->live || protect_open(&side->session, rec, text, &c) != STATUS_OK)
		return false;
	protect_mark(&side->session, &c);
	server_follow(s, device, place);
	if (c.type == RECORD_ALERT)
		side->live = false;
	else if (c.type == RECORD_RRC)
		server_checked(s, device, text, c.len);
	else if (c.type == RECORD_HANDSHAKE &&
		 handshake_remnant_input(&side->remnant, s->now, text, c.len) == REMNANT_REPEAT)
		server_repeat(s, device);
	else if (c.type == RECORD_APPDATA &&
		 (s->now >= s->slams_ns || mix_chance(&s->noise, s->sc->forget)))
		server_alert(s, device);
	else if (c.type == RECORD_APPDATA &&
		 coap_msg_parse(rd_of(text, c.len), &m) == COAP_PARSE_OK)
		server_request(s, device, &m);
	return true;
}

static void find_psk(void *arg, struct handshake_job *job)
{
	struct sim *s = arg;

	job->failed = mix_chance(&s->noise, s->sc->turn_away);
	memset(job->psk, 7, 16);
	job->psk_len = 16;
}

/* The handshake's, which is gone soon. */
static void keep_cid(struct rd *cid, uint8_t *bytes)
{
	const size_t len = rd_len(cid);

	if (len > 0)
		memcpy(bytes, cid->p, len);
	*cid = rd_of(bytes, len);
}

static bool issue_cid(void *arg, uint8_t core, uint8_t *out)
{
	struct sim *s = arg;

	(void)core;
	for (unsigned i = 0; i < CID_LEN; i++)
		out[i] = (uint8_t)mix_random(&s->noise);
	return true;
}

static void server_drain(struct sim *s, uint32_t device)
{
	const struct job_lookup lookup = { .find = find_psk, .arg = s };
	struct server_side *side = &s->servers[device];
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	struct handshake_event e;
	struct handshake_job *job;
	size_t len;

	while ((job = handshake_job(side->h)) != NULL) {
		job_run(job, &lookup);
		handshake_job_done(side->h, s->now);
	}
	while (handshake_output(side->h, out, &len))
		link_carry(s, false, device, out, len, 0);
	handshake_event(side->h, &e);
	if (e.kind == HANDSHAKE_NONE)
		return;
	if (e.kind == HANDSHAKE_INSTALL) {
		side->live = true;
		side->session = event_protect(s->aead, false, &e);
		keep_cid(&side->session.rx_cid, side->own_cid);
		keep_cid(&side->session.tx_cid, side->peer_cid);
		handshake_remnant(side->h, &side->remnant);
		if (s->now >= s->slams_ns)
			server_alert(s, device);
	}
	handshake_free(side->h);
	side->h = NULL;
}

static void server_hello(struct sim *s, uint32_t device, const uint8_t *bytes, size_t len)
{
	struct server_side *side = &s->servers[device];
	struct flow flow = flow_of(device);
	struct gate_item item = { .flow = &flow, .datagram = rd_of(bytes, len) };

	gate_burst(s->gate, &s->secrets, s->now, &item, 1);
	if (item.reply_len > 0)
		link_carry(s, false, device, item.reply, item.reply_len, 0);
	if (item.status != STATUS_OK)
		return;
	if (side->h == NULL || !handshake_hello_matches(side->h, bytes, len)) {
		handshake_free(side->h);
		side->h = handshake_new(&s->server_config, HANDSHAKE_SERVER, s->now);
	}
	if (side->h == NULL)
		abort();
	(void)handshake_input(side->h, s->now, bytes, len);
	server_drain(s, device);
}

static void server_datagram(struct sim *s, const struct event *e)
{
	struct server_side *side = &s->servers[e->device];
	struct rd left = rd_of(e->bytes, e->len);
	struct record rec;
	bool mine = false;

	if (e->len > RECORD_HEADER_LEN && e->bytes[0] == RECORD_HANDSHAKE && e->bytes[4] == 0 &&
	    e->bytes[RECORD_HEADER_LEN] == HS_CLIENT_HELLO) {
		server_hello(s, e->device, e->bytes, e->len);
		return;
	}
	while (rd_len(&left) > 0)
		if (record_next_cid(&left, s->policy.cid_len, &rec) == STATUS_OK && rec.epoch == 1)
			mine |= server_record(s, e->device, e->place, &rec);
	if (!mine && side->h != NULL) {
		(void)handshake_input(side->h, s->now, e->bytes, e->len);
		server_drain(s, e->device);
	}
}

static void server_turn(struct sim *s)
{
	struct event e;

	while (event_take(s, true, &e))
		server_datagram(s, &e);
	for (uint32_t i = 0; i < DEVICES; i++) {
		struct server_side *side = &s->servers[i];

		if (side->h == NULL || handshake_deadline(side->h) > s->now)
			continue;
		handshake_timeout(side->h, s->now);
		server_drain(s, i);
	}
}

/* The fleet */

static void credential(void *arg, uint32_t device, struct identity_credential *out)
{
	(void)arg;
	out->identity_len =
		(uint8_t)snprintf((char *)out->identity, sizeof(out->identity), "dev%u", device);
	memset(out->psk, 7, 16);
	out->psk_len = 16;
}

static void set_options(struct sim *s)
{
	const struct scenario *sc = s->sc;

	s->opt = (struct load_options){
		.devices = DEVICES,
		.policy = { .suites = { suite_by_id(sc->suite) }, .n_suites = 1 },
		.rate = sc->rate,
		.inflight = 2000,
		.window = 40,
		.payload_min = 0,
		.payload_max = 200,
		.con_share = sc->con,
		.path = "s/load",
		.retransmit = LOAD_RETRANSMIT_COAP,
		.answer_timeout_ns = 93 * SECOND,
		.handshakes_at_once = AT_ONCE,
		.churn_share = sc->churn,
		.migrate_share = sc->migrate,
		.storm = sc->storm ? STORM : 0,
		.storm_at_ns = SECOND / 2,
		.loss = sc->loss,
		.hostile = sc->hostile,
		.duplicate = sc->duplicate,
		.seed = s->seed,
		.burst = 32,
	};
}

static void sim_begin(struct sim *s, const struct scenario *sc, uint64_t seed)
{
	uint8_t key[32] = { 42 };
	char err[256];

	memset(s, 0, sizeof(*s));
	s->port.ops = &port_ops;
	s->sc = sc;
	s->seed = seed;
	s->noise = seed ^ 0x5eed;
	s->now = 1000 * SECOND;
	s->slams_ns = UINT64_MAX;
	s->events = calloc(EVENTS_MAX, sizeof(*s->events));
	s->aead = aead_new(AEAD_ENGINE_AUTO);
	s->gate = gate_new(NULL);
	set_options(s);
	hmac_key_init(&s->secrets.keys[0], key);
	hmac_key_init(&s->secrets.keys[1], key);
	if (sc->migrate > 0)
		s->opt.policy.cid = s->opt.policy.rrc = true;
	s->opt.policy.cid_len = s->opt.policy.cid ? (uint8_t)(seed % (LOAD_CID_MAX + 1)) : 0;
	s->policy = s->opt.policy;
	s->policy.cid_len = s->policy.cid ? CID_LEN : 0;
	s->server_config = (struct handshake_config){ .policy = &s->policy,
						      .aead = s->aead,
						      .cid_issue = issue_cid,
						      .cid_arg = s,
						      .timeout_ns = SECOND,
						      .timeout_max_ns = 60 * SECOND,
						      .give_up_ns = 30 * SECOND,
						      .mtu = 1200 };
	handshake_config_system(&s->server_config);
	const struct generator_config cfg = { .opt = &s->opt,
					      .port = &s->port,
					      .share = { 0, DEVICES },
					      .n = 1,
					      .aead = s->aead,
					      .credential = credential,
					      .now_ns = s->now,
					      .late_ns = 20 * MS_NS };

	if (s->events == NULL || s->aead == NULL || s->gate == NULL ||
	    !generator_init(&s->generator, &cfg, err, sizeof(err)))
		abort();
}

static void sim_end(struct sim *s)
{
	generator_free(&s->generator);
	must(s, s->n_buffers == 0, "buffers were not given back");
	for (uint32_t i = 0; i < DEVICES; i++)
		handshake_free(s->servers[i].h);
	gate_free(s->gate);
	aead_free(s->aead);
	free(s->events);
}

static void task(struct sim *s, const struct generator_order *order, uint64_t limit_ns)
{
	uint64_t limit = s->now + limit_ns, stall_at = s->now + limit_ns;
	struct load_buffer *bufs[LOAD_BURST_MAX];

	if (order->task == GENERATOR_LOAD && s->sc->stall_ns > 0)
		stall_at = (order->measure_ns + order->end_ns) / 2;
	generator_begin(&s->generator, order);
	while (s->broken == NULL && !s->generator.done) {
		unsigned n;

		s->now += STEP_NS;
		server_turn(s);
		if (s->now >= stall_at) {
			stall_at = UINT64_MAX;
			s->now += s->sc->stall_ns;
		}
		n = load_port_recv(&s->port, bufs, s->opt.burst);
		generator_turn(&s->generator, s->now, bufs, n);
		if (s->generator.connect.n_under_way > s->peak)
			s->peak = s->generator.connect.n_under_way;
		must(s, s->now < limit, "the task does not end");
	}
}

static void check_load(struct sim *s, const struct generator_order *order)
{
	const struct scenario *sc = s->sc;
	struct load_counts all, m;
	double seconds = (double)(order->end_ns - order->measure_ns) / 1e9;

	generator_total(&s->generator, &all);
	generator_measured(&s->generator, &m);
	must(s, all.scheduled == all.sent + all.missed, "due = sent + missed");
	must(s, all.sent == all.answered + all.refused + all.lost, "sent = ended");
	must(s,
	     sc->rate == 0 || (m.scheduled >= (uint64_t)(sc->rate * seconds) - 1 &&
			       m.scheduled <= (uint64_t)(sc->rate * seconds) + 1),
	     "the rate was not the rate");
	must(s, m.answered > 0, "nothing was answered");
	must(s, all.lost - all.lost_non == 0, "a CON was lost");
	must(s, (sc->refuse > 0) == (all.refused > 0), "refusals are told");
	must(s, all.unmatched == 0 && all.malformed == 0, "something came that answers nothing");
	must(s, s->requests >= all.answered + all.refused, "answers to what never arrived");
	must(s, all.missed == 0 || sc->no_buffer > 0, "requests were missed");
	/* Far less than the answer's time: what could not be sent at once was sent soon. */
	must(s, sc->no_buffer <= 0 || s->now < order->end_ns + 30 * SECOND, "requests were held");
	must(s, (sc->forget > 0) == (all.sessions_lost > 0), "lost sessions are told");
	must(s, (sc->hostile > 0) == (all.hostile > 0), "hostile datagrams were sent");
	must(s, (sc->migrate > 0) == (all.moves > 0), "moves are told");
	must(s, (sc->migrate > 0) == (all.challenges > 0), "checks are answered");
	must(s, (all.challenges > 0) == (s->proved > 0), "and that is right");
	must(s, sc->loss > 0 || all.retransmitted == 0, "retransmissions without a loss");
	must(s, s->generator.latency.count == m.answered, "a latency for every answer");
	must(s, histogram_quantile(&s->generator.latency, 1e-9) >= 2 * sc->delay_ns,
	     "faster than the link");
	/* Coordinated omission: those due in the stall waited, and it shows. */
	must(s, histogram_quantile(&s->generator.latency, 1) >= sc->stall_ns, "a stall is hidden");
	must(s, verdict_schedule_held(&m) == (sc->stall_ns == 0 && sc->no_buffer <= 0),
	     "the schedule's verdict");
}

static void check_storm(struct sim *s)
{
	const struct storm_result *r = &s->generator.storm.result;
	struct load_counts m;
	uint64_t due = 0, answered = 0, latencies = 0;

	generator_measured(&s->generator, &m);
	for (int phase = 0; phase < STORM_PHASES; phase++) {
		due += r->requests[phase].due;
		answered += r->requests[phase].answered;
		latencies += r->requests[phase].latency.count;
		/* A handshake that is given up outlasts the load. */
		must(s, r->requests[phase].due > 0 || (phase == STORM_AFTER && s->sc->loss > 0),
		     "a phase without requests");
	}
	must(s, due == m.scheduled && answered == m.answered && latencies == answered,
	     "phases add up to the measured time");
	must(s, r->devices == STORM && r->served == STORM, "all of the storm are served");
	must(s, r->time.count == STORM && r->time.max >= 4 * s->sc->delay_ns, "when they were");
	must(s, (s->sc->turn_away > 0) == (r->again > 0), "handshakes begun anew are told");
	must(s, (s->sc->loss > 0) == (r->repeats > 0), "flights sent again are told");
}

static void sim_run(struct sim *s)
{
	struct generator_order order = { .task = GENERATOR_ESTABLISH };

	task(s, &order, 300 * SECOND);
	must(s, s->generator.devices.n_live == DEVICES, "every device has a session");
	must(s, (s->sc->turn_away > 0) == (generator_other(&s->generator)->handshakes_failed > 0),
	     "failed handshakes are told");
	order = (struct generator_order){
		.task = GENERATOR_LOAD,
		.rate = s->sc->rate,
		.start_ns = s->now + SECOND / 100,
		.ramp_ns = s->sc->rate > 0 ? SECOND : 0,
		.retransmit = true,
		.answer_timeout_ns = s->opt.answer_timeout_ns,
	};
	order.measure_ns = order.start_ns + SECOND + SECOND / 2;
	order.end_ns = order.measure_ns + 2 * SECOND;
	if (s->sc->slams)
		s->slams_ns = order.end_ns - SECOND / 5;
	must(s, s->peak <= AT_ONCE, "more handshakes than may be under way");
	task(s, &order, 300 * SECOND);
	if (s->broken == NULL && !s->sc->slams)
		check_load(s, &order);
	if (s->broken == NULL && s->sc->storm)
		check_storm(s);
	must(s, !s->sc->storm || s->peak >= STORM - 1, "a storm that is none");
	s->dead = s->sc->dies;
	order = (struct generator_order){ .task = GENERATOR_CLOSE };
	task(s, &order, 60 * SECOND);
	must(s, s->sc->dies || s->generator.devices.n_live == 0, "every device has left");
}

static const struct scenario scenarios[] = {
	{ .name = "a good link, CON", .con = 1, .rate = 500 },
	{ .name = "CON and NON, CCM_8",
	  .con = 0.5,
	  .rate = 500,
	  .suite = TLS_PSK_WITH_AES_128_CCM_8 },
	{ .name = "ChaCha20",
	  .con = 1,
	  .rate = 200,
	  .suite = TLS_PSK_WITH_CHACHA20_POLY1305_SHA256 },
	{ .name = "separate answers", .con = 0.8, .rate = 300, .separate = 0.5 },
	{ .name = "refusals", .con = 1, .rate = 300, .refuse = 0.1 },
	{ .name = "as many as are answered", .con = 1 },
	{ .name = "loss", .con = 1, .rate = 100, .loss = 0.03, .jitter_ns = 30 * MS_NS },
	{ .name = "duplicates out of order",
	  .con = 0.7,
	  .rate = 300,
	  .duplicate = 0.3,
	  .jitter_ns = 50 * MS_NS },
	{ .name = "devices that move", .con = 1, .rate = 300, .migrate = 0.5 },
	{ .name = "devices that move, losses and churn",
	  .con = 1,
	  .rate = 100,
	  .migrate = 1,
	  .churn = 0.2,
	  .loss = 0.03,
	  .duplicate = 0.1,
	  .jitter_ns = 20 * MS_NS },
	{ .name = "churn", .con = 1, .rate = 200, .churn = 0.3 },
	{ .name = "churn and loss", .con = 1, .rate = 100, .churn = 0.2, .loss = 0.03 },
	{ .name = "sessions that the server ends",
	  .con = 1,
	  .rate = 200,
	  .forget = 0.03,
	  .loss = 0.0001 },
	{ .name = "handshakes that the server turns away",
	  .con = 1,
	  .rate = 200,
	  .turn_away = 0.3 },
	{ .name = "a storm", .con = 0.8, .rate = 500, .storm = true },
	{ .name = "a storm, turned away, and losses",
	  .con = 1,
	  .rate = 200,
	  .storm = true,
	  .turn_away = 0.3,
	  .loss = 0.03 },
	{ .name = "a port without buffers at times",
	  .con = 1,
	  .rate = 200,
	  .churn = 0.3,
	  .no_buffer = 0.2 },
	{ .name = "hostile datagrams", .con = 1, .rate = 400, .hostile = 0.5 },
	{ .name = "a server that ends every session", .con = 0.7, .rate = 100, .slams = true },
	{ .name = "a port that dies", .con = 1, .rate = 200, .dies = true },
	{ .name = "a generator that stalls", .con = 1, .rate = 400, .stall_ns = 300 * MS_NS },
};

static bool run_seed(const struct scenario *which, uint64_t seed)
{
	static struct sim s;
	struct scenario sc = *which;

	sc.delay_ns = (sc.slams ? 50 : 2) * MS_NS;
	sc.suite = sc.suite != 0 ? sc.suite : TLS_PSK_WITH_AES_128_GCM_SHA256;
	sim_begin(&s, &sc, seed);
	sim_run(&s);
	sim_end(&s);
	if (s.broken != NULL)
		printf("# %s, seed %" PRIu64 ": not: %s\n", sc.name, seed, s.broken);
	return s.broken == NULL;
}

int main(int argc, char **argv)
{
	const unsigned n = sizeof(scenarios) / sizeof(scenarios[0]);
	bool one = argc == 3 && strcmp(argv[1], "--seed") == 0, good = true;
	uint64_t first = one ? strtoull(argv[2], NULL, 10) : 1, last = one ? first : SEEDS;

	printf("1..%u\n", n);
	for (unsigned i = 0; i < n; i++) {
		bool ok = true;

		for (uint64_t seed = first; seed <= last; seed++)
			ok &= run_seed(&scenarios[i], seed);
		printf("%sok %u - %s\n", ok ? "" : "not ", i + 1, scenarios[i].name);
		good &= ok;
	}
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
