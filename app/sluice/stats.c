/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats.h"

#include "app.h"
#include "mono_clock.h"
#include "report.h"
#include "telemetry.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_mempool.h>

static void add_status(struct status_counts *sum, const struct status_counts *of)
{
	for (enum status s = 0; s < STATUS_N; s++)
		sum->n[s] += status_get(of, s);
}

static void add_ring(struct sample_core *out, const struct mesh *mesh, enum mesh_role role,
		     unsigned dst)
{
	for (unsigned src = 0; src < mesh->n_cores; src++) {
		uint32_t used = mesh_depth(mesh, role, dst, src);

		out->ring_used += used;
		out->ring_size = rte_ring_get_size(mesh_ring(mesh, role, dst, src));
		if (used > out->ring_fullest)
			out->ring_fullest = used;
	}
}

static void sample_path(struct sample_core *out, const struct core *core)
{
	struct sample_counters *c = &out->counters;
	struct path_stats p;

	path_stats(core->path, &p);
	c->rx_bursts = p.rx_bursts;
	c->rx_frames = p.rx_frames;
	c->rx_bytes = p.rx_bytes;
	c->tx_frames = p.tx_frames;
	c->tx_bytes = p.tx_bytes;
	c->hellos = p.hellos;
	c->hellos_admitted = p.hellos_admitted;
	c->handoffs_out = p.handoffs_out;
	c->handoffs_in = p.handoffs_in;
	c->forwards_out = p.forwards_out;
	c->forwards_in = p.forwards_in;
	c->forwards_back = p.forwards_back;
	c->records_opened = p.records_opened;
	c->records_sealed = p.records_sealed;
	c->aead_calls = p.aead_calls;
	c->aead_ops = p.aead_ops;
	c->installs = p.installs;
	add_status(&out->status, path_counts(core->path));
	add_ring(out, core->mesh, MESH_POLL, core->poll);
}

static void sample_handshake(struct sample *all, struct sample_core *out, const struct core *core,
			     unsigned index)
{
	const struct handshake_core_stats *h = handshake_core_stats(core->handshake);

	out->counters.handshakes = counter_get(&h->started);
	out->counters.handshakes_done = counter_get(&h->completed);
	out->counters.handshakes_failed = counter_get(&h->failed);
	all->handshakes += counter_get(&h->active);
	add_status(&out->status, handshake_core_counts(core->handshake));
	add_ring(out, core->mesh, MESH_HANDSHAKE, index);
}

static void sample_worker(struct sample_core *out, const struct core *core, unsigned index)
{
	const struct worker_stats *w = worker_stats(core->worker);

	out->counters.coap_messages = counter_get(&w->messages);
	out->counters.readings = counter_get(&w->readings);
	add_status(&out->status, worker_counts(core->worker));
	add_ring(out, core->mesh, MESH_WORKER, index);
}

static void sample_one(struct sample *all, struct sample_core *out, const struct app *app,
		       unsigned i)
{
	const struct layout_core *l = &app->layout.cores[i];
	const struct core *core = &app->cores[i];
	char role[40];

	out->lcore = l->lcore;
	snprintf(out->role, sizeof(out->role), "%s",
		 layout_role_text(role, sizeof(role), &app->layout, l));
	out->counters.cycles = counter_get(&core->clock.cycles);
	out->counters.busy_cycles = counter_get(&core->clock.busy_cycles);
	if (core->path != NULL)
		sample_path(out, core);
	if (core->handshake != NULL)
		sample_handshake(all, out, core, l->handshake);
	if (core->worker != NULL)
		sample_worker(out, core, l->worker);
}

/* The whole process at this moment. Any thread. */
static void sample_all(const struct app *app, struct sample *out)
{
	const struct session_cache *cache = app->resumption.cache;
	struct sink_stats sink;

	sink_stats(app->sink, &sink);
	*out = (struct sample){
		.time_ns = mono_clock_ns(),
		.sessions = store_count(app->store),
		.max_sessions = app->opt.max_sessions,
		.session_bytes = store_bytes(app->store),
		.max_handshakes = app->opt.max_handshakes,
		.identities = identity_count(app->credentials.identities),
		.session_cache_bytes = cache != NULL ? session_cache_bytes(cache) : 0,
		.mbufs_used = rte_mempool_in_use_count(app->pool),
		.mbufs = app->pool->size,
		.sink_lines = sink.lines,
		.sink_queued_bytes = sink.queued_bytes,
		.sink_failing = sink.failing,
		.n_cores = app->layout.n_cores,
	};
	for (unsigned i = 0; i < app->layout.n_cores; i++)
		sample_one(out, &out->cores[i], app, i);
}

void stats_print(struct app *app)
{
	struct sample *now = malloc(sizeof(*now));

	if (now == NULL)
		return;
	sample_all(app, now);
	report_print(stderr, now, app->last_sample, app->start_ns);
	free(app->last_sample);
	app->last_sample = now;
}

static void telemetry_sample(void *arg, struct sample *out) { sample_all(arg, out); }

static unsigned telemetry_layout(void *arg, struct telemetry_core *out, unsigned cap)
{
	const struct layout *l = &((const struct app *)arg)->layout;
	unsigned n = l->n_cores < cap ? l->n_cores : cap;

	for (unsigned i = 0; i < n; i++) {
		const struct layout_core *c = &l->cores[i];
		char role[40];
		size_t used = 0;

		out[i] = (struct telemetry_core){ .lcore = c->lcore, .socket = c->socket };
		snprintf(out[i].role, sizeof(out[i].role), "%s",
			 layout_role_text(role, sizeof(role), l, c));
		for (unsigned q = 0; q < c->n_queues && used < sizeof(out[i].queues); q++) {
			const struct layout_queue *lq = &l->queues[c->first_queue + q];
			int len = snprintf(out[i].queues + used, sizeof(out[i].queues) - used,
					   "%s%u:%u", q ? " " : "", lq->port, lq->queue);

			used += (size_t)len;
		}
	}
	return n;
}

bool stats_telemetry(struct app *app)
{
	const struct telemetry_source source = { telemetry_sample, telemetry_layout, app };

	return telemetry_start(&source) == 0;
}
