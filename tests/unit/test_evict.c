/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

#include "evict.h"

static struct path_eviction evict(struct session_ref ref)
{
	return (struct path_eviction){ .ref = ref,
				       .alert = ALERT_ACCESS_DENIED,
				       .why = STATUS_SESSION_DENIED };
}

static void turn(struct world *w, unsigned core)
{
	path_sweep(w->core[core], w->now);
	path_flush(w->core[core], w->now);
}

static void assert_hears_alert(struct world *w, const struct client *c, uint8_t alert)
{
	struct heard heard = client_hears(w, c);

	assert_int_equal(heard.type, RECORD_ALERT);
	assert_int_equal(heard.len, 2);
	assert_int_equal(heard.text[0], ALERT_FATAL);
	assert_int_equal(heard.text[1], alert);
}

/* The device is told by a sealed alert, of every kind of suite; others go on. */
static void test_closes_with_an_alert(void **state)
{
	static const enum aead_alg algs[] = { AEAD_AES_128_GCM, AEAD_AES_128_CCM_8,
					      AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305 };
	enum { N = sizeof(algs) / sizeof(algs[0]) };
	struct world *w = *state;
	struct client c[N], other = client_up(w, N + 1, AEAD_AES_128_GCM);

	for (unsigned i = 0; i < N; i++)
		c[i] = client_up(w, i + 1, algs[i]);
	for (unsigned i = 0; i < N; i++) {
		struct path_eviction e = evict(c[i].ref);

		client_say(w, 0, &c[i], "before");
		client_delivers(w, 0, &c[i], "before");
		assert_int_equal(path_evict(w->core[0], &e, 1), 1);
		turn(w, 0);
		assert_hears_alert(w, &c[i], ALERT_ACCESS_DENIED);
		assert_false(store_live(w->store, c[i].ref));
		assert_int_equal(world_count(w, 0, STATUS_SESSION_DENIED), i + 1);
		client_say(w, 0, &c[i], "after");
		client_delivers_nothing(w, 0, &c[i]);
	}
	client_say(w, 0, &other, "still here");
	client_delivers(w, 0, &other, "still here");
}

/* What was closed in between is not closed twice, nor is what took its slot. */
static void test_stale_reference(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct path_eviction e[] = { evict(c.ref), evict(c.ref), evict(c.ref) };

	e[1].ref.generation += 2;
	e[2].ref.slot = UINT32_MAX;
	assert_int_equal(path_evict(w->core[0], e, 3), 3);
	turn(w, 0);
	assert_hears_alert(w, &c, ALERT_ACCESS_DENIED);
	assert_int_equal(path_evict(w->core[0], e, 1), 1);
	turn(w, 0);
	assert_null(world_sent());
	assert_int_equal(world_count(w, 0, STATUS_SESSION_DENIED), 1);
}

static void test_sessions_of_another_core(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct path_eviction e = evict(c.ref);

	assert_int_equal(path_evict(w->core[1], &e, 1), 1);
	turn(w, 1);
	assert_true(store_live(w->store, c.ref));
	assert_null(world_sent());
}

/* A full ring takes no more, and a turn does a part of it. */
static void test_bounded(void **state)
{
	struct world *w = *state;
	struct path_eviction e = evict((struct session_ref){ 1, 1 });
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	unsigned turns = 0, taken = 0;

	while (path_evict(w->core[0], &e, 1) == 1)
		taken++;
	assert_int_equal(taken, EVICT_RING);
	e.ref = c.ref;
	while (path_evict(w->core[0], &e, 1) == 0 && turns++ < EVICT_RING)
		path_sweep(w->core[0], w->now);
	assert_int_equal(turns, 1);
	while (store_live(w->store, c.ref) && turns++ < EVICT_RING)
		path_sweep(w->core[0], w->now);
	assert_in_range(turns, EVICT_RING / 64, EVICT_RING / 8);
	path_flush(w->core[0], w->now);
	assert_hears_alert(w, &c, ALERT_ACCESS_DENIED);
}

/* Without memory for the alert the session ends all the same. */
static void test_without_mbufs(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);
	struct path_eviction e = evict(c.ref);
	struct rte_mbuf *all[8192];
	unsigned n = 0;

	while (n < 8192 && (all[n] = rte_pktmbuf_alloc(w->cfg[0].pool)) != NULL)
		n++;
	assert_in_range(n, 0, 8191);
	assert_int_equal(path_evict(w->core[0], &e, 1), 1);
	turn(w, 0);
	assert_false(store_live(w->store, c.ref));
	assert_int_equal(world_count(w, 0, STATUS_NO_MBUF), 1);
	rte_pktmbuf_free_bulk(all, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_closes_with_an_alert),
		WORLD_TEST(test_stale_reference),
		WORLD_TEST(test_sessions_of_another_core),
		WORLD_TEST(test_bounded),
		WORLD_TEST(test_without_mbufs),
	};

	return world_main(tests);
}
