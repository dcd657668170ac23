/* SPDX-License-Identifier: BSD-3-Clause */
#include "path13_fixture.h"

/* Every engine opens what libcrypto sealed, of every suite, and seals what it opens; sessions of
 * both versions in one burst. */
static void talk(struct world *w)
{
	enum { EACH = 3 };
	struct client c[AEAD_N][2];
	struct rte_mbuf *burst[AEAD_N * 2 * EACH];
	unsigned n = 0;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		c[alg][0] = client13_up(w, 1 + (unsigned)alg, alg);
		c[alg][1] = client_up(w, 20 + (unsigned)alg, alg);
	}
	for (unsigned i = 0; i < AEAD_N * 2 * EACH; i++) {
		struct client *who = &c[i % AEAD_N][i / AEAD_N % 2];
		struct build_spec spec = who->spec;
		uint8_t out[512];

		spec.body = out;
		spec.body_len = i / AEAD_N % 2 == 0 ? client13_text(w, who, out, CLIENT13_HEADER,
								    who->seq++, "hello")
						    : client_record(w, who, out, RECORD_APPDATA, 1,
								    who->seq++, "hello", 5);
		burst[n++] = world_frame(w, &spec);
	}
	path_rx_burst(w->core[0], 0, burst, n, w->now);
	path_flush(w->core[0], w->now);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++)
		for (unsigned i = 0; i < EACH; i++) {
			world_inbox(w, 0, client13_message(w, &c[alg][0], MSG_REPLY, "answer"));
			assert_int_equal(client13_hears(w, &c[alg][0], 1).len, 6);
		}
	assert_int_equal(world_stats(w, 0).records_opened, n);
	assert_int_equal(world_stats(w, 0).coap_out, n);
}

static void every_engine_and_suite(void **state)
{
	const enum aead_engine engines[] = { AEAD_ENGINE_MB64, AEAD_ENGINE_MB4,
					     AEAD_ENGINE_IPSEC_MB, AEAD_ENGINE_LIBCRYPTO };
	unsigned had = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct world *w = world_with(64, 64, 256, engines[i]);
		void *as_state = w;

		if (w == NULL)
			continue;
		talk(w);
		assert_int_equal(world_teardown(&as_state), 0);
		had++;
	}
	assert_true(had >= 2);
}

/* bad-input K5: over the boundaries of both lengths of numbers, in order, and out of it in one
 * burst and in several. */
static void numbers_cross_boundaries(void **state)
{
	struct world *w = *state;
	const uint64_t starts[] = { 250, 65530, 131066, (UINT64_C(1) << 32) - 6 };

	for (unsigned i = 0; i < 4; i++) {
		struct client c = client13_make(1 + i, AEAD_AES_128_GCM);

		c.keys.rx_newest = starts[i];
		c.keys.rx_window = 1;
		client_install(w, 0, &c);
		/* The second number first, all the way. */
		for (uint64_t seq = starts[i] + 1; seq < starts[i] + 14; seq += 2) {
			uint8_t bits = seq % 4 == 1 ? 3 | RECORD13_SEQ16 : 3;

			client13_says(w, &c, bits, seq + 1, "later");
			client_delivers(w, 0, &c, "later");
			client13_says(w, &c, (uint8_t)(bits ^ RECORD13_SEQ16), seq, "earlier");
			client_delivers(w, 0, &c, "earlier");
		}
		assert_int_equal(replay_newest(&w->store->hot[c.ref.slot]), starts[i] + 14);
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 0);
}

/* 8 bits reach 127 ahead, 16 bits 32,767: what is further is not understood, and does no harm. */
static void numbers_too_far_ahead(void **state)
{
	enum { NEXT = 100001 };
	struct world *w = *state;
	struct client c = client13_make(1, AEAD_CHACHA20_POLY1305);

	c.keys.rx_newest = NEXT - 1;
	client_install(w, 0, &c);
	client13_says(w, &c, 3, NEXT + 128, "too far for 8 bits");
	client13_says(w, &c, CLIENT13_HEADER, NEXT + 32768, "too far for 16 bits");
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 2);
	client13_says(w, &c, 3, NEXT + 127, "not too far");
	client_delivers(w, 0, &c, "not too far");
	client13_says(w, &c, CLIENT13_HEADER, NEXT + 128 + 32767, "nor this");
	client_delivers(w, 0, &c, "nor this");
}

/* bad-input K1, K2: the mask hides nothing from the window. */
static void mask_is_of_the_fragment(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	uint8_t out[128];
	size_t n = client13_text(w, &c, out, CLIENT13_HEADER, 3, "number 3");

	/* Every bit of the header counts: number and length are bound. */
	for (unsigned bit = 0; bit < 5 * 8; bit++) {
		uint8_t bad[128];

		memcpy(bad, out, n);
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		client_send(w, 0, &c, bad, n);
		client_delivers_nothing(w, 0, &c);
	}
	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "number 3");
}

/* Forgeries of one who does not know the keys, with this first byte: the device is not shut out
 * (docs/decisions/forged-records.md). */
static void flood(struct world *w, uint8_t first)
{
	struct client c = client13_up(w, 1, AEAD_AES_128_CCM_8);
	const unsigned number_len = record13_number_len(first);
	uint8_t out[128];
	uint64_t x = 88172645463325252;

	client13_say(w, &c, "before");
	client_delivers(w, 0, &c, "before");
	for (unsigned i = 0; i < 20000; i++) {
		struct build_spec spec = c.spec;

		memset(out, 0, sizeof(out));
		out[0] = first;
		out[2 + number_len] = 30;
		for (unsigned k = 1; k < 33 + number_len; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			if (k != 1 + number_len && k != 2 + number_len) /* the length */
				out[k] = (uint8_t)x;
		}
		spec.body = out;
		spec.body_len = 33 + number_len;
		world_rx(w, 0, world_frame(w, &spec));
	}
	/* So many were tried: those at once, and the plausible ones. */
	assert_true(w->store->read13[c.ref.slot].failed_opens < 500);
	assert_true(world_count(w, 0, STATUS_RECORD_THROTTLED) > 19000);
	client13_say(w, &c, "still here");
	client_delivers(w, 0, &c, "still here");
}

static void flood_of_forgeries(void **state) { flood(*state, 0x20 | CLIENT13_HEADER); }

/* A quarter of them have a number that the device may use. */
static void flood_of_short_numbers(void **state)
{
	flood(*state, (uint8_t)((0x20 | CLIENT13_HEADER) & ~RECORD13_SEQ16));
}

/* A session that goes while its records wait: a close_notify in front of data (checklist 16). */
static void nothing_behind_a_goodbye(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	const struct said13 bye = { CLIENT13_HEADER, 0, RECORD_ALERT, "\x01\x00", 2, 0 };
	uint8_t out[256];
	size_t n = client13_record(w, &c, out, &bye);
	struct heard h;

	n += client13_text(w, &c, out + n, CLIENT13_HEADER, 1, "behind");
	client_send(w, 0, &c, out, n);
	client_delivers_nothing(w, 0, &c);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_AFTER_CLOSE), 1);
	assert_false(store_live(w->store, c.ref));
	h = client13_hears(w, &c, 1);
	assert_int_equal(h.type, RECORD_ALERT);
	assert_int_equal(h.text[1], ALERT_CLOSE_NOTIFY);
	rte_pktmbuf_free(world_take(w->to_hs[0][c.keys.handshake_core])); /* MSG_CLOSED */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_engine_and_suite), WORLD_TEST(numbers_cross_boundaries),
		WORLD_TEST(numbers_too_far_ahead),        WORLD_TEST(mask_is_of_the_fragment),
		WORLD_TEST(flood_of_forgeries),           WORLD_TEST(flood_of_short_numbers),
		WORLD_TEST(nothing_behind_a_goodbye),
	};

	return world_main(tests);
}
