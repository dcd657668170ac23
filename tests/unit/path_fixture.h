/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world for the tests of lib/path: two poll cores that share a store, rings whose other ends the
 * test holds, a port that loops back what is sent, and clients that seal with libcrypto.
 */
#pragma once

#include "eal_fixture.h"
#include "frame_build.h"
#include "hellos.h"
#include "path.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

enum { WORLD_CORES = 2, WORLD_HS = 2, WORLD_WORKERS = 2, WORLD_MBUFS = 1023, WORLD_HELLOS = 7 };

#define WORLD_TIMEOUT UINT64_C(8000000000)

struct world {
	struct rte_mempool *pool, *hello_pool;
	struct store *store;
	struct table *pending;
	struct aead *aead, *client_aead;
	struct gate *gate;
	struct cookie_secrets secrets;
	const struct cookie_secrets *_Atomic secrets_now;
	_Atomic bool drain;
	struct rte_ring *to_poll[WORLD_CORES][WORLD_CORES]; /* [from][to] */
	struct rte_ring *to_hs[WORLD_CORES][WORLD_HS];
	struct rte_ring *to_worker[WORLD_CORES][WORLD_WORKERS];
	struct path_config cfg[WORLD_CORES];
	struct path_core *core[WORLD_CORES];
	struct cid_key cid_key; /* len 0: cores give no connection IDs */
	uint64_t now;
};

static inline struct rte_ring *world_ring(const char *name, unsigned i, unsigned size)
{
	char full[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(full, sizeof(full), "%s%u", name, i);
	ring = rte_ring_create(full, size, SOCKET_ID_ANY,
			       RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	assert_non_null(ring);
	return ring;
}

static inline void world_port_start(struct world *w)
{
	const struct rte_eth_conf conf = { 0 };

	if (rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup(0, 0, 256, 0, NULL, w->pool) != 0 ||
	    rte_eth_tx_queue_setup(0, 0, 256, 0, NULL) != 0 || rte_eth_dev_start(0) != 0)
		fail_msg("net_ring does not start");
}

static inline void world_core_config(struct world *w, unsigned i)
{
	struct path_config *c = &w->cfg[i];

	*c = (struct path_config){
		.index = (uint8_t)i,
		.n_poll = WORLD_CORES,
		.n_handshake = WORLD_HS,
		.n_workers = WORLD_WORKERS,
		.ports = { { .port_id = 0, .mtu = 1500, .host = build_host } },
		.n_ports = 1,
		.store = w->store,
		.pending = w->pending,
		.aead = w->aead,
		.gate = w->gate,
		.cookie_secrets = &w->secrets_now,
		.drain = &w->drain,
		.pool = w->pool,
		.hello_pool = w->hello_pool,
		.session_timeout_ns = WORLD_TIMEOUT,
		.cid = w->cid_key.len == 0 ? NULL : &w->cid_key,
	};
	for (unsigned k = 0; k < WORLD_CORES; k++)
		c->to_poll[k] = k == i ? NULL : w->to_poll[i][k];
	for (unsigned k = 0; k < WORLD_HS; k++)
		c->to_handshake[k] = w->to_hs[i][k];
	for (unsigned k = 0; k < WORLD_WORKERS; k++)
		c->to_worker[k] = w->to_worker[i][k];
}

static inline void world_rings(struct world *w, unsigned ring_size)
{
	for (unsigned i = 0; i < WORLD_CORES; i++) {
		for (unsigned k = 0; k < WORLD_CORES; k++)
			w->to_poll[i][k] = world_ring("p", i * 8 + k, ring_size);
		for (unsigned k = 0; k < WORLD_HS; k++)
			w->to_hs[i][k] = world_ring("h", i * 8 + k, ring_size);
		for (unsigned k = 0; k < WORLD_WORKERS; k++)
			w->to_worker[i][k] = world_ring("w", i * 8 + k, ring_size);
	}
}

/* world_with: window, sizes and the cores' engine to the test's liking; NULL: no such engine here.
 */
static inline struct world *world_with(unsigned max_sessions, unsigned window, unsigned ring_size,
				       enum aead_engine engine)
{
	static const uint8_t seed[32] = { 7 };
	/* Both versions; of 1.3 no suite. */
	static const struct hello_policy policy = { .min_version = DTLS_1_2,
						    .max_version = DTLS_1_3 };
	struct world *w = calloc(1, sizeof(*w));
	const struct store_config sc = { .max_sessions = max_sessions,
					 .replay_window = window,
					 .hash_seed = seed };

	assert_non_null(w);
	w->aead = aead_new(engine);
	if (w->aead == NULL) {
		free(w);
		return NULL;
	}
	w->now = UINT64_C(1000000000000);
	w->pool = rte_pktmbuf_pool_create("world", WORLD_MBUFS, 0, MSG_PRIV_SIZE,
					  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	w->hello_pool =
		rte_pktmbuf_pool_create("hellos", WORLD_HELLOS, 0, MSG_PRIV_SIZE,
					RTE_PKTMBUF_HEADROOM + GATE_HELLO_MAX, SOCKET_ID_ANY);
	w->store = store_new(&sc);
	w->pending = table_new(64, SOCKET_ID_ANY);
	w->client_aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	w->gate = gate_new(&policy);
	assert_true(w->pool && w->hello_pool && w->store && w->pending && w->aead &&
		    w->client_aead && w->gate);
	assert_true(cookie_secrets_init(&w->secrets));
	w->secrets_now = &w->secrets;
	world_rings(w, ring_size);
	world_port_start(w);
	for (unsigned i = 0; i < WORLD_CORES; i++) {
		world_core_config(w, i);
		w->core[i] = path_core_new(&w->cfg[i], w->now);
		assert_non_null(w->core[i]);
	}
	return w;
}

static inline struct world *world_sized(unsigned max_sessions, unsigned window, unsigned ring_size)
{
	struct world *w = world_with(max_sessions, window, ring_size, AEAD_ENGINE_AUTO);

	assert_non_null(w);
	return w;
}

static inline int world_setup(void **state)
{
	*state = world_sized(64, 64, 256);
	return 0;
}

static inline void world_ring_free(struct rte_ring *ring, bool mbufs)
{
	void *at;

	while (rte_ring_dequeue(ring, &at) == 0) {
		if (mbufs)
			rte_pktmbuf_free(at);
	}
	rte_ring_free(ring);
}

static inline void world_port_drain(void)
{
	struct rte_mbuf *m[32];
	unsigned n;

	while ((n = rte_eth_rx_burst(0, 0, m, 32)) != 0)
		rte_pktmbuf_free_bulk(m, n);
}

/* world_teardown: every mbuf must be back in the pool (bad-input N8, invariant 7). */
static inline int world_teardown(void **state)
{
	struct world *w = *state;
	unsigned avail, hellos;

	for (unsigned i = 0; i < WORLD_CORES; i++) {
		path_core_free(w->core[i]);
		for (unsigned k = 0; k < WORLD_CORES; k++)
			world_ring_free(w->to_poll[i][k], true);
		for (unsigned k = 0; k < WORLD_HS; k++)
			world_ring_free(w->to_hs[i][k], true);
		for (unsigned k = 0; k < WORLD_WORKERS; k++)
			world_ring_free(w->to_worker[i][k], true);
	}
	world_port_drain();
	rte_eth_dev_stop(0);
	avail = rte_mempool_avail_count(w->pool);
	rte_mempool_free(w->pool);
	hellos = rte_mempool_avail_count(w->hello_pool);
	rte_mempool_free(w->hello_pool);
	gate_free(w->gate);
	aead_free(w->aead);
	aead_free(w->client_aead);
	table_free(w->pending);
	store_free(w->store);
	free(w);
	if (avail != WORLD_MBUFS || hellos != WORLD_HELLOS) {
		fprintf(stderr, "# %u mbufs leaked, %u for hellos\n", WORLD_MBUFS - avail,
			WORLD_HELLOS - hellos);
		return -1;
	}
	return 0;
}

static inline uint64_t world_count(const struct world *w, unsigned core, enum status s)
{
	return status_get(path_counts(w->core[core]), s);
}

static inline struct path_stats world_stats(const struct world *w, unsigned core)
{
	struct path_stats s;

	path_stats(w->core[core], &s);
	return s;
}

/* world_mbuf: an mbuf with these bytes. */
static inline struct rte_mbuf *world_mbuf(struct world *w, const void *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	char *to;

	assert_non_null(m);
	memset(msg_of(m), 0xa5, sizeof(struct msg)); /* what an mbuf's last user left */
	to = rte_pktmbuf_append(m, (uint16_t)len);
	assert_non_null(to);
	if (len > 0)
		memcpy(to, bytes, len);
	return m;
}

static inline struct rte_mbuf *world_frame(struct world *w, const struct build_spec *spec)
{
	struct build f;

	build_packet(&f, spec);
	return world_mbuf(w, f.b, f.len);
}

static inline void world_rx(struct world *w, unsigned core, struct rte_mbuf *m)
{
	path_rx_burst(w->core[core], 0, &m, 1, w->now);
	path_flush(w->core[core], w->now);
}

static inline void world_inbox(struct world *w, unsigned core, struct rte_mbuf *m)
{
	path_inbox_burst(w->core[core], &m, 1, w->now);
	path_flush(w->core[core], w->now);
}

/* world_take: the next message of a ring; NULL: none. */
static inline struct rte_mbuf *world_take(struct rte_ring *ring)
{
	void *m = NULL;

	return rte_ring_dequeue(ring, &m) == 0 ? m : NULL;
}

/* world_sent: the next frame that was sent; NULL: none. */
static inline struct rte_mbuf *world_sent(void)
{
	struct rte_mbuf *m = NULL;

	return rte_eth_rx_burst(0, 0, &m, 1) == 1 ? m : NULL;
}

/* A device with its session. keys are the server's view. */
struct client {
	struct session_install keys;
	struct build_spec spec;
	struct session_ref ref;
	uint64_t seq;
	uint16_t tx_epoch; /* of keys.tx_key; DTLS 1.3 only */
};

static inline struct flow client_flow(const struct build_spec *s)
{
	struct flow f = { .local_port = (uint16_t)s->dst_port,
			  .remote_port = (uint16_t)s->src_port };

	if (s->v6) {
		memcpy(f.local_ip, s->dst, 16);
		memcpy(f.remote_ip, s->src, 16);
		return f;
	}
	f.local_ip[10] = f.local_ip[11] = f.remote_ip[10] = f.remote_ip[11] = 0xff;
	memcpy(f.local_ip + 12, s->dst, 4);
	memcpy(f.remote_ip + 12, s->src, 4);
	return f;
}

static inline struct client client_make(const struct build_spec *spec, unsigned n,
					enum aead_alg alg)
{
	struct client c = { .spec = *spec, .seq = 1 };

	c.spec.src_port = 40000 + n;
	c.keys = (struct session_install){
		.flow = client_flow(&c.spec),
		.hop = { .local_mac = BUILD_MAC_HOST,
			 .remote_mac = BUILD_MAC_PEER,
			 .vlan_tci = (uint16_t)spec->vlan_tci,
			 .port_id = 0 },
		.tx_seq = 1,
		.rx_window = 1,
		.handshake_slot = 100 + n,
		.handshake_generation = 5,
		.aead = (uint8_t)alg,
		.handshake_core = 1,
	};
	memset(c.keys.rx_key, (int)(n * 4 + 1), sizeof(c.keys.rx_key));
	memset(c.keys.tx_key, (int)(n * 4 + 2), sizeof(c.keys.tx_key));
	for (unsigned i = 0; i < AEAD_IV_LEN; i++) {
		c.keys.rx_iv[i] = (uint8_t)(n + i * 3);
		c.keys.tx_iv[i] = (uint8_t)(n + i * 5 + 1);
	}
	return c;
}

/* client_install_msg: the MSG_INSTALL of its handshake. */
static inline struct rte_mbuf *client_install_msg(struct world *w, const struct client *c)
{
	struct rte_mbuf *m = world_mbuf(w, &c->keys, sizeof(c->keys));

	*msg_of(m) = (struct msg){
		.kind = MSG_INSTALL,
		.flow = c->keys.flow,
		.hop = c->keys.hop,
		.peer_hs = { c->keys.handshake_slot, c->keys.handshake_generation },
	};
	return m;
}

static inline void client_install(struct world *w, unsigned core, struct client *c)
{
	struct rte_mbuf *m;

	world_inbox(w, core, client_install_msg(w, c));
	m = world_take(w->to_hs[core][c->keys.handshake_core]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_INSTALLED);
	assert_int_equal(msg_of(m)->peer_hs.slot, c->keys.handshake_slot);
	c->ref = msg_of(m)->ref;
	assert_true(store_live(w->store, c->ref));
	rte_pktmbuf_free(m);
}

/* client_up: a client over IPv4 with a session on core 0. */
static inline struct client client_up(struct world *w, unsigned n, enum aead_alg alg)
{
	const struct build_spec spec = build_ip4("");
	struct client c = client_make(&spec, n, alg);

	client_install(w, 0, &c);
	return c;
}

static inline void client_op(struct aead_op *op, const struct aead_info *info, const uint8_t *key,
			     const uint8_t iv[AEAD_IV_LEN], const uint8_t *explicit,
			     uint64_t number)
{
	memset(op, 0, sizeof(*op));
	op->key = key;
	memcpy(op->nonce, iv, AEAD_IV_LEN);
	for (unsigned i = 0; i < 8; i++) {
		if (info->explicit_len != 0)
			op->nonce[4 + i] = explicit[i];
		else
			op->nonce[4 + i] ^= (uint8_t)(number >> (8 * (7 - i)));
	}
	op->aad_len = RECORD_AAD_LEN;
}

/* client_record: a protected record of the client; returns its length. */
static inline size_t client_record(struct world *w, const struct client *c, uint8_t *out,
				   uint8_t type, uint16_t epoch, uint64_t seq, const void *plain,
				   size_t len)
{
	const struct aead_info *info = aead_info(c->keys.aead);
	size_t whole = RECORD_HEADER_LEN + (size_t)info->explicit_len + len + info->tag_len;
	struct wr wire = wr_of(out, whole);
	/* Any explicit nonce is legal as long as it is not repeated. */
	const uint8_t explicit[8] = { 0xee,
				      0,
				      0,
				      0,
				      (uint8_t)(seq >> 24),
				      (uint8_t)(seq >> 16),
				      (uint8_t)(seq >> 8),
				      (uint8_t)seq };
	uint8_t sealed[2048];
	struct aead_op op;
	size_t n;

	client_op(&op, info, c->keys.rx_key, c->keys.rx_iv, explicit, (uint64_t)epoch << 48 | seq);
	op.src = plain;
	op.dst = sealed;
	op.len = (uint16_t)len;
	record_aad(op.aad, type, epoch, seq, (uint16_t)len);
	aead_seal(w->client_aead, c->keys.aead, &op, 1);
	record_write_header(&wire, type, DTLS_1_2, epoch, seq,
			    (uint16_t)(info->explicit_len + len + info->tag_len));
	wr_bytes(&wire, explicit, info->explicit_len);
	wr_bytes(&wire, sealed, len + info->tag_len);
	assert_true(wr_finish(&wire, &n));
	return n;
}

/* client_send: a datagram in a frame, received by a core. */
static inline void client_send(struct world *w, unsigned core, const struct client *c,
			       const void *datagram, size_t len)
{
	struct build_spec spec = c->spec;

	spec.body = datagram;
	spec.body_len = len;
	world_rx(w, core, world_frame(w, &spec));
}

/* client_say: the next record with application data, as a datagram. */
static inline void client_say(struct world *w, unsigned core, struct client *c, const char *text)
{
	uint8_t out[2048];
	size_t n = client_record(w, c, out, RECORD_APPDATA, 1, c->seq++, text, strlen(text));

	client_send(w, core, c, out, n);
}

/* client_datagram: the payload of a frame that was sent to it; checks headers and checksums. */
static inline struct rd client_datagram(const struct client *c, struct rte_mbuf *m)
{
	struct frame_host host = { .mac = BUILD_MAC_PEER, .n_addrs = 1 };
	struct build_parsed f;

	memcpy(host.addrs[0].ip, c->keys.flow.remote_ip, 16);
	host.addrs[0].prefix_len = 24;
	assert_int_equal(build_parse(&host, rte_pktmbuf_mtod(m, uint8_t *), m->data_len, 0, &f),
			 STATUS_OK);
	assert_false(f.at.checksum_partial);
	assert_int_equal(f.flow.local_port, c->spec.src_port);
	assert_int_equal(f.flow.remote_port, c->spec.dst_port);
	assert_int_equal(f.hop.vlan_tci, c->spec.vlan_tci);
	return rd_of(rte_pktmbuf_mtod_offset(m, uint8_t *, f.at.payload_off), f.at.payload_len);
}

/* What a client reads. */
struct heard {
	uint8_t type;
	uint64_t seq;
	size_t len;
	uint8_t text[2048];
};

/* client_open: the one epoch-1 record at r; its tag must verify. */
static inline struct heard client_open(struct world *w, const struct client *c, struct rd *r)
{
	const struct aead_info *info = aead_info(c->keys.aead);
	struct heard h = { 0 };
	struct record rec;
	struct aead_op op;

	assert_int_equal(record_next_cid(r, 0, &rec), STATUS_OK);
	assert_int_equal(rec.epoch, 1);
	assert_int_equal(rec.version, DTLS_1_2);
	h.type = rec.type;
	h.seq = rec.seq;
	h.len = rd_len(&rec.body) - info->explicit_len - info->tag_len;
	client_op(&op, info, c->keys.tx_key, c->keys.tx_iv, rec.body.p,
		  UINT64_C(1) << 48 | rec.seq);
	op.src = rec.body.p + info->explicit_len;
	op.dst = h.text;
	op.len = (uint16_t)h.len;
	record_aad(op.aad, rec.type, 1, rec.seq, (uint16_t)h.len);
	aead_open(w->client_aead, c->keys.aead, &op, 1);
	assert_true(op.ok);
	return h;
}

/* client_hears: the next frame sent is one record for this client. */
static inline struct heard client_hears(struct world *w, const struct client *c)
{
	struct rte_mbuf *m = world_sent();
	struct heard h;
	struct rd r;

	assert_non_null(m);
	r = client_datagram(c, m);
	h = client_open(w, c, &r);
	assert_int_equal(rd_len(&r), 0);
	rte_pktmbuf_free(m);
	return h;
}

/* world_coap: the next CoAP message for the client's worker; NULL: none. */
static inline struct rte_mbuf *world_coap(struct world *w, unsigned core, const struct client *c)
{
	return world_take(w->to_worker[core][c->ref.slot % WORLD_WORKERS]);
}

/* client_heard_by_worker: the worker got exactly this text next. */
static inline void client_delivers(struct world *w, unsigned core, const struct client *c,
				   const char *text)
{
	struct rte_mbuf *m = world_coap(w, core, c);

	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_COAP);
	assert_int_equal(msg_of(m)->ref.generation, c->ref.generation);
	assert_int_equal(msg_of(m)->from, core);
	assert_int_equal(m->data_len, strlen(text));
	assert_memory_equal(rte_pktmbuf_mtod(m, char *), text, strlen(text));
	rte_pktmbuf_free(m);
}

static inline void client_delivers_nothing(struct world *w, unsigned core, const struct client *c)
{
	assert_null(world_coap(w, core, c));
}

/* world_pend: a handshake under way for this client's flow on handshake core 1. */
static inline struct session_ref world_pend(struct world *w, const struct client *c)
{
	const struct flow *flow = &c->keys.flow;
	const struct table_hit entry = {
		.ref = { c->keys.handshake_slot, c->keys.handshake_generation },
		.owner = c->keys.handshake_core,
	};
	struct flow_hash hash;

	flow_hash_burst(&w->store->hash_key, &flow, &hash, 1);
	assert_int_equal(table_insert(w->pending, &hash, &entry), TABLE_INSERTED);
	return entry.ref;
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

/* world_main: the program around an array of tests. */
#define world_main(tests) (eal_start(), world_exit(cmocka_run_group_tests(tests, NULL, NULL)))

static inline int world_exit(int rc)
{
	eal_stop();
	return rc;
}
