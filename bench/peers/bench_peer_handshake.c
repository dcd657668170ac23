/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handshakes of DTLS libraries, the server's side: its session made, every call of it, its session
 * freed; the client, of the same library, takes turns with it and is not timed. A cookie is
 * exchanged in every one. Certificates: $SLUICE_PKI (scripts/make-pki.sh; build/pki if unset).
 */
#include "peer.h"
#include "peer_benches.h"
#include "stopwatch.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Abbreviated handshakes save a round trip. */
enum { TRIPS_FULL = 3, TRIPS_RESUMED = 2 };
enum { STEPS = 20, WARM_UP = 4, LAPS_MIN = 16 };

/* What a run takes of the server's time, at least. */
#define RUN_CYCLES UINT64_C(50000000)

static const struct mode {
	const char *name;
	struct peer_want want;
} modes[] = {
	{ "psk/AES-128-GCM", { .suite = PEER_GCM } },
	{ "psk/AES-128-CCM-8", { .suite = PEER_CCM_8 } },
	{ "resumed-id/AES-128-GCM", { .suite = PEER_GCM, .resumption = PEER_BY_ID } },
	{ "resumed-ticket/AES-128-GCM", { .suite = PEER_GCM, .resumption = PEER_BY_TICKET } },
	{ "ecdhe-ecdsa/AES-128-GCM", { .suite = PEER_GCM, .proof = PEER_CERTIFICATE } },
	{ "ecdhe-ecdsa-mutual/AES-128-GCM", { .suite = PEER_GCM, .proof = PEER_MUTUAL } },
};
enum { N_MODES = sizeof(modes) / sizeof(modes[0]) };

struct table {
	const struct peer *peer;
	struct peer_want want;
	void *shared;
	struct wire wires[2];
	struct stopwatch watch;
	uint64_t cycles;
	bool weighs; /* in this handshake */
	size_t heap; /* what the server's calls left allocated */
	size_t during, after;
	unsigned trips;
	char why[96]; /* the first one that was not as it should be; empty: none */
};

static size_t heap(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* The server's turn. */
static enum peer_step serve(struct table *t, void **server)
{
	size_t before = t->weighs ? heap() : 0;
	enum peer_step step;

	stopwatch_start(&t->watch);
	if (*server == NULL)
		*server = t->peer->session_new(t->shared, true);
	step = *server != NULL ? t->peer->handshake(*server) : PEER_FAILED;
	stopwatch_stop(&t->watch, 0);
	if (!t->weighs)
		return step;
	t->heap += heap() - before;
	*(step == PEER_AGAIN ? &t->during : &t->after) = t->heap;
	return step;
}

static const char *step_name(enum peer_step step)
{
	switch (step) {
	case PEER_AGAIN:
		return "waits";
	case PEER_DONE:
		return "is done";
	case PEER_FAILED:
		break;
	}
	return "failed";
}

static bool shake(struct table *t, void *client, void **server)
{
	enum peer_step c = PEER_AGAIN, s = PEER_AGAIN;

	t->heap = 0;
	t->trips = 0;
	for (int i = 0; i < STEPS && c == PEER_AGAIN; i++) {
		c = t->peer->handshake(client);
		t->trips += c == PEER_AGAIN;
		if (s == PEER_AGAIN)
			s = serve(t, server);
	}
	if (c == PEER_DONE && s == PEER_DONE)
		return true;
	(void)snprintf(t->why, sizeof(t->why),
		       "a handshake %s after %u round trips: client %s, server %s",
		       c == PEER_FAILED || s == PEER_FAILED ? "failed" : "came to no end", t->trips,
		       step_name(c), step_name(s));
	return false;
}

/* One handshake, a lap. */
static bool once(struct table *t, bool resume)
{
	void *client = t->peer->session_new(t->shared, false), *server = NULL;
	bool ok = client != NULL && shake(t, client, &server);

	if (client == NULL)
		(void)snprintf(t->why, sizeof(t->why), "no session could be made");

	if (ok && t->want.resumption != PEER_FULL && !t->peer->keep(client)) {
		(void)snprintf(t->why, sizeof(t->why), "there is no session to resume");
		ok = false;
	}
	if (ok && t->trips != (resume ? TRIPS_RESUMED : TRIPS_FULL)) {
		(void)snprintf(t->why, sizeof(t->why), "a handshake took %u round trips, %s",
			       t->trips,
			       resume ? "and was to be resumed" : "and was to be a full one");
		ok = false;
	}
	if (client != NULL)
		t->peer->session_free(client);
	stopwatch_start(&t->watch);
	if (server != NULL)
		t->peer->session_free(server);
	stopwatch_stop(&t->watch, 0);
	t->wires[0].head = t->wires[0].tail = t->wires[1].head = t->wires[1].tail = 0;
	t->cycles += t->watch.now.total;
	return stopwatch_lap(&t->watch) && ok;
}

static bool set_up(struct table *t, const struct bench *b)
{
	const char *pki = getenv("SLUICE_PKI");

	t->peer = peers[bench_arg(b, 0)];
	t->want = modes[bench_arg(b, 1)].want;
	t->want.cookies = true;
	t->want.pki = pki != NULL ? pki : "build/pki";
	if (t->want.proof != PEER_PSK && access(t->want.pki, R_OK) != 0)
		return false;
	if (t->want.resumption != PEER_FULL && t->peer->keep == NULL)
		return false;
	t->wires[0].other = &t->wires[1];
	t->wires[1].other = &t->wires[0];
	t->shared = t->peer->start(&t->want, t->wires);
	return t->shared != NULL;
}

static bool warm_up(struct table *t)
{
	bool ok = true;

	for (int i = 0; i < WARM_UP && ok; i++) {
		t->weighs = i == WARM_UP - 1;
		ok = once(t, i > 0 && t->want.resumption != PEER_FULL);
	}
	t->weighs = false;
	t->watch.n = 0;
	t->cycles = 0;
	t->wires[0].sent_bytes = t->wires[1].sent_bytes = 0;
	return ok;
}

static void report(struct bench *b, struct table *t, unsigned n)
{
	double cycles, unused[STOPWATCH_PARTS];

	if (!stopwatch_mean(&t->watch, &cycles, unused))
		return;
	bench_measured(b, cycles, n);
	bench_value(b, "round_trips", t->trips);
	bench_value(b, "bytes_up", (double)t->wires[0].sent_bytes / n);
	bench_value(b, "bytes_down", (double)t->wires[1].sent_bytes / n);
	bench_value(b, "bytes_during", (double)t->during);
	bench_value(b, "bytes_after", (double)t->after);
}

static void run(struct bench *b)
{
	static struct table tables;
	struct table *t = &tables;
	unsigned n = 0;
	bool ok = true;

	*t = (struct table){ 0 };
	if (!set_up(t, b)) {
		bench_skip(b, "this library was built without it, or there is no build/pki");
		return;
	}
	ok = warm_up(t);
	while (bench_next(b))
		for (; ok && (n < LAPS_MIN || t->cycles < RUN_CYCLES); n++)
			ok = once(t, t->want.resumption != PEER_FULL);
	if (ok)
		report(b, t, n);
	else
		bench_fail(b, t->why);
	t->peer->stop(t->shared);
	stopwatch_free(&t->watch);
}

void bench_peer_handshake_add(void)
{
	for (int64_t peer = 0; peers[peer] != NULL; peer++)
		for (int64_t mode = 0; mode < N_MODES; mode++) {
			char name[128];

			(void)snprintf(name, sizeof(name), "peer_handshake/%s/%s",
				       peers[peer]->name, modes[mode].name);
			bench_add(name, run, (int64_t[]){ peer, mode }, 2);
		}
}
