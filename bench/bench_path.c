/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole bursts through the record path of one poll core, in process, with records that clients
 * sealed before; records of different sessions follow each other in random order.
 *
 *   path_open              frames → lookup → window → open → commit → worker's ring
 *   path_request_response  that, and every request becomes a response → ring → seal → frame out
 *   path_exchange          that, the responses made by the CoAP exchange, with a sink that takes
 *   path_hop               path_request_response of records that arrive at another poll core than
 *                          their sessions' owner's: what both do, on one core of the machine; what
 *                          a line costs that goes from core to core is ring_hop's
 *   path_hostile           path_request_response with forged, replayed and unknown records among it
 *
 * A turn is what the poll core's loop does: a burst from the port, the replies that wait in the
 * ring, a flush. path_cycles is the median over turns of the TSC cycles spent inside the path, per
 * record; what the bench does itself (copying frames into mbufs, answering) is not in it, but in
 * ns and cycles. Software checksums, both ways. In path_request_response each stage is timed too,
 * in turns of their own (cycles_rx and so on), so that reading the clock does not count elsewhere.
 */
#include "benches.h"

#include "exchange.h"
#include "path_world.h"
#include "stages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

enum { SAMPLES_MAX = 1 << 16, STAGE_TURNS = 4096, FRAME_SRC_PORT = 34, FRAME_UDP_SUM = 40 };
enum mode { OPEN, REQUEST_RESPONSE, EXCHANGE, HOP, HOSTILE };

/* The stages, and what it takes to go through all of them once. */
#define STAGES(X)                                                                                  \
	X(rx, rx_run(core, 0, in, n))                                                              \
	X(inbox, inbox_run(core, out, take_replies(out, n)))                                       \
	X(lookup, lookup_run(core))                                                                \
	X(seal, seal_run(core))                                                                    \
	X(route, route_run(core))                                                                  \
	X(split, split_run(core))                                                                  \
	X(check, check_run(core))                                                                  \
	X(open, (open_run(core), open13_run(core)))                                                \
	X(commit, (commit_run(core), commit13_run(core)))                                          \
	X(dispatch, dispatch_all(core))                                                            \
	X(tx, transmit(core))

enum {
#define STAGE_ENUM(name, call) STAGE_##name,
	STAGES(STAGE_ENUM) STAGE_N
};

static void dispatch_all(struct path_core *core)
{
	dispatch_run(core, core->records, core->n_records);
	dispatch_run(core, core->records13, core->n_records13);
	core->n_records = core->n_records13 = 0;
}

static struct {
	uint32_t cycles[SAMPLES_MAX];
	uint32_t stage[STAGE_N][STAGE_TURNS];
	uint32_t exchange[SAMPLES_MAX];
} samples;

struct trial {
	struct world *w;
	enum mode mode;
	unsigned burst, reply_len, hostile; /* percent */
	uint64_t turns, honest, replayed, errors;
};

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double median(uint32_t *v, uint64_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	return n == 0 ? 0 : v[n / 2];
}

static unsigned take_replies(struct rte_mbuf **m, unsigned n)
{
	return rte_ring_sc_dequeue_burst(world_rig.from_worker, (void **)m, n, NULL);
}

static enum exchange_put deliver(void *arg, const struct exchange_reading *r)
{
	(void)arg, (void)r;
	return EXCHANGE_ENQUEUED;
}

static void send_nothing(void *arg, struct session_ref ref, const uint8_t *msg, size_t len)
{
	(void)arg, (void)ref, (void)msg, (void)len;
}

static uint64_t wall(void *arg)
{
	(void)arg;
	return 0;
}

static struct exchanges *exchanges_for(const struct world *w)
{
	const struct exchange_config cfg = {
		.n_slots = w->store->max_sessions,
		.n_workers = 1,
		.n_open = 1024,
		.deliver = deliver,
		.send = send_nothing,
		.wall_ns = wall,
	};

	return exchanges_new(&cfg);
}

/* The worker: an answer by the book, in the same mbuf. */
static void exchange(struct trial *t, struct rte_mbuf *m)
{
	uint8_t reply[EXCHANGE_REPLY_MAX], *msg = rte_pktmbuf_mtod(m, uint8_t *);
	size_t len = 0;

	/* Every pass over the fleet has a new message ID. */
	msg[2] = (uint8_t)(t->w->message_id >> 8);
	msg[3] = (uint8_t)t->w->message_id;
	if (exchange_input(t->w->exchanges, msg_of(m)->ref, t->w->now_ns, msg, m->data_len, reply,
			   &len) != STATUS_OK ||
	    len == 0)
		t->errors++;
	memcpy(msg, reply, len);
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
}

static void work(struct trial *t)
{
	struct rte_mbuf *m[WORLD_BURST_MAX];
	unsigned n =
		rte_ring_sc_dequeue_burst(world_rig.to_worker, (void **)m, WORLD_BURST_MAX, NULL);
	uint64_t from = rte_rdtsc();

	for (unsigned i = 0; i < n; i++) {
		if (t->mode == EXCHANGE) {
			exchange(t, m[i]);
		} else {
			m[i]->data_len = (uint16_t)t->reply_len;
			m[i]->pkt_len = t->reply_len;
		}
		msg_of(m[i])->kind = MSG_REPLY;
	}
	samples.exchange[t->turns % SAMPLES_MAX] = (uint32_t)(rte_rdtsc() - from);
	if (t->mode == OPEN)
		rte_pktmbuf_free_bulk(m, n);
	else if (rte_ring_sp_enqueue_bulk(world_rig.from_worker, (void **)m, n, NULL) != n)
		t->errors++;
}

/* A record that must not get through: a third each of forged tags, records of nobody, replays. What
 * a replay repeats may not have got through before, when that was made hostile too. */
static void make_hostile(struct trial *t, struct rte_mbuf *m, unsigned i)
{
	const struct world *w = t->w;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	if (i % 3 == 0) {
		memcpy(frame, w->frames[i], w->frame_len);
		t->replayed++;
	} else if (i % 3 == 1) {
		frame[w->frame_len - 1] ^= 1;
	} else {
		frame[FRAME_SRC_PORT] = 0xff;
	}
	memset(frame + FRAME_UDP_SUM, 0, 2); /* no checksum: they would not get far otherwise */
}

static void receive(struct trial *t, struct rte_mbuf **m)
{
	static uint32_t x = 1;

	world_receive(t->w, m, t->burst);
	for (unsigned i = 0; i < t->burst && t->hostile != 0; i++) {
		x = x * 1664525 + 1013904223;
		if ((x >> 8) % 100 < t->hostile)
			make_hostile(t, m[i], i);
		else
			t->honest++;
	}
}

static void transmit(struct path_core *core)
{
	path_flush(core, core->now_ns);
	world_recycle();
}

/* The clock, when every store before it has reached the cache: what the bench wrote is not waited
 * for in the path's time, and what the path wrote is. */
static uint64_t settled_cycles(void)
{
	rte_mb();
	return rte_rdtsc();
}

/* At another core first, which gives them to their owner. */
static void hop(struct trial *t, struct rte_mbuf **in)
{
	struct rte_mbuf *m[WORLD_BURST_MAX];
	unsigned n;

	path_rx_burst(t->w->front, 0, in, t->burst, t->w->now_ns);
	path_flush(t->w->front, t->w->now_ns);
	n = rte_ring_sc_dequeue_burst(world_rig.to_owner, (void **)m, WORLD_BURST_MAX, NULL);
	path_inbox_burst(t->w->core, m, n, t->w->now_ns);
}

static void turn(struct trial *t)
{
	struct path_core *core = t->w->core;
	struct rte_mbuf *in[WORLD_BURST_MAX], *out[WORLD_BURST_MAX];
	uint64_t from;
	unsigned n;

	receive(t, in);
	from = settled_cycles();
	if (t->mode == HOP)
		hop(t, in);
	else
		path_rx_burst(core, 0, in, t->burst, t->w->now_ns);
	n = take_replies(out, WORLD_BURST_MAX);
	path_inbox_burst(core, out, n, t->w->now_ns);
	transmit(core);
	samples.cycles[t->turns % SAMPLES_MAX] = (uint32_t)(settled_cycles() - from);
	world_send();
	work(t);
	t->turns++;
}

static void stage_turn(struct trial *t, unsigned at)
{
	struct path_core *core = t->w->core;
	struct rte_mbuf *in[WORLD_BURST_MAX], *out[WORLD_BURST_MAX];
	unsigned n = t->burst;
	uint64_t from, to;

	receive(t, in);
	from = settled_cycles();
#define STAGE_RUN(name, call)                                                                      \
	call;                                                                                      \
	to = rte_rdtsc();                                                                          \
	samples.stage[STAGE_##name][at] = (uint32_t)(to - from);                                   \
	from = to;
	STAGES(STAGE_RUN)
#undef STAGE_RUN
	world_send();
	work(t);
}

static void stages(struct bench *b, struct trial *t)
{
	static const char *const names[] = {
#define STAGE_NAME(name, call) "cycles_" #name,
		STAGES(STAGE_NAME)
#undef STAGE_NAME
	};

	for (unsigned i = 0; i < STAGE_TURNS; i++)
		stage_turn(t, i);
	for (unsigned s = 0; s < STAGE_N; s++)
		bench_value(b, names[s], median(samples.stage[s], STAGE_TURNS) / t->burst);
}

/* Nothing on its way any more. */
static void drain(struct trial *t)
{
	struct rte_mbuf *m[WORLD_BURST_MAX];

	rte_pktmbuf_free_bulk(m, take_replies(m, WORLD_BURST_MAX));
	transmit(t->w->core);
}

/* That the path did what it is measured for: opened what was honest, and answered it. */
static bool all_done(const struct trial *t, const struct path_stats *before)
{
	uint64_t n = t->hostile != 0 ? t->honest : t->turns * t->burst, opened;
	struct path_stats after;

	path_stats(t->w->core, &after);
	opened = after.records_opened - before->records_opened;
	return opened >= n && opened <= n + t->replayed && t->errors == 0 &&
	       (t->mode == OPEN || after.tx_frames - before->tx_frames + t->burst >= n);
}

/* The world's exchanges, each of which had its first message: what comes later is measured, not the
 * kernel's giving of pages. */
static bool exchanges_ready(struct trial *t)
{
	if (t->w->exchanges != NULL)
		return true;
	t->w->exchanges = exchanges_for(t->w);
	for (uint32_t n = 0; t->w->exchanges != NULL && n < t->w->n_sessions; n += t->burst)
		turn(t);
	t->turns = 0;
	return t->w->exchanges != NULL;
}

static void run(struct bench *b)
{
	struct trial t = {
		.w = world_get((uint8_t)bench_arg(b, 1), (uint32_t)bench_arg(b, 2),
			       (enum aead_engine)bench_arg(b, 5)),
		.mode = (enum mode)bench_arg(b, 0),
		.burst = (unsigned)bench_arg(b, 3),
		.reply_len = (unsigned)(bench_arg(b, 4) & 0xff),
		.hostile = (unsigned)(bench_arg(b, 4) >> 8),
	};
	struct path_stats before;
	uint64_t n;

	if (t.w == NULL) {
		bench_fail(b, "no memory, no port, or no such engine here");
		return;
	}
	if (t.mode == EXCHANGE && !exchanges_ready(&t)) {
		bench_fail(b, "no memory for exchanges");
		return;
	}
	if (t.mode == HOP && !world_front(t.w)) {
		bench_fail(b, "no memory for another core");
		return;
	}
	path_stats(t.w->core, &before);
	while (bench_next(b))
		turn(&t);
	if (!all_done(&t, &before))
		bench_fail(b, "not every record went through");
	bench_items(b, t.burst);
	n = t.turns < SAMPLES_MAX ? t.turns : SAMPLES_MAX;
	bench_value(b, "path_cycles", median(samples.cycles, n) / t.burst);
	if (t.mode == EXCHANGE)
		bench_value(b, "cycles_exchange", median(samples.exchange, n) / t.burst);
	if (t.mode == REQUEST_RESPONSE)
		stages(b, &t);
	drain(&t);
}

struct params {
	enum mode mode;
	enum aead_alg alg;
	bool is_13;
	int64_t sessions, burst, reply, hostile;
	enum aead_engine engine;
	uint8_t cids; /* bits of the session's class: connection IDs of ours, of the peer's */
};

static void add(struct params p)
{
	static const char *const names[] = { "path_open", "path_request_response", "path_exchange",
					     "path_hop", "path_hostile" };
	int64_t class = p.alg | (p.is_13 ? SESSION_CLASS_13 : 0) | p.cids;
	const char *cids = p.cids & SESSION_CLASS_CID_OUT ? "CID-both-ways/" : "CID/";
	int64_t args[] = { p.mode, class, p.sessions, p.burst, p.hostile << 8 | p.reply, p.engine };
	char name[160];
	int at = snprintf(name, sizeof(name), "%s/%s%s%s/len:%d/reply:%d/sessions:%d/burst:%d",
			  names[p.mode], p.is_13 ? "DTLS-1.3/" : "", p.cids == 0 ? "" : cids,
			  aead_info(p.alg)->name, WORLD_LEN, (int)p.reply, (int)p.sessions,
			  (int)p.burst);

	if (p.mode == HOSTILE)
		at += snprintf(name + at, sizeof(name) - (size_t)at, "/hostile:%d", (int)p.hostile);
	if (p.engine == AEAD_ENGINE_IPSEC_MB)
		snprintf(name + at, sizeof(name) - (size_t)at, "/engine:ipsec-mb");
	bench_add(name, run, args, 6);
}

/* The same with connection IDs: of ours, and of the peer's too. */
static void add_cids(struct params p)
{
	static const int64_t sessions[] = { 1000, 1000000 };

	for (unsigned i = 0; i < 8; i++) {
		p.sessions = sessions[i / 4];
		p.is_13 = i & 1;
		p.cids = i & 2 ? SESSION_CLASS_CID | SESSION_CLASS_CID_OUT : SESSION_CLASS_CID;
		add(p);
	}
}

/* The same for DTLS 1.3. */
static void add_13(struct params p, int64_t sessions)
{
	p.is_13 = true;
	p.sessions = sessions;
	add(p);
	p.reply = 64;
	add(p);
	p.reply = 12;
	p.mode = OPEN;
	add(p);
	p.mode = REQUEST_RESPONSE;
	p.alg = AEAD_AES_128_CCM_8;
	add(p);
	p.alg = AEAD_AES_256_GCM;
	add(p);
}

void bench_path_add(void)
{
	static const int64_t sessions[] = { 64, 1000, 20000, 100000, 1000000, 4000000 };
	static const int64_t bursts[] = { 1, 2, 4, 8, 16, 64 }, hostile[] = { 10, 50, 90 };
	const struct params usual = {
		REQUEST_RESPONSE, AEAD_AES_128_GCM, false, 1000, 32, 12, 0, AEAD_ENGINE_AUTO, 0
	};
	struct params p;

	for (size_t s = 0; s < 6; s++) {
		p = usual;
		p.sessions = sessions[s];
		add(p);
		p.reply = 64;
		add(p);
		p.reply = 12;
		p.engine = AEAD_ENGINE_IPSEC_MB;
		add(p);
		p.engine = AEAD_ENGINE_AUTO;
		p.alg = AEAD_AES_128_CCM_8;
		add(p);
		p.alg = AEAD_AES_128_GCM;
		p.mode = OPEN;
		add(p);
		p.mode = EXCHANGE;
		add(p);
		p.mode = HOP;
		add(p);
		add_13(usual, sessions[s]);
	}
	add_cids(usual);
	for (size_t i = 0; i < 6; i++) {
		p = usual;
		p.burst = bursts[i];
		add(p);
		p.sessions = 4000000;
		add(p);
	}
	for (size_t i = 0; i < 3; i++) {
		p = usual;
		p.mode = HOSTILE;
		p.sessions = 100000;
		p.hostile = hostile[i];
		add(p);
	}
}
