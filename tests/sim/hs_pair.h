/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client and a server in one thread, for unit tests, simulation and fuzzing: the server behind
 * the real gate, jobs done at once or later, memory counted, randomness from a seed. Everything an
 * integrator does around lib/handshake is done here in the smallest form.
 */
#pragma once

#include "connection.h"
#include "event_protect.h"
#include "gate.h"
#include "handshake.h"
#include "job.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAIR_QUEUE = 64, PAIR_DATA_MAX = 8, PAIR_NONCES = 256 };

#define PAIR_SECOND UINT64_C(1000000000)

static const uint8_t pair_key[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const char pair_identity[] = "dev1";

/* splitmix64 */
static inline uint64_t pair_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Memory of one side. */
struct pair_memory {
	size_t now, peak, n_blocks, n_allocs;
	size_t fail_at; /* this allocation fails; 0: none */
};

static inline void *pair_alloc(void *arg, size_t len)
{
	struct pair_memory *m = arg;
	size_t *block;

	if (++m->n_allocs == m->fail_at)
		return NULL;
	block = calloc(1, 16 + len);
	if (block == NULL)
		abort();
	*block = len;
	m->n_blocks++;
	m->now += len;
	m->peak = m->now > m->peak ? m->now : m->peak;
	return (uint8_t *)block + 16;
}

/* handshake_sizes: these come back as zeros. */
static inline bool pair_is_wiped(size_t len)
{
	return len == handshake_sizes[0] || len == handshake_sizes[1];
}

static inline void pair_release(void *arg, void *p)
{
	struct pair_memory *m = arg;
	size_t *block = (size_t *)(void *)((uint8_t *)p - 16);

	for (size_t i = 0; pair_is_wiped(*block) && i < *block; i++)
		if (((const uint8_t *)p)[i] != 0)
			abort();
	m->n_blocks--;
	m->now -= *block;
	free(block);
}

/* One record number under one key, as sent. */
struct pair_nonce {
	uint64_t seq;
	uint8_t epoch;
};

struct pair_side {
	struct handshake_config cfg;
	struct handshake *h; /* NULL: before, or after it ended */
	struct pair_memory memory;
	uint64_t seed;
	bool random_fails;
	enum status last_input;
	/* how it ended */
	bool installed, failed;
	enum status why;
	/* the session that follows */
	struct protect session;
	uint8_t own_cid[RECORD_CID_MAX], peer_cid[RECORD_CID_MAX]; /* those that it has */
	bool rrc;
	unsigned n_issued; /* connection IDs */
	struct handshake_remnant remnant;
	unsigned n_data; /* application records received */
	uint8_t data[PAIR_DATA_MAX];
	const struct identity *identity;
	struct credential credential;
	bool resumed, by_ticket;
	uint16_t tx_limit, rx_limit;
	uint16_t version;
	/* the nonces spent, as epoch << 48 | number: never twice */
	uint64_t nonces[PAIR_NONCES];
	unsigned n_nonces;
	/* 1.3: hears the plaintext of what this end protects; NULL: nobody does */
	void (*hear)(void *arg, const struct protect_content *content, const uint8_t *plaintext);
	void *hear_arg;
	bool nonce_repeated;
	unsigned n_installs;
};

struct pair_datagram {
	uint16_t len;
	bool to_server;
	uint8_t bytes[HANDSHAKE_DATAGRAM_MAX];
};

struct pair {
	struct pair_side client, server;
	struct hello_policy client_policy, server_policy;
	struct aead *aead;
	struct gate *gate;
	struct cookie_secrets secrets;
	struct flow flow;
	uint64_t now;
	bool slow_jobs; /* the server's jobs wait for pair_jobs */
	bool job_fails;
	unsigned n_identity_puts;
	/* what the ends sent and nobody took yet, in order */
	struct pair_datagram queue[PAIR_QUEUE];
	unsigned n_queue;
	unsigned n_jobs;
	unsigned psk_unknown;
	uint8_t psk[PSK_KEY_MAX];
	uint8_t psk_len;
	/* what the server keeps by id (one session), and says to its next ticket */
	struct session_state kept;
	uint8_t kept_id[HS_SESSION_ID_MAX];
	uint8_t kept_id_len;
	bool renew;          /* tickets are found to be worth replacing */
	bool keeps_none;     /* JOB_SESSION_KEEP gives nothing */
	bool longest_ticket; /* it gives the longest one that it may */
	unsigned n_finds, n_keeps;
	/* what the client keeps, and offers if offers is set */
	struct handshake_session session;
	uint8_t ticket[HANDSHAKE_TICKET_MAX];
	struct handshake_session base; /* 1.3: what tickets stand on; suite 0: of 1.2 */
	unsigned n_tickets;            /* 1.3: that came */
	bool has_session, offers;
	bool no_key; /* the client has certificates only */
	/* where there are certificates (pair_certs.h) */
	void (*verify_peer)(void *arg, struct handshake_job *job);
	bool (*still)(const struct session_state *s); /* NULL: what is no PSK is in force */
};

static inline bool pair_random_bytes(void *arg, void *out, size_t len)
{
	struct pair_side *side = arg;
	uint8_t *p = out;

	while (len-- > 0)
		*p++ = (uint8_t)pair_random(&side->seed);
	return !side->random_fails;
}

/* Connection IDs are random bytes. */
static inline bool pair_cid_issue(void *arg, uint8_t core, uint8_t *out)
{
	struct pair_side *side = arg;

	(void)core;
	side->n_issued++;
	for (size_t i = 0; i < side->cfg.policy->cid_len; i++)
		out[i] = (uint8_t)pair_random(&side->seed);
	return true;
}

static inline void pair_find(void *arg, struct handshake_job *job)
{
	struct pair *pair = arg;

	if (job->identity_len != sizeof(pair_identity) - 1 ||
	    memcmp(job->identity, pair_identity, job->identity_len) != 0) {
		pair->psk_unknown++;
		return;
	}
	memcpy(job->psk, pair->psk, pair->psk_len);
	job->psk_len = pair->psk_len;
}

/* A ticket of this server is a session's state as it is: sealing is for test_ticket. */
static inline void pair_session_keep(void *arg, struct handshake_job *job)
{
	struct pair *pair = arg;
	struct wr w = wr_of(job->sealed, sizeof(job->sealed));

	pair->n_keeps++;
	if (pair->keeps_none)
		return;
	if (job->session_id_len > 0) {
		pair->kept = job->session;
		pair->kept_id_len = job->session_id_len;
		memcpy(pair->kept_id, job->session_id, job->session_id_len);
		return;
	}
	session_state_write(&w, &job->session);
	job->sealed_len = pair->longest_ticket ? HANDSHAKE_SEALED_MAX : (uint16_t)wr_len(&w);
	job->lifetime_s = 3600;
}

/* What made the session is in force. */
static inline bool pair_still(const struct pair *pair, const struct session_state *s)
{
	if (s->credential.kind == CREDENTIAL_PSK)
		return session_state_binding(s, pair->psk, pair->psk_len) == s->binding;
	return pair->still == NULL || pair->still(s);
}

static inline void pair_session_find(void *arg, struct handshake_job *job)
{
	struct pair *pair = arg;

	pair->n_finds++;
	if (job->ticket_len > 0) {
		job->found =
			session_state_parse(rd_of(job->ticket, job->ticket_len), &job->session);
	} else {
		job->found = job->session_id_len == pair->kept_id_len &&
			     memcmp(job->session_id, pair->kept_id, pair->kept_id_len) == 0;
		job->session = pair->kept;
	}
	job->found = job->found && pair_still(pair, &job->session);
	job->renew = pair->renew;
}

static inline struct job_lookup pair_lookup(struct pair *p)
{
	return (struct job_lookup){ .find = pair_find,
				    .session_find = pair_session_find,
				    .session_keep = pair_session_keep,
				    .verify_peer = p->verify_peer,
				    .arg = p };
}

static inline void pair_config(struct pair_side *side, const struct hello_policy *policy,
			       struct aead *aead)
{
	side->cfg = (struct handshake_config){
		.policy = policy,
		.aead = aead,
		.timeout_ns = PAIR_SECOND,
		.timeout_max_ns = 60 * PAIR_SECOND,
		.give_up_ns = 120 * PAIR_SECOND,
		.mtu = 1200,
		.random = pair_random_bytes,
		.random_arg = side,
		.cid_issue = pair_cid_issue,
		.cid_arg = side,
		.alloc = pair_alloc,
		.release = pair_release,
		.alloc_arg = &side->memory,
	};
}

static inline void pair_policy(struct hello_policy *p)
{
	*p = (struct hello_policy){ .groups = { ECDHE_X25519, ECDHE_SECP256R1 }, .n_groups = 2 };
	/* Plain PSK first: so are most tests. */
	for (size_t i = 0; i < SUITE_12_N; i++)
		if (suite_at(i)->kx == KX_PSK)
			p->suites[p->n_suites++] = suite_at(i);
	for (size_t i = 0; i < SUITE_12_N; i++)
		if (suite_at(i)->kx != KX_PSK)
			p->suites[p->n_suites++] = suite_at(i);
}

/* pair_suite: the i-th suite with this key exchange, from the first again behind the last. */
static inline const struct suite *pair_suite(enum suite_kx kx, size_t i)
{
	const struct suite *found[SUITE_12_N];
	size_t n = 0;

	for (size_t k = 0; k < SUITE_12_N; k++)
		if (suite_at(k)->kx == kx)
			found[n++] = suite_at(k);
	return found[i % n];
}

/* pair_use13: the ends speak DTLS 1.3 by the i-th of its suites, and with both kinds of PSK. */
static inline void pair_use13(struct pair *p, size_t i)
{
	struct hello_policy *policies[] = { &p->client_policy, &p->server_policy };

	for (size_t k = 0; k < 2; k++) {
		policies[k]->suites[0] = suite_at(SUITE_12_N + i % SUITE_13_N);
		policies[k]->n_suites = 1;
		policies[k]->min_version = policies[k]->max_version = DTLS_1_3;
		policies[k]->psk_ke = true;
	}
}

/* pair_use_cids: both ends have connection IDs, with so many bytes of their own, and can do RRC. */
static inline void pair_use_cids(struct pair *p, uint8_t client_len, uint8_t server_len)
{
	p->client_policy.cid = p->client_policy.rrc = true;
	p->client_policy.cid_len = client_len;
	p->server_policy.cid = p->server_policy.rrc = true;
	p->server_policy.cid_len = server_len;
}

/* pair_begin: both ends ready, the client not started. aead and gate are the caller's. */
static inline void pair_begin(struct pair *p, uint64_t seed, struct aead *aead, struct gate *gate)
{
	uint8_t key[32] = { 42 };

	memset(p, 0, sizeof(*p));
	p->aead = aead;
	p->gate = gate;
	p->flow = (struct flow){ .local_port = 5684, .remote_port = 40000 };
	p->now = 1000 * PAIR_SECOND;
	memcpy(p->psk, pair_key, sizeof(pair_key));
	p->psk_len = sizeof(pair_key);
	hmac_key_init(&p->secrets.keys[0], key);
	key[1] = 1;
	hmac_key_init(&p->secrets.keys[1], key);
	pair_policy(&p->client_policy);
	pair_policy(&p->server_policy);
	pair_config(&p->client, &p->client_policy, aead);
	pair_config(&p->server, &p->server_policy, aead);
	p->client.seed = seed;
	p->server.seed = ~seed;
}

static inline void pair_send(struct pair *p, bool to_server, const uint8_t *bytes, size_t len)
{
	struct pair_datagram *d = &p->queue[p->n_queue];

	if (p->n_queue == PAIR_QUEUE)
		abort();
	p->n_queue++;
	d->len = (uint16_t)len;
	d->to_server = to_server;
	memcpy(d->bytes, bytes, len);
}

/* pair_take: the oldest datagram on its way; false: none. */
static inline bool pair_take(struct pair *p, struct pair_datagram *out)
{
	if (p->n_queue == 0)
		return false;
	*out = p->queue[0];
	p->n_queue--;
	memmove(p->queue, p->queue + 1, p->n_queue * sizeof(p->queue[0]));
	return true;
}

/* What a protected record of 1.3 holds, read by the keys of whoever wrote it just now. */
static inline bool pair_read13(const struct protect *writer, const struct record13 *rec,
			       uint8_t out[PROTECT_RECORD_MAX], struct protect_content *content)
{
	struct protect p = *writer;
	struct protect_epoch *e = &p.epochs[rec->epoch_bits];

	p.client = !p.client;
	p.rx_cid = p.tx_cid;
	e->rx_newest = e->tx_seq;
	e->rx_window = 0;
	return protect_open13(&p, rec, out, content) == STATUS_OK;
}

static inline void pair_note_one(struct pair_side *side, uint64_t nonce)
{
	for (unsigned i = 0; i < side->n_nonces; i++)
		side->nonce_repeated |= side->nonces[i] == nonce;
	if (side->n_nonces < PAIR_NONCES)
		side->nonces[side->n_nonces++] = nonce;
}

/* Notes the numbers of protected records that leave. */
static inline void pair_note(struct pair_side *side, const uint8_t *bytes, size_t len)
{
	const struct protect *p = side->h != NULL ? &side->h->protect : &side->session;
	struct rd datagram = rd_of(bytes, len);
	uint8_t plaintext[PROTECT_RECORD_MAX];
	struct protect_content c;
	struct record13 rec13;
	struct record rec;

	while (rd_len(&datagram) > 0) {
		if (record13_is(*datagram.p)) {
			if (record13_next(&datagram, rd_len(&p->tx_cid), &rec13) != STATUS_OK ||
			    !pair_read13(p, &rec13, plaintext, &c))
				abort();
			pair_note_one(side, (uint64_t)c.epoch << 48 | c.seq);
			if (side->hear != NULL)
				side->hear(side->hear_arg, &c, plaintext);
		} else if (record_next_cid(&datagram, rd_len(&p->tx_cid), &rec) == STATUS_OK &&
			   rec.epoch != 0) {
			pair_note_one(side, (uint64_t)rec.epoch << 48 | rec.seq);
		}
	}
}

static inline void pair_session_input(struct pair *p, struct pair_side *side, const uint8_t *bytes,
				      size_t len);

static inline void pair_end(struct pair_side *side)
{
	handshake_free(side->h);
	side->h = NULL;
}

static inline void pair_session_take(struct pair *p)
{
	if (!handshake_resumption(p->client.h, &p->base))
		p->base.suite = 0;
	p->has_session = handshake_session(p->client.h, &p->session);
	if (p->session.ticket_len == 0)
		return;
	memcpy(p->ticket, p->session.ticket, p->session.ticket_len);
	p->session.ticket = p->ticket;
}

/* The session outlives the handshake whose connection IDs it borrows. */
static inline void pair_cids_keep(struct pair_side *side)
{
	struct protect *p = &side->session;
	struct wr own = wr_of(side->own_cid, sizeof(side->own_cid));
	struct wr peer = wr_of(side->peer_cid, sizeof(side->peer_cid));

	wr_bytes(&own, p->rx_cid.p, rd_len(&p->rx_cid));
	wr_bytes(&peer, p->tx_cid.p, rd_len(&p->tx_cid));
	p->rx_cid = rd_of(side->own_cid, wr_len(&own));
	p->tx_cid = rd_of(side->peer_cid, wr_len(&peer));
}

static inline void pair_install(struct pair *p, struct pair_side *side,
				const struct handshake_event *e)
{
	struct pair_datagram held[HANDSHAKE_HELD_MAX];

	side->installed = true;
	side->n_installs++;
	side->version = e->version;
	side->identity = e->identity;
	side->credential = *e->credential;
	side->resumed = e->resumed;
	side->by_ticket = e->by_ticket;
	side->tx_limit = e->tx_limit;
	side->rx_limit = e->rx_limit;
	if (side == &p->client)
		pair_session_take(p);
	side->session = event_protect(p->aead, side == &p->client, e);
	pair_cids_keep(side);
	side->rrc = e->rrc;
	for (size_t i = 0; i < e->n_held; i++) {
		held[i].len = e->held[i].len;
		memcpy(held[i].bytes, e->held[i].bytes, e->held[i].len);
	}
	handshake_remnant(side->h, &side->remnant);
	pair_end(side);
	for (size_t i = 0; i < e->n_held; i++)
		pair_session_input(p, side, held[i].bytes, held[i].len);
}

/* pair_jobs: does what waits. */
static inline void pair_jobs(struct pair *p, struct pair_side *side)
{
	const struct job_lookup lookup = pair_lookup(p);
	struct handshake_job *job;

	while (side->h != NULL && (job = handshake_job(side->h)) != NULL) {
		p->n_jobs++;
		job_run(job, &lookup);
		job->failed |= p->job_fails;
		handshake_job_done(side->h, p->now);
	}
}

/* pair_drain: jobs, output, events. */
static inline void pair_drain(struct pair *p, struct pair_side *side)
{
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	struct handshake_event e;
	size_t len;

	if (side->h == NULL)
		return;
	if (!(p->slow_jobs && side == &p->server))
		pair_jobs(p, side);
	while (handshake_output(side->h, out, &len)) {
		pair_note(side, out, len);
		pair_send(p, side == &p->client, out, len);
	}
	handshake_event(side->h, &e);
	if (e.kind == HANDSHAKE_INSTALL) {
		pair_install(p, side, &e);
	} else if (e.kind == HANDSHAKE_FAILED) {
		side->failed = true;
		side->why = e.status;
		pair_end(side);
	}
}

/* pair_epoch: of a session's records. */
static inline uint8_t pair_epoch(const struct pair_side *side)
{
	return side->version == DTLS_1_3 ? RECORD13_EPOCH_DATA : 1;
}

/* pair_seal: one application or handshake record of a session. */
static inline size_t pair_seal(struct pair_side *side, uint8_t type, const uint8_t *bytes,
			       size_t len, uint8_t out[HANDSHAKE_DATAGRAM_MAX])
{
	struct wr w = wr_of(out, HANDSHAKE_DATAGRAM_MAX);
	size_t n = 0;

	if (!protect_write(&side->session, &w, pair_epoch(side), type, DTLS_1_2, bytes, len) ||
	    !wr_finish(&w, &n))
		abort();
	return n;
}

/* The owner's part of answering a repeated Finished. */
static inline void pair_repeat(struct pair *p, struct pair_side *side)
{
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	const struct handshake_remnant *r = &side->remnant;
	size_t len;

	memcpy(out, r->bytes, r->prefix_len);
	len = r->prefix_len;
	struct wr w = wr_of(out + len, sizeof(out) - len);

	if (!protect_write(&side->session, &w, 1, RECORD_HANDSHAKE, DTLS_1_2,
			   r->bytes + r->prefix_len, r->message_len))
		abort();
	len += wr_len(&w);
	pair_note(side, out, len);
	pair_send(p, side == &p->client, out, len);
}

static inline void pair_session_record(struct pair *p, struct pair_side *side,
				       const struct record *rec)
{
	uint8_t plaintext[PROTECT_RECORD_MAX];
	struct protect_content c;

	if (rec->epoch != 1 || protect_open(&side->session, rec, plaintext, &c) != STATUS_OK)
		return;
	protect_mark(&side->session, &c);
	if (c.type == RECORD_APPDATA && side->n_data < PAIR_DATA_MAX)
		side->data[side->n_data++] = c.len > 0 ? plaintext[0] : 0;
	if (c.type == RECORD_HANDSHAKE &&
	    handshake_remnant_input(&side->remnant, p->now, plaintext, c.len) == REMNANT_REPEAT)
		pair_repeat(p, side);
}

/* A record of epoch 2 at a live session: the ACK of the peer's Finished was lost. */
static inline void pair_repeat13(struct pair *p, struct pair_side *side, struct rd record)
{
	uint8_t ack[HANDSHAKE_ACK_MAX], out[HANDSHAKE_DATAGRAM_MAX];
	size_t len = handshake_remnant_datagram(&side->remnant, p->aead, p->now, record.p,
						rd_len(&record), ack);

	if (len == 0)
		return;
	len = pair_seal(side, RECORD_ACK, ack, len, out);
	pair_note(side, out, len);
	pair_send(p, side == &p->client, out, len);
}

/* A handshake record on a client's session: it keeps the ticket, if it is one, and says so. */
static inline void pair_ticket13(struct pair *p, const struct protect_content *c,
				 const uint8_t *plaintext)
{
	const struct hs_ack number = { c->epoch, c->seq };
	uint8_t ack[2 + 16], out[HANDSHAKE_DATAGRAM_MAX];
	struct wr w = wr_of(ack, sizeof(ack));
	struct handshake_session s;
	size_t len;

	if (!handshake_ticket(&p->base, p->now, plaintext, c->len, &s))
		return;
	p->session = s;
	p->n_tickets++;
	p->has_session = true;
	memcpy(p->ticket, p->session.ticket, p->session.ticket_len);
	p->session.ticket = p->ticket;
	ack_write(&w, &number, 1);
	len = pair_seal(&p->client, RECORD_ACK, ack, wr_len(&w), out);
	pair_note(&p->client, out, len);
	pair_send(p, true, out, len);
}

static inline void pair_session_record13(struct pair *p, struct pair_side *side,
					 const struct record13 *rec, struct rd whole)
{
	uint8_t plaintext[PROTECT_RECORD_MAX];
	struct protect_content c;

	if (rec->epoch_bits == RECORD13_EPOCH_HANDSHAKE)
		pair_repeat13(p, side, whole);
	if (protect_open13(&side->session, rec, plaintext, &c) != STATUS_OK)
		return;
	protect_mark(&side->session, &c);
	if (c.type == RECORD_APPDATA && side->n_data < PAIR_DATA_MAX)
		side->data[side->n_data++] = c.len > 0 ? plaintext[0] : 0;
	if (c.type == RECORD_HANDSHAKE && side == &p->client)
		pair_ticket13(p, &c, plaintext);
}

static inline void pair_session_input(struct pair *p, struct pair_side *side, const uint8_t *bytes,
				      size_t len)
{
	const size_t cid_len = rd_len(&side->session.rx_cid);
	struct rd datagram = rd_of(bytes, len);
	struct record13 rec13;
	struct record rec;

	while (rd_len(&datagram) > 0) {
		struct rd whole = datagram;

		if (side->version == DTLS_1_3 && record13_is(*datagram.p)) {
			if (record13_next(&datagram, cid_len, &rec13) != STATUS_OK)
				continue;
			whole.end = datagram.p;
			pair_session_record13(p, side, &rec13, whole);
		} else if (record_next_cid(&datagram, cid_len, &rec) == STATUS_OK) {
			pair_session_record(p, side, &rec);
		}
	}
}

/* What the server's poll core does with a datagram of no session. */
static inline void pair_gate(struct pair *p, const uint8_t *bytes, size_t len)
{
	struct gate_item item = { .flow = &p->flow, .datagram = rd_of(bytes, len) };

	gate_burst(p->gate, &p->secrets, p->now, &item, 1);
	p->server.last_input = item.status;
	if (item.reply_len > 0)
		pair_send(p, false, item.reply, item.reply_len);
	if (item.status != STATUS_OK)
		return;
	p->server.h = handshake_new(&p->server.cfg, HANDSHAKE_SERVER, p->now);
	if (p->server.h == NULL)
		return;
	/* The hello, made whole where it came in parts. */
	p->server.last_input =
		handshake_input(p->server.h, p->now, item.datagram.p, rd_len(&item.datagram));
	pair_drain(p, &p->server);
}

/* pair_deliver: a datagram arrives at one end. The server's handshake begins behind the gate. */
static inline void pair_deliver(struct pair *p, bool to_server, const uint8_t *bytes, size_t len)
{
	struct pair_side *side = to_server ? &p->server : &p->client;

	if (side->installed) {
		pair_session_input(p, side, bytes, len);
	} else if (side->h != NULL) {
		side->last_input = handshake_input(side->h, p->now, bytes, len);
		pair_drain(p, side);
	} else if (to_server && !side->failed) {
		pair_gate(p, bytes, len);
	}
}

/* pair_start: the client's first hello is in the queue. */
static inline bool pair_start(struct pair *p)
{
	p->client.h = handshake_new(&p->client.cfg, HANDSHAKE_CLIENT, p->now);
	if (p->client.h == NULL)
		return false;
	if (!p->no_key &&
	    !handshake_client_credential(p->client.h, (const uint8_t *)pair_identity,
					 sizeof(pair_identity) - 1, pair_key, sizeof(pair_key)))
		return false;
	if (p->offers && !handshake_client_resume(p->client.h, &p->session))
		return false;
	handshake_timeout(p->client.h, p->now);
	pair_drain(p, &p->client);
	return true;
}

static inline void pair_side_again(struct pair_side *side)
{
	pair_end(side);
	side->installed = side->failed = side->nonce_repeated = false;
	side->n_nonces = side->n_data = side->n_installs = side->n_issued = 0;
	side->remnant = (struct handshake_remnant){ 0 };
}

/* pair_again: after a handshake, the same two anew; the client offers the session that it keeps. */
static inline void pair_again(struct pair *p)
{
	pair_side_again(&p->client);
	pair_side_again(&p->server);
	p->n_queue = 0;
	p->offers = p->has_session;
}

/* pair_flush: delivers everything that is on its way, in order, until nothing is. */
static inline void pair_flush(struct pair *p)
{
	struct pair_datagram d;

	while (pair_take(p, &d))
		pair_deliver(p, d.to_server, d.bytes, d.len);
}

/* pair_timers: the ends' timers at the present time. */
static inline void pair_timers(struct pair *p)
{
	struct pair_side *sides[] = { &p->client, &p->server };

	for (size_t i = 0; i < 2; i++) {
		if (sides[i]->h == NULL || handshake_deadline(sides[i]->h) > p->now)
			continue;
		handshake_timeout(sides[i]->h, p->now);
		pair_drain(p, sides[i]);
	}
}

static inline uint64_t pair_deadline(const struct pair *p)
{
	uint64_t c = p->client.h != NULL ? handshake_deadline(p->client.h) : UINT64_MAX;
	uint64_t s = p->server.h != NULL ? handshake_deadline(p->server.h) : UINT64_MAX;

	return c < s ? c : s;
}

/* pair_finish: releases whatever is left. */
static inline void pair_finish(struct pair *p)
{
	pair_end(&p->client);
	pair_end(&p->server);
}
