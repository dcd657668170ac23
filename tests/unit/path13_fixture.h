/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices that speak DTLS 1.3 in the world of path_fixture.h: what they seal and open is made by
 * libcrypto, header by header as RFC 9147 §4 draws it. */
#pragma once

#include "path_fixture.h"
#include "record13.h"

/* The header that most devices send: a 16-bit number and a length. */
enum { CLIENT13_HEADER = RECORD13_SEQ16 | RECORD13_LENGTH | 3 };

static inline struct client client13_make(unsigned n, enum aead_alg alg)
{
	const struct build_spec spec = build_ip4("");
	struct client c = client_make(&spec, n, alg);

	c.keys.version = DTLS_1_3;
	c.keys.tx_seq = 1; /* the ACK of its Finished had number 0 */
	c.keys.rx_newest = 0;
	c.keys.rx_window = 0; /* nothing came yet */
	c.seq = 0;
	c.tx_epoch = 3;
	for (unsigned i = 0; i < AEAD_KEY_MAX; i++) {
		c.keys.rx_sn_key[i] = (uint8_t)(n + 7 * i);
		c.keys.tx_sn_key[i] = (uint8_t)(n + 11 * i + 1);
		c.keys.rx_key[i] = (uint8_t)(n + 13 * i + 2);
		c.keys.tx_key[i] = (uint8_t)(n + 17 * i + 3);
	}
	return c;
}

static inline struct client client13_up(struct world *w, unsigned n, enum aead_alg alg)
{
	struct client c = client13_make(n, alg);

	client_install(w, 0, &c);
	return c;
}

/* What a device puts into a record. */
struct said13 {
	uint8_t bits; /* of the first byte, with the epoch's */
	uint64_t seq;
	uint8_t type;
	const void *text;
	size_t len, zeros;
};

static inline void client13_op(struct aead_op *op, const uint8_t *key, const uint8_t *iv,
			       uint64_t seq, const uint8_t *header, size_t header_len)
{
	memset(op, 0, sizeof(*op));
	op->key = key;
	memcpy(op->nonce, iv, AEAD_IV_LEN);
	for (unsigned i = 0; i < 8; i++)
		op->nonce[4 + i] ^= (uint8_t)(seq >> (8 * (7 - i)));
	memcpy(op->aad, header, header_len);
	op->aad_len = (uint8_t)header_len;
}

/* client13_inner: a record whose inner plaintext is these bytes; returns its length. */
static inline size_t client13_inner(struct world *w, const struct client *c, uint8_t *out,
				    uint8_t bits, uint64_t seq, const uint8_t *inner, size_t len)
{
	const enum aead_alg alg = (enum aead_alg)c->keys.aead;
	const size_t fragment = len + aead_info(alg)->tag_len;
	struct aead_mask_op mask = { .key = c->keys.rx_sn_key };
	struct wr wire = wr_of(out, 5 + fragment);
	size_t header, number_len = bits & RECORD13_SEQ16 ? 2 : 1;
	struct aead_op op;

	wr_u8(&wire, (uint8_t)(0x20 | bits));
	wr_uint(&wire, number_len, seq & (number_len == 2 ? 0xffff : 0xff));
	if (bits & RECORD13_LENGTH)
		wr_u16(&wire, (uint16_t)fragment);
	header = wr_len(&wire);
	client13_op(&op, c->keys.rx_key, c->keys.rx_iv, seq, out, header);
	op.src = inner;
	op.dst = out + header;
	op.len = (uint16_t)len;
	aead_seal(w->client_aead, alg, &op, 1);
	mask.sample = out + header;
	if (fragment >= RECORD13_SAMPLE_LEN)
		aead_mask(w->client_aead, alg, &mask, 1);
	for (size_t i = 0; i < number_len; i++)
		out[1 + i] ^= mask.mask[i];
	return header + fragment;
}

static inline size_t client13_record(struct world *w, const struct client *c, uint8_t *out,
				     const struct said13 *said)
{
	uint8_t inner[2048] = { 0 };

	assert_true(said->len + 1 + said->zeros <= sizeof(inner));
	if (said->len > 0)
		memcpy(inner, said->text, said->len);
	inner[said->len] = said->type;
	return client13_inner(w, c, out, said->bits, said->seq, inner, said->len + 1 + said->zeros);
}

/* client13_text: a record with application data, padded where the suite's tag is short. */
static inline size_t client13_text(struct world *w, const struct client *c, uint8_t *out,
				   uint8_t bits, uint64_t seq, const char *text)
{
	const size_t tag_len = aead_info((enum aead_alg)c->keys.aead)->tag_len;
	struct said13 said = { bits, seq, RECORD_APPDATA, text, strlen(text), 0 };

	said.zeros = record13_inner_len(said.len, tag_len) - said.len - 1;
	return client13_record(w, c, out, &said);
}

/* client13_say: the next one, as a datagram. client13_says: one with this number. */
static inline void client13_says(struct world *w, const struct client *c, uint8_t bits,
				 uint64_t seq, const char *text)
{
	uint8_t out[2100];

	client_send(w, 0, c, out, client13_text(w, c, out, bits, seq, text));
}

static inline void client13_say(struct world *w, struct client *c, const char *text)
{
	client13_says(w, c, CLIENT13_HEADER, c->seq++, text);
}

/* client13_open: the record at r, which has all that a header can have but a connection ID. next:
 * the number expected. */
static inline struct heard client13_open(struct world *w, const struct client *c, struct rd *r,
					 uint64_t next)
{
	const enum aead_alg alg = (enum aead_alg)c->keys.aead;
	struct aead_mask_op mask = { .key = c->keys.tx_sn_key };
	uint8_t aad[RECORD13_HEADER_MAX];
	struct heard h = { 0 };
	struct record13 rec;
	struct aead_op op;

	assert_true(rd_len(r) > 0 && record13_is(*r->p));
	assert_int_equal(*r->p, 0x2c | (c->tx_epoch & 3));
	assert_int_equal(record13_next(r, 0, &rec), STATUS_OK);
	mask.sample = rec.body.p;
	aead_mask(w->client_aead, alg, &mask, 1);
	h.seq = record13_unmask(rec.header, rec.header_len, mask.mask, next, aad);
	client13_op(&op, c->keys.tx_key, c->keys.tx_iv, h.seq, aad, rec.header_len);
	op.src = rec.body.p;
	op.dst = h.text;
	op.len = (uint16_t)(rd_len(&rec.body) - aead_info(alg)->tag_len);
	aead_open(w->client_aead, alg, &op, 1);
	assert_true(op.ok);
	assert_true(record13_take_inner(h.text, op.len, &h.type, &h.len));
	return h;
}

static inline struct heard client13_hears(struct world *w, const struct client *c, uint64_t next)
{
	struct rte_mbuf *m = world_sent();
	struct heard h;
	struct rd r;

	assert_non_null(m);
	r = client_datagram(c, m);
	h = client13_open(w, c, &r, next);
	assert_int_equal(rd_len(&r), 0);
	rte_pktmbuf_free(m);
	return h;
}

/* client13_message: a message of another core for its session. */
static inline struct rte_mbuf *client13_message(struct world *w, const struct client *c,
						enum msg_kind kind, const char *text)
{
	struct rte_mbuf *m = world_mbuf(w, text, strlen(text));

	*msg_of(m) = (struct msg){ .kind = (uint8_t)kind,
				   .flow = c->keys.flow,
				   .hop = c->keys.hop,
				   .ref = c->ref,
				   .class = session_install_class(&c->keys) };
	return m;
}
