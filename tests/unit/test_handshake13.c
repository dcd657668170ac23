/* SPDX-License-Identifier: BSD-3-Clause */
/* DTLS 1.3 from end to end: both roles, the gate between them, over records. */
#include "handshake.h"

#include "client13.h"
#include "pair_certs.h"
#include "psk_import.h"
#include "server13.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct aead *aead;
static struct pair p;
static struct gate *gate;

/* In which a client can prove itself, and how it does. */
enum mode {
	MODE_PSK_DHE_KE,
	MODE_PSK_KE,
	MODE_SERVER_CERTIFICATE,
	MODE_CERTIFICATES,
	MODE_RAW_KEYS,
	MODES
};

/* The client speaks 1.3 by any of its suites, the server both versions. */
static void use_all_suites(void)
{
	struct hello_policy *c = &p.client_policy, *s = &p.server_policy;

	c->n_suites = 0;
	for (size_t i = SUITE_12_N; i < SUITE_N; i++)
		c->suites[c->n_suites++] = s->suites[s->n_suites++] = suite_at(i);
	c->min_version = c->max_version = s->max_version = DTLS_1_3;
	s->min_version = DTLS_1_2;
}

static void use_certificates(enum client_auth auth, bool rpk)
{
	p.no_key = true;
	p.client_policy.client_x509 = p.server_policy.client_x509 = !rpk;
	p.client_policy.client_rpk = p.server_policy.client_rpk = rpk;
	p.server_policy.client_auth = auth;
	p.server.cfg.own_find = pair_server_own;
	p.client.cfg.own_find = pair_client_own;
	p.verify_peer = pair_verify_peer;
	p.still = pair_peer_still;
}

static void begin(enum mode mode)
{
	gate = gate_new(&p.server_policy);
	assert_non_null(gate);
	pair_begin(&p, 7, aead, gate);
	use_all_suites();
	if (mode == MODE_PSK_KE) {
		p.client_policy.n_groups = 0;
		p.client_policy.psk_ke = p.server_policy.psk_ke = true;
	} else if (mode == MODE_SERVER_CERTIFICATE) {
		use_certificates(CLIENT_AUTH_NONE, false);
	} else if (mode == MODE_CERTIFICATES || mode == MODE_RAW_KEYS) {
		use_certificates(CLIENT_AUTH_REQUIRED, mode == MODE_RAW_KEYS);
	}
}

static void end(void)
{
	pair_finish(&p);
	assert_int_equal(p.client.memory.n_blocks, 0);
	assert_int_equal(p.server.memory.n_blocks, 0);
	gate_free(gate);
}

static void run(void)
{
	assert_true(pair_start(&p));
	pair_flush(&p);
}

/* A byte from one end to the other, in a record of the session. */
static void say(struct pair_side *from, struct pair_side *to, uint8_t byte)
{
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	unsigned before = to->n_data;
	size_t len = pair_seal(from, RECORD_APPDATA, &byte, 1, out);

	pair_note(from, out, len);
	pair_deliver(&p, to == &p.server, out, len);
	assert_int_equal(to->n_data, before + 1);
	assert_int_equal(to->data[before], byte);
}

static void expect_completed(void)
{
	if (p.server.failed || p.client.failed)
		fail_msg("server: %s, client: %s", status_label(p.server.why),
			 status_label(p.client.why));
	assert_true(p.server.installed);
	assert_true(p.client.installed);
	assert_int_equal(p.server.version, DTLS_1_3);
	assert_int_equal(p.client.version, DTLS_1_3);
	assert_memory_equal(&p.client.session.epochs[3].keys, &p.server.session.epochs[3].keys,
			    sizeof(struct traffic_keys));
	say(&p.client, &p.server, 'a');
	say(&p.server, &p.client, 'b');
	assert_false(p.client.nonce_repeated || p.server.nonce_repeated);
	assert_in_range(p.server.memory.peak, 1, HANDSHAKE_MEMORY_MAX);
	assert_in_range(p.client.memory.peak, 1, HANDSHAKE_MEMORY_MAX);
}

static const enum credential_kind shown[MODES] = {
	[MODE_PSK_DHE_KE] = CREDENTIAL_PSK,
	[MODE_PSK_KE] = CREDENTIAL_PSK,
	[MODE_SERVER_CERTIFICATE] = CREDENTIAL_NONE,
	[MODE_CERTIFICATES] = CREDENTIAL_X509,
	[MODE_RAW_KEYS] = CREDENTIAL_RPK,
};

/* checklist 18, 43-47, 49: every suite in every mode. */
static void test_every_mode_completes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MODES * SUITE_13_N; i++) {
		enum mode mode = i / SUITE_13_N;

		begin(mode);
		p.client_policy.suites[0] = p.client_policy.suites[i % SUITE_13_N];
		p.client_policy.n_suites = 1;
		run();
		expect_completed();
		assert_int_equal(p.server.credential.kind, shown[mode]);
		end();
	}
}

/* The group that the client has no share of is asked for with the cookie. */
static void test_other_group(void **state)
{
	(void)state;
	begin(MODE_PSK_DHE_KE);
	p.server_policy.groups[0] = ECDHE_SECP256R1;
	p.server_policy.n_groups = 1;
	run();
	expect_completed();
	end();
}

/* The same port: clients of 1.2 are served as ever. */
static void test_client_of_12_at_a_server_of_both(void **state)
{
	(void)state;
	begin(MODE_PSK_DHE_KE);
	pair_policy(&p.client_policy);
	run();
	assert_true(p.server.installed && p.client.installed);
	assert_int_equal(p.server.version, DTLS_1_2);
	end();
}

/* RFC 9147 §5.8: the last flight of a handshake, and what comes behind it. */
static void test_tickets_resume(void **state)
{
	static const enum mode modes[] = { MODE_PSK_DHE_KE, MODE_CERTIFICATES, MODE_RAW_KEYS };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(modes[i]);
		p.server.cfg.tickets = true;
		p.server.cfg.n_tickets = 2;
		run();
		expect_completed();
		assert_int_equal(p.n_tickets, 2);
		pair_again(&p);
		run();
		expect_completed();
		assert_true(p.server.resumed && p.client.resumed);
		assert_true(p.server.by_ticket);
		assert_int_equal(p.server.credential.kind, shown[modes[i]]);
		/* its ticket is good once more */
		pair_again(&p);
		run();
		expect_completed();
		assert_true(p.server.resumed);
		end();
	}
}

/* Three of the longest tickets there are do not fit a flight: the device gets as many as do. */
static void test_tickets_of_a_long_name(void **state)
{
	(void)state;
	begin(MODE_PSK_DHE_KE);
	p.server.cfg.tickets = true;
	p.server.cfg.n_tickets = 3;
	p.longest_ticket = true;
	run();
	expect_completed();
	assert_int_equal(p.n_tickets, 2);
	end();
}

/* RFC 9258: by each suite alone, and where the server may choose between two hashes; what resumes
 * is the session, and it is bound to the key that was imported. */
static void test_imported_keys(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= SUITE_13_N; i++) {
		begin(i % 2 == 0 ? MODE_PSK_DHE_KE : MODE_PSK_KE);
		p.client.cfg.psk_import = true;
		p.server.cfg.tickets = true;
		if (i < SUITE_13_N) {
			p.client_policy.suites[0] = p.client_policy.suites[i];
			p.client_policy.n_suites = 1;
		}
		run();
		expect_completed();
		assert_int_equal(p.server.credential.kind, CREDENTIAL_PSK);
		assert_int_equal(p.psk_unknown, 0);
		pair_again(&p);
		run();
		expect_completed();
		assert_true(p.server.resumed);
		pair_again(&p);
		p.psk[0] ^= 1; /* which is another one now */
		run();
		assert_true(p.server.failed);
		assert_int_equal(p.server.why, STATUS_HS_AUTH);
		end();
	}
}

/* RFC 9258 §5.2: an imported key has a label of its own for its binder: one who was given that key
 * alone, as if it were external, is told that it is wrong. */
static void test_imported_key_as_if_external(void **state)
{
	uint8_t identity[64], key[HASH_MAX];
	struct wr w = wr_of(identity, sizeof(identity));

	(void)state;
	begin(MODE_PSK_DHE_KE);
	psk_import_write(&w, rd_of(pair_identity, sizeof(pair_identity) - 1), PRF_SHA256);
	assert_true(psk_import_key(rd_of(identity, wr_len(&w)), PRF_SHA256,
				   rd_of(pair_key, sizeof(pair_key)), key));
	p.client.h = handshake_new(&p.client.cfg, HANDSHAKE_CLIENT, p.now);
	assert_true(handshake_client_credential(p.client.h, identity, wr_len(&w), key, 32));
	handshake_timeout(p.client.h, p.now);
	pair_drain(&p, &p.client);
	pair_flush(&p);
	assert_int_equal(p.psk_unknown, 0);
	assert_true(p.server.failed);
	assert_int_equal(p.server.why, STATUS_HS_AUTH);
	end();
}

/* checklist 53: tickets of 1.2 and of 1.3 at one server. */
static void test_tickets_of_the_other_version(void **state)
{
	(void)state;
	begin(MODE_PSK_DHE_KE);
	p.server.cfg.tickets = true;
	run();
	expect_completed();
	pair_again(&p);
	pair_policy(&p.client_policy);
	p.offers = false;
	assert_true(pair_start(&p));
	assert_false(handshake_client_resume(p.client.h, &p.session));
	/* sent all the same, as 1.2 does */
	assert_true(
		connection_keep(p.client.h, &p.client.h->ticket, p.ticket, p.session.ticket_len));
	pair_flush(&p);
	assert_true(p.server.installed);
	assert_false(p.server.resumed);
	end();
}

/* The n-th datagram is lost once; timers do the rest. Returns whether there was one. */
static bool run_losing(unsigned lost)
{
	struct pair_datagram d;
	unsigned n = 0;
	bool any = false;

	assert_true(pair_start(&p));
	for (unsigned turn = 0; turn < 60; turn++) {
		while (pair_take(&p, &d)) {
			any |= n == lost;
			if (n++ != lost)
				pair_deliver(&p, d.to_server, d.bytes, d.len);
		}
		if (pair_deadline(&p) == UINT64_MAX)
			break;
		p.now = pair_deadline(&p);
		pair_timers(&p);
	}
	return any;
}

/* Invariant 9, checklist 27, 31: each datagram in turn. */
static void test_each_datagram_is_lost_once(void **state)
{
	(void)state;
	for (enum mode mode = 0; mode < MODES; mode++)
		for (unsigned lost = 0, any = true; any; lost++) {
			begin(mode);
			p.server.cfg.tickets = true;
			any = run_losing(lost);
			expect_completed();
			end();
		}
}

/* Twice each, the second time behind the whole flight. */
static void test_everything_twice(void **state)
{
	struct pair_datagram d;

	(void)state;
	for (enum mode mode = 0; mode < MODES; mode++) {
		begin(mode);
		assert_true(pair_start(&p));
		for (unsigned n = 0; n < 200 && pair_take(&p, &d); n++) {
			pair_deliver(&p, d.to_server, d.bytes, d.len);
			pair_deliver(&p, d.to_server, d.bytes, d.len);
		}
		expect_completed();
		assert_int_equal(p.server.n_installs, 1);
		end();
	}
}

/* Up to the hello with a cookie, which is delivered: the server's flight is on its way. */
static void to_server_flight(void)
{
	struct pair_datagram d;

	assert_true(pair_start(&p));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(pair_take(&p, &d));
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	}
	assert_non_null(p.server.h);
}

/* bad-input C16, checklist 54: early data, in epoch 1, whatever it looks like, is dropped. */
static void test_early_data_is_dropped(void **state)
{
	uint8_t record[64] = { RECORD13_FIXED | RECORD13_SEQ16 | RECORD13_LENGTH | 1, 0, 0, 0, 59 };

	(void)state;
	begin(MODE_PSK_DHE_KE);
	to_server_flight();
	for (unsigned i = 0; i < 1000; i++)
		assert_int_not_equal(handshake_input(p.server.h, p.now, record, sizeof(record)),
				     STATUS_OK);
	assert_int_equal(p.server.h->n_held, 0);
	pair_flush(&p);
	expect_completed();
	end();
}

/* A wrong key is told before any key is in use: the alert is in the clear, and ends the client. */
static void test_wrong_key(void **state)
{
	(void)state;
	begin(MODE_PSK_DHE_KE);
	p.psk[0] ^= 1;
	run();
	assert_true(p.server.failed);
	assert_int_equal(p.server.why, STATUS_HS_AUTH);
	assert_true(p.client.failed);
	assert_int_equal(p.client.why, STATUS_HS_ALERT);
	end();
}

/* A record of epoch 2 from one end, with a message in it. */
static void seal_message(struct pair_side *from, uint8_t type, uint16_t seq)
{
	uint8_t message[HS_HEADER_LEN], out[HANDSHAKE_DATAGRAM_MAX];
	struct wr m = wr_of(message, sizeof(message)), w = wr_of(out, sizeof(out));

	hs_header_write(&m, type, 0, seq, 0, 0);
	assert_true(protect_write(&from->h->protect, &w, 2, RECORD_HANDSHAKE, DTLS_1_2, message,
				  sizeof(message)));
	pair_deliver(&p, from == &p.client, out, wr_len(&w));
}

static bool listed(const struct hs_row *rows, size_t n, uint8_t state, unsigned type)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].state == state && rows[i].type == type && rows[i].epoch == 2)
			return true;
	return false;
}

/* Both have keys and wait for each other; nothing of the client's arrives. */
static void to_client_flight(void)
{
	struct pair_datagram d;

	begin(MODE_CERTIFICATES);
	to_server_flight();
	while (pair_take(&p, &d))
		if (!d.to_server)
			pair_deliver(&p, false, d.bytes, d.len);
	assert_int_equal(p.server.h->state, S13_CERTIFICATE);
	assert_int_equal(p.client.h->state, C13_DONE);
}

/* States x messages in epoch 2: what is not listed is unexpected_message. */
static void test_only_listed_messages_succeed(void **state)
{
	(void)state;
	for (uint8_t s = S13_CERTIFICATE; s <= S13_FINISHED; s++)
		for (unsigned type = 0; type < 256; type++) {
			if (listed(server13_rows, server13_n_rows, s, type))
				continue;
			to_client_flight();
			p.server.h->state = s;
			seal_message(&p.client, (uint8_t)type, p.server.h->in.next);
			assert_true(p.server.failed);
			assert_int_equal(p.server.why, STATUS_HS_UNEXPECTED);
			end();
		}
	for (uint8_t s = C13_SERVER_HELLO; s <= C13_DONE; s++)
		for (unsigned type = 0; type < 256; type++) {
			if (listed(client13_rows, client13_n_rows, s, type))
				continue;
			to_client_flight();
			p.client.h->state = s;
			seal_message(&p.server, (uint8_t)type, p.client.h->in.next);
			assert_true(p.client.failed);
			assert_int_equal(p.client.why, STATUS_HS_UNEXPECTED);
			end();
		}
}

/* The same in the clear: it is anybody's, and once there are keys nothing comes of it. */
static void test_messages_in_the_clear_change_nothing(void **state)
{
	(void)state;
	to_client_flight();
	for (unsigned type = 0; type < 256; type++) {
		uint8_t bytes[RECORD_HEADER_LEN + HS_HEADER_LEN];
		struct wr w = wr_of(bytes, sizeof(bytes));

		record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_2, 0, 77, HS_HEADER_LEN);
		hs_header_write(&w, (uint8_t)type, 0, p.server.h->in.next, 0, 0);
		pair_deliver(&p, true, bytes, sizeof(bytes));
		assert_int_equal(p.server.last_input, STATUS_HS_UNEXPECTED);
		assert_int_equal(p.server.h->state, S13_CERTIFICATE);
	}
	end();
}

/* A fragment in the clear that is not all of its message. */
static void say_plain(bool to_server, uint16_t seq, uint32_t len)
{
	uint8_t bytes[RECORD_HEADER_LEN + HS_HEADER_LEN + 4] = { 0 };
	struct wr w = wr_of(bytes, sizeof(bytes));

	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_2, 0, 77, HS_HEADER_LEN + 4);
	hs_header_write(&w, HS_FINISHED, len, seq, 0, 4);
	pair_deliver(&p, to_server, bytes, sizeof(bytes));
}

/* bad-input B2: nor does anything come of it before there are keys: while the server works on its
 * answer, and while the client awaits its hello, fragments that contradict each other are dropped
 * and hold no place of what is to come. */
static void test_fragments_before_keys_change_nothing(void **state)
{
	struct pair_datagram d;

	(void)state;
	begin(MODE_PSK_DHE_KE);
	p.slow_jobs = true;
	assert_true(pair_start(&p));
	say_plain(false, 1, 100);
	say_plain(false, 1, 200);
	while (pair_take(&p, &d))
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	assert_non_null(handshake_job(p.server.h));
	assert_false(protect_has(&p.server.h->protect, 2));
	for (uint32_t len = 100; len <= 300; len += 100)
		for (unsigned ahead = 0; ahead < 3; ahead++) {
			say_plain(true, (uint16_t)(p.server.h->in.next + ahead), len);
			assert_int_equal(p.server.last_input, STATUS_HS_UNEXPECTED);
			say_plain(false, (uint16_t)(p.client.h->in.next + 1 + ahead), len);
			assert_int_equal(p.client.last_input, STATUS_HS_UNEXPECTED);
		}
	p.slow_jobs = false;
	pair_jobs(&p, &p.server);
	pair_drain(&p, &p.server);
	pair_flush(&p);
	expect_completed();
	end();
}

/* bad-input N8: no memory at each place in turn, at either end: an end, or a repetition that makes
 * up for it, and nothing lost. */
static void test_memory_fails(void **state)
{
	static const enum mode modes[] = { MODE_PSK_DHE_KE, MODE_CERTIFICATES };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pair_side *side = i % 2 == 0 ? &p.server : &p.client;

		for (unsigned at = 1, any = true; any; at++) {
			begin(modes[i / 2]);
			p.server.cfg.tickets = true;
			side->memory.fail_at = at;
			if (pair_start(&p))
				pair_flush(&p);
			any = side->memory.n_allocs >= at;
			if (!any)
				expect_completed();
			end();
		}
	}
}

static int setup(void **state)
{
	(void)state;
	pair_certs_new();
	aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	return aead == NULL;
}

static int teardown(void **state)
{
	(void)state;
	pair_certs_free();
	aead_free(aead);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_mode_completes),
		cmocka_unit_test(test_other_group),
		cmocka_unit_test(test_client_of_12_at_a_server_of_both),
		cmocka_unit_test(test_tickets_resume),
		cmocka_unit_test(test_tickets_of_a_long_name),
		cmocka_unit_test(test_imported_keys),
		cmocka_unit_test(test_imported_key_as_if_external),
		cmocka_unit_test(test_tickets_of_the_other_version),
		cmocka_unit_test(test_each_datagram_is_lost_once),
		cmocka_unit_test(test_everything_twice),
		cmocka_unit_test(test_early_data_is_dropped),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_memory_fails),
		cmocka_unit_test(test_only_listed_messages_succeed),
		cmocka_unit_test(test_messages_in_the_clear_change_nothing),
		cmocka_unit_test(test_fragments_before_keys_change_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
