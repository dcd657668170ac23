/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTH_MAX = 1024, WORDS_MAX = WIDTH_MAX / 64 };

/* A window of either kind with guard words around the ring. */
struct window {
	struct session_hot hot;
	uint64_t guarded[WORDS_MAX + 2];
	unsigned width;
};

static uint64_t *ring(struct window *w) { return w->width > 64 ? &w->guarded[1] : NULL; }

static void start(struct window *w, unsigned width, uint64_t newest, uint64_t window)
{
	memset(w, 0, sizeof(*w));
	w->width = width;
	w->guarded[0] = w->guarded[width / 64 + 1] = UINT64_C(0x5a5a5a5a5a5a5a5a);
	replay_init(&w->hot, ring(w), width, newest, window);
}

static enum status check(struct window *w, uint64_t seq)
{
	return replay_check(&w->hot, ring(w), w->width, seq);
}

static enum status commit(struct window *w, uint64_t seq)
{
	return replay_commit(&w->hot, ring(w), w->width, seq);
}

static void assert_guards(const struct window *w)
{
	assert_true(w->guarded[0] == UINT64_C(0x5a5a5a5a5a5a5a5a));
	assert_true(w->guarded[w->width / 64 + 1] == UINT64_C(0x5a5a5a5a5a5a5a5a));
}

static const unsigned widths[] = { 64, 128, 192, 512, 1024 };
enum { N_WIDTHS = sizeof(widths) / sizeof(widths[0]) };

/* checklist 8, bad-input K1: a duplicate at once, and after 64 and 1024 further records. */
static void duplicates_are_taken_once(void **state)
{
	struct window w;

	(void)state;
	for (size_t i = 0; i < N_WIDTHS; i++) {
		start(&w, widths[i], 0, 0);
		for (uint64_t seq = 0; seq < 3000; seq++) {
			assert_int_equal(commit(&w, seq), STATUS_OK);
			assert_int_equal(check(&w, seq), STATUS_RECORD_REPLAY);
			assert_int_equal(commit(&w, seq), STATUS_RECORD_REPLAY);
			if (seq >= 64)
				assert_int_not_equal(commit(&w, seq - 64), STATUS_OK);
			if (seq >= 1024)
				assert_int_equal(commit(&w, seq - 1024), STATUS_RECORD_OLD);
		}
		assert_guards(&w);
	}
}

/* bad-input K2: below the left edge. The edge is exactly width numbers behind the newest. */
static void left_edge_is_exact(void **state)
{
	struct window w;

	(void)state;
	for (size_t i = 0; i < N_WIDTHS; i++) {
		start(&w, widths[i], 0, 0);
		assert_int_equal(commit(&w, 100000), STATUS_OK);
		assert_int_equal(commit(&w, 100000 - widths[i]), STATUS_RECORD_OLD);
		assert_int_equal(commit(&w, 100000 - widths[i] + 1), STATUS_OK);
		assert_int_equal(commit(&w, 100000 - widths[i] + 1), STATUS_RECORD_REPLAY);
		assert_int_equal(commit(&w, 99999), STATUS_OK);
	}
}

/* bad-input K2, CVE-2016-2181: a forged jump is only checked, never committed, and moves nothing.
 */
static void check_changes_nothing(void **state)
{
	struct window w, before;

	(void)state;
	for (size_t i = 0; i < N_WIDTHS; i++) {
		start(&w, widths[i], 5000, 0x5);
		before = w;
		assert_int_equal(check(&w, (UINT64_C(1) << 48) - 1), STATUS_OK);
		assert_int_equal(check(&w, 5001), STATUS_OK);
		assert_int_equal(check(&w, 4999), STATUS_OK);
		assert_int_equal(check(&w, 0), STATUS_RECORD_OLD);
		assert_memory_equal(&w, &before, sizeof(w));
		assert_int_equal(commit(&w, 5001), STATUS_OK);
	}
}

/* A refused commit moves nothing either. */
static void refused_commit_changes_nothing(void **state)
{
	struct window w, before;

	(void)state;
	start(&w, 128, 5000, 0x1);
	before = w;
	assert_int_equal(commit(&w, 5000), STATUS_RECORD_REPLAY);
	assert_int_equal(commit(&w, 4872), STATUS_RECORD_OLD);
	assert_memory_equal(&w, &before, sizeof(w));
}

/* One batch can hold the same record twice: both pass the check, one passes the commit. */
static void test_and_set_within_a_batch(void **state)
{
	struct window w;

	(void)state;
	start(&w, 64, 10, 1);
	assert_int_equal(check(&w, 11), STATUS_OK);
	assert_int_equal(check(&w, 11), STATUS_OK);
	assert_int_equal(commit(&w, 11), STATUS_OK);
	assert_int_equal(commit(&w, 11), STATUS_RECORD_REPLAY);
}

static void init_takes_over_what_the_handshake_received(void **state)
{
	struct window w;

	(void)state;
	for (size_t i = 0; i < N_WIDTHS; i++) {
		start(&w, widths[i], 3, 0xb); /* 3, 2 and 0 were received */
		assert_int_equal(replay_newest(&w.hot), 3);
		assert_int_equal(commit(&w, 3), STATUS_RECORD_REPLAY);
		assert_int_equal(commit(&w, 2), STATUS_RECORD_REPLAY);
		assert_int_equal(commit(&w, 1), STATUS_OK);
		assert_int_equal(commit(&w, 0), STATUS_RECORD_REPLAY);
		start(&w, widths[i], 0, 0); /* nothing yet: number 0 is still to come */
		assert_int_equal(commit(&w, 0), STATUS_OK);
		assert_int_equal(commit(&w, 0), STATUS_RECORD_REPLAY);
	}
}

static void last_number_of_48_bits(void **state)
{
	const uint64_t last = (UINT64_C(1) << 48) - 1;
	struct window w;

	(void)state;
	for (size_t i = 0; i < N_WIDTHS; i++) {
		start(&w, widths[i], last - 1, 1);
		assert_int_equal(commit(&w, last), STATUS_OK);
		assert_true(replay_newest(&w.hot) == last);
		assert_int_equal(commit(&w, last), STATUS_RECORD_REPLAY);
		assert_int_equal(commit(&w, last - 2), STATUS_OK);
	}
}

/* checklist 13, bad-input K5: the send number neither wraps nor repeats. */
static void send_numbers_end_before_they_wrap(void **state)
{
	struct session_hot hot = { .tx_seq_lo = UINT32_MAX, .tx_seq_hi = 7 };
	uint64_t seq = 0;

	(void)state;
	assert_true(session_take_tx_seq(&hot, SESSION_SEQ_MAX, &seq));
	assert_true(seq == UINT64_C(0x7ffffffff));
	assert_true(session_take_tx_seq(&hot, SESSION_SEQ_MAX, &seq));
	assert_true(seq == UINT64_C(0x800000000));
	hot.tx_seq_hi = UINT16_MAX;
	hot.tx_seq_lo = UINT32_MAX - 1;
	assert_true(session_take_tx_seq(&hot, SESSION_SEQ_MAX, &seq));
	assert_true(seq == (UINT64_C(1) << 48) - 2);
	assert_false(session_take_tx_seq(&hot, SESSION_SEQ_MAX, &seq));
	assert_false(session_take_tx_seq(&hot, SESSION_SEQ_MAX, &seq));
	assert_true(seq == (UINT64_C(1) << 48) - 2);
}

/* A model that remembers every number ever taken. */
enum { MODEL_SIZE = 1 << 18 };

struct model {
	bool taken[MODEL_SIZE];
	uint64_t base, newest;
	unsigned width;
};

static enum status model_commit(struct model *m, uint64_t seq)
{
	if (seq + m->width <= m->newest)
		return STATUS_RECORD_OLD;
	if (m->taken[seq - m->base])
		return STATUS_RECORD_REPLAY;
	m->taken[seq - m->base] = true;
	if (seq > m->newest)
		m->newest = seq;
	return STATUS_OK;
}

static uint64_t next_random(uint64_t *s)
{
	*s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *s >> 32;
}

/* Mostly near the newest, some far back, some jumps of up to three windows. */
static uint64_t pick(const struct model *m, uint64_t *s)
{
	uint64_t kind = next_random(s) % 16, by = next_random(s);

	if (kind < 8)
		return m->newest + by % 3;
	if (kind < 9)
		return m->newest + by % (UINT64_C(3) * m->width);
	by %= kind < 15 ? m->width + 8 : UINT64_C(3) * m->width;
	return by > m->newest - m->base ? m->base : m->newest - by;
}

static void random_numbers_agree_with_a_model(void **state)
{
	static struct model m;
	struct window w;
	uint64_t s = 3;

	(void)state;
	for (size_t i = 0; i < (size_t)N_WIDTHS * 2; i++) {
		uint64_t base = i < N_WIDTHS ? 0 : (UINT64_C(1) << 32) - 30000;

		memset(&m, 0, sizeof(m));
		m.width = widths[i % N_WIDTHS];
		m.base = base < 4096 ? 0 : base - 4096;
		m.newest = base;
		m.taken[base - m.base] = true;
		start(&w, m.width, base, 1);
		while (m.newest - m.base < MODEL_SIZE - (size_t)4 * WIDTH_MAX) {
			uint64_t seq = pick(&m, &s);
			enum status checked = check(&w, seq);

			assert_int_equal(checked, model_commit(&m, seq));
			assert_int_equal(commit(&w, seq), checked);
			assert_true(replay_newest(&w.hot) == m.newest);
		}
		assert_guards(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duplicates_are_taken_once),
		cmocka_unit_test(left_edge_is_exact),
		cmocka_unit_test(check_changes_nothing),
		cmocka_unit_test(refused_commit_changes_nothing),
		cmocka_unit_test(test_and_set_within_a_batch),
		cmocka_unit_test(init_takes_over_what_the_handshake_received),
		cmocka_unit_test(last_number_of_48_bits),
		cmocka_unit_test(send_numbers_end_before_they_wrap),
		cmocka_unit_test(random_numbers_agree_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
