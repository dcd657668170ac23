/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay.h"

/*
 * The wide window is a ring of exactly `width` bits: number n stands at bit n % width. When the
 * newest number moves right, the bits it passes are cleared, so that each bit always speaks of the
 * one number of (newest - width, newest] that maps to it.
 */
enum { WORD_BITS = 64 };

static uint64_t *ring_word(uint64_t *wide, unsigned width, uint64_t seq)
{
	return &wide[seq % width / WORD_BITS];
}

static void ring_set(uint64_t *wide, unsigned width, uint64_t seq)
{
	*ring_word(wide, width, seq) |= UINT64_C(1) << seq % WORD_BITS;
}

/* Clears n bits from number `from` on, a word at a time. */
static void ring_clear(uint64_t *wide, unsigned width, uint64_t from, uint64_t n)
{
	while (n > 0) {
		unsigned bit = from % WORD_BITS;
		uint64_t take = n < WORD_BITS - bit ? n : WORD_BITS - bit;
		uint64_t ones = take == WORD_BITS ? ~UINT64_C(0) : (UINT64_C(1) << take) - 1;

		*ring_word(wide, width, from) &= ~(ones << bit);
		from += take;
		n -= take;
	}
}

bool replay_wide_has(const uint64_t *wide, unsigned width, uint64_t seq)
{
	return wide[seq % width / WORD_BITS] >> seq % WORD_BITS & 1;
}

static void wide_mark(struct session_hot *hot, uint64_t *wide, unsigned width, uint64_t seq)
{
	uint64_t newest = replay_newest(hot);

	if (seq > newest) {
		uint64_t by = seq - newest < width ? seq - newest : width;

		ring_clear(wide, width, seq - by + 1, by);
		replay_set_newest(hot, seq);
	}
	ring_set(wide, width, seq);
}

enum status replay_commit_other(struct session_hot *hot, uint64_t *wide, unsigned width,
				uint64_t seq)
{
	enum status status = replay_check(hot, wide, width, seq);

	if (status != STATUS_OK)
		return status;
	if (wide != NULL)
		wide_mark(hot, wide, width, seq);
	else
		hot->window |= UINT64_C(1) << (replay_newest(hot) - seq);
	return STATUS_OK;
}

void replay_init(struct session_hot *hot, uint64_t *wide, unsigned width, uint64_t newest,
		 uint64_t window)
{
	replay_set_newest(hot, newest);
	hot->window = wide == NULL ? window : 0;
	if (wide == NULL)
		return;
	for (unsigned i = 0; i < width / WORD_BITS; i++)
		wide[i] = 0;
	for (unsigned i = 0; i < WORD_BITS && i <= newest; i++)
		if (window >> i & 1)
			ring_set(wide, width, newest - i);
}

uint64_t replay_narrow(const struct session_hot *hot, const uint64_t *wide, unsigned width)
{
	const uint64_t newest = replay_newest(hot);
	uint64_t window = 0;

	if (wide == NULL)
		return hot->window;
	for (unsigned i = 0; i < WORD_BITS && i <= newest; i++)
		window |= (uint64_t)replay_wide_has(wide, width, newest - i) << i;
	return window;
}
