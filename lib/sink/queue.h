/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queue of lines from one worker to the sink's thread: a ring of bytes with one producer and one
 * consumer, and the ring of completions the other way.
 *
 * A line in the ring is a header (struct queue_line) and its bytes, padded to 8; a header never
 * wraps, the bytes may.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "sink.h"

enum { QUEUE_LINE_ALIGN = 16 };

struct queue_line {
	uint64_t cookie;
	uint32_t len;
	uint8_t wants_completion;
	uint8_t dropped; /* completed as undelivered: skip it */
	uint8_t spare[2];
};
_Static_assert(sizeof(struct queue_line) == QUEUE_LINE_ALIGN, "headers stay aligned");

struct queue;

/* queue_new: size is a power of two; n_completions too. NULL without memory. Slow path only. */
struct queue *queue_new(size_t size, size_t n_completions);
void queue_free(struct queue *q);

/* Producer: the worker. */

/* queue_put: false when the line, or in time its completion, would not fit. */
bool queue_put(struct queue *q, const struct sink_ticket *t, const char *line, size_t len);
/* queue_completions: takes up to n. */
size_t queue_completions(struct queue *q, struct sink_completion *out, size_t n);

/* Consumer: the sink's thread. */

/* A walk over the waiting lines, oldest first. */
struct queue_walk {
	size_t at, end;
};
struct queue_walk queue_walk(const struct queue *q);
/* queue_next: the next line's header, NULL at the end. *iov gets its bytes in one or two pieces. */
struct queue_line *queue_next(struct queue *q, struct queue_walk *walk, struct iovec iov[2],
			      int *n_iov);
/* queue_release: what the walk has passed is done with; its room is the producer's again. */
void queue_release(struct queue *q, const struct queue_walk *walk);
/* queue_complete: tells the producer about a line. There is always room. */
void queue_complete(struct queue *q, uint64_t cookie, bool delivered);

/* queue_bytes: bytes waiting, headers included. Any thread. */
size_t queue_bytes(const struct queue *q);
/* queue_refused: puts that were refused. Any thread. */
uint64_t queue_refused(const struct queue *q);
