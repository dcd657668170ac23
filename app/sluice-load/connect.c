/* SPDX-License-Identifier: BSD-3-Clause */
#include "connect.h"

#include "hs_msg.h"
#include "job.h"
#include "mix.h"
#include "record13.h"
#include "secret.h"

#include <stdlib.h>

#define SLOT_NONE UINT32_MAX

static bool issue_cid(void *arg, uint8_t core, uint8_t *out)
{
	const struct connect *c = arg;

	(void)core;
	device_own_cid(c->beginning, c->cfg.handshake.policy->cid_len, out);
	return true;
}

bool connect_init(struct connect *c, const struct connect_config *cfg)
{
	*c = (struct connect){
		.cfg = *cfg,
		.slots = calloc(cfg->at_once, sizeof(*c->slots)),
		.deadlines = deadlines_new(cfg->at_once),
		.waiting = calloc(cfg->devices->n, sizeof(*c->waiting)),
		.jobs = calloc(cfg->at_once, sizeof(*c->jobs)),
	};
	if (c->slots == NULL || c->deadlines == NULL || c->waiting == NULL || c->jobs == NULL ||
	    !linger_init(&c->linger) ||
	    (cfg->resume_share > 0 &&
	     !resume_init(&c->resume, cfg->devices->n, cfg->devices->v13 != NULL))) {
		connect_free(c);
		return false;
	}
	c->cfg.handshake.cid_issue = issue_cid;
	c->cfg.handshake.cid_arg = c;
	c->seed = cfg->seed;
	c->limit = cfg->at_once;
	for (uint32_t i = 0; i < cfg->at_once; i++)
		c->slots[i].next_free = i + 1 < cfg->at_once ? i + 1 : SLOT_NONE;
	return true;
}

void connect_free(struct connect *c)
{
	for (uint32_t i = 0; c->slots != NULL && i < c->cfg.at_once; i++)
		handshake_free(c->slots[i].h);
	free(c->slots);
	deadlines_free(c->deadlines);
	free(c->waiting);
	free(c->jobs);
	resume_free(&c->resume);
	linger_free(&c->linger);
	*c = (struct connect){ 0 };
}

void connect_want(struct connect *c, uint32_t device)
{
	struct devices *d = c->cfg.devices;

	if (device_state(d, device) != DEVICE_IDLE)
		return;
	device_set_state(d, device, DEVICE_QUEUED);
	c->waiting[(c->first + c->n_waiting++) % d->n] = device;
}

static uint32_t take_waiting(struct connect *c)
{
	uint32_t device = c->waiting[c->first];

	c->first = (c->first + 1) % c->cfg.devices->n;
	c->n_waiting--;
	return device;
}

void connect_forget_waiting(struct connect *c)
{
	while (c->n_waiting > 0)
		device_set_state(c->cfg.devices, take_waiting(c), DEVICE_IDLE);
}

static struct connect_slot *slot_at(struct connect *c, uint32_t i) { return &c->slots[i]; }

static uint32_t index_of(const struct connect *c, const struct connect_slot *s)
{
	return (uint32_t)(s - c->slots);
}

static void slot_free(struct connect *c, struct connect_slot *s)
{
	handshake_free(s->h);
	s->h = NULL;
	deadlines_set(c->deadlines, index_of(c, s), DEADLINE_NONE);
	s->next_free = c->free;
	c->free = index_of(c, s);
	c->n_under_way--;
}

/* Whole messages and the first fragments of others; what is encrypted is one message a record. */
static unsigned messages_in_plain(struct record *rec)
{
	struct hs_fragment f;
	unsigned n = 0;

	if (rec->type != RECORD_HANDSHAKE || rec->epoch != 0)
		return 1;
	while (rd_len(&rec->body) > 0 && hs_fragment_next(&rec->body, &f))
		n += f.off == 0;
	return n;
}

static unsigned messages_in(const uint8_t *bytes, size_t len)
{
	struct rd left = rd_of(bytes, len);
	struct record13 rec13;
	struct record rec;
	unsigned n = 0;

	while (rd_len(&left) > 0) {
		if (record13_is(*left.p))
			n += record13_next(&left, 0, &rec13) == STATUS_OK;
		else if (record_next(&left, &rec) == STATUS_OK)
			n += messages_in_plain(&rec);
	}
	return n;
}

static unsigned send_all(struct connect *c, struct connect_slot *s)
{
	uint8_t datagram[HANDSHAKE_DATAGRAM_MAX];
	unsigned n = 0;
	size_t len;

	while (handshake_output(s->h, datagram, &len)) {
		s->cost.tx_datagrams++;
		s->cost.tx_bytes += len;
		s->cost.tx_messages += messages_in(datagram, len);
		c->cfg.host.send(c->cfg.host.arg, s->device, datagram, len);
		n++;
	}
	return n;
}

static size_t suite_index(const struct suite *suite)
{
	size_t i = 0;

	while (suite_at(i) != suite)
		i++;
	return i;
}

static enum connect_mode mode_of(const struct handshake *h, const struct handshake_event *event)
{
	struct handshake_session s;
	enum connect_mode mode = CONNECT_FULL;

	if (event->resumed)
		return event->by_ticket ? CONNECT_BY_TICKET : CONNECT_BY_ID;
	if (handshake_session(h, &s))
		mode = s.ticket_len > 0 ? CONNECT_FULL_TICKET : CONNECT_FULL_ID;
	secret_wipe(&s, sizeof(s));
	return mode;
}

static void add_cost(struct connect *c, const struct connect_slot *s,
		     const struct handshake_event *event)
{
	struct connect_cost *to = &c->costs[suite_index(event->suite)][mode_of(s->h, event)];

#define CONNECT_COST_ADD(name) counter_add(&to->name, s->cost.name);
	CONNECT_COST_LIST(CONNECT_COST_ADD)
#undef CONNECT_COST_ADD
}

static void installed(struct connect *c, struct connect_slot *s, uint64_t now_ns,
		      const struct handshake_event *event)
{
	const struct connect_host *host = &c->cfg.host;
	uint32_t device = s->device;

	s->cost.n = 1;
	s->cost.mutual = event->mutual;
	s->cost.time_ns = now_ns - s->started_ns;
	counter_add(&c->cfg.counts->handshakes, 1);
	histogram_add(c->cfg.latency, s->cost.time_ns);
	counter_add(&c->cfg.counts->resumed, event->resumed);
	add_cost(c, s, event);
	resume_keep(&c->resume, device, s->h);
	rekey_begin(c->cfg.rekey, device, s->h);
	linger_keep(&c->linger, &c->cfg.devices->cold[device], device, s->h);
	device_install(c->cfg.devices, device, event);
	for (size_t i = 0; i < event->n_held; i++)
		host->early(host->arg, device, event->held[i].bytes, event->held[i].len);
	slot_free(c, s);
	/* A datagram that came early may have ended it. */
	if (device_state(c->cfg.devices, device) == DEVICE_LIVE)
		host->connected(host->arg, device);
}

static void failed(struct connect *c, struct connect_slot *s, enum status why)
{
	const struct connect_host *host = &c->cfg.host;
	uint32_t device = s->device;

	counter_add(&c->cfg.counts->handshakes_failed, 1);
	c->has_failure = true;
	c->failure = why;
	slot_free(c, s);
	device_set_state(c->cfg.devices, device, DEVICE_IDLE);
	host->failed(host->arg, device);
}

/* After every call of the handshake: its jobs wait their turn, its datagrams leave, and perhaps it
 * is over. A flight that is sent again, or that ends the handshake, is no round trip. */
static void drain(struct connect *c, struct connect_slot *s, uint64_t now_ns, bool timed_out)
{
	struct handshake_event event;
	bool sent = send_all(c, s) > 0;

	if (handshake_job(s->h) != NULL && !s->job_queued) {
		s->job_queued = true;
		c->jobs[(c->first_job + c->n_jobs++) % c->cfg.at_once] = index_of(c, s);
	}
	handshake_event(s->h, &event);
	s->cost.round_trips += sent && !timed_out && event.kind != HANDSHAKE_INSTALL;
	counter_add(&c->cfg.counts->handshake_repeats, sent && timed_out);
	if (event.kind == HANDSHAKE_INSTALL && event.tx_limit < c->cfg.longest) {
		failed(c, s, STATUS_HS_RECORD_SIZE);
	} else if (event.kind == HANDSHAKE_INSTALL && !device_takes(&event)) {
		failed(c, s, STATUS_RECORD_CID);
	} else if (event.kind == HANDSHAKE_INSTALL) {
		installed(c, s, now_ns, &event);
	} else if (event.kind == HANDSHAKE_FAILED) {
		failed(c, s, event.status);
	} else {
		deadlines_set(c->deadlines, index_of(c, s), handshake_deadline(s->h));
	}
}

static bool set_up(struct connect *c, struct connect_slot *s)
{
	const struct connect_host *host = &c->cfg.host;
	struct identity_credential credential;
	bool ok;

	if (s->h == NULL)
		return false;
	host->credential(host->arg, s->device, &credential);
	ok = credential.psk_len == 0 ||
	     handshake_client_credential(s->h, credential.identity, credential.identity_len,
					 credential.psk, credential.psk_len);
	secret_wipe(&credential, sizeof(credential));
	return ok;
}

static void begin(struct connect *c, uint64_t now_ns)
{
	uint32_t i = c->free, device = take_waiting(c);
	struct connect_slot *s = slot_at(c, i);

	c->free = s->next_free;
	c->n_under_way++;
	s->device = device;
	s->started_ns = now_ns;
	s->cost = (struct connect_cost){ 0 };
	c->beginning = device;
	s->h = handshake_new(&c->cfg.handshake, HANDSHAKE_CLIENT, now_ns);
	device_set_state(c->cfg.devices, device, DEVICE_CONNECTING);
	c->cfg.devices->cold[device].connect = i;
	if (!set_up(c, s)) {
		failed(c, s, STATUS_HS_INTERNAL);
		return;
	}
	if (mix_chance(&c->seed, c->cfg.resume_share))
		(void)!resume_offer(&c->resume, device, s->h);
	handshake_timeout(s->h, now_ns);
	drain(c, s, now_ns, false);
}

static bool begin_some(struct connect *c, uint64_t now_ns, unsigned most)
{
	unsigned n = 0;

	while (n < most && c->n_waiting > 0 && c->n_under_way < c->limit &&
	       (c->cfg.rate <= 0 || c->next_ns <= now_ns)) {
		begin(c, now_ns);
		n++;
		if (c->cfg.rate > 0) {
			/* What was not begun in time is not made up for. */
			if (c->next_ns + 1000000000 < now_ns)
				c->next_ns = now_ns;
			c->next_ns += (uint64_t)(1e9 / c->cfg.rate);
		}
	}
	return n > 0;
}

void connect_input(struct connect *c, uint64_t now_ns, uint32_t device, const uint8_t *bytes,
		   size_t len)
{
	struct connect_slot *s;

	if (device_state(c->cfg.devices, device) != DEVICE_CONNECTING)
		return; /* an answer to a session that is gone */
	s = slot_at(c, c->cfg.devices->cold[device].connect);
	s->cost.rx_datagrams++;
	s->cost.rx_bytes += len;
	s->cost.rx_messages += messages_in(bytes, len);
	(void)handshake_input(s->h, now_ns, bytes, len);
	drain(c, s, now_ns, false);
}

static unsigned weight(enum handshake_job_kind kind)
{
	return kind == JOB_PRF ? 1 : CONNECT_PUBLIC_KEY;
}

static bool run_jobs(struct connect *c, uint64_t now_ns, unsigned most)
{
	const struct job_lookup lookup = load_certs_lookup(c->cfg.certs);
	bool worked = c->n_jobs > 0;
	unsigned n = 0;

	while (n < most && c->n_jobs > 0) {
		struct connect_slot *s = slot_at(c, c->jobs[c->first_job]);
		struct handshake_job *job;

		c->first_job = (c->first_job + 1) % c->cfg.at_once;
		c->n_jobs--;
		s->job_queued = false;
		job = s->h != NULL ? handshake_job(s->h) : NULL;
		if (job == NULL)
			continue; /* it ended while its job waited */
		n += weight(job->kind);
		job_run(job, &lookup);
		handshake_job_done(s->h, now_ns);
		drain(c, s, now_ns, false);
	}
	return worked;
}

bool connect_turn(struct connect *c, uint64_t now_ns, unsigned most)
{
	bool worked = begin_some(c, now_ns, most);
	unsigned n = 0;
	uint32_t i;

	worked |= run_jobs(c, now_ns, most);
	for (; n < most && deadlines_due(c->deadlines, now_ns, &i); n++) {
		struct connect_slot *s = slot_at(c, i);

		handshake_timeout(s->h, now_ns);
		drain(c, s, now_ns, true);
	}
	return worked || n > 0;
}
