/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS libraries as servers, record by record, in memory.
 *
 *   peer_open              a record of 64 bytes arrives, the application reads its payload
 *   peer_request_response  that, and the application writes one of 12 (or 64) bytes
 *
 * As for our own path, records come from sessions in random order, no two in a row from one
 * session, and lie in memory in the order of their arrival. A record can be read once only, since
 * the replay check is on: records for all repetitions are made beforehand, by clients of the same
 * library, which are gone before the first is read. Handshakes and records cost seconds, so the
 * sessions stay from one run to the next.
 */
#include "peer.h"
#include "peer_benches.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LEN = 64, REPLY_MAX = 64, WARM_UP = 1000, RUN_RECORDS = WARM_UP + PASS_RECORDS };
enum { RECORD_ROOM = 104, HANDSHAKE_STEPS = 100, N_PEERS_MAX = 4, N_FLEETS = 3, N_MODES = 3 };

static const uint32_t fleets[N_FLEETS] = { 1, 1000, 20000 };
static const int replies[N_MODES] = { 0, 12, 64 }; /* 0: none */
static const char *const suite_names[] = { "AES-128-GCM", "AES-128-CCM-8" };

const struct peer *const peers[] = {
#ifdef HAVE_OPENSSL
	&peer_openssl,
#endif
#ifdef HAVE_GNUTLS
	&peer_gnutls,
#endif
#ifdef HAVE_MBEDTLS
	&peer_mbedtls,
#endif
#ifdef HAVE_WOLFSSL
	&peer_wolfssl,
#endif
	NULL
};

struct world {
	const struct peer *peer;
	void *shared;
	struct wire wires[2];
	uint32_t n_sessions;
	void **sessions;      /* the servers' sides */
	uint32_t *order;      /* of arrival: record i is of session order[i % n_sessions] */
	size_t n_records, at; /* at: the next one to be read */
	size_t record_len;
	uint8_t *records; /* n_records of RECORD_ROOM bytes */
	double session_bytes;
};

static struct world *worlds[N_PEERS_MAX][PEER_N_SUITES][N_FLEETS];
static unsigned n_repetitions = 1;

static void world_free(struct world *w)
{
	if (w == NULL)
		return;
	for (uint32_t s = 0; w->sessions != NULL && s < w->n_sessions; s++)
		if (w->sessions[s] != NULL)
			w->peer->session_free(w->sessions[s]);
	if (w->shared != NULL)
		w->peer->stop(w->shared);
	if (w->records != NULL)
		(void)munmap(w->records, w->n_records * RECORD_ROOM);
	free(w->sessions);
	free(w->order);
	free(w);
}

static void shuffle(uint32_t *order, uint32_t n)
{
	uint64_t x = 88172645463325252;

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = n; i-- > 1;) {
		uint32_t j, swap = order[i];

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		j = (uint32_t)(x % (i + 1));
		order[i] = order[j];
		order[j] = swap;
	}
}

static bool shake_hands(const struct peer *peer, void *client, void *server)
{
	enum peer_step c = PEER_AGAIN, s = PEER_AGAIN;

	for (int i = 0; i < HANDSHAKE_STEPS && (c == PEER_AGAIN || s == PEER_AGAIN); i++) {
		if (c == PEER_AGAIN)
			c = peer->handshake(client);
		if (s == PEER_AGAIN)
			s = peer->handshake(server);
	}
	return c == PEER_DONE && s == PEER_DONE;
}

/* One record each way, after which nothing more is allocated or freed. */
static bool greet(const struct peer *peer, void *client, void *server)
{
	uint8_t out[LEN], in[LEN] = { 0 };

	return peer->write(client, in, sizeof(in)) && peer->read(server, out, sizeof(out)) == LEN &&
	       peer->write(server, in, sizeof(in)) && peer->read(client, out, sizeof(out)) == LEN;
}

/* All records of the session that is the first-th of the order. */
static bool make_records(struct world *w, void *client, size_t first)
{
	uint8_t payload[LEN];

	memset(payload, 0x51, sizeof(payload));
	for (size_t i = first; i < w->n_records; i += w->n_sessions) {
		size_t len;

		if (!w->peer->write(client, payload, sizeof(payload)))
			return false;
		len = wire_recv(&w->wires[1], w->records + i * RECORD_ROOM, RECORD_ROOM);
		if (w->record_len == 0)
			w->record_len = len;
		if (len == 0 || len != w->record_len || wire_waits(&w->wires[1]))
			return false;
	}
	return true;
}

static bool make_session(struct world *w, size_t at)
{
	void **server = &w->sessions[w->order[at]];
	void *client = w->peer->session_new(w->shared, false);
	bool ok;

	*server = w->peer->session_new(w->shared, true);
	ok = client != NULL && *server != NULL && shake_hands(w->peer, client, *server) &&
	     greet(w->peer, client, *server) && make_records(w, client, at);
	/* Freeing may send a last alert, which nobody shall see. */
	w->wires[0].other = NULL;
	if (client != NULL)
		w->peer->session_free(client);
	w->wires[0].other = &w->wires[1];
	return ok;
}

static bool make_sessions(struct world *w)
{
	struct mallinfo2 before = mallinfo2(), after;
	uint32_t *place = calloc(w->n_sessions, sizeof(*place)); /* of a session in the order */
	bool ok = place != NULL;

	for (uint32_t i = 0; ok && i < w->n_sessions; i++)
		place[w->order[i]] = i;
	for (uint32_t s = 0; ok && s < w->n_sessions; s++)
		ok = make_session(w, place[s]);
	free(place);
	after = mallinfo2();
	w->session_bytes =
		(double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
		w->n_sessions;
	return ok;
}

/* Not from the heap, which is measured. */
static uint8_t *records_new(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, len, MADV_HUGEPAGE);
	return p;
}

static struct world *world_new(const struct peer *peer, enum peer_suite suite, uint32_t n_sessions)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->peer = peer;
	w->n_sessions = n_sessions;
	w->n_records = (size_t)RUN_RECORDS * N_MODES * n_repetitions;
	w->wires[0].other = &w->wires[1];
	w->wires[1].other = &w->wires[0];
	w->sessions = calloc(n_sessions, sizeof(*w->sessions));
	w->order = calloc(n_sessions, sizeof(*w->order));
	w->records = records_new(w->n_records * RECORD_ROOM);
	w->shared = peer->start(&(struct peer_want){ .suite = suite }, w->wires);
	if (w->sessions == NULL || w->order == NULL || w->records == NULL || w->shared == NULL) {
		world_free(w);
		return NULL;
	}
	shuffle(w->order, n_sessions);
	if (!make_sessions(w)) {
		world_free(w);
		return NULL;
	}
	w->wires[1].other = NULL;
	return w;
}

/* The sessions of a run, with enough records left. */
static struct world *world_of(const struct bench *b)
{
	int64_t peer = bench_arg(b, 0), suite = bench_arg(b, 1), fleet = bench_arg(b, 2);
	struct world **w = &worlds[peer][suite][fleet];

	if (*w != NULL && (*w)->n_records - (*w)->at < RUN_RECORDS) {
		world_free(*w);
		*w = NULL;
	}
	if (*w == NULL)
		*w = world_new(peers[peer], (enum peer_suite)suite, fleets[fleet]);
	return *w;
}

/* Serves n records; how many of them were served as they should. */
static size_t serve(struct world *w, size_t n, size_t reply_len)
{
	static const uint8_t reply[REPLY_MAX];
	uint8_t payload[LEN + REPLY_MAX];
	uint32_t session = (uint32_t)(w->at % w->n_sessions);
	size_t served = 0;

	for (; n-- > 0; w->at++) {
		void *s = w->sessions[w->order[session]];
		bool ok;

		wire_put(&w->wires[1], w->records + w->at * RECORD_ROOM, w->record_len);
		ok = w->peer->read(s, payload, sizeof(payload)) == LEN;
		if (reply_len != 0)
			ok = w->peer->write(s, reply, reply_len) && ok;
		served += ok;
		if (++session == w->n_sessions)
			session = 0;
	}
	return served;
}

static void run(struct bench *b)
{
	size_t reply_len = (size_t)bench_arg(b, 3), served, sent;
	struct world *w = world_of(b);

	if (w == NULL) {
		bench_fail(b, "no sessions");
		return;
	}
	served = serve(w, WARM_UP, reply_len) - WARM_UP;
	sent = w->wires[1].sent;
	while (bench_next(b))
		served +=
			w->n_records - w->at < PASS_RECORDS ? 0 : serve(w, PASS_RECORDS, reply_len);
	if (served != PASS_RECORDS || w->wires[1].sent - sent != (reply_len != 0 ? served : 0))
		bench_fail(b, "not every record was served; a run must be one turn");
	bench_items(b, PASS_RECORDS);
	if (w->n_sessions > 1)
		bench_value(b, "bytes_per_session", w->session_bytes);
}

static void add(int64_t peer, int64_t suite, int64_t fleet, int64_t reply)
{
	const int64_t args[] = { peer, suite, fleet, reply };
	char name[128], reply_part[32] = "";

	if (reply != 0)
		(void)snprintf(reply_part, sizeof(reply_part), "/reply:%d", (int)reply);
	(void)snprintf(name, sizeof(name), "peer_%s/%s/%s/len:%d%s/sessions:%u",
		       reply != 0 ? "request_response" : "open", peers[peer]->name,
		       suite_names[suite], LEN, reply_part, fleets[fleet]);
	bench_add(name, run, args, 4);
}

static void add_all(int64_t peer, int64_t suite)
{
	for (int64_t fleet = 0; fleet < N_FLEETS; fleet++)
		for (int mode = 0; mode < N_MODES; mode++)
			add(peer, suite, fleet, replies[mode]);
}

void bench_peer_add(unsigned repetitions)
{
	n_repetitions = repetitions;
	for (int64_t peer = 0; peers[peer] != NULL; peer++) {
		char key[32], version[256];

		(void)snprintf(key, sizeof(key), "peer_%s", peers[peer]->name);
		peers[peer]->version(version, sizeof(version));
		bench_context(key, version);
		for (int64_t suite = 0; suite < PEER_N_SUITES; suite++)
			add_all(peer, suite);
	}
}

void bench_peer_free(void)
{
	for (int i = 0; i < N_PEERS_MAX * PEER_N_SUITES * N_FLEETS; i++)
		world_free((&worlds[0][0][0])[i]);
}
