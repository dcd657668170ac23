/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_world.h"

#include "aead.h"
#include "frame.h"
#include "nonce.h"
#include "record13.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <sys/mman.h>

enum { MBUFS = 4095, RING_SIZE = 256, WORLDS_MAX = 40 };

static const uint8_t server_mac[6] = { 2, 0, 0, 0, 0, 1 }, client_mac[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t server_ip[16] = { [10] = 0xff, 0xff, 198, 18, 0, 2 };

struct world_rig world_rig;
static struct aead *engines[AEAD_ENGINE_LIBCRYPTO + 1];
static struct world *worlds[WORLDS_MAX];

static struct rte_ring *ring(const char *name, unsigned size)
{
	return rte_ring_create(name, size, SOCKET_ID_ANY,
			       RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

static bool start_port(struct world_rig *r)
{
	const struct rte_eth_conf conf = { 0 };
	int id;

	r->port_ring = ring("bench_port", WORLD_SENT_MAX);
	id = r->port_ring == NULL ? -1 : rte_eth_from_ring(r->port_ring);
	if (id < 0)
		return false;
	r->port_id = (uint16_t)id;
	return rte_eth_dev_configure(r->port_id, 1, 1, &conf) == 0 &&
	       rte_eth_rx_queue_setup(r->port_id, 0, 256, 0, NULL, r->pool) == 0 &&
	       rte_eth_tx_queue_setup(r->port_id, 0, 256, 0, NULL) == 0 &&
	       rte_eth_dev_start(r->port_id) == 0;
}

static bool rig_start(void)
{
	struct world_rig *r = &world_rig;

	if (r->pool != NULL)
		return true;
	r->pending = table_new(64, SOCKET_ID_ANY);
	r->gate = gate_new(NULL);
	r->to_handshake = ring("bench_handshake", RING_SIZE);
	r->to_worker = ring("bench_worker", RING_SIZE);
	r->from_worker = ring("bench_reply", RING_SIZE);
	r->to_owner = ring("bench_owner", RING_SIZE);
	r->secrets_now = &r->secrets;
	r->pool = rte_pktmbuf_pool_create("bench", MBUFS, 256, MSG_PRIV_SIZE,
					  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return r->pending != NULL && r->gate != NULL && r->to_handshake != NULL &&
	       r->to_worker != NULL && r->from_worker != NULL && r->to_owner != NULL &&
	       r->pool != NULL && cookie_secrets_init(&r->secrets) && start_port(r);
}

static struct aead *engine_get(enum aead_engine engine)
{
	if (engines[engine] == NULL)
		engines[engine] = aead_new(engine);
	return engines[engine];
}

/* Cores give connection IDs to devices, as they do by default; those of the worlds are found, so
 * nothing asks for the key. */
static const struct cid_key cid_key = { .len = WORLD_CID_LEN };

/* Poll core 0 owns the sessions. */
static struct path_core *core_new(const struct world *w, enum aead_engine engine, uint8_t index)
{
	struct path_config cfg = {
		.index = index,
		.n_poll = (uint8_t)(index + 1),
		.to_poll = { world_rig.to_owner },
		.n_handshake = 1,
		.n_workers = 1,
		.burst = 32,
		.to_handshake = { world_rig.to_handshake },
		.to_worker = { world_rig.to_worker },
		.ports = { { .port_id = world_rig.port_id,
			     .mtu = 1500,
			     .host = { .n_addrs = 1 } } },
		.n_ports = 1,
		.store = w->store,
		.pending = world_rig.pending,
		.aead = engine_get(engine),
		.gate = world_rig.gate,
		.cookie_secrets = &world_rig.secrets_now,
		.drain = &world_rig.drain,
		.pool = world_rig.pool,
		.cid = &cid_key,
	};
	struct frame_host *host = &cfg.ports[0].host;

	memcpy(host->mac, server_mac, sizeof(host->mac));
	memcpy(host->addrs[0].ip, server_ip, sizeof(server_ip));
	host->addrs[0].prefix_len = 15;
	return cfg.aead == NULL ? NULL : path_core_new(&cfg, w->now_ns);
}

/* The s-th device, as the server's session has it. */
static struct session_install device(const struct world *w, uint32_t s)
{
	struct session_install in = {
		.flow = { .local_port = 5684, .remote_port = (uint16_t)(1024 + s / 62500) },
		.hop = { .vlan_tci = VLAN_NONE },
		.tx_seq = 1,
		.rx_window = 1,
		.version = session_class_is_13(w->class) ? DTLS_1_3 : DTLS_1_2,
		.aead = (uint8_t)session_class_alg(w->class),
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
	memset(in.rx_sn_key, 3, sizeof(in.rx_sn_key));
	memcpy(in.rx_sn_key, &s, sizeof(s));
	memset(in.tx_sn_key, 4, sizeof(in.tx_sn_key));
	memcpy(in.tx_sn_key, &s, sizeof(s));
	in.own_cid_len = w->class & SESSION_CLASS_CID ? WORLD_CID_LEN : 0;
	in.peer_cid_len = w->class & SESSION_CLASS_CID_OUT ? WORLD_CID_LEN : 0;
	memcpy(in.own_cid, &s, sizeof(s));
	memcpy(in.peer_cid, &s, sizeof(s));
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

/* The device whose frame is the i-th: a permutation, for the multiplier has no factor in common
 * with any number of sessions below it. */
static uint32_t device_at(const struct world *w, uint32_t i)
{
	return (uint32_t)(i * UINT64_C(2654435761) % w->n_sessions);
}

/* CON POST /sensors/temp with a payload, WORLD_LEN bytes. */
static void write_request(uint8_t out[WORLD_LEN])
{
	static const uint8_t head[] = { 0x42, 2,   0,   1,   0x77, 0x66, 0xb7, 's', 'e', 'n',
					's',  'o', 'r', 's', 0x04, 't',  'e',  'm', 'p', 0xff };

	memset(out, '7', WORLD_LEN);
	memcpy(out, head, sizeof(head));
}

static void seal(enum aead_alg alg, struct aead_op *op, uint8_t *text)
{
	op->src = op->dst = text;
	aead_seal(engine_get(AEAD_ENGINE_AUTO), alg, op, 1);
}

/* A client's first record, number 1; its length. */
static size_t write_record12(const struct session_install *in, uint8_t *out)
{
	const struct aead_info *info = aead_info(in->aead);
	size_t len = (size_t)info->explicit_len + WORLD_LEN + info->tag_len;
	struct aead_op op = { .key = in->rx_key, .len = WORLD_LEN, .aad_len = RECORD_AAD_LEN };
	uint8_t *body = out + RECORD_HEADER_LEN;

	record_put_header(out, RECORD_APPDATA, DTLS_1_2, 1, 1, (uint16_t)len);
	bytes_put_u64(op.nonce + 4, UINT64_C(1) << 48 | 1);
	memcpy(body, op.nonce + 4, info->explicit_len);
	write_request(body + info->explicit_len);
	record_aad(op.aad, RECORD_APPDATA, 1, 1, WORLD_LEN);
	seal(in->aead, &op, body + info->explicit_len);
	return RECORD_HEADER_LEN + len;
}

/* The same with a connection ID of ours. */
static size_t write_record_cid(const struct session_install *in, uint8_t *out)
{
	const struct aead_info *info = aead_info(in->aead);
	const size_t header = RECORD_HEADER_LEN + WORLD_CID_LEN;
	struct aead_op op = { .key = in->rx_key, .len = WORLD_LEN + 1 };
	uint8_t *body = out + header + info->explicit_len;

	record_put_cid_header(out, 1, 1, in->own_cid, WORLD_CID_LEN,
			      (uint16_t)(info->explicit_len + op.len + info->tag_len));
	bytes_put_u64(op.nonce + 4, UINT64_C(1) << 48 | 1);
	memcpy(out + header, op.nonce + 4, info->explicit_len);
	write_request(body);
	body[WORLD_LEN] = RECORD_APPDATA;
	op.aad_len = (uint8_t)record_cid_aad(op.aad, 1, 1, in->own_cid, WORLD_CID_LEN, op.len);
	seal(in->aead, &op, body);
	return (size_t)(body - out) + op.len + info->tag_len;
}

static size_t write_record13(const struct session_install *in, uint8_t *out)
{
	const size_t tag_len = aead_info(in->aead)->tag_len;
	const size_t header = RECORD13_HEADER_LEN + (size_t)in->own_cid_len;
	struct aead_op op = { .key = in->rx_key, .aad_len = (uint8_t)header };
	uint8_t *body = out + header;
	struct aead_mask_op mask = { .key = in->rx_sn_key, .sample = body };

	write_request(body);
	op.len = (uint16_t)record13_put_inner(body, WORLD_LEN, RECORD_APPDATA, tag_len);
	if (in->own_cid_len == 0)
		record13_put_header(out, RECORD13_EPOCH_DATA, 1, (uint16_t)(op.len + tag_len));
	else
		record13_put_cid_header(out, RECORD13_EPOCH_DATA, 1, in->own_cid, in->own_cid_len,
					(uint16_t)(op.len + tag_len));
	memcpy(op.aad, out, header);
	memcpy(op.nonce, in->rx_iv, AEAD_IV_LEN);
	nonce_implicit(op.nonce, 1);
	seal(in->aead, &op, body);
	aead_mask(engine_get(AEAD_ENGINE_AUTO), in->aead, &mask, 1);
	record13_put_mask(body - RECORD13_HEADER_LEN, mask.mask);
	return header + op.len + tag_len;
}

/* One client's first record in a frame, as it arrives. */
static void write_frame(struct world *w, uint8_t *frame, uint32_t s)
{
	const struct session_install in = device(w, s);
	struct flow flow = { .local_port = in.flow.remote_port, .remote_port = 5684 };
	struct nexthop hop = { .vlan_tci = VLAN_NONE };
	size_t headers, len;
	uint8_t *payload;

	memcpy(flow.local_ip, in.flow.remote_ip, 16);
	memcpy(flow.remote_ip, server_ip, 16);
	memcpy(hop.local_mac, client_mac, 6);
	memcpy(hop.remote_mac, server_mac, 6);
	headers = frame_headers_len(&flow, &hop);
	payload = frame + headers;
	if (session_class_is_13(w->class))
		len = write_record13(&in, payload);
	else
		len = in.own_cid_len != 0 ? write_record_cid(&in, payload)
					  : write_record12(&in, payload);
	frame_write(&flow, &hop, 0, frame, payload, len);
	w->frame_len = (uint16_t)(headers + len);
}

static void *huge_array(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, len, MADV_HUGEPAGE);
	return p;
}

static bool fill(struct world *w)
{
	static const uint8_t seed[32] = { 7 };
	const struct store_config sc = { .max_sessions = w->n_sessions,
					 .replay_window = 64,
					 .hash_seed = seed };

	w->frames = huge_array((size_t)w->n_sessions * sizeof(*w->frames));
	w->store = store_new(&sc);
	if (w->frames == NULL || w->store == NULL || !install_all(w))
		return false;
	for (uint32_t i = 0; i < w->n_sessions; i++)
		write_frame(w, w->frames[i], device_at(w, i));
	return true;
}

/* A world that could not be filled is kept as it is, with no core: the bench fails. */
static struct world *world_find(uint8_t class, uint32_t n_sessions)
{
	unsigned i = 0;

	while (i < WORLDS_MAX && worlds[i] != NULL &&
	       (worlds[i]->class != class || worlds[i]->n_sessions != n_sessions))
		i++;
	if (i == WORLDS_MAX)
		return NULL;
	if (worlds[i] != NULL)
		return worlds[i];
	worlds[i] = calloc(1, sizeof(*worlds[i]));
	if (worlds[i] == NULL)
		return NULL;
	*worlds[i] =
		(struct world){ .class = class, .n_sessions = n_sessions, .now_ns = 1000000000000 };
	if (engine_get(AEAD_ENGINE_AUTO) == NULL || !fill(worlds[i]))
		worlds[i]->store = NULL;
	return worlds[i];
}

struct world *world_get(uint8_t class, uint32_t n_sessions, enum aead_engine engine)
{
	struct world *w = rig_start() ? world_find(class, n_sessions) : NULL;

	if (w == NULL || w->store == NULL)
		return NULL;
	if (w->cores[engine] == NULL)
		w->cores[engine] = core_new(w, engine, 0);
	w->core = w->cores[engine];
	return w->core == NULL ? NULL : w;
}

bool world_front(struct world *w)
{
	if (w->front == NULL)
		w->front = core_new(w, AEAD_ENGINE_AUTO, 1);
	return w->front != NULL;
}

static void rewind_windows(struct world *w)
{
	w->at = 0;
	w->message_id++;
	for (uint32_t slot = 0; slot < w->n_sessions; slot++)
		replay_init(&w->store->hot[slot], NULL, 64, 0, 1);
}

void world_receive(struct world *w, struct rte_mbuf **m, unsigned n)
{
	/* Between bursts only: what a burst commits must not outlive the forgetting. */
	if (w->at + n > w->n_sessions)
		rewind_windows(w);
	if (rte_pktmbuf_alloc_bulk(world_rig.pool, m, n) != 0)
		abort();
	for (unsigned i = 0; i < n; i++) {
		m[i]->data_len = w->frame_len;
		m[i]->pkt_len = w->frame_len;
		memcpy(rte_pktmbuf_mtod(m[i], void *), w->frames[w->at++], w->frame_len);
	}
	w->now_ns += 1000;
}

void world_send(void)
{
	struct world_rig *r = &world_rig;

	r->n_sent += rte_ring_sc_dequeue_burst(r->port_ring, (void **)(r->sent + r->n_sent),
					       WORLD_SENT_MAX - r->n_sent, NULL);
}

void world_recycle(void)
{
	rte_mempool_put_bulk(world_rig.pool, (void **)world_rig.sent, world_rig.n_sent);
	world_rig.n_sent = 0;
}
