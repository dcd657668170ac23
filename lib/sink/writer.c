/* SPDX-License-Identifier: BSD-3-Clause */
#include "writer.h"

#include <errno.h>

enum { IOV_BATCH = 256 };

static void count(_Atomic uint64_t *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

/* One write's worth of the oldest lines of a queue. */
struct batch {
	struct iovec iov[IOV_BATCH + 2];
	int n_iov;
	size_t len;
};

static void batch_fill(struct writer *w, struct queue *q, struct batch *b)
{
	struct queue_walk walk = queue_walk(q);
	struct queue_line *line;
	size_t max = backend_batch(&w->backend);
	int n;

	b->n_iov = 0;
	b->len = 0;
	while (b->n_iov < IOV_BATCH && (line = queue_next(q, &walk, &b->iov[b->n_iov], &n))) {
		if (line->dropped)
			continue;
		/* Whole lines as far as they fit: a write of a pipe is then never torn. */
		if (b->len > 0 && b->len + line->len > max)
			return;
		b->n_iov += n;
		b->len += line->len;
	}
}

/* Takes what is written already off the front, and what is beyond max off the end. */
static void batch_trim(struct batch *b, size_t front, size_t max)
{
	size_t left = max;
	int kept = 0;

	for (int i = 0; i < b->n_iov && left > 0; i++) {
		struct iovec v = b->iov[i];
		size_t cut = front < v.iov_len ? front : v.iov_len;

		front -= cut;
		v.iov_base = (char *)v.iov_base + cut;
		v.iov_len = v.iov_len - cut < left ? v.iov_len - cut : left;
		left -= v.iov_len;
		if (v.iov_len > 0)
			b->iov[kept++] = v;
	}
	b->n_iov = kept;
}

/* Marks n more bytes of a queue as written. */
static void settle(struct writer *w, struct queue *q, size_t n)
{
	struct queue_walk walk = queue_walk(q), done = walk;
	struct queue_line *line;
	struct iovec iov[2];
	int n_iov;

	while ((line = queue_next(q, &walk, iov, &n_iov)) != NULL) {
		size_t left = line->len - w->line_done;

		if (!line->dropped && n < left) {
			w->line_done += n;
			break;
		}
		if (!line->dropped) {
			n -= left;
			w->line_done = 0;
			count(&w->lines, 1);
			if (line->wants_completion)
				queue_complete(q, line->cookie, true);
		}
		done = walk;
	}
	queue_release(q, &done);
}

/* Completes as undelivered all that waits for a completion. Those lines are not written any more,
 * but for one that was begun: its rest must follow, or the next line would merge with it. */
static void give_up(struct writer *w, unsigned index)
{
	struct queue *q = w->queues[index];
	struct queue_walk walk = queue_walk(q);
	struct queue_line *line;
	struct iovec iov[2];
	bool begun = w->line_done > 0 && w->torn_queue == index;
	int n_iov;

	while ((line = queue_next(q, &walk, iov, &n_iov)) != NULL) {
		bool keep = begun && !line->dropped;

		if (!line->dropped)
			begun = false;
		if (line->wants_completion) {
			queue_complete(q, line->cookie, false);
			count(&w->undelivered, 1);
			line->wants_completion = 0;
			line->dropped = !keep;
		}
	}
}

/* Writes one batch of one queue. */
static enum writer_result write_queue(struct writer *w, unsigned index, int *error)
{
	struct queue *q = w->queues[index];
	struct batch b;
	ssize_t n;

	batch_fill(w, q, &b);
	if (b.n_iov == 0) {
		settle(w, q, 0); /* dropped lines only */
		return WRITER_IDLE;
	}
	batch_trim(&b, w->line_done, backend_batch(&w->backend));
	n = backend_write(&w->backend, b.iov, b.n_iov);
	if (n == -EAGAIN || n == -EINTR)
		return WRITER_STALLED;
	if (n < 0) {
		*error = (int)-n;
		return WRITER_FAILED;
	}
	count(&w->bytes, (uint64_t)n);
	settle(w, q, (size_t)n);
	w->torn_queue = index;
	return WRITER_WROTE;
}

enum writer_result writer_turn(struct writer *w, int *error)
{
	enum writer_result result = WRITER_IDLE, one;

	for (unsigned i = 0; i < w->n_queues; i++) {
		do
			one = write_queue(w, w->line_done > 0 ? w->torn_queue : i, error);
		while (one == WRITER_WROTE && w->line_done > 0);
		if (one == WRITER_FAILED)
			return one;
		if (one == WRITER_STALLED)
			return result == WRITER_WROTE ? result : one;
		if (one == WRITER_WROTE)
			result = WRITER_WROTE;
	}
	return result;
}

void writer_give_up(struct writer *w)
{
	for (unsigned i = 0; i < w->n_queues; i++)
		give_up(w, i);
}

int writer_reopen(struct writer *w)
{
	int result = backend_reopen(&w->backend);

	/* A line that the old file has in part is written to the new one from its start. */
	if (result > 0)
		w->line_done = 0;
	return result;
}

bool writer_waits(const struct writer *w)
{
	for (unsigned i = 0; i < w->n_queues; i++)
		if (queue_bytes(w->queues[i]) > 0)
			return true;
	return false;
}
