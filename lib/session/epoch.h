/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The next keys of a DTLS 1.3 session (RFC 9147 §8), and the peer's of the epoch before.
 *
 * A session has the peer's keys of two epochs at most: the newest, in its hot line, and the one
 * before, in a line of store->old that is a hot line too: keys, newest number and window as they
 * were, a window of 64 whatever the store's is, and the IV where a hot line has the send number.
 * So the two low bits of an epoch that a record carries never mean more than one of them (bad-input
 * K4).
 *
 * Owner core only.
 */
#pragma once

#include "record13.h"
#include "store.h"

/* epoch_next: takes the next keys of either direction. false: their epoch is not the next. slot: of
 * a live session of DTLS 1.3. */
bool epoch_next(struct store *s, uint32_t slot, const struct session_rekey *in)
	__attribute__((warn_unused_result));

/* epoch_forget: wipes the peer's keys of the epoch before, if there are any. */
void epoch_forget(struct store *s, uint32_t slot);

/* epoch_line: the line with the peer's keys of the epoch with these low bits; NULL: the reference
 * is stale, or the session has no such keys. */
static inline struct session_hot *epoch_line(const struct store *s, struct session_ref ref,
					     unsigned bits)
{
	struct session_hot *hot = store_hot(s, ref);

	if (hot == NULL || (hot->rx_epoch & RECORD13_EPOCH_BITS) == bits)
		return hot;
	if (hot->rx_old != SESSION_OLD_NONE &&
	    (s->old[ref.slot].rx_epoch & RECORD13_EPOCH_BITS) == bits)
		return &s->old[ref.slot];
	return NULL;
}

/* epoch_old: the line of the epoch before; NULL: the reference is stale, or there is none. */
static inline struct session_hot *epoch_old(const struct store *s, struct session_ref ref)
{
	struct session_hot *hot = store_hot(s, ref);

	return hot != NULL && hot->rx_old != SESSION_OLD_NONE ? &s->old[ref.slot] : NULL;
}
