/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole bursts through the record path of one poll core, with records that clients sealed before.
 *
 *   path_frames            what the bench itself does: mbufs allocated, frames copied in, freed
 *   path_open              that, and frames → lookup → window → open → commit → worker's ring
 *   path_request_response  that, and every request becomes a response of 12 bytes → seal → net_null
 *
 * Records of different sessions follow each other in random order.
 */
#include "benches.h"

#include "frame.h"
#include "path.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

enum { LEN = 64, RESPONSE_LEN = 12, FRAME_ROOM = 160, FRAMES_MIN = 1 << 16, MBUFS = 4095 };
enum { BURST_MAX = 32, RING_SIZE = 256 };
enum mode { FRAMES, OPEN, REQUEST_RESPONSE };

static const uint8_t server_mac[6] = { 2, 0, 0, 0, 0, 1 }, client_mac[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t server_ip[16] = { [10] = 0xff, 0xff, 198, 18, 0, 2 };

struct world {
	struct rte_mempool *pool;
	struct store *store;
	struct table *pending;
	struct aead *aead;
	struct gate *gate;
	struct cookie_secrets secrets;
	const struct cookie_secrets *_Atomic secrets_now;
	_Atomic bool drain;
	struct rte_ring *to_handshake, *to_worker;
	struct path_core *core;

	enum aead_alg alg;
	uint32_t n_sessions, n_frames, at;
	uint32_t *order; /* of the sessions */
	uint16_t frame_len;
	uint8_t (*frames)[FRAME_ROOM];
	uint64_t now_ns;
};

static struct rte_ring *ring(const char *name, unsigned size)
{
	return rte_ring_create(name, size, SOCKET_ID_ANY,
			       RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

static void world_free(struct world *w)
{
	path_core_free(w->core);
	rte_ring_free(w->to_handshake);
	rte_ring_free(w->to_worker);
	if (rte_eth_dev_is_valid_port(0))
		(void)rte_eth_dev_stop(0);
	rte_mempool_free(w->pool);
	gate_free(w->gate);
	aead_free(w->aead);
	if (w->pending != NULL)
		table_free(w->pending);
	if (w->store != NULL)
		store_free(w->store);
	free(w->frames);
	free(w->order);
	free(w);
}

static bool start_port(struct rte_mempool *pool)
{
	const struct rte_eth_conf conf = { 0 };

	return rte_eth_dev_is_valid_port(0) && rte_eth_dev_configure(0, 1, 1, &conf) == 0 &&
	       rte_eth_rx_queue_setup(0, 0, 256, 0, NULL, pool) == 0 &&
	       rte_eth_tx_queue_setup(0, 0, 256, 0, NULL) == 0 && rte_eth_dev_start(0) == 0;
}

static bool start_core(struct world *w)
{
	struct path_config cfg = {
		.n_poll = 1,
		.n_handshake = 1,
		.n_workers = 1,
		.to_handshake = { w->to_handshake },
		.to_worker = { w->to_worker },
		.ports = { { .mtu = 1500, .host = { .n_addrs = 1 } } },
		.n_ports = 1,
		.store = w->store,
		.pending = w->pending,
		.aead = w->aead,
		.gate = w->gate,
		.cookie_secrets = &w->secrets_now,
		.drain = &w->drain,
		.pool = w->pool,
	};
	struct frame_host *host = &cfg.ports[0].host;

	memcpy(host->mac, server_mac, sizeof(host->mac));
	memcpy(host->addrs[0].ip, server_ip, sizeof(server_ip));
	host->addrs[0].prefix_len = 15;
	w->core = path_core_new(&cfg, w->now_ns);
	return w->core != NULL;
}

static bool world_parts(struct world *w)
{
	static const uint8_t seed[32] = { 7 };
	const struct store_config sc = { .max_sessions = w->n_sessions,
					 .replay_window = 64,
					 .socket = SOCKET_ID_ANY,
					 .hash_seed = seed };

	w->pool = rte_pktmbuf_pool_create("bench", MBUFS, 256, MSG_PRIV_SIZE,
					  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	w->store = store_new(&sc);
	w->pending = table_new(64, SOCKET_ID_ANY);
	w->aead = aead_new(AEAD_ENGINE_AUTO);
	w->gate = gate_new();
	w->to_handshake = ring("bench_handshake", RING_SIZE);
	w->to_worker = ring("bench_worker", RING_SIZE);
	w->secrets_now = &w->secrets;
	return w->pool != NULL && w->store != NULL && w->pending != NULL && w->aead != NULL &&
	       w->gate != NULL && w->to_handshake != NULL && w->to_worker != NULL &&
	       cookie_secrets_init(&w->secrets) && start_port(w->pool) &&
	       start_core(w);
}

/* The s-th device, as the server's session has it. */
static struct session_install device(const struct world *w, uint32_t s)
{
	struct session_install in = {
		.flow = { .local_port = 5684, .remote_port = (uint16_t)(1024 + s / 62500) },
		.hop = { .vlan_tci = VLAN_NONE },
		.tx_seq = 1,
		.rx_window = 1,
		.aead = (uint8_t)w->alg,
	};
	/* 198.19.0.1 and on, with a further port for every 62,500 devices. */
	uint8_t remote[16] = { [10] = 0xff,           0xff, 198, 19, (uint8_t)(s / 250 % 250),
			       (uint8_t)(1 + s % 250) };

	memcpy(in.flow.local_ip, server_ip, sizeof(server_ip));
	memcpy(in.flow.remote_ip, remote, sizeof(remote));
	memcpy(in.hop.local_mac, server_mac, sizeof(server_mac));
	memcpy(in.hop.remote_mac, client_mac, sizeof(client_mac));
	memset(in.rx_key, 1, sizeof(in.rx_key));
	memcpy(in.rx_key, &s, sizeof(s));
	memset(in.tx_key, 2, sizeof(in.tx_key));
	memcpy(in.tx_key, &s, sizeof(s));
	return in;
}

static bool install_all(struct world *w)
{
	for (uint32_t s = 0; s < w->n_sessions; s++) {
		struct session_install in = device(w, s);
		struct session_ref ref, replaced;

		if (store_install(w->store, 0, &in, &ref, &replaced) != STATUS_OK)
			return false;
	}
	return true;
}

static void shuffle(struct world *w)
{
	uint64_t x = 88172645463325252;

	for (uint32_t i = 0; i < w->n_sessions; i++)
		w->order[i] = i;
	for (uint32_t i = w->n_sessions; i-- > 1;) {
		uint32_t j, swap = w->order[i];

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		j = (uint32_t)(x % (i + 1));
		w->order[i] = w->order[j];
		w->order[j] = swap;
	}
}

/* One client's record number seq in a frame, as it arrives. */
static void write_frame(struct world *w, uint8_t *frame, uint32_t s, uint64_t seq)
{
	const struct aead_info *info = aead_info(w->alg);
	const struct session_install in = device(w, s);
	struct flow flow = { .local_port = in.flow.remote_port, .remote_port = 5684 };
	struct nexthop hop = { .vlan_tci = VLAN_NONE };
	struct aead_op op = { .key = in.rx_key, .len = LEN, .aad_len = RECORD_AAD_LEN };
	uint8_t *payload;
	size_t headers, len = (size_t)info->explicit_len + LEN + info->tag_len;
	struct wr r, n;

	memcpy(flow.local_ip, in.flow.remote_ip, 16);
	memcpy(flow.remote_ip, server_ip, 16);
	memcpy(hop.local_mac, client_mac, 6);
	memcpy(hop.remote_mac, server_mac, 6);
	headers = frame_headers_len(&flow, &hop);
	payload = frame + headers;
	r = wr_of(payload, FRAME_ROOM - headers);
	n = wr_of(op.nonce + 4, 8);
	record_write_header(&r, RECORD_APPDATA, DTLS_1_2, 1, seq, (uint16_t)len);
	wr_u64(&n, UINT64_C(1) << 48 | seq);
	wr_bytes(&r, op.nonce + 4, info->explicit_len);
	op.src = op.dst = wr_space(&r, (size_t)LEN + info->tag_len);
	memset(op.dst, 0x51, LEN);
	record_aad(op.aad, RECORD_APPDATA, 1, seq, LEN);
	aead_seal(w->aead, w->alg, &op, 1);
	frame_write(&flow, &hop, 0, frame, payload, RECORD_HEADER_LEN + len);
	w->frame_len = (uint16_t)(headers + RECORD_HEADER_LEN + len);
}

static struct world *world_new(enum aead_alg alg, uint32_t n_sessions)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->alg = alg;
	w->n_sessions = n_sessions;
	w->n_frames = 2 * n_sessions > FRAMES_MIN ? 2 * n_sessions : FRAMES_MIN;
	w->now_ns = UINT64_C(1000000000000);
	w->order = calloc(n_sessions, sizeof(*w->order));
	w->frames = calloc(w->n_frames, sizeof(*w->frames));
	if (w->order == NULL || w->frames == NULL || !world_parts(w) || !install_all(w)) {
		world_free(w);
		return NULL;
	}
	shuffle(w);
	for (uint32_t i = 0; i < w->n_frames; i++)
		write_frame(w, w->frames[i], w->order[i % n_sessions], 1 + i / n_sessions);
	return w;
}

/* All frames were seen: forget that, so that they can come again. Costs less than a cycle a record
 * where there are few sessions, and is part of the figure where there are many. */
static void rewind_windows(struct world *w)
{
	w->at = 0;
	for (uint32_t slot = 0; slot < w->n_sessions; slot++)
		replay_init(&w->store->hot[slot], NULL, 64, 0, 1);
}

static void receive(struct world *w, struct rte_mbuf **m, unsigned n)
{
	if (w->at + n > w->n_frames)
		rewind_windows(w);
	if (rte_pktmbuf_alloc_bulk(w->pool, m, n) != 0)
		abort();
	for (unsigned i = 0; i < n; i++) {
		m[i]->data_len = w->frame_len;
		m[i]->pkt_len = w->frame_len;
		memcpy(rte_pktmbuf_mtod(m[i], void *), w->frames[w->at + i], w->frame_len);
	}
	w->at += n;
	w->now_ns += 1000;
}

/* What a worker does, in short. */
static void respond(struct rte_mbuf **m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		m[i]->data_len = RESPONSE_LEN;
		m[i]->pkt_len = RESPONSE_LEN;
		msg_of(m[i])->kind = MSG_REPLY;
	}
}

static void turn(struct world *w, enum mode mode, unsigned n)
{
	struct rte_mbuf *m[BURST_MAX];

	receive(w, m, n);
	if (mode != FRAMES) {
		path_rx_burst(w->core, 0, m, n, w->now_ns);
		path_flush(w->core, w->now_ns);
		n = rte_ring_sc_dequeue_burst(w->to_worker, (void **)m, n, NULL);
	}
	if (mode == REQUEST_RESPONSE) {
		respond(m, n);
		path_inbox_burst(w->core, m, n, w->now_ns);
		path_flush(w->core, w->now_ns);
	} else {
		rte_pktmbuf_free_bulk(m, n);
	}
}

/* That the path did what it is measured for. */
static bool all_done(const struct world *w, enum mode mode, uint64_t records)
{
	struct path_stats stats;

	path_stats(w->core, &stats);
	return stats.records_opened == (mode == FRAMES ? 0 : records) &&
	       stats.records_sealed == (mode == REQUEST_RESPONSE ? records : 0) &&
	       stats.tx_frames == stats.records_sealed;
}

static void run(struct bench *b)
{
	enum mode mode = (enum mode)bench_arg(b, 0);
	unsigned n = (unsigned)bench_arg(b, 3);
	struct world *w = world_new((enum aead_alg)bench_arg(b, 1), (uint32_t)bench_arg(b, 2));
	uint64_t turns = 0;

	if (w == NULL) {
		bench_fail(b, "no memory, or no net_null port");
		return;
	}
	for (; bench_next(b); turns++)
		turn(w, mode, n);
	if (!all_done(w, mode, turns * n))
		bench_fail(b, "not every record went through");
	bench_items(b, n);
	world_free(w);
}

static void add(enum mode mode, enum aead_alg alg, int64_t sessions, int64_t burst)
{
	static const char *const names[] = { "path_frames", "path_open", "path_request_response" };
	int64_t args[] = { mode, alg, sessions, burst };
	char name[128];

	snprintf(name, sizeof(name), "%s/%s/len:%d/sessions:%d/burst:%d", names[mode],
		 aead_info(alg)->name, LEN, (int)sessions, (int)burst);
	bench_add(name, run, args, 4);
}

void bench_path_add(void)
{
	static const int64_t sessions[] = { 64, 1000, 100000 };
	static const enum aead_alg algs[] = { AEAD_AES_128_GCM, AEAD_AES_128_CCM_8 };

	for (enum mode mode = FRAMES; mode <= REQUEST_RESPONSE; mode++) {
		for (size_t s = 0; s < 3; s++) {
			add(mode, algs[0], sessions[s], BURST_MAX);
			if (mode != FRAMES)
				add(mode, algs[1], sessions[s], BURST_MAX);
		}
		add(mode, algs[0], 1000, 1);
	}
}
