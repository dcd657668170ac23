/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ends of DTLS 1.3 after the handshake over a bad link, in virtual time: tickets, updates of
 * keys that either asks for, and data all the while.
 *
 *   sim_post_handshake            SIM_SEEDS of the environment, else 2000
 *   sim_post_handshake SEED       one seed
 *
 * Records are not encrypted here: each has the secret that it would be under, so that a wrong key
 * is seen. The ends keep receive keys as the record path does: the newest, and the ones before
 * until something came under the newest. One end learns the numbers of its records as a handshake
 * core does: in order, late, now and then not at all.
 *
 * Invariants (hostile.md): 3 (key, number) never repeats; 8 nothing unauthentic here, so nothing
 * ends the session; 9 what was begun is completed; 10 a repetition is under its epoch. And: nothing
 * that comes in time is under keys that its receiver does not have (bad-input L6, K8).
 */
#include "hs_msg13.h"
#include "post_handshake.h"
#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
	CLIENT,
	SERVER,
	EVENTS_MAX = 256,
	SUITE = 0x1302,
	DATA_EPOCH = 3,
	TICKETS = 2,
	WINDOW = 4096
};

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)

struct sealed {
	uint64_t number; /* epoch << 48 | sequence number */
	uint8_t type;
	uint8_t secret[HASH_MAX];
	size_t len;
	uint8_t content[320];
};

struct event {
	uint64_t at, order;
	int to;
	struct sealed record;
};

/* Receive keys of an epoch, and what came under them. */
struct keys {
	bool there;
	uint16_t epoch;
	uint8_t secret[HASH_MAX];
	bool seen[WINDOW];
};

struct numbered {
	uint16_t token;
	uint64_t number;
};

struct end {
	struct post_handshake p;
	struct keys now, before;
	uint64_t tx_number;
	struct numbered told[64]; /* numbers that it will be told */
	unsigned n_told;
	unsigned updates, opened, lost_keys, tickets;
};

static struct end ends[2];
static struct event events[EVENTS_MAX];
static unsigned n_events, loss, twice;
static uint64_t now_ns, rng, order, delay_ns;
static const char *broken;

static uint64_t draw(uint64_t below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 11) % below;
}

static void *give(void *arg, size_t len)
{
	(void)arg;
	return malloc(len);
}

static void take_back(void *arg, void *p)
{
	(void)arg;
	free(p);
}

static enum status take_ticket(void *arg, const struct hs_fragment *m, struct rd record,
			       enum alert *alert)
{
	(void)arg;
	(void)record;
	*alert = ALERT_UNEXPECTED_MESSAGE;
	if (m->type != HS_NEW_SESSION_TICKET || m->seq != ends[CLIENT].tickets)
		return STATUS_HS_UNEXPECTED;
	ends[CLIENT].tickets++;
	return STATUS_OK;
}

static const struct post_handshake_config configs[2] = {
	{ SECOND, 8 * SECOND, 1000, give, take_back, NULL, take_ticket, NULL },
	{ SECOND, 8 * SECOND, 1000, give, take_back, NULL, NULL, NULL },
};

static void deliver(int to, const struct sealed *r)
{
	if (draw(100) < loss || n_events == EVENTS_MAX)
		return;
	events[n_events++] = (struct event){ now_ns + 1 + draw(delay_ns), order++, to, *r };
}

/* Seals a record and sends it; returns its number. */
static uint64_t seal(int from, uint8_t type, const uint8_t *content, size_t len)
{
	struct end *e = &ends[from];
	struct sealed r = { .number = e->tx_number++, .type = type, .len = len };

	memcpy(r.secret, e->p.tx_secret, sizeof(r.secret));
	memcpy(r.content, content, len);
	if (r.number >> 48 != e->p.tx_epoch)
		broken = "10: sealed in another epoch";
	deliver(!from, &r);
	if (draw(100) < twice)
		deliver(!from, &r);
	return r.number;
}

static void drain(int i)
{
	struct end *e = &ends[i];
	uint8_t out[128];
	uint16_t token;
	size_t len;

	while (post_handshake_output(&e->p, sizeof(out), out, &len, &token)) {
		uint64_t number = seal(i, RECORD_HANDSHAKE, out, len);

		if (i == CLIENT)
			post_handshake_sealed(&e->p, token, number);
		else if (draw(20) != 0 && e->n_told < 64)
			e->told[e->n_told++] = (struct numbered){ token, number };
	}
}

static void learn(struct end *e)
{
	for (unsigned i = 0; i < e->n_told; i++)
		post_handshake_sealed(&e->p, e->told[i].token, e->told[i].number);
	e->n_told = 0;
}

static void new_rx_keys(struct end *e)
{
	if (e->before.there)
		broken = "three epochs of receive keys";
	e->before = e->now;
	e->now = (struct keys){ .there = true, .epoch = e->p.rx_epoch };
	memcpy(e->now.secret, e->p.rx_secret, sizeof(e->now.secret));
}

static void handshake_record(int to, const struct sealed *r)
{
	const struct post_handshake_record record = { r->number, r->type,
						      rd_of(r->content, r->len) };
	struct end *e = &ends[to];
	struct post_handshake_result result;
	uint8_t ack[POST_HANDSHAKE_ACK_LEN];

	post_handshake_input(&e->p, &configs[to], now_ns, &record, &result);
	if (result.ends)
		broken = "8: the session ended";
	if (result.rx_keys)
		new_rx_keys(e);
	if (result.tx_keys) {
		e->tx_number = (uint64_t)e->p.tx_epoch << 48;
		e->updates++;
	}
	if (result.ack) {
		post_handshake_ack(r->number, ack);
		seal(to, RECORD_ACK, ack, sizeof(ack));
	}
	drain(to);
}

/* The keys that a record is under; NULL: they are gone. */
static struct keys *opens(struct end *e, const struct sealed *r)
{
	uint64_t epoch = r->number >> 48;
	struct keys *k = NULL;

	if (epoch == e->now.epoch)
		k = &e->now;
	else if (e->before.there && epoch == e->before.epoch)
		k = &e->before;
	else if (epoch > e->now.epoch)
		broken = "a record under keys that its receiver does not have yet";
	if (k != NULL && memcmp(k->secret, r->secret, sizeof(k->secret)) != 0)
		broken = "a record under other keys";
	return k;
}

static void arrive(int to, const struct sealed *r)
{
	struct end *e = &ends[to];
	struct keys *k = opens(e, r);
	uint64_t seq = r->number & ((UINT64_C(1) << 48) - 1);

	if (k == NULL || seq >= WINDOW || k->seen[seq]) {
		e->lost_keys += k == NULL;
		return;
	}
	k->seen[seq] = true;
	e->opened++;
	if (k == &e->now)
		e->before.there = false;
	learn(e);
	if (r->type != RECORD_APPDATA)
		handshake_record(to, r);
}

static void next_event(uint64_t until)
{
	unsigned first = EVENTS_MAX;
	struct event e;

	for (unsigned i = 0; i < n_events; i++)
		if (first == EVENTS_MAX || events[i].at < events[first].at ||
		    (events[i].at == events[first].at && events[i].order < events[first].order))
			first = i;
	if (first < EVENTS_MAX && events[first].at <= until) {
		e = events[first];
		events[first] = events[--n_events];
		now_ns = e.at;
		arrive(e.to, &e.record);
		return;
	}
	now_ns = until;
	for (int i = 0; i < 2; i++) {
		learn(&ends[i]);
		if (post_handshake_timeout(&ends[i].p, &configs[i], now_ns) != STATUS_OK)
			broken = "9: given up";
		drain(i);
	}
}

static uint64_t deadline(void)
{
	uint64_t a = post_handshake_deadline(&ends[0].p), b = post_handshake_deadline(&ends[1].p);

	return a < b ? a : b;
}

static void update(int i)
{
	if (!post_handshake_update(&ends[i].p, &configs[i], now_ns, draw(2) == 0))
		broken = "an update that cannot be";
	drain(i);
}

static void act(void)
{
	int i = (int)draw(2);

	if (draw(6) == 0)
		update(i);
	else
		seal(i, RECORD_APPDATA, (const uint8_t *)"data", 4);
}

static void begin_end(int i)
{
	struct end *e = &ends[i];

	*e = (struct end){
		.p = { .rx_epoch = DATA_EPOCH, .tx_epoch = DATA_EPOCH, .suite = SUITE }
	};
	memset(e->p.rx_secret, 1 + i, HASH_MAX);
	memset(e->p.tx_secret, 1 + !i, HASH_MAX);
	e->tx_number = (uint64_t)DATA_EPOCH << 48;
	e->now = (struct keys){ .there = true, .epoch = DATA_EPOCH };
	memcpy(e->now.secret, e->p.rx_secret, HASH_MAX);
}

static void tickets(struct post_handshake *p)
{
	struct flight *f = post_handshake_open(p, &configs[SERVER]);

	assert_non_null(f);
	for (unsigned i = 0; i < TICKETS; i++) {
		struct wr w = flight_open(f);

		wr_bytes(&w, "a ticket", 8);
		assert_true(flight_close(f, &w, DATA_EPOCH, HS_NEW_SESSION_TICKET, p->tx_seq++));
	}
	flight_send(f, now_ns, false);
}

static void check_end(void)
{
	for (int i = 0; i < 2; i++) {
		const struct end *a = &ends[i], *b = &ends[!i];

		if (a->p.tx_epoch != b->p.rx_epoch ||
		    memcmp(a->p.tx_secret, b->p.rx_secret, 48) != 0)
			broken = "9: ends disagree";
		if (a->p.tx_epoch != DATA_EPOCH + a->updates)
			broken = "an epoch that was not reached by an update";
	}
	if (ends[CLIENT].tickets != TICKETS)
		broken = "9: a ticket was lost";
}

static bool run(uint64_t seed)
{
	rng = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	now_ns = 1000 * SECOND;
	n_events = 0;
	broken = NULL;
	loss = (unsigned)draw(50);
	twice = (unsigned)draw(40);
	delay_ns = (1 + draw(1500)) * MS;
	begin_end(CLIENT);
	begin_end(SERVER);
	tickets(&ends[SERVER].p);
	drain(SERVER);
	for (unsigned n = 0; n < 300 && broken == NULL; n++) {
		next_event(now_ns + draw(200) * MS);
		if (draw(3) == 0)
			act();
	}
	for (unsigned n = 0; broken == NULL && (n_events > 0 || deadline() != UINT64_MAX); n++) {
		next_event(deadline() != UINT64_MAX && n_events == 0 ? deadline()
								     : now_ns + 100 * MS);
		if (n > 20000)
			broken = "9: it never ends";
	}
	if (broken == NULL)
		check_end();
	for (int i = 0; i < 2; i++)
		post_handshake_wipe(&ends[i].p, &configs[i]);
	if (broken != NULL)
		printf("# seed %" PRIu64 ": %s\n", seed, broken);
	return broken == NULL;
}

static void test_seeds(void **state)
{
	const char *text = getenv("SIM_SEEDS");
	uint64_t n = text != NULL ? strtoull(text, NULL, 10) : 2000;
	unsigned long long updates = 0, opened = 0, gone = 0;

	(void)state;
	for (uint64_t seed = 0; seed < n; seed++) {
		assert_true(run(seed));
		for (int i = 0; i < 2; i++) {
			updates += ends[i].updates;
			opened += ends[i].opened;
			gone += ends[i].lost_keys;
		}
	}
	printf("# %llu updates, %llu records opened, %llu too old for their keys\n", updates,
	       opened, gone);
	assert_true(updates > n);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_seeds) };

	if (argc == 2)
		return run(strtoull(argv[1], NULL, 10)) ? 0 : 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
