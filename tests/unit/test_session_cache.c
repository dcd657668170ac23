/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_cache.h"
#include "session_states.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

enum { LIFETIME = 100 };

/* The i-th id of a set. */
static const uint8_t *id_of(uint8_t out[SESSION_CACHE_ID], uint32_t set, uint32_t i)
{
	memset(out, 0, SESSION_CACHE_ID);
	out[0] = (uint8_t)(set * SESSION_CACHE_WAYS);
	out[1] = 0x80; /* beyond any set of a small cache */
	memcpy(out + 8, &i, sizeof(i));
	return out;
}

static bool has(struct session_cache *c, const uint8_t *id, uint64_t now_s, uint8_t seed)
{
	struct session_state got;

	return session_cache_get(c, id, SESSION_CACHE_ID, now_s, &got) && got.master[0] == seed;
}

static void size_is_as_stated(void **state)
{
	static const uint32_t sizes[][2] = { { 1, 8 }, { 8, 8 }, { 9, 16 }, { 4096, 4096 } };

	(void)state;
	assert_int_equal(SESSION_CACHE_ENTRY, 384);
	for (size_t i = 0; i < 4; i++) {
		struct session_cache *c = session_cache_new(sizes[i][0], LIFETIME);

		assert_non_null(c);
		assert_int_equal(session_cache_entries(c), sizes[i][1]);
		assert_in_range(session_cache_bytes(c), sizes[i][1] * SESSION_CACHE_ENTRY,
				sizes[i][1] * SESSION_CACHE_ENTRY + 64);
		session_cache_free(c);
	}
}

/* checklist 53 */
static void gives_what_it_took(void **state)
{
	struct session_cache *c = session_cache_new(64, LIFETIME);
	struct session_state s = session_of("dev1", 3, 50), got;
	uint8_t id[SESSION_CACHE_ID], zeros[SESSION_CACHE_ID] = { 0 };

	(void)state;
	assert_non_null(c);
	/* the longest there are */
	s.name_len = PSK_IDENTITY_MAX;
	memset(s.name, 'n', sizeof(s.name));
	s.credential = x509_credential(CREDENTIAL_LINKS_MAX);
	s.binding = 0;
	id_of(id, 2, 1);
	assert_false(session_cache_get(c, id, sizeof(id), 50, &got));
	assert_false(session_cache_get(c, zeros, sizeof(zeros), 50, &got));
	assert_true(session_cache_put(c, id, &s));
	assert_true(session_cache_get(c, id, sizeof(id), 50, &got));
	assert_true(session_equal(&s, &got));
	/* more than once */
	assert_true(has(c, id, 50 + LIFETIME - 1, 3));
	/* and no other: not a prefix, not one with a byte changed */
	for (size_t len = 0; len < sizeof(id); len++)
		assert_false(session_cache_get(c, id, len, 50, &got));
	for (size_t i = 0; i < sizeof(id); i++) {
		id[i] ^= 1;
		assert_false(session_cache_get(c, id, sizeof(id), 50, &got));
		id[i] ^= 1;
	}
	assert_true(has(c, id, 50, 3));
	session_cache_free(c);
}

static void too_old_is_gone(void **state)
{
	struct session_cache *c = session_cache_new(64, LIFETIME);
	struct session_state s = session_of("dev1", 3, 50);
	uint8_t id[SESSION_CACHE_ID];

	(void)state;
	id_of(id, 2, 1);
	assert_true(session_cache_put(c, id, &s));
	assert_true(has(c, id, 149, 3));
	assert_false(has(c, id, 150, 3));
	assert_false(has(c, id, 49, 3));
	session_cache_free(c);
}

/* bad-input H6: the eldest of a set makes room, however often it was asked for; what is looked up
 * and is not there changes nothing. */
static void eldest_makes_room(void **state)
{
	struct session_cache *c = session_cache_new(64, LIFETIME);
	uint8_t id[SESSION_CACHE_ID];
	struct session_state s;

	(void)state;
	for (uint32_t i = 0; i < SESSION_CACHE_WAYS; i++) {
		s = session_of("dev1", (uint8_t)i, 10 + i);
		assert_true(session_cache_put(c, id_of(id, 1, i), &s));
		assert_true(session_cache_put(c, id_of(id, 2, i), &s));
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_false(has(c, id_of(id, 1, 1000 + i), 20, 0));
	for (uint32_t i = 0; i < SESSION_CACHE_WAYS; i++)
		assert_true(has(c, id_of(id, 1, i), 20, (uint8_t)i));
	for (uint32_t n = 0; n < 3; n++) {
		s = session_of("dev1", (uint8_t)(100 + n), 20 + n);
		assert_true(session_cache_put(c, id_of(id, 1, 100 + n), &s));
		for (uint32_t i = 0; i < SESSION_CACHE_WAYS; i++)
			assert_int_equal(has(c, id_of(id, 1, i), 25, (uint8_t)i), i > n);
		assert_true(has(c, id_of(id, 1, 100 + n), 25, (uint8_t)(100 + n)));
	}
	for (uint32_t i = 0; i < SESSION_CACHE_WAYS; i++)
		assert_true(has(c, id_of(id, 2, i), 25, (uint8_t)i));
	session_cache_free(c);
}

/* A sweep takes the old and leaves the young; what it took has no room to defend. */
static void sweep_takes_the_old(void **state)
{
	struct session_cache *c = session_cache_new(64, LIFETIME);
	struct session_state old = session_of("dev1", 1, 10), young = session_of("dev1", 2, 90);
	uint8_t id[SESSION_CACHE_ID];

	(void)state;
	for (uint32_t set = 0; set < 8; set++) {
		assert_true(session_cache_put(c, id_of(id, set, 1), &old));
		assert_true(session_cache_put(c, id_of(id, set, 2), &young));
	}
	/* In pieces, past the end. */
	for (int i = 0; i < 10; i++)
		session_cache_sweep(c, 111, 7);
	for (uint32_t set = 0; set < 8; set++) {
		/* asked with a clock that it would be young by: it is not there */
		assert_false(has(c, id_of(id, set, 1), 20, 1));
		assert_true(has(c, id_of(id, set, 2), 111, 2));
	}
	session_cache_free(c);
}

enum { RACE_READS = 20000, RACE_IDS = 12 };

static struct session_cache *raced;
static _Atomic bool race_over;

static void *race_writer(void *arg)
{
	uint8_t id[SESSION_CACHE_ID], seed = *(const uint8_t *)arg;

	for (uint32_t i = 0; !atomic_load(&race_over); i++) {
		struct session_state s = session_of("dev1", (uint8_t)(seed + i % 100), 1 + i);

		s.binding = s.master[0];
		(void)session_cache_put(raced, id_of(id, 0, i % RACE_IDS), &s);
		if (i % 16 == 0)
			session_cache_sweep(raced, UINT32_MAX, seed == 0 ? 2 : 0);
	}
	return NULL;
}

/* Two write and sweep, one reads: what is read was written as a whole. Also under tsan. */
static void nothing_is_seen_half_written(void **state)
{
	static const uint8_t seeds[2] = { 0, 100 };
	pthread_t writers[2];
	struct session_state s;
	uint8_t id[SESSION_CACHE_ID];
	unsigned found = 0;

	(void)state;
	raced = session_cache_new(8, UINT32_MAX / 2);
	assert_non_null(raced);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, race_writer,
						(void *)(uintptr_t)&seeds[i]),
				 0);
	for (uint32_t i = 0; found < RACE_READS; i++) {
		if (!session_cache_get(raced, id_of(id, 0, i % RACE_IDS), sizeof(id),
				       UINT32_MAX / 2 - 1, &s))
			continue;
		found++;
		for (size_t b = 0; b < sizeof(s.master); b++)
			assert_int_equal(s.master[b], s.binding);
		assert_int_equal(s.name_len, 4);
	}
	atomic_store(&race_over, true);
	for (int i = 0; i < 2; i++)
		pthread_join(writers[i], NULL);
	session_cache_free(raced);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_as_stated),
		cmocka_unit_test(gives_what_it_took),
		cmocka_unit_test(too_old_is_gone),
		cmocka_unit_test(eldest_makes_room),
		cmocka_unit_test(sweep_takes_the_old),
		cmocka_unit_test(nothing_is_seen_half_written),
	};

	return cmocka_run_group_tests_name("session_cache", tests, NULL, NULL);
}
