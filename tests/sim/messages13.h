/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends of a DTLS 1.3 handshake, message by message and without records: what one says is
 * handed to the other's rows, and tests may change it on the way. */
#pragma once

#include "connection.h"
#include "pair_certs.h"
#include "retry.h"

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

/* What no input can do wrong: only a test can. */
static inline void messages13_must(bool ok)
{
	if (!ok)
		abort();
}

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
	messages13_must(p.client.memory.n_blocks == 0);
	messages13_must(p.server.memory.n_blocks == 0);
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

		messages13_must(flight_message(f, i, &part));
		messages13_must(part.len <= sizeof(m->body));
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
	messages13_must(p.client.h != NULL);
	messages13_must(p.server.h != NULL);
	if (p.psk_len > 0)
		messages13_must(handshake_client_credential(
			p.client.h, (const uint8_t *)pair_identity, sizeof(pair_identity) - 1,
			pair_key, sizeof(pair_key)));
	if (p.offers)
		messages13_must(handshake_client_resume(p.client.h, &p.session));
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
	messages13_must(hash13(suite->hash, pieces, 2, hash));
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
	messages13_must(false);
	return NULL;
}

/* Where the block of extensions of a message begins, its length first. */
static inline size_t messages13_block(const struct message13 *m)
{
	struct rd r = rd_of(m->body, m->len), skipped;
	bool ok = true;

	if (m->type == HS_CLIENT_HELLO)
		ok = rd_skip(&r, 34) && rd_vec(&r, 1, &skipped) && rd_vec(&r, 1, &skipped) &&
		     rd_vec(&r, 2, &skipped) && rd_vec(&r, 1, &skipped);
	else if (m->type == HS_SERVER_HELLO)
		ok = rd_skip(&r, 34) && rd_vec(&r, 1, &skipped) && rd_skip(&r, 3);
	else if (m->type == HS_CERTIFICATE_REQUEST)
		ok = rd_vec(&r, 1, &skipped);
	messages13_must(ok);
	return (size_t)(r.p - m->body);
}

/* Puts bytes in the place of n at a position. */
static inline void messages13_splice(struct message13 *m, size_t at, size_t n, const void *bytes,
				     size_t len)
{
	messages13_must(at + n <= m->len && m->len + len - n <= sizeof(m->body));
	memmove(m->body + at + len, m->body + at + n, m->len - at - n);
	if (len > 0)
		memcpy(m->body + at, bytes, len);
	m->len = m->len - n + len;
}

static inline void messages13_block_grow(struct message13 *m, long more)
{
	uint8_t *len = m->body + messages13_block(m);

	bytes_put_u16(len, (uint16_t)((len[0] << 8 | len[1]) + more));
}

/* Where an extension begins, its type first; its whole length in *len. */
static inline size_t messages13_extension(const struct message13 *m, uint16_t type, size_t *len)
{
	size_t at = messages13_block(m) + 2;

	for (*len = 0; at < m->len; at += *len) {
		*len = 4u + (size_t)(m->body[at + 2] << 8 | m->body[at + 3]);
		if ((m->body[at] << 8 | m->body[at + 1]) == type)
			return at;
	}
	messages13_must(false);
	return 0;
}

static inline void messages13_remove(struct message13 *m, uint16_t type)
{
	size_t len, at = messages13_extension(m, type, &len);

	messages13_splice(m, at, len, NULL, 0);
	messages13_block_grow(m, -(long)len);
}

/* In front of the others: pre_shared_key has to be the last. */
static inline void messages13_add(struct message13 *m, uint16_t type, const void *body, size_t len)
{
	size_t at = messages13_block(m) + 2;
	uint8_t head[4];

	bytes_put_u16(head, type);
	bytes_put_u16(head + 2, (uint16_t)len);
	messages13_splice(m, at, 0, body, len);
	messages13_splice(m, at, 0, head, sizeof(head));
	messages13_block_grow(m, (long)(len + sizeof(head)));
}

/* The one binder of a first hello, of the pair's key and SHA-256, anew: at its end. */
static inline void messages13_bind(struct message13 *m)
{
	uint8_t header[HS_HEADER13_LEN], hash[HASH_MAX], key[HASH_MAX];
	struct wr w = wr_of(header, sizeof(header));
	size_t cut = m->len - 3 - 32;
	const struct rd pieces[] = { rd_of(header, sizeof(header)), rd_of(m->body, cut) };
	struct schedule13 s;

	wr_u8(&w, HS_CLIENT_HELLO);
	wr_u24(&w, (uint32_t)m->len);
	messages13_must(hash13(PRF_SHA256, pieces, 2, hash) &&
			schedule13_early(&s, PRF_SHA256, pair_key, sizeof(pair_key)) &&
			schedule13_secret(&s, SECRET13_EXTERNAL_BINDER, NULL, key) &&
			schedule13_verify_data(PRF_SHA256, key, hash, m->body + cut + 3));
}

/* Both ends with certificates; the client has no key. */
static inline void messages13_begin_with_certificates(enum client_auth auth)
{
	messages13_begin();
	p.psk_len = 0;
	p.client_policy.client_x509 = true;
	p.server_policy.client_auth = auth;
	p.server_policy.client_x509 = true;
	p.server.cfg.own_find = pair_server_own;
	p.client.cfg.own_find = pair_client_own;
	p.verify_peer = pair_verify_peer;
	p.still = pair_peer_still;
}

static inline int messages13_setup_with_certificates(void **state)
{
	pair_certs_new();
	return messages13_setup(state);
}

static inline int messages13_teardown_with_certificates(void **state)
{
	pair_certs_free();
	return messages13_teardown(state);
}
