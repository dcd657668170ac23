/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gives the slots of ended sessions back.
 *
 * A slot may be used again when nobody can look at its cold part any more: no reader under RCU,
 * and no worker that still has unread messages of the session in its rings (a device may send its
 * last reading and close at once). So a batch of retired slots waits for
 *   1. a grace period: the owners have flushed what they had for the workers;
 *   2. the workers to have read their rings up to where they stood then;
 *   3. another grace period: the workers are done with what they read.
 * Control thread only: registered with RCU, and offline, as it is between turns.
 */
#pragma once

#include "mesh.h"
#include "post_states.h"
#include "store.h"

enum { RECYCLER_BATCH = 4096 };

struct recycler;

/* recycler_new: wipes what there is of a slot's session in states (NULL: nothing is). NULL without
 * memory. */
struct recycler *recycler_new(struct store *store, const struct mesh *mesh,
			      struct post_states *states);
void recycler_free(struct recycler *r);

/* recycler_turn: takes the next batch or moves the one under way on; waits for a grace period at
 * most twice. Returns how many slots it freed. */
size_t recycler_turn(struct recycler *r);
