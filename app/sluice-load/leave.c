/* SPDX-License-Identifier: BSD-3-Clause */
#include "generator.h"

enum { CHURN_A_TURN = 8, CHURN_TRIES = 4, STORM_A_TURN = 64, ALERT_LEN = 2 };

static bool say_close(struct generator *g, uint32_t device)
{
	struct load_buffer *b;
	struct wr w;

	if (!load_port_alloc(g->cfg.port, &b, 1))
		return false;
	w = wr_of(b->data, ALERT_LEN);
	wr_u8(&w, ALERT_WARNING);
	wr_u8(&w, ALERT_CLOSE_NOTIFY);
	b->device = device;
	b->len = ALERT_LEN;
	if (traffic_seal(&g->traffic, b, RECORD_ALERT))
		return true;
	load_port_release(g->cfg.port, &b, 1);
	return false;
}

/* Sealed records still point at the keys. */
static void forget(struct generator *g, uint32_t device)
{
	traffic_flush(&g->traffic);
	device_forget(&g->devices, device);
}

void leave_politely(struct generator *g, uint32_t device)
{
	/* Without a buffer it leaves without a word: the peer finds out in its own time. */
	(void)say_close(g, device);
	forget(g, device);
}

/* Behind the load's end only for a request that never left: or a peer that ends every session would
 * keep the run going for ever. */
static bool wants_session(const struct generator *g, uint32_t device)
{
	return g->order.task == GENERATOR_ESTABLISH ||
	       (g->order.task == GENERATOR_LOAD && !g->ended) ||
	       g->devices.cold[device].held != DEVICE_NONE;
}

void leave_on_alert(struct generator *g, const struct traffic_record *r)
{
	struct rd alert = rd_of(r->text, r->len);
	uint8_t level, description;

	if (!rd_u8(&alert, &level) || !rd_u8(&alert, &description)) {
		counter_add(&generator_other(g)->malformed, 1);
		return;
	}
	counter_add(&generator_other(g)->alerts, 1);
	if (level != ALERT_FATAL && description != ALERT_CLOSE_NOTIFY)
		return;
	counter_add(&generator_other(g)->sessions_lost, 1);
	if (storm_has(&g->storm, r->device))
		storm_lost(&g->storm);
	if (level == ALERT_FATAL)
		forget(g, r->device);
	else
		leave_politely(g, r->device);
	if (wants_session(g, r->device))
		connect_want(&g->connect, r->device);
}

bool leave_some(struct generator *g)
{
	uint32_t first = g->cursor, n = 0;

	if (egress_room(&g->egress) < TRAFFIC_BURST)
		return false;
	for (; g->cursor < g->devices.n && n < TRAFFIC_BURST; g->cursor++)
		if (device_state(&g->devices, g->cursor) == DEVICE_LIVE)
			n += say_close(g, g->cursor);
	traffic_flush(&g->traffic);
	for (uint32_t i = first; i < g->cursor; i++)
		if (device_state(&g->devices, i) == DEVICE_LIVE)
			device_forget(&g->devices, i);
	return g->cursor > first;
}

/* A device that waits for an answer stays. */
static bool churn_one(struct generator *g)
{
	for (unsigned i = 0; i < CHURN_TRIES; i++) {
		uint32_t device = order_next(&g->churn_turn);

		if (device_state(&g->devices, device) != DEVICE_LIVE ||
		    device_under_way(&g->devices.hot[device]) > 0)
			continue;
		leave_politely(g, device);
		connect_want(&g->connect, device);
		return true;
	}
	return false;
}

bool leave_churn(struct generator *g)
{
	double elapsed_s = (double)(g->now_ns - g->order.start_ns) * 1e-9;
	double due = elapsed_s * g->cfg.opt->churn_share * g->devices.n;
	bool worked = false;

	if (g->now_ns < g->order.start_ns)
		return false;
	for (unsigned i = 0; i < CHURN_A_TURN && (double)g->churned < due; i++) {
		if (!churn_one(g))
			break;
		g->churned++;
		worked = true;
	}
	return worked;
}

bool leave_storm(struct generator *g)
{
	/* From now on, as many as there are. */
	g->connect.limit = g->connect.cfg.at_once;
	traffic_flush(&g->traffic);
	for (unsigned i = 0; i < STORM_A_TURN && storm_due_now(&g->storm, g->now_ns); i++) {
		uint32_t device = storm_take(&g->storm, generator_other(g));

		if (device_state(&g->devices, device) == DEVICE_LIVE)
			device_forget(&g->devices, device);
		connect_want(&g->connect, device);
	}
	return true;
}
