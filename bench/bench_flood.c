/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a flood of ClientHellos costs the devices that have sessions: one poll core, its loop as the
 * application's, and a generator on another CPU that offers it devices' requests at a share of what
 * it can serve, with and without hellos in between. A third of the hellos have valid cookies, a
 * third forged ones, a third none; their sources are random.
 *
 *   flood/established:E/hellos:H   E % of the capacity measured just before, H hellos a second
 *
 * Trials without and with hellos take turns, so that what else the machine does hits both; values
 * are medians. cost_percent is the claim: how much less of what was offered was answered in the
 * trial with hellos than in the one before it without. The handshakes of admitted hellos are not in
 * it: they are another core's.
 */
#include "benches.h"

#include "core.h"
#include "first_hello.h"
#include "generator.h"
#include "path_world.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <unistd.h>

enum {
	SESSIONS = 20000,
	HELLOS = 30000,
	BURST = 32,
	BURSTS = 4, /* of one turn */
	REST_OF_LINE = -2,
	WIRE = 24, /* bytes of a frame on the wire that are not in memory */
	REPLY_LEN = 12,
	TRIALS = 9,
	TRIES = 10, /* for a trial in which both cores were ours alone */
	HELLO_ROOM = FIRST_HELLO_MAX + 64,
};

static const double line = 10e9 / 8; /* bytes a second */
static const double trial_seconds = 0.01, pause_seconds = 100e-6;

static struct flood {
	struct world *w;
	uint8_t (*frames)[HELLO_ROOM];
	uint16_t lens[HELLOS];
	struct generator g;
} flood;

/* What a trial came to. */
struct trial {
	double offered, answered; /* devices' requests a second */
	double hellos, served, backlog;
	double busy; /* share of the time */
	bool disturbed;
};

/* The client's end of a device's frame, with another source. */
static bool spoof(const struct frame_host *host, uint32_t x, struct flow *flow, struct nexthop *hop)
{
	const struct world *w = flood.w;
	struct frame at;

	if (frame_parse(host, w->frames[0], w->frame_len, 0, flow, hop, &at) != STATUS_OK)
		return false;
	flow->remote_ip[13] = 18;
	flow->remote_ip[14] = (uint8_t)(1 + (x >> 8) % 250);
	flow->remote_ip[15] = (uint8_t)(1 + (x >> 16) % 250);
	flow->remote_port = (uint16_t)(1024 + (x >> 8) % 60000);
	return true;
}

static bool write_hello(uint32_t i)
{
	uint32_t x = i * 2654435761U;
	uint8_t random[HS_RANDOM_LEN], cookie[COOKIE_LEN], *frame = flood.frames[i];
	struct nexthop hop, back;
	struct flow flow, client;
	size_t headers, len;

	memset(random, (int)(x >> 24), sizeof(random));
	memcpy(random, &i, sizeof(i));
	if (!spoof(&flood.w->core->cfg.ports[0].host, x, &flow, &hop) ||
	    !first_hello_cookie(world_rig.gate, &world_rig.secrets, &flow, random, cookie))
		return false;
	if (i % 3 == 1)
		cookie[COOKIE_LEN - 1] ^= 1;
	back = hop;
	memcpy(back.local_mac, hop.remote_mac, sizeof(back.local_mac));
	memcpy(back.remote_mac, hop.local_mac, sizeof(back.remote_mac));
	client = (struct flow){ .local_port = flow.remote_port, .remote_port = flow.local_port };
	memcpy(client.local_ip, flow.remote_ip, sizeof(client.local_ip));
	memcpy(client.remote_ip, flow.local_ip, sizeof(client.remote_ip));
	headers = frame_headers_len(&client, &back);
	len = first_hello_write(frame + headers, random, i % 3 == 2 ? NULL : cookie);
	frame_write(&client, &back, 0, frame, frame + headers, len);
	flood.lens[i] = (uint16_t)(headers + len);
	return len != 0;
}

/* The CPU of the generator: not ours. */
static bool other_cpu(unsigned *out)
{
	int own = sched_getcpu();

	*out = own == 0 ? 1 : 0;
	return own >= 0 && sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static bool flood_start(void)
{
	struct generator *g = &flood.g;
	bool ok = true;

	flood.w = world_get(AEAD_AES_128_GCM, SESSIONS, AEAD_ENGINE_AUTO);
	if (flood.w == NULL || g->pool != NULL)
		return flood.w != NULL;
	flood.frames = rte_malloc("flood", sizeof(*flood.frames) * HELLOS, 64);
	if (flood.frames == NULL)
		return false;
	for (uint32_t i = 0; i < HELLOS && ok; i++)
		ok = write_hello(i);
	g->streams[0] = (struct generator_stream){ .frames = flood.w->frames[0],
						   .n = SESSIONS,
						   .stride = WORLD_FRAME_ROOM,
						   .len = flood.w->frame_len };
	g->streams[1] = (struct generator_stream){
		.frames = flood.frames[0], .lens = flood.lens, .n = HELLOS, .stride = HELLO_ROOM
	};
	g->pool = ok ? world_rig.pool : NULL;
	return ok;
}

/* The worker: answers, and has the windows forget, for a device's one frame comes again and
 * again. The handshake core takes what was admitted. */
static void others_work(void)
{
	struct rte_mbuf *m[WORLD_BURST_MAX];
	unsigned n =
		rte_ring_sc_dequeue_burst(world_rig.to_worker, (void **)m, WORLD_BURST_MAX, NULL);

	for (unsigned i = 0; i < n; i++) {
		m[i]->data_len = REPLY_LEN;
		m[i]->pkt_len = REPLY_LEN;
		msg_of(m[i])->kind = MSG_REPLY;
		replay_init(&flood.w->store->hot[msg_of(m[i])->ref.slot], NULL, 64, 0, 1);
	}
	(void)rte_ring_sp_enqueue_burst(world_rig.from_worker, (void **)m, n, NULL);
	n = rte_ring_sc_dequeue_burst(world_rig.to_handshake, (void **)m, WORLD_BURST_MAX, NULL);
	rte_pktmbuf_free_bulk(m, n);
}

/* A turn of the poll core's loop; returns what there was to do. */
static unsigned turn(void)
{
	struct world *w = flood.w;
	struct rte_mbuf *m[WORLD_BURST_MAX];
	unsigned n = BURST, work = 0;

	w->now_ns += 1000;
	for (unsigned i = 0; i < BURSTS && n == BURST; i++) {
		n = generator_receive(&flood.g, m, BURST);
		if (n > 0)
			path_rx_burst(w->core, 0, m, n, w->now_ns);
		work += n;
		if (path_waiting(w->core) + BURST > PATH_BURST_MAX)
			break;
	}
	n = rte_ring_sc_dequeue_burst(world_rig.from_worker, (void **)m, WORLD_BURST_MAX, NULL);
	work += n;
	if (n > 0)
		path_inbox_burst(w->core, m, n, w->now_ns);
	path_flush(w->core, w->now_ns);
	world_recycle();
	world_send();
	others_work();
	return work;
}

/* The poll core until the generator is through, and what is left then. Returns busy cycles. */
static uint64_t poll_until_done(uint64_t *longest_gap)
{
	uint64_t busy = 0, from = rte_rdtsc(), to;
	bool done = false;

	for (unsigned work = 1; !done || work != 0;) {
		done = generator_done(&flood.g);
		work = turn();
		to = rte_rdtsc();
		*longest_gap = RTE_MAX(*longest_gap, to - from);
		busy += work != 0 ? to - from : 0;
		from = to;
	}
	return busy;
}

static uint64_t counted(enum status s) { return status_get(path_counts(flood.w->core), s); }

static bool trial_once(double established, double hellos, struct trial *out)
{
	struct generator *g = &flood.g;
	struct path_stats before, after;
	uint64_t verify = counted(STATUS_HELLO_VERIFY_SENT), busy;
	uint64_t backlog = counted(STATUS_HELLO_BACKLOG);
	uint64_t gap = 0;

	g->seconds = trial_seconds;
	g->streams[0].per_s = established;
	g->streams[1].per_s = hellos;
	path_stats(flood.w->core, &before);
	if (!generator_start(g))
		return false;
	busy = poll_until_done(&gap);
	generator_stop(g);
	path_stats(flood.w->core, &after);
	*out = (struct trial){
		.offered = (double)g->streams[0].offered / trial_seconds,
		.answered = (double)(after.records_sealed - before.records_sealed) / trial_seconds,
		.hellos = (double)g->streams[1].offered / trial_seconds,
		.served = (double)(counted(STATUS_HELLO_VERIFY_SENT) - verify +
				   after.hellos_admitted - before.hellos_admitted) /
			  trial_seconds,
		.backlog = (double)(counted(STATUS_HELLO_BACKLOG) - backlog) / trial_seconds,
		.busy = (double)busy / (double)rte_get_tsc_hz() / trial_seconds,
		.disturbed = (double)RTE_MAX(gap, g->longest_gap) >
			     pause_seconds * (double)rte_get_tsc_hz(),
	};
	return true;
}

/* Again and again until nobody else had either CPU meanwhile: what the queue loses while the poll
 * core is not running says nothing. */
static bool trial(double established, double hellos, struct trial *out)
{
	bool ok = true;

	out->disturbed = true;
	for (unsigned i = 0; i < TRIES && ok && out->disturbed; i++)
		ok = trial_once(established, hellos, out);
	return ok && out->offered > 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts them. */
static double median(double v[TRIALS])
{
	qsort(v, TRIALS, sizeof(*v), by_value);
	return v[TRIALS / 2];
}

/* The median of a field over the trials. */
static double median_of(const struct trial trials[TRIALS], size_t offset)
{
	double v[TRIALS] = { 0 };

	for (unsigned i = 0; i < TRIALS; i++)
		memcpy(&v[i], (const char *)&trials[i] + offset, sizeof(v[i]));
	return median(v);
}

static double share(const struct trial *t) { return t->answered / t->offered; }

static void report(struct bench *b, const struct trial alone[TRIALS],
		   const struct trial with[TRIALS])
{
	double cost[TRIALS], lost_alone[TRIALS], lost[TRIALS], disturbed = 0;

	for (unsigned i = 0; i < TRIALS; i++) {
		lost_alone[i] = 100 * (1 - share(&alone[i]));
		lost[i] = 100 * (1 - share(&with[i]));
		cost[i] = 100 * (1 - share(&with[i]) / share(&alone[i]));
		disturbed += alone[i].disturbed || with[i].disturbed;
	}
	bench_value(b, "cost_percent", median(cost));
	bench_value(b, "cost_percent_most", cost[TRIALS - 1]);
	bench_value(b, "disturbed", disturbed);
	bench_value(b, "lost_percent", median(lost));
	bench_value(b, "lost_percent_alone", median(lost_alone));
	bench_value(b, "answered", median_of(with, offsetof(struct trial, answered)));
	bench_value(b, "answered_alone", median_of(alone, offsetof(struct trial, answered)));
	bench_value(b, "hellos", median_of(with, offsetof(struct trial, hellos)));
	bench_value(b, "hellos_served", median_of(with, offsetof(struct trial, served)));
	bench_value(b, "hellos_backlog", median_of(with, offsetof(struct trial, backlog)));
	bench_value(b, "busy_percent", 100 * median_of(with, offsetof(struct trial, busy)));
	bench_value(b, "busy_percent_alone", 100 * median_of(alone, offsetof(struct trial, busy)));
}

/* Hellos a second that fill a line of 10 Gbit/s together with so many devices' frames. */
static double rest_of_line(double established)
{
	double bytes = 0;

	for (unsigned i = 0; i < HELLOS; i++)
		bytes += flood.lens[i] + WIRE;
	return RTE_MAX(0.0, line - established * (flood.w->frame_len + WIRE)) / (bytes / HELLOS);
}

/* Trials right after each other: of more than can be answered, for the capacity; of a share of
 * that, without hellos; the same with. Again when the machine has become slower meanwhile, which
 * shows in what is lost without hellos. */
static bool pair(double percent, double hellos, double *capacity, struct trial *alone,
		 struct trial *with)
{
	struct trial all = { 0 };
	bool ok = true;

	for (unsigned i = 0; i < TRIES && ok; i++) {
		ok = trial(GENERATOR_FLAT_OUT, 0, &all) &&
		     trial(all.answered * percent / 100, 0, alone) &&
		     trial(all.answered * percent / 100,
			   hellos == REST_OF_LINE ? rest_of_line(alone->offered) : hellos, with);
		*capacity = all.answered;
		if (ok && share(alone) > 0.99)
			break;
	}
	return ok;
}

static bool trials(double percent, double hellos, struct bench *b)
{
	struct trial alone[TRIALS], with[TRIALS];
	double capacity[TRIALS];

	for (unsigned i = 0; i < TRIALS; i++)
		if (!pair(percent, hellos, &capacity[i], &alone[i], &with[i]))
			return false;
	bench_value(b, "capacity", median(capacity));
	report(b, alone, with);
	return true;
}

static void run(struct bench *b)
{
	cpu_set_t before, here;
	bool ok = true;

	if (!other_cpu(&flood.g.cpu)) {
		bench_skip(b, "one CPU: no core for a generator");
		return;
	}
	if (!flood_start()) {
		bench_fail(b, "no memory, no port, or the gate gave no cookies");
		return;
	}
	CPU_ZERO(&here);
	CPU_SET(1 - flood.g.cpu, &here);
	(void)sched_getaffinity(0, sizeof(before), &before);
	(void)sched_setaffinity(0, sizeof(here), &here);
	while (bench_next(b))
		ok = ok && trials((double)bench_arg(b, 0), (double)bench_arg(b, 1), b);
	(void)sched_setaffinity(0, sizeof(before), &before);
	flood.w->at = flood.w->n_sessions; /* for the next user: every window is to be rewound */
	if (!ok)
		bench_fail(b, "no generator");
	bench_items(b, 1);
}

void bench_flood_add(void)
{
	static const struct {
		int64_t per_s;
		const char *name;
	} hellos[] = { { 500000, "500000" },   { 1000000, "1000000" },
		       { 2500000, "2500000" }, { REST_OF_LINE, "rest_of_10G" },
		       { 5000000, "5000000" }, { GENERATOR_FLAT_OUT, "flat_out" } };
	static const int64_t established[] = { 50, 80 };
	char name[96];

	for (size_t e = 0; e < 2; e++) {
		for (size_t h = 0; h < sizeof(hellos) / sizeof(hellos[0]); h++) {
			int64_t args[] = { established[e], hellos[h].per_s };

			snprintf(name, sizeof(name), "flood/established:%d/hellos:%s",
				 (int)established[e], hellos[h].name);
			bench_add(name, run, args, 2);
		}
	}
}
