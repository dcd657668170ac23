/* SPDX-License-Identifier: BSD-3-Clause */
#include "generator.h"

#include "hs_msg13.h"
#include "record13.h"
#include "rrc.h"

#include <stdio.h>

enum {
	/* A turn: of handshakes that begin, get a datagram, compute, time out. Each takes as long
	 * as dozens of requests. */
	HANDSHAKES_BESIDE_REQUESTS = 4,
	HANDSHAKES_ALONE = 64,
	GIVE_UP_S = 30,
	CLOSE_S = 30, /* a port that takes nothing any more does not keep the fleet */
	MTU = 1200,
};
#define SECOND_NS UINT64_C(1000000000)
#define IDLE_NS   UINT64_C(1000000)

static void credential(void *arg, uint32_t device, struct identity_credential *out)
{
	const struct generator *g = arg;

	g->cfg.credential(g->cfg.credential_arg, g->cfg.share.first + device, out);
}

static void send_bytes(void *arg, uint32_t device, const uint8_t *bytes, size_t len)
{
	struct generator *g = arg;
	struct load_buffer *b;

	if (!load_port_alloc(g->cfg.port, &b, 1)) {
		counter_add(&generator_other(g)->tx_refused, 1);
		return;
	}
	if (len > b->room) {
		counter_add(&generator_other(g)->tx_refused, 1);
		load_port_release(g->cfg.port, &b, 1);
		return;
	}
	b->device = device;
	b->len = (uint16_t)len;
	memcpy(b->data, bytes, len);
	egress_put(&g->egress, &b, 1);
}

static void early(void *arg, uint32_t device, const uint8_t *bytes, size_t len)
{
	struct generator *g = arg;
	uint8_t datagram[HANDSHAKE_DATAGRAM_MAX];

	if (len > sizeof(datagram))
		return;
	memcpy(datagram, bytes, len);
	traffic_open_bytes(&g->traffic, device, datagram, (uint16_t)len);
}

static bool again_and_again(const struct generator *g)
{
	return g->order.task == GENERATOR_HANDSHAKES && g->now_ns < g->order.end_ns;
}

static void connected(void *arg, uint32_t device)
{
	struct generator *g = arg;

	if (g->order.task == GENERATOR_HANDSHAKES)
		leave_politely(g, device);
	else
		post_held(g, device);
	if (storm_has(&g->storm, device))
		storm_served(&g->storm, g->now_ns, generator_other(g));
	if (again_and_again(g))
		connect_want(&g->connect, device);
}

/* As often as there are devices: a server that is short of something for a moment gets them all in
 * the end, one that will not have them is not asked for ever. */
static bool establishes_again(struct generator *g)
{
	if (g->order.task != GENERATOR_ESTABLISH || g->tries == 0)
		return false;
	g->tries--;
	return true;
}

/* Whoever has a request to send tries again; so does the fleet while handshakes are what is asked
 * for. */
static void failed(void *arg, uint32_t device)
{
	struct generator *g = arg;

	if (again_and_again(g) || establishes_again(g) ||
	    (storm_has(&g->storm, device) && storm_failed(&g->storm)) ||
	    g->devices.cold[device].held != DEVICE_NONE)
		connect_want(&g->connect, device);
}

/* A repeated Finished, or a HelloRequest, which "MAY be ignored by the client" (RFC 5246 §7.4.1.1):
 * devices do not renegotiate. */
static void repeat_flight(struct generator *g, const struct traffic_record *r)
{
	const struct handshake_remnant *flight =
		linger_answer(&g->connect.linger, &g->devices.cold[r->device], r->device, g->now_ns,
			      r->text, r->len);
	struct load_buffer *b;

	counter_add(&generator_other(g)->repeated, 1);
	if (flight == NULL || !load_port_alloc(g->cfg.port, &b, 1))
		return;
	b->device = r->device;
	b->data += flight->prefix_len;
	b->len = flight->message_len;
	memcpy(b->data, flight->bytes + flight->prefix_len, flight->message_len);
	if (traffic_seal_behind(&g->traffic, b, RECORD_HANDSHAKE, flight->bytes,
				flight->prefix_len))
		counter_add(&generator_other(g)->handshake_repeats, 1);
	else
		load_port_release(g->cfg.port, &b, 1);
}

/* RFC 9853: to where it came from, which is where the device is; what else there is of this kind a
 * device has not asked for. */
static void answer_challenge(struct generator *g, const struct traffic_record *r)
{
	struct load_buffer *b;
	struct rrc m;

	if (!device_cid(&g->devices, r->device)->rrc || !rrc_parse(rd_of(r->text, r->len), &m) ||
	    m.type != RRC_PATH_CHALLENGE) {
		counter_add(&generator_other(g)->unmatched, 1);
		return;
	}
	if (!load_port_alloc(g->cfg.port, &b, 1))
		return; /* the server asks again */
	b->device = r->device;
	b->len = RRC_LEN;
	rrc_put(b->data, RRC_PATH_RESPONSE, m.cookie);
	if (traffic_seal(&g->traffic, b, RECORD_RRC))
		counter_add(&generator_other(g)->challenges, 1);
	else
		load_port_release(g->cfg.port, &b, 1);
}

/* DTLS 1.3: tickets, and what is about keys. */
static void take_post_handshake(struct generator *g, const struct traffic_record *r)
{
	if (rekey_record(&g->rekey, g->now_ns, r))
		return;
	counter_add(&generator_other(g)->unmatched, 1);
	leave_politely(g, r->device);
}

static void record(void *arg, const struct traffic_record *r)
{
	struct generator *g = arg;

	switch (r->type) {
	case RECORD_APPDATA:
		post_message(g, r);
		if (device_state(&g->devices, r->device) == DEVICE_LIVE)
			rekey_sent(&g->rekey, g->now_ns, r->device);
		break;
	case RECORD_ALERT:
		leave_on_alert(g, r);
		break;
	case RECORD_HANDSHAKE:
	case RECORD_ACK:
		if (g->devices.v13 != NULL)
			take_post_handshake(g, r);
		else
			repeat_flight(g, r);
		break;
	case RECORD_RRC:
		answer_challenge(g, r);
		break;
	default:
		counter_add(&generator_other(g)->unmatched, 1);
		break;
	}
}

/* No requests whose times handshakes could spoil. */
static bool is_alone(const struct generator *g)
{
	return g->order.task != GENERATOR_LOAD || g->ended;
}

static void other(void *arg, const struct load_buffer *b)
{
	struct generator *g = arg;

	if (is_alone(g) || !backlog_put(&g->backlog, b))
		connect_input(&g->connect, g->now_ns, b->device, b->data, b->len);
}

static bool take_backlog(struct generator *g, unsigned most)
{
	const struct backlog_datagram *d;
	unsigned n = 0;

	for (; n < most && (d = backlog_take(&g->backlog)) != NULL; n++)
		connect_input(&g->connect, g->now_ns, d->device, d->bytes, d->len);
	return n > 0;
}

static bool init_connect(struct generator *g)
{
	const struct load_options *opt = g->cfg.opt;
	bool cost = opt->action == LOAD_HANDSHAKE_COST;
	uint32_t at_once = (opt->handshakes_at_once + g->cfg.n - 1) / g->cfg.n;
	struct connect_config cfg = {
		.devices = &g->devices,
		.counts = generator_other(g),
		.latency = &g->handshake_latency,
		.handshake = { .policy = &opt->policy,
			       .aead = g->cfg.aead,
			       .timeout_ns = SECOND_NS,
			       .timeout_max_ns = 60 * SECOND_NS,
			       .give_up_ns = GIVE_UP_S * SECOND_NS,
			       .max_fragment_length = opt->max_fragment_length,
			       .record_size_limit = opt->record_size_limit,
			       .no_ticket = opt->resume_by_id,
			       .psk_import = opt->psk_import,
			       .own_find = g->cfg.certs != NULL ? load_certs_own : NULL,
			       .own_arg = g->cfg.certs,
			       .mtu = MTU },
		.certs = g->cfg.certs,
		.rekey = &g->rekey,
		.host = { credential, send_bytes, early, connected, failed, g },
		/* What one costs is measured alone. */
		.at_once = (cost ? 1 : at_once) + g->storm.n,
		.longest = message_longest(&g->message),
		.rate = opt->handshake_rate / g->cfg.n,
		.resume_share = cost ? 1 : opt->resume_share,
		.seed = mix_random(&g->seed),
	};

	handshake_config_system(&cfg.handshake);
	if (!connect_init(&g->connect, &cfg))
		return false;
	g->connect.limit = cfg.at_once - g->storm.n;
	return true;
}

static void tap(void *arg, struct load_buffer *const *bufs, unsigned n)
{
	struct generator *g = arg;

	hostile_see(&g->hostile, bufs, n);
}

/* Small devices take no more than they asked for, whatever the server says. */
static uint16_t rx_limit(const struct load_options *opt)
{
	if (opt->record_size_limit != 0)
		return opt->record_size_limit;
	return opt->max_fragment_length != 0 ? hs_fragment_length(opt->max_fragment_length)
					     : RECORD_PLAINTEXT_MAX;
}

static bool init_parts(struct generator *g)
{
	const struct load_options *opt = g->cfg.opt;
	uint32_t inflight = opt->inflight / g->cfg.n + 1;

	g->egress = (struct egress){ .port = g->cfg.port, .counts = generator_other(g) };
	g->traffic.aead = g->cfg.aead;
	g->traffic.devices = &g->devices;
	g->traffic.egress = &g->egress;
	g->traffic.counts = generator_other(g);
	g->traffic.rx_limit = rx_limit(opt);
	g->traffic.handler = (struct traffic_handler){ record, other, g };
	hostile_init(&g->hostile, mix_random(&g->seed));
	g->traffic.tap = opt->hostile > 0 ? tap : NULL;
	storm_init(&g->storm, opt, g->cfg.share);
	order_init(&g->turn, g->storm.first, mix_random(&g->seed));
	order_init(&g->churn_turn, g->cfg.share.n, mix_random(&g->seed));
	return devices_init(&g->devices, g->cfg.share.n, &opt->policy, mix_random(&g->seed)) &&
	       requests_init(&g->requests, inflight, opt->retransmit == LOAD_RETRANSMIT_COAP,
			     opt->answer_timeout_ns, g->cfg.now_ns, mix_random(&g->seed)) &&
	       backlog_init(&g->backlog) && init_connect(g) &&
	       rekey_init(&g->rekey, &g->traffic, &g->connect.resume, opt->key_update);
}

bool generator_init(struct generator *g, const struct generator_config *cfg, char *err,
		    size_t err_len)
{
	const struct load_options *opt = cfg->opt;

	memset(g, 0, sizeof(*g));
	g->cfg = *cfg;
	g->now_ns = cfg->now_ns;
	g->seed = opt->seed + cfg->index;
	g->done = true;
	if (!message_init(&g->message, opt->path, opt->payload_min, opt->payload_max)) {
		snprintf(err, err_len, "the path is too long, or the payload longer than %d bytes",
			 MESSAGE_PAYLOAD_MAX);
		return false;
	}
	if (opt->max_fragment_length != 0 && opt->record_size_limit == 0 &&
	    message_longest(&g->message) > rx_limit(opt)) {
		snprintf(err, err_len, "--max-fragment-length: a request of %u bytes does not fit",
			 message_longest(&g->message));
		return false;
	}
	if (!init_parts(g)) {
		snprintf(err, err_len, "no memory for %u devices", cfg->share.n);
		generator_free(g);
		return false;
	}
	return true;
}

void generator_free(struct generator *g)
{
	if (g->egress.port != NULL)
		egress_drop(&g->egress);
	rekey_free(&g->rekey);
	connect_free(&g->connect);
	backlog_free(&g->backlog);
	requests_free(&g->requests);
	devices_free(&g->devices);
}

static void add_counts(struct load_counts *to, const struct load_counts *from)
{
#define ADD(name) counter_add(&to->name, counter_get(&from->name));
	LOAD_COUNTS_LIST(ADD)
#undef ADD
}

static void begin_load(struct generator *g)
{
	const struct generator_order *order = &g->order;

	add_counts(&g->counts[COUNTS_OUTSIDE], &g->counts[COUNTS_MEASURED]);
	g->counts[COUNTS_MEASURED] = (struct load_counts){ 0 };
	histogram_clear(&g->latency);
	g->churned = 0;
	storm_at(&g->storm, order->measure_ns + g->cfg.opt->storm_at_ns);
	g->requests.retransmit = order->retransmit;
	g->requests.answer_timeout_ns = order->answer_timeout_ns;
	schedule_init(&g->schedule, order->rate, order->start_ns, order->ramp_ns, order->end_ns,
		      (double)g->cfg.index / g->cfg.n);
}

static void want_all(struct generator *g)
{
	for (uint32_t i = 0; i < g->devices.n; i++)
		connect_want(&g->connect, i);
}

void generator_begin(struct generator *g, const struct generator_order *order)
{
	g->order = *order;
	g->done = g->measuring = g->ended = false;
	g->cursor = 0;
	switch (order->task) {
	case GENERATOR_REST:
		break;
	case GENERATOR_CLOSE:
		g->order.end_ns = g->now_ns + CLOSE_S * SECOND_NS;
		break;
	case GENERATOR_LOAD:
		begin_load(g);
		break;
	case GENERATOR_ESTABLISH:
		g->tries = g->devices.n;
		want_all(g);
		break;
	case GENERATOR_HANDSHAKES:
		want_all(g);
		break;
	}
}

/* Where the measured time begins and ends, for what is not counted by request. */
static void mark_time(struct generator *g)
{
	if (!g->measuring && g->now_ns >= g->order.measure_ns) {
		g->measuring = true;
		g->other_at_start = *generator_other(g);
	}
	if (!g->ended && g->now_ns >= g->order.end_ns) {
		g->ended = true;
		g->other_at_end = *generator_other(g);
		if (g->order.task == GENERATOR_HANDSHAKES)
			connect_forget_waiting(&g->connect);
	}
}

static bool task_turn(struct generator *g)
{
	bool worked = false;

	switch (g->order.task) {
	case GENERATOR_REST:
		g->done = true;
		break;
	case GENERATOR_ESTABLISH:
		g->done = connect_idle(&g->connect);
		break;
	case GENERATOR_LOAD:
		if (!g->ended) {
			worked = post_due(g);
			worked |= g->cfg.opt->churn_share > 0 && leave_churn(g);
			worked |= storm_due_now(&g->storm, g->now_ns) && leave_storm(g);
		}
		g->done = g->ended && g->requests.n_under_way == 0 && connect_idle(&g->connect);
		break;
	case GENERATOR_HANDSHAKES:
		g->done = g->ended && connect_idle(&g->connect);
		break;
	case GENERATOR_CLOSE:
		worked = leave_some(g);
		g->done = g->ended || (g->cursor == g->devices.n && g->egress.n == 0);
		break;
	}
	return worked;
}

bool generator_turn(struct generator *g, uint64_t now_ns, struct load_buffer **bufs, unsigned n)
{
	unsigned most = is_alone(g) ? HANDSHAKES_ALONE : HANDSHAKES_BESIDE_REQUESTS;
	bool worked = n > 0;

	g->now_ns = now_ns;
	if (n > 0)
		traffic_open(&g->traffic, bufs, n);
	worked |= take_backlog(g, most);
	worked |= connect_turn(&g->connect, now_ns, most);
	worked |= post_timers(g);
	worked |= rekey_timers(&g->rekey, now_ns, TRAFFIC_BURST);
	if (!g->done) {
		mark_time(g);
		worked |= task_turn(g);
	}
	traffic_flush(&g->traffic);
	egress_flush(&g->egress);
	return worked;
}

uint64_t generator_idle_ns(const struct generator *g)
{
	uint64_t next = g->now_ns + IDLE_NS;

	if (g->egress.n > 0 || g->connect.n_jobs > 0 || g->backlog.n > 0 ||
	    (g->order.task == GENERATOR_LOAD && g->order.rate <= 0 && !g->ended))
		return 0;
	if (g->order.task == GENERATOR_LOAD && g->schedule.next_ns < next)
		next = g->schedule.next_ns;
	if (g->connect.n_waiting > 0 && g->connect.next_ns < next)
		next = g->connect.next_ns;
	return next > g->now_ns ? next - g->now_ns : 0;
}

void generator_total(const struct generator *g, struct load_counts *out)
{
	*out = (struct load_counts){ 0 };
	for (unsigned i = 0; i < COUNTS_N; i++)
		add_counts(out, &g->counts[i]);
}

void generator_measured(const struct generator *g, struct load_counts *out)
{
	*out = g->counts[COUNTS_MEASURED];
#define ADD(name) out->name += g->other_at_end.name - g->other_at_start.name;
	LOAD_COUNTS_LIST(ADD)
#undef ADD
}
