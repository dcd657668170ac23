/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Hashes as a keyed hash would give them, the same on every run. */
static struct flow_hash key_of(uint64_t i)
{
	uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15), y;

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 31;
	y = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	y ^= y >> 29;
	return (struct flow_hash){ .bucket = x, .signature = (y >> 16) | 1 };
}

static struct table_hit entry_of(uint32_t slot, uint32_t generation)
{
	return (struct table_hit){ .ref = { .slot = slot, .generation = generation },
				   .owner = (uint8_t)(slot % 3),
				   .class = (uint8_t)(slot % (TABLE_CLASS_MAX + 1)) };
}

static struct table_hit lookup(const struct table *t, struct flow_hash key)
{
	struct table_hit hit;

	table_lookup_burst(t, &key, &hit, 1);
	return hit;
}

static bool names(struct table_hit hit, uint32_t slot, uint32_t generation)
{
	struct table_hit want = entry_of(slot, generation);

	return hit.ref.slot == slot && hit.ref.generation == generation &&
	       hit.owner == want.owner && hit.class == want.class;
}

static enum table_insert insert(struct table *t, uint32_t i, uint32_t generation)
{
	struct flow_hash key = key_of(i);
	struct table_hit entry = entry_of(i, generation);

	return table_insert(t, &key, &entry);
}

static bool drop(struct table *t, uint32_t i, uint32_t generation)
{
	struct flow_hash key = key_of(i);

	return table_remove(t, &key, (struct session_ref){ i, generation });
}

static void what_is_inserted_is_found_until_removed(void **state)
{
	struct table *t = table_new(1000, -1);

	(void)state;
	assert_non_null(t);
	assert_int_equal(lookup(t, key_of(1)).ref.generation, 0);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(insert(t, i, 7), TABLE_INSERTED);
	assert_int_equal(table_count(t), 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(names(lookup(t, key_of(i)), i, 7));
	assert_false(drop(t, 5, 8)); /* another generation */
	assert_true(drop(t, 5, 7));
	assert_false(drop(t, 5, 7));
	assert_int_equal(lookup(t, key_of(5)).ref.generation, 0);
	assert_int_equal(table_count(t), 999);
	table_free(t);
}

static void burst_reports_hits_and_misses_in_place(void **state)
{
	struct table *t = table_new(64, -1);
	struct flow_hash keys[TABLE_BURST_MAX];
	struct table_hit hits[TABLE_BURST_MAX];

	(void)state;
	assert_non_null(t);
	for (uint32_t i = 0; i < TABLE_BURST_MAX; i++) {
		keys[i] = key_of(i);
		if (i % 3 == 0)
			assert_int_equal(insert(t, i, 1 + i), TABLE_INSERTED);
	}
	memset(hits, 0xee, sizeof(hits));
	assert_int_equal(table_lookup_burst(t, keys, hits, TABLE_BURST_MAX), 22);
	for (uint32_t i = 0; i < TABLE_BURST_MAX; i++)
		assert_true(i % 3 == 0 ? names(hits[i], i, 1 + i) : hits[i].ref.generation == 0);
	assert_int_equal(table_lookup_burst(t, keys, hits, 0), 0);
	table_free(t);
}

/* Tagged, whatever the key is. */
static struct table_hit tagged_of(uint32_t slot, uint32_t tag)
{
	struct table_hit entry = entry_of(slot, tag);

	entry.class |= TABLE_TAGGED;
	return entry;
}

static bool retag(struct table *t, uint32_t i, uint32_t slot, uint32_t tag)
{
	struct flow_hash key = key_of(i);

	return table_retag(t, table_place_of(&key), slot, tag);
}

static bool drop_tagged(struct table *t, uint32_t i, uint32_t slot)
{
	struct flow_hash key = key_of(i);

	return table_remove_tagged(t, table_place_of(&key), slot);
}

static enum table_insert insert_tagged(struct table *t, uint32_t i, uint32_t tag)
{
	struct flow_hash key = key_of(i);
	struct table_hit entry = tagged_of(i, tag);

	return table_insert(t, &key, &entry);
}

/* In a primary or a secondary bucket; no other entry changes, and none without a tag does. */
static void tags_change_in_place(void **state)
{
	enum { N = 1500 };
	struct table *t = table_new(1000, -1);

	(void)state;
	assert_non_null(t);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(i % 2 ? insert(t, i, 7) : insert_tagged(t, i, 7), TABLE_INSERTED);
	assert_false(retag(t, N, N, 9));
	for (uint32_t i = 0; i < N; i += 2) {
		assert_false(retag(t, i, i + 2, 9)); /* another slot */
		assert_true(retag(t, i, i, 9 + i));
	}
	for (uint32_t i = 0; i < N; i++) {
		struct table_hit hit = lookup(t, key_of(i)), want = tagged_of(i, 9 + i);

		if (i % 2 == 0)
			assert_memory_equal(&hit, &want, offsetof(struct table_hit, class) + 1);
		else
			assert_true(names(hit, i, 7));
	}
	for (uint32_t i = 0; i < N; i += 2) {
		assert_false(drop_tagged(t, i, i + 2));
		assert_true(drop_tagged(t, i, i));
		assert_false(drop_tagged(t, i, i));
	}
	assert_int_equal(table_count(t), N / 2);
	assert_int_equal(insert(t, N + 1, 5), TABLE_INSERTED);
	if (((N + 1) % (TABLE_CLASS_MAX + 1) & TABLE_TAGGED) == 0)
		assert_false(retag(t, N + 1, N + 1, 6));
	table_free(t);
}

static void equal_signature_is_refused(void **state)
{
	struct table *t = table_new(64, -1);

	(void)state;
	assert_non_null(t);
	assert_int_equal(insert(t, 1, 1), TABLE_INSERTED);
	assert_int_equal(insert(t, 1, 3), TABLE_EXISTS);
	assert_true(names(lookup(t, key_of(1)), 1, 1));
	assert_true(drop(t, 1, 1));
	assert_int_equal(insert(t, 1, 3), TABLE_INSERTED);
	assert_true(names(lookup(t, key_of(1)), 1, 3));
	table_free(t);
}

/* Two buckets: each key may stand in either, so eight entries are all there is; none is lost or
 * moved wrongly on the way to full, and after. */
static void full_table_says_so_and_keeps_all(void **state)
{
	struct table *t = table_new(1, -1);
	uint32_t taken[8], n = 0, i;

	(void)state;
	assert_non_null(t);
	for (i = 0; n < 8; i++) {
		assert_int_equal(insert(t, i, 1), TABLE_INSERTED);
		taken[n++] = i;
	}
	assert_int_equal(insert(t, i, 1), TABLE_FULL);
	assert_int_equal(lookup(t, key_of(i)).ref.generation, 0);
	for (i = 0; i < n; i++)
		assert_true(names(lookup(t, key_of(taken[i])), taken[i], 1));
	assert_true(drop(t, taken[3], 1));
	assert_int_equal(insert(t, 100, 1), TABLE_INSERTED);
	assert_int_equal(table_count(t), 8);
	table_free(t);
}

/* At its capacity, half load, a table of any size takes every key. */
static void capacity_is_kept(void **state)
{
	const uint32_t capacities[] = { 1, 2, 3, 7, 100, 1001, 100000 };

	(void)state;
	for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
		struct table *t = table_new(capacities[c], -1);

		assert_non_null(t);
		for (uint32_t i = 0; i < capacities[c]; i++)
			assert_int_equal(insert(t, i, 1), TABLE_INSERTED);
		for (uint32_t i = 0; i < capacities[c]; i++)
			assert_true(names(lookup(t, key_of(i)), i, 1));
		assert_true(table_bytes(t) <= capacities[c] * (size_t)32 + 512);
		table_free(t);
	}
}

/* Relocations make room far beyond half load, and move nothing out of reach. */
static void relocations_fill_nine_tenths(void **state)
{
	enum { CAPACITY = 10000, PLACES = 2 * CAPACITY };
	struct table *t = table_new(CAPACITY, -1);

	(void)state;
	assert_non_null(t);
	for (uint32_t i = 0; i < PLACES / 10 * 9; i++)
		assert_int_equal(insert(t, i, 1), TABLE_INSERTED);
	for (uint32_t i = 0; i < PLACES / 10 * 9; i++)
		assert_true(names(lookup(t, key_of(i)), i, 1));
	for (uint32_t i = 0; i < PLACES / 10 * 9; i++)
		assert_true(drop(t, i, 1));
	assert_int_equal(table_count(t), 0);
	table_free(t);
}

/*
 * The hammer. Resident keys stay live throughout while relocations push them about; churned ones
 * come and go, several writers each with keys of its own. What a key is meant to be stands in
 * `live`: its generation from after its insert until before its removal.
 */
enum {
	HAMMER_CAPACITY = 720, /* 1440 places: nine tenths full, so inserts relocate */
	RESIDENT = 700,
	CHURN = 1200,
	WRITERS = 2,
	ROUNDS = 250000,
};

struct hammer {
	struct table *t;
	_Atomic uint32_t live[RESIDENT + CHURN];
	_Atomic bool stop;
	_Atomic uint64_t missed, wrong, looked, refused, changed;
};

struct hammer_writer {
	struct hammer *h;
	uint32_t index;
};

static uint32_t next_random(uint64_t *s)
{
	*s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*s >> 33);
}

static void churn_one(struct hammer *h, uint32_t i, uint32_t *generation)
{
	uint32_t is = atomic_load(&h->live[i]);

	if (is != 0) {
		atomic_store(&h->live[i], 0);
		if (!drop(h->t, i, is))
			atomic_fetch_add(&h->missed, 1);
		return;
	}
	*generation += 1;
	if (insert(h->t, i, *generation) == TABLE_INSERTED)
		atomic_store(&h->live[i], *generation);
	else
		atomic_fetch_add(&h->refused, 1);
}

static void *hammer_write(void *arg)
{
	struct hammer_writer *w = arg;
	uint64_t s = w->index;
	uint32_t generation = 1;

	for (int round = 0; round < ROUNDS; round++) {
		uint32_t i = next_random(&s) % (CHURN / WRITERS);

		churn_one(w->h, RESIDENT + i * WRITERS + w->index, &generation);
	}
	return NULL;
}

static void look_at(struct hammer *h, const uint32_t *which, size_t n)
{
	struct flow_hash keys[TABLE_BURST_MAX] = { 0 };
	struct table_hit hits[TABLE_BURST_MAX];
	uint32_t before[TABLE_BURST_MAX];

	for (size_t i = 0; i < n; i++) {
		keys[i] = key_of(which[i]);
		before[i] = atomic_load(&h->live[which[i]]);
	}
	table_lookup_burst(h->t, keys, hits, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t slot = which[i];

		if (hits[i].ref.generation != 0 && !names(hits[i], slot, hits[i].ref.generation))
			atomic_fetch_add(&h->wrong, 1);
		/* Generations of a key only grow: the same before and after, it lived all along. */
		if (before[i] == 0 || atomic_load(&h->live[slot]) != before[i])
			atomic_fetch_add(&h->changed, 1);
		else if (!names(hits[i], slot, before[i]))
			atomic_fetch_add(&h->missed, 1);
	}
	atomic_fetch_add(&h->looked, n);
}

static void *hammer_read(void *arg)
{
	struct hammer *h = arg;
	uint64_t s = 99;

	while (!atomic_load(&h->stop)) {
		uint32_t which[32];

		for (size_t i = 0; i < 32; i++)
			which[i] = next_random(&s) % (RESIDENT + CHURN);
		look_at(h, which, 32);
	}
	return NULL;
}

static void assert_settled(struct hammer *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < RESIDENT + CHURN; i++) {
		uint32_t is = atomic_load(&h->live[i]);
		struct table_hit hit = lookup(h->t, key_of(i));

		assert_true(is == 0 ? hit.ref.generation == 0 : names(hit, i, is));
		n += is != 0;
	}
	assert_int_equal(table_count(h->t), n);
	for (uint32_t i = 0; i < RESIDENT + CHURN; i++)
		if (atomic_load(&h->live[i]) != 0)
			assert_true(drop(h->t, i, atomic_load(&h->live[i])));
	assert_int_equal(table_count(h->t), 0);
}

/* No ghost was left behind: an emptied table takes as much as a new one. */
static void assert_empty(struct table *t)
{
	for (uint32_t i = 0; i < 2 * HAMMER_CAPACITY / 10 * 9; i++)
		assert_int_equal(insert(t, 100000 + i, 1), TABLE_INSERTED);
}

static void live_entries_are_never_missed(void **state)
{
	static struct hammer h;
	struct hammer_writer writers[WRITERS];
	pthread_t reader, thread[WRITERS];

	(void)state;
	h.t = table_new(HAMMER_CAPACITY, -1);
	assert_non_null(h.t);
	for (uint32_t i = 0; i < RESIDENT; i++) {
		assert_int_equal(insert(h.t, i, 1), TABLE_INSERTED);
		atomic_store(&h.live[i], 1);
	}
	assert_int_equal(pthread_create(&reader, NULL, hammer_read, &h), 0);
	for (uint32_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct hammer_writer){ &h, i };
		assert_int_equal(pthread_create(&thread[i], NULL, hammer_write, &writers[i]), 0);
	}
	for (uint32_t i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	atomic_store(&h.stop, true);
	pthread_join(reader, NULL);
	assert_int_equal(atomic_load(&h.missed), 0);
	assert_int_equal(atomic_load(&h.wrong), 0);
	assert_true(atomic_load(&h.looked) > 0);
	assert_settled(&h);
	assert_empty(h.t);
	table_free(h.t);
}

/*
 * The same few buckets all the time: every insert relocates what other writers are removing. Keys
 * for 24 places on average, 48 at most.
 */
enum { CROWD_KEYS = 24, CROWD_ROUNDS = 800000 };

static void *crowd_write(void *arg)
{
	struct hammer_writer *w = arg;
	uint64_t s = w->index + 7;
	uint32_t generation = 1;

	for (int round = 0; round < CROWD_ROUNDS; round++)
		churn_one(w->h, RESIDENT + next_random(&s) % CROWD_KEYS * WRITERS + w->index,
			  &generation);
	return NULL;
}

static void removals_meet_relocations(void **state)
{
	static struct hammer h;
	struct hammer_writer writers[WRITERS];
	pthread_t thread[WRITERS];

	(void)state;
	h.t = table_new(12, -1);
	assert_non_null(h.t);
	for (uint32_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct hammer_writer){ &h, i };
		assert_int_equal(pthread_create(&thread[i], NULL, crowd_write, &writers[i]), 0);
	}
	for (uint32_t i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(atomic_load(&h.missed), 0);
	assert_true(atomic_load(&h.refused) > 0); /* it was crowded indeed */
	assert_settled(&h);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(insert(h.t, 100000 + i, 1), TABLE_INSERTED);
	table_free(h.t);
}

/*
 * The same crowd, whose entries are tagged: after table_retag said so, the entry has the new tag,
 * whatever relocation another writer had begun meanwhile.
 */
static void tag_one(struct hammer *h, uint32_t i, uint32_t tag)
{
	uint32_t tries = 0;

	while (!retag(h->t, i, i, tag))
		if (++tries > 100000000) /* none but a relocation is in the way, and that ends */
			atomic_fetch_add(&h->missed, 1);
	if (lookup(h->t, key_of(i)).ref.generation != tag)
		atomic_fetch_add(&h->wrong, 1);
	atomic_store(&h->live[i], tag);
	atomic_fetch_add(&h->changed, 1);
}

static void churn_tagged(struct hammer *h, uint32_t i, uint32_t *tag)
{
	const uint32_t is = atomic_load(&h->live[i]);

	if (is != 0 && lookup(h->t, key_of(i)).ref.generation != is)
		atomic_fetch_add(&h->wrong, 1); /* lost since */
	*tag += 1;
	if (is == 0) {
		if (insert_tagged(h->t, i, *tag) == TABLE_INSERTED)
			atomic_store(&h->live[i], *tag);
		else
			atomic_fetch_add(&h->refused, 1);
	} else if (*tag % 4 != 0) {
		tag_one(h, i, *tag);
	} else {
		atomic_store(&h->live[i], 0);
		if (!drop_tagged(h->t, i, i))
			atomic_fetch_add(&h->missed, 1);
	}
}

static void *tag_write(void *arg)
{
	struct hammer_writer *w = arg;
	uint64_t s = w->index + 77;
	uint32_t tag = 1;

	for (int round = 0; round < CROWD_ROUNDS; round++)
		churn_tagged(w->h, RESIDENT + next_random(&s) % CROWD_KEYS * WRITERS + w->index,
			     &tag);
	return NULL;
}

/* Tags of a key only grow while it is there: what is found is not older than what was there
 * before, and not missed. */
static void *tag_read(void *arg)
{
	struct hammer *h = arg;
	uint64_t s = 5;

	while (!atomic_load(&h->stop)) {
		const uint32_t i = RESIDENT + next_random(&s) % (CROWD_KEYS * WRITERS);
		const uint32_t before = atomic_load(&h->live[i]);
		const struct table_hit hit = lookup(h->t, key_of(i));

		atomic_fetch_add(&h->looked, 1);
		if (hit.ref.generation != 0 && hit.ref.slot != i)
			atomic_fetch_add(&h->wrong, 1);
		if (before != 0 && atomic_load(&h->live[i]) == before &&
		    hit.ref.generation < before)
			atomic_fetch_add(&h->missed, 1);
	}
	return NULL;
}

static void new_tags_meet_relocations(void **state)
{
	static struct hammer h;
	struct hammer_writer writers[WRITERS];
	pthread_t reader, thread[WRITERS];

	(void)state;
	h.t = table_new(12, -1);
	assert_non_null(h.t);
	assert_int_equal(pthread_create(&reader, NULL, tag_read, &h), 0);
	for (uint32_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct hammer_writer){ &h, i };
		assert_int_equal(pthread_create(&thread[i], NULL, tag_write, &writers[i]), 0);
	}
	for (uint32_t i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	atomic_store(&h.stop, true);
	pthread_join(reader, NULL);
	assert_int_equal(atomic_load(&h.missed), 0);
	assert_int_equal(atomic_load(&h.wrong), 0);
	assert_true(atomic_load(&h.looked) > 0 && atomic_load(&h.changed) > 0);
	assert_true(atomic_load(&h.refused) > 0);
	for (uint32_t i = RESIDENT; i < RESIDENT + CHURN; i++)
		if (atomic_load(&h.live[i]) != 0)
			assert_true(drop_tagged(h.t, i, i));
	assert_int_equal(table_count(h.t), 0);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(insert(h.t, 100000 + i, 1), TABLE_INSERTED);
	table_free(h.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_inserted_is_found_until_removed),
		cmocka_unit_test(burst_reports_hits_and_misses_in_place),
		cmocka_unit_test(tags_change_in_place),
		cmocka_unit_test(equal_signature_is_refused),
		cmocka_unit_test(full_table_says_so_and_keeps_all),
		cmocka_unit_test(capacity_is_kept),
		cmocka_unit_test(relocations_fill_nine_tenths),
		cmocka_unit_test(live_entries_are_never_missed),
		cmocka_unit_test(removals_meet_relocations),
		cmocka_unit_test(new_tags_meet_relocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
