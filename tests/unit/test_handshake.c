/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_steps.h"

static void test_every_suite_with_and_without_ems(void **state)
{
	struct traffic_keys keys;

	(void)state;
	for (unsigned i = 0; i < 2 * 5; i++) {
		const struct suite *suite = pair_suite(KX_PSK, i / 2);

		steps_begin();
		p.client_policy.n_suites = 1;
		p.client_policy.suites[0] = suite;
		p.client.cfg.no_ems = i % 2;
		steps_run();
		assert_true(p.client.installed && p.server.installed);
		assert_ptr_equal(p.server.session.epochs[1].suite, suite);
		keys = p.server.session.epochs[1].keys;
		assert_memory_equal(&p.client.session.epochs[1].keys, &keys, sizeof(keys));
		/* One Finished each way. */
		assert_int_equal(p.server.session.epochs[1].tx_seq, 1);
		assert_int_equal(p.server.session.epochs[1].rx_newest, 0);
		assert_int_equal(p.server.session.epochs[1].rx_window, 1);
		steps_end();
	}
}

/* A session of the installed keys carries data both ways. */
static void test_installed_keys_carry_data(void **state)
{
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	size_t len;

	(void)state;
	steps_begin();
	steps_run();
	len = pair_seal(&p.client, RECORD_APPDATA, (const uint8_t *)"u", 1, out);
	pair_deliver(&p, true, out, len);
	len = pair_seal(&p.server, RECORD_APPDATA, (const uint8_t *)"d", 1, out);
	pair_deliver(&p, false, out, len);
	assert_int_equal(p.server.n_data, 1);
	assert_int_equal(p.server.data[0], 'u');
	assert_int_equal(p.client.data[0], 'd');
	steps_end();
}

/* Data right behind Finished: in its datagram, or in the next, with jobs at once or slow. */
static void test_first_data_is_never_lost(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pair_datagram flight, data, both;

		steps_begin();
		p.slow_jobs = i & 1;
		flight = steps_key_exchange();
		data = steps_sealed(RECORD_APPDATA, "r", 1);
		both = steps_join(&flight, &data);
		if (i & 2) {
			steps_deliver(&both);
		} else {
			steps_deliver(&flight);
			steps_deliver(&data);
		}
		if (p.slow_jobs) {
			assert_false(p.server.installed);
			pair_jobs(&p, &p.server);
			pair_drain(&p, &p.server);
		}
		assert_true(p.server.installed);
		assert_int_equal(p.server.n_data, 1);
		assert_int_equal(p.server.data[0], 'r');
		pair_flush(&p);
		assert_true(p.client.installed);
		steps_end();
	}
}

/* The held bytes are those of the records that the handshake did not consume, no others. */
static void test_held_has_only_what_was_not_consumed(void **state)
{
	struct pair_datagram flight, data;
	struct handshake_event e;
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	size_t len;

	(void)state;
	steps_begin();
	p.slow_jobs = true;
	flight = steps_key_exchange();
	data = steps_sealed(RECORD_APPDATA, "reading", 7);
	flight = steps_join(&flight, &data);
	steps_deliver(&flight);
	pair_jobs(&p, &p.server);
	while (handshake_output(p.server.h, out, &len))
		;
	handshake_event(p.server.h, &e);
	assert_int_equal(e.kind, HANDSHAKE_INSTALL);
	assert_int_equal(e.n_held, 1);
	assert_int_equal(e.held[0].len, data.len);
	assert_memory_equal(e.held[0].bytes, data.bytes, data.len);
	steps_end();
}

/* INSTALL comes once, after the last flight was taken; then there is nothing more. */
static void test_install_comes_after_the_output(void **state)
{
	struct pair_datagram flight;
	struct handshake_event e;
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	size_t len;

	(void)state;
	steps_begin();
	p.slow_jobs = true;
	flight = steps_key_exchange();
	steps_deliver(&flight);
	pair_jobs(&p, &p.server);
	handshake_event(p.server.h, &e);
	assert_int_equal(e.kind, HANDSHAKE_NONE);
	assert_true(handshake_output(p.server.h, out, &len));
	assert_false(handshake_output(p.server.h, out, &len));
	handshake_event(p.server.h, &e);
	assert_int_equal(e.kind, HANDSHAKE_INSTALL);
	assert_int_equal(e.tx_seq, 1);
	handshake_event(p.server.h, &e);
	assert_int_equal(e.kind, HANDSHAKE_NONE);
	assert_int_equal(handshake_deadline(p.server.h), UINT64_MAX);
	assert_int_equal(handshake_input(p.server.h, p.now, flight.bytes, flight.len),
			 STATUS_HS_OLD);
	assert_false(handshake_output(p.server.h, out, &len));
	steps_end();
}

/* bug 24 (OpenSSL #32063), checklist 22: the ServerHello's record number is the hello's, also
 * after the hello was repeated; its message_seq is 1. */
static void test_record_number_follows_the_hello(void **state)
{
	(void)state;
	for (unsigned lost = 0; lost < 5; lost++) {
		struct pair_datagram hello, answer;
		struct rd r;
		struct record rec;
		struct hs_fragment f;
		uint64_t seq;

		steps_begin();
		hello = steps_hello();
		for (unsigned i = 0; i < lost; i++) {
			p.now = pair_deadline(&p);
			pair_timers(&p);
			hello = steps_take();
		}
		r = rd_of(hello.bytes, hello.len);
		assert_int_equal(record_next(&r, &rec), STATUS_OK);
		seq = rec.seq;
		assert_int_equal(seq, 1 + lost);
		steps_deliver(&hello);
		answer = steps_take();
		r = rd_of(answer.bytes, answer.len);
		assert_int_equal(record_next(&r, &rec), STATUS_OK);
		assert_int_equal(rec.seq, seq);
		assert_true(hs_fragment_next(&rec.body, &f));
		assert_int_equal(f.type, HS_SERVER_HELLO);
		assert_int_equal(f.seq, 1);
		steps_end();
	}
}

/* A client that was asked twice (its cookie had gone stale) sends its third hello as message 2, and
 * takes no ServerHello but number 2 (RFC 6347 §4.2.2: each message has the next number). */
static void test_message_number_follows_the_hello(void **state)
{
	struct pair_datagram hello;
	struct hs_fragment f;
	struct record rec;
	struct rd r;

	(void)state;
	steps_begin();
	hello = steps_hello();
	hello.bytes[RECORD_HEADER_LEN + HS_HEADER_LEN + 2 + HS_RANDOM_LEN + 1 + 1 + 5] ^= 1;
	steps_deliver(&hello);
	assert_int_equal(p.server.last_input, STATUS_HELLO_VERIFY_SENT);
	hello = steps_take();
	steps_deliver(&hello);
	hello = steps_take();
	steps_deliver(&hello);
	assert_non_null(p.server.h);
	hello = steps_take();
	r = rd_of(hello.bytes, hello.len);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_true(hs_fragment_next(&rec.body, &f));
	assert_int_equal(f.type, HS_SERVER_HELLO);
	assert_int_equal(f.seq, 2);
	steps_deliver(&hello);
	hello = steps_take();
	steps_expect_completes(&hello);
	steps_end();
}

/* checklist 27: a repeated hello gets the same messages in new records, at a limited rate. */
static void test_repeated_hello(void **state)
{
	struct pair_datagram hello, first, again;
	unsigned n = 0;

	(void)state;
	steps_begin();
	hello = steps_hello();
	steps_deliver(&hello);
	first = steps_take();
	assert_true(handshake_hello_matches(p.server.h, hello.bytes, hello.len));
	steps_deliver(&hello);
	assert_int_equal(p.server.last_input, STATUS_HS_OLD);
	assert_int_equal(p.n_queue, 0); /* too early */
	p.now += PAIR_SECOND / 2;
	steps_deliver(&hello);
	again = steps_take();
	assert_int_equal(again.len, first.len);
	assert_memory_not_equal(again.bytes, first.bytes, RECORD_HEADER_LEN);
	assert_memory_equal(again.bytes + RECORD_HEADER_LEN, first.bytes + RECORD_HEADER_LEN, 60);
	for (unsigned i = 0; i < 1000; i++)
		steps_deliver(&hello);
	assert_int_equal(p.n_queue, 0);
	/* invariant 12 */
	for (unsigned i = 0; i < 100; i++) {
		p.now += PAIR_SECOND / 100;
		steps_deliver(&hello);
		n += p.n_queue;
		p.n_queue = 0;
	}
	assert_in_range(n, 1, 3);
	steps_end();
}

static void test_hello_of_another_handshake(void **state)
{
	struct pair_datagram hello, other;

	(void)state;
	steps_begin();
	hello = steps_hello();
	steps_deliver(&hello);
	other = hello;
	other.bytes[RECORD_HEADER_LEN + HS_HEADER_LEN + 2] ^= 1; /* the random */
	assert_false(handshake_hello_matches(p.server.h, other.bytes, other.len));
	assert_false(handshake_hello_matches(p.server.h, hello.bytes, hello.len - 1u));
	assert_false(handshake_hello_matches(p.server.h, hello.bytes, 0));
	steps_end();
}

/* checklist 28: the server repeats its flight on its own, and gives up in the end. */
static void test_server_repeats_and_gives_up(void **state)
{
	uint64_t start;
	unsigned n = 0;

	(void)state;
	steps_begin();
	steps_server_hello();
	pair_end(&p.client);
	start = p.now;
	while (p.server.h != NULL) {
		p.now = pair_deadline(&p);
		pair_timers(&p);
		n += p.n_queue;
		p.n_queue = 0;
	}
	assert_true(p.server.failed);
	assert_int_equal(p.server.why, STATUS_HS_TIMEOUT);
	assert_int_equal(p.now - start, 120 * PAIR_SECOND);
	assert_int_equal(n, 6); /* after 1, 3, 7, 15, 31, 63 seconds */
	steps_end();
}

static void test_timeout_too_early_does_nothing(void **state)
{
	(void)state;
	steps_begin();
	steps_server_hello();
	p.now += PAIR_SECOND - 1;
	handshake_timeout(p.server.h, p.now);
	pair_drain(&p, &p.server);
	assert_int_equal(p.n_queue, 0);
	steps_end();
}

/* Small MTUs; checklist 25: at most ten records. */
static void test_datagrams_fit_the_mtu(void **state)
{
	static const uint16_t mtus[] = { 0, 1, 256, 257, 300, 512, 1500, 9000, 65535 };

	(void)state;
	for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		size_t limit = mtus[i] < 256 ? 256 : mtus[i] > 1500 ? 1500 : mtus[i];
		struct pair_datagram d;

		steps_begin();
		p.client.cfg.mtu = p.server.cfg.mtu = mtus[i];
		assert_true(pair_start(&p));
		while (pair_take(&p, &d)) {
			assert_true(d.len <= limit);
			steps_deliver(&d);
		}
		assert_true(p.client.installed && p.server.installed);
		steps_end();
	}
}

/* invariant 7: memory stays in the budget with everything held that can be. */
static void test_memory_budget(void **state)
{
	uint8_t junk[1400] = { 0 };
	struct pair_datagram d;

	(void)state;
	steps_begin();
	steps_key_exchange();
	for (unsigned i = 0; i < 50; i++) {
		junk[0] = (uint8_t)i; /* a repetition is not held */
		d = steps_plain(RECORD_APPDATA, 1, junk, 1400);
		steps_deliver(&d);
		for (uint32_t off = 0; off < 900; off += 8) {
			const struct steps_fragment f = { .type = HS_CLIENT_KEY_EXCHANGE,
							  .seq = (uint16_t)(2 + i % 4),
							  .len = 1000,
							  .off = off,
							  .n = 3 };

			d = steps_plain_fragment(&f);
			steps_deliver(&d);
		}
	}
	assert_int_equal(p.server.h->n_held, HANDSHAKE_HELD_MAX);
	assert_in_range(p.server.memory.peak, 4000, HANDSHAKE_MEMORY_MAX);
	steps_end();
}

/* What every handshake takes: nothing of DTLS 1.3's in one of 1.2, and in either no more than was
 * measured. */
static void test_memory_of_a_version(void **state)
{
	(void)state;
	steps_begin();
	steps_run();
	assert_true(p.client.installed && p.server.installed);
	/* The Finished is held until there are keys. */
	assert_int_equal(p.server.memory.n_allocs, 2);
	assert_in_range(p.server.memory.peak, handshake_sizes[0], handshake_sizes[0] + 128);
	assert_int_equal(p.client.memory.peak, handshake_sizes[0]);
	steps_end();
	assert_in_range(handshake_sizes[0], 1, 5 * 1024);
	assert_in_range(handshake_sizes[0] + handshake_sizes[1], 1, 8 * 1024);
}

/* Every allocation fails once: no crash, no leak, and the outcome is one of two. */
static void test_allocation_failures(void **state)
{
	(void)state;
	for (size_t at = 1; at < 12; at++) {
		struct pair_datagram flight, data;

		steps_begin();
		p.slow_jobs = true;
		p.server.memory.fail_at = at;
		flight = steps_hello();
		steps_deliver(&flight);
		if (p.server.h == NULL) {
			assert_int_equal(at, 1);
			steps_end();
			continue;
		}
		flight = steps_take();
		steps_deliver(&flight);
		flight = steps_take();
		data = steps_sealed(RECORD_APPDATA, "r", 1);
		flight = steps_join(&flight, &data);
		steps_deliver(&flight);
		pair_jobs(&p, &p.server);
		pair_drain(&p, &p.server);
		/* At worst the Finished was not held and is repeated. */
		p.slow_jobs = false;
		while (!(p.client.installed || p.client.failed)) {
			pair_flush(&p);
			p.now = pair_deadline(&p);
			if (p.now == UINT64_MAX)
				break;
			pair_timers(&p);
		}
		assert_true(p.client.installed && p.server.installed);
		steps_end();
	}
}

static size_t wiped_blocks;

static void release_wiped(void *arg, void *block)
{
	const size_t *len = (const size_t *)(const void *)((const uint8_t *)block - 16);

	for (size_t i = 0; i < *len; i++)
		assert_int_equal(((const uint8_t *)block)[i], 0);
	wiped_blocks++;
	pair_release(arg, block);
}

/* checklist 60: whatever is released was wiped. */
static void test_secrets_are_wiped(void **state)
{
	struct pair_datagram flight, data;

	(void)state;
	wiped_blocks = 0;
	steps_begin();
	p.slow_jobs = true;
	p.server.cfg.release = p.client.cfg.release = release_wiped;
	flight = steps_key_exchange();
	data = steps_sealed(RECORD_APPDATA, "secret", 6);
	flight = steps_join(&flight, &data);
	steps_deliver(&flight);
	pair_jobs(&p, &p.server);
	pair_drain(&p, &p.server);
	pair_flush(&p);
	assert_true(p.client.installed && p.server.installed);
	assert_int_equal(wiped_blocks, 4); /* two handshakes; held twice: before and after keys */
	steps_end();
}

static void count_put(void *arg, const struct identity *id)
{
	assert_non_null(id);
	(*(unsigned *)arg)++;
}

static struct identity *somebody(void)
{
	static union {
		struct identity id;
		uint8_t room[sizeof(struct identity) + 4];
	} u;

	u.id.len = 4;
	return &u.id;
}

static void run_jobs_with_identity(void)
{
	const struct job_lookup lookup = { .find = pair_find, .arg = &p };
	struct handshake_job *job;

	while ((job = handshake_job(p.server.h)) != NULL) {
		job_run(job, &lookup);
		if (job->kind == JOB_PSK_LOOKUP)
			job->interned = somebody();
		handshake_job_done(p.server.h, p.now);
	}
	pair_drain(&p, &p.server);
}

/* The identity's reference goes to the installer, or back. */
static void test_identity_reference(void **state)
{
	(void)state;
	for (unsigned wrong = 0; wrong < 2; wrong++) {
		struct pair_datagram flight;
		unsigned n_puts = 0;

		steps_begin();
		p.slow_jobs = true;
		p.psk[0] ^= (uint8_t)wrong;
		p.server.cfg.identity_put = count_put;
		p.server.cfg.identity_arg = &n_puts;
		flight = steps_key_exchange();
		steps_deliver(&flight);
		run_jobs_with_identity();
		assert_int_equal(p.server.installed, !wrong);
		assert_ptr_equal(p.server.identity, wrong ? NULL : somebody());
		steps_end();
		assert_int_equal(n_puts, wrong);
	}
}

static void test_randomness_failure(void **state)
{
	struct pair_datagram hello;

	(void)state;
	/* bad-input N8 (CVE-2026-84782): never without randomness. */
	steps_begin();
	hello = steps_hello();
	p.server.random_fails = true;
	steps_deliver(&hello);
	steps_expect_failed(STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	steps_end();
	steps_begin();
	p.client.random_fails = true;
	assert_true(pair_start(&p));
	assert_true(p.client.failed);
	assert_int_equal(p.client.why, STATUS_HS_INTERNAL);
	steps_end();
}

/* bug 74: every job's failure is seen. */
static void test_job_failures(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 5; at++) {
		struct pair_datagram flight;

		steps_begin();
		p.slow_jobs = true;
		flight = steps_key_exchange();
		steps_deliver(&flight);
		for (unsigned i = 0; i < at; i++) {
			const struct job_lookup lookup = { .find = pair_find, .arg = &p };

			job_run(handshake_job(p.server.h), &lookup);
			handshake_job_done(p.server.h, p.now);
		}
		p.job_fails = true;
		assert_non_null(handshake_job(p.server.h));
		pair_jobs(&p, &p.server);
		pair_drain(&p, &p.server);
		steps_expect_failed(STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
		steps_end();
	}
}

/* A job that comes back after the handshake gave up. */
static void test_job_done_after_the_end(void **state)
{
	struct handshake_job *job;
	struct pair_datagram flight;
	struct handshake_event e;

	(void)state;
	steps_begin();
	p.slow_jobs = true;
	flight = steps_key_exchange();
	steps_deliver(&flight);
	job = handshake_job(p.server.h);
	assert_non_null(job);
	handshake_timeout(p.server.h, p.now + 120 * PAIR_SECOND);
	assert_null(handshake_job(p.server.h));
	memcpy(job->psk, pair_key, sizeof(pair_key));
	job->psk_len = sizeof(pair_key);
	handshake_job_done(p.server.h, p.now);
	assert_null(handshake_job(p.server.h));
	handshake_event(p.server.h, &e);
	assert_int_equal(e.kind, HANDSHAKE_FAILED);
	assert_int_equal(e.status, STATUS_HS_TIMEOUT);
	steps_end();
}

static void test_free_in_every_state(void **state)
{
	(void)state;
	handshake_free(NULL);
	for (unsigned steps = 0; steps < 8; steps++) {
		struct pair_datagram d;

		steps_begin();
		assert_true(pair_start(&p));
		for (unsigned i = 0; i < steps && pair_take(&p, &d); i++)
			steps_deliver(&d);
		steps_end();
	}
}

static void test_credential_limits(void **state)
{
	uint8_t long_identity[PSK_IDENTITY_MAX + 1] = { 1 }, key[PSK_KEY_MAX + 1] = { 1 };

	(void)state;
	steps_begin();
	p.client.h = handshake_new(&p.client.cfg, HANDSHAKE_CLIENT, 0);
	assert_false(handshake_client_credential(p.client.h, long_identity, 129, key, 16));
	assert_false(handshake_client_credential(p.client.h, long_identity, 4, key, 0));
	assert_false(handshake_client_credential(p.client.h, long_identity, 4, key, 65));
	assert_true(handshake_client_credential(p.client.h, long_identity, 128, key, 64));
	steps_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_suite_with_and_without_ems),
		cmocka_unit_test(test_installed_keys_carry_data),
		cmocka_unit_test(test_first_data_is_never_lost),
		cmocka_unit_test(test_held_has_only_what_was_not_consumed),
		cmocka_unit_test(test_install_comes_after_the_output),
		cmocka_unit_test(test_record_number_follows_the_hello),
		cmocka_unit_test(test_message_number_follows_the_hello),
		cmocka_unit_test(test_repeated_hello),
		cmocka_unit_test(test_hello_of_another_handshake),
		cmocka_unit_test(test_server_repeats_and_gives_up),
		cmocka_unit_test(test_timeout_too_early_does_nothing),
		cmocka_unit_test(test_datagrams_fit_the_mtu),
		cmocka_unit_test(test_memory_budget),
		cmocka_unit_test(test_memory_of_a_version),
		cmocka_unit_test(test_allocation_failures),
		cmocka_unit_test(test_secrets_are_wiped),
		cmocka_unit_test(test_identity_reference),
		cmocka_unit_test(test_randomness_failure),
		cmocka_unit_test(test_job_failures),
		cmocka_unit_test(test_job_done_after_the_end),
		cmocka_unit_test(test_free_in_every_state),
		cmocka_unit_test(test_credential_limits),
	};

	return cmocka_run_group_tests_name("handshake", tests, steps_setup, steps_teardown);
}
