/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CoAP messages of two devices through one worker's exchanges: the parser, the duplicate window,
 * open exchanges, timers and completions. Every reply and message of ours must be within its limit
 * and parse again.
 *
 * Input: byte 0: bit 0 --ack delivered. Then steps: a byte of operation, and for a message two
 * bytes of length and the message.
 */
#include "coap_uri.h"
#include "exchange.h"

#include <stdlib.h>

enum { N_COOKIES = 16, MSG_MAX = 4096 };

enum operation { OP_MESSAGE, OP_DELIVERED, OP_FAILED, OP_TIME, OP_NEXT_DEVICE, OP_SINK, OP_N };

static struct {
	struct exchanges *x;
	struct session_ref refs[2];
	uint64_t now_ns;
	uint64_t cookies[N_COOKIES];
	unsigned n_cookies;
	enum exchange_put put;
} g;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_message(const uint8_t *msg, size_t len)
{
	struct coap_msg m;

	check(len <= EXCHANGE_REPLY_MAX);
	check(coap_msg_parse(rd_of(msg, len), &m) == COAP_PARSE_OK);
	/* Never a request of ours, never an answer to an answer. */
	check(m.code == COAP_EMPTY || m.code >> 5 >= 2);
}

static enum exchange_put fake_deliver(void *arg, const struct exchange_reading *r)
{
	uint8_t path[3 * EXCHANGE_OPTIONS_MAX + 1], query[3 * EXCHANGE_OPTIONS_MAX];
	struct wr p = wr_of(path, sizeof(path)), q = wr_of(query, sizeof(query));
	size_t len;

	(void)arg;
	check(r->msg->code == COAP_POST || r->msg->code == COAP_PUT);
	check(rd_len(&r->msg->payload) <= EXCHANGE_PAYLOAD_MAX);
	coap_uri_path(&p, r->msg);
	coap_uri_query(&q, r->msg);
	check(wr_finish(&p, &len) && len > 0 && path[0] == '/' && wr_finish(&q, &len));
	if (g.put == EXCHANGE_ENQUEUED)
		g.cookies[g.n_cookies++ % N_COOKIES] = r->cookie;
	return g.put;
}

static void fake_send(void *arg, struct session_ref ref, const uint8_t *msg, size_t len)
{
	(void)arg;
	check(ref.slot < 2 && ref.generation != 0);
	check_message(msg, len);
}

static uint64_t fake_wall(void *arg)
{
	(void)arg;
	return g.now_ns;
}

static void give(struct session_ref ref, struct rd msg)
{
	size_t len = rd_len(&msg), reply_len = 0;
	uint8_t *reply = malloc(EXCHANGE_REPLY_MAX), *copy = malloc(len > 0 ? len : 1);

	check(reply != NULL && copy != NULL && rd_copy(&msg, copy, len));
	check(exchange_input(g.x, ref, g.now_ns, copy, len, reply, &reply_len) < STATUS_N);
	if (reply_len > 0)
		check_message(reply, reply_len);
	free(copy);
	free(reply);
}

static bool step(struct rd *in)
{
	uint8_t op;
	struct rd msg;

	if (!rd_u8(in, &op))
		return false;
	switch ((enum operation)((op >> 4) % OP_N)) {
	case OP_MESSAGE:
		if (!rd_vec(in, 2, &msg))
			return false;
		if (rd_len(&msg) <= MSG_MAX)
			give(g.refs[op & 1], msg);
		break;
	case OP_DELIVERED:
	case OP_FAILED:
		exchange_delivered(g.x, g.now_ns, g.cookies[op & 15], op >> 4 == OP_DELIVERED);
		break;
	case OP_TIME:
		g.now_ns += (uint64_t)(op & 15) * UINT64_C(700000000) << (op & 7);
		exchange_timers(g.x, g.now_ns);
		break;
	case OP_NEXT_DEVICE:
		g.refs[op & 1].generation++;
		break;
	case OP_SINK:
		g.put = op & 1 ? EXCHANGE_ENQUEUED : op & 2 ? EXCHANGE_FULL : EXCHANGE_FAILED;
		break;
	case OP_N:
		break;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd in = rd_of(data, size);
	struct exchange_config cfg = { .n_slots = 2,
				       .n_open = 8,
				       .separate_after_ns = UINT64_C(1000000000),
				       .max_age_s = 30,
				       .seed = 1,
				       .deliver = fake_deliver,
				       .send = fake_send,
				       .wall_ns = fake_wall };
	uint8_t mode;

	if (!rd_u8(&in, &mode))
		return 0;
	memset(&g, 0, sizeof(g));
	cfg.ack_delivered = mode & 1;
	g.refs[0] = (struct session_ref){ 0, 1 };
	g.refs[1] = (struct session_ref){ 1, 1 };
	g.now_ns = UINT64_C(1000000000000);
	g.x = exchanges_new(&cfg);
	check(g.x != NULL);
	while (step(&in))
		check(exchanges_open(g.x) <= cfg.n_open);
	exchanges_free(g.x);
	return 0;
}
