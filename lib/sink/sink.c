/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink.h"
#include "backend.h"
#include "queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	IOV_BATCH = 256,
	QUEUE_MIN = 2 * SINK_LINE_MAX,
	RETRY_MS = 250,
	LOG_MS = 1000,
	STALL_MS = 1000,
	NOTICE_LEN = 256,
};

struct sink {
	struct queue **queues;
	unsigned n_queues;
	int wake_fd;
	pthread_t thread;
	_Atomic bool sleeping; /* a put has to wake the thread */
	_Atomic bool refusing; /* puts fail */
	_Atomic bool failing, stop, reopen;
	_Atomic uint64_t lines, bytes, failed_writes, undelivered;
	/* The thread's own. */
	struct backend backend;
	unsigned torn_queue; /* whose first line is written in part, */
	size_t line_done;    /* this many bytes of it; 0: none is */
	uint64_t retry_at_ms;
	uint64_t logged_at_ms;
	char notice[NOTICE_LEN]; /* to be logged when a second has passed */
	char name[NOTICE_LEN / 2];
	void (*log)(void *arg, const char *line);
	void *log_arg;
};

/* The thread's one view of time: it waits for the world, so no caller can pass it in. */
static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void count(_Atomic uint64_t *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static void wake(struct sink *s)
{
	/* It fails when the count is at its limit only: then the thread is awake. */
	(void)!eventfd_write(s->wake_fd, 1);
}

enum sink_put sink_put(struct sink *s, const struct sink_ticket *t, const char *line, size_t len)
{
	if (atomic_load_explicit(&s->refusing, memory_order_relaxed))
		return SINK_PUT_FAILED;
	if (!queue_put(s->queues[t->worker], t, line, len))
		return SINK_PUT_FULL;
	if (atomic_load(&s->sleeping) && atomic_exchange(&s->sleeping, false))
		wake(s);
	return SINK_PUT_OK;
}

size_t sink_completions(struct sink *s, unsigned worker, struct sink_completion *out, size_t n)
{
	return queue_completions(s->queues[worker], out, n);
}

/* One write's worth of the oldest lines of a queue. */
struct batch {
	struct iovec iov[IOV_BATCH + 2];
	int n_iov;
	size_t len;
};

static void batch_fill(struct sink *s, struct queue *q, struct batch *b)
{
	struct queue_walk walk = queue_walk(q);
	struct queue_line *line;
	size_t max = backend_batch(&s->backend);
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
static void settle(struct sink *s, struct queue *q, size_t n)
{
	struct queue_walk walk = queue_walk(q), done = walk;
	struct queue_line *line;
	struct iovec iov[2];
	int n_iov;

	while ((line = queue_next(q, &walk, iov, &n_iov)) != NULL) {
		size_t left = line->len - s->line_done;

		if (!line->dropped && n < left) {
			s->line_done += n;
			break;
		}
		if (!line->dropped) {
			n -= left;
			s->line_done = 0;
			count(&s->lines, 1);
			if (line->wants_completion)
				queue_complete(q, line->cookie, true);
		}
		done = walk;
	}
	queue_release(q, &done);
}

/* Completes as undelivered all that waits for a completion. Those lines are not written any more,
 * but for one that was begun: its rest must follow, or the next line would merge with it. */
static void give_up(struct sink *s, unsigned index)
{
	struct queue *q = s->queues[index];
	struct queue_walk walk = queue_walk(q);
	struct queue_line *line;
	struct iovec iov[2];
	bool begun = s->line_done > 0 && s->torn_queue == index;
	int n_iov;

	while ((line = queue_next(q, &walk, iov, &n_iov)) != NULL) {
		bool keep = begun && !line->dropped;

		if (!line->dropped)
			begun = false;
		if (line->wants_completion) {
			queue_complete(q, line->cookie, false);
			count(&s->undelivered, 1);
			line->wants_completion = 0;
			line->dropped = !keep;
		}
	}
}

static void on_failure(struct sink *s, int error)
{
	atomic_store(&s->refusing, true);
	atomic_store(&s->failing, true);
	count(&s->failed_writes, 1);
	s->retry_at_ms = now_ms() + RETRY_MS;
	for (unsigned i = 0; i < s->n_queues; i++)
		give_up(s, i);
	snprintf(s->notice, sizeof(s->notice), "%s: %s; devices get 5.03", s->name,
		 strerror(error));
}

static void on_success(struct sink *s)
{
	atomic_store(&s->refusing, false);
	if (atomic_exchange(&s->failing, false))
		snprintf(s->notice, sizeof(s->notice), "%s: writes again", s->name);
}

enum pump { PUMP_IDLE, PUMP_WROTE, PUMP_STALLED, PUMP_FAILED };

/* Writes one batch of one queue. */
static enum pump pump_queue(struct sink *s, unsigned index)
{
	struct queue *q = s->queues[index];
	struct batch b;
	ssize_t n;

	batch_fill(s, q, &b);
	if (b.n_iov == 0) {
		settle(s, q, 0); /* dropped lines only */
		return PUMP_IDLE;
	}
	batch_trim(&b, s->line_done, backend_batch(&s->backend));
	n = backend_write(&s->backend, b.iov, b.n_iov);
	if (n == -EAGAIN || n == -EINTR)
		return PUMP_STALLED;
	if (n < 0) {
		on_failure(s, (int)-n);
		return PUMP_FAILED;
	}
	count(&s->bytes, (uint64_t)n);
	settle(s, q, (size_t)n);
	s->torn_queue = index;
	on_success(s);
	return PUMP_WROTE;
}

/* A turn over all queues. A line that is written in part goes on before any other. */
static enum pump pump(struct sink *s)
{
	enum pump result = PUMP_IDLE, one;

	for (unsigned i = 0; i < s->n_queues; i++) {
		do
			one = pump_queue(s, s->line_done > 0 ? s->torn_queue : i);
		while (one == PUMP_WROTE && s->line_done > 0);
		if (one == PUMP_STALLED || one == PUMP_FAILED)
			return one;
		if (one == PUMP_WROTE)
			result = PUMP_WROTE;
	}
	return result;
}

static bool anything_waits(const struct sink *s)
{
	for (unsigned i = 0; i < s->n_queues; i++)
		if (queue_bytes(s->queues[i]) > 0)
			return true;
	return false;
}

static void reopen(struct sink *s)
{
	int result = backend_reopen(&s->backend);

	if (result < 0)
		snprintf(s->notice, sizeof(s->notice), "%s: reopen: %s; the old file stays in use",
			 s->name, strerror(-result));
	/* A line that the old file has in part is written to the new one from its start. */
	if (result > 0)
		s->line_done = 0;
}

static void log_notice(struct sink *s)
{
	uint64_t now = now_ms();

	if (s->notice[0] == 0 || (s->logged_at_ms != 0 && now - s->logged_at_ms < LOG_MS))
		return;
	if (s->log != NULL)
		s->log(s->log_arg, s->notice);
	s->notice[0] = 0;
	s->logged_at_ms = now;
}

/* Sleeps until woken, until a stream has room, or for at most timeout_ms (-1: no limit). */
static void sleep_for(struct sink *s, int timeout_ms, bool for_room)
{
	struct pollfd fds[2] = { { .fd = s->wake_fd, .events = POLLIN },
				 { .fd = s->backend.fd, .events = POLLOUT } };
	eventfd_t ignored;

	if (s->notice[0] != 0 && (timeout_ms < 0 || timeout_ms > LOG_MS))
		timeout_ms = LOG_MS;
	poll(fds, for_room ? 2 : 1, timeout_ms);
	(void)!eventfd_read(s->wake_fd, &ignored);
}

static void wait_idle(struct sink *s)
{
	/* In this order, all sequentially consistent: a put either is seen here or sees the flag.
	 */
	atomic_store(&s->sleeping, true);
	if (!anything_waits(s) && !atomic_load(&s->stop) && !atomic_load(&s->reopen))
		sleep_for(s, -1, false);
	atomic_store(&s->sleeping, false);
}

/* After a failure: waits for the time of the next try. With nothing left to try with, puts are
 * taken again, and the next line is the try. */
static void wait_failed(struct sink *s)
{
	uint64_t now = now_ms();

	if (now < s->retry_at_ms)
		sleep_for(s, (int)(s->retry_at_ms - now), false);
	if (now_ms() >= s->retry_at_ms && !anything_waits(s))
		atomic_store(&s->refusing, false);
}

static bool may_try(const struct sink *s)
{
	return !atomic_load(&s->refusing) || now_ms() >= s->retry_at_ms || atomic_load(&s->stop);
}

static void *run(void *arg)
{
	struct sink *s = arg;

	for (;;) {
		bool stop = atomic_load(&s->stop);
		enum pump result = PUMP_FAILED;

		if (atomic_exchange(&s->reopen, false))
			reopen(s);
		if (may_try(s))
			result = pump(s);
		log_notice(s);
		if (result == PUMP_WROTE)
			continue;
		if (stop)
			return NULL;
		if (result == PUMP_STALLED)
			sleep_for(s, STALL_MS, true);
		else if (atomic_load(&s->refusing))
			wait_failed(s);
		else
			wait_idle(s);
	}
}

static size_t share_of(const struct sink_config *cfg)
{
	size_t share = cfg->queue_bytes / (cfg->n_workers > 0 ? cfg->n_workers : 1);
	size_t size = QUEUE_MIN;

	while (size <= share / 2)
		size *= 2;
	return size;
}

static bool make_queues(struct sink *s, const struct sink_config *cfg)
{
	s->n_queues = cfg->n_workers;
	s->queues = calloc(cfg->n_workers > 0 ? cfg->n_workers : 1, sizeof(struct queue *));
	if (s->queues == NULL)
		return false;
	for (unsigned i = 0; i < s->n_queues; i++) {
		s->queues[i] = queue_new(share_of(cfg), SINK_COMPLETIONS);
		if (s->queues[i] == NULL)
			return false;
	}
	return true;
}

static void release(struct sink *s)
{
	for (unsigned i = 0; s->queues != NULL && i < s->n_queues; i++)
		queue_free(s->queues[i]);
	free(s->queues);
	backend_close(&s->backend);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	free(s);
}

/* The thread starts with every signal blocked, so that none ever runs on it. */
static int start_thread(struct sink *s)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	error = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (error != 0)
		return error;
	error = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		pthread_setname_np(s->thread, "sluice-sink");
	return error;
}

struct sink *sink_open(const struct sink_config *cfg, char *err, size_t err_len)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		snprintf(err, err_len, "sink %s: no memory", cfg->spec);
		return NULL;
	}
	s->log = cfg->log;
	s->log_arg = cfg->log_arg;
	s->wake_fd = -1;
	snprintf(s->name, sizeof(s->name), "sink %s", cfg->spec);
	if (!backend_open(&s->backend, cfg->spec, err, err_len)) {
		release(s);
		return NULL;
	}
	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->wake_fd < 0 || !make_queues(s, cfg) || start_thread(s) != 0) {
		snprintf(err, err_len, "sink %s: no memory, thread or eventfd", cfg->spec);
		release(s);
		return NULL;
	}
	return s;
}

void sink_reopen(struct sink *s)
{
	atomic_store(&s->reopen, true);
	wake(s);
}

bool sink_flush(struct sink *s, unsigned timeout_ms)
{
	const struct timespec turn = { .tv_nsec = 1000000 };
	uint64_t end = now_ms() + timeout_ms;

	while (anything_waits(s)) {
		if (now_ms() >= end)
			return false;
		nanosleep(&turn, NULL);
	}
	return true;
}

void sink_close(struct sink *s)
{
	atomic_store(&s->stop, true);
	wake(s);
	pthread_join(s->thread, NULL);
	release(s);
}

void sink_stats(const struct sink *s, struct sink_stats *out)
{
	*out = (struct sink_stats){
		.lines = atomic_load_explicit(&s->lines, memory_order_relaxed),
		.bytes = atomic_load_explicit(&s->bytes, memory_order_relaxed),
		.failed_writes = atomic_load_explicit(&s->failed_writes, memory_order_relaxed),
		.undelivered = atomic_load_explicit(&s->undelivered, memory_order_relaxed),
		.failing = atomic_load(&s->failing),
	};
	for (unsigned i = 0; i < s->n_queues; i++) {
		out->refused += queue_refused(s->queues[i]);
		out->queued_bytes += queue_bytes(s->queues[i]);
	}
}
