/* SPDX-License-Identifier: BSD-3-Clause */
#include "generator.h"

enum { TIMERS_A_TURN = 256 };

static struct request *request_at(struct generator *g, uint32_t i) { return &g->requests.pool[i]; }

static void finish(struct generator *g, uint32_t i)
{
	device_add_under_way(&g->devices.hot[request_at(g, i)->device], -1);
	request_give_back(&g->requests, i);
}

/* The device has no session: it gets one, and then the request leaves. */
static void hold(struct generator *g, uint32_t i)
{
	struct request *q = request_at(g, i);
	struct device_cold *cold = &g->devices.cold[q->device];

	q->next = cold->held;
	cold->held = i;
	connect_want(&g->connect, q->device);
}

static void unhold(struct generator *g, uint32_t i)
{
	uint32_t *link = &g->devices.cold[request_at(g, i)->device].held;

	while (*link != i)
		link = &request_at(g, *link)->next;
	*link = request_at(g, i)->next;
}

/* Its numbers are used up, as those of a key that has sealed all it may. */
static void renew(struct generator *g, uint32_t device)
{
	leave_politely(g, device);
	connect_want(&g->connect, device);
}

static void count_sent(struct generator *g, const struct request *q)
{
	struct load_counts *counts = generator_counts(g, q);

	if (q->tries > 1) {
		counter_add(&counts->retransmitted, 1);
		return;
	}
	counter_add(&counts->sent, 1);
	counter_add(&counts->sent_non, !q->con);
}

/* Of a device that has a session; takes b over. */
static void transmit(struct generator *g, uint32_t i, struct load_buffer *b)
{
	struct request *q = request_at(g, i);
	bool first = q->tries == 0;
	const struct message_fields f = {
		.type = q->con ? COAP_CON : COAP_NON,
		.mid = first ? device_take_mid(&g->devices.hot[q->device]) : q->mid,
		.payload_len = q->payload_len,
		.token = request_token(&g->requests, i),
		.tag = (uint64_t)(g->cfg.share.first + q->device) << 32 | q->uses,
	};

	b->device = q->device;
	b->len = message_write(&g->message, b->data, &f);
	if (!traffic_seal(&g->traffic, b, RECORD_APPDATA)) {
		load_port_release(g->cfg.port, &b, 1);
		renew(g, q->device);
		if (first)
			hold(g, i);
		else
			request_delay(&g->requests, i, g->now_ns);
		return;
	}
	request_sent(&g->requests, i, f.mid, g->now_ns);
	count_sent(g, q);
}

/* What is due of the schedule. */
struct due {
	uint32_t device;
	uint64_t at_ns;
};

static bool take_due(struct generator *g, uint64_t *at_ns)
{
	if (g->order.rate > 0)
		return schedule_take(&g->schedule, g->now_ns, at_ns);
	*at_ns = g->now_ns;
	return g->now_ns >= g->order.start_ns && g->now_ns < g->order.end_ns;
}

/* With --rate max as many as are missing; a port that is behind says that it is enough. */
static unsigned due_room(const struct generator *g)
{
	uint64_t window = g->cfg.opt->window / g->cfg.n + 1, room;

	if (g->order.rate > 0)
		return TRAFFIC_BURST;
	if (egress_room(&g->egress) < EGRESS_MAX - TRAFFIC_BURST ||
	    g->requests.n_under_way >= window)
		return 0;
	room = window - g->requests.n_under_way;
	return room < TRAFFIC_BURST ? (unsigned)room : TRAFFIC_BURST;
}

static unsigned collect_due(struct generator *g, struct due due[TRAFFIC_BURST])
{
	unsigned n = 0, room = due_room(g);

	for (; n < room && take_due(g, &due[n].at_ns); n++) {
		due[n].device = order_next(&g->turn);
		traffic_prefetch(&g->traffic, due[n].device);
	}
	return n;
}

static bool measured(const struct generator *g, uint64_t at_ns)
{
	return at_ns >= g->order.measure_ns && at_ns < g->order.end_ns;
}

static uint16_t payload_len(struct generator *g)
{
	const struct message *m = &g->message;
	uint32_t n = (uint32_t)(m->payload_max - m->payload_min) + 1;

	return n == 1 ? m->payload_min : (uint16_t)(m->payload_min + mix_below(&g->seed, n));
}

static void count_due(struct generator *g, const struct due *due)
{
	struct load_counts *counts =
		&g->counts[measured(g, due->at_ns) ? COUNTS_MEASURED : COUNTS_OUTSIDE];

	counter_add(&counts->scheduled, 1);
	counter_add(&counts->late, g->now_ns - due->at_ns > g->cfg.late_ns);
	if (g->storm.n > 0 && measured(g, due->at_ns))
		storm_sent(&g->storm, due->at_ns);
}

static void miss(struct generator *g, uint64_t at_ns)
{
	counter_add(&g->counts[measured(g, at_ns) ? COUNTS_MEASURED : COUNTS_OUTSIDE].missed, 1);
}

/* Before a message a device is somewhere else, as behind a NAT that has forgotten it. It waits for
 * nothing that would be sent to where it was, and has a connection ID that it is known by. */
static void move_some(struct generator *g, uint32_t device)
{
	if (!mix_chance(&g->seed, g->cfg.opt->migrate_share) ||
	    device_under_way(&g->devices.hot[device]) > 1 ||
	    device_cid(&g->devices, device)->len == 0)
		return;
	/* What it has said leaves from where it was. */
	traffic_flush(&g->traffic);
	egress_flush(&g->egress);
	counter_add(&generator_other(g)->moves, load_port_move(g->cfg.port, device));
}

/* One request that is due; takes b over if it returns true. */
static bool post(struct generator *g, const struct due *due, struct load_buffer *b)
{
	struct session_hot *hot = &g->devices.hot[due->device];
	struct request *q;
	uint32_t i;

	count_due(g, due);
	if (device_under_way(hot) == DEVICE_UNDER_WAY_MAX ||
	    (i = request_take(&g->requests, due->device, due->at_ns)) == REQUEST_NONE) {
		miss(g, due->at_ns);
		return false;
	}
	q = request_at(g, i);
	q->con = g->cfg.opt->con_share >= 1 || mix_chance(&g->seed, g->cfg.opt->con_share);
	q->measured = measured(g, due->at_ns);
	q->payload_len = payload_len(g);
	device_add_under_way(hot, 1);
	if (device_state(&g->devices, due->device) != DEVICE_LIVE) {
		hold(g, i);
		return false;
	}
	if (g->cfg.opt->migrate_share > 0)
		move_some(g, due->device);
	transmit(g, i, b);
	return true;
}

/* Beside requests that are due: datagrams of somebody else. */
static void post_hostile(struct generator *g, const struct due *due, unsigned n)
{
	struct load_buffer *b;

	for (unsigned i = 0; i < n; i++) {
		uint32_t kind = mix_below(&g->seed, HOSTILE_KINDS);

		if (!mix_chance(&g->seed, g->cfg.opt->hostile) ||
		    !load_port_alloc(g->cfg.port, &b, 1))
			continue;
		b->device = due[i].device;
		if (hostile_make(&g->hostile, b, (enum hostile_kind)kind, &g->devices)) {
			counter_add(&generator_other(g)->hostile, 1);
			egress_put(&g->egress, &b, 1);
		} else {
			load_port_release(g->cfg.port, &b, 1);
		}
	}
}

bool post_due(struct generator *g)
{
	struct load_buffer *bufs[TRAFFIC_BURST];
	struct due due[TRAFFIC_BURST];
	unsigned n = collect_due(g, due), used = 0;

	if (n == 0)
		return false;
	if (!load_port_alloc(g->cfg.port, bufs, n)) {
		for (unsigned i = 0; i < n; i++) {
			count_due(g, &due[i]);
			miss(g, due[i].at_ns);
		}
		return true;
	}
	for (unsigned i = 0; i < n; i++)
		used += post(g, &due[i], bufs[used]);
	traffic_flush(&g->traffic);
	if (used < n)
		load_port_release(g->cfg.port, bufs + used, n - used);
	if (g->cfg.opt->hostile > 0)
		post_hostile(g, due, n);
	return true;
}

/* Sends a request again or at last; without a buffer the timer tries again. */
static void transmit_now(struct generator *g, uint32_t i)
{
	struct load_buffer *b;

	if (load_port_alloc(g->cfg.port, &b, 1)) {
		transmit(g, i, b);
		return;
	}
	if (request_at(g, i)->tries == 0)
		hold(g, i);
	request_delay(&g->requests, i, g->now_ns);
}

void post_held(struct generator *g, uint32_t device)
{
	uint32_t i = g->devices.cold[device].held;

	g->devices.cold[device].held = DEVICE_NONE;
	while (i != DEVICE_NONE) {
		uint32_t next = request_at(g, i)->next;

		if (device_state(&g->devices, device) == DEVICE_LIVE)
			transmit_now(g, i);
		else
			hold(g, i);
		i = next;
	}
}

static void lose(struct generator *g, uint32_t i)
{
	const struct request *q = request_at(g, i);
	struct load_counts *counts = generator_counts(g, q);

	if (q->state == REQUEST_HELD)
		unhold(g, i);
	/* What was never sent was not lost on the way. */
	if (q->tries == 0) {
		counter_add(&counts->missed, 1);
	} else {
		counter_add(&counts->lost, 1);
		counter_add(&counts->lost_non, !q->con);
	}
	finish(g, i);
}

bool post_timers(struct generator *g)
{
	enum request_event event;
	unsigned n = 0;
	uint32_t i;

	for (; n < TIMERS_A_TURN && request_due(&g->requests, g->now_ns, &i, &event); n++) {
		uint32_t device = request_at(g, i)->device;

		if (event == REQUEST_LOST) {
			lose(g, i);
		} else if (device_state(&g->devices, device) == DEVICE_LIVE) {
			if (request_at(g, i)->state == REQUEST_HELD)
				unhold(g, i);
			transmit_now(g, i);
		} else {
			connect_want(&g->connect, device);
			request_delay(&g->requests, i, g->now_ns);
		}
	}
	traffic_flush(&g->traffic);
	return n > 0;
}

static void say_empty(struct generator *g, uint32_t device, enum coap_type type, uint16_t mid)
{
	struct load_buffer *b;

	if (!load_port_alloc(g->cfg.port, &b, 1))
		return;
	b->device = device;
	b->len = MESSAGE_EMPTY_LEN;
	message_write_empty(b->data, (uint8_t)type, mid);
	if (!traffic_seal(&g->traffic, b, RECORD_APPDATA))
		load_port_release(g->cfg.port, &b, 1);
}

static void answered(struct generator *g, uint32_t i, uint8_t code)
{
	const struct request *q = request_at(g, i);
	struct load_counts *counts = generator_counts(g, q);

	if (code >> 5 == 2) {
		counter_add(&counts->answered, 1);
		if (q->measured)
			histogram_add(&g->latency, g->now_ns - q->scheduled_ns);
		if (q->measured && g->storm.n > 0)
			storm_answered(&g->storm, q->scheduled_ns, g->now_ns);
	} else {
		counter_add(&counts->refused, 1);
	}
	finish(g, i);
}

static enum request_match match(struct generator *g, uint32_t *i, uint32_t device,
				const struct coap_msg *m)
{
	enum request_match found;

	if (m->token_len != MESSAGE_TOKEN_LEN)
		return REQUEST_UNKNOWN;
	found = request_by_token(&g->requests, i, device, bytes_u32(m->token));
	/* RFC 7252 §5.3.2: a piggybacked response has the request's message id too. */
	if (found == REQUEST_MATCHED && m->type == COAP_ACK && m->mid != request_at(g, *i)->mid)
		return REQUEST_UNKNOWN;
	return found;
}

static void on_response(struct generator *g, uint32_t device, const struct coap_msg *m)
{
	struct load_counts *other = generator_other(g);
	enum request_match found;
	uint32_t i;

	found = match(g, &i, device, m);
	if (m->type == COAP_CON)
		say_empty(g, device, found == REQUEST_UNKNOWN ? COAP_RST : COAP_ACK, m->mid);
	switch (found) {
	case REQUEST_MATCHED:
		answered(g, i, m->code);
		break;
	case REQUEST_OVER:
		counter_add(&other->repeated, 1);
		break;
	case REQUEST_UNKNOWN:
		counter_add(&other->unmatched, 1);
		break;
	}
}

/* An empty message: an ACK whose answer follows, a reset, a ping. */
static void on_empty(struct generator *g, uint32_t device, const struct coap_msg *m)
{
	uint32_t i = REQUEST_NONE;

	if (m->type == COAP_CON)
		say_empty(g, device, COAP_RST, m->mid);
	if (m->type == COAP_ACK || m->type == COAP_RST)
		i = request_by_mid(&g->requests, device, m->mid);
	if (i == REQUEST_NONE) {
		counter_add(&generator_other(g)->unmatched, m->type != COAP_CON);
	} else if (m->type == COAP_ACK) {
		request_acked(&g->requests, i);
	} else {
		counter_add(&generator_counts(g, request_at(g, i))->refused, 1);
		finish(g, i);
	}
}

void post_message(struct generator *g, const struct traffic_record *r)
{
	struct load_counts *other = generator_other(g);
	struct coap_msg m;

	if (coap_msg_parse(rd_of(r->text, r->len), &m) != COAP_PARSE_OK) {
		counter_add(&other->malformed, 1);
	} else if (m.code == COAP_EMPTY) {
		on_empty(g, r->device, &m);
	} else if (m.code >> 5 >= 2) {
		on_response(g, r->device, &m);
	} else {
		/* A request: devices have no resources. */
		if (m.type == COAP_CON)
			say_empty(g, r->device, COAP_RST, m.mid);
		counter_add(&other->unmatched, 1);
	}
}
