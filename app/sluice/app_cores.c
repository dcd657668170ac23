/* SPDX-License-Identifier: BSD-3-Clause */
/* The cores of the layout: each gets the parts its roles need. */
#include "app.h"
#include "log.h"
#include "mono_clock.h"

#include <errno.h>

/* UDP payload of a handshake datagram on a link whose MTU is m: m less IPv6 and UDP. */
enum { IP_UDP_MAX = 48, MTU_DEFAULT = 1500 };

_Static_assert((int)LAYOUT_NO_TX_QUEUE == (int)PATH_NO_QUEUE, "the path knows it by this number");

static void fill_path_ports(const struct app *app, struct path_config *cfg, unsigned poll)
{
	cfg->n_ports = (uint8_t)app->n_ports;
	for (unsigned i = 0; i < app->n_ports; i++)
		cfg->ports[i] = (struct path_port){
			.port_id = app->ports[i].id,
			.tx_queue = layout_tx_queue(&app->layout, i, poll, app->ports[i].n_txq),
			.mtu = app->ports[i].mtu,
			.tx_offload = app->ports[i].tx_offload,
			.host = app->ports[i].host,
		};
}

_Static_assert((int)LAYOUT_ROLE_MAX <= (int)PATH_POLL_MAX &&
		       (int)LAYOUT_ROLE_MAX <= (int)PATH_HANDSHAKE_MAX &&
		       (int)LAYOUT_ROLE_MAX <= (int)PATH_WORKERS_MAX,
	       "rings for every layout");

static void fill_path_rings(const struct app *app, struct path_config *cfg, unsigned core)
{
	const struct mesh *m = &app->mesh;

	for (unsigned i = 0; i < m->n_dst[MESH_POLL]; i++)
		cfg->to_poll[i] = mesh_ring(m, MESH_POLL, i, core);
	for (unsigned i = 0; i < m->n_dst[MESH_HANDSHAKE]; i++)
		cfg->to_handshake[i] = mesh_ring(m, MESH_HANDSHAKE, i, core);
	for (unsigned i = 0; i < m->n_dst[MESH_WORKER]; i++)
		cfg->to_worker[i] = mesh_ring(m, MESH_WORKER, i, core);
}

static bool listen_add(struct path_config *cfg, const uint8_t ip[16], uint16_t port)
{
	struct path_listen *out = &cfg->listen[cfg->n_listen];

	if (cfg->n_listen == PATH_LISTEN_MAX)
		return false;
	cfg->n_listen++;
	memcpy(out->ip, ip, sizeof(out->ip));
	out->port = port;
	return true;
}

/* One --listen; "every IPv4 address" is spelled out, since the path knows only "every". */
static bool fill_listen(const struct app *app, struct path_config *cfg, const struct listen_spec *l)
{
	static const uint8_t every[16];
	bool ok = true;

	if (l->any4 == l->any6)
		return listen_add(cfg, l->any4 ? every : l->ip, l->port);
	for (unsigned p = 0; p < app->n_ports; p++) {
		const struct frame_host *host = &app->ports[p].host;

		for (unsigned i = 0; i < host->n_addrs; i++)
			if (flow_ip_is_mapped(host->addrs[i].ip) == l->any4)
				ok = ok && listen_add(cfg, host->addrs[i].ip, l->port);
	}
	return ok;
}

static bool fill_path_listen(const struct app *app, struct path_config *cfg)
{
	for (unsigned i = 0; i < app->opt.n_listen; i++)
		if (!fill_listen(app, cfg, &app->opt.listen[i]))
			return false;
	return true;
}

static bool make_path(struct app *app, struct core *core, unsigned poll)
{
	const struct layout *l = &app->layout;
	struct path_config cfg = {
		.index = (uint8_t)poll,
		.n_poll = (uint8_t)l->n_poll,
		.n_handshake = (uint8_t)l->n_handshake,
		.n_workers = (uint8_t)l->n_worker,
		.burst = (uint8_t)app->opt.burst,
		.store = app->store,
		.pending = app->pending,
		.aead = app->aeads[core->index],
		.cookie_secrets = &app->cookie_secrets,
		.drain = &app->draining,
		.cid = app->cluster.key.len != 0 ? &app->cluster.key : NULL,
		.pool = app->pool,
		.forward = app->opt.n_nodes != 0 ? &app->cluster.nodes : NULL,
		.hello_pool = app->hello_pool,
		.session_timeout_ns = app->opt.session_timeout_ns,
		.rekey_after = app->opt.rekey_after,
	};

	app->gates[core->index] = cfg.gate = gate_new(&app->opt.policy);
	fill_path_ports(app, &cfg, poll);
	fill_path_rings(app, &cfg, core->index);
	core->poll = poll;
	if (!fill_path_listen(app, &cfg))
		log_line(LOG_LEVEL_ERROR, "--listen: more than %d addresses", PATH_LISTEN_MAX);
	else if (cfg.gate != NULL)
		core->path = path_core_new(&cfg, mono_clock_ns());
	review_owner(app->review, poll, core->path);
	return core->path != NULL;
}

/* A device whose last flight was lost asks for it again after 1, 3 and 7 seconds (RFC 6347
 * §4.2.4.1): a storm of as many devices as a quarter of all sessions finds them still there. */
static uint32_t max_lingering(const struct options *opt)
{
	return RTE_MAX(opt->max_sessions / 4, opt->max_handshakes * 3);
}

/* A core's part of a rate, where 0 is no limit. */
static uint32_t each(uint32_t rate, unsigned n_cores) { return (rate + n_cores - 1) / n_cores; }

static bool make_handshake(struct app *app, struct core *core, unsigned index)
{
	uint16_t mtu = MTU_DEFAULT;
	struct handshake_core_config cfg = {
		.index = index,
		.core = core->index,
		.mesh = &app->mesh,
		.pool = app->pool,
		.store = app->store,
		.pending = app->pending,
		.credentials = &app->credentials,
		.psk_queue = app->psk_queue,
		.post_states = app->post_states,
		.review = app->review,
		.resumption = app->resumption.keys != NULL ? &app->resumption : NULL,
		.policy = &app->opt.policy,
		.cids = app->opt.policy.cid ? &app->cluster.issuer : NULL,
		.aead = app->aeads[core->index],
		.max_handshakes = app->opt.max_handshakes / app->layout.n_handshake + 1,
		.max_lingering = max_lingering(&app->opt) / app->layout.n_handshake + 1,
		.rate_address = each(app->opt.rate_address, app->layout.n_handshake),
		.rate_network = each(app->opt.rate_network, app->layout.n_handshake),
		.timeout_ns = app->opt.handshake_timeout_ns,
		.draining = &app->draining,
		.polls = core->path != NULL,
	};

	for (unsigned i = 0; i < app->n_ports; i++)
		if (app->ports[i].mtu < mtu)
			mtu = app->ports[i].mtu;
	cfg.mtu = (uint16_t)(mtu - IP_UDP_MAX);
	core->handshake = handshake_core_new(&cfg);
	return core->handshake != NULL;
}

static bool make_worker(struct app *app, struct core *core, unsigned index)
{
	struct worker_config cfg = {
		.index = index,
		.core = core->index,
		.mesh = &app->mesh,
		.pool = app->pool,
		.store = app->store,
		.sink = app->sink,
		.ack_delivered = app->opt.ack_delivered,
	};

	core->worker = worker_new(&cfg);
	return core->worker != NULL;
}

static void add_one_queue(const struct app *app, struct core *core, unsigned port, uint16_t queue)
{
	core->queues[core->n_queues++] = (struct core_queue){
		.port = (uint8_t)port,
		.port_id = app->ports[port].id,
		.queue = queue,
	};
}

/* A device that has its queues in pairs may have more of them than the layout asked for: who polls
 * the first polls those too. */
static void add_queue(const struct app *app, struct core *core, const struct layout_queue *q)
{
	add_one_queue(app, core, q->port, q->queue);
	if (q->queue != 0)
		return;
	for (uint16_t extra = app->layout.port_queues[q->port]; extra < app->ports[q->port].n_rxq;
	     extra++)
		add_one_queue(app, core, q->port, extra);
}

static bool make_core(struct app *app, unsigned index)
{
	const struct layout_core *lc = &app->layout.cores[index];
	struct core *core = &app->cores[index];

	*core = (struct core){
		.lcore = lc->lcore,
		.index = index,
		.burst = app->opt.burst,
		.sleeps = app->opt.idle_sleep,
		.stop = &app->stop,
		.mesh = &app->mesh,
	};
	app->aeads[index] = aead_new(app->opt.aead_engine);
	if (app->aeads[index] == NULL)
		return app_failed("--aead-engine", errno);
	for (unsigned i = 0; i < lc->n_queues; i++)
		add_queue(app, core, &app->layout.queues[lc->first_queue + i]);
	if ((lc->poll != LAYOUT_NONE && !make_path(app, core, lc->poll)) ||
	    (lc->handshake != LAYOUT_NONE && !make_handshake(app, core, lc->handshake)) ||
	    (lc->worker != LAYOUT_NONE && !make_worker(app, core, lc->worker)))
		return app_failed("core", errno);
	return true;
}

bool app_make_cores(struct app *app)
{
	for (unsigned i = 0; i < app->layout.n_cores; i++)
		if (!make_core(app, i))
			return false;
	return true;
}

void app_free_cores(struct app *app)
{
	for (unsigned i = 0; i < app->layout.n_cores; i++) {
		path_core_free(app->cores[i].path);
		handshake_core_free(app->cores[i].handshake);
		worker_free(app->cores[i].worker);
		gate_free(app->gates[i]);
		aead_free(app->aeads[i]);
	}
}
