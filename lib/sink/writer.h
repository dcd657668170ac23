/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the queues to the backend: whole lines, those of one queue in order, completions for those
 * that were written whole. Never waits. The sink's thread only, but for the counts.
 */
#pragma once

#include "backend.h"
#include "queue.h"

#include <stdatomic.h>

struct writer {
	struct backend backend;
	struct queue **queues;
	unsigned n_queues;
	unsigned torn_queue; /* whose first line is written in part, */
	size_t line_done;    /* this many bytes of it; 0: none is */
	_Atomic uint64_t lines, bytes, undelivered;
};

enum writer_result { WRITER_IDLE, WRITER_WROTE, WRITER_STALLED, WRITER_FAILED };

/* writer_turn: writes a batch of every queue that has lines; a line that is written in part goes on
 * before any other. WRITER_STALLED: the stream has no room. WRITER_FAILED: *error is errno. */
enum writer_result writer_turn(struct writer *w, int *error);

/* writer_give_up: completes as undelivered all that waits for a completion. */
void writer_give_up(struct writer *w);

/* writer_reopen: backend_reopen. */
int writer_reopen(struct writer *w);

/* writer_waits: whether a queue holds anything. Any thread. */
bool writer_waits(const struct writer *w);
