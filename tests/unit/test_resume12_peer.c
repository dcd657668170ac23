/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions that certificates and raw keys made: who resumes them, and as whom. */
#include "resume12.h"

#include "cert_steps.h"
#include "credential_equal.h"

enum how { BY_ID, BY_TICKET };

static void expect(bool resumed, enum credential_kind kind)
{
	assert_true(p.client.installed && p.server.installed);
	assert_int_equal(p.client.resumed, resumed);
	assert_int_equal(p.server.resumed, resumed);
	assert_int_equal(p.server.credential.kind, kind);
	assert_memory_equal(&p.client.session.epochs[1].keys, &p.server.session.epochs[1].keys,
			    sizeof(struct traffic_keys));
	assert_in_range(p.server.memory.peak, 1, HANDSHAKE_MEMORY_MAX);
	assert_in_range(p.client.memory.peak, 1, HANDSHAKE_MEMORY_MAX);
}

static void begin(enum how how, const struct suite *suite, enum client_auth auth, bool rpk)
{
	steps_begin();
	pair_use_certs(&p, suite, auth);
	p.server.cfg.session_ids = how == BY_ID;
	p.server.cfg.tickets = how == BY_TICKET;
	p.client_policy.client_rpk = p.server_policy.client_rpk = rpk;
	p.server_policy.client_x509 = !rpk;
	pair_peers_judged = 0;
	pair_utc_s = PKI_NOW;
}

static enum credential_kind kind_of(enum client_auth auth, bool rpk)
{
	return auth == CLIENT_AUTH_NONE ? CREDENTIAL_NONE : rpk ? CREDENTIAL_RPK : CREDENTIAL_X509;
}

/* Two that have met, and are about to meet again. */
static void meet(enum how how, enum client_auth auth, bool rpk)
{
	begin(how, suite_by_id(TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8), auth, rpk);
	steps_run();
	expect(false, kind_of(auth, rpk));
	assert_true(p.has_session);
	pair_again(&p);
}

/* checklist 52, 53; RFC 7252's two modes with certificates and raw keys, and servers that ask for
 * neither: no certificate crosses the wire again, no key is used, and the peer is who it was. */
static void sessions_are_resumed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * 2 * 3; i++) {
		enum client_auth auth = (enum client_auth)(i % 3);
		bool rpk = i / 3 % 2;
		struct credential first;

		meet((enum how)(i / 6), auth, rpk);
		first = p.server.credential;
		/* the client's is of the server */
		assert_int_equal(p.session.credential, rpk ? CREDENTIAL_RPK : CREDENTIAL_X509);
		pair_peers_judged = 0;
		for (int again = 0; again < 2; again++) {
			p.server.credential = p.client.credential = (struct credential){ 0 };
			steps_run();
			expect(true, kind_of(auth, rpk));
			assert_true(credential_equal(&p.server.credential, &first));
			assert_int_equal(p.client.credential.kind, p.session.credential);
			assert_int_equal(p.n_keeps, 1);
			assert_int_equal(p.n_finds, again + 1);
			pair_again(&p);
		}
		assert_int_equal(pair_peers_judged, 0);
		steps_end();
	}
}

/* RFC 5077 §5.3 asks for no less: the state names the peer. */
static void states_name_the_peer(void **state)
{
	static const struct {
		enum client_auth auth;
		bool rpk;
		const char *name;
	} rows[] = { { CLIENT_AUTH_NONE, false, "" },
		     { CLIENT_AUTH_REQUIRED, false, "device 1" },
		     { CLIENT_AUTH_REQUIRED, true, "key 1" } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		meet(BY_ID, rows[i].auth, rows[i].rpk);
		assert_int_equal(p.kept.name_len, strlen(rows[i].name));
		assert_memory_equal(p.kept.name, rows[i].name, p.kept.name_len);
		assert_true(p.kept.ems);
		steps_end();
	}
}

/* Every suite with ephemeral keys, those with a PSK among them. */
static void every_suite_is_resumed(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITE_12_N; i++) {
		const struct suite *suite = suite_at(i);
		enum credential_kind kind = suite_has_psk(suite) ? CREDENTIAL_PSK : CREDENTIAL_X509;

		for (int how = BY_ID; how <= BY_TICKET; how++) {
			begin((enum how)how, suite, CLIENT_AUTH_REQUIRED, false);
			steps_run();
			expect(false, kind);
			pair_again(&p);
			steps_run();
			expect(true, kind);
			assert_ptr_equal(p.server.session.epochs[1].suite, suite);
			steps_end();
		}
	}
}

/* Resumption starts nothing that a full handshake would not: it fails there, by its alert. */
static void run_refused(enum status why)
{
	steps_run();
	assert_false(p.client.installed || p.server.installed);
	assert_true(p.server.failed);
	assert_int_equal(p.n_finds, 1);
	assert_int_equal(p.server.why, why);
	steps_end();
}

/* A certificate that has ended since, or whose CA is trusted no more, and a key that is gone. */
static void what_is_not_in_force_is_not_resumed(void **state)
{
	struct x509_trust *trust = pair_certs.trust;
	struct rpk_store *rpks = pair_certs.rpks;

	(void)state;
	for (int how = BY_ID; how <= BY_TICKET; how++) {
		meet((enum how)how, CLIENT_AUTH_REQUIRED, false);
		pair_utc_s = PKI_NOW + PKI_DAY;
		steps_run();
		/* The client judges by the same clock, and comes first. */
		assert_true(p.client.failed);
		assert_int_equal(p.client.why, STATUS_HS_CERT_EXPIRED);
		assert_false(p.server.installed);
		steps_end();
		meet((enum how)how, CLIENT_AUTH_OPTIONAL, false);
		p.client.cfg.own_find = NULL;
		pair_certs.trust = NULL;
		steps_run();
		assert_false(p.client.installed || p.server.installed);
		assert_int_equal(p.client.why, STATUS_HS_CERT);
		pair_certs.trust = trust;
		steps_end();
		meet((enum how)how, CLIENT_AUTH_REQUIRED, true);
		pair_certs.rpks =
			pair_rpks((const struct pki_cert *const[]){ &pair_certs.server }, 1);
		run_refused(STATUS_HS_CERT);
		rpk_store_free(pair_certs.rpks);
		pair_certs.rpks = rpks;
		/* The key is there, and is another device's. */
		meet((enum how)how, CLIENT_AUTH_REQUIRED, true);
		pair_certs.rpks = pair_rpks(
			(const struct pki_cert *const[]){ &pair_certs.device, &pair_certs.server },
			2);
		steps_run();
		expect(false, CREDENTIAL_RPK);
		assert_memory_equal(pair_peer_name, "key 0", 5);
		rpk_store_free(pair_certs.rpks);
		pair_certs.rpks = rpks;
		steps_end();
	}
}

/* Where clients must show who they are, one that did not is not let in by an old session; where
 * they may, they need not do so now. */
static void nobody_is_resumed_as_somebody(void **state)
{
	(void)state;
	for (int how = BY_ID; how <= BY_TICKET; how++) {
		meet((enum how)how, CLIENT_AUTH_NONE, false);
		p.server_policy.client_auth = CLIENT_AUTH_OPTIONAL;
		steps_run();
		expect(true, CREDENTIAL_NONE);
		pair_again(&p);
		p.server_policy.client_auth = CLIENT_AUTH_REQUIRED;
		steps_run();
		expect(false, CREDENTIAL_X509);
		steps_end();
		meet((enum how)how, CLIENT_AUTH_NONE, false);
		p.server_policy.client_auth = CLIENT_AUTH_REQUIRED;
		p.client.cfg.own_find = NULL;
		run_refused(STATUS_HS_NO_CERT);
	}
}

/* RFC 6066 §3; bad-input list of other stacks, CVE-2026-11703: a session of another host name. */
static void other_hosts_are_full_handshakes(void **state)
{
	(void)state;
	meet(BY_ID, CLIENT_AUTH_REQUIRED, false);
	assert_true(p.kept.host == session_state_host(NULL, 0));
	p.kept.host = session_state_host((const uint8_t *)"other.example", 13);
	steps_run();
	expect(false, CREDENTIAL_X509);
	steps_end();
	meet(BY_TICKET, CLIENT_AUTH_REQUIRED, false);
	p.ticket[10] ^= 1;
	steps_run();
	expect(false, CREDENTIAL_X509);
	steps_end();
}

/* checklist 50: the rules of RFC 7627 §5.3 are the same for certificates. */
static void sessions_have_an_extended_master_secret(void **state)
{
	(void)state;
	begin(BY_ID, suite_by_id(TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8), CLIENT_AUTH_REQUIRED, false);
	p.client.cfg.no_ems = true;
	steps_run();
	expect(false, CREDENTIAL_X509);
	assert_false(p.has_session);
	steps_end();
}

/* The longest ticket there is: what is left of the handshake has it whole. */
static void the_longest_ticket_is_repeated(void **state)
{
	struct pair_datagram d;
	size_t len;

	(void)state;
	begin(BY_TICKET, suite_by_id(TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8), CLIENT_AUTH_REQUIRED,
	      false);
	p.longest_ticket = true;
	assert_true(pair_start(&p));
	while (!p.server.installed) {
		d = steps_take();
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	}
	len = steps_take().len; /* lost */
	assert_true(len > HANDSHAKE_SEALED_MAX);
	p.now += 10 * PAIR_SECOND;
	pair_timers(&p);
	d = steps_take();
	steps_deliver(&d);
	d = steps_take();
	assert_int_equal(d.len, len);
	steps_deliver(&d);
	expect(false, CREDENTIAL_X509);
	assert_int_equal(p.session.ticket_len, HANDSHAKE_SEALED_MAX);
	steps_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_are_resumed),
		cmocka_unit_test(states_name_the_peer),
		cmocka_unit_test(every_suite_is_resumed),
		cmocka_unit_test(what_is_not_in_force_is_not_resumed),
		cmocka_unit_test(nobody_is_resumed_as_somebody),
		cmocka_unit_test(other_hosts_are_full_handshakes),
		cmocka_unit_test(sessions_have_an_extended_master_secret),
		cmocka_unit_test(the_longest_ticket_is_repeated),
	};

	return cmocka_run_group_tests_name("resume12_peer", tests, cert_steps_setup,
					   cert_steps_teardown);
}
