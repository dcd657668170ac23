/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_world.h"

#include "credentials.h"
#include "gate.h"
#include "handshake_core.h"
#include "job.h"
#include "mesh.h"
#include "msg.h"
#include "resumption.h"
#include "store.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509.h>

enum {
	POLL_CORE = 0,
	HANDSHAKE_CORE = 1,
	N_CORES = 2,
	RING = 512,
	MBUFS = 1023,
	IDENTITIES = 10000,
	MAX_HANDSHAKES = 64,
	SESSIONS = 1024,
	CACHED = 16384,
	WORLDS_MAX = 32,
	FLIGHTS_MAX = 8,
};

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

/* One of a batch. */
struct device {
	struct handshake *h;
	struct flow flow;
	struct session_ref ref; /* the core's slot */
	struct session_install install;
	bool up, as_wanted, has_install;
	unsigned waits; /* flights of the server that it waited for */
	size_t out_len;
	uint8_t out[HANDSHAKE_DATAGRAM_MAX]; /* its flight, a datagram */
	struct handshake_session session;    /* from its handshake before */
	uint8_t ticket[HANDSHAKE_TICKET_MAX];
	bool has_session;
};

struct handshake_world {
	const struct handshake_mode *mode;
	struct hello_policy policy;
	struct credentials credentials;
	struct certificates_config certificates;
	struct x509_own *device_own; /* what devices show of themselves */
	struct resumption resumption;
	struct store *store;
	struct table *pending;
	struct aead *aead;
	struct gate *gate;
	struct cookie_secrets secrets;
	_Atomic bool draining;
	struct handshake_core *core;
	struct hello_policy device_policy;
	struct handshake_config client;
	uint64_t now;
	uint32_t serial; /* of the next handshake */
	uint64_t bytes_up, bytes_down;
	struct stopwatch *watch, *device_watch;
	unsigned n; /* of this round */
	struct device devices[HANDSHAKE_WORLD_BATCH];
};

static struct handshake_world *worlds[WORLDS_MAX];

/* What all worlds share: rings are empty between rounds. */
static struct mesh mesh;
static struct rte_mempool *pool;

static bool rig_start(void)
{
	static const unsigned n_dst[MESH_ROLES] = { 1, 1, 1 };

	if (pool != NULL)
		return true;
	if (mesh_init(&mesh, N_CORES, n_dst, RING) != 0)
		return false;
	pool = rte_pktmbuf_pool_create("handshakes", MBUFS, 128, MSG_PRIV_SIZE,
				       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return pool != NULL;
}

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* A file of keys, for its owner only. */
static bool write_keys(const char *path)
{
	FILE *out = fopen(path, "we");

	if (out == NULL)
		return false;
	(void)fchmod(fileno(out), S_IRUSR | S_IWUSR);
	for (unsigned i = 0; i < IDENTITIES; i++)
		(void)fprintf(out, "sensor-%07u:%032x\n", i, i + 1);
	return fclose(out) == 0;
}

static void identity_of(uint32_t serial, char name[16], uint8_t key[16])
{
	unsigned i = (unsigned)(serial * UINT64_C(2654435761) % IDENTITIES);

	(void)snprintf(name, 16, "sensor-%07u", i);
	memset(key, 0, 16);
	key[14] = (uint8_t)((i + 1) >> 8);
	key[15] = (uint8_t)(i + 1);
}

static bool load_credentials(struct handshake_world *w)
{
	char path[64], err[256];
	bool ok;

	(void)snprintf(path, sizeof(path), "/tmp/sluice-bench-keys-%d", (int)getpid());
	ok = write_keys(path) &&
	     credentials_init(&w->credentials, &(struct credentials_files){ .psk_file = path }, err,
			      sizeof(err));
	(void)unlink(path);
	return ok;
}

static const char *pki(void)
{
	const char *dir = getenv("SLUICE_PKI");

	return dir != NULL ? dir : "build/pki";
}

bool handshake_world_has_pki(void) { return access(pki(), R_OK) == 0; }

static const char *pki_file(char out[256], const char *name)
{
	(void)snprintf(out, 256, "%s/%s", pki(), name);
	return out;
}

/* The one raw key that the server knows: the devices'. */
static bool write_raw_key(const char *path, const struct x509_own *own)
{
	uint8_t fingerprint[SPKI_FINGERPRINT_LEN], name[SPKI_NAME_LEN];
	size_t len;
	const uint8_t *spki = x509_own_spki(own, &len);
	FILE *out = fopen(path, "we");

	if (out == NULL)
		return false;
	spki_fingerprint(fingerprint, spki + 3, len - 3); /* behind its length */
	spki_name(name, fingerprint);
	(void)fprintf(out, "%.*s device\n", SPKI_NAME_LEN, (const char *)name);
	return fclose(out) == 0;
}

/* Both ends', as scripts/make-pki.sh makes them. The CA is the root: chains have an intermediate.
 */
static bool load_certificates(struct handshake_world *w)
{
	char chain[256], key[256], ca[256], own_chain[256], own_key[256], rpks[64], err[256];
	bool ok;

	w->device_own = x509_own_load(pki_file(own_chain, "client.crt"),
				      pki_file(own_key, "client.key"), err, sizeof(err));
	if (w->device_own == NULL)
		return false;
	(void)snprintf(rpks, sizeof(rpks), "/tmp/sluice-bench-rpks-%d", (int)getpid());
	w->certificates = (struct certificates_config){
		.chains = { pki_file(chain, "server.crt") },
		.keys = { pki_file(key, "server.key") },
		.n_own = 1,
		.trust = { .ca_path = pki_file(ca, "ca.crt"), .name = X509_NAME_CN },
		.rpks = rpks,
	};
	ok = write_raw_key(rpks, w->device_own) &&
	     credentials_certificates(&w->credentials, &w->certificates, err, sizeof(err));
	(void)unlink(rpks);
	return ok;
}

static struct x509_own *device_own(void *arg, const uint8_t *name, size_t len, unsigned kinds)
{
	(void)name, (void)len, (void)kinds;
	return x509_own_get(((struct handshake_world *)arg)->device_own);
}

static void set_policies(struct handshake_world *w)
{
	const struct handshake_mode *mode = w->mode;

	w->policy.suites[0] = suite_by_id(mode->suite);
	w->policy.n_suites = 1;
	w->policy.groups[0] = (uint16_t)mode->group;
	w->policy.n_groups = mode->group != ECDHE_NONE;
	w->device_policy = w->policy;
	/* RFC 8422 §5.1.1: the curve of the server's key has to be among them. */
	w->device_policy.groups[w->device_policy.n_groups++] = ECDHE_SECP256R1;
	w->policy.client_auth = mode->mutual ? CLIENT_AUTH_REQUIRED : CLIENT_AUTH_NONE;
	w->policy.client_x509 = w->policy.client_rpk = true;
	w->device_policy.client_rpk = mode->raw_keys;
}

static bool make_core(struct handshake_world *w)
{
	const struct handshake_core_config cfg = {
		.core = HANDSHAKE_CORE,
		.mesh = &mesh,
		.pool = pool,
		.store = w->store,
		.pending = w->pending,
		.credentials = &w->credentials,
		.resumption = w->mode->session_ids || w->mode->tickets ? &w->resumption : NULL,
		.policy = &w->policy,
		.aead = w->aead,
		.max_handshakes = MAX_HANDSHAKES,
		.max_lingering = 3 * MAX_HANDSHAKES,
		.timeout_ns = S,
		.mtu = 1400,
		.draining = &w->draining,
	};

	w->core = handshake_core_new(&cfg);
	w->client = (struct handshake_config){
		.policy = &w->device_policy,
		.own_find = w->device_own != NULL ? device_own : NULL,
		.own_arg = w,
		.aead = w->aead,
		.no_ticket = !w->mode->tickets,
		.timeout_ns = S,
		.timeout_max_ns = 60 * S,
		.give_up_ns = 600 * S,
		.mtu = 1400,
	};
	handshake_config_system(&w->client);
	return w->core != NULL;
}

static bool make_resumption(struct handshake_world *w)
{
	const struct resumption_config cfg = { .lifetime_s = 86400,
					       .cache_entries = w->mode->session_ids ? CACHED : 0 };
	char err[256];

	return resumption_init(&w->resumption, &cfg, (uint64_t)time(NULL), err, sizeof(err));
}

static bool make_parts(struct handshake_world *w)
{
	static const uint8_t seed[32] = { 3 };
	struct store_config sc = { .max_sessions = SESSIONS,
				   .replay_window = 64,
				   .hash_seed = seed };

	set_policies(w);
	if (!rig_start() || !load_credentials(w) || !make_resumption(w) ||
	    (w->mode->group != ECDHE_NONE && !load_certificates(w)))
		return false;
	sc.identities = w->credentials.identities;
	w->store = store_new(&sc);
	w->pending = table_new(MAX_HANDSHAKES, SOCKET_ID_ANY);
	w->aead = aead_new(AEAD_ENGINE_AUTO);
	w->gate = gate_new(NULL);
	return w->store != NULL && w->pending != NULL && w->aead != NULL && w->gate != NULL &&
	       cookie_secrets_init(&w->secrets) && make_core(w);
}

static void world_free(struct handshake_world *w)
{
	handshake_core_free(w->core);
	if (w->store != NULL)
		store_free(w->store);
	table_free(w->pending);
	aead_free(w->aead);
	gate_free(w->gate);
	resumption_free(&w->resumption);
	credentials_free(&w->credentials);
	x509_own_put(w->device_own);
	free(w);
}

struct handshake_world *handshake_world_get(const struct handshake_mode *mode)
{
	struct handshake_world *w;
	unsigned i = 0;

	for (; i < WORLDS_MAX && worlds[i] != NULL; i++)
		if (worlds[i]->mode == mode)
			return worlds[i];
	w = i < WORLDS_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (w == NULL)
		return NULL;
	w->mode = mode;
	w->now = 1000 * S;
	if (!make_parts(w)) {
		world_free(w);
		return NULL;
	}
	worlds[i] = w;
	return w;
}

static struct signature_key *x509_key(struct rd der)
{
	const unsigned char *at = der.p;
	X509 *cert = d2i_X509(NULL, &at, (long)rd_len(&der));
	struct signature_key *key = cert != NULL ? signature_key_new(X509_get0_pubkey(cert)) : NULL;

	X509_free(cert);
	return key;
}

/* Devices take the server for what it says it is. */
static void trust_server(void *arg, struct handshake_job *job)
{
	struct rd der, list = job->certificate;
	bool raw = job->certificate_type == HS_CERTIFICATE_RPK;

	(void)arg;
	job->peer.key = raw                      ? spki_key(list.p, rd_len(&list))
			: rd_vec(&list, 3, &der) ? x509_key(der)
						 : NULL;
	if (job->peer.key != NULL)
		job->peer.status = STATUS_OK;
}

/* A device's jobs, which it does at once, and its flight. */
static bool device_drain(struct handshake_world *w, struct device *d)
{
	static const struct job_lookup lookup = { .verify_peer = trust_server };
	struct handshake_event event;
	struct handshake_job *job;

	while ((job = handshake_job(d->h)) != NULL) {
		job_run(job, &lookup);
		handshake_job_done(d->h, w->now);
	}
	d->out_len = 0;
	if (handshake_output(d->h, d->out, &d->out_len))
		w->bytes_up += d->out_len;
	handshake_event(d->h, &event);
	if (event.kind == HANDSHAKE_INSTALL) {
		d->up = true;
		d->as_wanted = event.resumed == w->mode->resumed &&
			       event.by_ticket == (w->mode->resumed && w->mode->tickets);
	}
	return event.kind != HANDSHAKE_FAILED;
}

/* A flow of its own for each handshake. */
static bool device_begin(struct handshake_world *w, struct device *d)
{
	uint32_t serial = w->serial++;
	char name[16];
	uint8_t key[16];

	d->flow = (struct flow){ .local_port = 5684,
				 .remote_port = (uint16_t)(1024 + serial % 60000) };
	d->flow.remote_ip[10] = d->flow.remote_ip[11] = 0xff;
	d->flow.remote_ip[14] = (uint8_t)serial;
	d->up = d->as_wanted = d->has_install = false;
	d->waits = 0;
	d->h = handshake_new(&w->client, HANDSHAKE_CLIENT, w->now);
	identity_of(serial, name, key);
	if (d->h == NULL ||
	    !handshake_client_credential(d->h, (const uint8_t *)name, strlen(name), key, 16))
		return false;
	if (w->mode->resumed && d->has_session && !handshake_client_resume(d->h, &d->session))
		return false;
	handshake_timeout(d->h, w->now);
	return device_drain(w, d);
}

static bool device_input(struct handshake_world *w, struct device *d, const uint8_t *bytes,
			 size_t len)
{
	w->bytes_down += len;
	return handshake_input(d->h, w->now, bytes, len) == STATUS_OK && device_drain(w, d);
}

/* The gate on the hellos of all devices; each must have this status. */
static bool gate_run(struct handshake_world *w, enum status want, struct gate_item *items)
{
	bool ok = true;

	for (unsigned i = 0; i < w->n; i++)
		items[i] = (struct gate_item){ .flow = &w->devices[i].flow,
					       .datagram = rd_of(w->devices[i].out,
								 w->devices[i].out_len) };
	stopwatch_start(w->watch);
	gate_burst(w->gate, &w->secrets, w->now, items, w->n);
	stopwatch_stop(w->watch, PART_GATE);
	for (unsigned i = 0; i < w->n; i++)
		ok = ok && items[i].status == want;
	return ok;
}

/* The devices' flights into the core's ring, as their poll core sends them. */
static bool enqueue(struct handshake_world *w, enum msg_kind kind)
{
	struct rte_ring *ring = mesh_ring(&mesh, MESH_HANDSHAKE, 0, POLL_CORE);

	for (unsigned i = 0; i < w->n; i++) {
		const struct device *d = &w->devices[i];
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		if (m == NULL || d->out_len == 0)
			return false;
		memcpy(rte_pktmbuf_append(m, (uint16_t)d->out_len), d->out, d->out_len);
		*msg_of(m) = (struct msg){ .kind = (uint8_t)kind,
					   .flow = d->flow,
					   .hop = { .vlan_tci = VLAN_NONE },
					   .peer_hs = d->ref };
		if (rte_ring_sp_enqueue(ring, m) != 0)
			return false;
	}
	return true;
}

static struct device *device_of(struct handshake_world *w, const struct flow *flow)
{
	for (unsigned i = 0; i < w->n; i++)
		if (memcmp(&w->devices[i].flow, flow, sizeof(*flow)) == 0)
			return &w->devices[i];
	return NULL;
}

static bool take(struct handshake_world *w, struct rte_mbuf *m)
{
	struct device *d = device_of(w, &msg_of(m)->flow);

	if (d == NULL)
		return false;
	if (msg_of(m)->kind == MSG_SEND)
		return device_input(w, d, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
	if (msg_of(m)->kind != MSG_INSTALL || m->data_len != sizeof(d->install))
		return false;
	memcpy(&d->install, rte_pktmbuf_mtod(m, void *), sizeof(d->install));
	d->ref = msg_of(m)->peer_hs;
	d->has_install = true;
	return true;
}

/* What the core has for the devices. */
static bool hear(struct handshake_world *w)
{
	struct rte_mbuf *m[RING];
	unsigned next = 0, n = mesh_receive(&mesh, MESH_POLL, 0, &next, m, RING);
	bool ok = true;

	for (unsigned i = 0; i < w->n; i++)
		w->devices[i].waits += !w->devices[i].up;
	stopwatch_start(w->device_watch);
	for (unsigned i = 0; i < n; i++)
		ok = take(w, m[i]) && ok;
	stopwatch_stop(w->device_watch, 0);
	rte_pktmbuf_free_bulk(m, n);
	return ok;
}

static void turn(struct handshake_world *w, enum handshake_part part)
{
	stopwatch_start(w->watch);
	(void)handshake_core_turn(w->core, w->now);
	stopwatch_stop(w->watch, part);
}

/* Up to hellos with good cookies. */
static bool say_hello(struct handshake_world *w)
{
	struct gate_item items[HANDSHAKE_WORLD_BATCH];
	bool ok = true;

	stopwatch_start(w->device_watch);
	for (unsigned i = 0; i < w->n; i++)
		ok = device_begin(w, &w->devices[i]) && ok;
	stopwatch_stop(w->device_watch, 0);
	if (!ok || !gate_run(w, STATUS_HELLO_VERIFY_SENT, items))
		return false;
	stopwatch_start(w->device_watch);
	for (unsigned i = 0; i < w->n; i++) {
		w->devices[i].waits++;
		ok = device_input(w, &w->devices[i], items[i].reply, items[i].reply_len) && ok;
	}
	stopwatch_stop(w->device_watch, 0);
	return ok && gate_run(w, STATUS_OK, items) && enqueue(w, MSG_HELLO);
}

/* The owner of lookups in the table of pending flows says which slot a datagram is for. */
static bool find_slots(struct handshake_world *w)
{
	for (unsigned i = 0; i < w->n; i++) {
		const struct flow *flow = &w->devices[i].flow;
		struct flow_hash hash;
		struct table_hit hit;

		flow_hash_burst(&w->store->hash_key, &flow, &hash, 1);
		if (table_lookup_burst(w->pending, &hash, &hit, 1) != 1)
			return false;
		w->devices[i].ref = hit.ref;
	}
	return true;
}

/* What an owner does for a session's beginning and its end, but for the grace period between. */
static bool install(struct handshake_world *w)
{
	struct session_ref ref, replaced;
	uint32_t slots[HANDSHAKE_WORLD_BATCH];
	struct flow_hash hash;
	bool ok = true;

	stopwatch_start(w->watch);
	for (unsigned i = 0; i < w->n; i++) {
		struct device *d = &w->devices[i];
		const struct flow *flow = &d->flow;

		ok = d->has_install &&
		     store_install(w->store, 0, &d->install, &ref, &replaced) == STATUS_OK;
		if (!ok)
			return false;
		flow_hash_burst(&w->store->hash_key, &flow, &hash, 1);
		(void)table_remove(w->pending, &hash, d->ref);
		(void)store_retire(w->store, ref);
	}
	store_recycle(w->store, slots, store_take_retired(w->store, slots, w->n));
	stopwatch_stop(w->watch, PART_INSTALL);
	return ok;
}

/* Devices keep what they can resume, and end their handshakes. */
static bool part_company(struct handshake_world *w)
{
	bool ok = true;

	for (unsigned i = 0; i < w->n; i++) {
		struct device *d = &w->devices[i];

		ok = ok && d->up && (d->as_wanted || !d->has_session);
		if (w->mode->resumed && d->up) {
			d->has_session = handshake_session(d->h, &d->session);
			ok = ok && d->has_session;
			memcpy(d->ticket, d->session.ticket, d->session.ticket_len);
			d->session.ticket = d->ticket;
		}
		handshake_free(d->h);
		d->h = NULL;
	}
	return ok;
}

static bool shake_hands(struct handshake_world *w)
{
	turn(w, PART_HELLO);
	if (!find_slots(w) || !hear(w) || !enqueue(w, MSG_DATAGRAM))
		return false;
	turn(w, PART_REST);
	return hear(w) && install(w);
}

bool handshake_world_round(struct handshake_world *w, unsigned n, struct stopwatch *server,
			   struct stopwatch *device)
{
	bool ok;

	w->n = n;
	w->watch = server;
	w->device_watch = device;
	w->now += MS;
	ok = say_hello(w) && shake_hands(w);
	return part_company(w) && ok && stopwatch_lap(server) && stopwatch_lap(device);
}

bool handshake_world_costs(struct handshake_world *w, struct handshake_world_costs *out)
{
	struct stopwatch watch = { 0 };
	size_t before, during;
	bool ok;

	/* A core that has kept no memory of handshakes before, so that all they take is counted. */
	handshake_core_free(w->core);
	if (!make_core(w))
		return false;
	w->n = HANDSHAKE_WORLD_BATCH;
	w->watch = w->device_watch = &watch;
	w->now += MS;
	w->bytes_up = w->bytes_down = 0;
	ok = say_hello(w);
	before = heap();
	turn(w, PART_HELLO);
	during = heap();
	out->state_during = (unsigned)((during - before) / w->n);
	ok = ok && find_slots(w) && hear(w) && enqueue(w, MSG_DATAGRAM);
	turn(w, PART_REST);
	ok = ok && hear(w) && install(w);
	out->bytes_up = (unsigned)(w->bytes_up / w->n);
	out->bytes_down = (unsigned)(w->bytes_down / w->n);
	out->round_trips = w->devices[0].waits;
	out->state_after = (unsigned)sizeof(struct handshake_remnant);
	return part_company(w) && ok;
}

void handshake_world_free_all(void)
{
	for (unsigned i = 0; i < WORLDS_MAX && worlds[i] != NULL; i++)
		world_free(worlds[i]);
}
