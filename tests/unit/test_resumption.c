/* SPDX-License-Identifier: BSD-3-Clause */
#include "resumption.h"

#include "session_states.h"
#include "wiring_fixture.h"

#define A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

#define NOW (UINT64_C(41000) * TICKET_PERIOD_S)

static char path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/sluice-test-tickets-XXXXXX");
	wiring_path(path);
	wiring_write(path, A "\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static struct resumption begin(const char *key_file, uint32_t cache_entries)
{
	const struct resumption_config cfg = { .lifetime_s = 86400,
					       .cache_entries = cache_entries,
					       .key_file = key_file };
	struct resumption r;
	char err[256];

	assert_true(resumption_init(&r, &cfg, NOW, err, sizeof(err)));
	return r;
}

/* The key that seals now. */
static struct ticket_key sealing(const struct resumption *r) { return r->keys->keys[0]; }

static bool opens(const struct resumption *r, const struct ticket_key *k)
{
	return ticket_keys_find(r->keys, k->name) != NULL;
}

static void a_file_decides_the_keys(void **state)
{
	struct resumption one = begin(path, 0), two = begin(path, 0), own = begin(NULL, 8);
	struct ticket_key k = sealing(&one), other = sealing(&own);

	(void)state;
	assert_true(opens(&two, &k));
	assert_false(opens(&own, &k) || opens(&one, &other));
	assert_null(one.cache);
	assert_int_equal(session_cache_entries(own.cache), 8);
	resumption_free(&one);
	resumption_free(&two);
	resumption_free(&own);
}

static void a_bad_file_is_no_start(void **state)
{
	const struct resumption_config cfg = { .lifetime_s = 1, .key_file = path };
	struct resumption r;
	char err[256], want[256];

	(void)state;
	wiring_write(path, A "\n\nx\n");
	assert_false(resumption_init(&r, &cfg, NOW, err, sizeof(err)));
	snprintf(want, sizeof(want), "%s:3: not 64 hex digits", path);
	assert_string_equal(err, want);
}

/* A reload is the whole new file, or nothing. */
static void reload_is_whole_or_not_at_all(void **state)
{
	struct resumption r = begin(path, 0);
	struct ticket_key old = sealing(&r), new;
	struct ticket_roots *fresh;
	char err[256];

	(void)state;
	wiring_write(path, B "\n" A "\nx\n");
	assert_false(resumption_load(&r, &fresh, err, sizeof(err)));
	assert_null(fresh);
	new = sealing(&r);
	assert_memory_equal(new.key, old.key, sizeof(new.key));
	wiring_write(path, B "\n" A "\n");
	assert_true(resumption_load(&r, &fresh, err, sizeof(err)));
	assert_true(resumption_swap(&r, fresh, NOW));
	new = sealing(&r);
	assert_memory_not_equal(new.key, old.key, sizeof(new.key));
	assert_true(opens(&r, &old));
	/* Without a file a reload leaves everything as it is. */
	resumption_free(&r);
	r = begin(NULL, 0);
	old = sealing(&r);
	assert_true(resumption_load(&r, &fresh, err, sizeof(err)));
	assert_null(fresh);
	assert_true(resumption_swap(&r, fresh, NOW));
	new = sealing(&r);
	assert_memory_equal(new.key, old.key, sizeof(new.key));
	resumption_free(&r);
}

/* checklist 52: keys change when their time has come, with a file and without. */
static void keys_change_in_time(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct resumption r = begin(i ? path : NULL, 0);
		struct ticket_key first = sealing(&r), now;

		assert_true(resumption_turn(&r, 1, NOW + TICKET_PERIOD_S - 1));
		now = sealing(&r);
		assert_memory_equal(now.key, first.key, sizeof(now.key));
		assert_true(resumption_turn(&r, 1, NOW + TICKET_PERIOD_S));
		now = sealing(&r);
		assert_memory_not_equal(now.key, first.key, sizeof(now.key));
		assert_true(opens(&r, &first));
		for (uint64_t p = 2; p < 4; p++)
			assert_true(resumption_turn(&r, 1, NOW + p * TICKET_PERIOD_S));
		assert_false(opens(&r, &first));
		resumption_free(&r);
	}
}

/* Turns wipe sessions that are too old. */
static void turns_sweep(void **state)
{
	struct resumption r = begin(NULL, 64);
	struct session_state s = session_of("dev1", 3, 10), got;
	const uint8_t id[SESSION_CACHE_ID] = { 1, 2, 3 };

	(void)state;
	assert_true(session_cache_put(r.cache, id, &s));
	assert_true(resumption_turn(&r, 10 + 86399, NOW));
	assert_true(session_cache_get(r.cache, id, sizeof(id), 11, &got));
	assert_true(resumption_turn(&r, 10 + 86400, NOW));
	assert_false(session_cache_get(r.cache, id, sizeof(id), 11, &got));
	resumption_free(&r);
}

/* --no-resumption */
static void nothing_turns_nothing(void **state)
{
	struct resumption r = { .keys = NULL };
	struct ticket_roots *fresh;

	(void)state;
	assert_true(resumption_turn(&r, 1, NOW));
	assert_true(resumption_load(&r, &fresh, NULL, 0));
	assert_null(fresh);
	resumption_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_decides_the_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bad_file_is_no_start, setup, teardown),
		cmocka_unit_test_setup_teardown(reload_is_whole_or_not_at_all, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_change_in_time, setup, teardown),
		cmocka_unit_test(turns_sweep),
		cmocka_unit_test(nothing_turns_nothing),
	};

	return cmocka_run_group_tests_name("resumption", tests, NULL, NULL);
}
