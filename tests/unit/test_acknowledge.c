/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes of DTLS 1.3 over records: what is acknowledged, what is sent again, and what hostile
 * ACKs and records do. */
#include "acknowledge.h"

#include "hs_steps.h"

static void begin(void)
{
	steps_begin();
	pair_use13(&p, 0);
}

/* Up to the client's Finished, which is on its way and returned. client_finished: of two ends as
 * they are made. */
static struct pair_datagram client_finished_of(void)
{
	struct pair_datagram d;

	assert_true(pair_start(&p));
	while (pair_take(&p, &d) && !(d.to_server && record13_is(d.bytes[0])))
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	assert_int_equal(p.n_queue, 0);
	return d;
}

static struct pair_datagram client_finished(void)
{
	begin();
	return client_finished_of();
}

/* A record of an end's, whatever it would have sent itself. */
static void seal(struct pair_side *from, uint8_t epoch, uint8_t type, const void *bytes, size_t len)
{
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	struct wr w = wr_of(out, sizeof(out));

	assert_true(protect_write(&from->h->protect, &w, epoch, type, DTLS_1_2, bytes, len));
	pair_deliver(&p, from == &p.client, out, wr_len(&w));
}

static void ack(struct pair_side *from, uint8_t epoch, const struct hs_ack *numbers, size_t n)
{
	uint8_t body[1400];
	struct wr w = wr_of(body, sizeof(body));

	ack_write(&w, numbers, n);
	seal(from, epoch, RECORD_ACK, body, wr_len(&w));
}

static void expect_done(void)
{
	assert_true(p.client.installed);
	assert_true(p.server.installed);
	assert_false(p.client.nonce_repeated);
	assert_false(p.server.nonce_repeated);
	steps_end();
}

static void test_every_suite(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITE_13_N; i++) {
		begin();
		pair_use13(&p, i);
		steps_run();
		assert_int_equal(p.client.version, DTLS_1_3);
		assert_memory_equal(&p.client.session.epochs[3].keys,
				    &p.server.session.epochs[3].keys, sizeof(struct traffic_keys));
		expect_done();
	}
}

/* bad-input L6, checklist 30: the ACK of the client's Finished is lost: the client repeats it, and
 * what is left of the server's handshake acknowledges it again, but not at any pace. */
static void test_lost_ack_of_finished(void **state)
{
	struct pair_datagram finished = client_finished(), lost;

	(void)state;
	pair_deliver(&p, true, finished.bytes, finished.len);
	assert_true(p.server.installed);
	lost = steps_take();
	assert_true(record13_is(lost.bytes[0]));
	assert_false(p.client.installed);
	pair_deliver(&p, true, finished.bytes, finished.len);
	pair_deliver(&p, true, finished.bytes, finished.len);
	assert_int_equal(p.n_queue, 1);
	p.n_queue = 0;
	p.now += PAIR_SECOND;
	pair_timers(&p);
	pair_flush(&p);
	expect_done();
}

/* RFC 9147 §7.1: a quarter of the timer behind the first record of a flight whose rest does not
 * come; then only that is sent again. */
static void test_part_of_a_flight(void **state)
{
	struct pair_datagram d, hello = { 0 };
	struct rd left;
	struct record rec;

	(void)state;
	begin();
	assert_true(pair_start(&p));
	while (!hello.len) {
		d = steps_take();
		if (!d.to_server && p.server.h != NULL)
			hello = d;
		else
			pair_deliver(&p, d.to_server, d.bytes, d.len);
	}
	left = rd_of(hello.bytes, hello.len);
	assert_int_equal(record_next(&left, &rec), STATUS_OK);
	pair_deliver(&p, false, hello.bytes, (size_t)(left.p - hello.bytes));
	assert_int_equal(p.n_queue, 0);
	assert_int_equal(handshake_deadline(p.client.h), p.now + PAIR_SECOND / 4);
	p.now += PAIR_SECOND / 4;
	pair_timers(&p);
	d = steps_take();
	assert_true(d.to_server);
	assert_true(record13_is(d.bytes[0]));
	pair_deliver(&p, true, d.bytes, d.len);
	d = steps_take();
	assert_int_equal(d.len, rd_len(&left));
	pair_deliver(&p, false, d.bytes, d.len);
	pair_flush(&p);
	expect_done();
}

/* bad-input L1, L4: what was never sent, all there can be, and the right number in the clear. */
static void test_acks_of_nothing_change_nothing(void **state)
{
	struct hs_ack numbers[80];
	struct pair_datagram finished = client_finished();
	uint8_t out[64];
	struct wr w = wr_of(out, sizeof(out));

	(void)state;
	for (unsigned i = 0; i < 80; i++)
		numbers[i] = (struct hs_ack){ .epoch = 2, .number = 1 + i };
	numbers[79].number = UINT64_MAX;
	ack(&p.server, 3, numbers, 80);
	ack(&p.server, 2, NULL, 0);
	record_write_header(&w, RECORD_ACK, DTLS_1_2, 0, 9, 18);
	numbers[0] = (struct hs_ack){ .epoch = 2, .number = 0 };
	ack_write(&w, numbers, 1);
	pair_deliver(&p, false, out, wr_len(&w));
	assert_int_equal(p.n_queue, 0);
	assert_false(p.client.installed);
	assert_false(p.client.failed);
	pair_deliver(&p, true, finished.bytes, finished.len);
	pair_flush(&p);
	expect_done();
}

/* An empty one says that something is missing: what is sent again is limited all the same. */
static void test_empty_ack(void **state)
{
	struct pair_datagram finished = client_finished();

	(void)state;
	p.now += PAIR_SECOND / 2;
	ack(&p.server, 2, NULL, 0);
	ack(&p.server, 2, NULL, 0);
	assert_int_equal(p.n_queue, 1);
	pair_deliver(&p, true, finished.bytes, finished.len);
	pair_flush(&p);
	expect_done();
}

/* RFC 8449: an ACK, too, is no longer than the peer takes. */
static void test_long_ack_and_short_records(void **state)
{
	struct pair_datagram finished, d;

	(void)state;
	begin();
	p.client.cfg.record_size_limit = HS_RECORD_SIZE_MIN;
	finished = client_finished_of();
	for (unsigned i = 0; i < 20; i++)
		acks_add(&p.server.h->v13->acks, 0, i);
	pair_deliver(&p, true, finished.bytes, finished.len);
	d = steps_take();
	assert_in_range(d.len, 1, RECORD13_HEADER_LEN + HS_RECORD_SIZE_MIN + AEAD_TAG_MAX);
	pair_deliver(&p, false, d.bytes, d.len);
	expect_done();
}

static void expect_failed(const struct pair_side *side, enum status why)
{
	assert_true(side->failed);
	assert_string_equal(status_label(side->why), status_label(why));
	steps_end();
}

/* bad-input L2, and RFC 9147 §7.2: an epoch above the ACK's own. */
static void test_malformed_acks(void **state)
{
	static const uint8_t odd[] = { 0, 15, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t longer[] = { 0xff, 0xf0, 0, 0 }, behind[] = { 0, 0, 0 };
	const struct hs_ack above = { .epoch = 3, .number = 0 };
	const struct {
		const void *bytes;
		size_t len;
	} rows[] = { { odd, sizeof(odd) },
		     { longer, sizeof(longer) },
		     { behind, sizeof(behind) },
		     { "", 1 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)client_finished();
		seal(&p.server, 2, RECORD_ACK, rows[i].bytes, rows[i].len);
		expect_failed(&p.client, STATUS_HS_MALFORMED);
	}
	(void)client_finished();
	ack(&p.server, 2, &above, 1);
	expect_failed(&p.client, STATUS_HS_PARAMETER);
}

/* bad-input J2: an alert ends a handshake when it is protected, and not in the clear once the peer
 * has shown its keys. */
static void test_alerts(void **state)
{
	static const uint8_t fatal[] = { ALERT_FATAL, ALERT_ACCESS_DENIED },
			     canceled[] = { ALERT_WARNING, ALERT_USER_CANCELED };
	uint8_t out[64];
	struct wr w = wr_of(out, sizeof(out));

	(void)state;
	(void)client_finished();
	record_write_header(&w, RECORD_ALERT, DTLS_1_2, 0, 9, sizeof(fatal));
	wr_bytes(&w, fatal, sizeof(fatal));
	pair_deliver(&p, false, out, wr_len(&w));
	seal(&p.server, 3, RECORD_ALERT, canceled, sizeof(canceled));
	assert_false(p.client.failed);
	seal(&p.server, 3, RECORD_ALERT, fatal, sizeof(fatal));
	expect_failed(&p.client, STATUS_HS_ALERT);
}

/* bad-input A17, J6, K9: there is no ChangeCipherSpec in 1.3, and data in epoch 2 comes from a peer
 * that has the keys and does not follow the rules. */
static void test_types(void **state)
{
	static const uint8_t ccs[] = { RECORD_CCS, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 1 };

	(void)state;
	(void)client_finished();
	pair_deliver(&p, true, ccs, sizeof(ccs));
	seal(&p.client, 2, RECORD_CCS, "\1", 1);
	assert_non_null(p.server.h);
	seal(&p.client, 2, RECORD_APPDATA, "x", 1);
	expect_failed(&p.server, STATUS_HS_UNEXPECTED);
	(void)client_finished();
	seal(&p.client, 2, RECORD_HANDSHAKE, "\24\0\0", 3);
	expect_failed(&p.server, STATUS_HS_MALFORMED);
}

/* First data: behind the Finished, or before it: it waits for the Finished and is not lost. */
static void test_first_data(void **state)
{
	(void)state;
	for (unsigned before = 0; before < 2; before++) {
		struct pair_datagram finished = client_finished();
		uint8_t data[64];
		struct wr w = wr_of(data, sizeof(data));

		assert_true(protect_write(&p.client.h->protect, &w, 3, RECORD_APPDATA, DTLS_1_2,
					  (const uint8_t *)"d", 1));
		if (before) {
			pair_deliver(&p, true, data, wr_len(&w));
			assert_int_equal(p.server.n_data, 0);
		} else {
			memcpy(finished.bytes + finished.len, data, wr_len(&w));
			finished.len = (uint16_t)(finished.len + wr_len(&w));
		}
		pair_deliver(&p, true, finished.bytes, finished.len);
		assert_int_equal(p.server.n_data, 1);
		assert_int_equal(p.server.data[0], 'd');
		pair_flush(&p);
		expect_done();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_suite),
		cmocka_unit_test(test_lost_ack_of_finished),
		cmocka_unit_test(test_part_of_a_flight),
		cmocka_unit_test(test_acks_of_nothing_change_nothing),
		cmocka_unit_test(test_empty_ack),
		cmocka_unit_test(test_long_ack_and_short_records),
		cmocka_unit_test(test_malformed_acks),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_first_data),
	};

	return cmocka_run_group_tests(tests, steps_setup, steps_teardown);
}
