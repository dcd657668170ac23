/* SPDX-License-Identifier: BSD-3-Clause */
#include "resume12.h"

#include "hs_steps.h"

enum how { BY_ID, BY_TICKET };

/* Two that have met, and are about to meet again. */
static void meet(enum how how)
{
	steps_begin();
	p.server.cfg.session_ids = how == BY_ID;
	p.server.cfg.tickets = how == BY_TICKET;
	steps_run();
	assert_true(p.client.installed && p.server.installed);
	assert_false(p.client.resumed || p.server.resumed);
	assert_true(p.has_session);
	assert_int_equal(p.session.ticket_len > 0, how == BY_TICKET);
	assert_int_equal(p.session.id_len, how == BY_ID ? 16 : 0);
	assert_int_equal(p.n_keeps, 1);
	assert_int_equal(p.n_finds, 0);
	pair_again(&p);
}

static void expect(bool resumed)
{
	assert_true(p.client.installed && p.server.installed);
	assert_int_equal(p.client.resumed, resumed);
	assert_int_equal(p.server.resumed, resumed);
	assert_memory_equal(&p.client.session.epochs[1].keys, &p.server.session.epochs[1].keys,
			    sizeof(struct traffic_keys));
}

/* Two round trips with the cookie's, as docs/decisions/resumption.md says, and the last flight is
 * the client's. */
static void count_flights(void)
{
	static const bool to_server[] = { true, false, true, false, true };
	struct pair_datagram d;
	unsigned n = 0;

	assert_true(pair_start(&p));
	while (pair_take(&p, &d)) {
		assert_true(n < 5);
		assert_int_equal(d.to_server, to_server[n]);
		n++;
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	}
	assert_int_equal(n, 5);
}

static void resumes(enum how how)
{
	struct traffic_keys first;

	meet(how);
	first = p.server.session.epochs[1].keys;
	for (int i = 0; i < 3; i++) {
		count_flights();
		expect(true);
		assert_int_equal(p.client.by_ticket, how == BY_TICKET);
		assert_int_equal(p.server.by_ticket, how == BY_TICKET);
		/* fresh keys, from both randoms */
		assert_memory_not_equal(&first, &p.server.session.epochs[1].keys, sizeof(first));
		assert_true(p.has_session);
		pair_again(&p);
	}
	/* Neither the credential nor the keeping of the session was asked for again. */
	assert_int_equal(p.n_keeps, 1);
	assert_int_equal(p.n_finds, 3);
	steps_end();
}

/* checklist 53 */
static void test_by_id(void **state)
{
	(void)state;
	resumes(BY_ID);
}

/* checklist 52 */
static void test_by_ticket(void **state)
{
	(void)state;
	resumes(BY_TICKET);
}

/* A new ticket replaces the client's; the master secret stays. */
static void test_renewed_ticket(void **state)
{
	uint8_t master[MASTER_SECRET_LEN];

	(void)state;
	meet(BY_TICKET);
	p.renew = true;
	memcpy(master, p.session.master, sizeof(master));
	p.session.lifetime_s = 1;
	count_flights();
	expect(true);
	assert_int_equal(p.n_keeps, 2);
	assert_int_equal(p.session.lifetime_s, 3600);
	assert_memory_equal(p.session.master, master, sizeof(master));
	pair_again(&p);
	p.renew = false;
	steps_run();
	expect(true);
	assert_int_equal(p.n_keeps, 2);
	steps_end();
}

/* bad-input H1, H2: what is unknown or damaged is a full handshake, never an alert, and gives a new
 * session. */
static void test_unknown_is_a_full_handshake(void **state)
{
	(void)state;
	meet(BY_ID);
	p.kept_id[3] ^= 1;
	steps_run();
	expect(false);
	pair_again(&p);
	steps_run();
	expect(true);
	steps_end();
	meet(BY_TICKET);
	p.ticket[0] ^= 0x80; /* its version */
	steps_run();
	expect(false);
	pair_again(&p);
	steps_run();
	expect(true);
	steps_end();
}

/* A server that does not resume ignores both, and promises neither. */
static void test_server_without_sessions(void **state)
{
	(void)state;
	for (int how = BY_ID; how <= BY_TICKET; how++) {
		meet((enum how)how);
		p.server.cfg.session_ids = p.server.cfg.tickets = false;
		steps_run();
		expect(false);
		assert_int_equal(p.n_finds, 0);
		assert_int_equal(p.n_keeps, 1);
		assert_false(p.has_session);
		steps_end();
	}
}

/* checklist 52: a NewSessionTicket only for who offered the extension; an id else. */
static void test_no_ticket_unasked(void **state)
{
	(void)state;
	steps_begin();
	p.server.cfg.session_ids = p.server.cfg.tickets = true;
	p.client.cfg.no_ticket = true;
	steps_run();
	expect(false);
	assert_true(p.has_session);
	assert_int_equal(p.session.ticket_len, 0);
	assert_int_equal(p.session.id_len, 16);
	pair_again(&p);
	steps_run();
	expect(true);
	assert_false(p.server.by_ticket);
	steps_end();
}

/* RFC 5077 §3.3: what was promised and could not be made is an empty ticket. */
static void test_promise_not_kept(void **state)
{
	(void)state;
	steps_begin();
	p.server.cfg.tickets = true;
	p.keeps_none = true;
	steps_run();
	expect(false);
	assert_false(p.has_session);
	steps_end();
	/* A renewal that fails leaves the old one. */
	meet(BY_TICKET);
	p.renew = p.keeps_none = true;
	steps_run();
	expect(true);
	assert_true(p.has_session);
	pair_again(&p);
	steps_run();
	expect(true);
	steps_end();
}

/* checklist 50, RFC 7627 §5.3: a session without an extended master secret is not made, and not
 * resumed. */
static void test_without_ems(void **state)
{
	(void)state;
	for (int how = BY_ID; how <= BY_TICKET; how++) {
		steps_begin();
		p.server.cfg.session_ids = how == BY_ID;
		p.server.cfg.tickets = how == BY_TICKET;
		p.client.cfg.no_ems = true;
		steps_run();
		expect(false);
		assert_false(p.has_session);
		assert_int_equal(p.n_keeps, 0);
		steps_end();
	}
	meet(BY_ID);
	p.kept.ems = false;
	steps_run();
	expect(false);
	steps_end();
}

/* ... and one with it is not resumed by a hello without: the one alert there is. */
static void test_ems_left_out(void **state)
{
	struct pair_datagram d;

	(void)state;
	for (int how = BY_ID; how <= BY_TICKET; how++) {
		meet((enum how)how);
		assert_true(pair_start(&p));
		p.client.cfg.no_ems = true;
		/* The second hello is without. */
		d = steps_take();
		pair_deliver(&p, true, d.bytes, d.len);
		d = steps_take();
		pair_deliver(&p, false, d.bytes, d.len);
		d = steps_take();
		pair_deliver(&p, true, d.bytes, d.len);
		steps_expect_failed(STATUS_HS_NO_EMS, ALERT_HANDSHAKE_FAILURE);
		steps_end();
	}
}

/* checklist 53: the suite has to be offered and allowed still; that another one would be preferred
 * does not matter. */
static void test_suite_must_be_there(void **state)
{
	const struct suite *used;

	(void)state;
	meet(BY_TICKET);
	used = suite_by_id(p.session.suite);
	p.server_policy.suites[0] = p.server_policy.suites[1];
	steps_run(); /* the server allows it no more */
	expect(false);
	assert_int_not_equal(p.session.suite, used->id);
	steps_end();
	meet(BY_ID);
	used = suite_by_id(p.session.suite);
	p.server_policy.suites[0] = p.server_policy.suites[1];
	p.server_policy.suites[1] = used;
	steps_run();
	expect(true);
	assert_int_equal(p.session.suite, used->id);
	steps_end();
}

/* A client that offers a session of a suite that it leaves out of its hello gets a full handshake.
 */
static void test_suite_not_offered(void **state)
{
	(void)state;
	meet(BY_ID);
	p.kept.suite = 0x1234;
	steps_run();
	expect(false);
	steps_end();
}

/* The device's key has changed since, or it is gone: no session, and no handshake either. */
static void test_credential_must_be_in_force(void **state)
{
	(void)state;
	for (int how = BY_ID; how <= BY_TICKET; how++) {
		meet((enum how)how);
		p.psk[0] ^= 1;
		steps_run();
		assert_false(p.client.installed || p.server.installed);
		assert_int_equal(p.n_finds, 1);
		steps_end();
	}
}

static const struct identity *put_back;
static unsigned n_put_back;

static void put(void *arg, const struct identity *id)
{
	(void)arg;
	put_back = id;
	n_put_back++;
}

/* A reference that came with a session which is not resumed after all is given back. */
static void test_identity_is_given_back(void **state)
{
	static const struct identity id;
	const struct job_lookup lookup = pair_lookup(&p);
	struct handshake_job *job;

	(void)state;
	n_put_back = 0;
	meet(BY_ID);
	p.server.cfg.identity_put = put;
	p.kept.suite = 0x1234;
	p.slow_jobs = true;
	steps_run();
	job = handshake_job(p.server.h);
	assert_non_null(job);
	assert_int_equal(job->kind, JOB_SESSION_FIND);
	job_run(job, &lookup);
	assert_true(job->found);
	job->interned = &id;
	handshake_job_done(p.server.h, p.now);
	assert_int_equal(n_put_back, 1);
	assert_ptr_equal(put_back, &id);
	p.slow_jobs = false;
	pair_drain(&p, &p.server);
	pair_flush(&p);
	expect(false);
	assert_int_equal(n_put_back, 1);
	steps_end();
	/* While the session is resumed it goes to who installs. */
	meet(BY_ID);
	p.server.cfg.identity_put = put;
	p.slow_jobs = true;
	steps_run();
	job = handshake_job(p.server.h);
	job_run(job, &lookup);
	job->interned = &id;
	handshake_job_done(p.server.h, p.now);
	p.slow_jobs = false;
	pair_drain(&p, &p.server);
	pair_flush(&p);
	expect(true);
	assert_ptr_equal(p.server.identity, &id);
	assert_int_equal(n_put_back, 1);
	steps_end();
}

/* Slow jobs: a hello that comes again meanwhile starts nothing anew. */
static void test_hello_again_while_looked_up(void **state)
{
	struct pair_datagram hello;

	(void)state;
	meet(BY_TICKET);
	p.slow_jobs = true;
	hello = steps_hello();
	pair_deliver(&p, true, hello.bytes, hello.len);
	assert_true(handshake_hello_matches(p.server.h, hello.bytes, hello.len));
	pair_deliver(&p, true, hello.bytes, hello.len);
	assert_int_equal(p.n_queue, 0);
	assert_int_equal(p.server.last_input, STATUS_HS_OLD);
	p.slow_jobs = false;
	pair_drain(&p, &p.server);
	assert_int_equal(p.n_finds, 1);
	pair_flush(&p);
	expect(true);
	steps_end();
}

/* RFC 5077 §3.4: a hello with a ticket and no id is answered without one. */
static void test_ticket_without_id(void **state)
{
	uint16_t suites[1];
	uint8_t body[600], random[32] = { 3 };
	struct client_hello_params params = {
		.random = random, .suites = suites, .n_suites = 1, .ems = true, .has_ticket = true
	};
	struct wr w = wr_of(body, sizeof(body));
	struct pair_datagram d;
	struct server_hello sh;
	struct hs_fragment f;
	struct record rec;
	struct rd r;

	(void)state;
	meet(BY_TICKET);
	suites[0] = p.session.suite;
	params.ticket = p.ticket;
	params.ticket_len = p.session.ticket_len;
	client_hello_write(&w, &params);
	d = steps_message(HS_CLIENT_HELLO, 1, body, wr_len(&w));
	p.server.h = handshake_new(&p.server.cfg, HANDSHAKE_SERVER, p.now);
	assert_int_equal(handshake_input(p.server.h, p.now, d.bytes, d.len), STATUS_OK);
	pair_drain(&p, &p.server);
	d = steps_take();
	r = rd_of(d.bytes, d.len);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_true(hs_fragment_next(&rec.body, &f));
	assert_int_equal(f.type, HS_SERVER_HELLO);
	assert_int_equal(server_hello_parse(f.body, &sh), HS_PARSE_OK);
	assert_int_equal(rd_len(&sh.session_id), 0);
	assert_int_equal(p.server.h->state, S12_RESUMED);
	steps_end();
}

/* Who knows a ticket or an id, but not its master secret, comes to nothing. */
static void test_master_secret_is_needed(void **state)
{
	(void)state;
	for (int how = BY_ID; how <= BY_TICKET; how++) {
		meet((enum how)how);
		p.session.master[7] ^= 1;
		steps_run();
		for (int i = 0; i < 30; i++) {
			p.now += 10 * PAIR_SECOND;
			pair_timers(&p);
			pair_flush(&p);
		}
		assert_true(p.client.failed && p.server.failed);
		assert_false(p.client.installed || p.server.installed);
		steps_end();
	}
}

/* A client's Finished with the wrong verify_data. */
static void test_wrong_finished(void **state)
{
	const uint8_t verify[VERIFY_DATA_LEN] = { 1 };
	const struct steps_fragment f = { .type = HS_FINISHED,
					  .seq = 2,
					  .len = VERIFY_DATA_LEN,
					  .n = VERIFY_DATA_LEN,
					  .body = verify };
	struct pair_datagram flight, forged;

	(void)state;
	meet(BY_ID);
	flight = steps_server_hello();
	p.slow_jobs = false;
	/* The client derives the keys, and is stopped before its own Finished. */
	assert_int_equal(handshake_input(p.client.h, p.now, flight.bytes, flight.len), STATUS_OK);
	while (!protect_has(&p.client.h->protect, 1)) {
		struct handshake_job *job = handshake_job(p.client.h);
		const struct job_lookup lookup = pair_lookup(&p);

		assert_non_null(job);
		job_run(job, &lookup);
		handshake_job_done(p.client.h, p.now);
	}
	forged = steps_sealed_fragment(&f);
	steps_deliver(&forged);
	assert_true(p.server.failed);
	assert_int_equal(p.server.why, STATUS_HS_AUTH);
	steps_end();
}

struct bad_answer {
	uint16_t suite;
	bool ems;
	enum status why;
	enum alert alert;
};

/* What a client does not take for its session (RFC 5246 §7.4.1.3, RFC 7627 §5.3). */
static void test_bad_answers(void **state)
{
	static const struct bad_answer bad[] = {
		{ TLS_PSK_WITH_AES_128_GCM_SHA256, false, STATUS_HS_NO_EMS,
		  ALERT_HANDSHAKE_FAILURE },
		{ TLS_PSK_WITH_AES_128_CCM_8, true, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t body[128], random[32] = { 5 };
		struct wr w = wr_of(body, sizeof(body));
		struct pair_datagram d;

		meet(BY_ID);
		p.session.suite = TLS_PSK_WITH_AES_128_GCM_SHA256;
		assert_true(pair_start(&p));
		steps_take();
		server_hello_write(
			&w, &(struct server_hello_params){ .random = random,
							   .session_id = p.session.id,
							   .session_id_len = p.session.id_len,
							   .suite = bad[i].suite,
							   .ems = bad[i].ems,
							   .renegotiation_info = true });
		d = steps_message(HS_SERVER_HELLO, 0, body, wr_len(&w));
		d.to_server = false;
		steps_deliver(&d);
		assert_true(p.client.failed);
		assert_int_equal(p.client.why, bad[i].why);
		steps_expect_alert(true, bad[i].alert);
		steps_end();
	}
}

/* What is no session is not offered. */
static void test_what_is_offered(void **state)
{
	static const uint8_t ticket[HANDSHAKE_TICKET_MAX + 1];
	struct handshake_session good = { .suite = TLS_PSK_WITH_AES_128_CCM_8,
					  .ems = true,
					  .id_len = 32 },
				 s;

	(void)state;
	steps_begin();
	p.client.h = handshake_new(&p.client.cfg, HANDSHAKE_CLIENT, p.now);
	assert_true(handshake_client_resume(p.client.h, &good));
	s = good;
	s.ems = false;
	assert_false(handshake_client_resume(p.client.h, &s));
	s = good;
	s.suite = 0x1301;
	assert_false(handshake_client_resume(p.client.h, &s));
	s = good;
	s.id_len = 0;
	assert_false(handshake_client_resume(p.client.h, &s));
	s.ticket = ticket;
	s.ticket_len = HANDSHAKE_TICKET_MAX + 1;
	assert_false(handshake_client_resume(p.client.h, &s));
	s.ticket_len = HANDSHAKE_TICKET_MAX;
	p.client.memory.fail_at = p.client.memory.n_allocs + 1;
	assert_false(handshake_client_resume(p.client.h, &s));
	assert_true(handshake_client_resume(p.client.h, &s));
	assert_true(handshake_client_resume(p.client.h, &s));
	p.client.cfg.no_ticket = true;
	assert_false(handshake_client_resume(p.client.h, &s));
	p.client.cfg.no_ticket = false;
	handshake_timeout(p.client.h, p.now);
	assert_false(handshake_client_resume(p.client.h, &s));
	assert_false(handshake_session(p.client.h, &s));
	steps_end();
}

/* The longest ticket and the longest cookie are one hello. */
static void test_longest_hello(void **state)
{
	uint8_t body[3 + HS_COOKIE_MAX];
	struct wr w = wr_of(body, sizeof(body));
	uint8_t cookie[HS_COOKIE_MAX] = { 1 };
	static const uint8_t ticket[HANDSHAKE_TICKET_MAX];
	struct pair_datagram d;

	(void)state;
	steps_begin();
	p.session = (struct handshake_session){ .suite = TLS_PSK_WITH_AES_128_CCM_8,
						.ems = true,
						.ticket = ticket,
						.ticket_len = HANDSHAKE_TICKET_MAX };
	p.offers = true;
	assert_true(pair_start(&p));
	steps_take();
	hello_verify_request_write(&w, cookie, HS_COOKIE_MAX);
	d = steps_message(HS_HELLO_VERIFY_REQUEST, 0, body, wr_len(&w));
	d.to_server = false;
	steps_deliver(&d);
	assert_false(p.client.failed);
	d = steps_take();
	assert_true(d.len > HANDSHAKE_TICKET_MAX + HS_COOKIE_MAX);
	steps_end();
}

/* RFC 6347 §4.2.4 of the abbreviated handshake: the client's last flight is lost, the server
 * repeats its own, and the client answers from what is left of its handshake. */
static void test_last_flight_again(void **state)
{
	struct pair_datagram d;

	(void)state;
	for (int how = BY_ID; how <= BY_TICKET; how++) {
		meet((enum how)how);
		p.renew = true;
		d = steps_server_hello();
		steps_deliver(&d);
		assert_true(p.client.installed);
		steps_take(); /* lost */
		assert_false(p.server.installed);
		p.now += PAIR_SECOND;
		pair_timers(&p);
		d = steps_take();
		assert_false(d.to_server);
		steps_deliver(&d);
		d = steps_take();
		assert_true(d.to_server);
		steps_deliver(&d);
		expect(true);
		/* The server has nothing to repeat. */
		assert_int_equal(p.server.remnant.message_len, 0);
		assert_int_equal(p.n_queue, 0);
		steps_end();
	}
}

/* The server's last flight of a full handshake has the ticket in it, also when it is repeated. */
static void test_ticket_again(void **state)
{
	struct pair_datagram d, lost;
	struct record first, again;
	struct rd r;

	(void)state;
	steps_begin();
	p.server.cfg.tickets = true;
	d = steps_key_exchange();
	steps_deliver(&d);
	assert_true(p.server.installed);
	lost = steps_take();
	for (int i = 0; i < 3; i++) {
		p.now += 10 * PAIR_SECOND;
		pair_timers(&p);
		d = steps_take();
		assert_true(d.to_server);
		steps_deliver(&d);
		d = steps_take();
		r = rd_of(lost.bytes, lost.len);
		assert_int_equal(record_next(&r, &first), STATUS_OK);
		r = rd_of(d.bytes, d.len);
		assert_int_equal(record_next(&r, &again), STATUS_OK);
		/* the same message, in a record of a new number */
		assert_int_equal(again.type, RECORD_HANDSHAKE);
		assert_int_equal(again.seq, first.seq + 2 * (uint64_t)(i + 1));
		assert_int_equal(rd_len(&again.body), rd_len(&first.body));
		assert_memory_equal(again.body.p, first.body.p, rd_len(&first.body));
		assert_int_equal(record_next(&r, &again), STATUS_OK);
		assert_int_equal(again.type, RECORD_CCS);
	}
	steps_deliver(&d);
	expect(false);
	assert_true(p.has_session);
	steps_end();
}

static void without_memory(enum how how, size_t n, bool client)
{
	struct pair_memory *m = client ? &p.client.memory : &p.server.memory;

	meet(how);
	m->fail_at = m->n_allocs + n;
	if (pair_start(&p))
		pair_flush(&p);
	if (p.client.installed && p.server.installed)
		assert_int_equal(p.client.resumed, p.server.resumed);
	steps_end();
}

/* bad-input N8: any allocation fails; nothing leaks, and ends that both install agree. */
static void test_without_memory(void **state)
{
	(void)state;
	for (size_t n = 1; n < 8; n++) {
		without_memory(BY_ID, n, false);
		without_memory(BY_ID, n, true);
		without_memory(BY_TICKET, n, false);
		without_memory(BY_TICKET, n, true);
	}
}

/* Messages of an abbreviated handshake out of their turn (checklist 26 says how they wait). */
static void test_only_listed_messages(void **state)
{
	struct pair_datagram d;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		if (type == HS_FINISHED)
			continue;
		meet(BY_ID);
		d = steps_server_hello();
		d = steps_message((uint8_t)type, 2, "", 0);
		steps_deliver(&d);
		assert_true(p.server.failed);
		assert_int_equal(p.server.why, STATUS_HS_UNEXPECTED);
		steps_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_id),
		cmocka_unit_test(test_by_ticket),
		cmocka_unit_test(test_renewed_ticket),
		cmocka_unit_test(test_unknown_is_a_full_handshake),
		cmocka_unit_test(test_server_without_sessions),
		cmocka_unit_test(test_no_ticket_unasked),
		cmocka_unit_test(test_promise_not_kept),
		cmocka_unit_test(test_without_ems),
		cmocka_unit_test(test_ems_left_out),
		cmocka_unit_test(test_suite_must_be_there),
		cmocka_unit_test(test_suite_not_offered),
		cmocka_unit_test(test_credential_must_be_in_force),
		cmocka_unit_test(test_identity_is_given_back),
		cmocka_unit_test(test_hello_again_while_looked_up),
		cmocka_unit_test(test_ticket_without_id),
		cmocka_unit_test(test_master_secret_is_needed),
		cmocka_unit_test(test_wrong_finished),
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_what_is_offered),
		cmocka_unit_test(test_longest_hello),
		cmocka_unit_test(test_last_flight_again),
		cmocka_unit_test(test_ticket_again),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_only_listed_messages),
	};

	return cmocka_run_group_tests_name("resume12", tests, steps_setup, steps_teardown);
}
