/* SPDX-License-Identifier: BSD-3-Clause */
#include "queue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct queue {
	/* Producer's line. */
	_Alignas(64) _Atomic size_t head;
	size_t seen_tail;
	_Atomic uint64_t refused;
	size_t waiting; /* completions that are still to be taken */
	_Atomic size_t done_tail;
	/* Consumer's line. */
	_Alignas(64) _Atomic size_t tail;
	_Atomic size_t done_head;
	/* Read by both. */
	_Alignas(64) size_t mask;
	size_t done_mask;
	struct sink_completion *done;
	uint8_t *bytes;
};

struct queue *queue_new(size_t size, size_t n_completions)
{
	struct queue *q = aligned_alloc(64, sizeof(*q));

	if (q == NULL)
		return NULL;
	memset(q, 0, sizeof(*q));
	q->mask = size - 1;
	q->done_mask = n_completions - 1;
	q->bytes = aligned_alloc(64, size);
	q->done = calloc(n_completions, sizeof(*q->done));
	if (q->bytes == NULL || q->done == NULL) {
		queue_free(q);
		return NULL;
	}
	return q;
}

void queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	free(q->bytes);
	free(q->done);
	free(q);
}

static size_t line_size(size_t len)
{
	size_t size = sizeof(struct queue_line) + len;

	return (size + QUEUE_LINE_ALIGN - 1) / QUEUE_LINE_ALIGN * QUEUE_LINE_ALIGN;
}

static bool has_room(struct queue *q, size_t head, size_t size)
{
	if (q->mask + 1 - (head - q->seen_tail) >= size)
		return true;
	q->seen_tail = atomic_load_explicit(&q->tail, memory_order_acquire);
	return q->mask + 1 - (head - q->seen_tail) >= size;
}

bool queue_put(struct queue *q, const struct sink_ticket *t, const char *line, size_t len)
{
	size_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	size_t at = (head + sizeof(struct queue_line)) & q->mask;
	size_t first = q->mask + 1 - at < len ? q->mask + 1 - at : len;
	const struct queue_line header = { .cookie = t->cookie,
					   .len = (uint32_t)len,
					   .wants_completion = t->wants_completion };

	if (len == 0 || len > SINK_LINE_MAX || !has_room(q, head, line_size(len)) ||
	    (t->wants_completion && q->waiting > q->done_mask)) {
		atomic_fetch_add_explicit(&q->refused, 1, memory_order_relaxed);
		return false;
	}
	memcpy(&q->bytes[head & q->mask], &header, sizeof(header));
	memcpy(&q->bytes[at], line, first);
	memcpy(q->bytes, line + first, len - first);
	q->waiting += t->wants_completion;
	/* Sequentially consistent, with the thread's flag that it sleeps (sink.c): either it sees
	 * this line or the producer sees the flag. */
	atomic_store(&q->head, head + line_size(len));
	return true;
}

size_t queue_completions(struct queue *q, struct sink_completion *out, size_t n)
{
	size_t head = atomic_load_explicit(&q->done_head, memory_order_acquire);
	size_t tail = atomic_load_explicit(&q->done_tail, memory_order_relaxed);
	size_t taken = 0;

	for (; taken < n && tail + taken != head; taken++)
		out[taken] = q->done[(tail + taken) & q->done_mask];
	/* Entries are free for reuse through q->waiting alone: the same thread puts and takes. */
	atomic_store_explicit(&q->done_tail, tail + taken, memory_order_release);
	q->waiting -= taken;
	return taken;
}

struct queue_walk queue_walk(const struct queue *q)
{
	return (struct queue_walk){ .at = atomic_load_explicit(&q->tail, memory_order_relaxed),
				    .end = atomic_load(&q->head) };
}

struct queue_line *queue_next(struct queue *q, struct queue_walk *walk, struct iovec iov[2],
			      int *n_iov)
{
	struct queue_line *line;
	size_t at, first;

	if (walk->at == walk->end)
		return NULL;
	line = (struct queue_line *)(void *)&q->bytes[walk->at & q->mask];
	at = (walk->at + sizeof(*line)) & q->mask;
	first = q->mask + 1 - at < line->len ? q->mask + 1 - at : line->len;
	iov[0] = (struct iovec){ .iov_base = &q->bytes[at], .iov_len = first };
	iov[1] = (struct iovec){ .iov_base = q->bytes, .iov_len = line->len - first };
	*n_iov = first < line->len ? 2 : 1;
	walk->at += line_size(line->len);
	return line;
}

void queue_release(struct queue *q, const struct queue_walk *walk)
{
	atomic_store_explicit(&q->tail, walk->at, memory_order_release);
}

void queue_complete(struct queue *q, uint64_t cookie, bool delivered)
{
	size_t head = atomic_load_explicit(&q->done_head, memory_order_relaxed);

	q->done[head & q->done_mask] =
		(struct sink_completion){ .cookie = cookie, .delivered = delivered };
	atomic_store_explicit(&q->done_head, head + 1, memory_order_release);
}

size_t queue_bytes(const struct queue *q)
{
	size_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);

	return atomic_load(&q->head) - tail;
}

uint64_t queue_refused(const struct queue *q)
{
	return atomic_load_explicit(&q->refused, memory_order_relaxed);
}
