/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker.h"

#include "coap_msg.h"
#include "echo.h"
#include "handshake.h"
#include "wiring_fixture.h"

#include <fcntl.h>
#include <time.h>

/* Cores 0 and 1 poll, core 2 is the worker. */
enum { CORES = 3, WORKER_CORE = 2, SESSIONS = 8, RING = 64, FILE_MAX = 1 << 20 };

#define S UINT64_C(1000000000)

struct world {
	struct rte_mempool *pool;
	struct mesh mesh;
	struct identity_set *identities;
	struct store *store;
	struct sink *sink;
	struct worker *worker;
	char path[64];
	char text[FILE_MAX];
	uint64_t now;
	struct session_ref ref;
};

static struct session_ref install(struct world *w, const char *name, uint8_t owner, uint16_t port)
{
	struct session_install in = {
		.flow = { .local_port = 5684, .remote_port = port },
		.suite = suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256)->id,
		.aead = (uint8_t)suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256)->aead,
		.auth = CREDENTIAL_PSK,
		.identity = identity_get(w->identities, name, (uint16_t)strlen(name)),
	};
	struct session_ref ref, replaced;

	in.flow.remote_ip[10] = in.flow.remote_ip[11] = 0xff;
	memcpy(in.flow.remote_ip + 12, (const uint8_t[]){ 198, 18, 0, 9 }, 4);
	assert_int_equal(store_install(w->store, owner, &in, &ref, &replaced), STATUS_OK);
	return ref;
}

static struct world *world_new(const char *sink, bool ack_delivered)
{
	static const unsigned n_dst[MESH_ROLES] = { 2, 1, 1 };
	static const uint8_t seed[32] = { 3 };
	struct world *w = calloc(1, sizeof(*w));
	struct store_config sc = { .max_sessions = SESSIONS,
				   .replay_window = 64,
				   .hash_seed = seed };
	struct sink_config sk = { .spec = sink, .n_workers = 1 };
	struct worker_config wc = { .core = WORKER_CORE, .ack_delivered = ack_delivered };
	char err[256];

	assert_non_null(w);
	w->now = 1000 * S;
	wc.mesh = &w->mesh;
	wc.pool = w->pool = wiring_pool();
	assert_int_equal(mesh_init(&w->mesh, CORES, n_dst, RING), 0);
	w->identities = sc.identities = identity_set_new();
	wc.store = w->store = store_new(&sc);
	assert_non_null(w->store);
	wc.sink = w->sink = sink_open(&sk, err, sizeof(err));
	assert_non_null(w->sink);
	w->worker = worker_new(&wc);
	assert_non_null(w->worker);
	w->ref = install(w, "meter-7", 1, 40000);
	return w;
}

static struct world *world_to_file(bool ack_delivered)
{
	char path[64] = "/tmp/sluice-test-worker-XXXXXX", spec[80];
	struct world *w;

	wiring_path(path);
	snprintf(spec, sizeof(spec), "file:%s", path);
	w = world_new(spec, ack_delivered);
	memcpy(w->path, path, sizeof(path));
	return w;
}

static int setup(void **state)
{
	*state = world_to_file(false);
	return 0;
}

static int setup_delivered(void **state)
{
	*state = world_to_file(true);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	int rc;

	worker_free(w->worker);
	worker_free(NULL);
	sink_close(w->sink);
	store_free(w->store);
	assert_int_equal(identity_count(w->identities), 0);
	urcu_qsbr_thread_offline();
	identity_set_free(w->identities);
	urcu_qsbr_thread_online();
	mesh_free(&w->mesh);
	rc = wiring_pool_free(w->pool);
	if (w->path[0] != '\0')
		unlink(w->path);
	free(w);
	return rc;
}

/* The device of w->ref sends a POST, by way of a poll core. */
static struct rte_mbuf *post(struct world *w, unsigned from, uint8_t type, uint16_t mid,
			     const char *payload)
{
	uint8_t bytes[256];
	struct wr wire = wr_of(bytes, sizeof(bytes));
	uint16_t number = 0;
	struct rte_mbuf *m;

	coap_header_write(&wire, type, COAP_POST, mid, (const uint8_t[]){ 0xcc }, 1);
	coap_option_write(&wire, &number, COAP_URI_PATH, "temp", 4);
	coap_payload_write(&wire, payload, strlen(payload));
	m = wiring_mbuf(w->pool, bytes, wr_len(&wire));
	*msg_of(m) = (struct msg){
		.kind = MSG_COAP,
		.flow = w->store->cold[w->ref.slot].flow,
		.hop = { .port_id = 3 },
		.ref = w->ref,
		.class = w->store->cold[w->ref.slot].class,
		.from = (uint8_t)from,
	};
	wiring_send(&w->mesh, MESH_WORKER, 0, from, m);
	return m;
}

static unsigned turn(struct world *w) { return worker_turn(w->worker, w->now); }

static struct rte_mbuf *take(struct world *w, unsigned poll)
{
	return wiring_take(&w->mesh, MESH_POLL, poll, WORKER_CORE);
}

static struct coap_msg parsed(struct rte_mbuf *m)
{
	struct coap_msg out;

	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_REPLY);
	assert_int_equal(coap_msg_parse(rd_of(rte_pktmbuf_mtod(m, uint8_t *), m->data_len), &out),
			 COAP_PARSE_OK);
	assert_int_equal(m->pkt_len, m->data_len);
	return out;
}

static uint64_t counted(const struct world *w, enum status s)
{
	return status_get(worker_counts(w->worker), s);
}

/* What the sink wrote to its file. */
static const char *written(struct world *w)
{
	FILE *f = fopen(w->path, "r");
	size_t n;

	assert_true(sink_flush(w->sink, 5000));
	assert_non_null(f);
	n = fread(w->text, 1, sizeof(w->text) - 1, f);
	w->text[n] = '\0';
	fclose(f);
	return w->text;
}

static void the_answer_goes_back_in_the_same_mbuf(void **state)
{
	struct world *w = *state;

	for (unsigned from = 0; from < 2; from++) {
		struct rte_mbuf *sent = post(w, from, COAP_CON, (uint16_t)(10 + from), "21.5");
		struct rte_mbuf *got;
		struct coap_msg answer;

		assert_int_equal(turn(w), 1);
		assert_null(take(w, 1 - from));
		got = take(w, from);
		assert_ptr_equal(got, sent);
		answer = parsed(got);
		assert_int_equal(answer.type, COAP_ACK);
		assert_int_equal(answer.code, COAP_CHANGED);
		assert_int_equal(answer.mid, 10 + from);
		assert_int_equal(answer.token[0], 0xcc);
		/* The way back is the way it came. */
		assert_int_equal(msg_of(got)->hop.port_id, 3);
		assert_int_equal(msg_of(got)->flow.remote_port, 40000);
		assert_memory_equal(&msg_of(got)->ref, &w->ref, sizeof(w->ref));
		rte_pktmbuf_free(got);
	}
	assert_int_equal(turn(w), 0);
	assert_int_equal(worker_stats(w->worker)->messages, 2);
	assert_int_equal(worker_stats(w->worker)->readings, 2);
}

/* Wherever in its mbuf the request ends, and however little stands before it: the answer has room,
 * for itself and for what the owner puts around it. */
static void an_answer_finds_room_in_any_mbuf(void **state)
{
	struct world *w = *state;

	for (unsigned at_end = 0; at_end < 2; at_end++) {
		struct rte_mbuf *m = post(w, 0, COAP_CON, (uint16_t)(20 + at_end), "1"), *got;
		uint16_t to = at_end ? (uint16_t)(m->buf_len - m->data_len) : 0;
		struct coap_msg answer;

		memmove((uint8_t *)m->buf_addr + to, rte_pktmbuf_mtod(m, void *), m->data_len);
		m->data_off = to;
		turn(w);
		got = take(w, 0);
		answer = parsed(got);
		assert_int_equal(answer.mid, 20 + at_end);
		assert_true(rte_pktmbuf_headroom(got) >= RTE_PKTMBUF_HEADROOM);
		assert_true(rte_pktmbuf_tailroom(got) >= 256);
		rte_pktmbuf_free(got);
	}
}

/* A POST from another address than the session's, perhaps with an Echo option. */
static void post_from_away(struct world *w, uint16_t mid, uint16_t port, struct rd echo)
{
	struct rte_mbuf *m = post(w, 0, COAP_CON, mid, "");
	struct msg *msg = msg_of(m);

	msg->flow.remote_port = port;
	msg->class |= MSG_CLASS_AWAY;
	if (rd_len(&echo) == 0)
		return;
	/* Behind Uri-Path, of 12 bytes. */
	memcpy(rte_pktmbuf_append(m, 2),
	       (const uint8_t[]){ 13 << 4 | ECHO_LEN, COAP_ECHO - COAP_URI_PATH - 13 }, 2);
	memcpy(rte_pktmbuf_append(m, ECHO_LEN), echo.p, ECHO_LEN);
}

/* The next answer goes to the address of a request from away alone, with an Echo option, and the
 * one behind it goes to the session's address alone, without: who hears it there cannot return the
 * option for somebody who races its requests. */
static void answers_with_echo(struct world *w, uint16_t port, uint8_t out[ECHO_LEN])
{
	struct rte_mbuf *there = take(w, 0), *home = take(w, 0);
	struct rd value;

	assert_non_null(there);
	assert_int_equal(msg_of(there)->kind, MSG_REPLY_AWAY);
	assert_int_equal(msg_of(there)->flow.remote_port, port);
	assert_int_equal(msg_of(there)->hop.port_id, 3);
	assert_memory_equal(&msg_of(there)->ref, &w->ref, sizeof(w->ref));
	assert_true(echo_find(rd_of(rte_pktmbuf_mtod(there, uint8_t *), there->data_len), &value));
	assert_int_equal(rd_len(&value), ECHO_LEN);
	memcpy(out, value.p, ECHO_LEN);
	assert_int_equal(parsed(home).code, COAP_CHANGED);
	assert_int_equal(msg_of(home)->hop.port_id, MSG_COLD_HOP);
	assert_false(msg_of(home)->class & MSG_CLASS_AWAY);
	assert_false(echo_find(rd_of(rte_pktmbuf_mtod(home, uint8_t *), home->data_len), &value));
	rte_pktmbuf_free(there);
	rte_pktmbuf_free(home);
}

/* The next answer has no Echo option, and goes back the way its request came. */
static void answer_without_echo(struct world *w)
{
	struct rte_mbuf *m = take(w, 0);
	struct rd value;

	assert_int_equal(parsed(m).code, COAP_CHANGED);
	assert_int_equal(msg_of(m)->hop.port_id, 3);
	assert_false(echo_find(rd_of(rte_pktmbuf_mtod(m, uint8_t *), m->data_len), &value));
	rte_pktmbuf_free(m);
	assert_null(take(w, 0));
}

/* RFC 9175, RFC 9146 §6: who moved and does no routability checks shows by the option that answers
 * come where it is; the owner is told. Its readings are taken all the while. */
static void an_echo_shows_where_a_device_is(void **state)
{
	const struct rd none = { 0 };
	struct world *w = *state;
	uint8_t echo[ECHO_LEN], other[ECHO_LEN];
	struct rte_mbuf *m;

	post_from_away(w, 1, 50001, none);
	turn(w);
	answers_with_echo(w, 50001, echo);
	/* Of another address: no proof. */
	post_from_away(w, 2, 50002, rd_of(echo, ECHO_LEN));
	turn(w);
	answers_with_echo(w, 50002, other);
	assert_memory_not_equal(echo, other, ECHO_LEN);
	/* Too late. */
	w->now += 2 * ECHO_FRESH_NS;
	post_from_away(w, 3, 50001, rd_of(echo, ECHO_LEN));
	turn(w);
	answers_with_echo(w, 50001, echo);
	post_from_away(w, 4, 50001, rd_of(echo, ECHO_LEN));
	turn(w);
	m = take(w, 0);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_PROVED);
	assert_memory_equal(&msg_of(m)->ref, &w->ref, sizeof(w->ref));
	assert_int_equal(msg_of(m)->flow.remote_port, 50001);
	rte_pktmbuf_free(m);
	answer_without_echo(w);
	assert_int_equal(worker_stats(w->worker)->readings, 4);
	assert_int_equal(counted(w, STATUS_COAP_ECHO), 3);
	/* From its address, or with routability checks: none. */
	(void)post(w, 0, COAP_CON, 5, "");
	turn(w);
	answer_without_echo(w);
	w->store->cold[w->ref.slot].rrc = true;
	post_from_away(w, 6, 50001, none);
	turn(w);
	answer_without_echo(w);
}

static struct rte_mbuf *get_core(struct world *w, uint16_t mid)
{
	uint8_t bytes[256];
	struct wr wire = wr_of(bytes, sizeof(bytes));
	uint16_t number = 0;
	struct rte_mbuf *m;

	coap_header_write(&wire, COAP_CON, COAP_GET, mid, (const uint8_t[]){ 1, 2, 3 }, 3);
	coap_option_write(&wire, &number, COAP_URI_PATH, ".well-known", 11);
	coap_option_write(&wire, &number, COAP_URI_PATH, "core", 4);
	m = wiring_mbuf(w->pool, bytes, wr_len(&wire));
	*msg_of(m) = (struct msg){ .kind = MSG_COAP, .hop = { .port_id = 3 }, .ref = w->ref };
	wiring_send(&w->mesh, MESH_WORKER, 0, 0, m);
	turn(w);
	return take(w, 0);
}

/* checklist 55: a record holds a whole answer, so one that is longer than the device takes is none.
 */
static void an_answer_fits_its_devices_records(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *whole = get_core(w, 30), *got;
	uint16_t len = whole->data_len;
	struct coap_msg answer = parsed(whole);

	assert_int_equal(answer.code, COAP_CONTENT);
	assert_in_range(len, SESSION_TX_LIMIT_MIN + 1, 100);
	w->store->cold[w->ref.slot].tx_limit = len;
	got = get_core(w, 31);
	assert_int_equal(parsed(got).code, COAP_CONTENT);
	rte_pktmbuf_free(got);
	assert_int_equal(counted(w, STATUS_COAP_REPLY_SIZE), 0);

	w->store->cold[w->ref.slot].tx_limit = (uint16_t)(len - 1);
	got = get_core(w, 32);
	answer = parsed(got);
	assert_int_equal(answer.code, COAP_INTERNAL_ERROR);
	assert_int_equal(answer.type, COAP_ACK);
	assert_int_equal(answer.mid, 32);
	assert_int_equal(answer.token_len, 3);
	assert_memory_equal(answer.token, "\1\2\3", 3);
	assert_int_equal(got->data_len, 7);
	assert_int_equal(counted(w, STATUS_COAP_REPLY_SIZE), 1);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(whole);
}

static void the_sink_gets_a_line_with_the_devices_name(void **state)
{
	struct world *w = *state;
	const char *text;

	post(w, 0, COAP_CON, 1, "21.5");
	turn(w);
	rte_pktmbuf_free(take(w, 0));
	text = written(w);
	assert_non_null(strstr(text, "\"meter-7\""));
	assert_non_null(strstr(text, "\"auth\":\"psk\",\"dtls\":\"1.2\""));
	assert_non_null(strstr(text, suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256)->name));
	assert_non_null(strstr(text, "198.18.0.9"));
	assert_non_null(strstr(text, "\"method\":\"POST\""));
	assert_non_null(strstr(text, "temp"));
	assert_non_null(strstr(text, "21.5"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

/* A device posts, without wanting an answer, and closes at once: retired, not yet recycled. */
static void a_last_reading_is_not_lost(void **state)
{
	struct world *w = *state;

	post(w, 1, COAP_NON, 5, "last");
	assert_true(store_retire(w->store, w->ref));
	turn(w);
	/* The owner drops the answer: the reference is stale. */
	rte_pktmbuf_free(take(w, 1));
	assert_non_null(strstr(written(w), "\"meter-7\""));
	assert_non_null(strstr(w->text, "last"));
	assert_int_equal(worker_stats(w->worker)->readings, 1);
}

/* bad-input C: what is no CoAP gets no answer, is counted, and its mbuf goes back. */
static void rubbish_is_counted_and_freed(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *m = wiring_mbuf(w->pool, "\x00\x01", 2);

	*msg_of(m) = (struct msg){ .kind = MSG_COAP, .ref = w->ref };
	wiring_send(&w->mesh, MESH_WORKER, 0, 0, m);
	turn(w);
	assert_null(take(w, 0));
	assert_int_equal(counted(w, STATUS_COAP_IGNORED), 1);
	assert_int_equal(rte_mempool_avail_count(w->pool), WIRING_MBUFS);
}

/* Turns until the poll core has a message, for a sink has a thread of its own. */
static struct rte_mbuf *await(struct world *w, unsigned poll)
{
	struct rte_mbuf *m = NULL;

	for (unsigned i = 0; i < 5000 && m == NULL; i++) {
		const struct timespec ms = { .tv_nsec = 1000000 };

		turn(w);
		m = take(w, poll);
		if (m == NULL)
			nanosleep(&ms, NULL);
	}
	return m;
}

static void an_answer_can_wait_for_the_sink(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *got;
	struct coap_msg answer;

	post(w, 0, COAP_CON, 9, "21.5");
	got = await(w, 1);
	/* To the owner, which is core 1, though the request came by core 0. */
	answer = parsed(got);
	assert_int_equal(msg_of(got)->hop.port_id, MSG_COLD_HOP);
	assert_memory_equal(&msg_of(got)->ref, &w->ref, sizeof(w->ref));
	assert_int_equal(msg_of(got)->class, suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256)->aead);
	assert_int_equal(answer.type, COAP_ACK);
	assert_int_equal(answer.code, COAP_CHANGED);
	assert_int_equal(answer.mid, 9);
	assert_null(take(w, 0));
	rte_pktmbuf_free(got);
	assert_non_null(strstr(written(w), "21.5"));
	turn(w);
	assert_int_equal(worker_stats(w->worker)->open_exchanges, 0);
}

/* A sink that is a pipe which nobody reads, until the test does. */
static int setup_pipe(void **state, bool ack_delivered, int *reader)
{
	char path[64] = "/tmp/sluice-test-worker-XXXXXX", spec[80];
	struct world *w;

	wiring_path(path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	*reader = open(path, O_RDWR | O_NONBLOCK);
	assert_true(*reader >= 0);
	assert_true(fcntl(*reader, F_SETPIPE_SZ, 4096) > 0);
	snprintf(spec, sizeof(spec), "file:%s", path);
	w = world_new(spec, ack_delivered);
	memcpy(w->path, path, sizeof(path));
	*state = w;
	return 0;
}

static int pipe_reader;

static int setup_full(void **state) { return setup_pipe(state, false, &pipe_reader); }

static int setup_slow(void **state) { return setup_pipe(state, true, &pipe_reader); }

static int teardown_pipe(void **state)
{
	int rc = teardown(state);

	return close(pipe_reader) == 0 ? rc : -1;
}

static void read_pipe(void)
{
	char text[4096];

	while (read(pipe_reader, text, sizeof(text)) > 0)
		;
}

static void a_full_sink_is_service_unavailable(void **state)
{
	struct world *w = *state;
	uint8_t code = COAP_CHANGED;
	struct rte_mbuf *got;

	for (uint16_t mid = 0; code == COAP_CHANGED && mid < 5000; mid++) {
		post(w, 0, COAP_CON, mid, "21.5");
		turn(w);
		got = take(w, 0);
		code = parsed(got).code;
		rte_pktmbuf_free(got);
	}
	assert_int_equal(code, COAP_UNAVAILABLE);
	assert_int_equal(counted(w, STATUS_SINK_FULL), 1);
	/* Once it is read, all is well again, as soon as the sink's thread had a CPU. */
	for (uint16_t mid = 6000; code != COAP_CHANGED && mid < 8000; mid++) {
		read_pipe();
		usleep(1000);
		post(w, 0, COAP_CON, mid, "21.5");
		turn(w);
		got = take(w, 0);
		code = parsed(got).code;
		rte_pktmbuf_free(got);
	}
	assert_int_equal(code, COAP_CHANGED);
}

/* Fills the pipe, and what the sink has taken off its queue, so that the next reading waits. */
static void stall(struct world *w)
{
	char page[4096] = { 0 };

	(void)w;
	while (write(pipe_reader, page, sizeof(page)) > 0)
		;
}

static void an_answer_that_takes_long_comes_separately(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *got;
	struct coap_msg answer;

	stall(w);
	post(w, 0, COAP_CON, 9, "21.5");
	turn(w);
	assert_null(take(w, 1));
	assert_int_equal(worker_stats(w->worker)->open_exchanges, 1);
	w->now += 2 * S;
	turn(w);
	got = take(w, 1);
	answer = parsed(got);
	assert_int_equal(answer.type, COAP_ACK);
	assert_int_equal(answer.code, COAP_EMPTY);
	assert_int_equal(answer.mid, 9);
	assert_int_equal(msg_of(got)->hop.port_id, MSG_COLD_HOP);
	rte_pktmbuf_free(got);

	read_pipe();
	got = await(w, 1);
	answer = parsed(got);
	assert_int_equal(answer.type, COAP_CON);
	assert_int_equal(answer.code, COAP_CHANGED);
	assert_int_equal(answer.token[0], 0xcc);
	assert_int_equal(msg_of(got)->hop.port_id, MSG_COLD_HOP);
	rte_pktmbuf_free(got);
}

/* Nobody is there for the answer any more: dropped and counted, the reading stays. */
static void a_session_that_ended_gets_no_late_answer(void **state)
{
	struct world *w = *state;

	stall(w);
	post(w, 1, COAP_CON, 9, "21.5");
	turn(w);
	assert_int_equal(worker_stats(w->worker)->readings, 1);
	assert_true(store_retire(w->store, w->ref));
	w->now += 2 * S;
	turn(w);
	assert_null(take(w, 0));
	assert_null(take(w, 1));
	assert_int_equal(counted(w, STATUS_STALE_REF), 1);
	assert_int_equal(rte_mempool_avail_count(w->pool), WIRING_MBUFS);
}

/* bad-input N8: no mbuf for the empty ACK. The separate response comes all the same. */
static void an_empty_pool_is_survived(void **state)
{
	struct world *w = *state;
	struct rte_mbuf *all[WIRING_MBUFS], *got;
	unsigned n;

	stall(w);
	post(w, 1, COAP_CON, 9, "21.5");
	turn(w);
	n = wiring_drain(w->pool, all);
	assert_int_equal(n, WIRING_MBUFS);
	w->now += 2 * S;
	turn(w);
	assert_null(take(w, 1));
	assert_int_equal(counted(w, STATUS_NO_MBUF), 1);
	rte_pktmbuf_free_bulk(all, n);
	read_pipe();
	got = await(w, 1);
	assert_int_equal(parsed(got).code, COAP_CHANGED);
	rte_pktmbuf_free(got);
}

static void a_full_ring_drops_and_counts(void **state)
{
	struct world *w = *state;
	unsigned n = 0;
	struct rte_mbuf *got;

	for (unsigned i = 0; i < RING + 10; i++) {
		post(w, 0, COAP_CON, (uint16_t)i, "21.5");
		turn(w);
	}
	while ((got = take(w, 0)) != NULL) {
		n++;
		rte_pktmbuf_free(got);
	}
	assert_int_equal(n, RING - 1);
	assert_int_equal(counted(w, STATUS_RING_FULL), 11);
	assert_int_equal(worker_stats(w->worker)->readings, RING + 10);
	assert_int_equal(rte_mempool_avail_count(w->pool), WIRING_MBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f, up, down) cmocka_unit_test_setup_teardown(f, up, down)
		T(the_answer_goes_back_in_the_same_mbuf, setup, teardown),
		T(an_answer_finds_room_in_any_mbuf, setup, teardown),
		T(an_answer_fits_its_devices_records, setup, teardown),
		T(the_sink_gets_a_line_with_the_devices_name, setup, teardown),
		T(a_last_reading_is_not_lost, setup, teardown),
		T(rubbish_is_counted_and_freed, setup, teardown),
		T(a_full_ring_drops_and_counts, setup, teardown),
		T(an_answer_can_wait_for_the_sink, setup_delivered, teardown),
		T(a_full_sink_is_service_unavailable, setup_full, teardown_pipe),
		T(an_answer_that_takes_long_comes_separately, setup_slow, teardown_pipe),
		T(a_session_that_ended_gets_no_late_answer, setup_slow, teardown_pipe),
		T(an_echo_shows_where_a_device_is, setup, teardown),
		T(an_empty_pool_is_survived, setup_slow, teardown_pipe),
#undef T
	};

	return wiring_main(tests);
}
