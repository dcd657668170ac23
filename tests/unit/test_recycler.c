/* SPDX-License-Identifier: BSD-3-Clause */
#include "recycler.h"

#include "wiring_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { SESSIONS = RECYCLER_BATCH + 1000, CORES = 2, POLLS = 2, WORKERS = 2 };

struct world {
	struct rte_mempool *pool;
	struct mesh mesh;
	struct identity_set *identities;
	struct store *store;
	struct recycler *recycler;
};

static int setup_sized(void **state, uint32_t sessions)
{
	static const unsigned n_dst[MESH_ROLES] = { POLLS, 1, WORKERS };
	static const uint8_t seed[32] = { 3 };
	struct world *w = calloc(1, sizeof(*w));
	struct store_config cfg = { .max_sessions = sessions,
				    .replay_window = 64,
				    .hash_seed = seed };

	assert_non_null(w);
	w->pool = wiring_pool();
	assert_int_equal(mesh_init(&w->mesh, CORES, n_dst, 64), 0);
	w->identities = cfg.identities = identity_set_new();
	w->store = store_new(&cfg);
	assert_non_null(w->store);
	w->recycler = recycler_new(w->store, &w->mesh, NULL);
	assert_non_null(w->recycler);
	*state = w;
	return 0;
}

static int setup(void **state) { return setup_sized(state, 1); }

static int setup_many(void **state) { return setup_sized(state, SESSIONS); }

static int teardown(void **state)
{
	struct world *w = *state;
	int rc;

	recycler_free(w->recycler);
	recycler_free(NULL);
	store_free(w->store);
	assert_int_equal(identity_count(w->identities), 0);
	identity_set_free(w->identities);
	mesh_free(&w->mesh);
	rc = wiring_pool_free(w->pool);
	free(w);
	return rc;
}

/* A session; false: no slot is free. */
static bool install(struct world *w, uint32_t n, struct session_ref *out)
{
	struct session_install in = { .flow = { .local_port = 5684,
						.remote_ip = { (uint8_t)n, (uint8_t)(n >> 8) } },
				      .aead = AEAD_AES_128_CCM_8 };
	struct session_ref replaced;

	in.identity = identity_get(w->identities, &n, sizeof(n));
	assert_non_null(in.identity);
	if (store_install(w->store, 0, &in, out, &replaced) == STATUS_OK)
		return true;
	identity_put(w->identities, in.identity);
	return false;
}

/* What a poll core does with a session that ended. */
static void retire(struct world *w, struct session_ref ref)
{
	assert_true(store_retire(w->store, ref));
}

/* The control thread's turn: registered and offline. */
static size_t turn(struct world *w)
{
	size_t n;

	urcu_qsbr_thread_offline();
	n = recycler_turn(w->recycler);
	urcu_qsbr_thread_online();
	return n;
}

static void message(struct world *w, unsigned worker)
{
	wiring_send(&w->mesh, MESH_WORKER, worker, 0, wiring_mbuf(w->pool, NULL, 0));
}

static void read_message(struct world *w, unsigned worker)
{
	struct rte_mbuf *m = wiring_take(&w->mesh, MESH_WORKER, worker, 0);

	assert_non_null(m);
	rte_pktmbuf_free(m);
}

static void nothing_to_do(void **state)
{
	struct world *w = *state;

	assert_int_equal(turn(w), 0);
	assert_int_equal(turn(w), 0);
}

static void a_retired_slot_is_used_again(void **state)
{
	struct world *w = *state;
	struct session_ref ref, next;

	for (unsigned round = 0; round < 5; round++) {
		assert_true(install(w, round, &ref));
		assert_false(install(w, 1000, &next));
		retire(w, ref);
		assert_false(install(w, 1000, &next));
		assert_int_equal(turn(w), 1);
		assert_int_equal(identity_count(w->identities), 0);
	}
	assert_true(install(w, 9, &next));
	assert_int_equal(next.slot, ref.slot);
	assert_int_not_equal(next.generation, ref.generation);
}

/* A device posts its last reading and closes at once: its name stays until the worker has read the
 * message. */
static void a_slot_waits_for_unread_messages(void **state)
{
	struct world *w = *state;
	struct session_ref ref, next;

	assert_true(install(w, 7, &ref));
	message(w, 1);
	message(w, 1);
	retire(w, ref);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(turn(w), 0);
		assert_non_null(w->store->cold[ref.slot].identity);
		assert_int_equal(w->store->cold[ref.slot].identity->bytes[0], 7);
		assert_int_equal(identity_count(w->identities), 1);
		assert_false(install(w, 8, &next));
	}
	read_message(w, 1);
	assert_int_equal(turn(w), 0);
	/* What came since is of no session that is in the batch. */
	message(w, 1);
	message(w, 0);
	read_message(w, 1);
	assert_int_equal(turn(w), 1);
	assert_int_equal(identity_count(w->identities), 0);
	assert_true(install(w, 8, &next));
}

static void a_batch_is_bounded_and_none_is_lost(void **state)
{
	struct world *w = *state;
	struct session_ref ref;
	size_t total = 0, n;

	for (uint32_t i = 0; i < SESSIONS; i++)
		assert_true(install(w, i, &ref));
	assert_false(install(w, SESSIONS, &ref));
	for (uint32_t slot = 0; slot < SESSIONS; slot++)
		retire(w,
		       (struct session_ref){ slot, atomic_load(&w->store->hot[slot].generation) });
	while ((n = turn(w)) > 0) {
		assert_true(n <= RECYCLER_BATCH);
		total += n;
	}
	assert_int_equal(total, SESSIONS);
	assert_int_equal(identity_count(w->identities), 0);
	for (uint32_t i = 0; i < SESSIONS; i++)
		assert_true(install(w, i, &ref));
}

/* A worker that took a message off its ring and has not yet reported a quiescent state. */
static struct {
	struct world *w;
	_Atomic int step;
	_Atomic bool freed;
	uint8_t seen;
} threads;

static void pause_ms(long ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

static void await(int step)
{
	while (atomic_load(&threads.step) < step)
		pause_ms(1);
}

static void *reader_thread(void *arg)
{
	const uint32_t *slot = arg;
	const struct identity *id;

	urcu_qsbr_register_thread();
	read_message(threads.w, 0);
	id = threads.w->store->cold[*slot].identity;
	atomic_store(&threads.step, 1);
	await(2);
	/* Still ours to look at. */
	threads.seen = id->bytes[0];
	urcu_qsbr_quiescent_state();
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void *control_thread(void *arg)
{
	(void)arg;
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
	while (recycler_turn(threads.w->recycler) == 0)
		pause_ms(1);
	atomic_store(&threads.freed, true);
	/* It waits for the next signal, and holds up no grace period meanwhile. */
	await(3);
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void a_slot_waits_for_readers(void **state)
{
	struct world *w = *state;
	pthread_t reader, control;
	struct session_ref ref;

	wiring_needs_grace_periods();
	threads.w = w;
	assert_true(install(w, 77, &ref));
	message(w, 0);
	retire(w, ref);
	assert_int_equal(turn(w), 0);
	assert_int_equal(pthread_create(&reader, NULL, reader_thread, &ref.slot), 0);
	await(1);
	urcu_qsbr_thread_offline();
	assert_int_equal(pthread_create(&control, NULL, control_thread, NULL), 0);
	pause_ms(100);
	assert_false(atomic_load(&threads.freed));
	assert_int_equal(identity_count(w->identities), 1);
	atomic_store(&threads.step, 2);
	pthread_join(reader, NULL);
	while (!atomic_load(&threads.freed))
		pause_ms(1);
	assert_int_equal(threads.seen, 77);
	assert_int_equal(identity_count(w->identities), 0);
	urcu_qsbr_synchronize_rcu();
	atomic_store(&threads.step, 3);
	pthread_join(control, NULL);
	urcu_qsbr_thread_online();
}

#define RECYCLER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECYCLER_TEST(nothing_to_do),
		RECYCLER_TEST(a_retired_slot_is_used_again),
		RECYCLER_TEST(a_slot_waits_for_unread_messages),
		RECYCLER_TEST(a_slot_waits_for_readers),
		cmocka_unit_test_setup_teardown(a_batch_is_bounded_and_none_is_lost, setup_many,
						teardown),
	};

	return wiring_main(tests);
}
