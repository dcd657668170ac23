/* SPDX-License-Identifier: BSD-3-Clause */
/* check, open and commit: what moves the window, and what does not. */
#include "path_fixture.h"

static struct rte_mbuf *numbered(struct world *w, struct client *c, uint64_t seq, const char *text)
{
	struct build_spec spec = c->spec;
	uint8_t out[256];

	spec.body = out;
	spec.body_len = client_record(w, c, out, RECORD_APPDATA, 1, seq, text, strlen(text));
	return world_frame(w, &spec);
}

/* The same with a byte of its fragment changed (the checksum is right). */
static struct rte_mbuf *forged(struct world *w, struct client *c, uint64_t seq, size_t at)
{
	struct build_spec spec = c->spec;
	uint8_t out[256];

	spec.body_len = client_record(w, c, out, RECORD_APPDATA, 1, seq, "forged", 6);
	out[at % spec.body_len] ^= 0x10;
	spec.body = out;
	return world_frame(w, &spec);
}

/* bad-input K1: both copies pass the check, one the commit. */
static void test_duplicates_in_one_burst(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client_up(w, alg, alg);
		uint64_t before = world_count(w, 0, STATUS_RECORD_REPLAY);
		struct rte_mbuf *burst[3];

		for (unsigned i = 0; i < 3; i++)
			burst[i] = numbered(w, &c, 7, "once");
		path_rx_burst(w->core[0], 0, burst, 3, w->now);
		path_flush(w->core[0], w->now);
		client_delivers(w, 0, &c, "once");
		client_delivers_nothing(w, 0, &c);
		assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), before + 2);
	}
}

/* bad-input K1, K2: later duplicates at any distance, and numbers below the window. */
static void test_duplicates_later(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);

	for (uint64_t seq = 1; seq <= 100; seq++) {
		world_rx(w, 0, numbered(w, &c, seq, "x"));
		client_delivers(w, 0, &c, "x");
	}
	for (uint64_t seq = 1; seq <= 100; seq++)
		world_rx(w, 0, numbered(w, &c, seq, "x"));
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 64);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_OLD), 36);
}

/* Reordering inside the window loses nothing. */
static void test_reordering(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_CHACHA20_POLY1305);

	world_rx(w, 0, numbered(w, &c, 64, "newest"));
	client_delivers(w, 0, &c, "newest");
	for (uint64_t seq = 63; seq >= 1; seq--) {
		world_rx(w, 0, numbered(w, &c, seq, "x"));
		client_delivers(w, 0, &c, "x");
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_OLD), 0);
}

/* bad-input K2, bug 13, invariant 4: a forged jump moves nothing. */
static void test_forged_jump(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_CCM_8);
	const struct session_hot *hot = &w->store->hot[c.ref.slot];
	struct session_hot before;

	world_rx(w, 0, numbered(w, &c, 1, "x"));
	client_delivers(w, 0, &c, "x");
	before = *hot;
	world_rx(w, 0, forged(w, &c, RECORD_SEQ_MAX, 40));
	world_rx(w, 0, forged(w, &c, 1000000, 40));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 2);
	assert_memory_equal(hot, &before, sizeof(before));
	world_rx(w, 0, numbered(w, &c, 2, "next"));
	client_delivers(w, 0, &c, "next");
}

/* bad-input A14: no byte of a record can be changed; failures are counted in the cold part. */
static void test_every_changed_byte(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		const struct aead_info *info = aead_info(alg);
		struct client c = client_up(w, alg, alg);
		size_t len = RECORD_HEADER_LEN + (size_t)info->explicit_len + 6 + info->tag_len;

		for (size_t at = 0; at < len; at++) {
			world_rx(w, 0, forged(w, &c, 5, at));
			w->now += 20000000; /* below the throttle's rate */
		}
		client_delivers_nothing(w, 0, &c);
		assert_true(w->store->cold[c.ref.slot].failed_opens >= len - RECORD_HEADER_LEN);
		world_rx(w, 0, numbered(w, &c, 5, "genuine"));
		client_delivers(w, 0, &c, "genuine");
	}
}

/* A record of one session is no record of another (bad-input M21). */
static void test_records_of_another_session(void **state)
{
	struct world *w = *state;
	struct client a = client_up(w, 1, AEAD_AES_128_GCM), b = client_up(w, 2, AEAD_AES_128_GCM);
	uint8_t out[256];
	size_t n = client_record(w, &a, out, RECORD_APPDATA, 1, 5, "a's", 3);

	client_send(w, 0, &b, out, n);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 1);
	client_delivers_nothing(w, 0, &a);
	client_delivers_nothing(w, 0, &b);
}

/* Failed opens are throttled, the session stays (architecture §4), and its device is still heard
 * through a flood of forgeries with numbers that were made up. */
static void test_flood_of_forgeries(void **state)
{
	enum { ROUNDS = 200, BURST = 32 };
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_CCM_8);
	struct rte_mbuf *burst[BURST];

	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned k = 0; k < BURST; k++)
			burst[k] = forged(w, &c, 1000000 + i * BURST + k, 40);
		path_rx_burst(w->core[0], 0, burst, BURST, w->now);
		path_flush(w->core[0], w->now);
		w->now += 1000; /* 32 million a second */
	}
	assert_true(world_count(w, 0, STATUS_RECORD_TAG) < 300);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG) +
				 world_count(w, 0, STATUS_RECORD_THROTTLED),
			 ROUNDS * BURST);
	assert_true(store_live(w->store, c.ref));
	client_say(w, 0, &c, "genuine");
	client_delivers(w, 0, &c, "genuine");
}

/* The throttle is the forged session's: others of the same address do not feel it. */
static void test_neighbours_behind_one_address(void **state)
{
	struct world *w = *state;
	struct client victim = client_up(w, 1, AEAD_AES_128_CCM_8);
	struct client neighbour = client_up(w, 2, AEAD_AES_128_CCM_8);

	for (unsigned i = 0; i < 1000; i++)
		world_rx(w, 0, forged(w, &victim, 1000000 + i, 40));
	assert_true(world_count(w, 0, STATUS_RECORD_THROTTLED) > 0);
	for (unsigned i = 0; i < 200; i++) {
		client_say(w, 0, &neighbour, "undisturbed");
		client_delivers(w, 0, &neighbour, "undisturbed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_duplicates_in_one_burst),
		WORLD_TEST(test_duplicates_later),
		WORLD_TEST(test_reordering),
		WORLD_TEST(test_forged_jump),
		WORLD_TEST(test_every_changed_byte),
		WORLD_TEST(test_records_of_another_session),
		WORLD_TEST(test_flood_of_forgeries),
		WORLD_TEST(test_neighbours_behind_one_address),
	};

	return world_main(tests);
}
