/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One generator core: its devices, their handshakes and requests, and a turn of its loop. Sans-IO
 * but for the port: no clock, no thread.
 *
 * Its files: generator.c (the turn, tasks), post.c (requests and answers), leave.c (sessions that
 * end). Owner core only, but for generator_total.
 */
#pragma once

#include "backlog.h"
#include "connect.h"
#include "hostile.h"
#include "message.h"
#include "order.h"
#include "rekey.h"
#include "request.h"
#include "schedule.h"
#include "storm.h"
#include "traffic.h"

enum generator_task {
	GENERATOR_REST,       /* what comes is taken, nothing is begun */
	GENERATOR_ESTABLISH,  /* every device connects; done when none is under way */
	GENERATOR_LOAD,       /* requests; done when the last has its answer or is given up */
	GENERATOR_HANDSHAKES, /* connect, leave, connect, … */
	GENERATOR_CLOSE,      /* every device leaves */
};

struct generator_order {
	enum generator_task task;
	double rate; /* of this core; 0: as many as inflight allows */
	uint64_t start_ns, ramp_ns;
	uint64_t measure_ns, end_ns; /* requests due between them are the measured ones */
	bool retransmit;
	uint64_t answer_timeout_ns;
};

struct generator_config {
	const struct load_options *opt;
	struct load_port *port; /* the share's */
	struct load_share share;
	unsigned index, n; /* of how many generator cores */
	struct aead *aead;
	/* of a device of the whole fleet */
	void (*credential)(void *arg, uint32_t device, struct identity_credential *out);
	void *credential_arg;
	struct load_certs *certs; /* NULL: none */
	uint64_t now_ns, late_ns;
};

/* Requests count by whether they were due in the measured time; all else apart from them. */
enum { COUNTS_OUTSIDE, COUNTS_MEASURED, COUNTS_OTHER, COUNTS_N };

struct generator {
	struct generator_config cfg;
	uint64_t now_ns;
	struct generator_order order;
	bool measuring, ended, done;
	uint32_t cursor; /* CLOSE: devices before it have left */
	uint32_t tries;  /* ESTABLISH: failed handshakes that are made again */

	struct devices devices;
	struct traffic traffic;
	struct egress egress;
	struct requests requests;
	struct connect connect;
	struct rekey rekey;     /* DTLS 1.3 */
	struct backlog backlog; /* of handshakes' datagrams */
	struct message message;
	struct schedule schedule;
	struct order turn, churn_turn; /* whose request is next; who leaves next */
	uint64_t churned, seed;
	struct hostile hostile;
	struct storm storm;

	struct load_counts counts[COUNTS_N];
	struct load_counts other_at_start, other_at_end; /* of the measured time */
	struct histogram latency, handshake_latency;
};

/* generator_init: cfg is copied, what it points to borrowed. false: err says why. Slow path only.
 */
bool generator_init(struct generator *g, const struct generator_config *cfg, char *err,
		    size_t err_len) MUST_USE;
void generator_free(struct generator *g);

/* generator_begin: a new task, the one before being done. */
void generator_begin(struct generator *g, const struct generator_order *order);

/* generator_turn: takes the datagrams received (n <= LOAD_BURST_MAX, released here) and does what
 * is due. Returns whether there was anything to do. g->done: the task is. */
bool generator_turn(struct generator *g, uint64_t now_ns, struct load_buffer **bufs, unsigned n);

/* generator_idle_ns: how long nothing is due, at most: for load_port_wait. */
uint64_t generator_idle_ns(const struct generator *g);

/* generator_total: all counts since the start. Any thread. */
void generator_total(const struct generator *g, struct load_counts *out);

/* generator_measured: those of the measured time. Once done. */
void generator_measured(const struct generator *g, struct load_counts *out);

/* Inside: */

static inline struct load_counts *generator_counts(struct generator *g, const struct request *q)
{
	return &g->counts[q->measured ? COUNTS_MEASURED : COUNTS_OUTSIDE];
}

static inline struct load_counts *generator_other(struct generator *g)
{
	return &g->counts[COUNTS_OTHER];
}

/* post_due: sends what is due of the schedule. post_timers: what was not answered in time. Both
 * return whether there was anything. */
bool post_due(struct generator *g);
bool post_timers(struct generator *g);

/* post_message: a CoAP message of a device's session. */
void post_message(struct generator *g, const struct traffic_record *r);

/* post_held: the device is connected: what waited for that leaves. */
void post_held(struct generator *g, uint32_t device);

/* leave_politely: a close_notify, and the device has no session. */
void leave_politely(struct generator *g, uint32_t device);

/* leave_on_alert: the peer's alert. */
void leave_on_alert(struct generator *g, const struct traffic_record *r);

/* leave_some: of GENERATOR_CLOSE: the next devices; returns whether there were any. */
bool leave_some(struct generator *g);

/* leave_churn: those whose turn it is to leave and connect again. */
bool leave_churn(struct generator *g);

/* leave_storm: the next devices of the storm lose their sessions and want new ones. */
bool leave_storm(struct generator *g);
