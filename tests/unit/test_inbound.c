/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows A, B, J and K of the hostile catalogue, met in the middle of a handshake. */
#include "hs_steps.h"

static const uint8_t identity_body[] = { 0, 4, 'd', 'e', 'v', '1' };

/* The server waits for the ClientKeyExchange; the client's real flight is returned. */
static struct pair_datagram waiting(void)
{
	steps_begin();
	return steps_key_exchange();
}

/* The server has keys and waits for the Finished, which is returned. */
static struct pair_datagram keyed(void)
{
	struct pair_datagram flight = waiting(), cke = steps_record(&flight, 0);

	steps_deliver(&cke);
	steps_expect_waiting(S12_FINISHED);
	return steps_record(&flight, 2);
}

/* bad-input A1, A2: what is not a record. */
static void test_not_a_record(void **state)
{
	struct pair_datagram flight = waiting(), bad = flight;

	(void)state;
	for (uint16_t n = 0; n <= RECORD_HEADER_LEN; n++) {
		bad.len = n;
		steps_deliver(&bad);
		steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	}
	bad = flight;
	bad.bytes[11] = 0xff; /* length beyond the datagram */
	steps_deliver(&bad);
	assert_int_equal(p.server.last_input, STATUS_RECORD_LENGTH);
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	steps_expect_completes(&flight);
	steps_end();
}

/* bad-input A5, A6, A8; bug 80: a bad record does not stop the good one behind it. */
static void test_bad_record_before_the_good_one(void **state)
{
	struct pair_datagram bad[4];

	(void)state;
	bad[0] = steps_plain(99, 0, "x", 1);
	bad[1] = steps_plain(RECORD_HANDSHAKE, 0, "short", 5);
	bad[1].bytes[2] = 0x03; /* version */
	bad[2] = steps_plain(RECORD_HANDSHAKE, 7, "x", 1);
	bad[3] = steps_plain(RECORD_APPDATA, 0, "x", 1);
	for (size_t i = 0; i < 4; i++) {
		struct pair_datagram flight = waiting();

		flight = steps_join(&bad[i], &flight);
		steps_expect_completes(&flight);
		steps_end();
	}
}

/* bad-input A9: only so many records of a datagram are looked at. */
static void test_too_many_records(void **state)
{
	struct pair_datagram flight = waiting(), many = { .to_server = true }, one;

	(void)state;
	one = steps_plain(RECORD_CCS, 0, "\1", 1);
	for (unsigned i = 0; i < 100; i++)
		many = steps_join(&many, &one);
	steps_deliver(&many);
	assert_int_equal(p.server.last_input, STATUS_RECORD_TOO_MANY);
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	steps_expect_completes(&flight);
	steps_end();
}

/* bad-input B1: off + length beyond the message: dropped in the clear, fatal when protected. */
static void test_fragment_beyond_its_message(void **state)
{
	const struct steps_fragment f = {
		.type = HS_CLIENT_KEY_EXCHANGE, .seq = 2, .len = 6, .off = 4, .n = 3
	};
	struct pair_datagram flight = waiting(), d = steps_plain_fragment(&f);

	(void)state;
	steps_deliver(&d);
	assert_int_equal(p.server.last_input, STATUS_HS_MALFORMED);
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	steps_expect_completes(&flight);
	steps_end();

	keyed();
	d = steps_sealed_fragment(&f);
	steps_deliver(&d);
	steps_expect_failed(STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	steps_end();
}

/* bad-input B2: same message_seq, other length. */
static void test_fragment_of_another_length(void **state)
{
	struct steps_fragment f = {
		.type = HS_CLIENT_KEY_EXCHANGE, .seq = 2, .len = 6, .n = 3, .body = identity_body
	};
	struct pair_datagram d;

	(void)state;
	waiting();
	d = steps_plain_fragment(&f);
	steps_deliver(&d);
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	f.len = 7;
	f.off = 3;
	d = steps_plain_fragment(&f);
	steps_deliver(&d);
	steps_expect_failed(STATUS_HS_FRAGMENT, ALERT_ILLEGAL_PARAMETER);
	steps_end();
}

/* bad-input B5: other bytes for what is known. */
static void test_fragment_of_other_bytes(void **state)
{
	struct steps_fragment f = {
		.type = HS_CLIENT_KEY_EXCHANGE, .seq = 2, .len = 6, .n = 3, .body = identity_body
	};
	struct pair_datagram d;

	(void)state;
	waiting();
	d = steps_plain_fragment(&f);
	steps_deliver(&d);
	steps_deliver(&d); /* bad-input B4: the same bytes */
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	f.body = (const uint8_t *)"\0\5d";
	d = steps_plain_fragment(&f);
	steps_deliver(&d);
	steps_expect_failed(STATUS_HS_FRAGMENT, ALERT_ILLEGAL_PARAMETER);
	steps_end();
}

/* bad-input B6, B8, B9: empty, huge, far ahead. */
static void test_fragments_that_are_dropped(void **state)
{
	static const struct steps_fragment drop[] = {
		{ .type = HS_CLIENT_KEY_EXCHANGE, .seq = 2, .len = 6 },
		{ .type = HS_CLIENT_KEY_EXCHANGE, .seq = 65535, .len = 6, .n = 6 },
		{ .type = HS_CLIENT_KEY_EXCHANGE, .seq = 10, .len = 16777215, .n = 6 },
		{ .type = HS_FINISHED, .seq = 3, .len = 12 },
	};
	struct pair_datagram flight = waiting();
	size_t before = p.server.memory.n_allocs;

	(void)state;
	for (size_t i = 0; i < sizeof(drop) / sizeof(drop[0]); i++) {
		struct pair_datagram d = steps_plain_fragment(&drop[i]);

		steps_deliver(&d);
		assert_int_equal(p.server.last_input, STATUS_HS_FRAGMENT);
		steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	}
	assert_int_equal(p.server.memory.n_allocs, before);
	steps_expect_completes(&flight);
	steps_end();
}

/* bad-input B8: the due message claims 16 MB. */
static void test_due_message_too_long(void **state)
{
	const struct steps_fragment f = {
		.type = HS_CLIENT_KEY_EXCHANGE, .seq = 2, .len = 16777215, .n = 9
	};
	struct pair_datagram d;
	size_t before;

	(void)state;
	waiting();
	before = p.server.memory.n_allocs;
	d = steps_plain_fragment(&f);
	steps_deliver(&d);
	steps_expect_failed(STATUS_HS_FRAGMENT, ALERT_ILLEGAL_PARAMETER);
	assert_int_equal(p.server.memory.n_allocs, before);
	steps_end();
}

/* bad-input B10: what was handled is old, and changes nothing. */
static void test_old_message(void **state)
{
	struct pair_datagram flight = waiting(), cke = steps_record(&flight, 0);
	unsigned jobs;

	(void)state;
	steps_deliver(&cke);
	jobs = p.n_jobs;
	for (unsigned i = 0; i < 100; i++) {
		steps_deliver(&cke);
		assert_int_equal(p.server.last_input, STATUS_HS_OLD);
	}
	assert_int_equal(p.n_jobs, jobs);
	steps_expect_waiting(S12_FINISHED);
	steps_expect_completes(&flight);
	steps_end();
}

/* The ClientKeyExchange in pieces, in any order, also while the Finished is early. */
static void test_fragmented_key_exchange(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 6; order++) {
		static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
		struct pair_datagram flight = waiting(), finished = steps_record(&flight, 2);

		steps_deliver(&finished);
		assert_int_equal(p.server.h->n_held, 1);
		for (unsigned i = 0; i < 3; i++) {
			uint32_t off = orders[order][i] * 2u;
			const struct steps_fragment f = { .type = HS_CLIENT_KEY_EXCHANGE,
							  .seq = 2,
							  .len = 6,
							  .off = off,
							  .n = 2,
							  .body = identity_body + off };
			struct pair_datagram d = steps_plain_fragment(&f);

			assert_false(p.server.installed);
			steps_deliver(&d);
		}
		assert_true(p.server.installed);
		pair_flush(&p);
		assert_true(p.client.installed);
		steps_end();
	}
}

/* bad-input B13: half of a fragment header in each of two records. */
static void test_split_header(void **state)
{
	struct pair_datagram flight = waiting(), cke = steps_record(&flight, 0), a, b;

	(void)state;
	a = steps_plain(RECORD_HANDSHAKE, 0, cke.bytes + RECORD_HEADER_LEN, 6);
	b = steps_plain(RECORD_HANDSHAKE, 0, cke.bytes + RECORD_HEADER_LEN + 6,
			cke.len - RECORD_HEADER_LEN - 6u);
	a = steps_join(&a, &b);
	steps_deliver(&a);
	assert_int_equal(p.server.last_input, STATUS_HS_MALFORMED);
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	steps_expect_completes(&flight);
	steps_end();
}

/* bad-input B14: bytes behind a whole message. */
static void test_trailing_bytes(void **state)
{
	uint8_t bytes[1400];
	struct steps_fragment f = {
		.type = HS_CLIENT_KEY_EXCHANGE, .seq = 2, .len = 6, .n = 6, .body = identity_body
	};
	struct pair_datagram d, finished;
	size_t len;

	(void)state;
	/* in the clear: the message counts, the rest is dropped */
	waiting();
	len = steps_fragment(bytes, &f);
	memset(bytes + len, 0, 11);
	d = steps_plain(RECORD_HANDSHAKE, 0, bytes, len + 11);
	steps_deliver(&d);
	assert_int_equal(p.server.last_input, STATUS_HS_MALFORMED);
	steps_expect_waiting(S12_FINISHED);
	steps_end();
	/* protected: a fragment of the Finished and five bytes */
	finished = keyed();
	(void)finished;
	f = (struct steps_fragment){ .type = HS_FINISHED, .seq = 3, .len = 12, .n = 5 };
	len = steps_fragment(bytes, &f);
	memset(bytes + len, 0, 5);
	d = steps_sealed(RECORD_HANDSHAKE, bytes, len + 5);
	steps_deliver(&d);
	steps_expect_failed(STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	steps_end();
}

static void test_empty_handshake_record(void **state)
{
	struct pair_datagram flight = waiting(), d = steps_plain(RECORD_HANDSHAKE, 0, "", 0);

	(void)state;
	steps_deliver(&d);
	assert_int_equal(p.server.last_input, STATUS_RECORD_EMPTY);
	steps_expect_completes(&flight);
	steps_end();
}

/* bad-input J2: a plaintext alert can end a handshake that cryptography has not confirmed. */
static void test_fatal_alert_in_the_clear(void **state)
{
	struct pair_datagram d;

	(void)state;
	waiting();
	d = steps_plain(RECORD_ALERT, 0, "\2\50", 2);
	steps_deliver(&d);
	assert_true(p.server.failed);
	assert_int_equal(p.server.why, STATUS_HS_ALERT);
	assert_int_equal(p.n_queue, 0); /* no alert answers an alert */
	steps_end();
}

/* bad-input J2, J1: once a protected record opened, it cannot. */
static void test_alert_after_a_protected_record(void **state)
{
	struct pair_datagram flight, d;

	(void)state;
	steps_begin();
	p.slow_jobs = true;
	flight = steps_key_exchange();
	steps_deliver(&flight);
	while (p.server.h->state != S12_FINISHED || !p.server.h->protect.epochs[1].rx_seen) {
		const struct job_lookup lookup = { .find = pair_find, .arg = &p };

		job_run(handshake_job(p.server.h), &lookup);
		handshake_job_done(p.server.h, p.now);
	}
	d = steps_plain(RECORD_ALERT, 0, "\2\50", 2);
	steps_deliver(&d);
	assert_int_equal(p.server.last_input, STATUS_RECORD_PLAIN);
	assert_int_equal(p.server.h->outcome, CONNECTION_RUNNING);
	pair_jobs(&p, &p.server);
	pair_drain(&p, &p.server);
	assert_true(p.server.installed);
	steps_end();
}

/* bad-input J5 and malformed alerts: nothing happens, nothing is answered. */
static void test_alerts_that_are_ignored(void **state)
{
	static const char *const alerts[] = { "\1\132", "\1\144", "\1\51", "\3\50", "\0\50" };
	struct pair_datagram flight = waiting(), d;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		d = steps_plain(RECORD_ALERT, 0, alerts[i % 5], 2);
		steps_deliver(&d);
	}
	for (size_t n = 0; n < 5; n++) {
		if (n == 2)
			continue;
		d = steps_plain(RECORD_ALERT, 0, "\2\50\0\0\0", n);
		steps_deliver(&d);
		assert_int_equal(p.server.last_input, STATUS_HS_MALFORMED);
	}
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	steps_expect_completes(&flight);
	steps_end();
}

/* bad-input J6: ChangeCipherSpec first, twice, malformed: dropped. */
static void test_change_cipher_spec(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum status status;
	} ccs[] = {
		{ "\1", 1, STATUS_OK },
		{ "\1", 1, STATUS_OK },
		{ "\1\1", 2, STATUS_HS_MALFORMED },
		{ "\2", 1, STATUS_HS_MALFORMED },
		{ "", 0, STATUS_HS_MALFORMED },
	};
	struct pair_datagram flight = waiting(), d;

	(void)state;
	for (size_t i = 0; i < sizeof(ccs) / sizeof(ccs[0]); i++) {
		d = steps_plain(RECORD_CCS, 0, ccs[i].bytes, ccs[i].len);
		steps_deliver(&d);
		assert_int_equal(p.server.last_input, ccs[i].status);
		steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	}
	steps_expect_completes(&flight);
	steps_end();
}

/* bad-input J6: in epoch 1 it is unexpected_message, if it is genuine. */
static void test_change_cipher_spec_in_epoch_1(void **state)
{
	struct pair_datagram finished = keyed(), d;

	(void)state;
	d = steps_plain(RECORD_CCS, 1, "0123456789012345678901234567890123456789", 40);
	steps_deliver(&d);
	assert_int_equal(p.server.last_input, STATUS_RECORD_TAG);
	steps_expect_waiting(S12_FINISHED);
	(void)finished;
	d = steps_sealed(RECORD_CCS, "\1", 1);
	steps_deliver(&d);
	steps_expect_failed(STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
	steps_end();
}

/* bad-input K9, bug 70: data in the clear, always. */
static void test_data_in_the_clear(void **state)
{
	struct pair_datagram flight = waiting(), d = steps_plain(RECORD_APPDATA, 0, "data", 4);

	(void)state;
	steps_deliver(&d);
	assert_int_equal(p.server.last_input, STATUS_RECORD_PLAIN);
	flight = steps_join(&d, &flight);
	steps_expect_completes(&flight);
	assert_int_equal(p.server.n_data, 0);
	steps_end();
}

/* bugs 47, 60: other epochs change nothing. */
static void test_other_epochs(void **state)
{
	static const uint16_t epochs[] = { 2, 3, 0x100, 0x101, 65535 };
	struct pair_datagram flight = waiting(), cke = steps_record(&flight, 0), d;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		d = steps_plain(RECORD_HANDSHAKE, epochs[i], cke.bytes + RECORD_HEADER_LEN,
				cke.len - RECORD_HEADER_LEN);
		steps_deliver(&d);
		assert_int_equal(p.server.last_input, STATUS_RECORD_EPOCH);
		steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	}
	steps_expect_completes(&flight);
	steps_end();
}

/* bad-input K1: the Finished twice, and the number marked. */
static void test_replayed_finished(void **state)
{
	struct pair_datagram flight, finished;

	(void)state;
	steps_begin();
	p.slow_jobs = true;
	flight = steps_key_exchange();
	steps_deliver(&flight);
	pair_jobs(&p, &p.server);
	finished = steps_record(&flight, 2);
	assert_true(p.server.h->protect.epochs[1].rx_seen);
	assert_int_equal(handshake_input(p.server.h, p.now, finished.bytes, finished.len),
			 STATUS_HS_OLD);
	pair_drain(&p, &p.server);
	assert_true(p.server.installed);
	assert_int_equal(p.server.n_installs, 1);
	steps_end();
}

/* bugs 10, 11 (CVE-2015-0206, CVE-2026-54874): early records take two datagrams' room, no more. */
static void test_early_records_are_bounded(void **state)
{
	struct pair_datagram flight = waiting(), d;
	size_t now;

	(void)state;
	for (unsigned i = 0; i < HANDSHAKE_HELD_MAX; i++) {
		d = steps_plain(RECORD_HANDSHAKE, 1, "junk", 1 + i);
		steps_deliver(&d);
		assert_int_equal(p.server.last_input, STATUS_OK);
	}
	now = p.server.memory.now;
	for (unsigned i = 0; i < 1000; i++) {
		d = steps_plain(RECORD_HANDSHAKE, 1, "junk!", 5);
		steps_deliver(&d);
		assert_int_equal(p.server.last_input, STATUS_RECORD_EPOCH);
	}
	assert_int_equal(p.server.memory.now, now);
	/* The junk is gone when there are keys; the Finished that found no room is repeated. */
	steps_deliver(&flight);
	while (!p.client.installed) {
		pair_flush(&p);
		p.now = pair_deadline(&p);
		pair_timers(&p);
	}
	assert_true(p.server.installed);
	steps_end();
}

/* A Finished that comes twice, as it was or with a new number, before the ClientKeyExchange does
 * not take the room of the data behind it. */
static void test_repeated_early_finished(void **state)
{
	struct pair_datagram flight, key_exchange, finished, again, data;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		steps_begin();
		flight = steps_key_exchange();
		key_exchange = steps_record(&flight, 0);
		finished = steps_record(&flight, 2);
		again = finished;
		if (i == 1) {
			p.now = pair_deadline(&p);
			pair_timers(&p);
			while (!again.to_server || again.len < flight.len)
				again = steps_take();
			again = steps_record(&again, 2);
			assert_memory_not_equal(again.bytes, finished.bytes, finished.len);
		}
		data = steps_sealed(RECORD_APPDATA, "r", 1);
		steps_deliver(&finished);
		assert_int_equal(p.server.last_input, STATUS_OK);
		steps_deliver(&again);
		assert_int_equal(p.server.last_input, STATUS_HS_OLD);
		steps_deliver(&data);
		assert_int_equal(p.server.last_input, STATUS_OK);
		steps_deliver(&data);
		assert_int_equal(p.server.last_input, STATUS_HS_OLD);
		assert_int_equal(p.server.h->n_held, 2);
		steps_expect_completes(&key_exchange);
		assert_int_equal(p.server.n_data, 1);
		steps_end();
	}
}

/* With keys, only genuine data is held. */
static void test_forged_data_is_not_held(void **state)
{
	struct pair_datagram finished = keyed(), d, data;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		d = steps_plain(RECORD_APPDATA, 1, "0123456789012345678901234567890123456789", 40);
		steps_deliver(&d);
		assert_int_equal(p.server.last_input, STATUS_RECORD_TAG);
	}
	assert_int_equal(p.server.h->n_held, 0);
	data = steps_sealed(RECORD_APPDATA, "r", 1);
	steps_deliver(&data);
	assert_int_equal(p.server.h->n_held, 1);
	steps_expect_completes(&finished);
	assert_int_equal(p.server.n_data, 1);
	steps_end();
}

/* An alert behind the Finished comes to the session, behind the data. */
static void test_protected_alert_is_the_sessions(void **state)
{
	struct pair_datagram finished = keyed(), alert;

	(void)state;
	alert = steps_sealed(RECORD_ALERT, "\1\0", 2);
	steps_deliver(&alert);
	steps_expect_waiting(S12_FINISHED);
	assert_int_equal(p.server.h->n_held, 1);
	steps_expect_completes(&finished);
	steps_end();
}

/* Sent in the clear, a Finished is dropped and the real one awaited; ahead of its time too. */
static void test_finished_in_the_clear(void **state)
{
	uint8_t body[12] = { 0 };
	struct pair_datagram flight = waiting(), fake, cke = steps_record(&flight, 0);

	(void)state;
	fake = steps_message(HS_FINISHED, 3, body, 12);
	steps_deliver(&fake);
	steps_deliver(&cke);
	steps_expect_waiting(S12_FINISHED);
	steps_deliver(&fake);
	assert_int_equal(p.server.last_input, STATUS_HS_UNEXPECTED);
	steps_expect_waiting(S12_FINISHED);
	steps_expect_completes(&flight);
	steps_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_a_record),
		cmocka_unit_test(test_bad_record_before_the_good_one),
		cmocka_unit_test(test_too_many_records),
		cmocka_unit_test(test_fragment_beyond_its_message),
		cmocka_unit_test(test_fragment_of_another_length),
		cmocka_unit_test(test_fragment_of_other_bytes),
		cmocka_unit_test(test_fragments_that_are_dropped),
		cmocka_unit_test(test_due_message_too_long),
		cmocka_unit_test(test_old_message),
		cmocka_unit_test(test_fragmented_key_exchange),
		cmocka_unit_test(test_split_header),
		cmocka_unit_test(test_trailing_bytes),
		cmocka_unit_test(test_empty_handshake_record),
		cmocka_unit_test(test_fatal_alert_in_the_clear),
		cmocka_unit_test(test_alert_after_a_protected_record),
		cmocka_unit_test(test_alerts_that_are_ignored),
		cmocka_unit_test(test_change_cipher_spec),
		cmocka_unit_test(test_change_cipher_spec_in_epoch_1),
		cmocka_unit_test(test_data_in_the_clear),
		cmocka_unit_test(test_other_epochs),
		cmocka_unit_test(test_replayed_finished),
		cmocka_unit_test(test_early_records_are_bounded),
		cmocka_unit_test(test_repeated_early_finished),
		cmocka_unit_test(test_forged_data_is_not_held),
		cmocka_unit_test(test_protected_alert_is_the_sessions),
		cmocka_unit_test(test_finished_in_the_clear),
	};

	return cmocka_run_group_tests_name("inbound", tests, steps_setup, steps_teardown);
}
