/* SPDX-License-Identifier: BSD-3-Clause */
#include "exchange.h"
#include "answer.h"
#include "open.h"
#include "window.h"

#include <stdlib.h>

_Static_assert((int)EXCHANGE_WINDOW == WINDOW_LEN, "one window");
_Static_assert((int)EXCHANGE_SLOT_SIZE == sizeof(struct window), "one line a slot");
_Static_assert((int)EXCHANGE_PAYLOAD_MAX == REQUEST_PAYLOAD_MAX &&
		       (int)EXCHANGE_OPTIONS_MAX == REQUEST_OPTIONS_MAX,
	       "one limit");
_Static_assert((int)ANSWER_MAX <= (int)EXCHANGE_REPLY_MAX, "every answer fits");

enum { MAX_RETRANSMIT = 4 };                                 /* RFC 7252 §4.8 */
static const uint64_t ACK_TIMEOUT_NS = UINT64_C(2000000000); /* §4.8, random factor 1.5 */

struct exchanges {
	struct exchange_config cfg;
	struct window *windows; /* aligned, inside memory */
	void *memory;
	uint32_t n_windows;
	struct open_pool *open;
	uint64_t random;
};

/* One message being handled. */
struct turn {
	struct session_ref ref;
	uint64_t now_ns;
	const struct coap_msg *msg;
	struct request request;
	struct window *window;
	uint8_t *reply;
	size_t *reply_len;
};

static struct window *align_to_line(void *memory)
{
	uintptr_t line = sizeof(struct window), at = (uintptr_t)memory;

	return (struct window *)((uint8_t *)memory + (line - at % line) % line);
}

struct exchanges *exchanges_new(const struct exchange_config *cfg)
{
	struct exchanges *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->cfg = *cfg;
	x->cfg.n_workers = cfg->n_workers > 0 ? cfg->n_workers : 1;
	x->random = cfg->seed | 1;
	x->n_windows = cfg->n_slots / x->cfg.n_workers + 1;
	x->open = open_pool_new(cfg->ack_delivered ? cfg->n_open : 1);
	/* calloc, not aligned_alloc and a memset: pages that no device has used cost nothing. */
	x->memory = calloc((size_t)x->n_windows + 1, sizeof(*x->windows));
	if (x->open == NULL || x->memory == NULL) {
		exchanges_free(x);
		return NULL;
	}
	x->windows = align_to_line(x->memory);
	return x;
}

void exchanges_free(struct exchanges *x)
{
	if (x == NULL)
		return;
	open_pool_free(x->open);
	free(x->memory);
	free(x);
}

uint32_t exchanges_open(const struct exchanges *x) { return open_count(x->open); }

/* xorshift64: spread, not secrecy; the messages travel under DTLS. */
static uint32_t next_random(struct exchanges *x)
{
	x->random ^= x->random << 13;
	x->random ^= x->random >> 7;
	x->random ^= x->random << 17;
	return (uint32_t)(x->random >> 32);
}

static struct window *window_at(const struct exchanges *x, uint32_t slot)
{
	uint32_t index = slot / x->cfg.n_workers;

	return index < x->n_windows ? &x->windows[index] : NULL;
}

void exchange_prefetch(const struct exchanges *x, struct session_ref ref)
{
	const struct window *window = window_at(x, ref.slot);

	if (window != NULL)
		__builtin_prefetch(window, 1);
}

/* The window of an open exchange, NULL when the slot has its next device. */
static struct window *window_still(struct exchanges *x, struct session_ref ref)
{
	struct window *w = window_at(x, ref.slot);

	return w != NULL && w->generation == ref.generation ? w : NULL;
}

/* A message without token, options or payload. */
static void reply_bare(const struct turn *t, uint8_t type)
{
	struct wr w = wr_of(t->reply, EXCHANGE_REPLY_MAX);

	answer_write_bare(&w, type, t->msg->mid);
	*t->reply_len = wr_len(&w);
}

/* The direct answer: piggybacked for CON, a message of its own for NON. */
static void reply_code(struct exchanges *x, const struct turn *t, uint8_t code)
{
	const struct coap_msg *msg = t->msg;
	struct wr w = wr_of(t->reply, EXCHANGE_REPLY_MAX);
	bool con = msg->type == COAP_CON;
	struct answer a = { .type = con ? COAP_ACK : COAP_NON,
			    .code = code,
			    .token = msg->token,
			    .token_len = msg->token_len,
			    .block1 = t->request.block1,
			    .resource = t->request.resource,
			    .max_age_s = x->cfg.max_age_s };

	if (!request_wants(t->request.no_response, code)) {
		/* RFC 7967 §2: no answer, but a confirmable request is still acknowledged. */
		if (con)
			reply_bare(t, COAP_ACK);
		return;
	}
	a.mid = con ? msg->mid : t->window->next_mid++;
	if (code == COAP_CONTENT)
		a.wall_ns = x->cfg.wall_ns(x->cfg.arg);
	answer_write(&w, &a);
	*t->reply_len = wr_len(&w);
}

static enum status on_duplicate(struct exchanges *x, const struct turn *t,
				struct window_entry *seen)
{
	if (t->msg->type == COAP_NON)
		return STATUS_COAP_DUPLICATE;
	switch (seen->state) {
	case WINDOW_PENDING_NON:
		break; /* its answer is still to come */
	case WINDOW_PENDING_CON:
		seen->state = WINDOW_ACKED;
		reply_bare(t, COAP_ACK);
		break;
	case WINDOW_ACKED:
	case WINDOW_SEPARATE:
		reply_bare(t, COAP_ACK);
		break;
	default:
		reply_code(x, t, seen->state);
		break;
	}
	return STATUS_COAP_DUPLICATE;
}

/* Answers at once and remembers the code. */
static void conclude(struct exchanges *x, const struct turn *t, uint8_t code)
{
	window_update(t->window, t->msg->mid, code);
	reply_code(x, t, code);
}

static enum exchange_put deliver(struct exchanges *x, const struct turn *t, uint64_t cookie)
{
	const struct exchange_reading r = { .ref = t->ref,
					    .msg = t->msg,
					    .cookie = cookie,
					    .content_format = t->request.content_format,
					    .confirmable = t->msg->type == COAP_CON };

	return x->cfg.deliver(x->cfg.arg, &r);
}

static enum status conclude_put(struct exchanges *x, const struct turn *t, enum exchange_put put)
{
	conclude(x, t, put == EXCHANGE_ENQUEUED ? COAP_CHANGED : COAP_UNAVAILABLE);
	switch (put) {
	case EXCHANGE_ENQUEUED:
		return STATUS_OK;
	case EXCHANGE_FULL:
		return STATUS_SINK_FULL;
	case EXCHANGE_FAILED:
		return STATUS_SINK_FAILED;
	}
	return STATUS_SINK_FAILED;
}

static struct open_exchange *open_for(struct exchanges *x, const struct turn *t)
{
	struct open_exchange *o = open_take(x->open);

	if (o == NULL)
		return NULL;
	o->state = OPEN_SINK;
	o->ref = t->ref;
	o->request_mid = t->msg->mid;
	o->token_len = t->msg->token_len;
	memcpy(o->token, t->msg->token, sizeof(o->token));
	o->block1 = t->request.block1;
	o->no_response = t->request.no_response;
	o->confirmable = t->msg->type == COAP_CON;
	return o;
}

/* --ack delivered: the answer waits for exchange_delivered. */
static enum status deliver_and_wait(struct exchanges *x, const struct turn *t)
{
	struct open_exchange *o = open_for(x, t);
	enum exchange_put put;

	if (o == NULL) {
		conclude(x, t, COAP_UNAVAILABLE);
		return STATUS_COAP_NO_EXCHANGE;
	}
	put = deliver(x, t, open_cookie(x->open, o));
	if (put != EXCHANGE_ENQUEUED) {
		open_release(x->open, o);
		return conclude_put(x, t, put);
	}
	if (o->confirmable)
		open_timer(x->open, o, t->now_ns + x->cfg.separate_after_ns);
	return STATUS_OK;
}

static enum status on_reading(struct exchanges *x, const struct turn *t)
{
	uint8_t state = t->msg->type == COAP_CON ? WINDOW_PENDING_CON : WINDOW_PENDING_NON;

	/* A device with a window full of confirmable requests in flight, NSTART being 1, has to
	 * wait: to forget one of them would be to deliver its duplicate. */
	if (!window_insert(t->window, t->msg->mid, state)) {
		reply_code(x, t, COAP_UNAVAILABLE);
		return STATUS_COAP_NO_EXCHANGE;
	}
	if (x->cfg.ack_delivered)
		return deliver_and_wait(x, t);
	return conclude_put(x, t, deliver(x, t, 0));
}

static enum status on_request(struct exchanges *x, struct turn *t)
{
	struct window_entry *seen;
	uint8_t code;

	if (t->ref.generation == 0 || t->window == NULL ||
	    !window_enter(t->window, t->ref.generation, window_tick(t->now_ns),
			  (uint16_t)next_random(x)))
		return STATUS_STALE_REF;
	request_read(t->msg, &t->request);
	if (t->request.ignore)
		return t->request.status;
	seen = window_find(t->window, t->msg->mid);
	if (seen != NULL)
		return on_duplicate(x, t, seen);
	if (t->request.error == 0 && t->msg->code != COAP_GET)
		return on_reading(x, t);
	code = t->request.error != 0 ? t->request.error : COAP_CONTENT;
	/* Not remembered when the window is full: judged again, it gets the same answer. */
	(void)window_insert(t->window, t->msg->mid, code);
	reply_code(x, t, code);
	return t->request.status;
}

/* An ACK or RST ends the retransmission of the response that it names (§4.2, §4.3). */
static enum status on_acknowledged(struct exchanges *x, const struct turn *t)
{
	struct open_exchange *o;

	if (t->msg->code != COAP_EMPTY)
		return STATUS_COAP_UNMATCHED; /* we send no requests that it could answer */
	o = open_by_mid(x->open, t->ref, t->msg->mid);
	if (o == NULL)
		return STATUS_COAP_UNMATCHED;
	open_release(x->open, o);
	return STATUS_OK;
}

static enum status on_message(struct exchanges *x, struct turn *t)
{
	const struct coap_msg *msg = t->msg;

	if (msg->type == COAP_ACK || msg->type == COAP_RST)
		return on_acknowledged(x, t);
	if (msg->code != COAP_EMPTY && msg->code >> 5 == 0)
		return on_request(x, t);
	/* A ping, or a response to no request of ours: §4.2 rejects it when confirmable. */
	if (msg->type == COAP_CON)
		reply_bare(t, COAP_RST);
	if (msg->code != COAP_EMPTY)
		return STATUS_COAP_UNMATCHED;
	return msg->type == COAP_CON ? STATUS_COAP_PING : STATUS_COAP_IGNORED;
}

enum status exchange_input(struct exchanges *x, struct session_ref ref, uint64_t now_ns,
			   const uint8_t *msg, size_t len, uint8_t *reply, size_t *reply_len)
{
	struct coap_msg parsed;
	struct turn t = { .ref = ref,
			  .now_ns = now_ns,
			  .msg = &parsed,
			  .window = window_at(x, ref.slot),
			  .reply = reply,
			  .reply_len = reply_len };

	*reply_len = 0;
	switch (coap_msg_parse(rd_of(msg, len), &parsed)) {
	case COAP_PARSE_OK:
		return on_message(x, &t);
	case COAP_PARSE_IGNORE:
		return STATUS_COAP_IGNORED;
	case COAP_PARSE_FORMAT_ERROR:
		if (parsed.type == COAP_CON)
			reply_bare(&t, COAP_RST);
		return STATUS_COAP_MALFORMED;
	}
	return STATUS_COAP_MALFORMED;
}

/* Whether the device has the empty ACK of a request that waits: a duplicate may have fetched it
 * before its time. */
static bool has_bare_ack(struct window *w, const struct open_exchange *o)
{
	const struct window_entry *e = window_find(w, o->request_mid);

	return e != NULL && e->state == WINDOW_ACKED;
}

static void send_bare_ack(struct exchanges *x, const struct open_exchange *o)
{
	uint8_t bytes[COAP_HEADER_LEN];
	struct wr w = wr_of(bytes, sizeof(bytes));

	answer_write_bare(&w, COAP_ACK, o->request_mid);
	x->cfg.send(x->cfg.arg, o->ref, bytes, wr_len(&w));
}

static void send_answer(struct exchanges *x, const struct open_exchange *o, uint8_t type,
			uint16_t mid, uint8_t code)
{
	const struct answer a = { .type = type,
				  .code = code,
				  .mid = mid,
				  .token = o->token,
				  .token_len = o->token_len,
				  .block1 = o->block1,
				  .max_age_s = x->cfg.max_age_s };
	uint8_t bytes[ANSWER_MAX];
	struct wr w = wr_of(bytes, sizeof(bytes));

	answer_write(&w, &a);
	x->cfg.send(x->cfg.arg, o->ref, bytes, wr_len(&w));
}

/* The answer of an exchange that is over with it: all but a separate confirmable response. */
static void answer_and_release(struct exchanges *x, struct open_exchange *o, struct window *w,
			       uint8_t code)
{
	bool acked = o->state == OPEN_SINK_ACKED, wanted = request_wants(o->no_response, code);

	window_update(w, o->request_mid, acked ? (uint8_t)WINDOW_SEPARATE : code);
	if (o->confirmable && !acked && wanted)
		send_answer(x, o, COAP_ACK, o->request_mid, code);
	else if (o->confirmable && !acked)
		send_bare_ack(x, o);
	else if (!o->confirmable && wanted)
		send_answer(x, o, COAP_NON, w->next_mid++, code);
	open_release(x->open, o);
}

void exchange_delivered(struct exchanges *x, uint64_t now_ns, uint64_t cookie, bool delivered)
{
	struct open_exchange *o = open_find(x->open, cookie);
	uint8_t code = delivered ? COAP_CHANGED : COAP_UNAVAILABLE;
	struct window *w;

	if (o == NULL || o->state == OPEN_RESPONSE)
		return;
	w = window_still(x, o->ref);
	if (w == NULL) {
		open_release(x->open, o); /* the device is gone: nobody to answer */
		return;
	}
	if (has_bare_ack(w, o))
		o->state = OPEN_SINK_ACKED;
	if (o->state == OPEN_SINK || !request_wants(o->no_response, code)) {
		answer_and_release(x, o, w, code);
		return;
	}
	o->code = code;
	/* §4.2: between ACK_TIMEOUT and ACK_TIMEOUT * ACK_RANDOM_FACTOR (1.5). */
	o->timeout_ns = ACK_TIMEOUT_NS + next_random(x) % (ACK_TIMEOUT_NS / 2 + 1);
	window_update(w, o->request_mid, WINDOW_SEPARATE);
	open_respond(x->open, o, w->next_mid++);
	open_timer(x->open, o, now_ns + o->timeout_ns);
	send_answer(x, o, COAP_CON, o->response_mid, code);
}

static void acknowledge_late(struct exchanges *x, struct open_exchange *o)
{
	struct window *w = window_still(x, o->ref);

	o->state = OPEN_SINK_ACKED;
	if (w == NULL || has_bare_ack(w, o))
		return;
	window_update(w, o->request_mid, WINDOW_ACKED);
	send_bare_ack(x, o);
}

static void retransmit(struct exchanges *x, struct open_exchange *o, uint64_t now_ns)
{
	if (o->retransmissions == MAX_RETRANSMIT || window_still(x, o->ref) == NULL) {
		open_release(x->open, o);
		return;
	}
	o->retransmissions++;
	o->timeout_ns *= 2;
	open_timer(x->open, o, now_ns + o->timeout_ns);
	send_answer(x, o, COAP_CON, o->response_mid, o->code);
}

void exchange_timers(struct exchanges *x, uint64_t now_ns)
{
	for (int i = 0; i < EXCHANGE_TIMERS_BURST; i++) {
		struct open_exchange *o = open_due(x->open, now_ns);

		if (o == NULL)
			return;
		if (o->state == OPEN_SINK)
			acknowledge_late(x, o);
		else
			retransmit(x, o, now_ns);
	}
}
