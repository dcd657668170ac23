/* SPDX-License-Identifier: BSD-3-Clause */
#include "post_handshake.h"

#include "hs_msg13.h"
#include "record.h"

#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

enum { SUITE = 0x1301, REPEATS = 3, DATA = 3 };

static struct post_handshake us;
static struct post_handshake_result result;
static unsigned n_flights; /* allocated */
static bool no_memory;
static unsigned n_messages; /* that cfg.message took */
static uint8_t last_type;
static size_t last_len;

static void *give(void *arg, size_t len)
{
	(void)arg;
	if (no_memory)
		return NULL;
	n_flights++;
	return malloc(len);
}

static void take_back(void *arg, void *p)
{
	(void)arg;
	n_flights--;
	free(p);
}

static enum status take_ticket(void *arg, const struct hs_fragment *m, struct rd record,
			       enum alert *alert)
{
	(void)arg;
	if (m->type != HS_NEW_SESSION_TICKET) {
		*alert = ALERT_UNEXPECTED_MESSAGE;
		return STATUS_HS_UNEXPECTED;
	}
	n_messages++;
	last_type = m->type;
	last_len = rd_len(&record);
	return STATUS_OK;
}

static struct post_handshake_config cfg;

static int setup(void **state)
{
	(void)state;
	cfg = (struct post_handshake_config){ .timeout_ns = SECOND,
					      .timeout_max_ns = 60 * SECOND,
					      .repeats = REPEATS,
					      .alloc = give,
					      .release = take_back };
	us = (struct post_handshake){
		.rx_epoch = DATA, .tx_epoch = DATA, .rx_seq = 2, .tx_seq = 5, .suite = SUITE
	};
	memset(us.rx_secret, 1, 32);
	memset(us.tx_secret, 2, 32);
	no_memory = false;
	n_messages = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	post_handshake_wipe(&us, &cfg);
	assert_int_equal(n_flights, 0);
	return 0;
}

static uint64_t numbered(uint64_t epoch, uint64_t seq) { return epoch << 48 | seq; }

static void input(uint8_t type, uint64_t number, const void *content, size_t len)
{
	const struct post_handshake_record record = { number, type, rd_of(content, len) };

	post_handshake_input(&us, &cfg, SECOND, &record, &result);
}

/* A whole message into out; returns its length. */
static size_t message(uint8_t *out, uint8_t type, uint16_t seq, const void *body, size_t len)
{
	struct wr w = wr_of(out, 512);

	hs_header_write(&w, type, (uint32_t)len, seq, 0, (uint32_t)len);
	wr_bytes(&w, body, len);
	assert_false(w.failed);
	return wr_len(&w);
}

static void key_update(uint64_t number, uint16_t seq, uint8_t value)
{
	uint8_t bytes[512];

	input(RECORD_HANDSHAKE, number, bytes, message(bytes, HS_KEY_UPDATE, seq, &value, 1));
}

static void acked(uint64_t received_epoch, uint64_t number)
{
	uint8_t body[POST_HANDSHAKE_ACK_LEN];

	post_handshake_ack(number, body);
	input(RECORD_ACK, numbered(received_epoch, 100), body, sizeof(body));
}

/* Our next record: a KeyUpdate with a message_seq; seals it with that number. */
static uint16_t said_key_update(uint16_t seq, uint64_t number)
{
	uint8_t out[256];
	uint16_t token;
	size_t len;
	struct hs_fragment m;
	struct rd r;

	assert_true(post_handshake_output(&us, sizeof(out), out, &len, &token));
	assert_int_not_equal(token, 0);
	r = rd_of(out, len);
	assert_true(hs_fragment_next(&r, &m));
	assert_int_equal(m.type, HS_KEY_UPDATE);
	assert_int_equal(m.seq, seq);
	assert_int_equal(rd_len(&m.body), 1);
	assert_int_equal(m.body.p[0], 0);
	if (number != 0)
		post_handshake_sealed(&us, token, number);
	assert_false(post_handshake_output(&us, sizeof(out), out, &len, &token));
	return token;
}

static void assert_ends(enum alert alert, enum status status)
{
	assert_true(result.ends);
	assert_false(result.ack);
	assert_int_equal(result.alert, alert);
	assert_int_equal(result.status, status);
}

/* checklist 32: new keys to receive with at once, an ACK; the secret as RFC 8446 §7.2 has it. */
static void test_peer_updates(void **state)
{
	uint8_t expected[HASH_MAX];

	(void)state;
	memcpy(expected, us.rx_secret, sizeof(expected));
	assert_true(schedule13_update(suite_by_id(SUITE)->hash, expected));
	key_update(numbered(DATA, 7), 2, 0);
	assert_true(result.rx_keys && result.ack);
	assert_false(result.tx_keys || result.ends);
	assert_int_equal(result.status, STATUS_HS_PEER_KEYS_UPDATED);
	assert_int_equal(us.rx_epoch, 4);
	assert_int_equal(us.tx_epoch, 3);
	assert_memory_equal(us.rx_secret, expected, 32);
	assert_false(post_handshake_updating(&us));
	key_update(numbered(4, 0), 3, 0);
	assert_true(result.rx_keys && result.ack);
	assert_int_equal(us.rx_epoch, 5);
}

/* bad-input L6: it comes again, in its old epoch, since our ACK was lost: ACKed, and no more. */
static void test_repeated(void **state)
{
	(void)state;
	key_update(numbered(DATA, 7), 2, 0);
	key_update(numbered(DATA, 8), 2, 0);
	assert_true(result.ack);
	assert_false(result.rx_keys || result.ends);
	assert_int_equal(result.status, STATUS_HS_OLD);
	assert_int_equal(us.rx_epoch, 4);
}

/* RFC 8446 §4.6.3: who is asked for an update answers with one, that asks for none. */
static void test_requested(void **state)
{
	(void)state;
	key_update(numbered(DATA, 7), 2, 1);
	assert_true(result.rx_keys && result.ack);
	assert_true(post_handshake_updating(&us));
	(void)said_key_update(5, numbered(DATA, 40));
	assert_int_equal(us.tx_epoch, 3);
	/* A second request finds one under way. */
	key_update(numbered(4, 0), 3, 1);
	assert_true(result.rx_keys && result.ack);
	assert_int_equal(us.tx_seq, 6);
	acked(DATA, numbered(DATA, 40));
	assert_true(result.tx_keys);
	assert_false(result.rx_keys || result.ack);
	assert_int_equal(result.status, STATUS_HS_KEYS_UPDATED);
	assert_int_equal(us.tx_epoch, 4);
	assert_int_equal(n_flights, 0);
	assert_true(post_handshake_deadline(&us) == UINT64_MAX);
}

/* Where the peer's keys are worn, it is asked; what waits behind tickets asks all the same. */
static void test_both(void **state)
{
	uint8_t out[64];
	uint16_t token;
	size_t len;

	(void)state;
	assert_true(post_handshake_update(&us, &cfg, SECOND, true));
	assert_true(post_handshake_output(&us, sizeof(out), out, &len, &token));
	assert_int_equal(len, HS_HEADER_LEN + 1);
	assert_int_equal(out[HS_HEADER_LEN], 1);
	post_handshake_sealed(&us, token, numbered(DATA, 40));
	acked(DATA, numbered(DATA, 40));
	assert_true(result.tx_keys);
}

/* checklist 27, 31, 32: the same message again until any of its records is acknowledged. */
static void test_retransmitted(void **state)
{
	(void)state;
	assert_true(post_handshake_update(&us, &cfg, SECOND, false));
	(void)said_key_update(5, numbered(DATA, 40));
	assert_true(post_handshake_deadline(&us) == 2 * SECOND);
	assert_int_equal(post_handshake_timeout(&us, &cfg, 2 * SECOND), STATUS_OK);
	(void)said_key_update(5, numbered(DATA, 41));
	assert_true(post_handshake_deadline(&us) == 4 * SECOND);
	acked(DATA, numbered(DATA, 40));
	assert_true(result.tx_keys);
}

/* The number of a record is told late, or never. */
static void test_number_comes_late(void **state)
{
	uint16_t first, second;

	(void)state;
	assert_true(post_handshake_update(&us, &cfg, SECOND, false));
	first = said_key_update(5, 0);
	assert_int_equal(post_handshake_timeout(&us, &cfg, 2 * SECOND), STATUS_OK);
	second = said_key_update(5, 0);
	assert_int_not_equal(first, second);
	acked(DATA, numbered(DATA, 41));
	assert_false(result.tx_keys);
	post_handshake_sealed(&us, second, numbered(DATA, 41));
	acked(DATA, numbered(DATA, 41));
	assert_true(result.tx_keys);
	/* The other one's number is none of the next flight's. */
	assert_true(post_handshake_update(&us, &cfg, SECOND, false));
	(void)said_key_update(6, 0);
	post_handshake_sealed(&us, first, numbered(DATA, 40));
	acked(DATA, numbered(DATA, 40));
	assert_false(result.tx_keys);
	assert_int_equal(us.tx_epoch, 4);
}

static void test_given_up(void **state)
{
	uint64_t now = SECOND;

	(void)state;
	assert_true(post_handshake_update(&us, &cfg, now, false));
	for (unsigned i = 0; i <= REPEATS; i++) {
		(void)said_key_update(5, numbered(DATA, 40 + i));
		now = post_handshake_deadline(&us);
		assert_int_equal(post_handshake_timeout(&us, &cfg, now),
				 i < REPEATS ? STATUS_OK : STATUS_HS_POST_LOST);
	}
	assert_int_equal(n_flights, 0);
	/* The peer awaits that message: another one would never be heard. */
	assert_false(post_handshake_update(&us, &cfg, now, false));
	acked(DATA, numbered(DATA, 40));
	assert_false(result.tx_keys || result.ends);
	key_update(numbered(DATA, 9), 2, 1);
	assert_true(result.rx_keys && result.ack);
	assert_int_equal(result.status, STATUS_HS_POST_LIMIT);
}

/* bad-input L8 */
static void test_not_allowed(void **state)
{
	uint8_t big[512] = { 0 }, bytes[600];

	(void)state;
	key_update(numbered(DATA, 7), 2, 2);
	assert_ends(ALERT_ILLEGAL_PARAMETER, STATUS_HS_PARAMETER);
	setup(NULL);
	input(RECORD_HANDSHAKE, numbered(DATA, 7), bytes,
	      message(bytes, HS_KEY_UPDATE, 2, big, 400));
	assert_ends(ALERT_DECODE_ERROR, STATUS_HS_MALFORMED);
	setup(NULL);
	input(RECORD_HANDSHAKE, numbered(DATA, 7), bytes, message(bytes, HS_KEY_UPDATE, 2, big, 0));
	assert_ends(ALERT_DECODE_ERROR, STATUS_HS_MALFORMED);
	setup(NULL);
	input(RECORD_HANDSHAKE, numbered(DATA, 7), big, 11);
	assert_ends(ALERT_DECODE_ERROR, STATUS_HS_MALFORMED);
	assert_int_equal(us.rx_epoch, 3);
}

static void test_behind_key_update(void **state)
{
	uint8_t two[64];
	uint8_t value = 0;
	size_t len;

	(void)state;
	key_update(numbered(DATA, 7), 2, 0);
	key_update(numbered(DATA, 8), 3, 0);
	assert_ends(ALERT_UNEXPECTED_MESSAGE, STATUS_HS_UNEXPECTED);
	assert_int_equal(us.rx_epoch, 4);
	/* In the same record. */
	setup(NULL);
	len = message(two, HS_KEY_UPDATE, 2, &value, 1);
	len += message(two + len, HS_KEY_UPDATE, 3, &value, 1);
	input(RECORD_HANDSHAKE, numbered(DATA, 7), two, len);
	assert_ends(ALERT_UNEXPECTED_MESSAGE, STATUS_HS_UNEXPECTED);
}

/* Every type of message that is none of the session's: bad-input L10 among them. */
static void test_other_types(void **state)
{
	uint8_t bytes[512], body[40] = { 0 };

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		if (type == HS_KEY_UPDATE)
			continue;
		setup(NULL);
		input(RECORD_HANDSHAKE, numbered(DATA, 7), bytes,
		      message(bytes, (uint8_t)type, 2, body, sizeof(body)));
		assert_ends(ALERT_UNEXPECTED_MESSAGE, STATUS_HS_UNEXPECTED);
	}
}

/* checklist 31: what is not processed is not acknowledged. */
static void test_not_processed(void **state)
{
	uint8_t bytes[64];
	struct wr w = wr_of(bytes, sizeof(bytes));

	(void)state;
	key_update(numbered(DATA, 7), 3, 0);
	assert_false(result.ack || result.rx_keys || result.ends);
	assert_int_equal(result.status, STATUS_HS_FRAGMENT);
	/* bad-input B6 */
	hs_header_write(&w, HS_KEY_UPDATE, 1, 2, 0, 0);
	input(RECORD_HANDSHAKE, numbered(DATA, 7), bytes, wr_len(&w));
	assert_false(result.ack || result.rx_keys || result.ends);
	input(RECORD_HANDSHAKE, numbered(DATA, 7), bytes, 0);
	assert_false(result.ack || result.ends);
	assert_int_equal(us.rx_epoch, 3);
}

/* bad-input L2, L4 */
static void test_acks(void **state)
{
	static const uint8_t none[2] = { 0, 0 }, odd[] = { 0, 3, 1, 2, 3 },
			     shorter[] = { 0, 16, 1 };
	static uint8_t many[2 + 65520];
	struct wr w = wr_of(many, sizeof(many));

	(void)state;
	acked(DATA, numbered(DATA, 40)); /* nothing is under way */
	assert_false(result.ends || result.tx_keys || result.ack);
	assert_true(post_handshake_update(&us, &cfg, SECOND, false));
	(void)said_key_update(5, numbered(DATA, 40));
	acked(DATA, numbered(DATA, 41)); /* never sent */
	acked(DATA, numbered(0, 40));
	assert_false(result.ends || result.tx_keys);
	input(RECORD_ACK, numbered(DATA, 1), none, sizeof(none));
	assert_false(result.ends || result.tx_keys);
	input(RECORD_ACK, numbered(DATA, 1), odd, sizeof(odd));
	assert_ends(ALERT_DECODE_ERROR, STATUS_HS_MALFORMED);
	input(RECORD_ACK, numbered(DATA, 1), shorter, sizeof(shorter));
	assert_ends(ALERT_DECODE_ERROR, STATUS_HS_MALFORMED);
	/* rfc9147bis §7.2 */
	acked(DATA, numbered(DATA + 1, 0));
	assert_ends(ALERT_ILLEGAL_PARAMETER, STATUS_HS_PARAMETER);
	wr_u16(&w, 65520);
	for (unsigned i = 0; i < 65520 / 16; i++) {
		wr_u64(&w, DATA);
		wr_u64(&w, i == 4000 ? 40 : 100000 + i);
	}
	input(RECORD_ACK, numbered(DATA, 1), many, wr_len(&w));
	assert_true(result.tx_keys);
}

/* An empty ACK: the peer misses something; at most twice a timeout. */
static void test_empty_ack_repeats(void **state)
{
	static const uint8_t none[2] = { 0, 0 };
	uint8_t out[64];
	uint16_t token;
	size_t len;

	(void)state;
	assert_true(post_handshake_update(&us, &cfg, 0, false));
	(void)said_key_update(5, numbered(DATA, 40));
	input(RECORD_ACK, numbered(DATA, 1), none, sizeof(none));
	(void)said_key_update(5, numbered(DATA, 41));
	input(RECORD_ACK, numbered(DATA, 2), none, sizeof(none));
	assert_false(post_handshake_output(&us, sizeof(out), out, &len, &token));
}

/* bad-input L9: epochs end before they would wrap, and the session with them; ours are kept below
 * the end. */
static void test_epochs_end(void **state)
{
	(void)state;
	us.rx_seq = 0;
	for (unsigned i = 0; us.rx_epoch < UINT16_MAX; i++) {
		key_update(numbered(us.rx_epoch, 0), (uint16_t)i, 0);
		assert_true(result.rx_keys && result.ack && !result.ends);
	}
	key_update(numbered(UINT16_MAX, 0), us.rx_seq, 0);
	assert_ends(ALERT_CLOSE_NOTIFY, STATUS_HS_POST_LIMIT);
	setup(NULL);
	us.rx_seq = UINT16_MAX;
	key_update(numbered(DATA, 0), UINT16_MAX, 0);
	assert_ends(ALERT_CLOSE_NOTIFY, STATUS_HS_POST_LIMIT);
	setup(NULL);
	us.tx_epoch = UINT16_MAX;
	assert_false(post_handshake_update(&us, &cfg, SECOND, false));
	us.tx_epoch = DATA;
	us.tx_seq = UINT16_MAX;
	assert_false(post_handshake_update(&us, &cfg, SECOND, false));
}

/* rfc9147bis §8: "SHOULD instead ignore the 'update_requested' flag". */
static void test_no_room(void **state)
{
	(void)state;
	no_memory = true;
	key_update(numbered(DATA, 7), 2, 1);
	assert_true(result.rx_keys && result.ack && !result.ends);
	assert_int_equal(result.status, STATUS_HS_POST_LIMIT);
	assert_false(post_handshake_updating(&us));
	assert_int_equal(us.tx_seq, 5);
	no_memory = false;
	assert_true(post_handshake_update(&us, &cfg, SECOND, false));
	(void)said_key_update(5, numbered(DATA, 40));
}

/* The tickets of a handshake, sent in records 1 and 2. */
static void two_tickets(void)
{
	struct flight *f = post_handshake_open(&us, &cfg);
	uint8_t out[256], type;
	size_t len;

	assert_non_null(f);
	for (uint16_t seq = 3; seq < 5; seq++) {
		struct wr w = flight_open(f);

		wr_bytes(&w, "a ticket of some length that is more than a block", 50);
		assert_true(flight_close(f, &w, DATA, HS_NEW_SESSION_TICKET, seq));
	}
	flight_send(f, SECOND, true);
	for (uint64_t number = 1; flight_next(f, sizeof(out), out, &len, &type); number++)
		flight_sent(f, number);
	flight_await(f, SECOND);
}

/* Tickets are said again, those that were not acknowledged; an update waits for them:
 * "Implementations MUST NOT send records with the new keys until the KeyUpdate and all preceding
 * messages have been acknowledged" (rfc9147bis §8). */
static void test_tickets(void **state)
{
	uint8_t out[256];
	uint16_t token;
	size_t len;

	(void)state;
	two_tickets();
	assert_false(post_handshake_output(&us, sizeof(out), out, &len, &token));
	acked(DATA, numbered(DATA, 2));
	assert_false(result.tx_keys);
	assert_true(post_handshake_update(&us, &cfg, SECOND, false));
	assert_true(post_handshake_updating(&us));
	assert_int_equal(post_handshake_timeout(&us, &cfg, 2 * SECOND), STATUS_OK);
	assert_true(post_handshake_output(&us, sizeof(out), out, &len, &token));
	assert_int_equal(out[0], HS_NEW_SESSION_TICKET);
	assert_int_equal(out[5], 3);
	post_handshake_sealed(&us, token, numbered(DATA, 9));
	assert_false(post_handshake_output(&us, sizeof(out), out, &len, &token));
	acked(DATA, numbered(DATA, 9));
	assert_false(result.tx_keys);
	(void)said_key_update(5, numbered(DATA, 10));
	acked(DATA, numbered(DATA, 10));
	assert_true(result.tx_keys);
}

/* A small record takes a piece of one. */
static void test_tickets_in_pieces(void **state)
{
	uint8_t out[64];
	uint16_t token;
	uint64_t number = numbered(DATA, 20);
	size_t len;

	(void)state;
	two_tickets();
	assert_int_equal(post_handshake_timeout(&us, &cfg, 2 * SECOND), STATUS_OK);
	while (post_handshake_output(&us, 48, out, &len, &token)) {
		assert_true(len <= 48);
		post_handshake_sealed(&us, token, number++);
	}
	assert_true(number == numbered(DATA, 24));
	for (uint64_t n = 20; n < 24; n++) {
		assert_non_null(us.flight);
		acked(DATA, numbered(DATA, n));
	}
	assert_null(us.flight);
}

static void test_client_takes_tickets(void **state)
{
	uint8_t bytes[512], body[40] = { 0 };
	size_t len;

	(void)state;
	cfg.message = take_ticket;
	len = message(bytes, HS_NEW_SESSION_TICKET, 2, body, sizeof(body));
	input(RECORD_HANDSHAKE, numbered(DATA, 1), bytes, len);
	assert_true(result.ack);
	assert_int_equal(n_messages, 1);
	assert_int_equal(last_len, len);
	input(RECORD_HANDSHAKE, numbered(DATA, 2), bytes, len);
	assert_true(result.ack);
	assert_int_equal(n_messages, 1);
	len = message(bytes, HS_FINISHED, 3, body, sizeof(body));
	input(RECORD_HANDSHAKE, numbered(DATA, 3), bytes, len);
	assert_ends(ALERT_UNEXPECTED_MESSAGE, STATUS_HS_UNEXPECTED);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_peer_updates),      CASE(test_repeated),
		CASE(test_requested),         CASE(test_both),
		CASE(test_retransmitted),     CASE(test_number_comes_late),
		CASE(test_given_up),          CASE(test_not_allowed),
		CASE(test_behind_key_update), CASE(test_other_types),
		CASE(test_not_processed),     CASE(test_acks),
		CASE(test_empty_ack_repeats), CASE(test_epochs_end),
		CASE(test_no_room),           CASE(test_tickets),
		CASE(test_tickets_in_pieces), CASE(test_client_takes_tickets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
