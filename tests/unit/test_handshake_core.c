/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_core_parts.h"

#include "connection.h"
#include "event_protect.h"
#include "gate.h"
#include "hellos13.h"
#include "hs_msg13.h"
#include "job.h"
#include "random.h"
#include "review.h"
#include "wiring_fixture.h"

#include <time.h>

/* Cores 0 and 1 poll, core 2 does handshakes. */
enum {
	CORES = 3,
	HS_CORE = 2,
	RING = 64,
	MAX_HANDSHAKES = 3,
	MAX_LINGERING = 12,
	DATAGRAMS = 8,
	OWNER = 1
};

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

static const uint8_t psk[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

struct world {
	struct rte_mempool *pool;
	struct mesh mesh;
	struct credentials credentials;
	struct psk_queue *queue; /* NULL: the core asks nobody */
	struct review *review;   /* NULL: the core tells nobody */
	struct store *store;
	struct post_states *states;
	struct table *pending;
	struct aead *aead;
	struct gate *gate;
	struct cookie_secrets secrets;
	struct hello_policy policy;
	_Atomic bool draining;
	struct handshake_core *core;
	struct handshake_config client;
	struct cid_key cid_key;
	struct cid_issuer cids;
	struct resumption resumption;
	const struct handshake_session *offer; /* what devices offer to resume */
	char path[64];
	uint64_t now;
	bool polls;
};

/* A device: its handshake, and the datagrams it wants to send. */
struct device {
	struct handshake *h;
	struct flow flow;
	struct nexthop hop;
	struct session_ref ref; /* the core's slot */
	unsigned n_out;
	struct {
		size_t len;
		uint8_t bytes[HANDSHAKE_DATAGRAM_MAX];
	} out[DATAGRAMS];
	bool installed, failed, resumed;
	struct protect session;
	struct handshake_session kept;
	uint8_t ticket[HANDSHAKE_TICKET_MAX];
};

static void start_core(struct world *w)
{
	const struct handshake_core_config cfg = {
		.core = HS_CORE,
		.mesh = &w->mesh,
		.pool = w->pool,
		.store = w->store,
		.pending = w->pending,
		.credentials = &w->credentials,
		.psk_queue = w->queue,
		.review = w->review,
		.post_states = w->states,
		.resumption = &w->resumption,
		.policy = &w->policy,
		.cids = &w->cids,
		.aead = w->aead,
		.max_handshakes = MAX_HANDSHAKES,
		.max_lingering = MAX_LINGERING,
		.rate_address = 1,
		.rate_network = 1,
		.timeout_ns = S,
		.mtu = 1400,
		.draining = &w->draining,
		.polls = w->polls,
	};

	w->core = handshake_core_new(&cfg);
	assert_non_null(w->core);
	w->client = (struct handshake_config){
		.policy = &w->policy,
		.aead = w->aead,
		.timeout_ns = S,
		.timeout_max_ns = 60 * S,
		.give_up_ns = 600 * S,
		.mtu = 1400,
	};
	handshake_config_system(&w->client);
}

static int setup(void **state)
{
	static const unsigned n_dst[MESH_ROLES] = { 2, 1, 1 };
	static const uint8_t seed[32] = { 3 };
	static const struct resumption_config rc = { .lifetime_s = 3600, .cache_entries = 8 };
	struct store_config sc = { .max_sessions = 8, .replay_window = 64, .hash_seed = seed };
	struct world *w = calloc(1, sizeof(*w));
	char err[256];

	assert_non_null(w);
	w->now = 1000 * S;
	strcpy(w->path, "/tmp/sluice-test-hs-XXXXXX");
	wiring_path(w->path);
	wiring_write(w->path, "dev1:000102030405060708090a0b0c0d0e0f\n");
	w->pool = wiring_pool();
	assert_int_equal(mesh_init(&w->mesh, CORES, n_dst, RING), 0);
	assert_true(credentials_init(&w->credentials,
				     &(struct credentials_files){ .psk_file = w->path }, err,
				     sizeof(err)));
	assert_true(resumption_init(&w->resumption, &rc, (uint64_t)time(NULL), err, sizeof(err)));
	sc.identities = w->credentials.identities;
	w->store = store_new(&sc);
	w->states = post_states_new(w->store->n_slots);
	w->pending = table_new(64, SOCKET_ID_ANY);
	w->aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	w->gate = gate_new(NULL);
	assert_true(w->store && w->pending && w->aead && w->gate);
	assert_true(cookie_secrets_init(&w->secrets));
	w->policy.n_suites = 1;
	w->policy.suites[0] = suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256);
	start_core(w);
	*state = w;
	return 0;
}

static int setup_13(void **state)
{
	struct world *w;

	assert_int_equal(setup(state), 0);
	w = *state;
	w->policy.min_version = w->policy.max_version = DTLS_1_3;
	w->policy.suites[0] = suite_by_id(TLS_AES_128_GCM_SHA256);
	w->policy.psk_ke = true;
	gate_free(w->gate);
	w->gate = gate_new(&w->policy);
	assert_non_null(w->gate);
	return 0;
}

/* Every identity and every mbuf must be back (bad-input N8, invariant 7). */
static int teardown(void **state)
{
	struct world *w = *state;
	int rc;

	handshake_core_free(w->core);
	psk_queue_free(w->queue);
	review_free(w->review);
	mesh_free(&w->mesh);
	post_states_free(w->states);
	store_free(w->store);
	table_free(w->pending);
	aead_free(w->aead);
	gate_free(w->gate);
	assert_int_equal(identity_count(w->credentials.identities), 0);
	urcu_qsbr_thread_offline();
	credentials_free(&w->credentials);
	resumption_free(&w->resumption);
	urcu_qsbr_thread_online();
	rc = wiring_pool_free(w->pool);
	unlink(w->path);
	free(w);
	return rc;
}

static unsigned turn(struct world *w) { return handshake_core_turn(w->core, w->now); }

static uint64_t counted(const struct world *w, enum status s)
{
	return status_get(handshake_core_counts(w->core), s);
}

static struct rte_mbuf *take(struct world *w)
{
	return wiring_take(&w->mesh, MESH_POLL, OWNER, HS_CORE);
}

static void device_end(struct device *d)
{
	handshake_free(d->h);
	d->h = NULL;
}

static void ticket_copy(struct device *d)
{
	d->kept.ticket = memcpy(d->ticket, d->kept.ticket, d->kept.ticket_len);
}

/* DTLS 1.3: the ticket comes on the session, right behind the server's ACK. */
static void ticket_take(struct world *w, struct device *d, const struct handshake_held *held)
{
	struct rd left = rd_of(held->bytes, held->len);
	uint8_t text[PROTECT_RECORD_MAX];
	struct handshake_session base;
	struct protect_content c;
	struct record13 rec;

	assert_true(handshake_resumption(d->h, &base));
	while (rd_len(&left) > 0 && record13_next(&left, 0, &rec) == STATUS_OK)
		if (protect_open13(&d->session, &rec, text, &c) == STATUS_OK &&
		    handshake_ticket(&base, w->now, text, c.len, &d->kept))
			ticket_copy(d);
}

static void device_installs(struct world *w, struct device *d, const struct handshake_event *event)
{
	d->installed = true;
	d->resumed = event->resumed;
	d->session = event_protect(w->aead, true, event);
	if (handshake_session(d->h, &d->kept) && d->kept.ticket_len > 0)
		ticket_copy(d);
	for (size_t i = 0; i < event->n_held; i++)
		ticket_take(w, d, &event->held[i]);
}

/* Jobs, output and events of the device's own handshake. */
static void device_drain(struct world *w, struct device *d)
{
	struct handshake_event event;
	struct handshake_job *job;

	while ((job = handshake_job(d->h)) != NULL) {
		job_run(job, NULL);
		handshake_job_done(d->h, w->now);
	}
	d->n_out = 0;
	while (d->n_out < DATAGRAMS &&
	       handshake_output(d->h, d->out[d->n_out].bytes, &d->out[d->n_out].len))
		d->n_out++;
	handshake_event(d->h, &event);
	if (event.kind == HANDSHAKE_INSTALL)
		device_installs(w, d, &event);
	d->failed |= event.kind == HANDSHAKE_FAILED;
}

/* The device gets a datagram and answers. */
static void device_input(struct world *w, struct device *d, const uint8_t *bytes, size_t len)
{
	(void)handshake_input(d->h, w->now, bytes, len);
	device_drain(w, d);
}

static struct device device_at(uint16_t port)
{
	struct device d = { .flow = { .local_port = 5684, .remote_port = port },
			    .hop = { .remote_mac = { 2, 0, 0, 0, 0, 1 }, .port_id = 1 } };

	/* A network of its own for each port. */
	d.flow.remote_ip[10] = d.flow.remote_ip[11] = 0xff;
	d.flow.remote_ip[14] = (uint8_t)port;
	return d;
}

/* device_begin_as: up to the hello whose cookie the gate finds good, which is in out[0]. */
static void device_begin_as(struct world *w, struct device *d, uint16_t port, const char *identity,
			    const uint8_t key[16])
{
	struct gate_item item;

	*d = device_at(port);
	d->h = handshake_new(&w->client, HANDSHAKE_CLIENT, w->now);
	assert_non_null(d->h);
	assert_true(handshake_client_credential(d->h, (const uint8_t *)identity, 4, key, 16));
	assert_true(w->offer == NULL || handshake_client_resume(d->h, w->offer));
	handshake_timeout(d->h, w->now);
	device_drain(w, d);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(d->n_out, 1);
		item = (struct gate_item){ .flow = &d->flow,
					   .datagram = rd_of(d->out[0].bytes, d->out[0].len) };
		gate_burst(w->gate, &w->secrets, w->now, &item, 1);
		if (i == 0) {
			assert_int_equal(item.status, w->policy.max_version == DTLS_1_3
							      ? STATUS_HELLO_RETRY_SENT
							      : STATUS_HELLO_VERIFY_SENT);
			device_input(w, d, item.reply, item.reply_len);
		}
	}
	assert_int_equal(item.status, STATUS_OK);
}

static void device_begin(struct world *w, struct device *d, uint16_t port, const uint8_t key[16])
{
	device_begin_as(w, d, port, "dev1", key);
}

/* A message about this device to the handshake core. */
static struct rte_mbuf *to_core(struct world *w, const struct device *d, enum msg_kind kind,
				const void *bytes, size_t len)
{
	struct rte_mbuf *m = wiring_mbuf(w->pool, bytes, len);

	*msg_of(m) = (struct msg){ .kind = (uint8_t)kind,
				   .flow = d->flow,
				   .hop = d->hop,
				   .peer_hs = d->ref,
				   .from = OWNER };
	wiring_send(&w->mesh, MESH_HANDSHAKE, 0, OWNER, m);
	return m;
}

static bool pending(struct world *w, const struct device *d, struct session_ref *ref)
{
	const struct flow *flow = &d->flow;
	struct flow_hash hash;
	struct table_hit hit;

	flow_hash_burst(&w->store->hash_key, &flow, &hash, 1);
	if (table_lookup_burst(w->pending, &hash, &hit, 1) == 0)
		return false;
	assert_int_equal(hit.owner, 0);
	*ref = hit.ref;
	return true;
}

/* device_hello: the core has its hello. */
static void device_hello(struct world *w, struct device *d)
{
	to_core(w, d, MSG_HELLO, d->out[0].bytes, d->out[0].len);
	turn(w);
}

/* device_hears: gives the device the MSG_SENDs that wait, up to another kind of message, which is
 * returned; NULL: there was none. */
static struct rte_mbuf *device_hears(struct world *w, struct device *d)
{
	struct rte_mbuf *m;

	while ((m = take(w)) != NULL && msg_of(m)->kind == MSG_SEND) {
		assert_memory_equal(&msg_of(m)->flow, &d->flow, sizeof(d->flow));
		assert_memory_equal(&msg_of(m)->hop, &d->hop, sizeof(d->hop));
		device_input(w, d, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		rte_pktmbuf_free(m);
	}
	return m;
}

/* The device sends what it has in out as datagrams of its pending handshake. */
static void device_answers(struct world *w, struct device *d)
{
	assert_true(d->n_out > 0);
	assert_true(pending(w, d, &d->ref));
	for (unsigned i = 0; i < d->n_out; i++)
		to_core(w, d, MSG_DATAGRAM, d->out[i].bytes, d->out[i].len);
}

/* device_ready: the server's flight reached it, and its Finished is in out. */
static void device_ready(struct world *w, struct device *d, uint16_t port)
{
	device_begin(w, d, port, psk);
	device_hello(w, d);
	assert_null(device_hears(w, d));
	assert_true(d->n_out > 0);
}

/* What the owner finds in a MSG_INSTALL; the message is freed. */
static struct session_install taken(struct world *w, struct device *d, struct rte_mbuf *m)
{
	struct session_install in;

	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_INSTALL);
	assert_int_equal(m->data_len, sizeof(in));
	memcpy(&in, rte_pktmbuf_mtod(m, void *), sizeof(in));
	assert_memory_equal(&in.flow, &d->flow, sizeof(in.flow));
	assert_memory_equal(&msg_of(m)->flow, &d->flow, sizeof(in.flow));
	assert_int_equal(msg_of(m)->peer_hs.slot, in.handshake_slot);
	assert_int_equal(msg_of(m)->peer_hs.generation, in.handshake_generation);
	d->ref = msg_of(m)->peer_hs;
	rte_pktmbuf_free(m);
	assert_int_equal(identity_count(w->credentials.identities), 1);
	return in;
}

/* The session ends: the store would give its identity back. */
static void put(struct world *w, const struct session_install *in)
{
	identity_put(w->credentials.identities, in->identity);
}

/* device_up: a whole handshake. */
static struct session_install device_up(struct world *w, struct device *d, uint16_t port)
{
	device_ready(w, d, port);
	device_answers(w, d);
	turn(w);
	return taken(w, d, device_hears(w, d));
}

/* device_back: another handshake, resumed if the core can; its flight of Finished is the last. */
static void device_back(struct world *w, struct device *d, uint16_t port,
			const struct device *before)
{
	const struct traffic_keys *keys;
	struct session_install in;

	w->offer = &before->kept;
	in = device_up(w, d, port);
	w->offer = NULL;
	assert_true(d->installed);
	keys = &d->session.epochs[in.version == DTLS_1_3 ? RECORD13_EPOCH_DATA : 1].keys;
	assert_memory_equal(in.rx_key, keys->client_key, AEAD_KEY_MAX);
	assert_memory_equal(in.tx_key, keys->server_key, AEAD_KEY_MAX);
	assert_int_equal(in.tx_seq, 1);
	put(w, &in);
	device_end(d);
}

static void reload_psks(struct world *w, const char *psks)
{
	char err[256];

	wiring_write(w->path, psks);
	urcu_qsbr_thread_offline();
	assert_true(credentials_reload(&w->credentials, err, sizeof(err)));
	urcu_qsbr_thread_online();
}

/* checklist 52, 53: by ticket and by id; the session that the owner gets has the device's name; a
 * device with another key in the file makes a full handshake, which fails with the old one. */
static void devices_come_back(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct device first, again;

	for (int by_id = 0; by_id < 2; by_id++) {
		enum status resumed = by_id ? STATUS_HS_RESUMED_ID : STATUS_HS_RESUMED_TICKET;

		reload_psks(w, "dev1:000102030405060708090a0b0c0d0e0f\n");
		w->client.no_ticket = by_id;
		in = device_up(w, &first, 40000);
		assert_false(first.resumed);
		assert_int_equal(first.kept.ticket_len > 0, !by_id);
		put(w, &in);
		for (uint16_t i = 1; i < 3; i++) {
			device_back(w, &again, (uint16_t)(40000 + i), &first);
			assert_true(again.resumed);
			assert_int_equal(counted(w, resumed), i);
		}
		reload_psks(w, "dev1:ff0102030405060708090a0b0c0d0e0f\n");
		w->offer = &first.kept;
		device_ready(w, &again, 40009);
		w->offer = NULL;
		assert_false(again.installed);
		assert_int_equal(counted(w, STATUS_SESSION_REVOKED), by_id + 1);
		device_end(&again);
		device_end(&first);
	}
	assert_int_equal(counted(w, STATUS_TICKET_ISSUED), 1);
	assert_int_equal(counted(w, STATUS_SESSION_KEPT), 1);
}

static void a_handshake_installs_what_the_device_has(void **state)
{
	struct world *w = *state;
	struct device d;
	struct session_install in = device_up(w, &d, 40000);

	assert_true(d.installed);
	assert_int_equal(in.suite, suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256)->id);
	assert_int_equal(in.aead, suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256)->aead);
	assert_memory_equal(in.rx_key, d.session.epochs[1].keys.client_key, AEAD_KEY_MAX);
	assert_memory_equal(in.tx_key, d.session.epochs[1].keys.server_key, AEAD_KEY_MAX);
	assert_memory_equal(in.rx_iv, d.session.epochs[1].keys.client_iv, AEAD_IV_LEN);
	assert_memory_equal(in.tx_iv, d.session.epochs[1].keys.server_iv, AEAD_IV_LEN);
	assert_memory_equal(&in.hop, &d.hop, sizeof(d.hop));
	/* Each has spent number 0 of epoch 1 on its Finished. */
	assert_int_equal(in.tx_seq, 1);
	assert_int_equal(in.rx_newest, 0);
	assert_int_equal(in.rx_window, 1);
	assert_int_equal(in.identity->len, 4);
	assert_memory_equal(in.identity->bytes, "dev1", 4);
	assert_null(take(w));
	assert_int_equal(counted(w, STATUS_HS_DONE), 1);
	assert_int_equal(handshake_core_stats(w->core)->started, 1);
	assert_int_equal(handshake_core_stats(w->core)->completed, 1);
	assert_int_equal(handshake_core_stats(w->core)->failed, 0);
	assert_int_equal(handshake_core_stats(w->core)->active, 0);
	put(w, &in);
	device_end(&d);
}

/* Their PRFs run as one batch; one with a wrong key among them is nobody else's trouble. */
static void handshakes_of_a_turn_do_not_mix(void **state)
{
	static const uint8_t wrong[16] = { 1 };
	struct world *w = *state;
	struct device d[MAX_HANDSHAKES];
	struct session_install in;

	for (unsigned i = 0; i < MAX_HANDSHAKES; i++) {
		device_begin(w, &d[i], (uint16_t)(40000 + i), i == 1 ? wrong : psk);
		to_core(w, &d[i], MSG_HELLO, d[i].out[0].bytes, d[i].out[0].len);
	}
	turn(w);
	for (unsigned i = 0; i < MAX_HANDSHAKES; i++) {
		struct rte_mbuf *m = take(w);

		assert_memory_equal(&msg_of(m)->flow, &d[i].flow, sizeof(d[i].flow));
		device_input(w, &d[i], rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		rte_pktmbuf_free(m);
		device_answers(w, &d[i]);
	}
	turn(w);
	for (unsigned i = 0; i < MAX_HANDSHAKES; i += 2) {
		in = taken(w, &d[i], device_hears(w, &d[i]));
		assert_true(d[i].installed);
		assert_memory_equal(in.rx_key, d[i].session.epochs[1].keys.client_key,
				    AEAD_KEY_MAX);
		put(w, &in);
	}
	assert_null(take(w));
	assert_int_equal(handshake_core_stats(w->core)->completed, 2);
	assert_int_equal(handshake_core_stats(w->core)->active, 1);
	for (unsigned i = 0; i < MAX_HANDSHAKES; i++)
		device_end(&d[i]);
}

/* The second of two messages in one turn finds what the first one did. */
static void a_repeated_flight_in_one_turn_is_the_owners(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct rte_mbuf *m;
	struct device d;

	device_ready(w, &d, 40000);
	device_answers(w, &d);
	device_answers(w, &d);
	turn(w);
	in = taken(w, &d, device_hears(w, &d));
	m = take(w);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_HANDOFF);
	rte_pktmbuf_free(m);
	assert_int_equal(handshake_core_stats(w->core)->completed, 1);
	put(w, &in);
	device_end(&d);
}

/* bad-input: a duplicated hello, both copies admitted before the first was handled. */
static void two_copies_of_a_hello_make_one_handshake(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct device d;

	device_begin(w, &d, 40000, psk);
	to_core(w, &d, MSG_HELLO, d.out[0].bytes, d.out[0].len);
	device_hello(w, &d);
	assert_int_equal(handshake_core_stats(w->core)->started, 1);
	assert_int_equal(handshake_core_stats(w->core)->active, 1);
	assert_int_equal(table_count(w->pending), 1);
	assert_null(device_hears(w, &d));
	device_answers(w, &d);
	turn(w);
	in = taken(w, &d, device_hears(w, &d));
	assert_int_equal(handshake_core_stats(w->core)->completed, 1);
	put(w, &in);
	device_end(&d);
}

/* A device that restarted in mid-handshake, with the same port. */
static void another_random_supersedes(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct device old, d;
	struct session_ref first;

	device_ready(w, &old, 40000);
	assert_true(pending(w, &old, &first));
	device_ready(w, &d, 40000);
	assert_int_equal(counted(w, STATUS_HS_REPLACED), 1);
	assert_int_equal(table_count(w->pending), 1);
	assert_int_equal(handshake_core_stats(w->core)->active, 1);
	/* What the old one still sends names a slot that is another's. */
	old.ref = first;
	to_core(w, &old, MSG_DATAGRAM, old.out[0].bytes, old.out[0].len);
	turn(w);
	assert_int_equal(counted(w, STATUS_STALE_REF), 1);
	assert_null(take(w));
	device_answers(w, &d);
	turn(w);
	in = taken(w, &d, device_hears(w, &d));
	assert_true(d.installed);
	put(w, &in);
	device_end(&old);
	device_end(&d);
}

/* Rubbish with the device's address that came from elsewhere does not turn the flight away. */
static void rubbish_does_not_change_the_next_hop(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct rte_mbuf *m;
	struct device d;

	device_ready(w, &d, 40000);
	assert_true(pending(w, &d, &d.ref));
	m = to_core(w, &d, MSG_DATAGRAM, "rubbish", 7);
	msg_of(m)->hop = (struct nexthop){ .remote_mac = { 6, 6, 6, 6, 6, 6 }, .port_id = 0 };
	turn(w);
	w->now += 2 * S;
	assert_true(turn(w) > 0);
	assert_null(device_hears(w, &d)); /* which compares the next hop */
	device_answers(w, &d);
	turn(w);
	in = taken(w, &d, device_hears(w, &d));
	assert_memory_equal(&in.hop, &d.hop, sizeof(d.hop));
	put(w, &in);
	device_end(&d);
}

/* It crossed the installation on its way: the session is its owner's. */
static void a_datagram_after_the_installation_goes_back(void **state)
{
	struct world *w = *state;
	struct device d;
	struct session_install in = device_up(w, &d, 40000);
	struct rte_mbuf *sent = to_core(w, &d, MSG_DATAGRAM, "late", 4), *got;

	turn(w);
	got = take(w);
	assert_ptr_equal(got, sent);
	assert_int_equal(msg_of(got)->kind, MSG_HANDOFF);
	assert_memory_equal(&msg_of(got)->flow, &d.flow, sizeof(d.flow));
	assert_memory_equal(rte_pktmbuf_mtod(got, char *), "late", 4);
	rte_pktmbuf_free(got);
	put(w, &in);
	device_end(&d);
}

/* One application record of a device that does not wait for the server's Finished. */
static size_t early(struct device *d, char c, uint8_t out[HANDSHAKE_DATAGRAM_MAX])
{
	struct wr wire = wr_of(out, HANDSHAKE_DATAGRAM_MAX);

	assert_true(protect_write(&d->h->protect, &wire, 1, RECORD_APPDATA, DTLS_1_2,
				  (const uint8_t *)&c, 1));
	return wr_len(&wire);
}

static void held_datagrams_follow_the_installation_in_order(void **state)
{
	struct world *w = *state;
	uint8_t held[2][HANDSHAKE_DATAGRAM_MAX];
	struct session_install in;
	struct device d;
	size_t len[2], *last;

	device_ready(w, &d, 40000);
	assert_true(pending(w, &d, &d.ref));
	/* One overtakes the Finished, the other is behind it in its datagram. */
	for (unsigned i = 0; i < 2; i++)
		len[i] = early(&d, (char)('a' + i), held[i]);
	to_core(w, &d, MSG_DATAGRAM, held[0], len[0]);
	last = &d.out[d.n_out - 1].len;
	assert_true(*last + len[1] <= HANDSHAKE_DATAGRAM_MAX);
	memcpy(d.out[d.n_out - 1].bytes + *last, held[1], len[1]);
	*last += len[1];
	device_answers(w, &d);
	turn(w);
	in = taken(w, &d, device_hears(w, &d));
	for (unsigned i = 0; i < 2; i++) {
		struct rte_mbuf *m = take(w);

		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_HANDOFF);
		assert_memory_equal(&msg_of(m)->flow, &d.flow, sizeof(d.flow));
		assert_int_equal(m->data_len, len[i]);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), held[i], len[i]);
		rte_pktmbuf_free(m);
	}
	assert_null(take(w));
	put(w, &in);
	device_end(&d);
}

/* A handshake record that the session of this device opened. */
static struct rte_mbuf *opened(struct world *w, const struct device *d, enum hs_type type,
			       uint16_t message_seq)
{
	uint8_t text[64];
	struct wr wire = wr_of(text, sizeof(text));
	struct rte_mbuf *m;

	hs_header_write(&wire, (uint8_t)type, 12, message_seq, 0, 12);
	wr_bytes(&wire, (const uint8_t[12]){ 0 }, 12);
	m = to_core(w, d, MSG_OPENED, text, wr_len(&wire));
	msg_of(m)->ref = (struct session_ref){ 4, 9 };
	msg_of(m)->class = AEAD_AES_128_CCM_8;
	turn(w);
	return take(w);
}

/* checklist: RFC 6347 §4.2.4, the last flight was lost. Hellos 0 and 1, key exchange 2, Finished 3.
 */
static void a_repeated_finished_is_answered_again(void **state)
{
	struct world *w = *state;
	struct device d;
	struct session_install in = device_up(w, &d, 40000);
	struct rte_mbuf *m;

	w->now += S;
	m = opened(w, &d, HS_FINISHED, 3);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_SEAL);
	assert_int_equal(msg_of(m)->type, RECORD_HANDSHAKE);
	assert_int_equal(msg_of(m)->ref.slot, 4);
	assert_int_equal(msg_of(m)->ref.generation, 9);
	assert_int_equal(msg_of(m)->class, AEAD_AES_128_CCM_8);
	/* The records of NewSessionTicket and ChangeCipherSpec as they are, then the Finished
	 * message to seal. */
	enum { TICKET = 13 + 12 + 6 + 112 + 4, CCS = 14 };

	assert_int_equal(msg_of(m)->prefix_len, TICKET + CCS);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[0], RECORD_HANDSHAKE);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[13], HS_NEW_SESSION_TICKET);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[TICKET], RECORD_CCS);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[TICKET + CCS], HS_FINISHED);
	assert_int_equal(m->data_len, TICKET + CCS + 12 + 12);
	rte_pktmbuf_free(m);
	/* At once again: not answered, so that nobody is made to send a flood. */
	assert_null(opened(w, &d, HS_FINISHED, 3));
	assert_null(opened(w, &d, HS_FINISHED, 2));
	assert_int_equal(counted(w, STATUS_HS_OLD), 2);
	/* Four minutes later, nothing is left of the handshake. */
	w->now += 241 * S;
	turn(w);
	assert_null(opened(w, &d, HS_FINISHED, 3));
	put(w, &in);
	device_end(&d);
}

/* What the core says to a record of a handshake that is over. */
static struct rte_mbuf *late(struct world *w, const struct device *d, const void *bytes, size_t len)
{
	struct rte_mbuf *m = to_core(w, d, MSG_LATE, bytes, len);

	msg_of(m)->ref = (struct session_ref){ 4, 9 };
	msg_of(m)->class = AEAD_AES_128_GCM | SESSION_CLASS_13;
	turn(w);
	return take(w);
}

/* RFC 9147 §5.8.1: our ACK of its Finished was lost. */
static void a_repeated_finished_of_13_is_acknowledged_again(void **state)
{
	static const uint8_t zero[AEAD_KEY_MAX];
	uint8_t finished[HANDSHAKE_DATAGRAM_MAX];
	struct world *w = *state;
	struct session_install in;
	struct rte_mbuf *m;
	struct hs_ack number;
	struct rd list;
	struct device d;
	size_t len;

	device_ready(w, &d, 40000);
	assert_int_equal(d.n_out, 1);
	len = d.out[0].len;
	memcpy(finished, d.out[0].bytes, len);
	device_answers(w, &d);
	turn(w);
	in = taken(w, &d, device_hears(w, &d));
	assert_true(d.installed);
	assert_int_equal(in.version, DTLS_1_3);
	assert_memory_not_equal(in.rx_sn_key, zero, sizeof(zero));
	assert_memory_not_equal(in.tx_sn_key, in.rx_sn_key, sizeof(zero));
	assert_int_equal(counted(w, STATUS_HS_DONE_13), 1);
	w->now += S;
	m = late(w, &d, finished, len);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_SEAL);
	assert_int_equal(msg_of(m)->type, RECORD_ACK);
	assert_int_equal(msg_of(m)->prefix_len, 0);
	assert_int_equal(msg_of(m)->ref.generation, 9);
	assert_int_equal(msg_of(m)->class, AEAD_AES_128_GCM | SESSION_CLASS_13);
	assert_int_equal(ack_parse(rd_of(rte_pktmbuf_mtod(m, uint8_t *), m->data_len), &list),
			 HS_PARSE_OK);
	assert_true(ack_next(&list, &number));
	assert_int_equal(number.epoch, 2);
	assert_false(ack_next(&list, &number));
	rte_pktmbuf_free(m);
	/* At once again, or forged: not answered. */
	assert_null(late(w, &d, finished, len));
	w->now += S;
	finished[len - 1] ^= 1;
	assert_null(late(w, &d, finished, len));
	assert_int_equal(counted(w, STATUS_HS_OLD), 2);
	finished[len - 1] ^= 1;
	w->now += 241 * S;
	turn(w);
	assert_null(late(w, &d, finished, len));
	put(w, &in);
	device_end(&d);
}

/* A device of 1.3 whose session is live: its handshake gave tickets, which are not acknowledged. */
static struct session_ref device_lives(struct world *w, struct device *d)
{
	struct session_ref ref, replaced;
	struct session_install in;
	struct rte_mbuf *m;

	in = device_up(w, d, 40000);
	assert_int_equal(store_install(w->store, OWNER, &in, &ref, &replaced), STATUS_OK);
	m = to_core(w, d, MSG_INSTALLED, NULL, 0);
	msg_of(m)->ref = ref;
	turn(w);
	return ref;
}

/* The owner opened a record of the device's. */
static void device_says(struct world *w, const struct device *d, struct session_ref ref,
			uint64_t number, uint8_t type, const void *bytes, size_t len)
{
	struct rte_mbuf *m = to_core(w, d, MSG_OPENED, bytes, len);

	msg_of(m)->ref = ref;
	msg_of(m)->class = AEAD_AES_128_GCM | SESSION_CLASS_13;
	msg_of(m)->type = type;
	msg_of(m)->number = number;
	turn(w);
}

static void device_acks(struct world *w, const struct device *d, struct session_ref ref,
			uint64_t number)
{
	uint8_t ack[POST_HANDSHAKE_ACK_LEN];

	post_handshake_ack(number, ack);
	device_says(w, d, ref, UINT64_C(3) << 48 | 90, RECORD_ACK, ack, sizeof(ack));
}

/* The core has a record sealed, which its owner gives this number; returns the message's type. */
static uint8_t sealed(struct world *w, const struct device *d, struct session_ref ref,
		      uint64_t number)
{
	struct rte_mbuf *m = take(w), *told;
	uint8_t type;

	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_SEAL);
	assert_int_equal(msg_of(m)->type, RECORD_HANDSHAKE);
	assert_memory_equal(&msg_of(m)->ref, &ref, sizeof(ref));
	assert_int_equal(msg_of(m)->hop.port_id, MSG_COLD_HOP);
	assert_true(msg_of(m)->told);
	type = *rte_pktmbuf_mtod(m, uint8_t *);
	told = to_core(w, d, MSG_SEALED, NULL, 0);
	msg_of(told)->ref = ref;
	msg_of(told)->class = msg_of(m)->class;
	msg_of(told)->peer_hs = msg_of(m)->peer_hs;
	msg_of(told)->number = number;
	rte_pktmbuf_free(m);
	turn(w);
	return type;
}

/* New keys of a direction for the owner, as the device has them. */
static void takes_keys(struct world *w, struct session_ref ref, bool tx, const uint8_t *secret)
{
	const struct suite *suite = suite_by_id(TLS_AES_128_GCM_SHA256);
	struct session_rekey keys, expected;
	struct rte_mbuf *m = take(w);

	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_REKEY);
	assert_memory_equal(&msg_of(m)->ref, &ref, sizeof(ref));
	assert_int_equal(m->data_len, sizeof(keys));
	memcpy(&keys, rte_pktmbuf_mtod(m, void *), sizeof(keys));
	rte_pktmbuf_free(m);
	assert_true(traffic_keys13_one(suite, secret, expected.key, expected.iv, expected.sn_key));
	assert_int_equal(keys.tx, tx);
	assert_int_equal(keys.epoch, 4);
	assert_memory_equal(keys.key, expected.key, 16);
	assert_memory_equal(keys.sn_key, expected.sn_key, 16);
	assert_memory_equal(keys.iv, expected.iv, AEAD_IV_LEN);
}

static void takes_ack(struct world *w, uint64_t number)
{
	uint8_t expected[POST_HANDSHAKE_ACK_LEN];
	struct rte_mbuf *m = take(w);

	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_SEAL);
	assert_int_equal(msg_of(m)->type, RECORD_ACK);
	post_handshake_ack(number, expected);
	assert_int_equal(m->data_len, sizeof(expected));
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), expected, sizeof(expected));
	rte_pktmbuf_free(m);
}

/* What the device of a handshake goes on from, a step of its own keys ahead. */
static struct post_handshake device_post(const struct device *d)
{
	static const struct post_handshake_config none;
	struct post_handshake p;

	assert_true(handshake_post(d->h, &none, &p));
	assert_true(schedule13_update(PRF_SHA256, p.rx_secret));
	assert_true(schedule13_update(PRF_SHA256, p.tx_secret));
	return p;
}

/* The device updates its keys and asks for ours: keys before the ACK, our KeyUpdate when the
 * tickets are acknowledged, sent again until it is itself; then our keys. */
static void keys_are_updated(void **state)
{
	static const uint8_t key_update[] = { HS_KEY_UPDATE, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 1, 1 };
	const uint64_t epoch = UINT64_C(3) << 48;
	struct world *w = *state;
	struct post_handshake peer;
	struct session_ref ref;
	struct device d;
	uint8_t said[sizeof(key_update)];

	ref = device_lives(w, &d);
	peer = device_post(&d);
	memcpy(said, key_update, sizeof(said));
	said[5] = (uint8_t)peer.tx_seq;
	device_says(w, &d, ref, epoch | 7, RECORD_HANDSHAKE, said, sizeof(said));
	takes_keys(w, ref, false, peer.tx_secret);
	takes_ack(w, epoch | 7);
	assert_null(take(w));
	/* Our ACK was lost (bad-input L6). */
	device_says(w, &d, ref, epoch | 8, RECORD_HANDSHAKE, said, sizeof(said));
	takes_ack(w, epoch | 8);
	/* The ticket, record 1 behind the ACK of the Finished, is lost: it comes again. */
	w->now += S;
	turn(w);
	assert_int_equal(sealed(w, &d, ref, epoch | 20), HS_NEW_SESSION_TICKET);
	device_acks(w, &d, ref, epoch | 20);
	assert_int_equal(sealed(w, &d, ref, epoch | 21), HS_KEY_UPDATE);
	assert_null(take(w));
	w->now += S;
	turn(w);
	assert_int_equal(sealed(w, &d, ref, epoch | 22), HS_KEY_UPDATE);
	device_acks(w, &d, ref, epoch | 21);
	takes_keys(w, ref, true, peer.rx_secret);
	assert_null(take(w));
	assert_int_equal(counted(w, STATUS_HS_KEYS_UPDATED), 1);
	assert_int_equal(counted(w, STATUS_HS_PEER_KEYS_UPDATED), 1);
	w->now += 100 * S;
	turn(w);
	assert_null(take(w));
	device_end(&d);
}

/* Tickets that there is no memory for are not said again; that is all. */
static void tickets_without_memory(void **state)
{
	static const uint8_t key_update[] = { HS_KEY_UPDATE, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 1, 1 };
	const uint64_t epoch = UINT64_C(3) << 48;
	struct world *w = *state;
	struct post_handshake peer;
	struct session_ref ref;
	struct device d;
	uint8_t said[sizeof(key_update)];

	w->core->post.most = 0;
	ref = device_lives(w, &d);
	w->core->post.most = MAX_HANDSHAKES;
	peer = device_post(&d);
	memcpy(said, key_update, sizeof(said));
	said[5] = (uint8_t)peer.tx_seq;
	device_says(w, &d, ref, epoch | 7, RECORD_HANDSHAKE, said, sizeof(said));
	takes_keys(w, ref, false, peer.tx_secret);
	takes_ack(w, epoch | 7);
	assert_int_equal(sealed(w, &d, ref, epoch | 20), HS_KEY_UPDATE);
	device_acks(w, &d, ref, epoch | 20);
	takes_keys(w, ref, true, peer.rx_secret);
	assert_null(take(w));
	device_end(&d);
}

/* The owner says that our keys are nearly worn. */
static void worn_keys_are_updated(void **state)
{
	struct world *w = *state;
	struct session_ref ref;
	struct rte_mbuf *m;
	struct device d;
	uint32_t slot;

	ref = device_lives(w, &d);
	device_acks(w, &d, ref, UINT64_C(3) << 48 | 1);
	for (unsigned i = 0; i < 2; i++) { /* said again, while one is under way */
		m = to_core(w, &d, MSG_REKEY_WANTED, NULL, 0);
		msg_of(m)->ref = ref;
		msg_of(m)->class = AEAD_AES_128_GCM | SESSION_CLASS_13;
		turn(w);
	}
	assert_int_equal(sealed(w, &d, ref, UINT64_C(3) << 48 | 30), HS_KEY_UPDATE);
	assert_null(take(w));
	/* A session that is gone is not kept on. */
	assert_true(store_retire(w->store, ref));
	w->now += S;
	turn(w);
	assert_null(take(w));
	device_acks(w, &d, ref, UINT64_C(3) << 48 | 30);
	assert_null(take(w));
	assert_int_equal(counted(w, STATUS_STALE_REF), 1);
	assert_int_equal(store_take_retired(w->store, &slot, 1), 1);
	post_states_wipe(w->states, &slot, 1);
	store_recycle(w->store, &slot, 1);
	device_end(&d);
}

static bool issue_own(void *arg, uint8_t core, uint8_t *out)
{
	struct world *w = arg;

	cid_issue(&w->cids, core, out);
	return true;
}

/* Both ends have connection IDs of eight bytes. */
static void use_cids(struct world *w)
{
	static const uint8_t key[CID_KEY_LEN] = { 5 };

	cid_key_init(&w->cid_key, key, 8, 1);
	assert_true(cid_issuer_init(&w->cids, &w->cid_key));
	w->policy.cid = true;
	w->policy.cid_len = 8;
	w->client.cid_issue = issue_own;
	w->client.cid_arg = w;
}

/* A message of the device's: type, message_seq and a short body. */
static void device_tells(struct world *w, const struct device *d, struct session_ref ref,
			 uint64_t number, uint8_t type, uint16_t seq, const char *body, uint8_t len)
{
	uint8_t said[HS_HEADER_LEN + 32];
	struct wr out = wr_of(said, sizeof(said));

	hs_header_write(&out, type, len, seq, 0, len);
	wr_bytes(&out, body, len);
	device_says(w, d, ref, number, RECORD_HANDSHAKE, said, wr_len(&out));
}

/* IDs that lead to the session's owner, for the owner. */
static void takes_ids(struct world *w, struct session_ref ref, unsigned n)
{
	struct rte_mbuf *m = take(w);
	struct cid_route to;

	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_CID_OWN);
	assert_memory_equal(&msg_of(m)->ref, &ref, sizeof(ref));
	assert_int_equal(m->data_len, 8 * n);
	for (unsigned i = 0; i < n; i++) {
		assert_true(
			cid_open(&w->cid_key, rte_pktmbuf_mtod_offset(m, uint8_t *, 8 * i), &to));
		assert_int_equal(to.core, OWNER);
	}
	rte_pktmbuf_free(m);
}

/* Checklist 42: IDs on request, as soon as nothing else of ours is under way, the owner told first;
 * and the peer's new one for the owner, before the ACK. */
static void ids_are_given_and_taken(void **state)
{
	const uint64_t epoch = UINT64_C(3) << 48;
	struct world *w = *state;
	struct session_ref ref;
	struct rte_mbuf *m;
	struct device d;
	uint16_t seq;

	use_cids(w);
	ref = device_lives(w, &d);
	seq = device_post(&d).tx_seq;
	device_tells(w, &d, ref, epoch | 7, HS_REQUEST_CONNECTION_ID, seq, "\2", 1);
	assert_null(take(w)); /* the ticket is not acknowledged yet */
	assert_int_equal(counted(w, STATUS_HS_LATER), 1);
	device_acks(w, &d, ref, epoch | 1);
	/* What the peer cannot be told, the owner is not. */
	w->core->post.most = 0;
	device_tells(w, &d, ref, epoch | 8, HS_REQUEST_CONNECTION_ID, seq, "\2", 1);
	assert_null(take(w));
	assert_int_equal(counted(w, STATUS_HS_LATER), 2);
	w->core->post.most = MAX_HANDSHAKES;
	device_tells(w, &d, ref, epoch | 8, HS_REQUEST_CONNECTION_ID, seq, "\2", 1);
	takes_ids(w, ref, 2);
	takes_ack(w, epoch | 8);
	assert_int_equal(sealed(w, &d, ref, epoch | 20), HS_NEW_CONNECTION_ID);
	device_acks(w, &d, ref, epoch | 20);
	assert_null(take(w));
	device_tells(w, &d, ref, epoch | 9, HS_NEW_CONNECTION_ID, ++seq, "\0\3\2ab\0", 6);
	m = take(w);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_CID_PEER);
	assert_memory_equal(&msg_of(m)->ref, &ref, sizeof(ref));
	assert_int_equal(m->data_len, 2);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), "ab", 2);
	rte_pktmbuf_free(m);
	takes_ack(w, epoch | 9);
	/* More than 255 cannot be asked for, and three is all that there are. */
	device_tells(w, &d, ref, epoch | 10, HS_REQUEST_CONNECTION_ID, ++seq, "\377", 1);
	takes_ids(w, ref, 3);
	takes_ack(w, epoch | 10);
	assert_int_equal(sealed(w, &d, ref, epoch | 21), HS_NEW_CONNECTION_ID);
	assert_null(take(w));
	device_end(&d);
}

/* bad-input L8: it is told why, and nothing is acknowledged. */
static void what_is_not_allowed_ends_the_session(void **state)
{
	static const uint8_t finished[] = { HS_FINISHED, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 1, 1 };
	struct world *w = *state;
	uint8_t said[sizeof(finished)];
	struct session_ref ref;
	struct rte_mbuf *m;
	struct device d;

	ref = device_lives(w, &d);
	memcpy(said, finished, sizeof(said));
	said[5] = (uint8_t)device_post(&d).tx_seq;
	device_says(w, &d, ref, UINT64_C(3) << 48 | 7, RECORD_HANDSHAKE, said, sizeof(said));
	m = take(w);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_SEAL);
	assert_int_equal(msg_of(m)->type, RECORD_ALERT);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[0], ALERT_FATAL);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[1], ALERT_UNEXPECTED_MESSAGE);
	rte_pktmbuf_free(m);
	assert_null(take(w));
	device_end(&d);
}

/* All of the answer or nothing: the owner's ring is full. */
static void keys_wait_for_room(void **state)
{
	static const uint8_t key_update[] = { HS_KEY_UPDATE, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 1, 0 };
	struct world *w = *state;
	uint8_t said[sizeof(key_update)];
	struct post_handshake peer;
	struct session_ref ref;
	struct rte_mbuf *m;
	struct device d;

	ref = device_lives(w, &d);
	peer = device_post(&d);
	memcpy(said, key_update, sizeof(said));
	said[5] = (uint8_t)peer.tx_seq;
	for (unsigned i = 0; i < RING - 4; i++)
		wiring_send(&w->mesh, MESH_POLL, OWNER, HS_CORE, wiring_mbuf(w->pool, "x", 1));
	device_says(w, &d, ref, UINT64_C(3) << 48 | 7, RECORD_HANDSHAKE, said, sizeof(said));
	for (unsigned i = 0; i < RING - 4; i++) {
		m = take(w);
		assert_int_equal(m->data_len, 1);
		rte_pktmbuf_free(m);
	}
	assert_null(take(w));
	device_says(w, &d, ref, UINT64_C(3) << 48 | 8, RECORD_HANDSHAKE, said, sizeof(said));
	takes_keys(w, ref, false, peer.tx_secret);
	takes_ack(w, UINT64_C(3) << 48 | 8);
	device_end(&d);
}

/* RFC 6347 §4.2.4 in a storm: as many devices as may linger have come since, far more than
 * handshakes at once, and the first of them still gets the last flight that it lost. */
static void a_storm_leaves_lost_last_flights_where_they_are(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct device first, d;
	struct rte_mbuf *m;

	in = device_up(w, &first, 40000);
	put(w, &in);
	for (uint16_t i = 1; i < MAX_LINGERING; i++) {
		in = device_up(w, &d, (uint16_t)(40000 + i));
		put(w, &in);
		device_end(&d);
	}
	/* The client's timer: 1 s, 2 s and 4 s. */
	w->now += 7 * S;
	m = opened(w, &first, HS_FINISHED, 3);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_SEAL);
	rte_pktmbuf_free(m);
	device_end(&first);
}

/* What lingers of a handshake ends with its session, and a handshake under way does not. */
static void a_closed_session_leaves_nothing_behind(void **state)
{
	struct world *w = *state;
	struct device d, other;
	struct session_install in = device_up(w, &d, 40000);

	device_ready(w, &other, 40001);
	assert_true(pending(w, &other, &other.ref));
	w->now += S / 2;
	to_core(w, &d, MSG_CLOSED, NULL, 0);
	to_core(w, &other, MSG_CLOSED, NULL, 0);
	turn(w);
	assert_null(opened(w, &d, HS_FINISHED, 3));
	assert_int_equal(counted(w, STATUS_HS_OLD), 1);
	assert_int_equal(handshake_core_stats(w->core)->active, 1);
	put(w, &in);
	device_answers(w, &other);
	turn(w);
	in = taken(w, &other, device_hears(w, &other));
	put(w, &in);
	device_end(&d);
	device_end(&other);
}

/* checklist: renegotiation is refused with a warning, also when the handshake's slot is gone. */
static void renegotiation_is_refused(void **state)
{
	struct world *w = *state;
	struct device d;
	struct session_install in = device_up(w, &d, 40000);

	for (unsigned i = 0; i < 2; i++) {
		struct rte_mbuf *m = opened(w, &d, HS_CLIENT_HELLO, 0);

		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_SEAL);
		assert_int_equal(msg_of(m)->type, RECORD_ALERT);
		assert_int_equal(msg_of(m)->prefix_len, 0);
		assert_int_equal(m->data_len, 2);
		assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[0], ALERT_WARNING);
		assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[1], ALERT_NO_RENEGOTIATION);
		rte_pktmbuf_free(m);
		d.ref.generation += 100;
	}
	assert_int_equal(counted(w, STATUS_HS_RENEGOTIATION), 2);
	put(w, &in);
	device_end(&d);
}

/* The owner's MSG_INSTALLED; refused: it has no slot. */
static void installed(struct world *w, const struct device *d, const struct session_install *in,
		      bool refused)
{
	const struct identity *identity = in->identity;
	struct rte_mbuf *m =
		to_core(w, d, MSG_INSTALLED, &identity, refused ? sizeof(identity) : 0);

	msg_of(m)->ref = (struct session_ref){ 1, refused ? 0 : 1 };
	turn(w);
}

static void a_refused_installation_gives_the_identity_back(void **state)
{
	struct world *w = *state;
	struct device d;
	struct session_install in = device_up(w, &d, 40000);

	installed(w, &d, &in, false);
	assert_int_equal(identity_count(w->credentials.identities), 1);
	put(w, &in);
	device_end(&d);
	in = device_up(w, &d, 40001);
	installed(w, &d, &in, true);
	assert_int_equal(identity_count(w->credentials.identities), 0);
	device_end(&d);
}

/* The refusal comes after the slot has lingered and was reused. */
static void a_late_refusal_gives_the_identity_back(void **state)
{
	struct world *w = *state;
	struct device d;
	struct session_install in = device_up(w, &d, 40000);

	w->now += 300 * S;
	turn(w);
	installed(w, &d, &in, true);
	assert_int_equal(identity_count(w->credentials.identities), 0);
	device_end(&d);
}

static void draining_refuses_new_handshakes_only(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct device d, late, again;

	device_ready(w, &d, 40000);
	device_begin(w, &late, 40001, psk);
	w->draining = true;
	device_hello(w, &late);
	assert_int_equal(counted(w, STATUS_HELLO_REFUSED), 1);
	assert_null(take(w));
	/* Not even on the flow of one that is under way, which goes on. */
	device_begin(w, &again, 40000, psk);
	device_hello(w, &again);
	assert_int_equal(counted(w, STATUS_HELLO_REFUSED), 2);
	assert_int_equal(counted(w, STATUS_HS_REPLACED), 0);
	assert_int_equal(handshake_core_stats(w->core)->active, 1);
	assert_null(take(w));
	device_answers(w, &d);
	turn(w);
	in = taken(w, &d, device_hears(w, &d));
	assert_true(d.installed);
	put(w, &in);
	device_end(&d);
	device_end(&again);
	device_end(&late);
}

/* bad-input N2: more handshakes at once than there are slots for: the eldest makes room, and the
 * newest is finished. */
static void the_eldest_handshake_makes_room(void **state)
{
	struct world *w = *state;
	struct device d[MAX_HANDSHAKES + 1], *last = &d[MAX_HANDSHAKES];
	struct session_install in;

	for (unsigned i = 0; i <= MAX_HANDSHAKES; i++) {
		device_begin(w, &d[i], (uint16_t)(40000 + i), psk);
		device_hello(w, &d[i]);
		if (i < MAX_HANDSHAKES)
			assert_null(device_hears(w, &d[i]));
	}
	assert_int_equal(counted(w, STATUS_HS_EVICTED), 1);
	assert_int_equal(counted(w, STATUS_HELLO_REFUSED), 0);
	assert_int_equal(handshake_core_stats(w->core)->active, MAX_HANDSHAKES);
	assert_int_equal(table_count(w->pending), MAX_HANDSHAKES);
	assert_false(pending(w, &d[0], &d[0].ref));
	assert_null(device_hears(w, last));
	device_answers(w, last);
	turn(w);
	in = taken(w, last, device_hears(w, last));
	put(w, &in);
	for (unsigned i = 0; i <= MAX_HANDSHAKES; i++)
		device_end(&d[i]);
}

/* bad-input N2: as many as there are slots, all of them resumed. Whoever does a full handshake
 * takes the place of one of the eldest half, and of one after another; the youngest half stays, and
 * who resumes still gets in. */
static void who_resumes_goes_before_who_does_not(void **state)
{
	struct world *w = *state;
	struct device before, d[MAX_HANDSHAKES], full[MAX_HANDSHAKES], again;
	struct session_install in = device_up(w, &before, 40000);

	put(w, &in);
	w->offer = &before.kept;
	for (unsigned i = 0; i < MAX_HANDSHAKES; i++) {
		device_begin(w, &d[i], (uint16_t)(40001 + i), psk);
		device_hello(w, &d[i]);
		assert_null(device_hears(w, &d[i]));
	}
	w->offer = NULL;
	for (unsigned i = 0; i < MAX_HANDSHAKES; i++) {
		device_begin(w, &full[i], (uint16_t)(40101 + i), psk);
		device_hello(w, &full[i]);
		assert_null(device_hears(w, &full[i]));
		assert_int_equal(counted(w, STATUS_HS_EVICTED), i + 1);
	}
	assert_int_equal(counted(w, STATUS_HELLO_REFUSED), 0);
	for (unsigned i = 0; i < MAX_HANDSHAKES; i++)
		assert_int_equal(pending(w, &d[i], &d[i].ref),
				 i >= MAX_HANDSHAKES - MAX_HANDSHAKES / 2);
	w->offer = &before.kept;
	device_begin(w, &again, 40201, psk);
	device_hello(w, &again);
	w->offer = NULL;
	assert_int_equal(counted(w, STATUS_HS_EVICTED), MAX_HANDSHAKES + 1);
	assert_null(device_hears(w, &again));
	device_answers(w, &again);
	turn(w);
	in = taken(w, &again, device_hears(w, &again));
	assert_true(again.resumed);
	put(w, &in);
	for (unsigned i = 0; i < MAX_HANDSHAKES; i++) {
		device_end(&d[i]);
		device_end(&full[i]);
	}
	device_end(&again);
	device_end(&before);
}

/* The core has had more messages than it could take for three seconds. */
static void overload(struct world *w)
{
	struct device nobody = { .ref = { .slot = 2, .generation = 9 } };
	struct rte_mbuf *m;

	for (unsigned ms = 0; ms < 3000; ms++) {
		while (mesh_room(&w->mesh, MESH_HANDSHAKE, 0, OWNER) > 0)
			to_core(w, &nobody, MSG_DATAGRAM, "", 0);
		w->now += MS;
		turn(w);
	}
	while ((m = wiring_take(&w->mesh, MESH_HANDSHAKE, 0, OWNER)) != NULL)
		rte_pktmbuf_free(m);
}

/* Hellos with new randoms from one port of one address, a step apart, each of which supersedes the
 * one before; returns how many of n began a handshake. */
static uint64_t repeated(struct world *w, unsigned n, uint64_t step_ns)
{
	uint64_t before = handshake_core_stats(w->core)->started;
	struct device d;

	for (unsigned i = 0; i < n; i++) {
		w->now += step_ns;
		device_begin(w, &d, 40000, psk);
		device_hello(w, &d);
		assert_null(device_hears(w, &d));
		device_end(&d);
	}
	return handshake_core_stats(w->core)->started - before;
}

/* bad-input N2, E4: one address says hello over and over with new randoms. While the core keeps up
 * it may; an overloaded one does so many for it, and others are served. */
static void an_overloaded_core_does_so_much_for_an_address(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct device other;

	assert_int_equal(repeated(w, 200, MS), 200);
	overload(w);
	/* BURST_MIN of handshake_rate.c. */
	assert_int_equal(repeated(w, 200, 0), 64);
	assert_int_equal(counted(w, STATUS_HELLO_RATE), 136);
	in = device_up(w, &other, 40001);
	put(w, &in);
	device_end(&other);
}

/* checklist 52, bad-input H1: without a token, an address may still resume its sessions; with a
 * ticket that is none it is not served at all, where else it would get a full handshake. */
static void an_overloaded_core_resumes(void **state)
{
	struct world *w = *state;
	struct device before, again, forger;
	struct session_install in = device_up(w, &before, 40000);

	put(w, &in);
	overload(w);
	repeated(w, 100, 0);
	device_back(w, &again, 40000, &before);
	assert_true(again.resumed);
	before.ticket[20] ^= 1;
	w->offer = &before.kept;
	device_begin(w, &forger, 40000, psk);
	w->offer = NULL;
	device_hello(w, &forger);
	assert_null(take(w));
	assert_int_equal(counted(w, STATUS_TICKET_INVALID), 1);
	assert_int_equal(counted(w, STATUS_HELLO_RATE), 36 + 1);
	assert_int_equal(handshake_core_stats(w->core)->active, 0);
	device_end(&forger);
	device_end(&before);
}

/* bad-input E4, H1: a ticket that was seen on its way is found, but who cannot finish pays for a
 * full handshake; who can resumes as often as he likes. */
static void an_overloaded_core_wants_the_finished(void **state)
{
	struct world *w = *state;
	struct device before, again;
	struct session_install in = device_up(w, &before, 40000);

	put(w, &in);
	overload(w);
	w->offer = &before.kept;
	/* BURST_MIN of handshake_rate.c, and as many on credit. */
	assert_int_equal(repeated(w, 400, 0), 2 * 64);
	w->offer = NULL;
	assert_int_equal(counted(w, STATUS_HELLO_RATE), 400 - 2 * 64);
	for (unsigned i = 0; i < 400; i++) {
		device_back(w, &again, 40001, &before);
		assert_true(again.resumed);
	}
	device_end(&before);
}

/* A hello that nobody's handshake made, from another port of the address that has no token: nothing
 * comes of it. Returns how many sessions were looked for. */
static uint64_t looked_for(struct world *w, const uint8_t *body, size_t len)
{
	uint64_t invalid = counted(w, STATUS_TICKET_INVALID), rate = counted(w, STATUS_HELLO_RATE);
	uint64_t active = handshake_core_stats(w->core)->active;
	struct device d = device_at(40000);
	uint8_t hello[HELLO_MAX];

	d.flow.remote_port++;
	to_core(w, &d, MSG_HELLO, hello, hello_wrap(hello, body, len, 1, 1));
	turn(w);
	assert_null(take(w));
	assert_int_equal(counted(w, STATUS_HELLO_RATE), rate + 1);
	assert_int_equal(handshake_core_stats(w->core)->active, active);
	return counted(w, STATUS_TICKET_INVALID) - invalid;
}

/* bad-input E4, H1: what asks for a session in DTLS 1.2 buys nothing in 1.3, nor does what is as
 * long as a ticket and is not looked for; tickets that are none are looked for, one after the
 * other, and nothing else is done. */
static void an_overloaded_core_looks_for_tickets_only(void **state)
{
	static const uint8_t made_up[112] = { 1 };
	struct world *w = *state;
	uint8_t body[HELLO_MAX], *id = body + HELLO_AT_SESSION_ID - HELLO_AT_BODY;
	struct hello13 hello;
	uint64_t started;
	size_t len;

	overload(w);
	repeated(w, 100, 0);
	started = handshake_core_stats(w->core)->started;
	hello13_plain(&hello);
	hello13_psk(&hello, 32);
	len = hello13_body(body, &hello);
	/* A session id of one byte. */
	memmove(id + 2, id + 1, len - (size_t)(id + 1 - body));
	id[0] = 1;
	assert_int_equal(looked_for(w, body, len + 1), 0);
	assert_int_equal(handshake_core_stats(w->core)->started, started);
	/* A binder of SHA-384, where the suite has SHA-256. */
	hello13_psk(&hello, 48);
	hello.psks[1].identity = made_up;
	hello.psks[1].identity_len = sizeof(made_up);
	assert_int_equal(looked_for(w, body, hello13_body(body, &hello)), 0);
	assert_int_equal(handshake_core_stats(w->core)->started, started + 1);
	hello.psks[1].binder_len = 32;
	hello13_psk(&hello, 32);
	hello.psks[2] = hello.psks[1];
	assert_int_equal(looked_for(w, body, hello13_body(body, &hello)), 2);
	assert_int_equal(handshake_core_stats(w->core)->started, started + 2);
}

static void empty_owners_ring(struct world *w)
{
	struct rte_mbuf *m;

	while ((m = take(w)) != NULL)
		rte_pktmbuf_free(m);
}

/* From now on the core asks for keys of identities that are not in the file. */
static void start_asking(struct world *w)
{
	handshake_core_free(w->core);
	w->queue = psk_queue_new(1, MAX_HANDSHAKES);
	assert_non_null(w->queue);
	start_core(w);
}

/* The store's answer to the question that was asked first; key NULL: none in time. */
static void store_answers(struct world *w, const uint8_t *key)
{
	struct psk_question *q = psk_queue_next(w->queue);

	assert_non_null(q);
	q->outcome = key == NULL ? PSK_TIMEOUT : PSK_FOUND;
	if (key != NULL)
		memcpy(q->key, key, q->key_len = 16);
	psk_queue_answer(w->queue, q);
	turn(w);
}

/* device_ready of a device that the store knows, whose key exchange the core has got. */
static void device_asked_for(struct world *w, struct device *d, uint16_t port)
{
	device_begin_as(w, d, port, "slow", psk);
	device_hello(w, d);
	assert_null(device_hears(w, d));
	device_answers(w, d);
	turn(w);
	assert_null(take(w));
}

/* A store that takes half a second (californium#213): the others' handshakes do not notice, and the
 * one that waits for it is completed when the answer is there, though its device repeated itself.
 */
static void a_slow_store_stalls_nobody_else(void **state)
{
	struct world *w = *state;
	struct device slow, other;
	struct session_install in;

	start_asking(w);
	device_asked_for(w, &slow, 40000);
	assert_int_equal(counted(w, STATUS_PSK_ASKED), 1);
	for (uint16_t i = 1; i <= 50; i++) {
		uint64_t began = w->now;

		in = device_up(w, &other, (uint16_t)(40000 + i));
		assert_int_equal(w->now, began);
		assert_int_equal(in.identity->len, 4);
		put(w, &in);
		device_end(&other);
		w->now += 10 * MS;
	}
	assert_int_equal(handshake_core_stats(w->core)->active, 1);
	store_answers(w, psk);
	in = taken(w, &slow, device_hears(w, &slow));
	assert_true(slow.installed);
	assert_memory_equal(in.identity->bytes, "slow", 4);
	assert_memory_equal(in.rx_key, slow.session.epochs[1].keys.client_key, AEAD_KEY_MAX);
	put(w, &in);
	device_end(&slow);
	assert_int_equal(counted(w, STATUS_PSK_ASKED), 1);
	/* The file is asked first. */
	assert_null(psk_queue_next(w->queue));
}

/* Timers and repeated flights go on while the answer is awaited, and change nothing. */
static void who_waits_for_the_store_may_repeat_himself(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct device d;

	start_asking(w);
	device_asked_for(w, &d, 40000);
	for (unsigned i = 0; i < 5; i++) {
		w->now += S;
		for (unsigned k = 0; k < d.n_out; k++)
			to_core(w, &d, MSG_DATAGRAM, d.out[k].bytes, d.out[k].len);
		turn(w);
		empty_owners_ring(w);
	}
	assert_int_equal(counted(w, STATUS_PSK_ASKED), 1);
	store_answers(w, psk);
	in = taken(w, &d, device_hears(w, &d));
	assert_true(d.installed);
	put(w, &in);
	device_end(&d);
}

/* Its handshake comes to nothing, and says so only at its end. */
static void assert_wrong_key(struct world *w, const struct device *d)
{
	for (unsigned i = 0; i < 130; i++) {
		turn(w);
		empty_owners_ring(w);
		w->now += S;
	}
	assert_false(d->installed);
	assert_int_equal(counted(w, STATUS_HS_AUTH), 1);
	assert_int_equal(handshake_core_stats(w->core)->active, 0);
	assert_int_equal(identity_count(w->credentials.identities), 0);
}

/* bad-input F1: an identity that the store does not know, or not in time, is a wrong key. */
static void no_answer_is_a_wrong_key(void **state)
{
	struct world *w = *state;
	struct device d;

	start_asking(w);
	device_asked_for(w, &d, 40000);
	store_answers(w, NULL);
	assert_int_equal(counted(w, STATUS_PSK_TIMEOUT), 1);
	assert_wrong_key(w, &d);
	device_end(&d);
}

/* bad-input F1: so is one that is not asked for, because handshakes that are no more left as many
 * questions as there may be. */
static void a_question_too_many_is_a_wrong_key(void **state)
{
	struct world *w = *state;
	struct device d;

	start_asking(w);
	for (uint16_t i = 0; i < MAX_HANDSHAKES; i++) {
		device_asked_for(w, &d, 40000 + i);
		device_end(&d);
		w->now += 130 * S;
		turn(w);
		empty_owners_ring(w);
	}
	assert_int_equal(handshake_core_stats(w->core)->active, 0);
	assert_int_equal(counted(w, STATUS_PSK_LIMIT), 0);
	device_asked_for(w, &d, 40000 + MAX_HANDSHAKES);
	assert_int_equal(counted(w, STATUS_PSK_ASKED), MAX_HANDSHAKES);
	assert_int_equal(counted(w, STATUS_PSK_LIMIT), 1);
	assert_wrong_key(w, &d);
	device_end(&d);
}

/* bad-input F1, N2: one address that asks and begins anew, over and over, has its share of the
 * questions open and no more: others are asked for. With an answer it may ask again. */
static void an_address_has_its_share_of_the_questions(void **state)
{
	enum { SHARE = MAX_HANDSHAKES - MAX_HANDSHAKES / 2 };
	struct world *w = *state;
	struct session_install in;
	struct device d, other;

	start_asking(w);
	for (unsigned i = 0; i < 10; i++) {
		device_asked_for(w, &d, 40000);
		device_end(&d);
	}
	assert_int_equal(counted(w, STATUS_HS_REPLACED), 9);
	assert_int_equal(counted(w, STATUS_PSK_ASKED), SHARE);
	assert_int_equal(counted(w, STATUS_PSK_LIMIT), 10 - SHARE);
	device_asked_for(w, &other, 40001);
	assert_int_equal(counted(w, STATUS_PSK_ASKED), SHARE + 1);
	for (unsigned i = 0; i < SHARE; i++)
		store_answers(w, psk);
	assert_int_equal(counted(w, STATUS_PSK_LATE), SHARE);
	store_answers(w, psk);
	in = taken(w, &other, device_hears(w, &other));
	assert_true(other.installed);
	put(w, &in);
	device_end(&other);
	device_asked_for(w, &d, 40000);
	store_answers(w, psk);
	in = taken(w, &d, device_hears(w, &d));
	put(w, &in);
	device_end(&d);
}

/* The answer finds its slot with another handshake in it, or none. */
static void a_late_answer_is_nobodys(void **state)
{
	static const uint8_t wrong[16] = { 1 };
	struct world *w = *state;
	struct device d, next;
	struct session_install in;

	start_asking(w);
	device_asked_for(w, &d, 40000);
	/* The device begins anew, perhaps in the same slot, and asks as well. */
	device_asked_for(w, &next, 40000);
	assert_int_equal(counted(w, STATUS_HS_REPLACED), 1);
	store_answers(w, wrong);
	assert_int_equal(counted(w, STATUS_PSK_LATE), 1);
	assert_int_equal(handshake_core_stats(w->core)->active, 1);
	store_answers(w, psk);
	in = taken(w, &next, device_hears(w, &next));
	assert_true(next.installed);
	put(w, &in);
	/* Nobody is there. */
	device_end(&d);
	device_asked_for(w, &d, 40001);
	w->now += 130 * S;
	turn(w);
	empty_owners_ring(w);
	assert_int_equal(handshake_core_stats(w->core)->active, 0);
	store_answers(w, psk);
	assert_int_equal(counted(w, STATUS_PSK_LATE), 2);
	device_end(&d);
	device_end(&next);
}

/* A session of such a device is resumed when the store still has the key that made it. */
static void the_store_is_asked_before_a_session_is_resumed(void **state)
{
	static const uint8_t other[16] = { 1 };
	struct world *w = *state;
	struct device before, again;
	struct session_install in;

	start_asking(w);
	device_asked_for(w, &before, 40000);
	store_answers(w, psk);
	in = taken(w, &before, device_hears(w, &before));
	put(w, &in);
	for (unsigned changed = 0; changed < 2; changed++) {
		w->offer = &before.kept;
		device_begin_as(w, &again, (uint16_t)(40001 + changed), "slow", psk);
		w->offer = NULL;
		device_hello(w, &again);
		assert_null(take(w));
		store_answers(w, changed ? other : psk);
		assert_null(device_hears(w, &again));
		device_answers(w, &again);
		turn(w);
		assert_int_equal(counted(w, STATUS_SESSION_REVOKED), changed);
		if (changed)
			break;
		in = taken(w, &again, device_hears(w, &again));
		assert_true(again.resumed);
		assert_memory_equal(in.identity->bytes, "slow", 4);
		put(w, &in);
		device_end(&again);
	}
	assert_int_equal(counted(w, STATUS_PSK_ASKED), 4);
	device_end(&again);
	device_end(&before);
}

/* From now on the core says when it installed what may be in force no longer. */
static void start_reviewing(struct world *w)
{
	handshake_core_free(w->core);
	w->review = review_new(&(struct review_config){
		.store = w->store, .mesh = &w->mesh, .credentials = &w->credentials });
	assert_non_null(w->review);
	start_core(w);
}

static bool review_is_wanted(struct world *w)
{
	enum review_turn did;

	urcu_qsbr_thread_offline();
	did = review_turn(w->review, time(NULL));
	urcu_qsbr_thread_online();
	return did != REVIEW_IDLE;
}

/* A reload overtakes a handshake between its look-up and its installation, where a review that
 * walks already may have passed its slot: the session is installed, and looked at anew. */
static void an_overtaken_installation_is_reviewed(void **state)
{
	struct world *w = *state;
	struct device before, again;
	struct session_install in;

	start_reviewing(w);
	in = device_up(w, &before, 40000);
	put(w, &in);
	for (unsigned changed = 0; changed < 2; changed++) {
		w->offer = &before.kept;
		device_ready(w, &again, (uint16_t)(40001 + changed));
		w->offer = NULL;
		assert_true(again.installed);
		reload_psks(w, changed ? "dev1:ff0102030405060708090a0b0c0d0e0f\n"
				       : "dev1:000102030405060708090a0b0c0d0e0f\n");
		device_answers(w, &again);
		turn(w);
		in = taken(w, &again, device_hears(w, &again));
		assert_int_equal(review_is_wanted(w), changed);
		put(w, &in);
		device_end(&again);
	}
	device_end(&before);
}

static void fill_owners_ring(struct world *w)
{
	while (mesh_room(&w->mesh, MESH_POLL, OWNER, HS_CORE) > 0)
		wiring_send(&w->mesh, MESH_POLL, OWNER, HS_CORE, wiring_mbuf(w->pool, NULL, 0));
}

static void an_installation_waits_for_room(void **state)
{
	struct world *w = *state;
	struct session_install in;
	struct rte_mbuf *m;
	struct device d;

	device_ready(w, &d, 40000);
	device_answers(w, &d);
	fill_owners_ring(w);
	for (unsigned i = 0; i < 5; i++) {
		turn(w);
		w->now += 2 * MS;
	}
	assert_int_equal(handshake_core_stats(w->core)->completed, 0);
	assert_int_equal(handshake_core_stats(w->core)->active, 1);
	empty_owners_ring(w);
	turn(w);
	m = take(w);
	in = taken(w, &d, m);
	assert_null(take(w));
	assert_int_equal(handshake_core_stats(w->core)->completed, 1);
	/* The last flight was lost in the full ring: the device asks for it again. */
	w->now += S;
	m = opened(w, &d, HS_FINISHED, 3);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_SEAL);
	rte_pktmbuf_free(m);
	put(w, &in);
	device_end(&d);
}

/* It may also wait until the device begins anew: nothing of the old one is left behind. */
static void a_waiting_installation_can_be_superseded(void **state)
{
	struct world *w = *state;
	struct device d, next;
	struct session_install in;

	device_ready(w, &d, 40000);
	device_answers(w, &d);
	fill_owners_ring(w);
	turn(w);
	assert_int_equal(identity_count(w->credentials.identities), 1);
	empty_owners_ring(w);
	device_begin(w, &next, 40000, psk);
	device_hello(w, &next);
	assert_int_equal(counted(w, STATUS_HS_REPLACED), 1);
	assert_int_equal(identity_count(w->credentials.identities), 0);
	assert_null(device_hears(w, &next));
	device_answers(w, &next);
	turn(w);
	in = taken(w, &next, device_hears(w, &next));
	put(w, &in);
	device_end(&d);
	device_end(&next);
}

/* bad-input N8: no mbuf at the moment of the installation. */
static void an_empty_pool_delays_the_installation(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *all[WIRING_MBUFS];
	struct session_install in;
	struct device d;
	unsigned n;

	device_ready(w, &d, 40000);
	device_answers(w, &d);
	n = wiring_drain(w->pool, all);
	/* The last flight takes the mbuf of the datagram that it answers. */
	turn(w);
	assert_int_equal(counted(w, STATUS_NO_MBUF), 1);
	assert_int_equal(handshake_core_stats(w->core)->completed, 0);
	rte_pktmbuf_free_bulk(all, n);
	w->now += 2 * MS;
	turn(w);
	in = taken(w, &d, device_hears(w, &d));
	assert_true(d.installed);
	assert_int_equal(handshake_core_stats(w->core)->completed, 1);
	put(w, &in);
	device_end(&d);
}

static void flights_are_sent_again_until_it_is_given_up(void **state)
{
	struct world *w = *state;
	unsigned sent = 0;
	struct rte_mbuf *m;
	struct device d;

	device_begin(w, &d, 40000, psk);
	device_hello(w, &d);
	empty_owners_ring(w);
	w->now += S - MS;
	assert_int_equal(turn(w), 0);
	assert_null(take(w));
	w->now += 2 * MS;
	assert_int_equal(turn(w), 1);
	m = take(w);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_SEND);
	rte_pktmbuf_free(m);
	for (unsigned i = 0; i < 130; i++) {
		w->now += S;
		turn(w);
		while ((m = take(w)) != NULL) {
			sent++;
			rte_pktmbuf_free(m);
		}
	}
	/* 2, 4, 8, 16, 32 and 60 s apart, and perhaps an alert. */
	assert_in_range(sent, 4, 8);
	assert_int_equal(counted(w, STATUS_HS_TIMEOUT), 1);
	assert_int_equal(handshake_core_stats(w->core)->failed, 1);
	assert_int_equal(handshake_core_stats(w->core)->active, 0);
	assert_int_equal(table_count(w->pending), 0);
	device_end(&d);
}

static void a_wrong_key_installs_nothing(void **state)
{
	struct world *w = *state;
	static const uint8_t wrong[16] = { 66 };
	struct device d;

	device_begin(w, &d, 40000, wrong);
	device_hello(w, &d);
	assert_null(device_hears(w, &d));
	device_answers(w, &d);
	for (unsigned i = 0; i < 130; i++) {
		turn(w);
		empty_owners_ring(w);
		w->now += S;
	}
	assert_int_equal(handshake_core_stats(w->core)->completed, 0);
	assert_int_equal(handshake_core_stats(w->core)->failed, 1);
	assert_int_equal(table_count(w->pending), 0);
	assert_int_equal(identity_count(w->credentials.identities), 0);
	device_end(&d);
}

/* The process ends in the middle of a handshake: teardown looks that nothing is missing. */
static void the_end_can_come_at_any_time(void **state)
{
	struct world *w = *state;
	struct device d, other;

	device_ready(w, &d, 40000);
	device_answers(w, &d);
	fill_owners_ring(w);
	turn(w);
	assert_int_equal(identity_count(w->credentials.identities), 1);
	device_begin(w, &other, 40001, psk);
	to_core(w, &other, MSG_HELLO, other.out[0].bytes, other.out[0].len);
	device_end(&d);
	device_end(&other);
}

/* Messages that the core looks at in one turn of the n that wait. */
static uint64_t looked_at(struct world *w, unsigned n)
{
	uint64_t before = handshake_core_stats(w->core)->messages;
	struct device nobody = { .ref = { .slot = 2, .generation = 9 } };

	for (unsigned i = 0; i < n; i++)
		to_core(w, &nobody, MSG_DATAGRAM, "", 0);
	turn(w);
	return handshake_core_stats(w->core)->messages - before;
}

/* bad-input N2: whoever makes a core do public-key operations does not keep it from polling for
 * the time of 32 of them; what waits is for the next turns. */
static void public_keys_leave_time_for_polling(void **state)
{
	struct world *w = *state;
	struct device d;

	handshake_core_free(w->core);
	w->polls = true;
	w->policy.suites[0] = suite_by_id(TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256);
	w->policy.groups[0] = ECDHE_X25519;
	w->policy.n_groups = 1;
	start_core(w);
	assert_int_equal(looked_at(w, 16), 16);
	device_ready(w, &d, 40000);
	device_end(&d);
	assert_int_equal(looked_at(w, 16), 4);
	assert_int_equal(looked_at(w, 0), 4);
	w->now += 200 * MS;
	assert_int_equal(looked_at(w, 16), 24);
	assert_int_equal(counted(w, STATUS_STALE_REF), 48);
}

static void messages_of_no_slot_are_dropped(void **state)
{
	struct world *w = *state;
	struct device d = { .ref = { 77, 3 } };

	to_core(w, &d, MSG_DATAGRAM, "x", 1);
	to_core(w, &d, MSG_CLOSED, NULL, 0);
	to_core(w, &d, MSG_INSTALLED, NULL, 0);
	to_core(w, &d, MSG_OPENED, "x", 1);
	to_core(w, &d, MSG_HELLO, "x", 1);
	turn(w);
	assert_int_equal(counted(w, STATUS_STALE_REF), 1);
	empty_owners_ring(w);
}

#define CORE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define CORE_TEST_13(f)                                                                            \
	{                                                                                          \
#f " (1.3)", f, setup_13, teardown, NULL                                           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(devices_come_back),
		CORE_TEST(a_handshake_installs_what_the_device_has),
		CORE_TEST(handshakes_of_a_turn_do_not_mix),
		CORE_TEST(a_repeated_flight_in_one_turn_is_the_owners),
		CORE_TEST(two_copies_of_a_hello_make_one_handshake),
		CORE_TEST(another_random_supersedes),
		CORE_TEST(rubbish_does_not_change_the_next_hop),
		CORE_TEST(a_datagram_after_the_installation_goes_back),
		CORE_TEST(held_datagrams_follow_the_installation_in_order),
		CORE_TEST(a_repeated_finished_is_answered_again),
		CORE_TEST_13(a_repeated_finished_of_13_is_acknowledged_again),
		CORE_TEST_13(keys_are_updated),
		CORE_TEST_13(tickets_without_memory),
		CORE_TEST_13(ids_are_given_and_taken),
		CORE_TEST_13(worn_keys_are_updated),
		CORE_TEST_13(what_is_not_allowed_ends_the_session),
		CORE_TEST_13(keys_wait_for_room),
		CORE_TEST(a_storm_leaves_lost_last_flights_where_they_are),
		CORE_TEST(a_closed_session_leaves_nothing_behind),
		CORE_TEST(renegotiation_is_refused),
		CORE_TEST(a_refused_installation_gives_the_identity_back),
		CORE_TEST(a_late_refusal_gives_the_identity_back),
		CORE_TEST(draining_refuses_new_handshakes_only),
		CORE_TEST(the_eldest_handshake_makes_room),
		CORE_TEST(who_resumes_goes_before_who_does_not),
		CORE_TEST_13(who_resumes_goes_before_who_does_not),
		CORE_TEST(an_overloaded_core_does_so_much_for_an_address),
		CORE_TEST(an_overloaded_core_resumes),
		CORE_TEST_13(an_overloaded_core_resumes),
		CORE_TEST(an_overloaded_core_wants_the_finished),
		CORE_TEST_13(an_overloaded_core_wants_the_finished),
		CORE_TEST_13(an_overloaded_core_looks_for_tickets_only),
		CORE_TEST(a_slow_store_stalls_nobody_else),
		CORE_TEST(who_waits_for_the_store_may_repeat_himself),
		CORE_TEST(no_answer_is_a_wrong_key),
		CORE_TEST(a_question_too_many_is_a_wrong_key),
		CORE_TEST(an_address_has_its_share_of_the_questions),
		CORE_TEST(a_late_answer_is_nobodys),
		CORE_TEST(the_store_is_asked_before_a_session_is_resumed),
		CORE_TEST(an_overtaken_installation_is_reviewed),
		CORE_TEST(an_installation_waits_for_room),
		CORE_TEST(a_waiting_installation_can_be_superseded),
		CORE_TEST(an_empty_pool_delays_the_installation),
		CORE_TEST(flights_are_sent_again_until_it_is_given_up),
		CORE_TEST(a_wrong_key_installs_nothing),
		CORE_TEST(the_end_can_come_at_any_time),
		CORE_TEST(public_keys_leave_time_for_polling),
		CORE_TEST(messages_of_no_slot_are_dropped),
	};

	return wiring_main(tests);
}
