/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_steps.h"

/* The client has sent its hello; what it sends next is looked at. */
static void begin(void)
{
	steps_begin();
	assert_true(pair_start(&p));
	steps_take();
}

static void from_server(uint8_t type, uint16_t seq, const void *body, size_t len)
{
	struct pair_datagram d = steps_message(type, seq, body, len);

	d.to_server = false;
	steps_deliver(&d);
}

static size_t hello_verify(uint8_t out[300], uint8_t fill, uint8_t len)
{
	uint8_t cookie[255];
	struct wr w = wr_of(out, 300);

	memset(cookie, fill, sizeof(cookie));
	hello_verify_request_write(&w, cookie, len);
	return wr_len(&w);
}

/* The hello that is on its way. */
static struct client_hello sent_hello(uint16_t *seq)
{
	static struct pair_datagram d;
	struct client_hello ch;
	struct hs_fragment f;
	struct record rec;
	struct rd r;

	d = steps_take();
	r = rd_of(d.bytes, d.len);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_true(hs_fragment_next(&rec.body, &f));
	assert_int_equal(client_hello_parse(f.body, &ch), HS_PARSE_OK);
	*seq = f.seq;
	return ch;
}

/* A new cookie is used, a repeated one is not; and there is an end to it. */
static void test_hello_verify_requests(void **state)
{
	uint8_t body[300];
	uint16_t seq;
	struct client_hello ch;

	(void)state;
	begin();
	for (uint8_t i = 1; i <= 4; i++) {
		from_server(HS_HELLO_VERIFY_REQUEST, 0, body, hello_verify(body, i, 255));
		ch = sent_hello(&seq);
		assert_int_equal(seq, i);
		assert_int_equal(rd_len(&ch.cookie), 255);
		assert_int_equal(ch.cookie.p[0], i);
		from_server(HS_HELLO_VERIFY_REQUEST, 0, body, hello_verify(body, i, 255));
		assert_int_equal(p.n_queue, 0);
	}
	from_server(HS_HELLO_VERIFY_REQUEST, 0, body, hello_verify(body, 9, 20));
	assert_int_equal(p.n_queue, 0);
	assert_non_null(p.client.h);
	steps_end();
}

struct bad_hello {
	uint16_t version, suite;
	uint8_t compression;
	const char *extensions;
	uint8_t extensions_len;
	enum status why;
	enum alert alert;
};

/* What a client must not accept. */
static void test_bad_server_hellos(void **state)
{
	static const struct bad_hello bad[] = {
		{ 0xfeff, 0xc0a8, 0, "", 0, STATUS_HELLO_VERSION, ALERT_PROTOCOL_VERSION },
		{ 0xfefd, 0xc02f, 0, "", 0, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		{ 0xfefd, 0xc0a8, 1, "", 0, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		{ 0xfefd, 0xc0a8, 0, "\0\4\0\60\0\0", 6, STATUS_HS_PARAMETER,
		  ALERT_UNSUPPORTED_EXTENSION },
		{ 0xfefd, 0xc0a8, 0, "\0\4\0\27\0", 5, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t body[128], random[32] = { 5 };
		struct wr w = wr_of(body, sizeof(body));

		begin();
		wr_u16(&w, bad[i].version);
		wr_bytes(&w, random, 32);
		wr_u8(&w, 0);
		wr_u16(&w, bad[i].suite);
		wr_u8(&w, bad[i].compression);
		wr_bytes(&w, bad[i].extensions, bad[i].extensions_len);
		from_server(HS_SERVER_HELLO, 0, body, wr_len(&w));
		assert_true(p.client.failed);
		assert_int_equal(p.client.why, bad[i].why);
		steps_expect_alert(true, bad[i].alert);
		steps_end();
	}
}

static void server_hello_of(bool ems, bool ticket)
{
	uint8_t body[128], random[32] = { 5 };
	struct wr w = wr_of(body, sizeof(body));

	begin();
	server_hello_write(&w, &(struct server_hello_params){ .random = random,
							      .suite = 0xc0a8,
							      .ems = ems,
							      .renegotiation_info = true,
							      .ticket = ticket });
	from_server(HS_SERVER_HELLO, 0, body, wr_len(&w));
}

static void server_hello(bool ems) { server_hello_of(ems, false); }

/* A policy that wants RFC 7627 wants it of the server too. */
static void test_ems_required(void **state)
{
	(void)state;
	server_hello(false);
	assert_false(p.client.failed);
	assert_int_equal(p.client.h->state, C12_PSK_HINT);
	p.client_policy.require_ems = true;
	pair_end(&p.client);
	assert_true(pair_start(&p));
	steps_take();
	{
		uint8_t body[128], random[32] = { 5 };
		struct wr w = wr_of(body, sizeof(body));

		server_hello_write(&w, &(struct server_hello_params){ .random = random,
								      .suite = 0xc0a8,
								      .renegotiation_info = true });
		from_server(HS_SERVER_HELLO, 0, body, wr_len(&w));
	}
	assert_int_equal(p.client.why, STATUS_HS_NO_EMS);
	steps_expect_alert(true, ALERT_HANDSHAKE_FAILURE);
	steps_end();
}

/* An identity hint is accepted, once. */
static void test_identity_hint(void **state)
{
	(void)state;
	server_hello(true);
	from_server(HS_SERVER_KEY_EXCHANGE, 1, "\0\4hint", 6);
	assert_int_equal(p.client.h->state, C12_SERVER_HELLO_DONE);
	from_server(HS_SERVER_HELLO_DONE, 2, "", 0);
	assert_int_equal(p.client.h->state, C12_FINISHED);
	assert_int_equal(p.n_queue, 1);
	steps_end();
	server_hello(true);
	from_server(HS_SERVER_KEY_EXCHANGE, 1, "\0\5hint", 6);
	assert_int_equal(p.client.why, STATUS_HS_MALFORMED);
	steps_end();
}

static bool listed(uint8_t state, unsigned type)
{
	for (size_t i = 0; i < client12_n_rows; i++)
		if (client12_rows[i].state == state && client12_rows[i].type == type)
			return true;
	return false;
}

/* States x messages: only listed rows succeed; HelloRequest is ignored. */
static void test_only_listed_messages_succeed(void **state)
{
	(void)state;
	for (uint8_t s = C12_SERVER_HELLO; s <= C12_FINISHED; s++) {
		for (unsigned type = 0; type < 256; type++) {
			if (listed(s, type) || (s > C12_PSK_HINT && s < C12_SERVER_HELLO_DONE))
				continue; /* or of other suites: test_auth12 */
			if (s == C12_SERVER_HELLO)
				begin();
			else
				server_hello_of(true, s == C12_TICKET);
			if (s >= C12_SERVER_HELLO_DONE)
				from_server(HS_SERVER_KEY_EXCHANGE, 1, "\0\0", 2);
			if (s >= C12_TICKET)
				from_server(HS_SERVER_HELLO_DONE, 2, "", 0);
			p.n_queue = 0;
			assert_int_equal(p.client.h->state, s);
			from_server((uint8_t)type, p.client.h->in.next, "", 0);
			assert_int_equal(p.client.failed, type != HS_HELLO_REQUEST);
			if (p.client.failed)
				assert_int_equal(p.client.why, STATUS_HS_UNEXPECTED);
			steps_end();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_verify_requests),
		cmocka_unit_test(test_bad_server_hellos),
		cmocka_unit_test(test_ems_required),
		cmocka_unit_test(test_identity_hint),
		cmocka_unit_test(test_only_listed_messages_succeed),
	};

	return cmocka_run_group_tests_name("client12", tests, steps_setup, steps_teardown);
}
