/* SPDX-License-Identifier: BSD-3-Clause */
#include "flight.h"

#include "record.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static struct flight f;

static void message(uint8_t type, uint16_t seq, size_t len)
{
	struct wr w = flight_open(&f);

	for (size_t i = 0; i < len; i++)
		wr_u8(&w, (uint8_t)(seq * 16 + i));
	assert_true(flight_close(&f, &w, type == HS_FINISHED, type, seq));
}

/* ClientKeyExchange of 100 bytes, ChangeCipherSpec, Finished. */
static void begin(void)
{
	f = (struct flight){ 0 };
	flight_init(&f, SECOND, 60 * SECOND);
	flight_begin(&f);
	message(HS_CLIENT_KEY_EXCHANGE, 2, 100);
	assert_true(flight_ccs(&f));
	message(HS_FINISHED, 3, 12);
}

/* Cuts all records at a room; checks that the pieces make up the messages; returns how many. */
static unsigned cut_all(size_t room)
{
	uint8_t out[1500], type;
	size_t len, at[2] = { 0, 0 };
	struct hs_fragment piece;
	unsigned n = 0, n_ccs = 0;

	while (flight_next(&f, room, out, &len, &type)) {
		struct rd r = rd_of(out, len);

		n++;
		assert_true(len <= room);
		if (type == RECORD_CCS) {
			n_ccs++;
			assert_int_equal(len, 1);
			assert_int_equal(out[0], 1);
			continue;
		}
		assert_true(hs_fragment_next(&r, &piece));
		assert_int_equal(rd_len(&r), 0);
		size_t *so_far = &at[piece.seq - 2];

		assert_int_equal(piece.off, *so_far);
		for (size_t i = 0; i < rd_len(&piece.body); i++)
			assert_int_equal(piece.body.p[i], (uint8_t)(piece.seq * 16 + *so_far + i));
		*so_far += rd_len(&piece.body);
	}
	assert_int_equal(n_ccs, 1);
	assert_int_equal(at[0], 100);
	assert_int_equal(at[1], 12);
	return n;
}

static void test_whole_messages(void **state)
{
	(void)state;
	begin();
	flight_send(&f, 0, false);
	assert_int_equal(f.state, FLIGHT_SENDING);
	assert_int_equal(cut_all(1200), 3);
	assert_int_equal(f.state, FLIGHT_WAITING);
}

/* Our own fragmentation, at every room that can hold a piece. */
static void test_fragments_at_every_size(void **state)
{
	(void)state;
	for (size_t room = HS_HEADER_LEN + 32; room < 130; room++) {
		unsigned pieces =
			(unsigned)((100 + room - HS_HEADER_LEN - 1) / (room - HS_HEADER_LEN));

		begin();
		flight_send(&f, 0, false);
		assert_int_equal(cut_all(room), pieces + 2);
	}
}

/* A borrowed body is cut like one of ours, and is where it was. */
static void test_borrowed_bodies(void **state)
{
	uint8_t body[3000], out[1500], type;
	struct hs_fragment piece;
	struct rd r;
	size_t len, at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 3 + i / 256);
	f = (struct flight){ 0 };
	flight_init(&f, SECOND, 60 * SECOND);
	flight_begin(&f);
	message(HS_SERVER_HELLO, 1, 40);
	assert_true(flight_borrow(&f, rd_of(body, sizeof(body)), 0, HS_CERTIFICATE, 2));
	assert_true(flight_message(&f, 1, &piece));
	assert_ptr_equal(piece.body.p, body);
	assert_int_equal(f.used, 2 * HS_HEADER_LEN + 40);
	message(HS_SERVER_HELLO_DONE, 3, 0);
	flight_send(&f, 0, false);
	assert_true(flight_next(&f, 1200, out, &len, &type));
	while (at < sizeof(body)) {
		assert_true(flight_next(&f, 500, out, &len, &type));
		r = rd_of(out, len);
		assert_true(hs_fragment_next(&r, &piece));
		assert_int_equal(piece.type, HS_CERTIFICATE);
		assert_int_equal(piece.len, sizeof(body));
		assert_int_equal(piece.seq, 2);
		assert_int_equal(piece.off, at);
		assert_memory_equal(piece.body.p, body + at, rd_len(&piece.body));
		at += rd_len(&piece.body);
	}
	assert_true(flight_next(&f, 500, out, &len, &type));
	assert_int_equal(len, HS_HEADER_LEN);
	assert_int_equal(f.state, FLIGHT_WAITING);
	flight_begin(&f);
	assert_false(flight_borrow(&f, rd_of(body, UINT16_MAX), 0, HS_CERTIFICATE, 2));
}

static void test_no_room_is_no_record(void **state)
{
	uint8_t out[64], type;
	size_t len;

	(void)state;
	begin();
	assert_false(flight_next(&f, 64, out, &len, &type)); /* not sent yet */
	flight_send(&f, 0, false);
	assert_false(flight_next(&f, 0, out, &len, &type));
	assert_false(flight_next(&f, HS_HEADER_LEN, out, &len, &type));
	assert_false(flight_next(&f, HS_HEADER_LEN + 31, out, &len, &type));
	assert_int_equal(f.sending, 0);
	assert_int_equal(cut_all(1200), 3);
}

/* checklist 27: the same bytes again, whatever the pieces. */
static void test_repetition_has_the_same_bytes(void **state)
{
	(void)state;
	begin();
	flight_send(&f, 0, false);
	cut_all(1200);
	flight_timeout(&f, SECOND);
	cut_all(60);
	flight_timeout(&f, 3 * SECOND);
	cut_all(1200);
}

/* checklist 28: one second, doubled, at most a minute. */
static void test_timer_doubles_to_its_maximum(void **state)
{
	static const uint64_t waits[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	uint64_t now = 77 * SECOND;

	(void)state;
	begin();
	flight_send(&f, now, false);
	assert_int_equal(flight_deadline(&f), UINT64_MAX); /* not while sending */
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		cut_all(1200);
		assert_int_equal(flight_deadline(&f), now + waits[i] * SECOND);
		flight_timeout(&f, now + waits[i] * SECOND - 1);
		assert_int_equal(f.state, FLIGHT_WAITING);
		now += waits[i] * SECOND;
		flight_timeout(&f, now);
		assert_int_equal(f.state, FLIGHT_SENDING);
	}
	/* A new flight begins with the short timeout again. */
	begin();
	flight_send(&f, now, false);
	cut_all(1200);
	assert_int_equal(flight_deadline(&f), now + SECOND);
}

/* checklist 29: smaller datagrams after two timeouts. */
static void test_datagrams_shrink(void **state)
{
	(void)state;
	begin();
	flight_send(&f, 0, false);
	assert_int_equal(flight_datagram_max(&f, 1200), 1200);
	cut_all(1200);
	flight_timeout(&f, SECOND);
	assert_int_equal(flight_datagram_max(&f, 1200), 1200);
	cut_all(1200);
	flight_timeout(&f, 3 * SECOND);
	assert_int_equal(flight_datagram_max(&f, 1200), 600);
	assert_int_equal(flight_datagram_max(&f, 400), FLIGHT_DATAGRAM_MIN);
	assert_int_equal(flight_datagram_max(&f, FLIGHT_DATAGRAM_MIN), FLIGHT_DATAGRAM_MIN);
}

/* bad-input B10: the peer's repetition is answered, but not at any rate. */
static void test_repeat_is_rate_limited(void **state)
{
	unsigned n = 0;

	(void)state;
	begin();
	assert_false(flight_repeat(&f, 0));
	flight_send(&f, 0, false);
	assert_false(flight_repeat(&f, 10 * SECOND)); /* still sending */
	cut_all(1200);
	for (uint64_t t = 0; t < 10 * SECOND; t += SECOND / 100)
		if (flight_repeat(&f, t)) {
			n++;
			cut_all(1200);
		}
	assert_in_range(n, 10, 20);
}

static void test_last_flight_waits_for_nothing(void **state)
{
	(void)state;
	begin();
	flight_send(&f, 0, true);
	cut_all(1200);
	assert_int_equal(f.state, FLIGHT_FINISHED);
	assert_int_equal(flight_deadline(&f), UINT64_MAX);
	assert_false(flight_repeat(&f, 100 * SECOND));
	flight_timeout(&f, 100 * SECOND);
	assert_int_equal(f.state, FLIGHT_FINISHED);
}

static void test_full_flight_is_refused(void **state)
{
	struct hs_fragment empty;
	struct wr w;

	(void)state;
	f = (struct flight){ 0 };
	flight_init(&f, SECOND, 60 * SECOND);
	flight_begin(&f);
	w = flight_open(&f);
	(void)wr_space(&w, FLIGHT_BYTES_MAX);
	assert_false(flight_close(&f, &w, 0, HS_CLIENT_HELLO, 0));
	for (unsigned i = 0; i < FLIGHT_MESSAGES_MAX; i++)
		assert_true(flight_ccs(&f));
	assert_false(flight_ccs(&f));
	/* and an empty body is a message like any other */
	flight_begin(&f);
	w = flight_open(&f);
	assert_true(flight_close(&f, &w, 0, HS_SERVER_HELLO_DONE, 1));
	assert_true(flight_message(&f, 0, &empty));
	assert_int_equal(empty.len, 0);
}

static void test_wipe_leaves_nothing(void **state)
{
	uint8_t epoch;

	(void)state;
	begin();
	flight_send(&f, 0, false);
	flight_wipe(&f);
	for (size_t i = 0; i < sizeof(f.bytes); i++)
		assert_int_equal(f.bytes[i], 0);
	assert_false(flight_epoch(&f, &epoch));
	assert_int_equal(flight_deadline(&f), UINT64_MAX);
}

static void test_epoch_of_each_record(void **state)
{
	static const uint8_t epochs[] = { 0, 0, 1 };
	uint8_t out[1500], type, epoch;
	size_t len;

	(void)state;
	begin();
	flight_send(&f, 0, false);
	for (size_t i = 0; i < 3; i++) {
		assert_true(flight_epoch(&f, &epoch));
		assert_int_equal(epoch, epochs[i]);
		assert_true(flight_next(&f, 1200, out, &len, &type));
	}
	assert_false(flight_epoch(&f, &epoch));
}

/* DTLS 1.3: hands out everything there is, in records of at most room bytes, the i-th of number
 * first + i; returns how many, and how many body bytes they had. */
static unsigned send13(uint64_t first, size_t room, size_t *bytes)
{
	uint8_t out[1500], type;
	struct hs_fragment piece;
	unsigned n = 0;
	struct rd r;
	size_t len;

	*bytes = 0;
	while (flight_next(&f, room, out, &len, &type)) {
		flight_sent(&f, first + n++);
		r = rd_of(out, len);
		assert_true(hs_fragment_next(&r, &piece));
		*bytes += rd_len(&piece.body);
	}
	return n;
}

/* A certificate of 3000 bytes and a Finished of 32, in epoch 2. */
static void begin13(void)
{
	static struct flight_sent sent[FLIGHT_SENT_MAX];
	static uint8_t body[3000];
	struct wr w;

	f = (struct flight){ 0 };
	flight_init(&f, SECOND, 60 * SECOND);
	flight_by_block(&f, sent);
	flight_begin(&f);
	assert_true(flight_borrow(&f, rd_of(body, sizeof(body)), 2, HS_CERTIFICATE, 2));
	w = flight_open(&f);
	(void)wr_space(&w, 32);
	assert_true(flight_close(&f, &w, 2, HS_FINISHED, 3));
	flight_send(&f, 0, false);
}

/* RFC 9147 §7.2: what was acknowledged is omitted from what is sent again. */
static void test_only_what_is_missing_is_sent_again(void **state)
{
	size_t bytes;
	unsigned n;

	(void)state;
	begin13();
	n = send13(10, 700, &bytes);
	assert_int_equal(bytes, 3032);
	assert_int_equal(n, 6);
	assert_false(flight_ack_begun(&f));
	for (unsigned i = 0; i < n; i++)
		if (i != 2)
			assert_true(flight_ack(&f, 2, 10 + i));
	assert_true(flight_ack_begun(&f));
	assert_false(flight_acked(&f));
	flight_resume(&f, SECOND / 2);
	assert_int_equal(f.state, FLIGHT_SENDING);
	/* smaller records meanwhile */
	n = send13(20, 300, &bytes);
	assert_in_range(bytes, 600, 700);
	assert_int_equal(n, 3);
	/* the first transmission's number counts as well (RFC 9147 §7.2) */
	assert_true(flight_ack(&f, 2, 12));
	assert_true(flight_acked(&f));
	assert_int_equal(flight_deadline(&f), UINT64_MAX);
	flight_resume(&f, SECOND);
	assert_int_equal(f.state, FLIGHT_WAITING);
	assert_false(flight_repeat(&f, 100 * SECOND));
}

/* bad-input L4: records never sent, of another epoch, acknowledged before, forgotten. */
static void test_acks_of_nothing(void **state)
{
	size_t bytes;

	(void)state;
	begin13();
	(void)send13(10, 700, &bytes);
	assert_false(flight_ack(&f, 2, 9));
	assert_false(flight_ack(&f, 2, 16));
	assert_false(flight_ack(&f, 0, 10));
	assert_false(flight_ack(&f, 3, 10));
	assert_false(flight_ack(&f, UINT64_C(1) << 32 | 2, 10));
	assert_false(flight_ack(&f, UINT64_MAX, UINT64_MAX));
	assert_false(flight_ack_begun(&f));
	assert_true(flight_ack(&f, 2, 10));
	assert_false(flight_ack(&f, 2, 10));
	for (uint64_t i = 1; i <= FLIGHT_SENT_MAX; i++) {
		flight_timeout(&f, flight_deadline(&f));
		(void)send13(100 * i, 700, &bytes);
	}
	assert_false(flight_ack(&f, 2, 11));
	/* another flight has its own */
	begin13();
	assert_false(flight_ack(&f, 2, UINT64_C(100) * FLIGHT_SENT_MAX));
}

/* bad-input L4: nor is a record whose number is not known yet any that a peer can name. */
static void test_acks_of_no_number(void **state)
{
	uint8_t out[1500], type;
	unsigned place;
	size_t len;

	(void)state;
	begin13();
	assert_true(flight_next(&f, 700, out, &len, &type));
	place = flight_sent_later(&f);
	assert_false(flight_ack(&f, 2, UINT64_MAX));
	assert_false(flight_ack_begun(&f));
	flight_number(&f, place, 2, 10);
	assert_true(flight_ack(&f, 2, 10));
}

/* Sends what there is, in records of some size, and acknowledges about half of them. */
static void send_and_lose(uint64_t *random, uint64_t *number)
{
	uint64_t first = *number;
	size_t bytes;

	*number += send13(first, 45 + (*random >> 33) % 900, &bytes);
	assert_int_equal(f.state, FLIGHT_WAITING);
	assert_true(*number > first);
	for (uint64_t i = first; i < *number; i++) {
		*random = *random * 6364136223846793005U + 1442695040888963407U;
		if (*random >> 63)
			(void)flight_ack(&f, 2, i);
	}
	flight_resume(&f, 0);
}

/* Whatever pieces a message was cut to and whichever of them are acknowledged, the rest is sent,
 * and in the end all is. */
static void test_any_pieces(void **state)
{
	uint64_t random = 1, number = 0;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		begin13();
		for (unsigned tries = 0; !flight_acked(&f); tries++) {
			assert_true(tries < 200);
			send_and_lose(&random, &number);
		}
	}
}

/* RFC 9147 §5.8.2: a timer that was backed off stays so for the next flight. */
static void test_timer_is_retained(void **state)
{
	size_t bytes;

	(void)state;
	begin13();
	(void)send13(0, 700, &bytes);
	flight_timeout(&f, SECOND);
	(void)send13(10, 700, &bytes);
	assert_int_equal(flight_deadline(&f), 3 * SECOND);
	flight_send(&f, 3 * SECOND, false);
	(void)send13(20, 700, &bytes);
	assert_int_equal(flight_deadline(&f), 5 * SECOND);
	flight_send(&f, 5 * SECOND, false);
	(void)send13(30, 700, &bytes);
	assert_int_equal(flight_deadline(&f), 6 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_messages),
		cmocka_unit_test(test_only_what_is_missing_is_sent_again),
		cmocka_unit_test(test_acks_of_nothing),
		cmocka_unit_test(test_acks_of_no_number),
		cmocka_unit_test(test_any_pieces),
		cmocka_unit_test(test_timer_is_retained),
		cmocka_unit_test(test_fragments_at_every_size),
		cmocka_unit_test(test_borrowed_bodies),
		cmocka_unit_test(test_no_room_is_no_record),
		cmocka_unit_test(test_repetition_has_the_same_bytes),
		cmocka_unit_test(test_timer_doubles_to_its_maximum),
		cmocka_unit_test(test_datagrams_shrink),
		cmocka_unit_test(test_repeat_is_rate_limited),
		cmocka_unit_test(test_last_flight_waits_for_nothing),
		cmocka_unit_test(test_full_flight_is_refused),
		cmocka_unit_test(test_wipe_leaves_nothing),
		cmocka_unit_test(test_epoch_of_each_record),
	};

	return cmocka_run_group_tests_name("flight", tests, NULL, NULL);
}
