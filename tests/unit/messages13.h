/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends of a DTLS 1.3 handshake, message by message and without records: what one says is
 * handed to the other's rows, and tests may change it on the way. */
#pragma once

#include "connection.h"
#include "hs_pair.h"
#include "retry.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { MESSAGE13_MAX = 6000, MESSAGES13_MAX = 8 };

struct message13 {
	uint8_t type, epoch;
	uint16_t seq;
	size_t len;
	uint8_t body[MESSAGE13_MAX];
};

/* A flight as it was taken from one end. */
struct flight13 {
	unsigned n;
	struct message13 m[MESSAGES13_MAX];
};

static struct pair p;
static struct aead *messages13_aead;

static inline int messages13_setup(void **state)
{
	(void)state;
	messages13_aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	return messages13_aead == NULL;
}

static inline int messages13_teardown(void **state)
{
	(void)state;
	aead_free(messages13_aead);
	return 0;
}

/* All suites of 1.3; those of 1.2 go. */
static inline void messages13_policy(struct hello_policy *policy)
{
	policy->n_suites = 0;
	for (size_t i = 0; i < SUITE_N; i++)
		if (suite_is_13(suite_at(i)))
			policy->suites[policy->n_suites++] = suite_at(i);
	policy->max_version = DTLS_1_3;
	policy->min_version = DTLS_1_3;
}

/* Both ends ready, with the client's key that the server knows, unless it is taken away. */
static inline void messages13_begin(void)
{
	pair_begin(&p, 99, messages13_aead, NULL);
	messages13_policy(&p.client_policy);
	messages13_policy(&p.server_policy);
}

static inline void messages13_end(void)
{
	pair_finish(&p);
	assert_int_equal(p.client.memory.n_blocks, 0);
	assert_int_equal(p.server.memory.n_blocks, 0);
}

/* What an end has to say, in a copy; nothing is left of it to be sent. */
static inline void messages13_take(struct pair_side *side, struct flight13 *out)
{
	struct flight *f = &side->h->out;
	struct hs_fragment part;

	out->n = 0;
	if (f->state != FLIGHT_SENDING)
		return;
	for (unsigned i = 0; i < f->n_messages; i++) {
		struct message13 *m = &out->m[out->n++];

		assert_true(flight_message(f, i, &part));
		assert_true(part.len <= sizeof(m->body));
		*m = (struct message13){ .type = part.type,
					 .epoch = f->messages[i].epoch,
					 .seq = part.seq,
					 .len = part.len };
		memcpy(m->body, part.body.p, part.len);
	}
	f->state = FLIGHT_WAITING;
}

/* A message arrives, from an allocation of its very length. */
static inline void messages13_give(struct pair_side *side, const struct message13 *m)
{
	struct handshake *h = side->h;
	uint8_t *exact = malloc(m->len ? m->len : 1);
	const struct reassembly_message due = {
		.body = rd_of(exact, m->len), .seq = m->seq, .type = m->type, .epoch = m->epoch
	};
	const struct hs_row *row = NULL;

	memcpy(exact, m->body, m->len);
	for (size_t i = 0; i < h->n_rows; i++)
		if (h->rows[i].state == h->state && h->rows[i].type == m->type &&
		    h->rows[i].epoch == m->epoch)
			row = &h->rows[i];
	h->started = true;
	if (h->outcome == CONNECTION_RUNNING && row == NULL)
		connection_fail(h, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
	else if (h->outcome == CONNECTION_RUNNING)
		connection_step(h, row->handler(h, &due));
	free(exact);
	pair_jobs(&p, side);
}

static inline void messages13_flight(struct pair_side *side, const struct flight13 *f)
{
	for (unsigned i = 0; i < f->n; i++)
		messages13_give(side, &f->m[i]);
}

/* The client's first hello. */
static inline void messages13_hello(struct flight13 *out)
{
	p.client.h = handshake_new(&p.client.cfg, HANDSHAKE_CLIENT, p.now);
	p.server.h = handshake_new(&p.server.cfg, HANDSHAKE_SERVER, p.now);
	assert_non_null(p.client.h);
	assert_non_null(p.server.h);
	if (p.psk_len > 0)
		assert_true(handshake_client_credential(p.client.h, (const uint8_t *)pair_identity,
							sizeof(pair_identity) - 1, pair_key,
							sizeof(pair_key)));
	if (p.offers)
		assert_true(handshake_client_resume(p.client.h, &p.session));
	handshake_timeout(p.client.h, p.now);
	pair_jobs(&p, &p.client);
	messages13_take(&p.client, out);
}

/* What the gate does with a first hello: a HelloRetryRequest that asks for a group, or for none. */
static inline void messages13_retry(const struct flight13 *hello, const struct suite *suite,
				    uint16_t group, struct flight13 *out)
{
	const struct message13 *ch = &hello->m[0];
	uint8_t header[HS_HEADER13_LEN], hash[HASH_MAX], cookie[RETRY_COOKIE_MAX], mac[32] = { 7 };
	struct wr w = wr_of(header, sizeof(header)), body = wr_of(out->m[0].body, MESSAGE13_MAX);
	const struct rd pieces[] = { rd_of(header, sizeof(header)), rd_of(ch->body, ch->len) };
	const struct retry_cookie c = { .suite = suite, .group = group, .hash = hash };

	wr_u8(&w, HS_CLIENT_HELLO);
	wr_u24(&w, (uint32_t)ch->len);
	assert_true(hash13(suite->hash, pieces, 2, hash));
	hello_retry_write(&body, suite->id, group,
			  rd_of(cookie, retry_cookie_write(cookie, &c, mac)));
	out->n = 1;
	out->m[0].type = HS_SERVER_HELLO;
	out->m[0].epoch = 0;
	out->m[0].seq = 0;
	out->m[0].len = wr_len(&body);
}

/* The message of a type in a flight. */
static inline struct message13 *messages13_of(struct flight13 *f, uint8_t type)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->m[i].type == type)
			return &f->m[i];
	fail_msg("no message of type %u", type);
	return NULL;
}
