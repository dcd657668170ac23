/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices with connection IDs in the world of path_fixture.h, of either version: records that
 * libcrypto seals and opens, made as RFC 9146 §4 and §5 and RFC 9147 §4 draw them. */
#pragma once

#include "away.h"
#include "path13_fixture.h"
#include "rrc.h"

enum { CID_LEN = 8, CID_LEN_LONG = 16 };

/* What the world's devices are like, and its connection IDs. */
struct cid_kind {
	uint8_t own_len, peer_len;
	bool is_13, rrc;
};

/* world_cid: the cores give connection IDs of that length. */
static inline void world_cid(struct world *w, uint8_t len)
{
	static const uint8_t key[CID_KEY_LEN] = { 9 };

	cid_key_init(&w->cid_key, key, len, 1);
	for (unsigned i = 0; i < WORLD_CORES; i++) {
		path_core_free(w->core[i]);
		w->cfg[i].cid = &w->cid_key;
		w->core[i] = path_core_new(&w->cfg[i], w->now);
		assert_non_null(w->core[i]);
	}
}

static inline int world_cid_setup(void **state)
{
	if (world_setup(state) != 0)
		return -1;
	world_cid(*state, CID_LEN);
	return 0;
}

#define CID_TEST(f) cmocka_unit_test_setup_teardown(f, world_cid_setup, world_teardown)

/* cid_make: a device that is not installed yet. */
static inline struct client cid_make(struct world *w, unsigned n, enum aead_alg alg,
				     const struct cid_kind *kind)
{
	const struct build_spec spec = build_ip4("");
	struct client c = kind->is_13 ? client13_make(n, alg) : client_make(&spec, n, alg);
	struct cid_issuer issuer = { .key = &w->cid_key };

	atomic_init(&issuer.nonce, 1000 + n);
	c.keys.own_cid_len = kind->own_len;
	c.keys.peer_cid_len = kind->peer_len;
	c.keys.rrc = kind->rrc;
	if (kind->own_len != 0)
		cid_issue(&issuer, 0, c.keys.own_cid);
	for (unsigned i = 0; i < kind->peer_len; i++)
		c.keys.peer_cid[i] = (uint8_t)(200 + n + 3 * i);
	c.seq = 1;
	return c;
}

/* cid_up: one with a session on a core. */
static inline struct client cid_up(struct world *w, unsigned core, unsigned n, enum aead_alg alg,
				   const struct cid_kind *kind)
{
	struct client c = cid_make(w, n, alg, kind);

	client_install(w, core, &c);
	return c;
}

/* cid_moved: it speaks from another port from now on. */
static inline void cid_moved(struct client *c, unsigned port)
{
	c->spec.src_port = port;
	c->keys.flow = client_flow(&c->spec);
}

static inline void cid_aead(struct world *w, const struct client *c, bool seal, struct aead_op *op,
			    const uint8_t *aad, size_t len)
{
	const enum aead_alg alg = (enum aead_alg)c->keys.aead;

	if (seal)
		aead_seal_long(w->client_aead, alg, op, rd_of(aad, len));
	else
		aead_open_long(w->client_aead, alg, op, rd_of(aad, len));
}

static inline size_t cid_record12(struct world *w, const struct client *c, uint8_t *out,
				  uint8_t type, uint64_t seq, const void *text, size_t len)
{
	const struct aead_info *info = aead_info(c->keys.aead);
	const uint8_t explicit[8] = { 0xdd, 0, 0, 0, 0, 0, (uint8_t)(seq >> 8), (uint8_t)seq };
	uint8_t aad[300], inner[2048], *at = out;
	struct wr a = wr_of(aad, sizeof(aad));
	struct aead_op op;

	memcpy(inner, text, len);
	inner[len++] = type;
	inner[len++] = 0; /* padding */
	wr_uint(&a, 8, UINT64_MAX);
	wr_u8(&a, 25);
	wr_u8(&a, c->keys.own_cid_len);
	wr_u8(&a, 25);
	wr_u16(&a, 0xfefd);
	wr_u16(&a, 1);
	wr_uint(&a, 6, seq);
	wr_bytes(&a, c->keys.own_cid, c->keys.own_cid_len);
	wr_u16(&a, (uint16_t)len);
	client_op(&op, info, c->keys.rx_key, c->keys.rx_iv, explicit, UINT64_C(1) << 48 | seq);
	record_put_cid_header(at, 1, seq, c->keys.own_cid, c->keys.own_cid_len,
			      (uint16_t)(info->explicit_len + len + info->tag_len));
	at += RECORD_HEADER_LEN + c->keys.own_cid_len;
	memcpy(at, explicit, info->explicit_len);
	at += info->explicit_len;
	op.src = inner;
	op.dst = at;
	op.len = (uint16_t)len;
	cid_aead(w, c, true, &op, aad, wr_len(&a));
	return (size_t)(at - out) + len + info->tag_len;
}

static inline size_t cid_record13(struct world *w, const struct client *c, uint8_t *out,
				  uint8_t type, uint64_t seq, const void *text, size_t len)
{
	const enum aead_alg alg = (enum aead_alg)c->keys.aead;
	const size_t header = 5U + c->keys.own_cid_len, tag_len = aead_info(alg)->tag_len;
	struct aead_mask_op mask = { .key = c->keys.rx_sn_key };
	uint8_t inner[2048];
	struct aead_op op;

	memcpy(inner, text, len);
	len = record13_put_inner(inner, len, type, tag_len);
	record13_put_cid_header(out, 3, seq, c->keys.own_cid, c->keys.own_cid_len,
				(uint16_t)(len + tag_len));
	client13_op(&op, c->keys.rx_key, c->keys.rx_iv, seq, out, 0);
	op.src = inner;
	op.dst = out + header;
	op.len = (uint16_t)len;
	cid_aead(w, c, true, &op, out, header);
	mask.sample = out + header;
	aead_mask(w->client_aead, alg, &mask, 1);
	record13_put_cid_mask(out, c->keys.own_cid_len, mask.mask);
	return header + len + tag_len;
}

/* cid_record: a record of the device with this number; returns its length. */
static inline size_t cid_record(struct world *w, const struct client *c, uint8_t *out, uint8_t type,
				uint64_t seq, const void *text, size_t len)
{
	return c->keys.version == DTLS_1_3 ? cid_record13(w, c, out, type, seq, text, len)
					   : cid_record12(w, c, out, type, seq, text, len);
}

/* cid_say: the next one with application data, as a datagram to a core. */
static inline void cid_say(struct world *w, unsigned core, struct client *c, const char *text)
{
	uint8_t out[2200];

	client_send(w, core, c, out,
		    cid_record(w, c, out, RECORD_APPDATA, c->seq++, text, strlen(text)));
}

static inline void cid_check(struct world *w, unsigned core, struct client *c, enum rrc_type type,
			     const uint8_t cookie[RRC_COOKIE_LEN])
{
	uint8_t out[200], body[RRC_LEN];

	rrc_put(body, type, cookie);
	client_send(w, core, c, out, cid_record(w, c, out, RECORD_RRC, c->seq++, body, RRC_LEN));
}

static inline struct heard cid_open12(struct world *w, const struct client *c, struct rd *r)
{
	const struct aead_info *info = aead_info(c->keys.aead);
	uint8_t aad[RECORD_AAD_CID_MAX];
	struct heard h = { 0 };
	struct record rec;
	struct aead_op op;
	size_t inner;

	assert_int_equal(record_next_cid(r, c->keys.peer_cid_len, &rec), STATUS_OK);
	assert_int_equal(rec.type, RECORD_CID);
	assert_int_equal(rec.epoch, 1);
	assert_memory_equal(rec.cid.p, c->keys.peer_cid, c->keys.peer_cid_len);
	h.seq = rec.seq;
	inner = rd_len(&rec.body) - info->explicit_len - info->tag_len;
	client_op(&op, info, c->keys.tx_key, c->keys.tx_iv, rec.body.p,
		  UINT64_C(1) << 48 | rec.seq);
	op.src = rec.body.p + info->explicit_len;
	op.dst = h.text;
	op.len = (uint16_t)inner;
	cid_aead(w, c, false, &op, aad,
		 record_cid_aad(aad, 1, rec.seq, rec.cid.p, rd_len(&rec.cid), (uint16_t)inner));
	assert_true(op.ok);
	assert_true(record13_take_inner(h.text, inner, &h.type, &h.len));
	return h;
}

static inline struct heard cid_open13(struct world *w, const struct client *c, struct rd *r)
{
	const enum aead_alg alg = (enum aead_alg)c->keys.aead;
	struct aead_mask_op mask = { .key = c->keys.tx_sn_key };
	uint8_t aad[RECORD13_HEADER_LEN + SESSION_PEER_CID_MAX];
	struct heard h = { 0 };
	struct record13 rec;
	struct aead_op op;

	assert_true(rd_len(r) > 0 && record13_is(*r->p));
	assert_int_equal(record13_next(r, c->keys.peer_cid_len, &rec), STATUS_OK);
	if (c->keys.peer_cid_len != 0)
		assert_memory_equal(rec.header + 1, c->keys.peer_cid, c->keys.peer_cid_len);
	mask.sample = rec.body.p;
	aead_mask(w->client_aead, alg, &mask, 1);
	h.seq = record13_unmask(rec.header, rec.header_len, mask.mask, 0, aad);
	client13_op(&op, c->keys.tx_key, c->keys.tx_iv, h.seq, aad, 0);
	op.src = rec.body.p;
	op.dst = h.text;
	op.len = (uint16_t)(rd_len(&rec.body) - aead_info(alg)->tag_len);
	cid_aead(w, c, false, &op, aad, rec.header_len);
	assert_true(op.ok);
	assert_true(record13_take_inner(h.text, op.len, &h.type, &h.len));
	return h;
}

/* cid_hears: the next frame sent is one record for the device, where it is now. */
static inline struct heard cid_hears(struct world *w, const struct client *c)
{
	struct rte_mbuf *m = world_sent();
	struct heard h;
	struct rd r;

	assert_non_null(m);
	r = client_datagram(c, m);
	if (c->keys.version == DTLS_1_3)
		h = cid_open13(w, c, &r);
	else if (c->keys.peer_cid_len != 0)
		h = cid_open12(w, c, &r);
	else
		h = client_open(w, c, &r);
	assert_int_equal(rd_len(&r), 0);
	rte_pktmbuf_free(m);
	return h;
}

/* cid_answer: the worker answers the device's message that it has in hand. */
static inline void cid_answer(struct world *w, unsigned core, const struct client *c,
			      const char *text)
{
	struct rte_mbuf *m = world_coap(w, core, c);

	assert_non_null(m);
	rte_pktmbuf_reset(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)strlen(text)), text, strlen(text));
	msg_of(m)->kind = MSG_REPLY;
	world_inbox(w, core, m);
}

static inline void cid_hears_text(struct world *w, const struct client *c, const char *text)
{
	const struct heard h = cid_hears(w, c);

	assert_int_equal(h.type, RECORD_APPDATA);
	assert_int_equal(h.len, strlen(text));
	assert_memory_equal(h.text, text, h.len);
}
