/* SPDX-License-Identifier: BSD-3-Clause */
#include "layout.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* The three role sets while the layout is being made. */
struct plan {
	const struct options *opt;
	struct core_set available, poll, handshake, worker;
	struct queue_spec queues[OPTIONS_QUEUES_MAX]; /* port: index into options.ports */
	unsigned n_queues;
	char *err;
	size_t err_len;
};

static bool refuse(const struct plan *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(const struct plan *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->err, p->err_len, format, args);
	va_end(args);
	return false;
}

/* Whether a list asks for cores that are not there. */
static bool check_available(const struct plan *p, const char *option, const struct core_set *set)
{
	struct core_set missing = core_set_minus(set, &p->available);
	char have[CORE_SET_TEXT_MAX];

	if (core_set_count(&missing) == 0)
		return true;
	return refuse(p, "--%s: lcore %u is not available (%s)", option, core_set_next(&missing, 0),
		      core_set_print(have, &p->available));
}

/* A port as --config names it: by its number where it has one, else by its place. */
static unsigned find_port(const struct options *opt, unsigned port)
{
	for (unsigned i = 0; i < opt->n_ports; i++) {
		if (opt->ports[i].kind == PORT_NUMBER && opt->ports[i].number == port)
			return i;
	}
	return opt->ports[0].kind != PORT_NUMBER && port < opt->n_ports ? port : opt->n_ports;
}

static unsigned port_number(const struct options *opt, unsigned index)
{
	return opt->ports[index].kind == PORT_NUMBER ? opt->ports[index].number : index;
}

/* Takes one triple of --config. */
static bool take_queue(struct plan *p, const struct queue_spec *q)
{
	unsigned port = find_port(p->opt, q->port);
	char have[CORE_SET_TEXT_MAX];

	if (port == p->opt->n_ports)
		return refuse(p, "--config: port %u queue %u lcore %u: there is no port %u",
			      q->port, q->queue, q->lcore, q->port);
	if (!core_set_has(&p->available, q->lcore))
		return refuse(
			p, "--config: port %u queue %u lcore %u: lcore %u is not available (%s)",
			q->port, q->queue, q->lcore, q->lcore, core_set_print(have, &p->available));
	for (unsigned i = 0; i < p->n_queues; i++) {
		if (p->queues[i].port == port && p->queues[i].queue == q->queue)
			return refuse(
				p, "--config: port %u queue %u lcore %u: lcore %u polls it already",
				q->port, q->queue, q->lcore, p->queues[i].lcore);
	}
	p->queues[p->n_queues++] = (struct queue_spec){ (uint16_t)port, q->queue, q->lcore };
	core_set_add(&p->poll, q->lcore);
	return true;
}

static const struct queue_spec *find_queue(const struct plan *p, unsigned port, unsigned queue)
{
	for (unsigned i = 0; i < p->n_queues; i++) {
		if (p->queues[i].port == port && p->queues[i].queue == queue)
			return &p->queues[i];
	}
	return NULL;
}

/* DPDK numbers a port's queues from 0 without gaps; a queue nobody polls would lose packets. */
static bool check_gaps(const struct plan *p)
{
	for (unsigned i = 0; i < p->n_queues; i++) {
		const struct queue_spec *q = &p->queues[i];

		if (q->queue > 0 && find_queue(p, q->port, q->queue - 1u) == NULL)
			return refuse(
				p, "--config: port %u queue %u lcore %u: nobody polls queue %u",
				port_number(p->opt, q->port), q->queue, q->lcore, q->queue - 1u);
	}
	for (unsigned port = 0; port < p->opt->n_ports; port++) {
		if (find_queue(p, port, 0) == NULL)
			return refuse(p, "--config: port %u queue 0: no lcore polls it",
				      port_number(p->opt, port));
	}
	return true;
}

static bool take_config(struct plan *p)
{
	for (unsigned i = 0; i < p->opt->n_queues; i++) {
		if (!take_queue(p, &p->opt->queues[i]))
			return false;
	}
	return check_gaps(p);
}

/* The first n of a set. */
static struct core_set first_of(const struct core_set *set, unsigned n)
{
	struct core_set out = { { 0 } };
	unsigned core = core_set_next(set, 0);

	for (; n > 0 && core < CORE_MAX; n--) {
		core_set_add(&out, core);
		core = core_set_next(set, core + 1);
	}
	return out;
}

/* Poll cores where --config is silent: half of the cores, first of those without a role. */
static bool choose_poll(struct plan *p)
{
	struct core_set rest = core_set_minus(&p->available, &p->worker);
	unsigned n_ports = p->opt->n_ports, n = core_set_count(&p->available) / 2, room;
	uint16_t queue = 0;

	rest = core_set_minus(&rest, &p->handshake);
	if (core_set_count(&rest) == 0)
		rest = p->available;
	room = OPTIONS_QUEUES_MAX / n_ports;
	if (room > LAYOUT_NONE - 1)
		room = LAYOUT_NONE - 1;
	n = n == 0 ? 1 : n > room ? room : n;
	p->poll = first_of(&rest, n);
	for (unsigned core = core_set_next(&p->poll, 0); core < CORE_MAX;
	     core = core_set_next(&p->poll, core + 1), queue++) {
		for (unsigned port = 0; port < n_ports; port++)
			p->queues[p->n_queues++] =
				(struct queue_spec){ (uint16_t)port, queue, (uint16_t)core };
	}
	return true;
}

/* Handshake and worker cores where the options are silent. */
static void choose_rest(struct plan *p)
{
	struct core_set idle = core_set_minus(&p->available, &p->poll);
	unsigned n_idle, n_handshake = core_set_count(&p->available) / 4;

	idle = core_set_minus(&idle, &p->worker);
	idle = core_set_minus(&idle, &p->handshake);
	n_idle = core_set_count(&idle);
	if (core_set_count(&p->handshake) == 0)
		p->handshake = n_idle > 0 ? first_of(&idle, n_handshake ? n_handshake : 1)
			       : core_set_count(&p->worker) > 0 ? p->worker
								: p->poll;
	idle = core_set_minus(&idle, &p->handshake);
	if (core_set_count(&p->worker) == 0)
		p->worker =
			core_set_count(&idle) > 0 ? first_of(&idle, LAYOUT_ROLE_MAX) : p->handshake;
}

static bool choose_main(const struct plan *p, struct layout *out)
{
	struct core_set used = p->poll;
	char have[CORE_SET_TEXT_MAX];

	for (unsigned i = 0; i < CORE_MAX / 64; i++)
		used.bits[i] |= p->handshake.bits[i] | p->worker.bits[i];
	out->main_lcore = p->opt->main_core;
	if (out->main_lcore == OPTIONS_NO_CORE)
		out->main_lcore = (uint16_t)core_set_next(&used, 0);
	if (!core_set_has(&p->available, out->main_lcore))
		return refuse(p, "--main-core: lcore %u is not available (%s)", out->main_lcore,
			      core_set_print(have, &p->available));
	return true;
}

/* The NUMA node of a core; -1 where the kernel does not say. */
static int16_t socket_of(unsigned core)
{
	char path[96];

	for (int node = 0; node < 64; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/node%d", core, node);
		if (access(path, F_OK) == 0)
			return (int16_t)node;
	}
	return -1;
}

static uint8_t number_core(uint8_t numbers[CORE_MAX], unsigned *n, unsigned index, bool has_role)
{
	if (!has_role)
		return LAYOUT_NONE;
	numbers[*n] = (uint8_t)index;
	return (uint8_t)(*n)++;
}

static void add_core(struct layout *out, const struct plan *p, unsigned lcore)
{
	bool poll = core_set_has(&p->poll, lcore), worker = core_set_has(&p->worker, lcore);
	bool handshake = core_set_has(&p->handshake, lcore);
	struct layout_core *core = &out->cores[out->n_cores];

	core->lcore = (uint16_t)lcore;
	core->roles = (uint8_t)((poll ? LAYOUT_POLL : 0) | (handshake ? LAYOUT_HANDSHAKE : 0) |
				(worker ? LAYOUT_WORKER : 0));
	core->socket = socket_of(lcore);
	core->poll = number_core(out->poll, &out->n_poll, out->n_cores, poll);
	core->handshake = number_core(out->handshake, &out->n_handshake, out->n_cores, handshake);
	core->worker = number_core(out->worker, &out->n_worker, out->n_cores, worker);
	out->n_cores++;
}

static int by_core_port_queue(const void *a, const void *b)
{
	const struct layout_queue *x = a, *y = b;

	if (x->lcore != y->lcore)
		return x->lcore < y->lcore ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return (x->queue > y->queue) - (x->queue < y->queue);
}

/* Gives the cores their parts of queues, and counts the ports' queues. */
static void index_queues(struct layout *l)
{
	unsigned at = 0;

	memset(l->port_queues, 0, sizeof(l->port_queues));
	qsort(l->queues, l->n_queues, sizeof(*l->queues), by_core_port_queue);
	for (unsigned i = 0; i < l->n_queues; i++)
		l->port_queues[l->queues[i].port]++;
	for (unsigned i = 0; i < l->n_cores; i++) {
		struct layout_core *core = &l->cores[i];

		core->first_queue = (uint16_t)at;
		while (at < l->n_queues && l->queues[at].lcore == core->lcore)
			at++;
		core->n_queues = (uint16_t)(at - core->first_queue);
	}
}

static void write_layout(struct layout *out, const struct plan *p)
{
	for (unsigned lcore = 0; lcore < CORE_MAX; lcore++) {
		if (core_set_has(&p->poll, lcore) || core_set_has(&p->handshake, lcore) ||
		    core_set_has(&p->worker, lcore) || lcore == out->main_lcore)
			add_core(out, p, lcore);
	}
	for (unsigned i = 0; i < p->n_queues; i++)
		out->queues[i] = (struct layout_queue){ p->queues[i].port, p->queues[i].queue,
							p->queues[i].lcore };
	out->n_queues = p->n_queues;
	out->explicit_queues = p->opt->n_queues != 0;
	index_queues(out);
}

static bool check_roles(const struct plan *p)
{
	const struct {
		const char *option;
		const struct core_set *cores;
	} roles[] = {
		{ "--config", &p->poll },
		{ "--handshake-cores", &p->opt->handshake_cores },
		{ "--workers", &p->opt->workers },
	};

	for (unsigned i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (core_set_count(roles[i].cores) > LAYOUT_ROLE_MAX)
			return refuse(p, "%s: more than %d lcores", roles[i].option,
				      LAYOUT_ROLE_MAX);
	return true;
}

bool layout_make(struct layout *out, const struct options *opt, const struct core_set *available,
		 char *err, size_t err_len)
{
	struct plan p = { .opt = opt,
			  .available = *available,
			  .handshake = opt->handshake_cores,
			  .worker = opt->workers,
			  .err = err,
			  .err_len = err_len };

	memset(out, 0, sizeof(*out));
	if (!check_available(&p, "workers", &p.worker) ||
	    !check_available(&p, "handshake-cores", &p.handshake))
		return false;
	if (!(opt->n_queues != 0 ? take_config(&p) : choose_poll(&p)))
		return false;
	if (!check_roles(&p))
		return false;
	choose_rest(&p);
	if (!choose_main(&p, out))
		return false;
	write_layout(out, &p);
	return true;
}

bool layout_limit_queues(struct layout *l, unsigned port, unsigned max, char *err, size_t err_len)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->n_queues; i++) {
		const struct layout_queue q = l->queues[i];

		if (q.port == port && q.queue >= max && l->explicit_queues) {
			snprintf(err, err_len,
				 "--config: port %u queue %u lcore %u: the port has %u queue%s",
				 port, q.queue, q.lcore, max, max == 1 ? "" : "s");
			return false;
		}
		if (q.port != port || q.queue < max)
			l->queues[kept++] = q;
	}
	l->n_queues = kept;
	index_queues(l);
	return true;
}

static bool polls(const struct layout *l, unsigned poll, unsigned port)
{
	const struct layout_core *core = &l->cores[l->poll[poll]];

	for (unsigned i = 0; i < core->n_queues; i++)
		if (l->queues[core->first_queue + i].port == port)
			return true;
	return false;
}

uint16_t layout_tx_queue(const struct layout *l, unsigned port, unsigned poll, unsigned n)
{
	bool mine = polls(l, poll, port);
	unsigned before = 0;

	if (n >= l->n_poll)
		return (uint16_t)poll;
	for (unsigned i = 0; i < l->n_poll; i++)
		before += polls(l, i, port) == mine ? i < poll : !mine;
	return before < n ? (uint16_t)before : LAYOUT_NO_TX_QUEUE;
}

struct core_set layout_lcores(const struct layout *l)
{
	struct core_set set = { { 0 } };

	for (unsigned i = 0; i < l->n_cores; i++)
		core_set_add(&set, l->cores[i].lcore);
	return set;
}
