/* SPDX-License-Identifier: BSD-3-Clause */
#include "app.h"

#include "eal.h"
#include "log.h"
#include "random.h"
#include "report.h"
#include "secret.h"
#include "telemetry.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_malloc.h>

enum {
	ERROR_MAX = 512,
	RING_SIZE = 4096,
	MBUF_CACHE = 256,
	/* UDP payload of a handshake datagram on a link whose MTU is m: m less IPv6 and UDP. */
	IP_UDP_MAX = 48,
	MTU_DEFAULT = 1500,
};

static bool failed(const char *what, int err)
{
	log_line(LOG_LEVEL_ERROR, "%s: %s", what, strerror(err < 0 ? -err : err));
	return false;
}

static void sink_log(void *arg, const char *line)
{
	(void)arg;
	log_line(LOG_LEVEL_WARNING, "%s", line);
}

bool app_load(struct app *app)
{
	struct sink_config sink = {
		.spec = app->opt.sink,
		.n_workers = app->layout.n_worker,
		.log = sink_log,
	};
	char err[ERROR_MAX];

	if (!credentials_init(&app->credentials, app->opt.psk_file, err, sizeof(err))) {
		log_line(LOG_LEVEL_ERROR, "--psk-file: %s", err);
		return false;
	}
	if (psk_store_short_keys(app->credentials.psks) > 0)
		log_line(LOG_LEVEL_WARNING, "--psk-file: %zu keys are shorter than 16 bytes",
			 psk_store_short_keys(app->credentials.psks));
	if (app->opt.action == OPTIONS_CHECK_CONFIG)
		return true;
	app->sink = sink_open(&sink, err, sizeof(err));
	if (app->sink == NULL) {
		log_line(LOG_LEVEL_ERROR, "--sink: %s", err);
		return false;
	}
	return true;
}

static bool make_rings(struct app *app)
{
	const struct layout *l = &app->layout;
	const unsigned n_dst[MESH_ROLES] = { l->n_poll, l->n_handshake, l->n_worker };
	char name[RTE_RING_NAMESIZE];
	int rc = mesh_init(&app->mesh, l->n_cores, n_dst, RING_SIZE);

	if (rc != 0)
		return failed("rings", rc);
	for (unsigned i = 0; i < l->n_poll; i++) {
		snprintf(name, sizeof(name), "retired%u", i);
		app->retired[i] = rte_ring_create(name, app->opt.max_sessions, SOCKET_ID_ANY,
						  RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
		if (app->retired[i] == NULL)
			return failed("rings", rte_errno);
	}
	return true;
}

static bool make_sessions(struct app *app)
{
	uint8_t seed[32];
	struct store_config cfg = {
		.max_sessions = app->opt.max_sessions,
		.replay_window = app->opt.replay_window,
		.socket = SOCKET_ID_ANY,
		.hash_seed = seed,
		.identities = app->credentials.identities,
	};
	struct cookie_secrets *secrets = malloc(sizeof(*secrets));

	if (secrets == NULL || !random_bytes(seed, sizeof(seed)) || !cookie_secrets_init(secrets)) {
		free(secrets);
		return failed("cookie secrets", ENOMEM);
	}
	atomic_store(&app->cookie_secrets, secrets);
	app->store = store_new(&cfg);
	secret_wipe(seed, sizeof(seed));
	/* A slot lingers in the table until its session is installed: a little beyond what is
	 * active at once. */
	app->pending = table_new(app->opt.max_handshakes * 2, SOCKET_ID_ANY);
	if (app->store == NULL || app->pending == NULL)
		return failed("--max-sessions", ENOMEM);
	app->recycler = recycler_new(app->store, &app->mesh, app->retired, app->layout.n_poll);
	return app->recycler != NULL || failed("sessions", ENOMEM);
}

static void fill_path_ports(const struct app *app, struct path_config *cfg, unsigned poll)
{
	cfg->n_ports = (uint8_t)app->n_ports;
	for (unsigned i = 0; i < app->n_ports; i++)
		cfg->ports[i] = (struct path_port){
			.port_id = app->ports[i].id,
			.tx_queue = (uint16_t)poll,
			.mtu = app->ports[i].mtu,
			.tx_offload = app->ports[i].tx_offload,
			.host = app->ports[i].host,
		};
}

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

static bool is_ipv4(const uint8_t ip[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip, mapped, sizeof(mapped)) == 0;
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
			if (is_ipv4(host->addrs[i].ip) == l->any4)
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
		.retired = app->retired[poll],
		.store = app->store,
		.pending = app->pending,
		.aead = app->aeads[core->index],
		.cookie_secrets = &app->cookie_secrets,
		.drain = &app->draining,
		.pool = app->pool,
		.session_timeout_ns = app->opt.session_timeout_ns,
	};

	app->gates[core->index] = cfg.gate = gate_new();
	fill_path_ports(app, &cfg, poll);
	fill_path_rings(app, &cfg, core->index);
	core->poll = poll;
	if (!fill_path_listen(app, &cfg))
		log_line(LOG_LEVEL_ERROR, "--listen: more than %d addresses", PATH_LISTEN_MAX);
	else if (cfg.gate != NULL)
		core->path = path_core_new(&cfg, core_now_ns());
	return core->path != NULL;
}

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
		.policy = &app->opt.policy,
		.aead = app->aeads[core->index],
		.max_handshakes = app->opt.max_handshakes / app->layout.n_handshake + 1,
		.timeout_ns = app->opt.handshake_timeout_ns,
		.draining = &app->draining,
	};

	for (unsigned i = 0; i < app->n_ports; i++)
		mtu = RTE_MIN(mtu, app->ports[i].mtu);
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
		return failed("--aead-engine", errno);
	for (unsigned i = 0; i < lc->n_queues; i++) {
		const struct layout_queue *q = &app->layout.queues[lc->first_queue + i];

		core->queues[core->n_queues++] = (struct core_queue){
			.port = (uint8_t)q->port,
			.port_id = app->ports[q->port].id,
			.queue = q->queue,
		};
	}
	if ((lc->poll != LAYOUT_NONE && !make_path(app, core, lc->poll)) ||
	    (lc->handshake != LAYOUT_NONE && !make_handshake(app, core, lc->handshake)) ||
	    (lc->worker != LAYOUT_NONE && !make_worker(app, core, lc->worker)))
		return failed("core", errno);
	return true;
}

static bool make_cores(struct app *app)
{
	for (unsigned i = 0; i < app->layout.n_cores; i++)
		if (!make_core(app, i))
			return false;
	return true;
}

static int launch(struct app *app)
{
	for (unsigned i = 0; i < app->layout.n_cores; i++) {
		struct core *core = &app->cores[i];
		int rc = core->lcore == rte_get_main_lcore()
				 ? 0
				 : rte_eal_remote_launch(core_run, core, core->lcore);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* The mbufs that can be away from the pool at once: in receive and transmit queues, in the rings
 * between cores, and in the cores' caches and bursts. */
static uint32_t pool_size(const struct app *app)
{
	const struct layout *l = &app->layout;
	uint32_t n = 0;

	if (app->opt.mbufs != 0)
		return app->opt.mbufs;
	for (unsigned i = 0; i < app->opt.n_ports; i++)
		n += PORT_RXD_DEFAULT * l->port_queues[i] + PORT_TXD_DEFAULT * l->n_poll;
	n += l->n_cores * (MBUF_CACHE * 2 + PATH_BURST_MAX * RECORDS_PER_DATAGRAM);
	return n + (app->opt.test_mode ? RING_SIZE : 4 * RING_SIZE);
}

static bool make_pool(struct app *app)
{
	app->pool = rte_pktmbuf_pool_create("packets", pool_size(app), MBUF_CACHE, MSG_PRIV_SIZE,
					    RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return app->pool != NULL || failed("--mbufs", rte_errno);
}
