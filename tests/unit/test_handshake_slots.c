/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_slots.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ACTIVE = 3, LINGER = 2, TOTAL = ACTIVE + LINGER };

static int setup(void **state)
{
	*state = handshake_slots_new(ACTIVE, LINGER);
	assert_non_null(*state);
	return 0;
}

static int teardown(void **state)
{
	handshake_slots_free(*state);
	return 0;
}

static struct {
	const void *p;
	size_t len;
} wiped;

/* What secret_wipe calls: this program has it tell. */
void explicit_bzero(void *p, size_t len)
{
	wiped.p = p;
	wiped.len = len;
	memset(p, 0, len);
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* A slot that lingers, with something to remember. */
static struct session_ref lingering(struct handshake_slots *s, uint64_t until_ns)
{
	struct session_ref ref;
	struct handshake_slot *slot = handshake_slots_open(s, &ref);

	assert_non_null(slot);
	slot->remnant = calloc(1, sizeof(*slot->remnant));
	handshake_slots_linger(s, slot, until_ns);
	return ref;
}

static void a_slot_lives_lingers_and_is_gone(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref ref, now;
	struct handshake_slot *slot = handshake_slots_open(s, &ref);

	assert_non_null(slot);
	assert_int_equal(slot->state, SLOT_ACTIVE);
	assert_int_not_equal(ref.generation, 0);
	assert_ptr_equal(handshake_slots_get(s, ref), slot);
	assert_ptr_equal(handshake_slots_at(s, ref.slot), slot);
	assert_int_equal(handshake_slots_active(s), 1);
	now = handshake_slots_ref(s, slot);
	assert_memory_equal(&now, &ref, sizeof(ref));

	slot->owner = 7;
	handshake_slots_linger(s, slot, 1000);
	assert_int_equal(slot->state, SLOT_LINGER);
	assert_int_equal(handshake_slots_active(s), 0);
	assert_ptr_equal(handshake_slots_get(s, ref), slot);
	assert_int_equal(slot->owner, 7);

	handshake_slots_close(s, slot);
	assert_int_equal(slot->state, SLOT_FREE);
	assert_int_equal(slot->owner, 0);
	assert_null(handshake_slots_get(s, ref));
	assert_int_equal(handshake_slots_active(s), 0);
}

static void a_failed_handshake_frees_at_once(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref ref;
	struct handshake_slot *slot = handshake_slots_open(s, &ref);

	handshake_slots_close(s, slot);
	assert_null(handshake_slots_get(s, ref));
	assert_int_equal(handshake_slots_active(s), 0);
}

/* hostile N: what is under way is bounded, however many linger or not. */
static void active_slots_are_bounded(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref refs[ACTIVE], more;

	for (unsigned i = 0; i < ACTIVE; i++)
		assert_non_null(handshake_slots_open(s, &refs[i]));
	assert_null(handshake_slots_open(s, &more));
	for (unsigned i = 0; i < ACTIVE; i++)
		for (unsigned k = i + 1; k < ACTIVE; k++)
			assert_int_not_equal(refs[i].slot, refs[k].slot);
	/* One that begins to linger makes room, and so does one that ends. */
	handshake_slots_linger(s, handshake_slots_get(s, refs[0]), 1);
	assert_non_null(handshake_slots_open(s, &more));
	assert_null(handshake_slots_open(s, &more));
	handshake_slots_close(s, handshake_slots_get(s, refs[1]));
	assert_non_null(handshake_slots_open(s, &more));
	assert_null(handshake_slots_open(s, &more));
	assert_int_equal(handshake_slots_active(s), ACTIVE);
}

static void the_eldest_that_lingers_makes_room(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref lingers[TOTAL], ref;

	for (unsigned i = 0; i < TOTAL; i++)
		lingers[i] = lingering(s, 1000 + i);
	for (unsigned i = 0; i < TOTAL; i++)
		assert_non_null(handshake_slots_get(s, lingers[i]));
	for (unsigned i = 0; i < ACTIVE; i++) {
		assert_non_null(handshake_slots_open(s, &ref));
		assert_int_equal(ref.slot, lingers[i].slot);
		assert_null(handshake_slots_get(s, lingers[i]));
		assert_non_null(handshake_slots_get(s, lingers[i + 1]));
	}
	/* The bound holds though there are slots that linger. */
	assert_null(handshake_slots_open(s, &ref));
	assert_non_null(handshake_slots_get(s, lingers[ACTIVE]));
}

static void unused_slots_are_taken_before_lingering_ones(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref old = lingering(s, 1), ref;

	for (unsigned i = 0; i < ACTIVE; i++)
		assert_non_null(handshake_slots_open(s, &ref));
	assert_non_null(handshake_slots_get(s, old));
}

/* A reference of an earlier user of the slot, of none, or of nowhere. */
static void stale_references_never_resolve(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref seen[100], ref;

	for (unsigned i = 0; i < 100; i++) {
		struct handshake_slot *slot = handshake_slots_open(s, &seen[i]);

		assert_non_null(slot);
		for (unsigned k = 0; k < i; k++)
			assert_null(handshake_slots_get(s, seen[k]));
		assert_ptr_equal(handshake_slots_get(s, seen[i]), slot);
		handshake_slots_close(s, slot);
	}
	for (uint32_t slot = 0; slot < TOTAL; slot++) {
		ref = (struct session_ref){ slot, 0 };
		assert_null(handshake_slots_get(s, ref));
	}
	ref = (struct session_ref){ TOTAL, 1 };
	assert_null(handshake_slots_get(s, ref));
	ref = (struct session_ref){ UINT32_MAX, UINT32_MAX };
	assert_null(handshake_slots_get(s, ref));
}

static void generations_skip_zero(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref ref;
	struct handshake_slot *slot;

	for (uint32_t i = 0; i < TOTAL; i++)
		handshake_slots_at(s, i)->generation = UINT32_MAX;
	slot = handshake_slots_open(s, &ref);
	assert_int_equal(ref.generation, 1);
	assert_ptr_equal(handshake_slots_get(s, ref), slot);
}

static void expiry_goes_from_the_eldest_on(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref a = lingering(s, 1000), b = lingering(s, 2000), c = lingering(s, 2000),
			   d = lingering(s, 3000), active;

	assert_non_null(handshake_slots_open(s, &active));
	handshake_slots_expire(s, 999);
	assert_non_null(handshake_slots_get(s, a));
	handshake_slots_expire(s, 1000);
	assert_null(handshake_slots_get(s, a));
	assert_non_null(handshake_slots_get(s, b));
	handshake_slots_expire(s, 2500);
	assert_null(handshake_slots_get(s, b));
	assert_null(handshake_slots_get(s, c));
	assert_non_null(handshake_slots_get(s, d));
	handshake_slots_expire(s, UINT64_MAX);
	assert_null(handshake_slots_get(s, d));
	/* A handshake under way does not expire here. */
	assert_non_null(handshake_slots_get(s, active));
	assert_int_equal(handshake_slots_active(s), 1);
}

/* One in the middle of the lingering ones goes, the others stay in order. */
static void a_lingering_slot_can_be_closed(void **state)
{
	struct handshake_slots *s = *state;
	struct session_ref a = lingering(s, 1000), b = lingering(s, 2000), c = lingering(s, 3000);

	handshake_slots_close(s, handshake_slots_get(s, b));
	assert_null(handshake_slots_get(s, b));
	handshake_slots_expire(s, 2500);
	assert_null(handshake_slots_get(s, a));
	assert_non_null(handshake_slots_get(s, c));
	handshake_slots_close(s, handshake_slots_get(s, c));
	handshake_slots_expire(s, UINT64_MAX);
	for (unsigned i = 0; i < ACTIVE; i++)
		assert_non_null(handshake_slots_open(s, &a));
}

static struct handshake_slot *opened(struct handshake_slots *s)
{
	struct session_ref ref;
	struct handshake_slot *slot = handshake_slots_open(s, &ref);

	assert_non_null(slot);
	return slot;
}

/* bad-input N2: a ticket that many places repeat protects half of the slots, not all. */
static void resumed_ones_cannot_keep_everybody_out(void **state)
{
	struct handshake_slots *s = *state;
	struct handshake_slot *slots[ACTIVE];
	struct session_ref ref;

	for (unsigned i = 0; i < ACTIVE; i++) {
		slots[i] = handshake_slots_open(s, &ref);
		handshake_slots_rank(s, slots[i], RANK_RESUMED);
	}
	for (unsigned i = 0; i < ACTIVE; i++)
		assert_int_equal(slots[i]->rank, i < ACTIVE - ACTIVE / 2 ? RANK_NEW : RANK_RESUMED);
	assert_ptr_equal(handshake_slots_eldest(s), slots[0]);
	/* Those that go make place for others of the rank. */
	handshake_slots_close(s, slots[ACTIVE - 1]);
	handshake_slots_rank(s, slots[0], RANK_RESUMED);
	assert_int_equal(slots[0]->rank, RANK_RESUMED);
}

/* bad-input N2: who makes room: the eldest, resumed ones last, and never one that is complete. */
static void the_eldest_of_the_lowest_rank_makes_room(void **state)
{
	struct handshake_slots *s = *state;
	struct handshake_slot *a, *b, *c;

	assert_null(handshake_slots_eldest(s));
	a = opened(s);
	b = opened(s);
	c = opened(s);
	assert_ptr_equal(handshake_slots_eldest(s), a);
	handshake_slots_rank(s, a, RANK_RESUMED);
	assert_ptr_equal(handshake_slots_eldest(s), b);
	handshake_slots_rank(s, b, RANK_PROVED);
	assert_ptr_equal(handshake_slots_eldest(s), c);
	handshake_slots_close(s, c);
	assert_ptr_equal(handshake_slots_eldest(s), a);
	handshake_slots_linger(s, a, 1);
	assert_null(handshake_slots_eldest(s));
	/* A new one is new again, whatever its slot was before. */
	c = opened(s);
	assert_int_equal(c->rank, RANK_NEW);
	assert_ptr_equal(handshake_slots_eldest(s), c);
	assert_int_equal(handshake_slots_active(s), 2);
}

/* checklist 60: what a session of 1.3 leaves behind has keys in it, and is wiped wherever it goes.
 */
static void what_a_handshake_leaves_is_wiped(void **state)
{
	enum { KEYS = 44 };
	struct handshake_slots *s = handshake_slots_new(1, 1);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct session_ref ref = lingering(s, 1000);
		struct handshake_slot *slot = handshake_slots_get(s, ref);
		const void *remnant = slot->remnant;

		slot->remnant->message_len = KEYS;
		memset(slot->remnant->bytes, 0xa5, KEYS);
		wiped.p = NULL;
		if (i == 0)
			handshake_slots_close(s, slot);
		else if (i == 1)
			handshake_slots_expire(s, 1000);
		else
			handshake_slots_free(s);
		assert_ptr_equal(wiped.p, remnant);
		assert_int_equal(wiped.len, offsetof(struct handshake_remnant, bytes) + KEYS);
	}
}

#define SLOTS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SLOTS_TEST(a_slot_lives_lingers_and_is_gone),
		SLOTS_TEST(a_failed_handshake_frees_at_once),
		SLOTS_TEST(active_slots_are_bounded),
		SLOTS_TEST(the_eldest_that_lingers_makes_room),
		SLOTS_TEST(unused_slots_are_taken_before_lingering_ones),
		SLOTS_TEST(stale_references_never_resolve),
		SLOTS_TEST(generations_skip_zero),
		SLOTS_TEST(expiry_goes_from_the_eldest_on),
		SLOTS_TEST(a_lingering_slot_can_be_closed),
		SLOTS_TEST(the_eldest_of_the_lowest_rank_makes_room),
		SLOTS_TEST(resumed_ones_cannot_keep_everybody_out),
		cmocka_unit_test(what_a_handshake_leaves_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
