/* SPDX-License-Identifier: BSD-3-Clause */
#include "fleet.h"

#include "mono_clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	POLL_NS = 5000000,
	/* Establishing ends early when so many handshakes failed, or so many sessions were ended
	 * again, and more than a tenth were. */
	FAILED_MAX = 20,
	FAILED_SHARE = 10,
};
#define SECOND_NS UINT64_C(1000000000)

enum member_state { MEMBER_STARTING, MEMBER_RUNNING, MEMBER_FAILED };

/* A generator core's thread. told and done are the numbers of orders: orders[…] is written by the
 * caller before told, read by the thread after it. */
struct member {
	struct fleet *fleet;
	struct generator generator;
	struct load_port *port;
	struct aead *aead;
	pthread_t thread;
	struct generator_order order;
	_Atomic uint32_t told, done;
	_Atomic int state; /* enum member_state */
	uint16_t core;
	bool running;
	uint64_t cycles, busy_cycles;
	uint64_t cycles_before, busy_before; /* at the order's beginning; the caller's */
} __attribute__((aligned(64)));

struct fleet {
	struct fleet_config cfg;
	_Atomic bool stop;
	uint32_t n_orders;
	struct generator_order order; /* the last */
	struct member members[];
};

static void take_order(struct member *m, uint32_t *at)
{
	uint32_t told = atomic_load_explicit(&m->told, memory_order_acquire);

	if (told == *at)
		return;
	*at = told;
	generator_begin(&m->generator, &m->order);
}

static void turn(struct member *m, uint32_t at)
{
	struct load_buffer *bufs[LOAD_BURST_MAX];
	struct generator *g = &m->generator;
	uint64_t start = __builtin_ia32_rdtsc();
	unsigned n = load_port_recv(m->port, bufs, m->fleet->cfg.opt->burst);
	bool worked = generator_turn(g, mono_clock_ns(), bufs, n);

	if (g->done && atomic_load_explicit(&m->done, memory_order_relaxed) != at)
		atomic_store_explicit(&m->done, at, memory_order_release);
	if (worked)
		counter_add(&m->busy_cycles, __builtin_ia32_rdtsc() - start);
	else
		load_port_wait(m->port, generator_idle_ns(g));
	counter_add(&m->cycles, __builtin_ia32_rdtsc() - start);
}

static void *run(void *arg)
{
	struct member *m = arg;
	struct fleet *f = m->fleet;
	uint32_t at = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(m->core, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0 ||
	    (f->cfg.enter != NULL && !f->cfg.enter())) {
		atomic_store(&m->state, MEMBER_FAILED);
		return NULL;
	}
	atomic_store(&m->state, MEMBER_RUNNING);
	while (!atomic_load_explicit(&f->stop, memory_order_relaxed)) {
		take_order(m, &at);
		turn(m, at);
	}
	if (f->cfg.leave != NULL)
		f->cfg.leave();
	return NULL;
}

static struct load_share share_of(const struct fleet_config *cfg, unsigned i)
{
	uint64_t n = cfg->opt->devices;
	uint32_t first = (uint32_t)(n * i / cfg->n);

	return (struct load_share){ first, (uint32_t)(n * (i + 1) / cfg->n) - first };
}

static bool member_init(struct member *m, unsigned i, char *err, size_t err_len)
{
	const struct fleet_config *cfg = &m->fleet->cfg;
	struct load_share share = share_of(cfg, i);
	struct generator_config g = {
		.opt = cfg->opt,
		.share = share,
		.index = i,
		.n = cfg->n,
		.credential = cfg->credential,
		.credential_arg = cfg->arg,
		.certs = cfg->certs,
		.now_ns = mono_clock_ns(),
		.late_ns = cfg->opt->late_ns,
	};

	m->core = cfg->cores[i];
	m->aead = aead_new(AEAD_ENGINE_AUTO);
	if (m->aead == NULL) {
		snprintf(err, err_len, "this CPU has no AEAD engine");
		return false;
	}
	m->port = cfg->port(cfg->arg, i, share, &m->generator.counts[COUNTS_OTHER].impaired, err,
			    err_len);
	if (m->port == NULL)
		return false;
	g.port = m->port;
	g.aead = m->aead;
	return generator_init(&m->generator, &g, err, err_len);
}

static void nap(void)
{
	const struct timespec ts = { .tv_nsec = POLL_NS };

	nanosleep(&ts, NULL);
}

static bool start(struct member *m, char *err, size_t err_len)
{
	if (pthread_create(&m->thread, NULL, run, m) != 0) {
		snprintf(err, err_len, "no thread");
		return false;
	}
	m->running = true;
	while (atomic_load(&m->state) == MEMBER_STARTING)
		nap();
	if (atomic_load(&m->state) == MEMBER_RUNNING)
		return true;
	snprintf(err, err_len, "a thread cannot run on CPU %u", m->core);
	return false;
}

struct fleet *fleet_new(const struct fleet_config *cfg, char *err, size_t err_len)
{
	size_t size = sizeof(struct fleet) + cfg->n * sizeof(struct member);
	struct fleet *f = aligned_alloc(64, (size + 63) / 64 * 64);
	bool ok = true;

	if (f == NULL) {
		snprintf(err, err_len, "no memory");
		return NULL;
	}
	memset(f, 0, size);
	f->cfg = *cfg;
	for (unsigned i = 0; i < cfg->n; i++)
		f->members[i].fleet = f;
	for (unsigned i = 0; ok && i < cfg->n; i++)
		ok = member_init(&f->members[i], i, err, err_len);
	for (unsigned i = 0; ok && i < cfg->n; i++)
		ok = start(&f->members[i], err, err_len);
	if (!ok) {
		fleet_free(f);
		return NULL;
	}
	return f;
}

void fleet_free(struct fleet *f)
{
	if (f == NULL)
		return;
	atomic_store(&f->stop, true);
	for (unsigned i = 0; i < f->cfg.n; i++)
		if (f->members[i].running)
			pthread_join(f->members[i].thread, NULL);
	for (unsigned i = 0; i < f->cfg.n; i++) {
		struct member *m = &f->members[i];

		generator_free(&m->generator);
		if (m->port != NULL)
			load_port_free(m->port);
		aead_free(m->aead);
	}
	free(f);
}

static void tell(struct fleet *f, const struct generator_order *order)
{
	f->order = *order;
	f->n_orders++;
	for (unsigned i = 0; i < f->cfg.n; i++) {
		struct member *m = &f->members[i];

		m->order = *order;
		m->order.rate = order->rate / f->cfg.n;
		m->cycles_before = counter_get(&m->cycles);
		m->busy_before = counter_get(&m->busy_cycles);
		atomic_store_explicit(&m->told, f->n_orders, memory_order_release);
	}
}

static bool all_done(struct fleet *f)
{
	for (unsigned i = 0; i < f->cfg.n; i++) {
		struct member *m = &f->members[i];

		if (atomic_load_explicit(&m->done, memory_order_acquire) != f->n_orders)
			return false;
	}
	return true;
}

static bool hopeless(const struct fleet *f)
{
	uint64_t failed = 0, finished = 0;

	for (unsigned i = 0; i < f->cfg.n; i++) {
		const struct load_counts *c = &f->members[i].generator.counts[COUNTS_OTHER];

		failed += counter_get(&c->handshakes_failed) + counter_get(&c->sessions_lost);
		finished += counter_get(&c->handshakes);
	}
	return failed >= FAILED_MAX && failed > finished / FAILED_SHARE;
}

static bool interrupted(const struct fleet *f)
{
	return f->cfg.interrupted != NULL && *f->cfg.interrupted != 0;
}

/* Ends the task: what is under way may still end as it will. */
static enum fleet_end stop_task(struct fleet *f, enum fleet_end why)
{
	const struct generator_order rest = { .task = GENERATOR_REST };

	tell(f, &rest);
	while (!all_done(f))
		nap();
	return why;
}

enum fleet_end fleet_do(struct fleet *f, const struct generator_order *order)
{
	uint64_t next_ns = mono_clock_ns() + SECOND_NS;

	tell(f, order);
	while (!all_done(f)) {
		nap();
		if (order->task == GENERATOR_ESTABLISH && hopeless(f))
			return stop_task(f, FLEET_GAVE_UP);
		if (interrupted(f) && order->task != GENERATOR_CLOSE)
			return stop_task(f, FLEET_INTERRUPTED);
		if (f->cfg.progress != NULL && mono_clock_ns() >= next_ns) {
			f->cfg.progress(f->cfg.arg, f);
			next_ns += SECOND_NS;
		}
	}
	return FLEET_DONE;
}

static void add_counts(struct load_counts *to, const struct load_counts *from)
{
#define ADD(name) to->name += from->name;
	LOAD_COUNTS_LIST(ADD)
#undef ADD
}

static void add_state(const struct fleet *f, struct load_result *out)
{
	uint64_t cycles = 0, busy = 0;

	histogram_clear(&out->latency);
	histogram_clear(&out->handshake_latency);
	out->waiting = out->sessions = 0;
	for (unsigned i = 0; i < f->cfg.n; i++) {
		const struct member *m = &f->members[i];
		const struct generator *g = &m->generator;

		histogram_merge(&out->latency, &g->latency);
		histogram_merge(&out->handshake_latency, &g->handshake_latency);
		out->waiting += counter_get(&g->requests.n_under_way);
		out->sessions += counter_get(&g->devices.n_live);
		cycles += counter_get(&m->cycles) - m->cycles_before;
		busy += counter_get(&m->busy_cycles) - m->busy_before;
	}
	out->busy = cycles > 0 ? (double)busy / (double)cycles : 0;
}

void fleet_total(const struct fleet *f, struct load_result *out)
{
	struct load_counts counts;

	out->counts = (struct load_counts){ 0 };
	for (unsigned i = 0; i < f->cfg.n; i++) {
		generator_total(&f->members[i].generator, &counts);
		counts.malformed += counter_get(&f->members[i].port->malformed);
		counts.unreachable += counter_get(&f->members[i].port->unreachable);
		add_counts(&out->counts, &counts);
	}
	add_state(f, out);
	out->elapsed_ns = 0;
}

void fleet_measured(const struct fleet *f, struct load_result *out)
{
	struct load_counts counts;

	out->counts = (struct load_counts){ 0 };
	for (unsigned i = 0; i < f->cfg.n; i++) {
		generator_measured(&f->members[i].generator, &counts);
		add_counts(&out->counts, &counts);
	}
	add_state(f, out);
	out->elapsed_ns = f->order.end_ns - f->order.measure_ns;
}

void fleet_cost(const struct fleet *f, size_t suite, enum connect_mode mode,
		struct connect_cost *out)
{
	*out = (struct connect_cost){ 0 };
	for (unsigned i = 0; i < f->cfg.n; i++) {
		const struct connect_cost *from =
			&f->members[i].generator.connect.costs[suite][mode];

#define ADD(name) out->name += counter_get(&from->name);
		CONNECT_COST_LIST(ADD)
#undef ADD
	}
}

void fleet_storm(const struct fleet *f, struct storm_result *out)
{
	*out = (struct storm_result){ 0 };
	for (unsigned i = 0; i < f->cfg.n; i++)
		storm_add(out, &f->members[i].generator.storm.result);
}

bool fleet_failure(const struct fleet *f, enum status *out)
{
	for (unsigned i = 0; i < f->cfg.n; i++) {
		const struct connect *c = &f->members[i].generator.connect;

		if (!c->has_failure)
			continue;
		*out = c->failure;
		return true;
	}
	return false;
}
