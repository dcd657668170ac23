/* SPDX-License-Identifier: BSD-3-Clause */
#include "server13.h"

#include "client13.h"
#include "expect13.h"
#include "hellos13.h"

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
		expect13_failed(&p.server, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
		jobs[unknown] = p.n_jobs;
		messages13_end();
	}
	assert_int_equal(jobs[0], jobs[1]);
}

/* checklist 44, 45: and again by a HelloRetryRequest. */
static void test_certificate_completes(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * SUITE_13_N; i++) {
		const struct suite *suite;

		messages13_begin_with_certificates(CLIENT_AUTH_NONE);
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
		messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
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
	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
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
	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
	p.client.cfg.own_find = NULL;
	run();
	expect13_failed(&p.server, STATUS_HS_NO_CERT, ALERT_CERTIFICATE_REQUIRED);
	messages13_end();
	messages13_begin_with_certificates(CLIENT_AUTH_OPTIONAL);
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
	messages13_begin_with_certificates(CLIENT_AUTH_NONE);
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
	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
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
	assert_int_equal(p.client.h->v13->psk_index, 1);
	messages13_end();
}

/* A hello with something else in it, whose binder is right nevertheless. */
static struct message13 *odd_hello(struct flight13 *f)
{
	messages13_begin();
	messages13_hello(f);
	return &f->m[0];
}

/* checklist 33, bad-input L12: whatever legacy_session_id is, it is not echoed; 54: early_data is
 * not answered, and the handshake goes on without. */
static void test_legacy_session_id_and_early_data(void **state)
{
	static const uint8_t session_id[33] = { 32, 1, 2, 3 };
	struct server_hello13 sh;
	struct flight13 f;
	struct message13 *m;

	(void)state;
	m = odd_hello(&f);
	messages13_splice(m, 34, 1, session_id, sizeof(session_id));
	messages13_add(m, EXT_EARLY_DATA, NULL, 0);
	messages13_bind(m);
	messages13_give(&p.server, m);
	messages13_take(&p.server, &f);
	assert_int_equal(f.n, 3);
	assert_int_equal(server_hello13_parse(rd_of(f.m[0].body, f.m[0].len), &sh), HS_PARSE_OK);
	assert_int_equal(rd_len(&sh.session_id), 0);
	assert_true(sh.has_psk);
	assert_int_equal(f.m[1].len, 2); /* EncryptedExtensions of nothing */
	messages13_end();
}

static bool asks_to_resume(const uint8_t *body, size_t len)
{
	uint8_t hello[HELLO_MAX];

	return handshake_hello_resumes(&p.server.cfg, hello, hello_wrap(hello, body, len, 0, 0));
}

/* bad-input H1: what asks for a session in DTLS 1.2 is nothing in a hello that gets 1.3. */
static void test_hello_of_12_sessions_does_not_resume(void **state)
{
	static const uint8_t session_id[] = { 1, 7 };
	struct flight13 f;
	struct message13 *m;

	(void)state;
	m = odd_hello(&f);
	p.server.cfg.tickets = p.server.cfg.session_ids = true;
	messages13_add(m, EXT_SESSION_TICKET, "ticket", 6);
	messages13_splice(m, 34, 1, session_id, sizeof(session_id));
	assert_false(asks_to_resume(m->body, m->len));
	messages13_end();
}

/* As many PSKs as are looked at, and one of them as long as a ticket. */
static void test_hello_with_a_ticket_resumes(void **state)
{
	static const uint8_t ticket[SESSION_STATE_MIN];
	struct hello13 hello;
	uint8_t body[HELLO_MAX];

	(void)state;
	messages13_begin();
	for (unsigned i = 0; i < 5; i++) {
		hello13_plain(&hello);
		for (unsigned n = 0; n < 5; n++)
			hello13_psk(&hello, 32);
		p.server.cfg.tickets = true;
		hello.psks[i].identity = ticket;
		hello.psks[i].identity_len = sizeof(ticket) - 1;
		assert_false(asks_to_resume(body, hello13_body(body, &hello)));
		hello.psks[i].identity_len = sizeof(ticket);
		assert_int_equal(asks_to_resume(body, hello13_body(body, &hello)), i < 4);
		p.server.cfg.tickets = false;
		assert_false(asks_to_resume(body, hello13_body(body, &hello)));
	}
	messages13_end();
}

enum odd {
	ODD_BINDER,
	ODD_TRUNCATED_BINDER,
	ODD_NOT_LAST,
	ODD_TWICE,
	ODD_NO_MODES,
	ODD_NO_SHARE,
	ODD_NO_GROUPS,
	ODD_LEGACY_COOKIE,
	ODD_NO_VERSION,
	ODD_RETRY_COOKIE,
	ODD_N
};

static void odd_make(struct message13 *m, enum odd odd)
{
	static const uint8_t cookie[] = { 0, 3, 'a', 'b', 'c' }, legacy[] = { 1, 9 };
	uint8_t copy[256];
	size_t len, at;

	switch (odd) {
	case ODD_BINDER:
		m->body[m->len - 1] ^= 1;
		break;
	case ODD_TRUNCATED_BINDER:
		m->body[m->len - 33] = 31;
		break;
	case ODD_NOT_LAST:
		at = messages13_extension(m, EXT_PRE_SHARED_KEY, &len);
		memcpy(copy, m->body + at, len);
		messages13_splice(m, at, len, NULL, 0);
		messages13_splice(m, messages13_block(m) + 2, 0, copy, len);
		break;
	case ODD_TWICE:
		messages13_add(m, EXT_PSK_KEY_EXCHANGE_MODES, "\1\1", 2);
		break;
	case ODD_NO_MODES:
		messages13_remove(m, EXT_PSK_KEY_EXCHANGE_MODES);
		break;
	case ODD_NO_SHARE:
		messages13_remove(m, EXT_KEY_SHARE);
		break;
	case ODD_NO_GROUPS:
		messages13_remove(m, EXT_SUPPORTED_GROUPS);
		break;
	case ODD_LEGACY_COOKIE:
		messages13_splice(m, 35, 1, legacy, sizeof(legacy));
		break;
	case ODD_NO_VERSION:
		messages13_remove(m, EXT_SUPPORTED_VERSIONS);
		break;
	case ODD_RETRY_COOKIE:
		messages13_add(m, EXT_COOKIE, cookie, sizeof(cookie));
		break;
	case ODD_N:
		break;
	}
}

/* bad-input C and F, checklist 33, 49, 60: each by its alert (RFC 8446 §6.2). */
static void test_odd_hellos(void **state)
{
	static const struct {
		enum status why;
		enum alert alert;
	} rows[ODD_N] = {
		[ODD_BINDER] = { STATUS_HS_AUTH, ALERT_DECRYPT_ERROR },
		[ODD_TRUNCATED_BINDER] = { STATUS_HS_MALFORMED, ALERT_DECODE_ERROR },
		[ODD_NOT_LAST] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		[ODD_TWICE] = { STATUS_HS_MALFORMED, ALERT_DECODE_ERROR },
		[ODD_NO_MODES] = { STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION },
		[ODD_NO_SHARE] = { STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION },
		[ODD_NO_GROUPS] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		[ODD_LEGACY_COOKIE] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		[ODD_NO_VERSION] = { STATUS_HELLO_VERSION, ALERT_PROTOCOL_VERSION },
		[ODD_RETRY_COOKIE] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
	};

	(void)state;
	for (enum odd odd = 0; odd < ODD_N; odd++) {
		struct flight13 f;
		struct message13 *m = odd_hello(&f);

		odd_make(m, odd);
		if (odd > ODD_TRUNCATED_BINDER && odd != ODD_NOT_LAST)
			messages13_bind(m);
		messages13_give(&p.server, m);
		expect13_failed(&p.server, rows[odd].why, rows[odd].alert);
		messages13_end();
	}
}

/* bad-input C1: every truncation of a hello; nothing is read beyond its end. */
static void test_truncated_hellos(void **state)
{
	struct flight13 f;
	size_t len;

	(void)state;
	messages13_begin();
	messages13_hello(&f);
	len = f.m[0].len;
	messages13_end();
	for (size_t cut = 0; cut < len; cut++) {
		struct message13 *m = odd_hello(&f);

		m->len = cut;
		messages13_give(&p.server, m);
		assert_int_equal(p.server.h->outcome, CONNECTION_FAILED);
		messages13_end();
	}
}

/* The second hello of a client, and what the retry asked for. */
static struct message13 *second_hello(struct flight13 *f, uint16_t group)
{
	struct flight13 retry;

	messages13_begin();
	only_group(&p.server_policy, ECDHE_SECP256R1);
	messages13_hello(f);
	messages13_retry(f, p.server_policy.suites[0], group, &retry);
	messages13_flight(&p.client, &retry);
	messages13_take(&p.client, f);
	return &f->m[0];
}

/* bad-input C10, E5, D6. That all else is as it was, the gate knows by the cookie's MAC. */
static void test_second_hello_changed(void **state)
{
	struct flight13 f;
	struct message13 *m;
	size_t at, len;

	(void)state;
	m = second_hello(&f, ECDHE_SECP256R1);
	at = messages13_extension(m, EXT_KEY_SHARE, &len);
	m->body[at + 7] = ECDHE_X25519; /* another group's number */
	messages13_give(&p.server, m);
	expect13_failed(&p.server, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();
	m = second_hello(&f, ECDHE_SECP256R1);
	at = messages13_extension(m, EXT_KEY_SHARE, &len);
	m->body[at + 12] ^= 1; /* no point of the curve; its binder is wrong besides */
	messages13_give(&p.server, m);
	expect13_failed(&p.server, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	messages13_end();
	m = second_hello(&f, ECDHE_SECP256R1);
	m->body[2] ^= 1; /* the random: a binder covers it */
	messages13_give(&p.server, m);
	expect13_failed(&p.server, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	messages13_end();
}

/* bad-input D: key shares that are none. */
static void test_bad_points(void **state)
{
	static const uint16_t groups[] = { ECDHE_SECP256R1, ECDHE_X25519 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct flight13 f;
		size_t at, len;

		messages13_begin();
		only_group(&p.client_policy, groups[i]);
		messages13_hello(&f);
		at = messages13_extension(&f.m[0], EXT_KEY_SHARE, &len);
		memset(f.m[0].body + at + 10, 0, len - 10); /* not on the curve; of low order */
		messages13_bind(&f.m[0]);
		messages13_give(&p.server, &f.m[0]);
		expect13_failed(&p.server, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
		messages13_end();
	}
}

/* The client's last flight, taken and not given. */
static void last_flight(struct flight13 *f)
{
	messages13_hello(f);
	messages13_flight(&p.server, f);
	messages13_take(&p.server, f);
	messages13_flight(&p.client, f);
	messages13_take(&p.client, f);
	expect_running();
}

/* checklist 60 */
static void test_wrong_finished(void **state)
{
	struct flight13 f;

	(void)state;
	for (int i = 0; i < 2; i++) {
		messages13_begin();
		last_flight(&f);
		if (i == 0)
			f.m[0].body[31] ^= 1;
		else
			f.m[0].len--;
		messages13_flight(&p.server, &f);
		if (i == 0)
			expect13_failed(&p.server, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
		else
			expect13_failed(&p.server, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
		messages13_end();
	}
}

enum bad_verify {
	BAD_SIGNATURE,
	BAD_CONTEXT,
	BAD_SCHEME,
	BAD_PKCS1,
	BAD_MISSING,
	BAD_LENGTH,
	BAD_N
};

/* What the server would have signed, by the client's key. */
static void verify_of_other_context(struct message13 *m)
{
	uint8_t input[HS_VERIFY13_INPUT_MAX], signature[SIGNATURE_MAX];
	struct signature_input in = { .bytes = input };
	struct wr w = wr_of(m->body, sizeof(m->body));
	size_t len;

	assert_true(connection_hash(p.server.h));
	in.len = certificate_verify13_input(input, true, p.server.h->hash, p.server.h->hash_len);
	assert_true(signature_sign(x509_own_key(pair_certs.device_own), &in, signature, &len));
	hs_signature_write(&w, SIGNATURE_ECDSA_SECP256R1_SHA256, signature, len);
	m->len = wr_len(&w);
}

/* bad-input G2, CVE-2025-12889, the bugs 34, 69 and 71 of others. */
static void test_bad_certificate_verify(void **state)
{
	static const struct {
		enum status why;
		enum alert alert;
	} rows[BAD_N] = {
		[BAD_SIGNATURE] = { STATUS_HS_AUTH, ALERT_DECRYPT_ERROR },
		[BAD_CONTEXT] = { STATUS_HS_AUTH, ALERT_DECRYPT_ERROR },
		[BAD_SCHEME] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		[BAD_PKCS1] = { STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
		[BAD_MISSING] = { STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE },
		[BAD_LENGTH] = { STATUS_HS_MALFORMED, ALERT_DECODE_ERROR },
	};

	(void)state;
	for (enum bad_verify bad = 0; bad < BAD_N; bad++) {
		struct flight13 f;
		struct message13 *m;

		messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
		last_flight(&f);
		assert_int_equal(f.n, 3);
		messages13_give(&p.server, &f.m[0]);
		m = messages13_of(&f, HS_CERTIFICATE_VERIFY);
		if (bad == BAD_SIGNATURE)
			m->body[m->len - 1] ^= 1;
		else if (bad == BAD_CONTEXT)
			verify_of_other_context(m);
		else if (bad == BAD_SCHEME)
			bytes_put_u16(m->body, 0x0503); /* ecdsa_secp384r1_sha384 */
		else if (bad == BAD_PKCS1)
			bytes_put_u16(m->body, SIGNATURE_RSA_PKCS1_SHA256);
		else if (bad == BAD_LENGTH)
			m->len--;
		messages13_give(&p.server, bad == BAD_MISSING ? &f.m[2] : m);
		expect13_failed(&p.server, rows[bad].why, rows[bad].alert);
		messages13_end();
	}
}

/* RFC 8446 §4.4.2: the context is that of the request, which was empty; and no more than one raw
 * key. */
static void test_bad_certificates(void **state)
{
	struct flight13 f;
	struct message13 *m;
	size_t len;

	(void)state;
	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
	last_flight(&f);
	messages13_splice(&f.m[0], 0, 1, "\1x", 2);
	messages13_give(&p.server, &f.m[0]);
	expect13_failed(&p.server, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();

	messages13_begin_with_certificates(CLIENT_AUTH_REQUIRED);
	p.client_policy.client_rpk = p.server_policy.client_rpk = true;
	last_flight(&f);
	m = &f.m[0];
	len = m->len - 4;
	messages13_splice(m, m->len, 0, m->body + 4, len);
	m->body[2] = (uint8_t)(2 * len >> 8);
	m->body[3] = (uint8_t)(2 * len);
	messages13_give(&p.server, m);
	expect13_failed(&p.server, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	messages13_end();
}

/* checklist 53: a ticket of one version is nothing to the other. */
static void test_tickets_keep_to_their_version(void **state)
{
	struct session_state s;

	(void)state;
	messages13_begin();
	session_make(1);
	assert_true(session_state_parse(rd_of(p.ticket, p.session.ticket_len), &s));
	s.suite = TLS_PSK_WITH_AES_128_GCM_SHA256; /* as one of 1.2, of the same secret */
	s.ems = true;
	struct wr w = wr_of(p.ticket, sizeof(p.ticket));
	session_state_write(&w, &s);
	run();
	expect_completed();
	assert_false(p.server.h->resumed || p.client.h->resumed);
	messages13_end();
}

/* bugs 39: a session of another name, and one whose key was replaced, make full handshakes. */
static void test_sessions_that_do_not_fit(void **state)
{
	struct session_state s;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct wr w = wr_of(p.ticket, sizeof(p.ticket));

		messages13_begin();
		session_make(1);
		assert_true(session_state_parse(rd_of(p.ticket, p.session.ticket_len), &s));
		if (i == 0)
			s.host ^= 1;
		else
			s.binding ^= 1;
		session_state_write(&w, &s);
		run();
		expect_completed();
		assert_false(p.server.h->resumed);
		messages13_end();
	}
}

/* A session with nobody, of a server that takes anybody: one that goes by keys does not. */
static void test_session_with_nobody(void **state)
{
	(void)state;
	messages13_begin_with_certificates(CLIENT_AUTH_NONE);
	session_make(1);
	p.server.cfg.own_find = NULL;
	run();
	assert_false(p.server.h->resumed);
	assert_int_equal(p.server.h->outcome, CONNECTION_FAILED);
	messages13_end();
}

/* A ticket that is a session's, and a binder that is not: its holder has not the secret. */
static void test_stolen_ticket(void **state)
{
	(void)state;
	messages13_begin();
	session_make(1);
	p.session.master[0] ^= 1;
	run();
	expect13_failed(&p.server, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	messages13_end();
}

/* Memory and randomness that fail at every place: an end, and nothing lost. */
static void test_failures(void **state)
{
	(void)state;
	messages13_begin();
	p.server.random_fails = true;
	run();
	expect13_failed(&p.server, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	messages13_end();
	messages13_begin();
	p.job_fails = true;
	run();
	assert_int_equal(p.client.h->outcome, CONNECTION_FAILED);
	messages13_end();
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
		cmocka_unit_test(test_legacy_session_id_and_early_data),
		cmocka_unit_test(test_hello_of_12_sessions_does_not_resume),
		cmocka_unit_test(test_hello_with_a_ticket_resumes),
		cmocka_unit_test(test_odd_hellos),
		cmocka_unit_test(test_truncated_hellos),
		cmocka_unit_test(test_second_hello_changed),
		cmocka_unit_test(test_bad_points),
		cmocka_unit_test(test_wrong_finished),
		cmocka_unit_test(test_bad_certificate_verify),
		cmocka_unit_test(test_bad_certificates),
		cmocka_unit_test(test_tickets_keep_to_their_version),
		cmocka_unit_test(test_sessions_that_do_not_fit),
		cmocka_unit_test(test_session_with_nobody),
		cmocka_unit_test(test_stolen_ticket),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, messages13_setup_with_certificates,
				      messages13_teardown_with_certificates);
}
