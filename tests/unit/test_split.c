/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

/* A record with any header around any body. */
static size_t raw_record(uint8_t *out, uint8_t type, uint16_t version, uint16_t epoch, uint64_t seq,
			 const void *body, size_t len)
{
	struct wr w = wr_of(out, RECORD_HEADER_LEN + len);
	size_t n;

	record_write_header(&w, type, version, epoch, seq, (uint16_t)len);
	wr_bytes(&w, body, len);
	assert_true(wr_finish(&w, &n));
	return n;
}

static size_t say(struct world *w, struct client *c, uint8_t *out, const char *text)
{
	return client_record(w, c, out, RECORD_APPDATA, 1, c->seq++, text, strlen(text));
}

/* checklist 1 */
static void test_several_records(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client_up(w, alg, alg);
		uint8_t out[512];
		size_t n = say(w, &c, out, "one");

		n += say(w, &c, out + n, "two");
		n += say(w, &c, out + n, "three");
		client_send(w, 0, &c, out, n);
		client_delivers(w, 0, &c, "one");
		client_delivers(w, 0, &c, "two");
		client_delivers(w, 0, &c, "three");
	}
}

/* bad-input A5, bug 80: each kind of bad record in front of, and between, good ones. */
static void test_bad_records_stop_no_good_ones(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t version, epoch;
		uint64_t seq;
		size_t len;
		enum status status;
	} bad[] = {
		{ 99, DTLS_1_2, 1, 50, 30, STATUS_RECORD_TYPE },                  /* A6 */
		{ 25, DTLS_1_2, 1, 50, 30, STATUS_RECORD_TYPE },                  /* A18 */
		{ RECORD_CCS, DTLS_1_2, 1, 50, 30, STATUS_RECORD_TYPE },          /* J6 */
		{ RECORD_APPDATA, 0x0303, 1, 50, 30, STATUS_RECORD_VERSION },     /* A8 */
		{ RECORD_APPDATA, DTLS_1_0, 1, 50, 30, STATUS_RECORD_VERSION },   /* A8 */
		{ RECORD_APPDATA, DTLS_1_2, 0, 50, 30, STATUS_RECORD_PLAIN },     /* K9 */
		{ RECORD_ALERT, DTLS_1_2, 0, 50, 2, STATUS_RECORD_PLAIN },        /* J1 */
		{ RECORD_HANDSHAKE, DTLS_1_2, 0, 50, 30, STATUS_RECORD_PLAIN },   /* bug 44 */
		{ RECORD_APPDATA, DTLS_1_2, 2, 50, 30, STATUS_RECORD_EPOCH },     /* K4 */
		{ RECORD_APPDATA, DTLS_1_2, 65535, 50, 30, STATUS_RECORD_EPOCH }, /* bug 60 */
		{ RECORD_APPDATA, DTLS_1_2, 1, 50, 0, STATUS_RECORD_SHORT },      /* A13 */
		{ RECORD_APPDATA, DTLS_1_2, 1, 50, 23, STATUS_RECORD_SHORT },     /* A13 */
		{ RECORD_APPDATA, DTLS_1_2, 1, 50, 24, STATUS_RECORD_TAG },       /* A13 */
		{ RECORD_APPDATA, DTLS_1_2, 1, 50, 60, STATUS_RECORD_TAG },
		{ RECORD_APPDATA, DTLS_1_2, 1, 0, 60, STATUS_RECORD_REPLAY },
	};
	static const uint8_t junk[64] = { 0x5c, 1, 2, 3 };
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t before = world_count(w, 0, bad[i].status);
		uint8_t out[512], hurt[128];
		size_t hurt_len = raw_record(hurt, bad[i].type, bad[i].version, bad[i].epoch,
					     bad[i].seq, junk, bad[i].len);
		size_t n = hurt_len;

		memcpy(out, hurt, hurt_len);
		n += say(w, &c, out + n, "first");
		memcpy(out + n, hurt, hurt_len);
		n += hurt_len;
		n += say(w, &c, out + n, "second");
		client_send(w, 0, &c, out, n);
		client_delivers(w, 0, &c, "first");
		client_delivers(w, 0, &c, "second");
		assert_int_equal(world_count(w, 0, bad[i].status), before + 2);
	}
	assert_null(world_sent());
	assert_true(store_live(w->store, c.ref));
}

/* bad-input A2: a length beyond the datagram ends it, after what was good. */
static void test_length_beyond_the_datagram(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_CCM);
	uint8_t out[512];
	size_t n = say(w, &c, out, "whole");

	n += raw_record(out + n, RECORD_APPDATA, DTLS_1_2, 1, 9, "short", 5);
	out[n - 6] = 200;
	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "whole");
	assert_int_equal(world_count(w, 0, STATUS_RECORD_LENGTH), 1);
	/* A tail too short for a header. */
	n = say(w, &c, out, "again");
	memset(out + n, 23, 7);
	client_send(w, 0, &c, out, n + 7);
	client_delivers(w, 0, &c, "again");
	assert_int_equal(world_count(w, 0, STATUS_RECORD_SHORT), 1);
}

/* bad-input A13, bug 18: every length below nonce and tag, for every suite. */
static void test_short_aead_records(void **state)
{
	static const uint8_t junk[32];
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		const struct aead_info *info = aead_info(alg);
		size_t least = (size_t)info->explicit_len + info->tag_len;
		struct client c = client_up(w, alg, alg);
		uint64_t before = world_count(w, 0, STATUS_RECORD_SHORT);
		uint8_t out[64];

		for (size_t len = 0; len < least; len++)
			client_send(w, 0, &c, out,
				    raw_record(out, RECORD_APPDATA, DTLS_1_2, 1, 5, junk, len));
		assert_int_equal(world_count(w, 0, STATUS_RECORD_SHORT) - before, least);
		client_say(w, 0, &c, "lives");
		client_delivers(w, 0, &c, "lives");
	}
}

/* bad-input A9: no more than RECORDS_PER_DATAGRAM are looked at. */
static void test_too_many_records(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[1400];
	size_t n = 0;

	for (unsigned i = 0; i < RECORDS_PER_DATAGRAM + 5; i++)
		n += say(w, &c, out + n, "r");
	client_send(w, 0, &c, out, n);
	for (unsigned i = 0; i < RECORDS_PER_DATAGRAM; i++)
		client_delivers(w, 0, &c, "r");
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TOO_MANY), 1);
}

/* More records in a burst than the arrays hold: they run in rounds, in order. */
static void test_more_records_than_room(void **state)
{
	enum { DATAGRAMS = 12 };
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *burst[DATAGRAMS];
	char text[16];

	for (unsigned i = 0; i < DATAGRAMS; i++) {
		struct build_spec spec = c.spec;
		uint8_t out[1400];
		size_t n = 0;

		for (unsigned k = 0; k < RECORDS_PER_DATAGRAM; k++) {
			snprintf(text, sizeof(text), "%u", i * RECORDS_PER_DATAGRAM + k);
			n += say(w, &c, out + n, text);
		}
		spec.body = out;
		spec.body_len = n;
		burst[i] = world_frame(w, &spec);
	}
	path_rx_burst(w->core[0], 0, burst, DATAGRAMS, w->now);
	path_flush(w->core[0], w->now);
	for (unsigned i = 0; i < DATAGRAMS * RECORDS_PER_DATAGRAM; i++) {
		snprintf(text, sizeof(text), "%u", i);
		client_delivers(w, 0, &c, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_several_records),
		WORLD_TEST(test_bad_records_stop_no_good_ones),
		WORLD_TEST(test_length_beyond_the_datagram),
		WORLD_TEST(test_short_aead_records),
		WORLD_TEST(test_too_many_records),
		WORLD_TEST(test_more_records_than_room),
	};

	return world_main(tests);
}
