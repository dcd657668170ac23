/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth12.h"

#include "cert_steps.h"

static const struct suite *ecdsa_suite(void)
{
	return suite_by_id(TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8);
}

static void begin(const struct suite *suite, enum client_auth auth)
{
	steps_begin();
	pair_use_certs(&p, suite, auth);
	pair_peer_name_len = 0;
	pair_peers_judged = 0;
}

static void expect_completed(enum credential_kind auth)
{
	assert_true(p.server.installed);
	assert_true(p.client.installed);
	assert_memory_equal(&p.client.session.epochs[1].keys, &p.server.session.epochs[1].keys,
			    sizeof(struct traffic_keys));
	assert_int_equal(p.server.credential.kind, auth);
	assert_in_range(p.server.memory.peak, 1, HANDSHAKE_MEMORY_MAX);
	assert_in_range(p.client.memory.peak, 1, HANDSHAKE_MEMORY_MAX);
	assert_int_equal(p.server.n_nonces, 1);
}

/* checklist 43, 45: every suite, in every group, with and without RFC 7627. */
static void test_every_suite_completes(void **state)
{
	static const uint16_t groups[] = { ECDHE_SECP256R1, ECDHE_X25519 };

	(void)state;
	for (size_t i = 0; i < 4 * SUITE_12_N; i++) {
		const struct suite *suite = suite_at(i / 4);

		begin(suite, CLIENT_AUTH_REQUIRED);
		/* x25519 alone would rule out certificates of secp256r1 (RFC 8422 §5.1.1). */
		p.server_policy.groups[0] = groups[i % 2];
		p.server_policy.n_groups = 1;
		p.client.cfg.no_ems = i / 2 % 2;
		steps_run();
		expect_completed(suite_has_psk(suite) ? CREDENTIAL_PSK : CREDENTIAL_X509);
		assert_ptr_equal(p.server.session.epochs[1].suite, suite);
		if (!suite_has_psk(suite)) {
			assert_int_equal(pair_peers_judged, 2); /* each by the other */
			assert_int_equal(pair_peer_name_len, 8);
			assert_memory_equal(pair_peer_name, "device 1", 8);
		}
		steps_end();
	}
}

static void test_a_client_need_not_show_itself_unless_it_must(void **state)
{
	(void)state;
	begin(ecdsa_suite(), CLIENT_AUTH_NONE);
	steps_run();
	expect_completed(CREDENTIAL_NONE);
	steps_end();
	begin(ecdsa_suite(), CLIENT_AUTH_OPTIONAL);
	p.client.cfg.own_find = NULL;
	steps_run();
	expect_completed(CREDENTIAL_NONE);
	steps_end();
	/* bad-input G1 */
	begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
	p.client.cfg.own_find = NULL;
	steps_run();
	assert_true(p.server.failed);
	assert_int_equal(p.server.why, STATUS_HS_NO_CERT);
	assert_int_equal(p.client.why, STATUS_HS_ALERT);
	steps_end();
}

/* checklist 46; RFC 7250 both ways. */
static void test_raw_public_keys(void **state)
{
	(void)state;
	for (enum client_auth auth = CLIENT_AUTH_NONE; auth <= CLIENT_AUTH_REQUIRED; auth++) {
		begin(ecdsa_suite(), auth);
		p.client_policy.client_rpk = true;
		p.server_policy.client_rpk = true;
		p.server_policy.client_x509 = false;
		steps_run();
		expect_completed(auth == CLIENT_AUTH_NONE ? CREDENTIAL_NONE : CREDENTIAL_RPK);
		if (auth != CLIENT_AUTH_NONE)
			assert_memory_equal(pair_peer_name, "key 1", 5);
		steps_end();
	}
}

static void test_ed25519_servers(void **state)
{
	struct x509_own *kept = pair_certs.server_own;

	(void)state;
	begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
	pair_certs.server_own = pair_certs.ed25519_own;
	steps_run();
	pair_certs.server_own = kept;
	expect_completed(CREDENTIAL_X509);
	steps_end();
}

/* checklist 45: Ed25519 signs the messages themselves, in every suite. */
static void test_ed25519_clients(void **state)
{
	struct x509_own *kept = pair_certs.device_own;

	(void)state;
	pair_certs.device_own = pair_certs.ed25519_own;
	for (size_t i = 0; i < SUITE_12_N; i++) {
		if (suite_has_psk(suite_at(i)))
			continue;
		begin(suite_at(i), CLIENT_AUTH_REQUIRED);
		steps_run();
		expect_completed(CREDENTIAL_X509);
		assert_memory_equal(pair_peer_name, "server", 6);
		steps_end();
	}
	pair_certs.device_own = kept;
}

/* Memory that fails at any one point fails a handshake, and nothing else: where it is that of the
 * messages, only clients that sign them. */
static void test_ed25519_clients_without_memory(void **state)
{
	struct x509_own *kept = pair_certs.device_own;
	unsigned n_failed = 0, n_messages = 0;

	(void)state;
	pair_certs.device_own = pair_certs.ed25519_own;
	for (size_t at = 1; at < 40; at++) {
		begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
		p.server.memory.fail_at = p.server.memory.n_allocs + at;
		if (pair_start(&p))
			pair_flush(&p);
		n_failed += p.server.failed;
		n_messages += p.server.failed && p.server.why == STATUS_HS_CERT;
		steps_end();
	}
	pair_certs.device_own = kept;
	assert_in_range(n_failed, 2, 38);
	assert_in_range(n_messages, 1, 2);
}

/* Whoever is not taken hears why, by the alert's name (bad-input G6). */
static void test_refusals_have_their_alerts(void **state)
{
	const struct {
		struct pki_want want;
		enum status why;
		enum alert alert;
	} rows[] = {
		{ { .cn = "x", .not_after_s = PKI_NOW - 60 },
		  STATUS_HS_CERT_EXPIRED,
		  ALERT_CERTIFICATE_EXPIRED },
		{ { .cn = "x", .ext_key_usage = "serverAuth" },
		  STATUS_HS_CERT,
		  ALERT_UNSUPPORTED_CERTIFICATE },
		{ { .cn = NULL }, STATUS_HS_CERT, ALERT_CERTIFICATE_UNKNOWN },
	};
	struct x509_own *kept = pair_certs.device_own;
	struct pki_dir dir;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pki_cert cert = pki_issue(&pair_certs.root, pki_p256(), &rows[i].want);
		struct pair_datagram d;

		pki_dir_new(&dir);
		pair_certs.device_own = pair_own(&dir, &cert, "x");
		begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
		d = steps_key_exchange();
		pair_deliver(&p, true, d.bytes, d.len);
		steps_expect_failed(rows[i].why, rows[i].alert);
		steps_end();
		x509_own_put(pair_certs.device_own);
		pki_free(&cert);
		pki_dir_free(&dir);
	}
	pair_certs.device_own = kept;
}

/* Up to the server's wait for the client's certificate; the client's flight is returned. */
static struct pair_datagram at_certificate(void)
{
	begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
	return steps_key_exchange();
}

static struct pair_datagram in_state(uint8_t state)
{
	struct pair_datagram flight = at_certificate(), d;
	unsigned n = 0;

	if (state == S12_CLIENT_KEY_EXCHANGE)
		n = 1;
	else if (state == S12_CERTIFICATE_VERIFY)
		n = 2;
	else if (state == S12_FINISHED)
		n = 3;
	for (unsigned i = 0; i < n; i++) {
		d = steps_record(&flight, i);
		steps_deliver(&d);
	}
	assert_int_equal(p.server.h->state, state);
	return flight;
}

static bool listed(uint8_t state, unsigned type)
{
	for (size_t i = 0; i < server12_n_rows; i++)
		if (server12_rows[i].state == state && server12_rows[i].type == type)
			return true;
	return false;
}

/* bad-input G2: a certificate without its proof, a proof without its certificate, and everything
 * else out of place. */
static void test_only_listed_messages_succeed(void **state)
{
	static const uint8_t states[] = { S12_CERTIFICATE, S12_CLIENT_KEY_EXCHANGE,
					  S12_CERTIFICATE_VERIFY };

	(void)state;
	for (size_t i = 0; i < sizeof(states); i++) {
		for (unsigned type = 0; type < 25; type++) {
			struct steps_fragment f = { .type = (uint8_t)type };
			struct pair_datagram d;

			if (listed(states[i], type))
				continue;
			in_state(states[i]);
			f.seq = p.server.h->in.next;
			d = steps_plain_fragment(&f);
			steps_deliver(&d);
			steps_expect_failed(STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
			steps_end();
		}
	}
}

/* A Finished that follows the key exchange at once does not stand for the CertificateVerify. */
static void test_no_session_without_the_proof(void **state)
{
	struct pair_datagram flight = at_certificate(), d;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		if (i == 2)
			continue;
		d = steps_record(&flight, i);
		steps_deliver(&d);
	}
	assert_false(p.server.installed);
	steps_expect_waiting(S12_CERTIFICATE_VERIFY);
	d = steps_record(&flight, 2);
	steps_deliver(&d);
	pair_flush(&p);
	expect_completed(CREDENTIAL_X509);
	steps_end();
}

/* bug 69 of hostile.md: each bit of the proof. */
static void test_a_wrong_proof_is_decrypt_error(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 60; at += 7) {
		struct pair_datagram flight = in_state(S12_CERTIFICATE_VERIFY), d;

		d = steps_record(&flight, 2);
		d.bytes[13 + 12 + 4 + 8 + at] ^= 1;
		steps_deliver(&d);
		steps_expect_failed(STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
		steps_end();
	}
}

/* The scheme is one of those that were asked for, and the key's. */
static void test_other_schemes_are_refused(void **state)
{
	static const uint16_t schemes[] = { 0x0203, 0x0401, 0x0503, 0x0804, 0x0807, 0x0000 };

	(void)state;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct pair_datagram flight = in_state(S12_CERTIFICATE_VERIFY), d;

		d = steps_record(&flight, 2);
		d.bytes[13 + 12] = (uint8_t)(schemes[i] >> 8);
		d.bytes[13 + 13] = (uint8_t)schemes[i];
		steps_deliver(&d);
		steps_expect_failed(STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
		steps_end();
	}
}

/* A proof of another handshake: signatures cover both randoms. */
static void test_a_proof_of_another_handshake_is_refused(void **state)
{
	struct pair_datagram old = at_certificate(), flight, d;

	(void)state;
	steps_end();
	flight = in_state(S12_CERTIFICATE_VERIFY);
	(void)flight;
	d = steps_record(&old, 2);
	steps_deliver(&d);
	steps_expect_failed(STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	steps_end();
}

/* bad-input G4: a chain beyond the cap is refused by its first fragment's header. */
static void test_oversized_certificates_are_refused_unread(void **state)
{
	struct steps_fragment f = { .type = HS_CERTIFICATE, .n = 100 };
	struct pair_datagram d;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		in_state(S12_CERTIFICATE);
		f.seq = p.server.h->in.next;
		f.len = i == 0 ? 16777215 : REASSEMBLY_CERTIFICATE_MAX + 1;
		d = steps_plain_fragment(&f);
		steps_deliver(&d);
		steps_expect_failed(STATUS_HS_FRAGMENT, ALERT_ILLEGAL_PARAMETER);
		assert_int_equal(pair_peers_judged, 1); /* the server, by the client */
		steps_end();
	}
	/* Where none was asked for, its message is as small as others. */
	begin(pair_suite(KX_ECDHE_PSK, 0), CLIENT_AUTH_REQUIRED);
	steps_key_exchange();
	f.seq = (uint16_t)(p.server.h->in.next + 1);
	f.len = REASSEMBLY_MESSAGE_MAX + 1;
	d = steps_plain_fragment(&f);
	steps_deliver(&d);
	steps_expect_failed(STATUS_HS_FRAGMENT, ALERT_ILLEGAL_PARAMETER);
	steps_end();
}

static void test_damaged_certificate_messages(void **state)
{
	static const struct {
		uint8_t body[8];
		size_t len;
		enum alert alert;
	} rows[] = {
		{ { 0, 0 }, 2, ALERT_DECODE_ERROR },
		{ { 0, 0, 1 }, 3, ALERT_DECODE_ERROR },
		{ { 0, 0, 0, 0 }, 4, ALERT_DECODE_ERROR },
		{ { 0, 0, 3, 0, 0, 0 }, 6, ALERT_BAD_CERTIFICATE }, /* an empty certificate */
		{ { 0, 0, 5, 0, 0, 2, 0x30, 0 }, 8, ALERT_BAD_CERTIFICATE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair_datagram d;

		in_state(S12_CERTIFICATE);
		d = steps_message(HS_CERTIFICATE, p.server.h->in.next, rows[i].body, rows[i].len);
		steps_deliver(&d);
		assert_true(p.server.failed);
		steps_expect_alert(false, rows[i].alert);
		steps_end();
	}
}

/* bad-input G5; RFC 8422 §5.7: whatever stands for the client's public key. */
static void test_bad_points_are_illegal_parameters(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t body[80] = { i < 2 ? 65 : (uint8_t)(i == 2 ? 1 : 79) };
		struct pair_datagram d;

		begin(ecdsa_suite(), CLIENT_AUTH_NONE);
		p.server_policy.groups[0] = ECDHE_SECP256R1;
		steps_key_exchange();
		body[1] = i == 1 ? 4 : 0;
		d = steps_message(HS_CLIENT_KEY_EXCHANGE, p.server.h->in.next, body,
				  (size_t)body[0] + 1);
		steps_deliver(&d);
		steps_expect_failed(STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
		steps_end();
	}
}

/* bad-input F1: with an ephemeral key too, an unknown identity looks like a wrong key. */
static void test_unknown_identity_is_a_wrong_key(void **state)
{
	struct pair_datagram flight;

	(void)state;
	begin(pair_suite(KX_ECDHE_PSK, 0), CLIENT_AUTH_NONE);
	p.psk[0] ^= 1;
	flight = steps_key_exchange();
	steps_deliver(&flight);
	assert_false(p.server.installed);
	assert_int_equal(p.n_queue, 0);
	steps_expect_waiting(S12_FINISHED);
	steps_end();
}

/* The server's flight on its way to a client, one byte of one of its messages damaged. */
static void refuse_damaged(unsigned record, unsigned at)
{
	struct pair_datagram flight, d;

	begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
	flight = steps_server_hello();
	for (unsigned i = 0; i < 5 && p.client.h != NULL; i++) {
		d = steps_record(&flight, i);
		if (at >= d.len)
			break;
		if (i == record)
			d.bytes[at] ^= 0x40;
		steps_deliver(&d);
	}
	assert_false(p.client.installed);
	p.n_queue = 0;
	steps_end();
}

static void test_clients_refuse_damaged_servers(void **state)
{
	(void)state;
	for (unsigned record = 1; record < 4; record++) {
		for (unsigned at = 13 + 12; at < 13 + 12 + 60; at += 9)
			refuse_damaged(record, at);
	}
}

/* A server that nobody vouches for. */
static void test_clients_refuse_unknown_servers(void **state)
{
	struct pair_datagram flight;

	(void)state;
	begin(ecdsa_suite(), CLIENT_AUTH_NONE);
	p.verify_peer = NULL;
	flight = steps_server_hello();
	steps_deliver(&flight);
	assert_true(p.client.failed);
	assert_int_equal(p.client.why, STATUS_HS_CERT);
	steps_expect_alert(true, ALERT_CERTIFICATE_UNKNOWN);
	steps_end();
}

/* Jobs that fail end the handshake; whatever they made is released (the leak checker looks). */
static void test_failed_jobs(void **state)
{
	(void)state;
	for (unsigned after = 0; after < 12; after++) {
		unsigned n = 0;
		struct handshake_job *job;

		begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
		p.slow_jobs = true;
		assert_true(pair_start(&p));
		for (unsigned round = 0; round < 30; round++) {
			pair_flush(&p);
			if (p.server.h == NULL || (job = handshake_job(p.server.h)) == NULL)
				continue;
			const struct job_lookup lookup = pair_lookup(&p);

			job_run(job, &lookup);
			job->failed |= n++ == after;
			handshake_job_done(p.server.h, p.now);
			pair_drain(&p, &p.server);
		}
		assert_int_equal(p.server.installed, after >= n);
		if (after < n)
			assert_int_equal(p.server.why, STATUS_HS_INTERNAL);
		steps_end();
	}
	/* Freed while a job is under way. */
	begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
	p.slow_jobs = true;
	steps_run();
	job_run(handshake_job(p.server.h), &(struct job_lookup){ .find = NULL });
	steps_end();
}

/* bad-input N8: every allocation in turn. */
static void test_no_memory(void **state)
{
	(void)state;
	for (size_t fail = 1; fail < 10; fail++) {
		begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
		p.server.memory.fail_at = fail;
		steps_run();
		for (unsigned i = 0; i < 8 && !p.server.installed && !p.server.failed; i++) {
			p.now += 4 * PAIR_SECOND;
			pair_timers(&p);
			pair_flush(&p);
		}
		steps_end();
	}
}

/* Datagrams of the smallest size: certificates in many pieces. */
static void test_small_datagrams(void **state)
{
	(void)state;
	begin(ecdsa_suite(), CLIENT_AUTH_REQUIRED);
	p.client.cfg.mtu = p.server.cfg.mtu = FLIGHT_DATAGRAM_MIN;
	steps_run();
	expect_completed(CREDENTIAL_X509);
	steps_end();
}

/* RFC 5246 §7.4.8: with SHA-384 for the handshake, CertificateVerify has SHA-256 all the same. */
static void test_certificate_verify_has_its_own_hash(void **state)
{
	struct transcript *t = transcript_new(PRF_SHA384), *u = transcript_new(PRF_SHA256),
			  *none = transcript_new(PRF_SHA384);
	uint8_t a[HASH_MAX], b[HASH_MAX];

	(void)state;
	transcript_keep_sha256(t);
	transcript_keep_sha256(u);
	assert_true(transcript_add(t, (const uint8_t *)"abc", 3));
	assert_true(transcript_add(u, (const uint8_t *)"abc", 3));
	assert_int_equal(transcript_sha256(t, a), 32);
	assert_int_equal(transcript_sha256(u, b), 32);
	assert_memory_equal(a, b, 32);
	assert_int_equal(transcript_hash(u, b), 32);
	assert_memory_equal(a, b, 32);
	assert_int_equal(transcript_hash(t, a), 48);
	assert_int_equal(transcript_sha256(none, a), 0);
	transcript_free(t);
	transcript_free(u);
	transcript_free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_suite_completes),
		cmocka_unit_test(test_a_client_need_not_show_itself_unless_it_must),
		cmocka_unit_test(test_raw_public_keys),
		cmocka_unit_test(test_ed25519_servers),
		cmocka_unit_test(test_ed25519_clients),
		cmocka_unit_test(test_ed25519_clients_without_memory),
		cmocka_unit_test(test_refusals_have_their_alerts),
		cmocka_unit_test(test_only_listed_messages_succeed),
		cmocka_unit_test(test_no_session_without_the_proof),
		cmocka_unit_test(test_a_wrong_proof_is_decrypt_error),
		cmocka_unit_test(test_other_schemes_are_refused),
		cmocka_unit_test(test_a_proof_of_another_handshake_is_refused),
		cmocka_unit_test(test_oversized_certificates_are_refused_unread),
		cmocka_unit_test(test_damaged_certificate_messages),
		cmocka_unit_test(test_bad_points_are_illegal_parameters),
		cmocka_unit_test(test_unknown_identity_is_a_wrong_key),
		cmocka_unit_test(test_clients_refuse_damaged_servers),
		cmocka_unit_test(test_clients_refuse_unknown_servers),
		cmocka_unit_test(test_failed_jobs),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_small_datagrams),
		cmocka_unit_test(test_certificate_verify_has_its_own_hash),
	};

	return cmocka_run_group_tests(tests, cert_steps_setup, cert_steps_teardown);
}
