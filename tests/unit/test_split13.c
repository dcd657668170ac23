/* SPDX-License-Identifier: BSD-3-Clause */
#include "path13_fixture.h"
#include "throttle.h"

/* checklist 3: every header a device can choose, alone and in front of another record. */
static void every_header_is_taken(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[512];

	for (unsigned bits = 0; bits < 16; bits += 4) {
		uint8_t epoch3 = (uint8_t)(bits | 3);
		size_t n = client13_text(w, &c, out, epoch3, c.seq++, "first");

		client_send(w, 0, &c, out, n);
		client_delivers(w, 0, &c, "first");
		if (!(bits & RECORD13_LENGTH))
			continue;
		n = client13_text(w, &c, out, epoch3, c.seq++, "second");
		n += client13_text(w, &c, out + n, (uint8_t)(epoch3 & ~RECORD13_LENGTH), c.seq++,
				   "last");
		client_send(w, 0, &c, out, n);
		client_delivers(w, 0, &c, "second");
		client_delivers(w, 0, &c, "last");
	}
	client_delivers_nothing(w, 0, &c);
}

/* bad-input K9: what rx takes for a record of DTLS 1.2, alone in its datagram, is none here. */
static void record_of_the_older_version(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client13_up(w, 1 + (unsigned)alg, alg);
		uint8_t out[RECORD_HEADER_LEN + 64] = { 0 };

		record_put_header(out, RECORD_APPDATA, DTLS_1_2, 1, 5, 64);
		client_send(w, 0, &c, out, sizeof(out));
		client_delivers_nothing(w, 0, &c);
		assert_int_equal(world_stats(w, 0).aead_ops, alg);
		client13_say(w, &c, "still there");
		client_delivers(w, 0, &c, "still there");
	}
}

/* bad-input A18, checklist 5 */
static void connection_id_that_nobody_agreed_on(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[512];
	size_t n = client13_text(w, &c, out, CLIENT13_HEADER, 0, "x");

	out[0] |= RECORD13_CID;
	client_send(w, 0, &c, out, n);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_CID), 1);
	client_delivers_nothing(w, 0, &c);
}

/* bad-input A5, A12, A13, L13: fragments of 0 to 15 bytes, and a good record behind each. */
static void short_fragments_are_skipped(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client13_up(w, 1 + (unsigned)alg, alg);

		for (unsigned len = 0; len < RECORD13_SAMPLE_LEN; len++) {
			uint8_t out[512] = { 0x2f, 1, 2, 0, (uint8_t)len };
			size_t n = 5 + len;

			n += client13_text(w, &c, out + n, CLIENT13_HEADER, c.seq++, "good");
			client_send(w, 0, &c, out, n);
			client_delivers(w, 0, &c, "good");
		}
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_SHORT), 16 * AEAD_N);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 0);
}

/* bad-input A12: exactly a sample, which is a tag and nothing else, or what nobody sealed. */
static void fragment_of_a_sample_is_tried(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[64];

	client_send(w, 0, &c, out, client13_inner(w, &c, out, CLIENT13_HEADER, 0, out, 0));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TYPE), 1); /* bad-input A16 */
	memset(out + 5, 7, 16);
	client_send(w, 0, &c, out, 21);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 1);
}

/* bad-input A2 */
static void length_past_the_datagram_ends_it(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_CCM_8);
	uint8_t out[512];
	size_t n = client13_text(w, &c, out, CLIENT13_HEADER, 0, "whole record");
	size_t all = n + client13_text(w, &c, out + n, CLIENT13_HEADER, 1, "cut off");

	client_send(w, 0, &c, out, all - 1);
	client_delivers(w, 0, &c, "whole record");
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_LENGTH), 1);
	client_send(w, 0, &c, out + n, all - n);
	client_delivers(w, 0, &c, "cut off");
}

/* bad-input A9 */
static void records_of_a_datagram_are_limited(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[1400];
	size_t n = 0;

	for (unsigned i = 0; i < RECORDS_PER_DATAGRAM + 4; i++)
		n += client13_text(w, &c, out + n, CLIENT13_HEADER, c.seq++, "one of many");
	client_send(w, 0, &c, out, n);
	for (unsigned i = 0; i < RECORDS_PER_DATAGRAM; i++)
		client_delivers(w, 0, &c, "one of many");
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TOO_MANY), 1);
}

/* More records than there is room for: those that wait are done first, and none is lost. */
static void burst_of_full_datagrams(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_CCM);
	struct rte_mbuf *burst[12];
	struct build_spec spec = c.spec;
	uint8_t out[1400];

	for (unsigned i = 0; i < 12; i++) {
		size_t n = 0;

		for (unsigned k = 0; k < RECORDS_PER_DATAGRAM; k++)
			n += client13_text(w, &c, out + n, CLIENT13_HEADER, c.seq++, "many");
		spec.body = out;
		spec.body_len = n;
		burst[i] = world_frame(w, &spec);
	}
	path_rx_burst(w->core[0], 0, burst, 12, w->now);
	path_flush(w->core[0], w->now);
	for (unsigned i = 0; i < 12 * RECORDS_PER_DATAGRAM; i++)
		client_delivers(w, 0, &c, "many");
	client_delivers_nothing(w, 0, &c);
}

/* bad-input J1, K9; and records of DTLS 1.2 under whatever epoch. */
static void other_forms_of_records_are_dropped(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	const uint8_t body[40] = { 2, 40 };

	for (uint16_t epoch = 0; epoch < 5; epoch++) {
		for (unsigned type = RECORD_CCS; type <= RECORD_APPDATA; type++) {
			uint8_t out[200];
			struct wr wire = wr_of(out, sizeof(out));
			size_t n;

			record_write_header(&wire, (uint8_t)type, DTLS_1_2, epoch, 5, sizeof(body));
			wr_bytes(&wire, body, sizeof(body));
			assert_true(wr_finish(&wire, &n));
			n += client13_text(w, &c, out + n, CLIENT13_HEADER, c.seq++, "go on");
			client_send(w, 0, &c, out, n);
			client_delivers(w, 0, &c, "go on");
		}
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_PLAIN), 4);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_EPOCH), 16);
	assert_true(store_live(w->store, c.ref));
}

/* A unified header says nothing to a session of DTLS 1.2. */
static void session_of_1_2_takes_none(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM),
		      c13 = client13_make(1, AEAD_AES_128_GCM);

	client13_says(w, &c13, CLIENT13_HEADER, 5, "hello");
	assert_int_equal(
		world_count(w, 0, STATUS_RECORD_TYPE) + world_count(w, 0, STATUS_RECORD_LENGTH), 1);
	client_delivers_nothing(w, 0, &c);
	client_say(w, 0, &c, "1.2");
	client_delivers(w, 0, &c, "1.2");
}

/* Epochs that it does not have: never tried (bad-input K4). */
static void other_epochs_are_dropped(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);

	for (uint8_t epoch = 0; epoch < 2; epoch++)
		client13_says(w, &c, (CLIENT13_HEADER & ~3) | epoch, 5, "hello");
	assert_int_equal(world_count(w, 0, STATUS_RECORD_EPOCH), 2);
	assert_int_equal(w->store->read13[c.ref.slot].failed_opens, 0);
	client_delivers_nothing(w, 0, &c);
}

/* bad-input L6, checklist 30: a repeated Finished is for the core that made the session, alone;
 * what comes with it is the session's. */
static void end_of_the_handshake_goes_to_its_maker(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *m;
	uint8_t out[512];
	size_t first = client13_text(w, &c, out, (CLIENT13_HEADER & ~3) | 2, 9, "Finished");
	size_t n = first + client13_text(w, &c, out + first, CLIENT13_HEADER, 0, "first data");

	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "first data");
	m = world_take(w->to_hs[0][c.keys.handshake_core]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_LATE);
	assert_int_equal(msg_of(m)->class, AEAD_AES_128_GCM | SESSION_CLASS_13);
	assert_int_equal(msg_of(m)->ref.generation,
			 atomic_load(&w->store->hot[msg_of(m)->ref.slot].generation));
	assert_int_equal(msg_of(m)->peer_hs.slot, c.keys.handshake_slot);
	assert_int_equal(msg_of(m)->peer_hs.generation, c.keys.handshake_generation);
	assert_memory_equal(&msg_of(m)->flow, &c.keys.flow, sizeof(struct flow));
	assert_int_equal(m->data_len, first);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), out, first);
	rte_pktmbuf_free(m);
	client_send(w, 0, &c, out, first);
	rte_pktmbuf_free(world_take(w->to_hs[0][c.keys.handshake_core]));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_EPOCH), 0);
}

/* How many of n records of epoch 2 from a device its handshake core gets. */
static unsigned ends(struct world *w, struct client *c, unsigned n)
{
	uint8_t out[512];
	size_t len = client13_text(w, c, out, (CLIENT13_HEADER & ~3) | 2, 9, "Finished");
	struct rte_mbuf *m;
	unsigned got = 0;

	for (unsigned i = 0; i < n; i++) {
		client_send(w, 0, c, out, len);
		while ((m = world_take(w->to_hs[0][c->keys.handshake_core])) != NULL) {
			rte_pktmbuf_free(m);
			got++;
		}
	}
	return got;
}

/* A device of 1.3 at another address of its network. */
static struct client device_at(struct world *w, unsigned host)
{
	struct client c = client13_make(host, AEAD_AES_128_GCM);

	c.spec.src[3] = (uint8_t)host;
	c.keys.flow = client_flow(&c.spec);
	client_install(w, 0, &c);
	return c;
}

/* Anybody can send such records: a handshake core gets so many of a source, and its flood takes
 * nothing of what others have; made-up sources together have a limit too. */
static void flood_of_ends_is_limited(void **state)
{
	enum { FLOOD = 3 * THROTTLE_LATE, SOURCES = 8 };
	struct world *w = *state;
	struct client c = device_at(w, 10);
	unsigned got = ends(w, &c, FLOOD);

	assert_in_range(got, 1, THROTTLE_LATE);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_THROTTLED), FLOOD - got);
	for (unsigned i = 0; i < SOURCES; i++) {
		c = device_at(w, 20 + i);
		assert_int_equal(ends(w, &c, 1), 1);
	}
}

static int many_setup(void **state)
{
	*state = world_sized(256, 64, 256);
	return 0;
}

static void all_ends_have_a_limit(void **state)
{
	enum { SOURCES = 200 };
	struct world *w = *state;
	unsigned got = 0, most = THROTTLE_LATE_ALL / 10;

	for (unsigned i = 0; i < SOURCES; i++) {
		struct client c = device_at(w, 10 + i);

		got += ends(w, &c, THROTTLE_LATE);
	}
	assert_in_range(got, most * 9 / 10, most);
}

/* bad-input C17 with both versions: while another handshake is under way for the flow, what the
 * session opens is its own, and what it does not goes to the handshake as it was. */
static void both_associations_get_their_records(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM), next = client13_make(1, 0);
	struct session_ref hs = world_pend(w, &c);
	struct rte_mbuf *m;
	uint8_t out[512];
	size_t n;

	client13_say(w, &c, "of the session");
	client_delivers(w, 0, &c, "of the session");
	assert_null(world_take(w->to_hs[0][1]));
	memset(next.keys.rx_key, 0x99, sizeof(next.keys.rx_key));
	for (unsigned epoch = 2; epoch < 4; epoch++) {
		n = client13_text(w, &next, out, (uint8_t)((CLIENT13_HEADER & ~3) | epoch), 0,
				  "new");
		client_send(w, 0, &c, out, n);
		m = world_take(w->to_hs[0][1]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_DATAGRAM);
		assert_int_equal(msg_of(m)->peer_hs.slot, hs.slot);
		assert_int_equal(m->data_len, n);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), out, n);
		rte_pktmbuf_free(m);
	}
	client_delivers_nothing(w, 0, &c);
}

/* Of another version than the session, it can only be the handshake's. */
static void handshake_of_the_other_version(void **state)
{
	struct world *w = *state;
	struct client old = client_up(w, 1, AEAD_AES_128_GCM), c = client13_make(1, 0);
	struct rte_mbuf *m;

	world_pend(w, &old);
	client13_says(w, &c, CLIENT13_HEADER, 0, "1.3 behind a Finished");
	m = world_take(w->to_hs[0][1]);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(every_header_is_taken),
		WORLD_TEST(record_of_the_older_version),
		WORLD_TEST(connection_id_that_nobody_agreed_on),
		WORLD_TEST(short_fragments_are_skipped),
		WORLD_TEST(fragment_of_a_sample_is_tried),
		WORLD_TEST(length_past_the_datagram_ends_it),
		WORLD_TEST(records_of_a_datagram_are_limited),
		WORLD_TEST(burst_of_full_datagrams),
		WORLD_TEST(other_forms_of_records_are_dropped),
		WORLD_TEST(session_of_1_2_takes_none),
		WORLD_TEST(other_epochs_are_dropped),
		WORLD_TEST(end_of_the_handshake_goes_to_its_maker),
		WORLD_TEST(flood_of_ends_is_limited),
		cmocka_unit_test_setup_teardown(all_ends_have_a_limit, many_setup, world_teardown),
		WORLD_TEST(both_associations_get_their_records),
		WORLD_TEST(handshake_of_the_other_version),
	};

	return world_main(tests);
}
