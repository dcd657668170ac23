/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The real handshake core in virtual time, between stand-ins for what is around it: a poll core
 * (gate, pending flows, a store of sessions), a credential store that takes its time, and a link
 * that delays and loses. Everything that enters or leaves the core is an mbuf of one pool.
 */
#pragma once

#include "gate.h"
#include "handshake_core.h"
#include "mix.h"
#include "msg.h"
#include "storm_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

enum {
	STORM_POLL = 0,
	STORM_CORE = 1,
	STORM_RING = 256,
	STORM_MBUFS = 1023,
	STORM_EVENTS = 8192,
	STORM_ASKED = 1024,
};

#define STORM_MS UINT64_C(1000000)
#define STORM_S  (1000 * STORM_MS)

struct storm_setup {
	unsigned n_known; /* identities; those with odd numbers only the slow store has */
	uint32_t max_handshakes, rate_address, rate_network;
	uint64_t turn_ns;   /* the core has a turn every so often: 32 messages at most */
	uint64_t answer_ns; /* of the slow store; 0: there is none */
	double loss;
};

struct storm_event {
	uint64_t at_ns;
	struct flow flow;
	uint16_t len;
	bool to_core;
	uint8_t bytes[HANDSHAKE_DATAGRAM_MAX];
};

struct storm_world {
	struct storm_setup setup;
	struct rte_mempool *pool;
	struct mesh mesh;
	struct credentials credentials;
	struct psk_queue *queue;
	struct psk_question *asked[STORM_ASKED];
	unsigned n_asked;
	struct resumption resumption;
	struct store *store;
	struct storm_session *sessions; /* of DTLS 1.3, by the store's slot */
	struct table *pending;
	struct aead *aead;
	struct gate *gate;
	struct cookie_secrets secrets;
	struct hello_policy policy;
	_Atomic bool draining;
	struct handshake_core *core;
	uint64_t now, next_turn, noise;
	struct storm_event *events;
	unsigned n_events;
	const char *broken;
	/* What the source of a datagram gave, and what it got: whoever runs the world counts. */
	void (*sent)(void *arg, const struct flow *flow, size_t len, bool proved);
	void (*hear)(void *arg, const struct flow *flow, const uint8_t *bytes, size_t len);
	void *arg;
};

static inline void storm_must(struct storm_world *w, bool holds, const char *what)
{
	if (!holds && w->broken == NULL)
		w->broken = what;
}

static inline void storm_key(unsigned id, char name[16], uint8_t key[16])
{
	(void)snprintf(name, 16, "dev%u", id);
	memset(key, (int)(id % 251 + 1), 16);
}

/* Link */

static inline void storm_carry(struct storm_world *w, const struct flow *flow, bool to_core,
			       const uint8_t *bytes, size_t len)
{
	struct storm_event *e = &w->events[w->n_events];

	if (mix_chance(&w->noise, w->setup.loss))
		return;
	if (w->n_events == STORM_EVENTS) {
		storm_must(w, false, "a flood of datagrams");
		return;
	}
	w->n_events++;
	e->at_ns = w->now + (5 + mix_below(&w->noise, 40)) * STORM_MS;
	e->flow = *flow;
	e->to_core = to_core;
	e->len = (uint16_t)len;
	memcpy(e->bytes, bytes, len);
}

/* Poll core */

static inline void storm_message(struct storm_world *w, const struct msg *msg, const void *bytes,
				 size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

	if (m == NULL)
		return;
	if (len > 0)
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	*msg_of(m) = *msg;
	if (rte_ring_sp_enqueue(mesh_ring(&w->mesh, MESH_HANDSHAKE, 0, STORM_POLL), m) != 0)
		rte_pktmbuf_free(m); /* behind: as a full ring loses it */
}

static inline void storm_to_core(struct storm_world *w, enum msg_kind kind, const struct flow *flow,
				 struct session_ref ref, const void *bytes, size_t len)
{
	const struct msg msg = { .kind = (uint8_t)kind, .flow = *flow, .peer_hs = ref };

	storm_message(w, &msg, bytes, len);
}

/* What a session of DTLS 1.3 has for its handshake core. */
static inline void storm_told(struct storm_world *w, const struct storm_session *s,
			      enum msg_kind kind, uint8_t type, uint64_t number, struct rd data)
{
	const struct msg msg = { .kind = (uint8_t)kind,
				 .flow = s->flow,
				 .ref = s->ref,
				 .class = s->class,
				 .type = type,
				 .number = number,
				 .peer_hs = s->hs };

	storm_message(w, &msg, data.p, rd_len(&data));
}

struct storm_late {
	struct storm_world *w;
	const struct storm_session *s;
};

static inline void storm_late(void *arg, struct rd record)
{
	const struct storm_late *l = arg;

	storm_told(l->w, l->s, MSG_LATE, 0, 0, record);
}

static inline void storm_session_input(struct storm_world *w, struct storm_session *s,
				       struct rd datagram)
{
	struct storm_late late = { w, s };
	uint8_t plaintext[PROTECT_RECORD_MAX];
	struct protect_content c;

	while (storm_session_next(&s->protect, &datagram, plaintext, &c, storm_late, &late))
		if (c.type == RECORD_HANDSHAKE || c.type == RECORD_ACK)
			storm_told(w, s, MSG_OPENED, c.type, (uint64_t)c.epoch << 48 | c.seq,
				   rd_of(plaintext, c.len));
}

/* The record that the core asks for. */
static inline void storm_seal(struct storm_world *w, struct rte_mbuf *m)
{
	struct storm_session *s = &w->sessions[msg_of(m)->ref.slot];
	uint64_t number = s->protect.epochs[RECORD13_EPOCH_DATA].tx_seq;
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	size_t len;

	if (!s->up || s->ref.generation != msg_of(m)->ref.generation)
		return;
	len = storm_session_seal(&s->protect, msg_of(m)->type, rte_pktmbuf_mtod(m, uint8_t *),
				 m->data_len, out);
	storm_must(w, len > 0, "a record that cannot be sealed");
	storm_carry(w, &s->flow, false, out, len);
	if (msg_of(m)->told)
		storm_told(w, s, MSG_SEALED, 0, (uint64_t)RECORD13_EPOCH_DATA << 48 | number,
			   rd_of(NULL, 0));
}

static inline bool storm_is_hello(const uint8_t *bytes, size_t len)
{
	return len > RECORD_HEADER_LEN && bytes[0] == RECORD_HANDSHAKE &&
	       bytes[RECORD_HEADER_LEN] == HS_CLIENT_HELLO;
}

static inline void storm_hello(struct storm_world *w, const struct flow *flow, const uint8_t *bytes,
			       size_t len)
{
	struct gate_item item = { .flow = flow, .datagram = rd_of(bytes, len) };

	gate_burst(w->gate, &w->secrets, w->now, &item, 1);
	w->sent(w->arg, flow, len, item.status == STATUS_OK);
	if (item.status == STATUS_HELLO_VERIFY_SENT || item.status == STATUS_HELLO_RETRY_SENT)
		storm_carry(w, flow, false, item.reply, item.reply_len);
	else if (item.status == STATUS_OK)
		storm_to_core(w, MSG_HELLO, flow, (struct session_ref){ 0, 0 }, bytes, len);
}

static inline void storm_arrive(struct storm_world *w, const struct storm_event *e)
{
	const struct flow *flow = &e->flow;
	struct flow_hash hash;
	struct table_hit hit;

	if (!e->to_core) {
		w->hear(w->arg, flow, e->bytes, e->len);
		return;
	}
	if (storm_is_hello(e->bytes, e->len)) {
		storm_hello(w, flow, e->bytes, e->len);
		return;
	}
	w->sent(w->arg, flow, e->len, false);
	flow_hash_burst(&w->store->hash_key, &flow, &hash, 1);
	if (table_lookup_burst(w->pending, &hash, &hit, 1) == 1)
		storm_to_core(w, MSG_DATAGRAM, flow, hit.ref, e->bytes, e->len);
	else if (table_lookup_burst(w->store->flows, &hash, &hit, 1) == 1 &&
		 w->sessions[hit.ref.slot].up)
		storm_session_input(w, &w->sessions[hit.ref.slot], rd_of(e->bytes, e->len));
}

static inline void storm_install(struct storm_world *w, const struct rte_mbuf *m)
{
	const struct flow *flow = &msg_of((struct rte_mbuf *)(uintptr_t)m)->flow;
	struct session_ref ref, replaced;
	struct session_install in;
	struct flow_hash hash;
	uintptr_t identity;

	storm_must(w, m->data_len == sizeof(in), "an installation of another size");
	memcpy(&in, rte_pktmbuf_mtod(m, const void *), sizeof(in));
	identity = (uintptr_t)in.identity;
	if (store_install(w->store, 0, &in, &ref, &replaced) != STATUS_OK)
		storm_to_core(w, MSG_INSTALLED, flow, (struct session_ref){ 0, 0 }, &identity,
			      sizeof(identity));
	else
		storm_session_up(&w->sessions[ref.slot], w->aead, &in, ref);
	if (replaced.generation != 0)
		(void)store_retire(w->store, replaced);
	flow_hash_burst(&w->store->hash_key, &flow, &hash, 1);
	(void)table_remove(w->pending, &hash, msg_of((struct rte_mbuf *)(uintptr_t)m)->peer_hs);
}

static inline void storm_from_core(struct storm_world *w)
{
	struct rte_mbuf *m[STORM_RING];
	unsigned next = 0, n = mesh_receive(&w->mesh, MESH_POLL, 0, &next, m, STORM_RING);

	for (unsigned i = 0; i < n; i++) {
		if (msg_of(m[i])->kind == MSG_SEND)
			storm_carry(w, &msg_of(m[i])->flow, false,
				    rte_pktmbuf_mtod(m[i], const uint8_t *), m[i]->data_len);
		else if (msg_of(m[i])->kind == MSG_INSTALL)
			storm_install(w, m[i]);
		else if (msg_of(m[i])->kind == MSG_SEAL)
			storm_seal(w, m[i]);
		rte_pktmbuf_free(m[i]);
	}
}

/* Credential store */

static inline void storm_answer(struct storm_world *w, struct psk_question *q)
{
	char name[16];
	unsigned id = 0;

	if (q->identity_len > 3 && q->identity_len < sizeof(name)) {
		memcpy(name, q->identity, q->identity_len);
		name[q->identity_len] = '\0';
		id = (unsigned)strtoul(name + 3, NULL, 10);
	}
	q->outcome = id % 2 == 1 && id < w->setup.n_known ? PSK_FOUND : PSK_UNKNOWN;
	if (q->outcome == PSK_FOUND) {
		storm_key(id, name, q->key);
		q->key_len = 16;
	}
	psk_queue_answer(w->queue, q);
}

static inline void storm_store(struct storm_world *w)
{
	struct psk_question *q;
	unsigned n = 0;

	if (w->queue == NULL)
		return;
	while (w->n_asked < STORM_ASKED && (q = psk_queue_next(w->queue)) != NULL)
		w->asked[w->n_asked++] = q;
	for (unsigned i = 0; i < w->n_asked; i++)
		if (w->asked[i]->asked_ns + w->setup.answer_ns <= w->now)
			storm_answer(w, w->asked[i]);
		else
			w->asked[n++] = w->asked[i];
	w->n_asked = n;
}

/* storm_step: everything that is due now. */
static inline void storm_step(struct storm_world *w)
{
	for (unsigned i = 0; i < w->n_events;) {
		struct storm_event e;

		if (w->events[i].at_ns > w->now) {
			i++;
			continue;
		}
		e = w->events[i];
		w->events[i] = w->events[--w->n_events];
		storm_arrive(w, &e);
	}
	storm_store(w);
	if (w->now < w->next_turn)
		return;
	w->next_turn = w->now + w->setup.turn_ns;
	(void)handshake_core_turn(w->core, w->now);
	storm_from_core(w);
	storm_must(w, handshake_core_stats(w->core)->active <= w->setup.max_handshakes,
		   "more handshakes than may be");
}

/* Life */

static inline bool storm_credentials(struct storm_world *w)
{
	char path[] = "/tmp/sluice-storm-XXXXXX", name[16], err[256];
	int fd = mkstemp(path);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	uint8_t key[16];
	bool ok = out != NULL;

	for (unsigned id = 0; ok && id < w->setup.n_known; id++) {
		storm_key(id, name, key);
		if (id % 2 == 1 && w->setup.answer_ns > 0)
			continue;
		fprintf(out, "%s:", name);
		for (unsigned i = 0; i < sizeof(key); i++)
			fprintf(out, "%02x", key[i]);
		fputc('\n', out);
	}
	ok = ok && fclose(out) == 0 &&
	     credentials_init(&w->credentials, &(struct credentials_files){ .psk_file = path }, err,
			      sizeof(err));
	(void)unlink(path);
	return ok;
}

static inline bool storm_core(struct storm_world *w)
{
	const struct handshake_core_config cfg = {
		.core = STORM_CORE,
		.mesh = &w->mesh,
		.pool = w->pool,
		.store = w->store,
		.pending = w->pending,
		.credentials = &w->credentials,
		.psk_queue = w->queue,
		.resumption = &w->resumption,
		.policy = &w->policy,
		.aead = w->aead,
		.max_handshakes = w->setup.max_handshakes,
		.max_lingering = 3 * w->setup.max_handshakes,
		.rate_address = w->setup.rate_address,
		.rate_network = w->setup.rate_network,
		.timeout_ns = STORM_S,
		.mtu = 1400,
		.draining = &w->draining,
	};

	w->core = handshake_core_new(&cfg);
	return w->core != NULL;
}

/* storm_world_begin: setup, noise, policy, the hooks and what all worlds share (pool, mesh, aead,
 * gate, events) are set. false: no memory. */
static inline bool storm_world_begin(struct storm_world *w)
{
	static const uint8_t seed[32] = { 3 };
	static const struct resumption_config rc = { .lifetime_s = 86400, .cache_entries = 4096 };
	struct store_config sc = { .max_sessions = 4 * w->setup.n_known,
				   .replay_window = 64,
				   .hash_seed = seed };
	char err[256];

	w->now = 1000 * STORM_S;
	if (!storm_credentials(w) || !cookie_secrets_init(&w->secrets) ||
	    !resumption_init(&w->resumption, &rc, (uint64_t)time(NULL), err, sizeof(err)))
		return false;
	sc.identities = w->credentials.identities;
	w->store = store_new(&sc);
	if (w->store != NULL)
		w->sessions = calloc(w->store->n_slots, sizeof(*w->sessions));
	w->pending = table_new(4 * w->setup.max_handshakes, SOCKET_ID_ANY);
	w->queue = w->setup.answer_ns > 0 ? psk_queue_new(1, w->setup.max_handshakes) : NULL;
	return w->store != NULL && w->sessions != NULL && w->pending != NULL && storm_core(w);
}

/* storm_world_questions: every question is there to be asked again. Uses them up. */
static inline bool storm_world_questions(struct storm_world *w)
{
	static const uint8_t name[] = { 'x' };
	static const struct psk_asker nobody;
	uint32_t n = 0;

	while (w->queue != NULL && psk_queue_ask(w->queue, 0, &nobody, name, 1, w->now))
		n++;
	return w->queue == NULL || n == w->setup.max_handshakes;
}

/* What a world that broke left on its way. */
static inline void storm_sweep_up(const struct mesh *mesh)
{
	for (unsigned role = 0; role < MESH_ROLES; role++) {
		struct rte_mbuf *m[STORM_RING];
		unsigned next = 0, n;

		while ((n = mesh_receive(mesh, (enum mesh_role)role, 0, &next, m, STORM_RING)) > 0)
			rte_pktmbuf_free_bulk(m, n);
	}
}

/* storm_world_end: after the last handshake: nothing of it may be left. */
static inline void storm_world_end(struct storm_world *w)
{
	struct session_ref gone[64];
	uint32_t cursor = 0, slots[64];
	size_t n;

	handshake_core_free(w->core);
	storm_must(w, storm_world_questions(w), "a question was lost");
	psk_queue_free(w->queue);
	if (w->broken != NULL)
		storm_sweep_up(&w->mesh);
	storm_must(w, table_count(w->pending) == 0, "a pending flow is left");
	table_free(w->pending);
	/* Twice, as each visit makes a session older: max_sweeps 1. */
	for (unsigned i = 0; i < 2 * (w->store->n_slots / 64 + 1); i++) {
		n = store_sweep(w->store, 0, &cursor, 64, 1, gone);
		for (size_t k = 0; k < n; k++)
			(void)store_retire(w->store, gone[k]);
		store_recycle(w->store, slots, store_take_retired(w->store, slots, 64));
	}
	storm_must(w, identity_count(w->credentials.identities) == 0, "an identity is left");
	store_free(w->store);
	free(w->sessions);
	storm_must(w, rte_mempool_avail_count(w->pool) == STORM_MBUFS, "a buffer is lost");
	resumption_free(&w->resumption);
	credentials_free(&w->credentials);
}
