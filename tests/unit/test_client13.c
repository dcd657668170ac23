/* SPDX-License-Identifier: BSD-3-Clause */
#include "client13.h"

#include "expect13.h"

/* The server's answer to a first hello, taken and not given. */
static void answer(struct flight13 *f)
{
	messages13_hello(f);
	messages13_flight(&p.server, f);
	messages13_take(&p.server, f);
	assert_int_not_equal(f->n, 0);
}

/* A ServerHello that says something else. */
static void give_hello(struct server_hello13_params params, enum status why, enum alert alert)
{
	struct flight13 f;
	struct wr w;

	answer(&f);
	w = wr_of(f.m[0].body, sizeof(f.m[0].body));
	server_hello13_write(&w, &params);
	f.m[0].len = wr_len(&w);
	messages13_give(&p.client, &f.m[0]);
	expect13_failed(&p.client, why, alert);
	messages13_end();
}

/* What the server would have said of a pre-shared key, which a test then changes. */
static struct server_hello13_params good_hello(void)
{
	static const uint8_t random[HS_RANDOM_LEN] = { 1, 2, 3 }, point[32] = { 9 };

	messages13_begin();
	return (struct server_hello13_params){ .random = random,
					       .suite = TLS_AES_128_GCM_SHA256,
					       .share = { ECDHE_X25519, sizeof(point), point },
					       .has_psk = true };
}

/* RFC 8446 §4.1.3, §4.2.8, §4.2.11: what was not offered is not taken. */
static void test_answers_to_nothing_that_was_offered(void **state)
{
	struct server_hello13_params params;

	(void)state;
	params = good_hello();
	params.suite = 0x13ff;
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	params = good_hello();
	params.suite = TLS_PSK_WITH_AES_128_GCM_SHA256;
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	params = good_hello();
	params.suite = TLS_AES_256_GCM_SHA384; /* not the hash of the PSK */
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	params = good_hello();
	params.psk = 1;
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	params = good_hello();
	params.psk = 256; /* 0 to who keeps a byte of it */
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	params = good_hello();
	params.has_psk = false; /* and no certificate was asked for */
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	params = good_hello();
	params.share.group = ECDHE_NONE; /* CVE-2025-11935: psk_ke was not offered */
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	params = good_hello();
	params.share.group = ECDHE_SECP256R1; /* offered, but no share of it was sent */
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	params = good_hello();
	p.client_policy.n_groups = 0;
	p.client_policy.psk_ke = p.server_policy.psk_ke = true; /* no share was sent at all */
	give_hello(params, STATUS_HS_PARAMETER, ALERT_UNSUPPORTED_EXTENSION);
	params = good_hello();
	messages13_begin_with_certificates(CLIENT_AUTH_NONE); /* no key at all */
	give_hello(params, STATUS_HS_PARAMETER, ALERT_UNSUPPORTED_EXTENSION);
	params = good_hello();
	params.share.len = 31;
	give_hello(params, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
}

enum odd {
	ODD_SESSION_ID,
	ODD_COMPRESSION,
	ODD_NO_VERSION,
	ODD_UNASKED,
	ODD_TWICE,
	ODD_SHORT,
	ODD_N
};

/* checklist 33, 58, bad-input D1, L12 */
static void test_odd_server_hellos(void **state)
{
	static const struct {
		enum status why;
		enum alert alert;
	} rows[ODD_N] = {
		[ODD_SESSION_ID] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		[ODD_COMPRESSION] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		[ODD_NO_VERSION] = { STATUS_HELLO_VERSION, ALERT_PROTOCOL_VERSION },
		[ODD_UNASKED] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		[ODD_TWICE] = { STATUS_HS_MALFORMED, ALERT_DECODE_ERROR },
		[ODD_SHORT] = { STATUS_HS_MALFORMED, ALERT_DECODE_ERROR },
	};

	(void)state;
	for (enum odd odd = 0; odd < ODD_N; odd++) {
		struct flight13 f;
		struct message13 *m = &f.m[0];

		messages13_begin();
		answer(&f);
		if (odd == ODD_SESSION_ID)
			messages13_splice(m, 34, 1, "\1x", 2);
		else if (odd == ODD_COMPRESSION)
			m->body[37] = 1;
		else if (odd == ODD_NO_VERSION)
			messages13_remove(m, EXT_SUPPORTED_VERSIONS);
		else if (odd == ODD_UNASKED)
			messages13_add(m, EXT_RECORD_SIZE_LIMIT, "\1\0", 2);
		else if (odd == ODD_TWICE)
			messages13_add(m, EXT_SUPPORTED_VERSIONS, "\xfe\xfc", 2);
		else
			m->len--;
		messages13_give(&p.client, m);
		expect13_failed(&p.client, rows[odd].why, rows[odd].alert);
		messages13_end();
	}
}

/* A hello of ours, and a HelloRetryRequest for it. */
static void give_retry(const struct suite *suite, uint16_t group)
{
	struct flight13 f, retry;

	messages13_hello(&f);
	messages13_retry(&f, suite, group, &retry);
	messages13_flight(&p.client, &retry);
}

/* RFC 8446 §4.1.4, §4.2.8 */
static void test_retries_that_ask_for_nothing(void **state)
{
	struct flight13 f;
	struct wr w;

	(void)state;
	messages13_begin();
	give_retry(p.client_policy.suites[0], ECDHE_X25519); /* it has that share */
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();
	messages13_begin();
	give_retry(p.client_policy.suites[0], 24); /* it did not offer secp384r1 */
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();
	messages13_begin();
	messages13_hello(&f);
	f.m[0] = (struct message13){ .type = HS_SERVER_HELLO };
	w = wr_of(f.m[0].body, sizeof(f.m[0].body));
	hello_retry_write(&w, TLS_AES_128_GCM_SHA256, 0, rd_of(NULL, 0));
	f.m[0].len = wr_len(&w);
	messages13_flight(&p.client, &f);
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();
}

static void test_second_retry(void **state)
{
	struct flight13 f, retry;

	(void)state;
	messages13_begin();
	messages13_hello(&f);
	messages13_retry(&f, p.client_policy.suites[0], 0, &retry);
	messages13_flight(&p.client, &retry);
	messages13_take(&p.client, &f);
	assert_int_equal(f.n, 1);
	messages13_flight(&p.client, &retry);
	expect13_failed(&p.client, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
	messages13_end();
}

/* RFC 8446 §4.1.4: the suite of the ServerHello is that of the HelloRetryRequest. */
static void test_suite_changes_after_retry(void **state)
{
	struct flight13 f;

	(void)state;
	messages13_begin();
	answer(&f); /* by the first suite */
	messages13_give(&p.client, &f.m[0]);
	pair_finish(&p);
	give_retry(suite_by_id(TLS_CHACHA20_POLY1305_SHA256), 0);
	assert_int_equal(p.client.h->outcome, CONNECTION_RUNNING);
	messages13_give(&p.client, &f.m[0]);
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();
}

/* RFC 8446 §4.1.2: a key that does not go with the suite of the retry is not offered again. */
static void test_retry_takes_a_key_away(void **state)
{
	struct client_hello ch;
	struct flight13 f;

	(void)state;
	messages13_begin_with_certificates(CLIENT_AUTH_NONE);
	p.psk_len = sizeof(pair_key);
	give_retry(suite_by_id(TLS_AES_256_GCM_SHA384), 0);
	messages13_take(&p.client, &f);
	assert_int_equal(client_hello_parse(rd_of(f.m[0].body, f.m[0].len), &ch), HS_PARSE_OK);
	assert_int_equal(rd_len(&ch.psk_identities), 0);
	assert_int_equal(rd_len(&ch.retry_cookie), p.client.h->cookie_len);
	messages13_end();
}

/* The messages of the server's flight up to one, which is not given. */
static struct message13 *up_to(struct flight13 *f, uint8_t type)
{
	unsigned i = 0;

	answer(f);
	for (; i < f->n && f->m[i].type != type; i++)
		messages13_give(&p.client, &f->m[i]);
	assert_int_equal(p.client.h->outcome, CONNECTION_RUNNING);
	assert_true(i < f->n);
	return &f->m[i];
}

/* checklist 58: answers to what was not asked. */
static void test_unsolicited_extensions(void **state)
{
	static const struct {
		uint16_t type;
		const char *body;
		size_t len;
		enum alert alert;
	} rows[] = {
		{ EXT_SERVER_NAME, "", 0, ALERT_UNSUPPORTED_EXTENSION },
		{ EXT_SERVER_CERTIFICATE_TYPE, "\2", 1, ALERT_UNSUPPORTED_EXTENSION },
		{ EXT_CLIENT_CERTIFICATE_TYPE, "\2", 1, ALERT_UNSUPPORTED_EXTENSION },
		{ EXT_RECORD_SIZE_LIMIT, "\1\0", 2, ALERT_UNSUPPORTED_EXTENSION },
		{ EXT_MAX_FRAGMENT_LENGTH, "\1", 1, ALERT_UNSUPPORTED_EXTENSION },
		{ EXT_KEY_SHARE, "\0\x1d", 2, ALERT_ILLEGAL_PARAMETER },
		{ EXT_EARLY_DATA, "", 0, ALERT_UNSUPPORTED_EXTENSION },
		{ 16, "\0\5\4coap", 7, ALERT_UNSUPPORTED_EXTENSION },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct flight13 f;
		struct message13 *m;

		messages13_begin();
		m = up_to(&f, HS_ENCRYPTED_EXTENSIONS);
		messages13_add(m, rows[i].type, rows[i].body, rows[i].len);
		messages13_give(&p.client, m);
		expect13_failed(&p.client, STATUS_HS_PARAMETER, rows[i].alert);
		messages13_end();
	}
}

/* RFC 8446 §4.3.2: "A server which is authenticating with a certificate MAY [...]": with a PSK no
 * certificate is asked for, and none shown. */
static void test_certificates_beside_a_psk(void **state)
{
	static const uint8_t types[] = { HS_CERTIFICATE_REQUEST, HS_CERTIFICATE,
					 HS_CERTIFICATE_VERIFY };

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		struct flight13 f;
		struct message13 *m;

		messages13_begin();
		m = up_to(&f, HS_FINISHED);
		m->type = types[i];
		messages13_give(&p.client, m);
		expect13_failed(&p.client, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
		messages13_end();
	}
}

/* Messages left out of a flight by certificates: each is missed (the bugs 69 and 71 of others). */
static void test_left_out_messages(void **state)
{
	(void)state;
	for (unsigned left_out = 1; left_out < 5; left_out++) {
		struct flight13 f;

		messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
		answer(&f);
		assert_int_equal(f.n, 6);
		for (unsigned i = 0; i < f.n; i++)
			if (i != left_out)
				messages13_give(&p.client, &f.m[i]);
		if (left_out == 2) /* the request, which may be missing; but it was signed */
			expect13_failed(&p.client, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
		else
			expect13_failed(&p.client, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
		messages13_end();
	}
}

/* An empty extension in the last entry of a Certificate, which had none. */
static void entry_extend(struct message13 *m, uint16_t type)
{
	uint8_t block[6] = { 0, 4 };
	size_t list = (size_t)(m->body[2] << 8 | m->body[3]);

	bytes_put_u16(block + 2, type);
	messages13_splice(m, m->len - 2, 2, block, sizeof(block));
	bytes_put_u16(m->body + 2, (uint16_t)(list + 4));
}

/* RFC 8446 §4.4.2.4, §4.3.2, §4.4.2; bad-input G9 */
static void test_odd_certificate_messages(void **state)
{
	struct flight13 f;
	struct message13 *m;

	(void)state;
	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
	m = up_to(&f, HS_CERTIFICATE);
	memset(m->body, 0, 4);
	m->len = 4;
	messages13_give(&p.client, m);
	expect13_failed(&p.client, STATUS_HS_NO_CERT, ALERT_DECODE_ERROR);
	messages13_end();

	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
	m = up_to(&f, HS_CERTIFICATE);
	messages13_splice(m, 0, 1, "\1x", 2);
	messages13_give(&p.client, m);
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();

	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
	m = up_to(&f, HS_CERTIFICATE_REQUEST);
	messages13_splice(m, 0, 1, "\1x", 2);
	messages13_give(&p.client, m);
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();

	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
	m = up_to(&f, HS_CERTIFICATE_REQUEST);
	messages13_remove(m, EXT_SIGNATURE_ALGORITHMS);
	messages13_give(&p.client, m);
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION);
	messages13_end();

	/* behind the one certificate: an answer to a status_request that was not sent */
	messages13_begin_with_certificates(CLIENT_AUTH_NONE);
	m = up_to(&f, HS_CERTIFICATE);
	entry_extend(m, 5);
	messages13_give(&p.client, m);
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_UNSUPPORTED_EXTENSION);
	messages13_end();

	messages13_begin_with_certificates(CLIENT_AUTH_NONE);
	m = up_to(&f, HS_CERTIFICATE);
	entry_extend(m, EXT_KEY_SHARE);
	messages13_give(&p.client, m);
	expect13_failed(&p.client, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();
}

/* Whoever is in the middle has the signature of another handshake. */
static void test_signature_of_another_handshake(void **state)
{
	struct flight13 old, f;
	struct message13 *m;

	(void)state;
	messages13_begin_with_certificates(CLIENT_AUTH_NONE);
	answer(&old);
	pair_finish(&p);
	m = up_to(&f, HS_CERTIFICATE_VERIFY);
	messages13_give(&p.client, messages13_of(&old, HS_CERTIFICATE_VERIFY));
	expect13_failed(&p.client, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	(void)m;
	messages13_end();
}

static void test_wrong_finished(void **state)
{
	struct flight13 f;
	struct message13 *m;

	(void)state;
	messages13_begin();
	m = up_to(&f, HS_FINISHED);
	m->body[0] ^= 0x80;
	messages13_give(&p.client, m);
	expect13_failed(&p.client, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	messages13_end();
}

/* Tickets that are none, and one that is too long. */
static void test_tickets_of_a_session(void **state)
{
	const struct handshake_session base = { .suite = TLS_AES_128_GCM_SHA256 };
	uint8_t record[2048], ticket[HANDSHAKE_TICKET_MAX + 1] = { 1 };
	struct handshake_session s;

	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		const struct new_session_ticket13 t = {
			.lifetime_s = 7,
			.age_add = 5,
			.nonce = rd_of("n", 1),
			.ticket = rd_of(ticket, HANDSHAKE_TICKET_MAX + more),
		};
		struct wr w = wr_of(record, sizeof(record)), h = w;
		uint32_t len;

		(void)wr_space(&w, HS_HEADER_LEN);
		new_session_ticket13_write(&w, &t);
		len = (uint32_t)wr_len(&w) - HS_HEADER_LEN;
		hs_header_write(&h, HS_NEW_SESSION_TICKET, len, 3, 0, len);
		assert_int_equal(handshake_ticket(&base, 9, record, wr_len(&w), &s), !more);
		assert_false(handshake_ticket(&base, 9, record, wr_len(&w) - 1, &s));
		record[0] = HS_FINISHED;
		assert_false(handshake_ticket(&base, 9, record, wr_len(&w), &s));
	}
	/* RFC 8446 §4.2.11.1: what is offered is as old as it is, and the server's number more */
	messages13_begin();
	p.session = (struct handshake_session){ .ticket = ticket,
						.ticket_len = 100,
						.suite = TLS_AES_128_GCM_SHA256,
						.taken_ns = p.now - 1500000000,
						.age_add = UINT32_MAX };
	p.offers = true;
	struct flight13 f;
	struct client_hello ch;
	struct hs_psk psk;

	messages13_hello(&f);
	assert_int_equal(client_hello_parse(rd_of(f.m[0].body, f.m[0].len), &ch), HS_PARSE_OK);
	assert_true(hs_psk_next(&ch.psk_identities, &ch.psk_binders, &psk));
	assert_int_equal(rd_len(&psk.identity), 100);
	assert_int_equal(psk.obfuscated_age, 1499);
	messages13_end();
}

/* What cannot be offered: the handshake is as it was. */
static void test_sessions_that_are_not_offered(void **state)
{
	static const uint8_t ticket[10];
	struct handshake_session s = { .ticket = ticket, .ticket_len = 10, .ems = true };

	(void)state;
	messages13_begin();
	p.client.h = handshake_new(&p.client.cfg, HANDSHAKE_CLIENT, p.now);
	s.suite = TLS_PSK_WITH_AES_128_GCM_SHA256;
	assert_false(handshake_client_resume(p.client.h, &s));
	s.suite = TLS_AES_128_GCM_SHA256;
	s.ticket_len = 0;
	assert_false(handshake_client_resume(p.client.h, &s));
	s.ticket_len = 10;
	p.client.cfg.no_ticket = true;
	assert_false(handshake_client_resume(p.client.h, &s));
	p.client.cfg.no_ticket = false;
	assert_true(handshake_client_resume(p.client.h, &s));
	messages13_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_to_nothing_that_was_offered),
		cmocka_unit_test(test_odd_server_hellos),
		cmocka_unit_test(test_retries_that_ask_for_nothing),
		cmocka_unit_test(test_second_retry),
		cmocka_unit_test(test_suite_changes_after_retry),
		cmocka_unit_test(test_retry_takes_a_key_away),
		cmocka_unit_test(test_unsolicited_extensions),
		cmocka_unit_test(test_certificates_beside_a_psk),
		cmocka_unit_test(test_left_out_messages),
		cmocka_unit_test(test_odd_certificate_messages),
		cmocka_unit_test(test_signature_of_another_handshake),
		cmocka_unit_test(test_wrong_finished),
		cmocka_unit_test(test_tickets_of_a_session),
		cmocka_unit_test(test_sessions_that_are_not_offered),
	};

	return cmocka_run_group_tests(tests, messages13_setup_with_certificates,
				      messages13_teardown_with_certificates);
}
