/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The anti-replay window (RFC 6347 §4.1.2.6): checked before a record is opened, test-and-set
 * after its tag has verified, since one batch can hold the same record twice. Owner core only.
 *
 * Up to 64 numbers live in the hot line. A wider window (--replay-window, a multiple of 64 up to
 * 1024) has a ring of bits of its own per slot, and does not use hot->window.
 */
#pragma once

#include "session.h"
#include "status.h"

/* replay_newest: the newest number received. */
static inline uint64_t replay_newest(const struct session_hot *hot)
{
	return (uint64_t)hot->rx_newest_hi << 32 | hot->rx_newest_lo;
}

/* replay_is_newer: whether a number is beyond all received, and replay_check has nothing to say. */
static inline bool replay_is_newer(const struct session_hot *hot, uint64_t seq)
{
	return seq > replay_newest(hot);
}

/* replay_wide_has: the same for a wide window, behind the next. */
bool replay_wide_has(const uint64_t *wide, unsigned width, uint64_t seq);

static inline void replay_set_newest(struct session_hot *hot, uint64_t seq)
{
	hot->rx_newest_lo = (uint32_t)seq;
	hot->rx_newest_hi = (uint16_t)(seq >> 32);
}

/* replay_check: STATUS_OK, RECORD_REPLAY or RECORD_OLD. Changes nothing. wide: the slot's bits, or
 * NULL for 64. */
static inline enum status replay_check(const struct session_hot *hot, const uint64_t *wide,
				       unsigned width, uint64_t seq)
{
	uint64_t newest = replay_newest(hot);
	bool seen;

	if (seq > newest)
		return STATUS_OK;
	if (newest - seq >= width)
		return STATUS_RECORD_OLD;
	seen = wide == NULL ? hot->window >> (newest - seq) & 1 : replay_wide_has(wide, width, seq);
	return seen ? STATUS_RECORD_REPLAY : STATUS_OK;
}

/* replay_commit_other: replay_commit of a number that is not the newest, or of a wide window. */
enum status replay_commit_other(struct session_hot *hot, uint64_t *wide, unsigned width,
				uint64_t seq);

/* replay_commit: marks a verified number; RECORD_REPLAY or RECORD_OLD when it was taken meanwhile.
 */
static inline enum status replay_commit(struct session_hot *hot, uint64_t *wide, unsigned width,
					uint64_t seq)
{
	uint64_t newest = replay_newest(hot);

	if (__builtin_expect(wide != NULL || seq <= newest, 0))
		return replay_commit_other(hot, wide, width, seq);
	hot->window = (seq - newest < 64 ? hot->window << (seq - newest) : 0) | 1;
	replay_set_newest(hot, seq);
	return STATUS_OK;
}

/* replay_init: the window that a handshake leaves: newest and the 64 bits behind it. */
void replay_init(struct session_hot *hot, uint64_t *wide, unsigned width, uint64_t newest,
		 uint64_t window);

/* replay_narrow: the newest and the 63 bits behind it of either kind of window, as in hot->window.
 */
uint64_t replay_narrow(const struct session_hot *hot, const uint64_t *wide, unsigned width);
