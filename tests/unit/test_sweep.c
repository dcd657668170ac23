/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_fixture.h"

#define STEP (WORLD_TIMEOUT / 1000)

/* An idle session closes between its timeout and an eighth more, a session that speaks does not. */
static void test_idle_session_closes(void **state)
{
	struct world *w = *state;
	struct client idle = client_up(w, 1, AEAD_AES_128_GCM);
	struct client busy = client_up(w, 2, AEAD_AES_128_GCM);
	uint64_t start = w->now;
	uint32_t slots[2];

	while (store_live(w->store, idle.ref)) {
		w->now += STEP;
		if ((w->now - start) / STEP % 100 == 0) {
			client_say(w, 0, &busy, "here");
			client_delivers(w, 0, &busy, "here");
		}
		path_sweep(w->core[0], w->now);
		assert_true(w->now - start < 2 * WORLD_TIMEOUT);
	}
	assert_true(w->now - start >= WORLD_TIMEOUT * 7 / 8);
	assert_true(w->now - start <= WORLD_TIMEOUT * 10 / 8);
	assert_true(store_live(w->store, busy.ref));
	assert_int_equal(world_count(w, 0, STATUS_SESSION_IDLE), 1);
	assert_int_equal(store_take_retired(w->store, slots, 2), 1);
	assert_int_equal(slots[0], idle.ref.slot);
}

/* One writer: another core's sessions are not this core's to close. */
static void test_sessions_of_another_core(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);

	for (unsigned i = 0; i < 3000; i++) {
		w->now += STEP;
		path_sweep(w->core[1], w->now);
	}
	assert_true(store_live(w->store, c.ref));
}

static void test_timeout_zero_is_never(void **state)
{
	struct world *w = *state;
	struct path_config cfg = w->cfg[0];
	struct client c;

	path_core_free(w->core[0]);
	cfg.session_timeout_ns = 0;
	w->core[0] = path_core_new(&cfg, w->now);
	c = client_up(w, 1, AEAD_AES_128_GCM);
	for (unsigned i = 0; i < 3000; i++) {
		w->now += STEP;
		path_sweep(w->core[0], w->now);
	}
	assert_true(store_live(w->store, c.ref));
}

/* A core that was away for long makes up for one pass, in bounded steps: no session that was heard
 * of lately falls for it. */
static void test_long_absence(void **state)
{
	struct world *w = *state;
	struct client c = client_up(w, 1, AEAD_AES_128_GCM);

	w->now += 100 * WORLD_TIMEOUT;
	for (unsigned i = 0; i < 5; i++)
		path_sweep(w->core[0], w->now);
	assert_true(store_live(w->store, c.ref));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_idle_session_closes),
		WORLD_TEST(test_sessions_of_another_core),
		WORLD_TEST(test_timeout_zero_is_never),
		WORLD_TEST(test_long_absence),
	};

	return world_main(tests);
}
