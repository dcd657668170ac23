/* SPDX-License-Identifier: BSD-3-Clause */
#include "app.h"

#include "eal.h"
#include "log.h"
#include "mono_clock.h"
#include "random.h"
#include "secret.h"
#include "stats.h"
#include "telemetry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <urcu/urcu-qsbr.h>

enum {
	ERROR_MAX = 512,
	RING_SIZE = 4096,
	MBUF_CACHE = 256,
	SINK_QUEUE = 64 << 20,
	SINK_QUEUE_TEST = 8 << 20,
};

bool app_failed(const char *what, int err)
{
	log_line(LOG_LEVEL_ERROR, "%s: %s", what, strerror(err < 0 ? -err : err));
	return false;
}

static void sink_log(void *arg, const char *line)
{
	(void)arg;
	log_line(LOG_LEVEL_WARNING, "%s", line);
}

/* Every file that credentials come from. */
static bool load_credentials(struct app *app)
{
	const struct resumption_config resumption = {
		.lifetime_s = app->opt.session_lifetime_s,
		.cache_entries = app->opt.session_cache,
		.tickets = (uint8_t)app->opt.tickets,
		.key_file = app->opt.ticket_key_file,
	};
	const struct credentials_files files = { .psk_file = app->opt.psk_file,
						 .psk_derive = app->opt.psk_derive,
						 .deny_file = app->opt.deny_file };
	char err[ERROR_MAX];

	if (!credentials_init(&app->credentials, &files, err, sizeof(err))) {
		log_line(LOG_LEVEL_ERROR, "credentials: %s", err);
		return false;
	}
	if (app->opt.certificates.n_own > 0 &&
	    !credentials_certificates(&app->credentials, &app->opt.certificates, err,
				      sizeof(err))) {
		log_line(LOG_LEVEL_ERROR, "certificates: %s", err);
		return false;
	}
	if (psk_store_short_keys(app->credentials.psks) > 0)
		log_line(LOG_LEVEL_WARNING, "--psk-file: %zu keys are shorter than 16 bytes",
			 psk_store_short_keys(app->credentials.psks));
	if (!app->opt.no_resumption && !resumption_init(&app->resumption, &resumption,
							(uint64_t)time(NULL), err, sizeof(err))) {
		log_line(LOG_LEVEL_ERROR, "--ticket-key-file: %s", err);
		return false;
	}
	if (!cluster_init(&app->cluster, &app->opt, err, sizeof(err))) {
		log_line(LOG_LEVEL_ERROR, "--cid-key-file: %s", err);
		return false;
	}
	return true;
}

bool app_load(struct app *app)
{
	struct sink_config sink = {
		.spec = app->opt.sink,
		.queue_bytes = app->opt.test_mode ? SINK_QUEUE_TEST : SINK_QUEUE,
		.n_workers = app->layout.n_worker,
		.log = sink_log,
	};
	char err[ERROR_MAX];

	if (!load_credentials(app))
		return false;
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
	int rc = mesh_init(&app->mesh, l->n_cores, n_dst, RING_SIZE);

	return rc == 0 || app_failed("rings", rc);
}

/* The NUMA node of each poll core; returns the one that they share, or SOCKET_ID_ANY. */
static int poll_nodes(const struct layout *l, int nodes[CORE_MAX])
{
	int shared = l->cores[l->poll[0]].socket;

	for (unsigned i = 0; i < l->n_poll; i++) {
		nodes[i] = l->cores[l->poll[i]].socket;
		if (nodes[i] != shared)
			shared = SOCKET_ID_ANY;
	}
	return shared;
}

static bool make_sessions(struct app *app)
{
	uint8_t seed[32];
	int nodes[CORE_MAX];
	const int shared_node = poll_nodes(&app->layout, nodes);
	struct store_config cfg = {
		.max_sessions = app->opt.max_sessions,
		.replay_window = app->opt.replay_window,
		.owner_nodes = nodes,
		.n_owners = (uint8_t)app->layout.n_poll,
		.hash_seed = seed,
		.identities = app->credentials.identities,
	};
	struct cookie_secrets *secrets = malloc(sizeof(*secrets));

	if (secrets == NULL || !random_bytes(seed, sizeof(seed)) || !cookie_secrets_init(secrets)) {
		free(secrets);
		return app_failed("cookie secrets", ENOMEM);
	}
	atomic_store(&app->cookie_secrets, secrets);
	app->store = store_new(&cfg);
	secret_wipe(seed, sizeof(seed));
	/* A slot lingers in the table until its session is installed: a little beyond what is
	 * active at once. */
	app->pending = table_new(app->opt.max_handshakes * 2, shared_node);
	if (app->store == NULL || app->pending == NULL)
		return app_failed("--max-sessions", ENOMEM);
	if (app->opt.policy.max_version == DTLS_1_3) {
		app->post_states = post_states_new(app->store->n_slots);
		if (app->post_states == NULL)
			return app_failed("--max-sessions", ENOMEM);
	}
	app->recycler = recycler_new(app->store, &app->mesh, app->post_states);
	return (app->recycler != NULL && control_review_new(app)) || app_failed("sessions", ENOMEM);
}

/* The mbufs that can be away from the pool at once: in receive and transmit queues, in the rings
 * between cores, and in the cores' caches and bursts. */
static uint32_t pool_size(const struct app *app)
{
	const struct layout *l = &app->layout;
	uint32_t rxd = RTE_MAX((uint32_t)app->opt.rxd, (uint32_t)PORT_RXD_DEFAULT);
	uint32_t txd = RTE_MAX((uint32_t)app->opt.txd, (uint32_t)PORT_TXD_DEFAULT);
	uint32_t n = 0;

	if (app->opt.mbufs != 0)
		return app->opt.mbufs;
	/* Many drivers have their queues in pairs, and a transmit queue is every poll core's. */
	for (unsigned i = 0; i < app->opt.n_ports; i++)
		n += rxd * RTE_MAX((uint32_t)l->port_queues[i], l->n_poll) + txd * l->n_poll;
	n += l->n_cores * (MBUF_CACHE * 2 + PATH_BURST_MAX * RECORDS_PER_DATAGRAM);
	return n + (app->opt.test_mode ? RING_SIZE : 4 * RING_SIZE);
}

/* Hellos longer than a packet, on their way from a gate to a handshake core: no gate makes more of
 * them whole than HELLO_POOL_RATE a second. */
static uint32_t hello_pool_size(const struct app *app)
{
	return app->layout.n_poll * HELLO_POOL_SLOTS;
}

static bool make_pools(struct app *app)
{
	int nodes[CORE_MAX], node = poll_nodes(&app->layout, nodes);

	app->pool = rte_pktmbuf_pool_create("packets", pool_size(app), MBUF_CACHE, MSG_PRIV_SIZE,
					    RTE_MBUF_DEFAULT_BUF_SIZE, node);
	app->hello_pool = rte_pktmbuf_pool_create("hellos", hello_pool_size(app), 0, MSG_PRIV_SIZE,
						  RTE_PKTMBUF_HEADROOM + GATE_HELLO_MAX, node);
	return (app->pool != NULL && app->hello_pool != NULL) || app_failed("--mbufs", rte_errno);
}

/* What DPDK's heap must hold, in MB: packets, sessions and their index, rings, and some slack. */
static unsigned memory_mb(const struct app *app)
{
	size_t packet = RTE_MBUF_DEFAULT_BUF_SIZE + MSG_PRIV_SIZE + 2 * RTE_CACHE_LINE_SIZE +
			sizeof(struct rte_mbuf);
	size_t session = sizeof(struct session_hot) + sizeof(struct session_cold) +
			 sizeof(struct session_overflow) + 64 + app->opt.replay_window / 8;
	size_t rings = (size_t)app->layout.n_cores * app->layout.n_cores * MESH_ROLES * RING_SIZE *
		       sizeof(void *);
	size_t hello = packet - RTE_MBUF_DEFAULT_BUF_SIZE + RTE_PKTMBUF_HEADROOM + GATE_HELLO_MAX;
	size_t bytes = pool_size(app) * packet + hello_pool_size(app) * hello +
		       app->opt.max_sessions * session + rings +
		       app->opt.max_handshakes * (size_t)64;

	return 64 + (unsigned)(bytes >> 20) * 5 / 4;
}

/* Each handshake may have a question. */
static bool start_psk_socket(struct app *app)
{
	unsigned n = app->layout.n_handshake;

	if (app->opt.psk_socket == NULL)
		return true;
	app->psk_queue = psk_queue_new(n, app->opt.max_handshakes / n + 1);
	if (app->psk_queue != NULL)
		app->psk_socket = psk_socket_start(app->psk_queue, app->opt.psk_socket,
						   app->opt.psk_timeout_ns);
	return app->psk_socket != NULL || app_failed("--psk-socket", ENOMEM);
}

static bool open_ports(struct app *app)
{
	char err[ERROR_MAX];

	for (unsigned i = 0; i < app->opt.n_ports; i++) {
		const struct port_config cfg = {
			.spec = &app->opt.ports[i],
			.index = i,
			.n_rxq = app->layout.port_queues[i],
			.n_txq = (uint16_t)app->layout.n_poll,
			.rxd = app->opt.rxd,
			.txd = app->opt.txd,
			.pool = app->pool,
		};

		if (!port_open(&cfg, &app->ports[i], err, sizeof(err))) {
			log_line(LOG_LEVEL_ERROR, "%s", err);
			return false;
		}
		app->n_ports++;
		if (app->ports[i].warning[0] != '\0')
			log_line(LOG_LEVEL_WARNING, "%s", app->ports[i].warning);
		if (!layout_limit_queues(&app->layout, i, app->ports[i].n_rxq, err, sizeof(err))) {
			log_line(LOG_LEVEL_ERROR, "%s", err);
			return false;
		}
	}
	return true;
}

static void print_layout(const struct app *app)
{
	struct layout_port_info info[OPTIONS_PORTS_MAX];

	for (unsigned i = 0; i < app->n_ports; i++)
		info[i] = (struct layout_port_info){
			.rss = app->ports[i].rss_text,
			.offloads = app->ports[i].offload_text,
		};
	layout_print(stdout, &app->layout, &app->opt, info);
	if (app->resumption.keys != NULL)
		printf("resumption: for %u s; tickets with keys %s%s; %u sessions by id, %zu bytes "
		       "each\n",
		       app->resumption.lifetime_s,
		       app->resumption.key_file != NULL ? "of " : "of this process",
		       app->resumption.key_file != NULL ? app->resumption.key_file : "",
		       app->resumption.cache != NULL ? session_cache_entries(app->resumption.cache)
						     : 0,
		       (size_t)SESSION_CACHE_ENTRY);
	printf("aead: %s; sink: %s, --ack %s; %u sessions at most, %zu devices known\n",
	       aead_name(app->aeads[0]), app->opt.sink,
	       app->opt.ack_delivered ? "delivered" : "enqueue", app->opt.max_sessions,
	       psk_store_count(app->credentials.psks));
}

static bool start_eal(struct app *app)
{
	struct eal_args *args = &app->eal;
	char err[ERROR_MAX];

	if (!eal_args_make(args, &app->opt, &app->layout, memory_mb(app), err, sizeof(err))) {
		log_line(LOG_LEVEL_ERROR, "%s", err);
		return false;
	}
	log_line(LOG_LEVEL_INFO, "EAL arguments: %s", args->text);
	if (args->warning[0] != '\0')
		log_line(LOG_LEVEL_WARNING, "%s", args->warning);
	if (rte_eal_init(args->argc, args->argv) < 0)
		return app_failed("EAL", rte_errno);
	app->eal_up = true;
	return true;
}

static void *control_thread(void *arg)
{
	struct app *app = arg;

	pthread_setname_np(pthread_self(), "sluice-control");
	control_run(app);
	return NULL;
}

/* First of all, and before EAL pins this thread: a start that waits for something can be ended, and
 * the control thread runs where the scheduler finds room. */
static bool start_control(struct app *app)
{
	int rc = pthread_create(&app->control, NULL, control_thread, app);

	app->has_control = rc == 0;
	return rc == 0 || app_failed("control thread", rc);
}

static void join_control(struct app *app)
{
	if (app->has_control)
		pthread_join(app->control, NULL);
	app->has_control = false;
}

bool app_start(struct app *app)
{
	if (!start_control(app) || !start_eal(app) || !make_pools(app) || !open_ports(app) ||
	    !make_rings(app) || !make_sessions(app) || !start_psk_socket(app) ||
	    !app_make_cores(app) || !stats_telemetry(app))
		return false;
	for (unsigned i = 0; i < app->n_ports; i++)
		port_announce(&app->ports[i], app->pool);
	print_layout(app);
	return true;
}

static struct core *main_core(struct app *app)
{
	for (unsigned i = 0; i < app->layout.n_cores; i++)
		if (app->cores[i].lcore == rte_get_main_lcore())
			return &app->cores[i];
	return NULL;
}

static void print_endpoint(const uint8_t ip[16], uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	if (flow_ip_is_mapped(ip))
		printf(" %s:%u", inet_ntop(AF_INET, ip + 12, text, sizeof(text)), port);
	else
		printf(" [%s]:%u", inet_ntop(AF_INET6, ip, text, sizeof(text)), port);
}

static bool listens(const uint8_t ip[16], const struct listen_spec *l)
{
	return (flow_ip_is_mapped(ip) ? l->any4 : l->any6) || memcmp(ip, l->ip, 16) == 0;
}

/* The one line that says the endpoint serves, with every address it serves on. */
static void print_ready(const struct app *app)
{
	printf("ready:");
	for (unsigned p = 0; p < app->n_ports; p++) {
		const struct frame_host *host = &app->ports[p].host;

		for (unsigned i = 0; i < host->n_addrs * app->opt.n_listen; i++) {
			const uint8_t *ip = host->addrs[i / app->opt.n_listen].ip;
			const struct listen_spec *l = &app->opt.listen[i % app->opt.n_listen];

			if (listens(ip, l))
				print_endpoint(ip, l->port);
		}
	}
	putchar('\n');
	fflush(stdout);
}

int app_serve(struct app *app)
{
	struct core *mine = main_core(app);

	app->start_ns = mono_clock_ns();
	for (unsigned i = 0; i < app->layout.n_cores; i++)
		if (&app->cores[i] != mine)
			rte_eal_remote_launch(core_run, &app->cores[i], app->cores[i].lcore);
	atomic_store(&app->serving, true);
	print_ready(app);
	if (mine != NULL && app->layout.cores[mine->index].roles != 0)
		core_run(mine);
	join_control(app);
	rte_eal_mp_wait_lcore();
	return control_flush(app) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void free_cookie_secrets(struct app *app)
{
	void *secrets = (void *)(uintptr_t)atomic_load(&app->cookie_secrets);

	if (secrets != NULL)
		secret_wipe(secrets, sizeof(struct cookie_secrets));
	free(secrets);
}

void app_free(struct app *app)
{
	/* A start that failed left the control thread waiting. */
	atomic_store(&app->stop, true);
	join_control(app);
	if (app->eal_up)
		telemetry_stop();
	for (unsigned i = 0; i < app->n_ports; i++)
		port_close(&app->ports[i]);
	/* Handshakes and sessions give their identities back, which is for registered threads. */
	urcu_qsbr_register_thread();
	psk_socket_stop(app->psk_socket);
	app_free_cores(app);
	psk_queue_free(app->psk_queue);
	mesh_free(&app->mesh);
	recycler_free(app->recycler);
	post_states_free(app->post_states);
	review_free(app->review);
	store_free(app->store);
	urcu_qsbr_unregister_thread();
	table_free(app->pending);
	free_cookie_secrets(app);
	if (app->sink != NULL)
		sink_close(app->sink);
	credentials_free(&app->credentials);
	resumption_free(&app->resumption);
	cluster_free(&app->cluster);
	free(app->last_sample);
	if (app->eal_up)
		rte_eal_cleanup();
	eal_args_free(&app->eal);
}
