/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks at every live session anew after the credentials changed, and has those closed, by the
 * cores that own them, whose credential is in force no longer.
 *
 * A review that was asked for first waits until the poll cores have taken all sessions that were on
 * their way to them, so that none slips by: handshake cores say what they installed by credentials
 * that had changed meanwhile (review_again), and everything before that is seen. Then it walks over
 * the slots, a part a turn, so that it never holds up a grace period for long.
 *
 * Control thread only: registered with RCU, and offline, as it is between turns; but review_again.
 */
#pragma once

#include "credentials.h"
#include "mesh.h"
#include "path.h"
#include "store.h"

struct review_config {
	const struct store *store;
	const struct mesh *mesh;
	const struct credentials *credentials;
	/* Told of each session that will be closed; NULL: nobody is. */
	void (*closed)(void *arg, const struct identity *id, enum status why);
	void *arg;
};

struct review;

/* review_new: NULL without memory. cfg is copied. */
struct review *review_new(const struct review_config *cfg);
void review_free(struct review *r); /* NULL allowed */

/* review_owner: the path of the poll core with this number, which closes its sessions. Before any
 * review. */
void review_owner(struct review *r, unsigned index, struct path_core *path);

/* review_begin: from the first slot, also when one is under way. */
void review_begin(struct review *r);

/* review_again: as review_begin, soon. Any thread; never waits. */
void review_again(struct review *r);

enum review_turn { REVIEW_IDLE, REVIEW_WAITS, REVIEW_BUSY, REVIEW_DONE };

/* review_turn: does a part at a time in seconds since 1970. REVIEW_BUSY: there is more to do at
 * once; REVIEW_WAITS: for the cores; REVIEW_DONE: that was the last part. */
enum review_turn review_turn(struct review *r, int64_t utc_s);

/* What the present review, or the last one, did. */
struct review_result {
	uint32_t seen, closed;
};
struct review_result review_result(const struct review *r);
