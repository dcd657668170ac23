/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes that stop where a test wants them, and datagrams that no honest peer sends. */
#pragma once

#include "client12.h"
#include "connection.h"
#include "hs_pair.h"
#include "server12.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct aead *steps_aead;
static struct gate *steps_gate;
static struct pair p;

static inline int steps_setup(void **state)
{
	(void)state;
	steps_aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	steps_gate = gate_new(&p.server_policy);
	return steps_aead == NULL || steps_gate == NULL;
}

static inline int steps_teardown(void **state)
{
	(void)state;
	aead_free(steps_aead);
	gate_free(steps_gate);
	return 0;
}

static inline void steps_begin(void) { pair_begin(&p, 99, steps_aead, steps_gate); }

/* Everything is given back, whatever happened. */
static inline void steps_end(void)
{
	pair_finish(&p);
	assert_int_equal(p.client.memory.n_blocks, 0);
	assert_int_equal(p.server.memory.n_blocks, 0);
}

/* All of it, and nothing is lost. */
static inline void steps_run(void)
{
	assert_true(pair_start(&p));
	pair_flush(&p);
}

static inline struct pair_datagram steps_take(void)
{
	struct pair_datagram d = { 0 };

	assert_true(pair_take(&p, &d));
	return d;
}

/* Up to the client's hello with a valid cookie, which is returned and not delivered. */
static inline struct pair_datagram steps_hello(void)
{
	struct pair_datagram d;

	assert_true(pair_start(&p));
	d = steps_take();
	pair_deliver(&p, true, d.bytes, d.len);
	assert_int_equal(p.server.last_input, STATUS_HELLO_VERIFY_SENT);
	d = steps_take();
	pair_deliver(&p, false, d.bytes, d.len);
	return steps_take();
}

/* Up to the server's hello flight, which is returned and not delivered. */
static inline struct pair_datagram steps_server_hello(void)
{
	struct pair_datagram d = steps_hello();

	pair_deliver(&p, true, d.bytes, d.len);
	assert_non_null(p.server.h);
	return steps_take();
}

/* Up to the client's ClientKeyExchange, ChangeCipherSpec, Finished: not delivered. */
static inline struct pair_datagram steps_key_exchange(void)
{
	struct pair_datagram d = steps_server_hello();

	pair_deliver(&p, false, d.bytes, d.len);
	return steps_take();
}

/* The i-th record of a datagram. */
static inline struct pair_datagram steps_record(const struct pair_datagram *d, unsigned i)
{
	struct pair_datagram out = { .to_server = d->to_server };
	struct rd r = rd_of(d->bytes, d->len);
	struct record rec;

	for (;; i--) {
		const uint8_t *start = r.p;

		assert_int_equal(record_next(&r, &rec), STATUS_OK);
		if (i > 0)
			continue;
		out.len = (uint16_t)(r.p - start);
		memcpy(out.bytes, start, out.len);
		return out;
	}
}

static inline struct pair_datagram steps_join(const struct pair_datagram *a,
					      const struct pair_datagram *b)
{
	struct pair_datagram out = *a;

	memcpy(out.bytes + out.len, b->bytes, b->len);
	out.len = (uint16_t)(out.len + b->len);
	return out;
}

/* Delivers from an allocation of exactly its length, so that an over-read is seen. */
static inline void steps_deliver(const struct pair_datagram *d)
{
	uint8_t *exact = malloc(d->len ? d->len : 1);

	memcpy(exact, d->bytes, d->len);
	pair_deliver(&p, d->to_server, exact, d->len);
	free(exact);
}

/* A record in the clear, towards the server unless changed. */
static inline struct pair_datagram steps_plain(uint8_t type, uint16_t epoch, const void *bytes,
					       size_t len)
{
	struct pair_datagram d = { .to_server = true };
	struct wr w = wr_of(d.bytes, sizeof(d.bytes));
	size_t n = 0;

	record_write_header(&w, type, DTLS_1_2, epoch, 77, (uint16_t)len);
	wr_bytes(&w, bytes, len);
	assert_true(wr_finish(&w, &n));
	d.len = (uint16_t)n;
	return d;
}

/* One fragment's bytes: header and the len - of bytes that follow, cut to n. */
struct steps_fragment {
	uint8_t type;
	uint16_t seq;
	uint32_t len, off, n;
	const uint8_t *body; /* n bytes, NULL: zeros */
};

static inline size_t steps_fragment(uint8_t out[1400], const struct steps_fragment *f)
{
	struct wr w = wr_of(out, 1400);
	uint8_t *at;
	size_t n = 0;

	hs_header_write(&w, f->type, f->len, f->seq, f->off, f->n);
	at = wr_space(&w, f->n);
	assert_non_null(at);
	memset(at, 0, f->n);
	if (f->body != NULL)
		memcpy(at, f->body, f->n);
	assert_true(wr_finish(&w, &n));
	return n;
}

static inline struct pair_datagram steps_plain_fragment(const struct steps_fragment *f)
{
	uint8_t bytes[1400];
	size_t len = steps_fragment(bytes, f);

	return steps_plain(RECORD_HANDSHAKE, 0, bytes, len);
}

/* A whole message in the clear. */
static inline struct pair_datagram steps_message(uint8_t type, uint16_t seq, const void *body,
						 size_t len)
{
	const struct steps_fragment f = {
		.type = type, .seq = seq, .len = (uint32_t)len, .n = (uint32_t)len, .body = body
	};

	return steps_plain_fragment(&f);
}

/* A record of epoch 1 from the client, while it is in handshake. */
static inline struct pair_datagram steps_sealed(uint8_t type, const void *bytes, size_t len)
{
	struct pair_datagram d = { .to_server = true };
	struct wr w = wr_of(d.bytes, sizeof(d.bytes));
	size_t n = 0;

	assert_true(protect_write(&p.client.h->protect, &w, 1, type, DTLS_1_2, bytes, len));
	assert_true(wr_finish(&w, &n));
	d.len = (uint16_t)n;
	return d;
}

static inline struct pair_datagram steps_sealed_fragment(const struct steps_fragment *f)
{
	uint8_t bytes[1400];
	size_t len = steps_fragment(bytes, f);

	return steps_sealed(RECORD_HANDSHAKE, bytes, len);
}

/* The next datagram on its way is one fatal alert in the clear, and nothing follows it. */
static inline void steps_expect_alert(bool to_server, enum alert alert)
{
	struct pair_datagram d = steps_take();
	struct rd r = rd_of(d.bytes, d.len);
	struct record rec;
	uint8_t level = 0, description = 0;

	assert_int_equal(d.to_server, to_server);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rec.type, RECORD_ALERT);
	assert_int_equal(rec.epoch, 0);
	assert_true(rd_u8(&rec.body, &level) && rd_u8(&rec.body, &description));
	assert_int_equal(level, ALERT_FATAL);
	assert_int_equal(description, alert);
	assert_int_equal(rd_len(&rec.body), 0);
	assert_int_equal(rd_len(&r), 0);
	assert_int_equal(p.n_queue, 0);
}

/* The server has ended with this status and this alert. */
static inline void steps_expect_failed(enum status why, enum alert alert)
{
	assert_true(p.server.failed);
	assert_int_equal(p.server.why, why);
	steps_expect_alert(false, alert);
}

/* The server is as it was: nothing sent, still in this state. */
static inline void steps_expect_waiting(uint8_t state)
{
	assert_non_null(p.server.h);
	assert_int_equal(p.server.h->outcome, CONNECTION_RUNNING);
	assert_int_equal(p.server.h->state, state);
	assert_int_equal(p.n_queue, 0);
}

/* The rest of the handshake goes well. */
static inline void steps_expect_completes(const struct pair_datagram *client_flight)
{
	steps_deliver(client_flight);
	pair_flush(&p);
	assert_true(p.server.installed);
	assert_true(p.client.installed);
	assert_memory_equal(&p.client.session.epochs[1].keys, &p.server.session.epochs[1].keys,
			    sizeof(struct traffic_keys));
}
