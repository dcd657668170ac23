/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct aead *aead;
static struct gate *gate;
static struct pair p;

/* The server is done; its last flight is in the queue, not delivered. */
static void done(struct pair_datagram *last_flight)
{
	struct pair_datagram d;

	pair_begin(&p, 7, aead, gate);
	assert_true(pair_start(&p));
	while (!p.server.installed && pair_take(&p, &d))
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	assert_true(p.server.installed);
	assert_true(pair_take(&p, last_flight));
	assert_int_equal(p.n_queue, 0);
}

static size_t fragment(uint8_t out[64], uint8_t type, uint16_t seq, uint32_t off, uint32_t len)
{
	struct wr w = wr_of(out, 64);

	hs_header_write(&w, type, len, seq, off, len - off);
	(void)wr_space(&w, len - off);
	return wr_len(&w);
}

static enum remnant_answer ask(uint64_t now, uint8_t type, uint16_t seq, uint32_t off)
{
	uint8_t bytes[64];

	return handshake_remnant_input(&p.server.remnant, now, bytes,
				       fragment(bytes, type, seq, off, 12));
}

/* checklist 30: a lost final flight is answered again, and the client completes. */
static void test_lost_last_flight_is_answered_again(void **state)
{
	struct pair_datagram lost;

	(void)state;
	done(&lost);
	for (unsigned i = 0; i < 3; i++) {
		struct pair_datagram again;

		p.now = pair_deadline(&p);
		pair_timers(&p);
		assert_true(pair_take(&p, &again)); /* the client's flight */
		pair_deliver(&p, true, again.bytes, again.len);
		assert_int_equal(p.n_queue, 1);
		if (i < 2)
			assert_true(pair_take(&p, &again)); /* lost again */
	}
	assert_false(p.server.nonce_repeated);
	pair_flush(&p);
	assert_true(p.client.installed);
	pair_finish(&p);
}

/* checklist 27: new record numbers in both epochs. */
static void test_new_numbers_each_time(void **state)
{
	struct pair_datagram lost, again;
	struct rd r;
	struct record rec;
	uint64_t seq0;

	(void)state;
	done(&lost);
	r = rd_of(lost.bytes, lost.len);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rec.type, RECORD_CCS);
	seq0 = rec.seq;
	for (unsigned i = 1; i <= 3; i++) {
		p.now = pair_deadline(&p);
		pair_timers(&p);
		assert_true(pair_take(&p, &again));
		pair_deliver(&p, true, again.bytes, again.len);
		assert_true(pair_take(&p, &again));
		r = rd_of(again.bytes, again.len);
		assert_int_equal(record_next(&r, &rec), STATUS_OK);
		assert_int_equal(rec.type, RECORD_CCS);
		assert_int_equal(rec.seq, seq0 + i);
		assert_int_equal(record_next(&r, &rec), STATUS_OK);
		assert_int_equal(rec.epoch, 1);
		assert_int_equal(rec.seq, i);
		assert_int_equal(rd_len(&r), 0);
	}
	pair_finish(&p);
}

/* invariant 12: the answer has a rate. */
static void test_rate_limit(void **state)
{
	struct pair_datagram lost;
	uint64_t t0;
	unsigned n = 0;

	(void)state;
	done(&lost);
	t0 = p.now;
	for (uint64_t t = 0; t < 10 * PAIR_SECOND; t += PAIR_SECOND / 1000)
		n += ask(t0 + t, HS_FINISHED, p.server.remnant.finished_seq, 0) == REMNANT_REPEAT;
	assert_in_range(n, 9, 40);
	pair_finish(&p);
}

/* Only the client's Finished, by its own message_seq. */
static void test_only_the_finished_is_answered(void **state)
{
	struct pair_datagram lost;
	uint64_t later;
	uint16_t seq;

	(void)state;
	done(&lost);
	seq = p.server.remnant.finished_seq;
	later = p.now + 100 * PAIR_SECOND;
	for (unsigned type = 0; type < 256; type++) {
		enum remnant_answer want =
			type == HS_CLIENT_HELLO ? REMNANT_NO_RENEGOTIATION : REMNANT_NOTHING;

		if (type != HS_FINISHED)
			assert_int_equal(ask(later, (uint8_t)type, seq, 0), want);
	}
	assert_int_equal(ask(later, HS_FINISHED, (uint16_t)(seq + 1), 0), REMNANT_NOTHING);
	assert_int_equal(ask(later, HS_FINISHED, seq, 4), REMNANT_NOTHING);
	assert_int_equal(ask(later, HS_FINISHED, seq, 0), REMNANT_REPEAT);
	pair_finish(&p);
}

/* checklist 51, bug 65: renegotiation is refused, also when the remnant has expired. */
static void test_renegotiation_is_refused(void **state)
{
	uint8_t bytes[64];
	size_t len = fragment(bytes, HS_CLIENT_HELLO, 0, 0, 40);

	(void)state;
	assert_int_equal(handshake_remnant_input(NULL, 0, bytes, len), REMNANT_NO_RENEGOTIATION);
	len = fragment(bytes, HS_FINISHED, 3, 0, 12);
	assert_int_equal(handshake_remnant_input(NULL, 0, bytes, len), REMNANT_NOTHING);
	/* one answer for a hello, not one for each of its fragments */
	len = fragment(bytes, HS_CLIENT_HELLO, 0, 20, 40);
	assert_int_equal(handshake_remnant_input(NULL, 0, bytes, len), REMNANT_NOTHING);
}

static void test_every_truncation(void **state)
{
	struct pair_datagram lost;
	uint8_t bytes[64];
	size_t len;

	(void)state;
	done(&lost);
	len = fragment(bytes, HS_FINISHED, p.server.remnant.finished_seq, 0, 12);
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n ? n : 1); /* for the address sanitizer */

		memcpy(exact, bytes, n);
		assert_int_equal(handshake_remnant_input(&p.server.remnant, p.now + 9 * PAIR_SECOND,
							 exact, n),
				 REMNANT_NOTHING);
		free(exact);
	}
	pair_finish(&p);
}

static void test_client_leaves_no_flight(void **state)
{
	(void)state;
	pair_begin(&p, 8, aead, gate);
	assert_true(pair_start(&p));
	pair_flush(&p);
	assert_true(p.client.installed);
	assert_int_equal(p.client.remnant.message_len, 0);
	assert_int_equal(p.client.remnant.prefix_len, 0);
	pair_finish(&p);
}

static int setup(void **state)
{
	(void)state;
	aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	gate = gate_new(NULL);
	return aead == NULL || gate == NULL;
}

static int teardown(void **state)
{
	(void)state;
	aead_free(aead);
	gate_free(gate);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_last_flight_is_answered_again),
		cmocka_unit_test(test_new_numbers_each_time),
		cmocka_unit_test(test_rate_limit),
		cmocka_unit_test(test_only_the_finished_is_answered),
		cmocka_unit_test(test_renegotiation_is_refused),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_client_leaves_no_flight),
	};

	return cmocka_run_group_tests_name("remnant", tests, setup, teardown);
}
