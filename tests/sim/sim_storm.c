/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Storms: a fleet comes back at once to a real handshake core in virtual time (storm_world.h),
 * while sources that wish it ill take what they can. Both speak DTLS 1.2 and 1.3.
 *
 *   sim_storm              seeds 1 to SLUICE_STORM_SEEDS (100), and a large fleet (TAP)
 *   sim_storm --seed N     one seed, and what became of it
 *
 * A seed decides everything but keys. What holds after each: every honest device is served in
 * bounded time; sessions that were there live on; who was found to resume is not sent away for
 * somebody new; no source gets more bytes than it may; and afterwards no slot, pending flow,
 * question, identity or buffer is missing.
 */
#include "job.h"
#include "storm_world.h"

#include "eal_fixture.h"

#include <inttypes.h>

#include <urcu/urcu-qsbr.h>

enum {
	DEVICES_MAX = 2048,
	SOURCES = 16,
	STAYS = 4, /* of the devices: they keep their sessions through the storm */
	SEEDS = 100,
	ATTEMPT_S = 15,
	SERVED_S = 120, /* the bound for every device */
	ATTACK_S = 6,   /* of those who take more than there is */
	QUIET_S = 400,  /* give_up and linger of the core are over */
	REPLIES_PER_HELLO = 8,
	REPLY_MAX = 400,
};

/* Who begins handshakes to no good end. */
enum malice {
	ABANDONS,   /* proves its address and is not heard of again */
	SUPERSEDES, /* the same on one port, again and again, with new randoms */
	MADE_UP,    /* offers tickets that nobody issued */
	THIEF,      /* offers a ticket that it has overheard, from many networks */
	ASKER,      /* goes on to a key exchange with names that nobody knows */
	MALICES
};

struct device {
	struct handshake *h;
	struct flow flow;
	struct handshake_session session;
	uint8_t ticket[HANDSHAKE_TICKET_MAX];
	uint64_t begin_ns, began_ns; /* the next attempt; the storm's first */
	uint64_t done_ns, served_ns; /* it has its keys; so has the store. 0: not so far */
	unsigned attempts;           /* in the storm */
	unsigned serial;             /* of the attempt: a port of its own for each */
	bool v13, resumes, resumed;
	/* 1.3: its session, on which tickets come, and what they stand on */
	bool listens;
	struct protect protect;
	struct handshake_session base;
};

/* Where an attack comes from. */
struct source {
	enum malice malice;
	bool v13;
	struct handshake *asker;
	struct flow flow;
	uint64_t next_ns, every_ns;
	size_t in, out;  /* bytes */
	unsigned proved; /* hellos with a good cookie */
	unsigned serial;
};

struct storm {
	struct storm_world w;
	struct hello_policy policies[2]; /* of clients, of 1.2 and of 1.3 */
	struct handshake_config clients[2];
	unsigned n_devices, n_sources, n_served;
	bool nat;   /* all devices stand behind one address */
	bool tight; /* slots are too few for all who are admitted */
	bool thieves, by_id;
	struct device devices[DEVICES_MAX];
	struct source sources[SOURCES];
};

/* Over all seeds: how long devices waited. */
struct waited {
	uint64_t full_ns, resumed_ns;
	unsigned n_full, n_resumed;
	unsigned n_full13, n_resumed13; /* of these in DTLS 1.3 */
};

/* Addresses: the kind, network and host; a device is found by its number in them. */
static struct flow flow_at(uint8_t kind, unsigned i, uint16_t port)
{
	struct flow f = { .local_port = 5684, .remote_port = port };

	f.remote_ip[10] = f.remote_ip[11] = 0xff;
	f.remote_ip[12] = kind;
	f.remote_ip[13] = (uint8_t)(i >> 8);
	f.remote_ip[14] = (uint8_t)i;
	f.remote_ip[15] = 1;
	return f;
}

enum { HONEST = 10, HOSTILE = 20, PORTS = 16, FIRST_PORT = 1024 };

static struct device *device_of(struct storm *s, const struct flow *f)
{
	unsigned i = s->nat ? (unsigned)(f->remote_port - FIRST_PORT) / PORTS
			    : (unsigned)f->remote_ip[13] << 8 | f->remote_ip[14];

	return f->remote_ip[12] == HONEST && i < s->n_devices ? &s->devices[i] : NULL;
}

/* A thief's networks are many; all else of a source is one's. */
static struct source *source_of(struct storm *s, const struct flow *f)
{
	return f->remote_ip[12] == HOSTILE ? &s->sources[f->remote_ip[13] % SOURCES] : NULL;
}

/* Clients */

static bool client_new(struct storm *s, struct handshake **h, unsigned id, bool v13)
{
	uint8_t key[16];
	char name[16];

	storm_key(id, name, key);
	*h = handshake_new(&s->clients[v13], HANDSHAKE_CLIENT, s->w.now);
	return *h != NULL &&
	       handshake_client_credential(*h, (const uint8_t *)name, strlen(name), key, 16);
}

static void client_jobs(const struct storm *s, struct handshake *h)
{
	struct handshake_job *job;

	while ((job = handshake_job(h)) != NULL) {
		job_run(job, NULL);
		handshake_job_done(h, s->w.now);
	}
}

/* Its jobs, its datagrams, its end. */
static enum handshake_event_kind client_drain(struct storm *s, struct handshake *h,
					      const struct flow *flow,
					      struct handshake_event *event)
{
	uint8_t datagram[HANDSHAKE_DATAGRAM_MAX];
	size_t len;

	client_jobs(s, h);
	while (handshake_output(h, datagram, &len))
		storm_carry(&s->w, flow, true, datagram, len);
	handshake_event(h, event);
	return event->kind;
}

/* Devices */

static void device_over(struct device *d)
{
	handshake_free(d->h);
	d->h = NULL;
}

static void session_keep(struct device *d, const struct handshake_session *session)
{
	d->session = *session;
	if (session->ticket_len > 0)
		d->session.ticket = memcpy(d->ticket, session->ticket, session->ticket_len);
}

/* Tickets, which it keeps and acknowledges. */
static void device_listen(struct storm *s, struct device *d, const uint8_t *bytes, size_t len)
{
	uint8_t plaintext[PROTECT_RECORD_MAX], ack[HANDSHAKE_DATAGRAM_MAX];
	struct rd datagram = rd_of(bytes, len);
	struct handshake_session session;
	struct protect_content c;

	while (storm_session_next(&d->protect, &datagram, plaintext, &c, NULL, NULL)) {
		if (c.type != RECORD_HANDSHAKE ||
		    !handshake_ticket(&d->base, s->w.now, plaintext, c.len, &session))
			continue;
		session_keep(d, &session);
		storm_carry(&s->w, &d->flow, true, ack, storm_session_ack(&d->protect, &c, ack));
	}
}

/* The end of its handshake. Who resumes is the first to be done, and his last flight may be lost:
 * he hears nothing then, and comes back. */
static void device_done(struct storm *s, struct device *d, const struct handshake_event *event)
{
	struct handshake_session session;

	d->done_ns = s->w.now;
	d->begin_ns = s->w.now + 2 * STORM_S;
	d->resumed = event->resumed;
	if (handshake_session(d->h, &session))
		session_keep(d, &session);
	d->listens = handshake_resumption(d->h, &d->base);
	d->protect = event_protect(s->w.aead, true, event);
	for (size_t i = 0; d->listens && i < event->n_held; i++)
		device_listen(s, d, event->held[i].bytes, event->held[i].len);
	device_over(d);
}

static bool lives(struct storm *s, const struct flow *flow)
{
	struct flow_hash hash;
	struct table_hit hit;

	flow_hash_burst(&s->w.store->hash_key, &flow, &hash, 1);
	return table_lookup_burst(s->w.store->flows, &hash, &hit, 1) == 1 &&
	       store_live(s->w.store, hit.ref);
}

static void device_drain(struct storm *s, struct device *d)
{
	struct handshake_event event;

	switch (client_drain(s, d->h, &d->flow, &event)) {
	case HANDSHAKE_NONE:
		break;
	case HANDSHAKE_INSTALL:
		device_done(s, d, &event);
		break;
	case HANDSHAKE_FAILED:
		device_over(d);
		d->begin_ns = s->w.now + STORM_S / 2 + mix_below(&s->w.noise, 1000) * STORM_MS;
		break;
	}
}

static void device_begin(struct storm *s, struct device *d)
{
	unsigned i = (unsigned)(d - s->devices);
	uint16_t port = (uint16_t)(FIRST_PORT + PORTS * i + d->serial++ % PORTS);

	d->attempts++;
	d->done_ns = 0;
	d->listens = false;
	d->flow = flow_at(HONEST, s->nat ? 0 : i, port);
	storm_must(&s->w, client_new(s, &d->h, i, d->v13), "no memory");
	storm_must(&s->w, !d->resumes || handshake_client_resume(d->h, &d->session),
		   "a session that cannot be offered");
}

static void devices_step(struct storm *s)
{
	for (unsigned i = 0; i < s->n_devices; i++) {
		struct device *d = &s->devices[i];

		if (d->served_ns != 0)
			continue;
		if (d->done_ns != 0 && lives(s, &d->flow)) {
			d->served_ns = d->done_ns;
			s->n_served++;
			continue;
		}
		if (d->h == NULL && d->begin_ns <= s->w.now)
			device_begin(s, d);
		if (d->h != NULL && handshake_deadline(d->h) <= s->w.now) {
			handshake_timeout(d->h, s->w.now);
			device_drain(s, d);
		}
	}
}

/* Sources */

static void source_offer(struct storm *s, const struct source *a, struct handshake *h)
{
	struct handshake_session made_up = s->devices[0].session;
	uint8_t ticket[HANDSHAKE_TICKET_MAX];

	if (a->malice == MADE_UP && made_up.ticket_len > 0) {
		for (unsigned i = 0; i < made_up.ticket_len; i++)
			ticket[i] = (uint8_t)mix_random(&s->w.noise);
		made_up.ticket = ticket;
	}
	if (a->malice == MADE_UP && !a->v13)
		memset(made_up.id, 0xee, sizeof(made_up.id));
	if (a->malice == MADE_UP || a->malice == THIEF)
		storm_must(&s->w, handshake_client_resume(h, &made_up), "an offer that is none");
}

/* The hello with a cookie, which its first one got: an attacker hears what comes to his address. */
static void source_hello(struct storm *s, struct source *a)
{
	uint8_t hello[HANDSHAKE_DATAGRAM_MAX];
	struct gate_item item = { .flow = &a->flow };
	struct handshake *h;
	size_t len;

	storm_must(&s->w, client_new(s, &h, s->w.setup.n_known + a->serial, a->v13), "no memory");
	source_offer(s, a, h);
	handshake_timeout(h, s->w.now);
	client_jobs(s, h);
	if (handshake_output(h, hello, &len)) {
		item.datagram = rd_of(hello, len);
		gate_burst(s->w.gate, &s->w.secrets, s->w.now, &item, 1);
		storm_must(&s->w, item.reply_len <= len, "a cookie longer than the hello");
		(void)handshake_input(h, s->w.now, item.reply, item.reply_len);
		client_jobs(s, h);
		if (handshake_output(h, hello, &len))
			storm_carry(&s->w, &a->flow, true, hello, len);
	}
	if (a->malice == ASKER) {
		handshake_free(a->asker);
		a->asker = h;
	} else {
		handshake_free(h);
	}
}

static void sources_step(struct storm *s)
{
	for (unsigned i = 0; i < s->n_sources; i++) {
		struct source *a = &s->sources[i];
		uint16_t port = (uint16_t)(FIRST_PORT + a->serial % 60000);

		if (a->next_ns > s->w.now)
			continue;
		a->next_ns = s->w.now + a->every_ns;
		a->serial++;
		a->flow = flow_at(HOSTILE, i << 8, a->malice == SUPERSEDES ? 4000 : port);
		if (a->malice == THIEF)
			a->flow.remote_ip[14] = (uint8_t)a->serial;
		source_hello(s, a);
	}
}

/* What the world tells */

static void on_sent(void *arg, const struct flow *flow, size_t len, bool proved)
{
	struct source *a = source_of(arg, flow);

	if (a == NULL)
		return;
	a->in += len;
	a->proved += proved;
}

static void on_hear(void *arg, const struct flow *flow, const uint8_t *bytes, size_t len)
{
	struct storm *s = arg;
	struct device *d = device_of(s, flow);
	struct source *a = source_of(s, flow);
	struct handshake_event event;

	if (a != NULL) {
		a->out += len;
		storm_must(&s->w,
			   a->out <= a->in + (size_t)a->proved * REPLIES_PER_HELLO * REPLY_MAX,
			   "a source gets more than it may");
		if (a->asker != NULL && memcmp(flow, &a->flow, sizeof(*flow)) == 0 &&
		    handshake_input(a->asker, s->w.now, bytes, len) == STATUS_OK)
			(void)client_drain(s, a->asker, &a->flow, &event);
	}
	if (d == NULL || memcmp(&d->flow, flow, sizeof(*flow)) != 0)
		return;
	if (d->h == NULL && d->listens)
		device_listen(s, d, bytes, len);
	if (d->h == NULL)
		return;
	(void)handshake_input(d->h, s->w.now, bytes, len);
	device_drain(s, d);
}

/* Scenario */

static uint32_t between(struct storm *s, uint32_t least, uint32_t most)
{
	return least + mix_below(&s->w.noise, most - least + 1);
}

/* Slots for whom the rates admit while a handshake takes its time, when all of them are left where
 * they are: with fewer, the eldest go before they can be done (docs/decisions/admission.md). */
static uint32_t slots_for(const struct storm *s)
{
	uint64_t takes_ms = 150 + s->w.setup.answer_ns / STORM_MS, admitted = 0;

	for (unsigned i = 0; i < s->n_sources; i++) {
		uint64_t asked = STORM_S / s->sources[i].every_ns;
		bool bounded = s->sources[i].malice != THIEF && asked > s->w.setup.rate_network;

		admitted += bounded ? s->w.setup.rate_network : asked;
	}
	return (uint32_t)(2 * admitted * takes_ms / 1000) + s->n_devices;
}

static void sources_set(struct storm *s)
{
	s->n_sources = between(s, 0, SOURCES);
	for (unsigned i = 0; i < s->n_sources; i++) {
		struct source *a = &s->sources[i];

		a->malice = (enum malice)between(s, 0, MALICES - 1);
		a->every_ns = between(s, 10, 200) * STORM_MS;
		s->thieves |= a->malice == THIEF;
		/* What is offered is the first device's. */
		a->v13 = a->malice == MADE_UP || a->malice == THIEF ? s->devices[0].v13
								    : mix_chance(&s->w.noise, 0.3);
	}
}

static void scenario(struct storm *s, uint64_t seed)
{
	s->w.noise = seed * UINT64_C(0x9e3779b97f4a7c15);
	s->n_devices = between(s, STAYS + 4, 32);
	s->nat = mix_chance(&s->w.noise, 0.25);
	s->by_id = mix_chance(&s->w.noise, 0.3);
	s->w.setup = (struct storm_setup){
		.n_known = s->n_devices,
		.max_handshakes = between(s, 16, 64),
		.rate_address = between(s, 2, 8),
		.rate_network = between(s, 8, 16),
		.turn_ns = between(s, 1, 10) * STORM_MS,
		.answer_ns = mix_chance(&s->w.noise, 0.4) ? between(s, 1, 600) * STORM_MS : 0,
		.loss = mix_chance(&s->w.noise, 0.5) ? 0 : 0.1 * mix_below(&s->w.noise, 2),
	};
	/* In 1.3 there are no ids. */
	for (unsigned i = 0; !s->by_id && i < s->n_devices; i++)
		s->devices[i].v13 = mix_chance(&s->w.noise, 0.5);
	sources_set(s);
	if (s->w.setup.max_handshakes < slots_for(s))
		s->w.setup.max_handshakes = slots_for(s);
	for (unsigned i = 0; i < s->n_devices; i++)
		s->devices[i].resumes = mix_chance(&s->w.noise, 0.5);
}

/* New handshakes take all slots faster than one is done; those that resume are fewer than half of
 * the slots, and nothing else is in their way. */
static void scenario_tight(struct storm *s)
{
	unsigned n_resume;

	s->tight = true;
	s->thieves = false;
	s->w.setup.max_handshakes = between(s, 16, 24);
	s->w.setup.answer_ns = 0;
	s->w.setup.loss = 0;
	s->n_sources = SOURCES;
	for (unsigned i = 0; i < s->n_sources; i++)
		s->sources[i] = (struct source){ .malice = ABANDONS,
						 .every_ns = between(s, 20, 40) * STORM_MS };
	n_resume = between(s, 1, s->w.setup.max_handshakes / 2);
	for (unsigned i = 0; i < s->n_devices; i++)
		s->devices[i].resumes = i >= STAYS && i < STAYS + n_resume;
}

static void scenario_large(struct storm *s)
{
	s->w.noise = 1;
	s->n_devices = DEVICES_MAX;
	s->w.setup = (struct storm_setup){ .n_known = DEVICES_MAX,
					   .max_handshakes = 128,
					   .rate_address = 100,
					   .rate_network = 1024,
					   .turn_ns = STORM_MS };
	for (unsigned i = 0; i < s->n_devices; i++)
		s->devices[i] = (struct device){ .resumes = i % 2, .v13 = i % 4 < 2 };
}

/* Run */

static void run_until(struct storm *s, uint64_t until_ns, bool hostile)
{
	while (s->w.broken == NULL && s->w.now < until_ns && s->n_served < s->n_devices) {
		s->w.now += STORM_MS;
		if (hostile)
			sources_step(s);
		devices_step(s);
		storm_step(&s->w);
	}
}

/* The fleet gets its sessions in peace, a few at a time. */
static void gather(struct storm *s)
{
	for (unsigned i = 0; i < s->n_devices; i++)
		s->devices[i] = (struct device){ .begin_ns = s->w.now + (uint64_t)i * 20 * STORM_MS,
						 .v13 = s->devices[i].v13 };
	run_until(s, s->w.now + (SERVED_S + s->n_devices) * STORM_S, false);
	storm_must(&s->w, s->n_served == s->n_devices, "not even in peace");
}

static void storm(struct storm *s, const bool *resumes)
{
	for (unsigned i = STAYS; i < s->n_devices; i++) {
		struct device *d = &s->devices[i];

		d->resumes = resumes[i] && (d->session.ems || d->session.ticket_len > 0);
		d->began_ns = s->w.now;
		d->begin_ns =
			s->w.now + (s->tight ? STORM_S : 0) + mix_below(&s->w.noise, 50) * STORM_MS;
		d->served_ns = d->done_ns = 0;
		d->attempts = 0;
		s->n_served--;
	}
	/* With too few slots, who is new may have to wait until the attack is over. */
	run_until(s, s->w.now + (s->tight ? ATTACK_S : SERVED_S) * STORM_S, true);
	if (s->tight)
		run_until(s, s->w.now + SERVED_S * STORM_S, false);
	storm_must(&s->w, s->n_served == s->n_devices, "a device was not served in time");
}

/* Nobody says anything more: what is under way is given up, what lingers is forgotten. */
static void quiet(struct storm *s)
{
	uint64_t until = s->w.now + QUIET_S * STORM_S;

	for (unsigned i = 0; i < SOURCES; i++) {
		handshake_free(s->sources[i].asker);
		s->sources[i].asker = NULL;
	}
	for (; s->w.broken == NULL && s->w.now < until; s->w.now += STORM_S / 10)
		storm_step(&s->w);
	storm_must(&s->w, handshake_core_stats(s->w.core)->active == 0, "a slot is left");
	storm_must(&s->w, s->w.n_events == 0, "the core is not quiet");
}

static void check(struct storm *s, struct waited *waited)
{
	unsigned n_resumes = 0;

	for (unsigned i = STAYS; i < s->n_devices; i++)
		n_resumes += s->devices[i].resumes;
	for (unsigned i = 0; i < s->n_devices; i++) {
		const struct device *d = &s->devices[i];

		storm_must(&s->w, lives(s, &d->flow), "an established session is gone");
		if (i < STAYS)
			continue;
		/* Half of the slots are theirs, nobody else's ticket is found, and no question is
		 * left to somebody else. */
		if (d->resumes && s->w.setup.loss == 0 && !s->thieves &&
		    s->w.setup.answer_ns == 0 && n_resumes <= s->w.setup.max_handshakes / 2)
			storm_must(&s->w, d->resumed && d->attempts == 1,
				   "who resumes was sent away");
		if (d->served_ns == 0)
			continue;
		*(d->resumed ? &waited->resumed_ns : &waited->full_ns) +=
			d->served_ns - d->began_ns;
		*(d->resumed ? &waited->n_resumed : &waited->n_full) += 1;
		*(d->resumed ? &waited->n_resumed13 : &waited->n_full13) += d->v13;
	}
}

/* What worlds share. */
static struct storm_world shared;

/* Of each version the suite that the server has for it. */
static void clients_set(struct storm *s)
{
	for (unsigned v13 = 0; v13 < 2; v13++) {
		struct hello_policy *policy = &s->policies[v13];

		*policy = s->w.policy;
		policy->suites[0] = s->w.policy.suites[v13];
		policy->n_suites = 1;
		policy->min_version = policy->max_version = v13 ? DTLS_1_3 : DTLS_1_2;
		s->clients[v13] = (struct handshake_config){ .policy = policy,
							     .aead = s->w.aead,
							     .no_ticket = s->by_id,
							     .timeout_ns = STORM_S,
							     .timeout_max_ns = 8 * STORM_S,
							     .give_up_ns = ATTEMPT_S * STORM_S,
							     .mtu = 1400 };
		handshake_config_system(&s->clients[v13]);
	}
}

static bool run(uint64_t seed, bool large, bool tell, struct waited *waited)
{
	static bool resumes[DEVICES_MAX];
	struct storm *s = calloc(1, sizeof(*s));
	bool good;

	if (s == NULL)
		return false;
	s->w = shared;
	s->w.sent = on_sent;
	s->w.hear = on_hear;
	s->w.arg = s;
	if (large)
		scenario_large(s);
	else
		scenario(s, seed);
	if (!large && mix_chance(&s->w.noise, 0.25))
		scenario_tight(s);
	for (unsigned i = 0; i < s->n_devices; i++)
		resumes[i] = s->devices[i].resumes;
	clients_set(s);
	storm_must(&s->w, storm_world_begin(&s->w), "no memory");
	gather(s);
	storm(s, resumes);
	check(s, waited);
	quiet(s);
	for (unsigned i = 0; i < s->n_devices; i++)
		device_over(&s->devices[i]);
	if (tell || s->w.broken != NULL)
		printf("# seed %" PRIu64 ": %u devices%s, %u slots, %u sources, served %u: %s\n",
		       seed, s->n_devices, s->nat ? " behind one address" : "",
		       s->w.setup.max_handshakes, s->n_sources, s->n_served,
		       s->w.broken != NULL ? s->w.broken : "good");
	storm_world_end(&s->w);
	good = s->w.broken == NULL;
	if (!good)
		printf("# seed %" PRIu64 ": %s\n", seed, s->w.broken);
	free(s);
	return good;
}

static double mean_ms(uint64_t sum_ns, unsigned n)
{
	return n == 0 ? 0 : (double)sum_ns / n / (double)STORM_MS;
}

static unsigned n_points, n_failed;

static void point(bool ok, const char *name)
{
	n_points++;
	n_failed += !ok;
	printf("%sok %u - %s\n", ok ? "" : "not ", n_points, name);
}

static void run_all(void)
{
	const char *wanted = getenv("SLUICE_STORM_SEEDS");
	uint64_t n = wanted != NULL ? strtoull(wanted, NULL, 10) : SEEDS, bad = 0;
	struct waited waited = { 0 }, large = { 0 };

	printf("1..4\n");
	for (uint64_t seed = 1; seed <= n; seed++)
		bad += !run(seed, false, false, &waited);
	printf("# %" PRIu64
	       " seeds; %u devices waited %.0f ms to resume (%u in DTLS 1.3), %u %.0f ms for a "
	       "full handshake (%u)\n",
	       n, waited.n_resumed, mean_ms(waited.resumed_ns, waited.n_resumed),
	       waited.n_resumed13, waited.n_full, mean_ms(waited.full_ns, waited.n_full),
	       waited.n_full13);
	point(bad == 0, "storms of many kinds");
	point(mean_ms(waited.resumed_ns, waited.n_resumed) < mean_ms(waited.full_ns, waited.n_full),
	      "who resumes waits less");
	point(run(0, true, true, &large), "two thousand devices at once");
	point(large.n_resumed13 > DEVICES_MAX / 5 && large.n_full13 > DEVICES_MAX / 5 &&
		      large.n_resumed - large.n_resumed13 > DEVICES_MAX / 5,
	      "of both versions, and both kinds");
}

static bool share(void)
{
	static const unsigned n_dst[MESH_ROLES] = { 1, 1, 1 };

	shared.pool = rte_pktmbuf_pool_create("storm", STORM_MBUFS, 0, MSG_PRIV_SIZE,
					      RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	shared.aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	shared.policy = (struct hello_policy){ .min_version = DTLS_1_2,
					       .max_version = DTLS_1_3,
					       .suites = { suite_by_id(TLS_PSK_WITH_AES_128_CCM_8),
							   suite_by_id(TLS_AES_128_CCM_8_SHA256) },
					       .n_suites = 2,
					       .groups = { ECDHE_X25519 },
					       .n_groups = 1 };
	shared.gate = gate_new(&shared.policy);
	shared.events = calloc(STORM_EVENTS, sizeof(*shared.events));
	return shared.pool != NULL && shared.aead != NULL && shared.gate != NULL &&
	       shared.events != NULL && mesh_init(&shared.mesh, 2, n_dst, STORM_RING) == 0;
}

int main(int argc, char **argv)
{
	struct waited waited = { 0 };

	eal_start();
	urcu_qsbr_register_thread();
	if (!share())
		return 2;
	if (argc == 3 && strcmp(argv[1], "--seed") == 0)
		n_failed = !run(strtoull(argv[2], NULL, 10), false, true, &waited);
	else
		run_all();
	urcu_qsbr_unregister_thread();
	mesh_free(&shared.mesh);
	rte_mempool_free(shared.pool);
	aead_free(shared.aead);
	gate_free(shared.gate);
	free(shared.events);
	eal_stop();
	return n_failed != 0;
}
