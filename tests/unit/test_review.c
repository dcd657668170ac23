/* SPDX-License-Identifier: BSD-3-Clause */
#include "review.h"

#include "evict.h"
#include "wiring_fixture.h"

#define KEY   "000102030405060708090a0b0c0d0e0f"
#define OTHER "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

enum { SESSIONS = EVICT_RING + 500, CORES = 1, NOW_S = 1000 };

/* One core that polls, with its rings; its port takes nothing, which is no matter here. */
struct world {
	char psk_path[64], deny_path[64];
	struct rte_mempool *pool;
	struct mesh mesh;
	struct credentials credentials;
	struct store *store;
	struct table *pending;
	struct aead *aead;
	struct path_core *path;
	struct review *review;
	unsigned told[STATUS_N];
};

static void on_closed(void *arg, const struct identity *id, enum status why)
{
	assert_true(id->len > 0);
	((struct world *)arg)->told[why]++;
}

static void make_path(struct world *w)
{
	struct path_config cfg = {
		.n_poll = 1,
		.n_handshake = 1,
		.n_workers = 1,
		.to_handshake = { mesh_ring(&w->mesh, MESH_HANDSHAKE, 0, 0) },
		.to_worker = { mesh_ring(&w->mesh, MESH_WORKER, 0, 0) },
		.store = w->store,
		.pending = w->pending,
		.aead = w->aead,
		.pool = w->pool,
	};

	w->path = path_core_new(&cfg, 0);
	assert_non_null(w->path);
	review_owner(w->review, 0, w->path);
}

static int setup(void **state)
{
	static const unsigned n_dst[MESH_ROLES] = { 1, 1, 1 };
	static const uint8_t seed[32] = { 3 };
	struct world *w = calloc(1, sizeof(*w));
	struct store_config cfg = { .max_sessions = SESSIONS,
				    .replay_window = 64,
				    .hash_seed = seed };
	char err[256];

	assert_non_null(w);
	snprintf(w->psk_path, sizeof(w->psk_path), "/tmp/sluice-test-psk-XXXXXX");
	snprintf(w->deny_path, sizeof(w->deny_path), "/tmp/sluice-test-deny-XXXXXX");
	wiring_path(w->psk_path);
	wiring_path(w->deny_path);
	wiring_write(w->psk_path, "a:" KEY "\nb:" KEY "\nc:" KEY "\nd:" KEY "\n");
	assert_true(credentials_init(
		&w->credentials,
		&(struct credentials_files){ .psk_file = w->psk_path, .deny_file = w->deny_path },
		err, sizeof(err)));
	w->pool = wiring_pool();
	assert_int_equal(mesh_init(&w->mesh, CORES, n_dst, 64), 0);
	cfg.identities = w->credentials.identities;
	w->store = store_new(&cfg);
	w->pending = table_new(64, SOCKET_ID_ANY);
	w->aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	assert_true(w->store != NULL && w->pending != NULL && w->aead != NULL);
	w->review = review_new(&(struct review_config){ .store = w->store,
							.mesh = &w->mesh,
							.credentials = &w->credentials,
							.closed = on_closed,
							.arg = w });
	assert_non_null(w->review);
	make_path(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	int rc;

	review_free(w->review);
	review_free(NULL);
	path_core_free(w->path);
	aead_free(w->aead);
	table_free(w->pending);
	store_free(w->store);
	assert_int_equal(identity_count(w->credentials.identities), 0);
	credentials_free(&w->credentials);
	mesh_free(&w->mesh);
	rc = wiring_pool_free(w->pool);
	unlink(w->psk_path);
	unlink(w->deny_path);
	free(w);
	return rc;
}

static struct session_ref install(struct world *w, uint32_t n, const char *name)
{
	struct session_install in = { .flow = { .local_port = 5684 }, .aead = AEAD_AES_128_GCM };
	struct session_ref ref, replaced;
	uint8_t key[PSK_KEY_MAX];

	memcpy(in.flow.remote_ip, &n, sizeof(n));
	assert_int_equal(credentials_psk(&w->credentials, (const uint8_t *)name, strlen(name), key,
					 &in.identity),
			 16);
	assert_int_equal(store_install(w->store, 0, &in, &ref, &replaced), STATUS_OK);
	return ref;
}

static void reload(struct world *w, const char *psks, const char *denied)
{
	char err[256];

	wiring_write(w->psk_path, psks);
	wiring_write(w->deny_path, denied);
	urcu_qsbr_thread_offline();
	assert_true(credentials_reload(&w->credentials, err, sizeof(err)));
	review_begin(w->review);
	urcu_qsbr_thread_online();
}

static enum review_turn turn(struct world *w)
{
	enum review_turn result;

	urcu_qsbr_thread_offline();
	result = review_turn(w->review, NOW_S);
	urcu_qsbr_thread_online();
	return result;
}

/* The poll core's turns between those of the control thread, until the review is over. */
static void finish(struct world *w)
{
	enum review_turn result;
	unsigned turns = 0;

	do {
		result = turn(w);
		path_sweep(w->path, 0);
		path_flush(w->path, 0);
		assert_int_not_equal(result, REVIEW_IDLE);
		assert_true(turns++ < 10 * SESSIONS);
	} while (result != REVIEW_DONE);
	for (unsigned i = 0; i < EVICT_RING / 16; i++)
		path_sweep(w->path, 0);
	path_flush(w->path, 0);
	assert_int_equal(turn(w), REVIEW_IDLE);
}

static void closes_whose_credential_is_gone(void **state)
{
	struct world *w = *state;
	struct session_ref a = install(w, 1, "a"), b = install(w, 2, "b"), c = install(w, 3, "c"),
			   d = install(w, 4, "d"), d2 = install(w, 5, "d");

	reload(w, "a:" KEY "\nb:" OTHER "\nd:" KEY "\n", "identity d\n");
	finish(w);
	assert_true(store_live(w->store, a));
	assert_false(store_live(w->store, b));
	assert_false(store_live(w->store, c));
	assert_false(store_live(w->store, d));
	assert_false(store_live(w->store, d2));
	assert_int_equal(review_result(w->review).seen, 5);
	assert_int_equal(review_result(w->review).closed, 4);
	assert_int_equal(w->told[STATUS_SESSION_KEY_GONE], 2);
	assert_int_equal(w->told[STATUS_SESSION_DENIED], 2);
	assert_int_equal(status_get(path_counts(w->path), STATUS_SESSION_KEY_GONE), 2);
	assert_int_equal(status_get(path_counts(w->path), STATUS_SESSION_DENIED), 2);
}

static void nothing_changed(void **state)
{
	struct world *w = *state;
	struct session_ref a = install(w, 1, "a");

	assert_int_equal(turn(w), REVIEW_IDLE);
	reload(w, "b:" KEY "\na:" KEY "\n", "");
	finish(w);
	assert_true(store_live(w->store, a));
	assert_int_equal(review_result(w->review).seen, 1);
	assert_int_equal(review_result(w->review).closed, 0);
}

/* A session that is on its way to its owner is not overlooked: the owner takes what is in its rings
 * first. */
static void waits_for_sessions_on_their_way(void **state)
{
	struct world *w = *state;
	struct session_ref late;
	struct rte_mbuf *m;

	late = install(w, 1, "a"); /* what the message below stands for */
	wiring_send(&w->mesh, MESH_POLL, 0, 0, wiring_mbuf(w->pool, NULL, 0));
	reload(w, "b:" KEY "\n", "");
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(turn(w), REVIEW_WAITS);
	assert_int_equal(review_result(w->review).seen, 0);
	m = wiring_take(&w->mesh, MESH_POLL, 0, 0);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	finish(w);
	assert_false(store_live(w->store, late));
}

/* More at once than a core can be told of: the walk waits for it, and misses nobody. */
static void more_than_the_core_takes_at_once(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0; i < SESSIONS; i++)
		install(w, i, i % 8 == 0 ? "a" : "b");
	reload(w, "a:" KEY "\n", "");
	assert_int_equal(turn(w), REVIEW_BUSY);
	finish(w);
	assert_int_equal(review_result(w->review).seen, SESSIONS);
	assert_int_equal(review_result(w->review).closed, SESSIONS - (SESSIONS + 7) / 8);
	assert_int_equal(store_count(w->store), (SESSIONS + 7) / 8);

	reload(w, "b:" KEY "\n", "");
	finish(w);
	assert_int_equal(store_count(w->store), 0);
}

/* A handshake that began before the reload ended behind the review. */
static void again(void **state)
{
	struct world *w = *state;
	struct session_ref a;

	reload(w, "b:" KEY "\na:" KEY "\n", "");
	finish(w);
	a = install(w, 1, "a");
	reload(w, "b:" KEY "\n", "");
	finish(w);
	assert_false(store_live(w->store, a));
	review_again(w->review);
	review_again(w->review);
	assert_int_equal(turn(w), REVIEW_BUSY);
	finish(w);
	assert_int_equal(review_result(w->review).seen, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(closes_whose_credential_is_gone),
		TEST(nothing_changed),
		TEST(waits_for_sessions_on_their_way),
		TEST(more_than_the_core_takes_at_once),
		TEST(again),
	};

	return wiring_main(tests);
}
