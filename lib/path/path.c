/* SPDX-License-Identifier: BSD-3-Clause */
#include "path.h"

#include "frame_plain_avx512.h"
#include "frame_single.h"
#include "stages.h"

#include <errno.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

enum { PORT_COAPS = 5684 };

static bool rings_work(const struct path_config *c)
{
	for (unsigned i = 0; i < c->n_poll; i++) {
		if (i != c->index && c->to_poll[i] == NULL)
			return false;
	}
	for (unsigned i = 0; i < c->n_handshake; i++) {
		if (c->to_handshake[i] == NULL)
			return false;
	}
	for (unsigned i = 0; i < c->n_workers; i++) {
		if (c->to_worker[i] == NULL)
			return false;
	}
	return true;
}

static bool layout_works(const struct path_config *c)
{
	if (c->n_poll > PATH_POLL_MAX || c->index >= c->n_poll || c->n_handshake == 0 ||
	    c->n_handshake > PATH_HANDSHAKE_MAX || c->n_workers == 0 ||
	    c->n_workers > PATH_WORKERS_MAX || c->n_ports > PATH_PORTS_MAX ||
	    c->n_listen > PATH_LISTEN_MAX || (c->forward != NULL && c->cid == NULL))
		return false;
	for (unsigned i = 0; i < c->n_ports; i++) {
		if (c->ports[i].port_id >= RTE_MAX_ETHPORTS)
			return false;
	}
	if (c->cid != NULL && c->cid->len > SESSION_CID_MAX)
		return false;
	return rte_pktmbuf_priv_size(c->pool) >= sizeof(struct msg) && rings_work(c);
}

/* What is asked of every frame. */
static void listens_init(struct path_core *core)
{
	struct path_config *c = &core->cfg;

	if (c->n_listen == 0) {
		c->listen[0].port = PORT_COAPS;
		c->n_listen = 1;
	}
	core->listen_everywhere = CORE_NO_LISTEN;
	for (unsigned i = 0; i < c->n_listen; i++) {
		if (bytes_zero16(c->listen[i].ip))
			core->listen_everywhere = c->listen[i].port;
	}
}

static void boxes_init(struct path_core *core)
{
	const struct path_config *c = &core->cfg;

	for (unsigned i = 0; i < c->n_poll; i++)
		core->to_poll[i].ring = c->to_poll[i];
	for (unsigned i = 0; i < c->n_handshake; i++)
		core->to_handshake[i].ring = c->to_handshake[i];
	for (unsigned i = 0; i < c->n_workers; i++)
		core->to_worker[i].ring = c->to_worker[i];
}

struct path_core *path_core_new(const struct path_config *cfg, uint64_t now_ns)
{
	struct path_core *core;
	uint32_t seed;

	if (!layout_works(cfg)) {
		errno = EINVAL;
		return NULL;
	}
	core = rte_zmalloc_socket("path_core", sizeof(*core), 64, (int)rte_socket_id());
	if (core == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	core->cfg = *cfg;
	if (cfg->forward != NULL && (core->hmac = hmac_batch_new()) == NULL) {
		rte_free(core);
		errno = ENOMEM;
		return NULL;
	}
	core->now_ns = core->swept_ns = now_ns;
	core->cid_len = cfg->cid == NULL ? 0 : cfg->cid->len;
	core->singles = frame_single_usable();
	core->cid_singles = core->singles && frame_single_cid_fits(core->cid_len);
	if (core->cid_singles) {
		frame_single_form_cid(&core->cid_form, false, core->cid_len);
		frame_single_form_cid(&core->cid_form13, true, core->cid_len);
	}
	core->plains = frame_plain_avx512_usable();
	listens_init(core);
	memset(core->port_index, CORE_NO_PORT, sizeof(core->port_index));
	for (uint8_t i = 0; i < cfg->n_ports; i++) {
		core->port_index[cfg->ports[i].port_id] = i;
		frame_host_prepare(&core->cfg.ports[i].host);
	}
	memcpy(&seed, &cfg->store->hash_key, sizeof(seed));
	throttle_init(&core->throttle, seed);
	throttle_sources_init(&core->late, seed);
	throttle_sources_init(&core->post, seed);
	throttle_sources_init(&core->alerts, seed);
	boxes_init(core);
	if (!away_init(&core->away)) {
		hmac_batch_free(core->hmac);
		rte_free(core);
		errno = EAGAIN;
		return NULL;
	}
	return core;
}

void path_core_free(struct path_core *core)
{
	if (core == NULL)
		return;
	for (unsigned i = 0; i < core->cfg.n_ports; i++)
		rte_pktmbuf_free_bulk(core->tx[i].m, core->tx[i].n);
	rte_pktmbuf_free_bulk(core->datagrams, core->n_datagrams);
	rte_pktmbuf_free_bulk(core->forward_in, core->n_forward_in);
	rte_pktmbuf_free_bulk(core->forward_out, core->n_forward_out);
	rte_pktmbuf_free_bulk(core->hellos, core->n_hellos);
	rte_pktmbuf_free_bulk(core->seals, core->n_seals);
	for (unsigned i = 0; i < PATH_POLL_MAX; i++)
		outbox_clear(&core->to_poll[i]);
	for (unsigned i = 0; i < PATH_HANDSHAKE_MAX; i++)
		outbox_clear(&core->to_handshake[i]);
	for (unsigned i = 0; i < PATH_WORKERS_MAX; i++)
		outbox_clear(&core->to_worker[i]);
	hmac_batch_free(core->hmac);
	rte_free(core);
}

static void records12_run(struct path_core *core)
{
	check_run(core);
	open_run(core);
	commit_run(core);
	dispatch_run(core, core->records, core->n_records);
	core->n_records = 0;
}

static void records13_run(struct path_core *core)
{
	open13_run(core);
	commit13_run(core);
	dispatch_run(core, core->records13, core->n_records13);
	core->n_records13 = 0;
}

void records_run(struct path_core *core)
{
	if (core->n_records != 0)
		records12_run(core);
	if (core->n_records13 != 0)
		records13_run(core);
}

/* Datagrams that were looked up. */
static void datagrams_run(struct path_core *core)
{
	route_run(core);
	admit_run(core);
	split_run(core);
	records_run(core);
}

/* Datagrams wait for path_flush. */
static void make_room(struct path_core *core, unsigned n)
{
	if (path_waiting(core) + n > PATH_BURST_MAX) {
		forward_take(core);
		lookup_run(core);
		datagrams_run(core);
	}
}

void path_rx_burst(struct path_core *core, unsigned port, struct rte_mbuf **mbufs, unsigned n,
		   uint64_t now_ns)
{
	core->now_ns = now_ns;
	make_room(core, n);
	rx_run(core, port, mbufs, n);
}

unsigned path_waiting(const struct path_core *core)
{
	return core->n_datagrams + core->n_forward_in;
}

void path_inbox_burst(struct path_core *core, struct rte_mbuf **mbufs, unsigned n, uint64_t now_ns)
{
	core->now_ns = now_ns;
	make_room(core, n);
	inbox_run(core, mbufs, n);
}

void path_flush(struct path_core *core, uint64_t now_ns)
{
	core->now_ns = now_ns;
	forward_take(core);
	/* Their sessions' lines come while the replies of the turn before are sealed. */
	lookup_run(core);
	seal_run(core);
	datagrams_run(core);
	forward_flush(core);
	tx_flush(core);
	for (unsigned i = 0; i < core->cfg.n_poll; i++)
		outbox_flush(&core->to_poll[i], &core->counts);
	for (unsigned i = 0; i < core->cfg.n_handshake; i++)
		outbox_flush(&core->to_handshake[i], &core->counts);
	for (unsigned i = 0; i < core->cfg.n_workers; i++)
		outbox_flush(&core->to_worker[i], &core->counts);
}

void path_sweep(struct path_core *core, uint64_t now_ns)
{
	core->now_ns = now_ns;
	sweep_run(core);
	rekey_sweep(core);
	evict_run(core);
	forward_nodes_ask(core);
	away_run(core);
}

const struct status_counts *path_counts(const struct path_core *core) { return &core->counts; }

void path_stats(const struct path_core *core, struct path_stats *out)
{
#define PATH_STATS_LOAD(name) out->name = counter_get(&core->stats.name);
	PATH_STATS_LIST(PATH_STATS_LOAD)
#undef PATH_STATS_LOAD
}
