/* SPDX-License-Identifier: BSD-3-Clause */
/* Checklist 42; bad-input I9, I10: RFC 9147 §9. */
#include "post_cids.h"

#include "hs_msg13.h"
#include "record13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct post_cids both = { .own = true, .peer = true, .room = 3 };

static struct hs_fragment message(uint8_t type, const void *body, size_t len)
{
	return (struct hs_fragment){ .type = type, .len = (uint32_t)len, .body = rd_of(body, len) };
}

static enum status say(const struct post_cids *c, struct hs_fragment m,
		       struct post_cids_answer *out, enum alert *alert)
{
	memset(out, 0xa5, sizeof(*out));
	return post_cids_message(c, &m, out, alert);
}

/* One that the peer wants used at once is, the first; those to keep are not kept. */
static void test_new_ids(void **state)
{
	static const uint8_t immediate[] = { 0, 7, 3, 'o', 'n', 'e', 2, 'n', 'o', 0 };
	static const uint8_t spare[] = { 0, 4, 3, 'o', 'n', 'e', 1 };
	static const uint8_t none[] = { 0, 0, 1 };
	struct post_cids_answer a;
	enum alert alert;

	(void)state;
	assert_int_equal(
		say(&both, message(HS_NEW_CONNECTION_ID, immediate, sizeof(immediate)), &a, &alert),
		STATUS_OK);
	assert_int_equal(rd_len(&a.peer_cid), 3);
	assert_memory_equal(a.peer_cid.p, "one", 3);
	assert_false(a.request);
	assert_int_equal(
		say(&both, message(HS_NEW_CONNECTION_ID, spare, sizeof(spare)), &a, &alert),
		STATUS_OK);
	assert_int_equal(rd_len(&a.peer_cid), 0);
	assert_false(a.request);
	assert_int_equal(say(&both, message(HS_NEW_CONNECTION_ID, none, sizeof(none)), &a, &alert),
			 STATUS_OK);
	assert_int_equal(rd_len(&a.peer_cid), 0);
}

static void test_request(void **state)
{
	struct post_cids c = both;
	struct post_cids_answer a;
	enum alert alert;

	(void)state;
	for (c.room = 0; c.room <= 3; c.room++) {
		for (unsigned n = 0; n <= 255; n++) {
			const uint8_t body = (uint8_t)n;

			assert_int_equal(
				say(&c, message(HS_REQUEST_CONNECTION_ID, &body, 1), &a, &alert),
				STATUS_OK);
			assert_true(a.request);
			assert_int_equal(a.n, n < c.room ? n : c.room);
			assert_int_equal(rd_len(&a.peer_cid), 0);
		}
	}
}

static void expect(const struct post_cids *c, uint8_t type, const void *body, size_t len,
		   enum status status, enum alert alert)
{
	struct post_cids_answer a;
	enum alert got = ALERT_INTERNAL_ERROR;

	assert_int_equal(say(c, message(type, body, len), &a, &got), status);
	assert_int_equal(got, alert);
}

/* bad-input I9: where none were agreed on, or an empty one. */
static void test_not_negotiated(void **state)
{
	const struct post_cids own = { .own = true, .room = 3 }, peer = { .peer = true },
			       none = { .own = false };
	static const uint8_t ids[] = { 0, 2, 1, 'x', 0 }, n = 1;

	(void)state;
	expect(&own, HS_NEW_CONNECTION_ID, ids, sizeof(ids), STATUS_HS_UNEXPECTED,
	       ALERT_UNEXPECTED_MESSAGE);
	expect(&none, HS_NEW_CONNECTION_ID, ids, sizeof(ids), STATUS_HS_UNEXPECTED,
	       ALERT_UNEXPECTED_MESSAGE);
	expect(&peer, HS_REQUEST_CONNECTION_ID, &n, 1, STATUS_HS_UNEXPECTED,
	       ALERT_UNEXPECTED_MESSAGE);
	expect(&none, HS_REQUEST_CONNECTION_ID, &n, 1, STATUS_HS_UNEXPECTED,
	       ALERT_UNEXPECTED_MESSAGE);
	for (unsigned type = 0; type < 256; type++)
		if (type != HS_NEW_CONNECTION_ID && type != HS_REQUEST_CONNECTION_ID)
			expect(&both, (uint8_t)type, &n, 1, STATUS_HS_UNEXPECTED,
			       ALERT_UNEXPECTED_MESSAGE);
}

/* bad-input I10: lengths that do not fit, a usage that is none, an ID of nothing. */
static void test_malformed(void **state)
{
	static const uint8_t ids[] = { 0, 4, 3, 'o', 'n', 'e', 0 };
	static const uint8_t usage[] = { 0, 2, 1, 'x', 2 }, empty[] = { 0, 3, 1, 'x', 0, 1 };
	static const uint8_t inner[] = { 0, 2, 2, 'x', 0 },
			     long_one[] = { 0, 4, 3, 'o', 'n', 'e', 0, 0 };
	static const uint8_t none_now[] = { 0, 0, 0 };
	static uint8_t many[2 + 65535 + 1] = { 0xff, 0xff };

	(void)state;
	for (size_t len = 0; len < sizeof(ids); len++)
		expect(&both, HS_NEW_CONNECTION_ID, ids, len, STATUS_HS_MALFORMED,
		       ALERT_DECODE_ERROR);
	expect(&both, HS_NEW_CONNECTION_ID, inner, sizeof(inner), STATUS_HS_MALFORMED,
	       ALERT_DECODE_ERROR);
	expect(&both, HS_NEW_CONNECTION_ID, long_one, sizeof(long_one), STATUS_HS_MALFORMED,
	       ALERT_DECODE_ERROR);
	expect(&both, HS_NEW_CONNECTION_ID, usage, sizeof(usage), STATUS_HS_PARAMETER,
	       ALERT_ILLEGAL_PARAMETER);
	expect(&both, HS_NEW_CONNECTION_ID, none_now, sizeof(none_now), STATUS_HS_PARAMETER,
	       ALERT_ILLEGAL_PARAMETER);
	expect(&both, HS_NEW_CONNECTION_ID, empty, sizeof(empty), STATUS_HS_PARAMETER,
	       ALERT_ILLEGAL_PARAMETER);
	/* 65,535 empty ones */
	expect(&both, HS_NEW_CONNECTION_ID, many, sizeof(many), STATUS_HS_PARAMETER,
	       ALERT_ILLEGAL_PARAMETER);
	expect(&both, HS_REQUEST_CONNECTION_ID, ids, 0, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	expect(&both, HS_REQUEST_CONNECTION_ID, ids, 2, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
}

/* bad-input I9: who asks for ever is told so. */
static void test_flood(void **state)
{
	struct post_cids c = both;
	struct post_cids_answer a;
	enum alert alert;
	uint8_t n = 3;
	struct hs_fragment m = message(HS_REQUEST_CONNECTION_ID, &n, 1);

	(void)state;
	c.requests = POST_HANDSHAKE_CID_REQUESTS_MAX;
	assert_int_equal(say(&c, m, &a, &alert), STATUS_OK);
	c.room = 0;
	assert_int_equal(say(&c, m, &a, &alert), STATUS_HS_POST_LIMIT);
	assert_int_equal(alert, ALERT_TOO_MANY_CIDS_REQUESTED);
	/* Other messages are no requests. */
	c.requests = 1;
	m.seq = 2 * POST_HANDSHAKE_CID_REQUESTS_MAX;
	assert_int_equal(say(&c, m, &a, &alert), STATUS_OK);
	assert_int_equal(a.n, 0);
}

static void *alloc(void *arg, size_t len)
{
	(void)arg;
	return calloc(1, len);
}

static void release(void *arg, void *p)
{
	(void)arg;
	free(p);
}

/* What is given is a NewConnectionId to keep; while another message is under way, nothing is. */
static void test_give(void **state)
{
	static const uint8_t given[] = "firstonescndone";
	const struct post_handshake_config cfg = { .timeout_ns = 1000,
						   .timeout_max_ns = 8000,
						   .repeats = 3,
						   .alloc = alloc,
						   .release = release };
	struct post_handshake p = { .rx_epoch = 3, .tx_epoch = 3, .tx_seq = 9 };
	uint8_t out[256];
	struct new_connection_id ids;
	struct hs_fragment m;
	struct rd content, cid;
	uint16_t token;
	size_t len;

	(void)state;
	assert_true(post_cids_give(&p, &cfg, 0, given, 5, 3));
	assert_false(post_cids_give(&p, &cfg, 0, NULL, 5, 0));
	assert_int_equal(p.tx_seq, 10);
	assert_int_equal(p.cid_requests, 1);
	assert_true(post_handshake_output(&p, sizeof(out), out, &len, &token));
	content = rd_of(out, len);
	assert_true(hs_fragment_next(&content, &m));
	assert_int_equal(m.type, HS_NEW_CONNECTION_ID);
	assert_int_equal(m.seq, 9);
	assert_int_equal(new_connection_id_parse(m.body, &ids), HS_PARSE_OK);
	assert_int_equal(ids.usage, HS_CID_SPARE);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(new_connection_id_next(&ids.cids, &cid));
		assert_int_equal(rd_len(&cid), 5);
		assert_memory_equal(cid.p, given + 5 * (size_t)i, 5);
	}
	assert_false(new_connection_id_next(&ids.cids, &cid));
	post_handshake_wipe(&p, &cfg);
	/* Not after all. */
	p = (struct post_handshake){ .rx_epoch = 3, .tx_epoch = 3, .tx_seq = 9 };
	assert_true(post_cids_give(&p, &cfg, 0, (const uint8_t *)"first", 5, 1));
	post_cids_withdraw(&p, &cfg);
	assert_int_equal(p.tx_seq, 9);
	assert_false(post_handshake_output(&p, sizeof(out), out, &len, &token));
	/* Counting does not wrap. */
	for (unsigned i = 0; i < 2 * POST_HANDSHAKE_CID_REQUESTS_MAX; i++) {
		assert_true(post_cids_give(&p, &cfg, 0, NULL, 5, 0));
		post_handshake_drop(&p, &cfg);
	}
	assert_int_equal(p.cid_requests, POST_HANDSHAKE_CID_REQUESTS_MAX);
	post_handshake_wipe(&p, &cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_ids),        cmocka_unit_test(test_request),
		cmocka_unit_test(test_not_negotiated), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_flood),          cmocka_unit_test(test_give),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
