/* SPDX-License-Identifier: BSD-3-Clause */
#include "server13.h"

#include "client13.h"
#include "messages13.h"
#include "pair_certs.h"

enum { ANY_GROUP = ECDHE_NONE };

static void expect_running(void)
{
	if (p.server.h->outcome == CONNECTION_FAILED || p.client.h->outcome == CONNECTION_FAILED)
		fail_msg("server: %s, alert %d; client: %s, alert %d",
			 status_label(p.server.h->why), p.server.h->alert,
			 status_label(p.client.h->why), p.client.h->alert);
}

static void expect_completed(void)
{
	expect_running();
	assert_int_equal(p.server.h->outcome, CONNECTION_DONE);
	assert_int_equal(p.server.h->state, S13_DONE);
	assert_int_equal(p.client.h->state, C13_DONE);
	assert_memory_equal(&p.client.h->protect.epochs[3].keys,
			    &p.server.h->protect.epochs[3].keys, sizeof(struct traffic_keys));
	assert_memory_equal(p.client.h->master, p.server.h->master, sizeof(p.client.h->master));
}

/* Everything behind the hello that is answered. */
static void finish(struct flight13 *f)
{
	messages13_flight(&p.server, f);
	messages13_take(&p.server, f);
	messages13_flight(&p.client, f);
	messages13_take(&p.client, f);
	messages13_flight(&p.server, f);
}

static void run(void)
{
	struct flight13 f;

	messages13_hello(&f);
	finish(&f);
}

static void run_with_retry(const struct suite *suite, uint16_t group)
{
	struct flight13 f, retry;

	messages13_hello(&f);
	messages13_retry(&f, suite, group, &retry);
	messages13_flight(&p.client, &retry);
	messages13_take(&p.client, &f);
	finish(&f);
}

static const struct suite *only_suite(size_t i)
{
	const struct suite *suite = p.client_policy.suites[i];

	p.client_policy.suites[0] = suite;
	p.client_policy.n_suites = 1;
	return suite;
}

static void only_group(struct hello_policy *policy, uint16_t group)
{
	policy->groups[0] = group;
	policy->n_groups = 1;
}

/* checklist 44, 45, 49: every suite and group, by a HelloRetryRequest and without. */
static void test_psk_dhe_ke_completes(void **state)
{
	static const uint16_t groups[] = { ECDHE_SECP256R1, ECDHE_X25519 };

	(void)state;
	for (size_t i = 0; i < 2 * 2 * SUITE_13_N; i++) {
		const struct suite *suite;

		messages13_begin();
		suite = only_suite(i % SUITE_13_N);
		only_group(&p.client_policy, groups[i / SUITE_13_N % 2]);
		if (i < 2 * SUITE_13_N)
			run();
		else
			run_with_retry(suite, ANY_GROUP);
		expect_completed();
		assert_ptr_equal(p.server.h->suite, suite);
		assert_int_equal(p.server.h->choice.psk_mode, HELLO_PSK_DHE_KE);
		assert_int_equal(p.server.h->credential.kind, CREDENTIAL_PSK);
		assert_int_equal(p.client.h->credential.kind, CREDENTIAL_PSK);
		assert_int_equal(p.server.h->identity_len, sizeof(pair_identity) - 1);
		messages13_end();
	}
}

/* The server wants the group that the client sent no share of. */
static void test_other_group_by_retry(void **state)
{
	(void)state;
	messages13_begin();
	only_group(&p.server_policy, ECDHE_SECP256R1);
	run_with_retry(p.server_policy.suites[0], ECDHE_SECP256R1);
	expect_completed();
	assert_int_equal(p.client.h->own_point_len, ECDHE_PUBLIC_MAX);
	messages13_end();
}

/* checklist 49 */
static void test_psk_ke_completes(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * SUITE_13_N; i++) {
		const struct suite *suite;

		messages13_begin();
		suite = only_suite(i % SUITE_13_N);
		p.client_policy.n_groups = 0;
		p.client_policy.psk_ke = p.server_policy.psk_ke = true;
		if (i < SUITE_13_N)
			run();
		else
			run_with_retry(suite, ANY_GROUP);
		expect_completed();
		assert_int_equal(p.server.h->own_point_len, 0);
		messages13_end();
	}
}

/* CVE-2025-11935: who wants forward secrecy is not talked out of it. */
static void test_psk_ke_is_not_taken_where_not_allowed(void **state)
{
	struct flight13 f;

	(void)state;
	messages13_begin();
	p.client_policy.n_groups = 0;
	p.client_policy.psk_ke = true;
	messages13_hello(&f);
	messages13_flight(&p.server, &f);
	assert_int_equal(p.server.h->outcome, CONNECTION_FAILED);
	messages13_end();
}

static void expect_failed(const struct pair_side *side, enum status why, enum alert alert)
{
	assert_int_equal(side->h->outcome, CONNECTION_FAILED);
	assert_int_equal(side->h->why, why);
	assert_int_equal(side->h->alert, alert);
}

/* bad-input F1, checklist 48: an unknown identity and a wrong key look the same. */
static void test_wrong_key_and_unknown_identity(void **state)
{
	unsigned jobs[2];

	(void)state;
	for (int unknown = 0; unknown < 2; unknown++) {
		struct flight13 f;

		messages13_begin();
		messages13_hello(&f);
		p.n_jobs = 0;
		if (unknown)
			p.psk_len = 0;
		else
			p.psk[0] ^= 1;
		messages13_flight(&p.server, &f);
		expect_failed(&p.server, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
		jobs[unknown] = p.n_jobs;
		messages13_end();
	}
	assert_int_equal(jobs[0], jobs[1]);
}

static void begin_with_certificates(enum client_auth auth)
{
	messages13_begin();
	p.psk_len = 0; /* the client has none */
	p.client_policy.client_x509 = true;
	p.server_policy.client_auth = auth;
	p.server_policy.client_x509 = true;
	p.server.cfg.own_find = pair_server_own;
	p.client.cfg.own_find = pair_client_own;
	p.verify_peer = pair_verify_peer;
	p.still = pair_peer_still;
}

/* checklist 44, 45: and again by a HelloRetryRequest. */
static void test_certificate_completes(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * SUITE_13_N; i++) {
		const struct suite *suite;

		begin_with_certificates(CLIENT_AUTH_NONE);
		suite = only_suite(i % SUITE_13_N);
		if (i < SUITE_13_N)
			run();
		else
			run_with_retry(suite, ANY_GROUP);
		expect_completed();
		assert_int_equal(p.server.h->credential.kind, CREDENTIAL_NONE);
		assert_int_equal(p.client.h->credential.kind, CREDENTIAL_X509);
		messages13_end();
	}
}

/* checklist 47 */
static void test_mutual_certificates_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITE_13_N; i++) {
		begin_with_certificates(CLIENT_AUTH_REQUIRED);
		only_suite(i);
		run();
		expect_completed();
		assert_int_equal(p.server.h->credential.kind, CREDENTIAL_X509);
		assert_int_equal(p.client.h->credential.kind, CREDENTIAL_X509);
		assert_in_range(p.server.memory.peak, 1, HANDSHAKE_MEMORY_MAX);
		messages13_end();
	}
}

/* checklist 46 */
static void test_raw_keys_complete(void **state)
{
	(void)state;
	begin_with_certificates(CLIENT_AUTH_REQUIRED);
	p.client_policy.client_x509 = p.server_policy.client_x509 = false;
	p.client_policy.client_rpk = p.server_policy.client_rpk = true;
	run();
	expect_completed();
	assert_int_equal(p.server.h->credential.kind, CREDENTIAL_RPK);
	assert_int_equal(p.client.h->credential.kind, CREDENTIAL_RPK);
	messages13_end();
}

/* bad-input G1: the alert of RFC 8446 §4.4.2.4; where none is required it goes on. */
static void test_client_without_certificate(void **state)
{
	(void)state;
	begin_with_certificates(CLIENT_AUTH_REQUIRED);
	p.client.cfg.own_find = NULL;
	run();
	expect_failed(&p.server, STATUS_HS_NO_CERT, ALERT_CERTIFICATE_REQUIRED);
	messages13_end();
	begin_with_certificates(CLIENT_AUTH_OPTIONAL);
	p.client.cfg.own_find = NULL;
	run();
	expect_completed();
	assert_int_equal(p.server.h->credential.kind, CREDENTIAL_NONE);
	messages13_end();
}

/* A key that is not known, where there is a certificate: RFC 8446 §4.2.11. */
static void test_unknown_identity_falls_back_to_certificate(void **state)
{
	struct flight13 f;

	(void)state;
	begin_with_certificates(CLIENT_AUTH_NONE);
	p.psk_len = sizeof(pair_key);
	messages13_hello(&f);
	p.psk_len = 0;
	finish(&f);
	expect_completed();
	assert_int_equal(p.client.h->credential.kind, CREDENTIAL_X509);
	assert_int_equal(p.server.h->identity_len, 0);
	messages13_end();
}

/* What the client makes of the tickets in a flight, by the last of them. */
static void tickets_take(const struct flight13 *f)
{
	struct handshake_session base;

	p.client.h->outcome = CONNECTION_DONE; /* its flight was acknowledged */
	assert_true(handshake_resumption(p.client.h, &base));
	for (unsigned i = 0; i < f->n; i++) {
		uint8_t record[MESSAGE13_MAX];
		struct wr w = wr_of(record, sizeof(record));
		uint32_t len = (uint32_t)f->m[i].len;

		assert_int_equal(f->m[i].epoch, 3);
		hs_header_write(&w, f->m[i].type, len, f->m[i].seq, 0, len);
		wr_bytes(&w, f->m[i].body, len);
		assert_true(handshake_ticket(&base, p.now, record, wr_len(&w), &p.session));
		memcpy(p.ticket, p.session.ticket, p.session.ticket_len);
		p.session.ticket = p.ticket;
	}
}

/* A full handshake, and what it leaves to resume; both ends are gone then. */
static void session_make(unsigned n_tickets)
{
	struct flight13 f;

	p.server.cfg.tickets = true;
	p.server.cfg.n_tickets = (uint8_t)n_tickets;
	run();
	expect_completed();
	messages13_take(&p.server, &f);
	assert_int_equal(f.n, n_tickets);
	tickets_take(&f);
	pair_finish(&p);
	p.offers = true;
}

static void test_ticket_resumes_psk(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * SUITE_13_N; i++) {
		const struct suite *suite;
		struct flight13 f;

		messages13_begin();
		suite = only_suite(i % SUITE_13_N);
		session_make(1 + i % 3);
		p.n_finds = 0;
		if (i < SUITE_13_N)
			run();
		else
			run_with_retry(suite, ANY_GROUP);
		expect_completed();
		assert_int_equal(p.n_finds, 1);
		assert_true(p.server.h->resumed && p.client.h->resumed);
		assert_int_equal(p.server.h->credential.kind, CREDENTIAL_PSK);
		assert_int_equal(p.server.h->identity_len, sizeof(pair_identity) - 1);
		assert_int_not_equal(p.server.h->own_point_len, 0); /* a fresh agreement */
		messages13_take(&p.server, &f);
		assert_int_equal(f.n, 0); /* its ticket lives on */
		messages13_end();
	}
}

static void test_ticket_resumes_certificates(void **state)
{
	(void)state;
	begin_with_certificates(CLIENT_AUTH_REQUIRED);
	session_make(2);
	run();
	expect_completed();
	assert_true(p.server.h->resumed && p.client.h->resumed);
	assert_int_equal(p.server.h->credential.kind, CREDENTIAL_X509);
	assert_int_equal(p.client.h->credential.kind, CREDENTIAL_X509);
	messages13_end();
}

/* The key that made the session is in force no more: the client's own, which comes second, is. */
static void test_ticket_of_a_replaced_key_is_passed_over(void **state)
{
	(void)state;
	messages13_begin();
	session_make(1);
	p.keeps_none = true;
	p.still = NULL;
	p.session.lifetime_s = 0;
	p.ticket[10] ^= 1; /* it is another host's */
	run();
	expect_completed();
	assert_false(p.server.h->resumed || p.client.h->resumed);
	assert_int_equal(p.client.h->v13.psk_index, 1);
	messages13_end();
}

static int setup(void **state)
{
	pair_certs_new();
	return messages13_setup(state);
}

static int teardown(void **state)
{
	pair_certs_free();
	return messages13_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_psk_dhe_ke_completes),
		cmocka_unit_test(test_other_group_by_retry),
		cmocka_unit_test(test_psk_ke_completes),
		cmocka_unit_test(test_psk_ke_is_not_taken_where_not_allowed),
		cmocka_unit_test(test_wrong_key_and_unknown_identity),
		cmocka_unit_test(test_certificate_completes),
		cmocka_unit_test(test_mutual_certificates_complete),
		cmocka_unit_test(test_raw_keys_complete),
		cmocka_unit_test(test_client_without_certificate),
		cmocka_unit_test(test_unknown_identity_falls_back_to_certificate),
		cmocka_unit_test(test_ticket_resumes_psk),
		cmocka_unit_test(test_ticket_resumes_certificates),
		cmocka_unit_test(test_ticket_of_a_replaced_key_is_passed_over),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
