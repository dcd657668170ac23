/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker.h"

#include "answer.h"
#include "coap_uri.h"
#include "echo.h"
#include "exchange.h"
#include "handshake.h"
#include "msg.h"
#include "outbox.h"
#include "path.h"
#include "random.h"
#include "reading.h"

#include <stdlib.h>
#include <time.h>

enum {
	TURN_MESSAGES = 64,
	NAME_AHEAD = 4, /* messages */
	TURN_COMPLETIONS = 256,
	/* Readings that wait for the sink, and answers that wait for the device's ACK. */
	OPEN_EXCHANGES = 65536,
	MAX_AGE_S = 5, /* how soon a device may try again after 5.03 */
};

#define SEPARATE_AFTER_NS UINT64_C(1000000000)

struct worker {
	struct worker_config cfg;
	struct exchanges *exchanges;
	struct keyed_hash_key echo_key;
	const struct msg *current; /* the message exchange_input has in hand */
	uint64_t wall_ns;          /* of this turn */
	unsigned next_ring;
	struct outbox to_poll[PATH_POLL_MAX];
	struct status_counts counts;
	struct worker_stats stats;
	char uri[READING_URI_MAX];
	char line[READING_MAX];
};

static void describe_uri(struct worker *w, const struct coap_msg *msg, struct reading *out)
{
	struct wr uri = wr_of(w->uri, sizeof(w->uri));

	coap_uri_path(&uri, msg);
	out->path = w->uri;
	out->path_len = wr_len(&uri);
	coap_uri_query(&uri, msg);
	out->query = w->uri + out->path_len;
	out->query_len = wr_len(&uri) - out->path_len;
}

static const char *auth_name(uint8_t auth)
{
	switch ((enum credential_kind)auth) {
	case CREDENTIAL_PSK:
		return "psk";
	case CREDENTIAL_X509:
		return "x509";
	case CREDENTIAL_RPK:
		return "rpk";
	case CREDENTIAL_NONE:
		break;
	}
	return "none";
}

/* The cold part is there as long as a message of the session waits in our rings, though the
 * session may have ended meanwhile (recycler.h). */
static void describe(struct worker *w, const struct exchange_reading *in, struct reading *out)
{
	const struct session_cold *cold = &w->cfg.store->cold[in->ref.slot];
	const struct suite *suite = suite_by_id(cold->suite);

	*out = (struct reading){
		.wall_ns = w->wall_ns,
		.device = cold->identity->bytes,
		.device_len = cold->identity->len,
		.auth = auth_name(cold->auth),
		.dtls = suite_is_13(suite) ? "1.3" : "1.2",
		.suite = suite->name,
		.flow = &w->current->flow,
		.method = in->msg->code == COAP_POST ? "POST" : "PUT",
		.content_format = in->content_format,
		.confirmable = in->confirmable,
		.payload = in->msg->payload.p,
		.payload_len = rd_len(&in->msg->payload),
	};
	describe_uri(w, in->msg, out);
}

static enum exchange_put deliver(void *arg, const struct exchange_reading *in)
{
	struct worker *w = arg;
	struct sink_ticket ticket = {
		.cookie = in->cookie,
		.worker = (uint16_t)w->cfg.index,
		.wants_completion = in->cookie != 0,
	};
	struct reading reading;
	size_t len;

	describe(w, in, &reading);
	if (!reading_render(&reading, w->line, sizeof(w->line), &len))
		return EXCHANGE_FAILED;
	switch (sink_put(w->cfg.sink, &ticket, w->line, len)) {
	case SINK_PUT_OK:
		counter_add(&w->stats.readings, 1);
		return EXCHANGE_ENQUEUED;
	case SINK_PUT_FULL:
		return EXCHANGE_FULL;
	case SINK_PUT_FAILED:
		break;
	}
	return EXCHANGE_FAILED;
}

/* RFC 6066 §4, RFC 8449 §4: a record of DTLS holds a whole message, and some devices take small
 * ones only. Hardly an answer is so long that the cold part has to be asked. */
static void fit(struct worker *w, struct rte_mbuf *mbuf)
{
	uint16_t len = rte_pktmbuf_data_len(mbuf);

	if (len <= SESSION_TX_LIMIT_MIN ||
	    !session_beyond(w->cfg.store->cold[msg_of(mbuf)->ref.slot].tx_limit, len))
		return;
	status_add(&w->counts, STATUS_COAP_REPLY_SIZE, 1);
	rte_pktmbuf_trim(mbuf, (uint16_t)(len - answer_cut(rte_pktmbuf_mtod(mbuf, uint8_t *))));
}

static void send_reply(struct worker *w, unsigned owner, struct rte_mbuf *mbuf)
{
	fit(w, mbuf);
	msg_of(mbuf)->kind = MSG_REPLY;
	outbox_put(&w->to_poll[owner], &w->counts, mbuf);
}

/* A message that answers no request in hand: empty ACK, separate response. */
static void send_later(void *arg, struct session_ref ref, const uint8_t *bytes, size_t len)
{
	struct worker *w = arg;
	struct rte_mbuf *mbuf;

	if (!store_live(w->cfg.store, ref)) {
		status_add(&w->counts, STATUS_STALE_REF, 1);
		return;
	}
	mbuf = rte_pktmbuf_alloc(w->cfg.pool);
	if (mbuf == NULL) {
		status_add(&w->counts, STATUS_NO_MBUF, 1);
		return;
	}
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)len), bytes, len);
	*msg_of(mbuf) = (struct msg){
		.ref = ref,
		.hop.port_id = MSG_COLD_HOP,
		.class = w->cfg.store->cold[ref.slot].class,
	};
	send_reply(w, w->cfg.store->cold[ref.slot].owner, mbuf);
}

/* Whom an Echo value is for: a session, and where its peer was met. */
struct echo_who {
	struct session_ref ref;
	struct flow flow;
};
_Static_assert(sizeof(struct echo_who) == 44 && sizeof(struct echo_who) <= ECHO_WHO_MAX,
	       "without padding");

/* Whether a message came from another address than its session's, of a device that does no return
 * routability checks: then the Echo option shows that answers reach it (RFC 9146 §6). */
static bool wants_echo(const struct worker *w, const struct msg *msg)
{
	return unlikely(msg->class & MSG_CLASS_AWAY) && store_live(w->cfg.store, msg->ref) &&
	       !w->cfg.store->cold[msg->ref.slot].rrc;
}

/* It came back: its owner is told. */
static void tell_proved(struct worker *w, const struct msg *msg)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(w->cfg.pool);

	if (mbuf == NULL) {
		status_add(&w->counts, STATUS_NO_MBUF, 1);
		return;
	}
	*msg_of(mbuf) = (struct msg){ .kind = MSG_PROVED, .ref = msg->ref, .flow = msg->flow };
	outbox_put(&w->to_poll[msg->from], &w->counts, mbuf);
}

/* The answer with an Echo option, to where the request came from and nowhere else: the value shows
 * that its bearer hears what is sent there. false: it cannot have one. */
static bool send_echo(struct worker *w, struct rd who, uint64_t now_ns, struct rd reply)
{
	const struct msg *msg = w->current;
	const uint16_t limit = w->cfg.store->cold[msg->ref.slot].tx_limit;
	uint8_t bytes[EXCHANGE_REPLY_MAX + ECHO_OPTION_MAX], value[ECHO_LEN];
	size_t len = rd_len(&reply);
	struct rte_mbuf *mbuf;

	memcpy(bytes, reply.p, len);
	echo_make(&w->echo_key, who, now_ns, value);
	if (session_beyond(limit, len + ECHO_OPTION_MAX) || !echo_add(bytes, &len, value))
		return false;
	mbuf = rte_pktmbuf_alloc(w->cfg.pool);
	if (mbuf == NULL) {
		status_add(&w->counts, STATUS_NO_MBUF, 1);
		return false;
	}
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)len), bytes, len);
	*msg_of(mbuf) = *msg;
	msg_of(mbuf)->kind = MSG_REPLY_AWAY;
	outbox_put(&w->to_poll[msg->from], &w->counts, mbuf);
	status_add(&w->counts, STATUS_COAP_ECHO, 1);
	return true;
}

/* A request without a fresh Echo option is answered all the same, once with one and once, for the
 * session's address, without: an answer is no longer than what such an address may get, and who
 * does not know the option would never get any. */
static void echo(struct worker *w, struct rd request, uint64_t now_ns, struct rd reply,
		 struct msg *msg)
{
	const struct echo_who who = { msg->ref, msg->flow };
	const struct rd who_bytes = rd_of((const uint8_t *)&who, sizeof(who));
	struct rd got;

	if (echo_find(request, &got) && echo_fresh(&w->echo_key, who_bytes, now_ns, got)) {
		tell_proved(w, msg);
	} else if (rd_len(&reply) != 0 && send_echo(w, who_bytes, now_ns, reply)) {
		msg->class &= (uint8_t)~MSG_CLASS_AWAY;
		msg->hop.port_id = MSG_COLD_HOP;
	}
}

/* One message of a device; its answer goes back in the same mbuf. */
static void on_coap(struct worker *w, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	const struct rd request =
		rd_of(rte_pktmbuf_mtod(mbuf, const uint8_t *), rte_pktmbuf_data_len(mbuf));
	uint8_t reply[EXCHANGE_REPLY_MAX];
	size_t reply_len = 0;
	enum status status;

	w->current = msg_of(mbuf);
	status = exchange_input(w->exchanges, w->current->ref, now_ns, request.p, rd_len(&request),
				reply, &reply_len);
	if (status != STATUS_OK)
		status_add(&w->counts, status, 1);
	if (wants_echo(w, w->current))
		echo(w, request, now_ns, rd_of(reply, reply_len), msg_of(mbuf));
	if (reply_len == 0) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	/* From its start: the request may have ended where the mbuf does (bad-input A5, records in
	 * front of it), or have had no headroom. */
	rte_pktmbuf_reset(mbuf);
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)reply_len), reply, reply_len);
	send_reply(w, msg_of(mbuf)->from, mbuf);
}

/* What a device's message leads to, on its way before the first is taken in hand: of a large fleet
 * none of it is in a cache. */
static void send_for(const struct worker *w, struct rte_mbuf *const *mbufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct session_ref ref = msg_of(mbufs[i])->ref;
		const struct session_cold *cold = &w->cfg.store->cold[ref.slot];

		exchange_prefetch(w->exchanges, ref);
		/* A cold part can stand on two lines. */
		rte_prefetch0(cold);
		rte_prefetch0((const uint8_t *)(cold + 1) - 1);
	}
}

/* The name of a device, once its cold part has come. */
static void send_for_name(const struct worker *w, struct rte_mbuf *mbuf)
{
	rte_prefetch0(w->cfg.store->cold[msg_of(mbuf)->ref.slot].identity);
}

static unsigned take_completions(struct worker *w, uint64_t now_ns)
{
	struct sink_completion done[TURN_COMPLETIONS];
	size_t n = sink_completions(w->cfg.sink, w->cfg.index, done, TURN_COMPLETIONS);

	for (size_t i = 0; i < n; i++) {
		if (!done[i].delivered)
			status_add(&w->counts, STATUS_SINK_FAILED, 1);
		exchange_delivered(w->exchanges, now_ns, done[i].cookie, done[i].delivered);
	}
	return (unsigned)n;
}

static uint64_t wall_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

unsigned worker_turn(struct worker *w, uint64_t now_ns)
{
	struct rte_mbuf *mbufs[TURN_MESSAGES];
	unsigned n = mesh_receive(w->cfg.mesh, MESH_WORKER, w->cfg.index, &w->next_ring, mbufs,
				  TURN_MESSAGES);
	unsigned work = n;

	w->wall_ns = wall_now_ns();
	send_for(w, mbufs, n);
	for (unsigned i = 0; i < n; i++) {
		if (i + NAME_AHEAD < n)
			send_for_name(w, mbufs[i + NAME_AHEAD]);
		on_coap(w, mbufs[i], now_ns);
	}
	counter_add(&w->stats.messages, n);
	work += take_completions(w, now_ns);
	exchange_timers(w->exchanges, now_ns);
	for (unsigned i = 0; i < w->cfg.mesh->n_dst[MESH_POLL]; i++)
		outbox_flush(&w->to_poll[i], &w->counts);
	counter_set(&w->stats.open_exchanges, exchanges_open(w->exchanges));
	return work;
}

static uint64_t wall(void *arg) { return ((const struct worker *)arg)->wall_ns; }

struct worker *worker_new(const struct worker_config *cfg)
{
	struct worker *w = calloc(1, sizeof(*w));
	struct exchange_config exchange = {
		.n_slots = cfg->store->n_slots,
		.n_workers = cfg->mesh->n_dst[MESH_WORKER],
		.n_open = OPEN_EXCHANGES,
		.ack_delivered = cfg->ack_delivered,
		.separate_after_ns = SEPARATE_AFTER_NS,
		.max_age_s = MAX_AGE_S,
		.deliver = deliver,
		.send = send_later,
		.wall_ns = wall,
		.arg = w,
	};

	if (w == NULL || !random_bytes(&exchange.seed, sizeof(exchange.seed)) ||
	    !random_bytes(&w->echo_key, sizeof(w->echo_key))) {
		free(w);
		return NULL;
	}
	w->cfg = *cfg;
	for (unsigned i = 0; i < cfg->mesh->n_dst[MESH_POLL]; i++)
		w->to_poll[i].ring = mesh_ring(cfg->mesh, MESH_POLL, i, cfg->core);
	w->exchanges = exchanges_new(&exchange);
	if (w->exchanges == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

void worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	exchanges_free(w->exchanges);
	free(w);
}

const struct status_counts *worker_counts(const struct worker *w) { return &w->counts; }

const struct worker_stats *worker_stats(const struct worker *w) { return &w->stats; }
