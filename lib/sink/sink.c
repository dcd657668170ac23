/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink.h"
#include "writer.h"

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
	QUEUE_MIN = 2 * SINK_LINE_MAX,
	RETRY_MS = 250,
	LOG_MS = 1000,
	STALL_MS = 1000,
	GATHER_NS = 500 * 1000,
	GATHER_BYTES = 1 << 18, /* so many are a batch already */
	NOTICE_LEN = 256,
};

struct sink {
	struct writer writer;
	int wake_fd;
	pthread_t thread;
	_Atomic bool sleeping; /* a put has to wake the thread */
	_Atomic bool refusing; /* puts fail */
	_Atomic bool failing, stop, reopen;
	_Atomic uint64_t failed_writes;
	/* The thread's own. */
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

static void wake(struct sink *s)
{
	/* It fails when the count is at its limit only: then the thread is awake. */
	(void)!eventfd_write(s->wake_fd, 1);
}

enum sink_put sink_put(struct sink *s, const struct sink_ticket *t, const char *line, size_t len)
{
	if (atomic_load_explicit(&s->refusing, memory_order_relaxed))
		return SINK_PUT_FAILED;
	if (!queue_put(s->writer.queues[t->worker], t, line, len))
		return SINK_PUT_FULL;
	if (atomic_load(&s->sleeping) && atomic_exchange(&s->sleeping, false))
		wake(s);
	return SINK_PUT_OK;
}

size_t sink_completions(struct sink *s, unsigned worker, struct sink_completion *out, size_t n)
{
	return queue_completions(s->writer.queues[worker], out, n);
}

static void on_failure(struct sink *s, int error)
{
	atomic_store(&s->refusing, true);
	atomic_store(&s->failing, true);
	atomic_fetch_add_explicit(&s->failed_writes, 1, memory_order_relaxed);
	s->retry_at_ms = now_ms() + RETRY_MS;
	writer_give_up(&s->writer);
	snprintf(s->notice, sizeof(s->notice), "%s: %s; devices get 5.03", s->name,
		 strerror(error));
}

static void on_success(struct sink *s)
{
	atomic_store(&s->refusing, false);
	if (atomic_exchange(&s->failing, false))
		snprintf(s->notice, sizeof(s->notice), "%s: writes again", s->name);
}

static void reopen(struct sink *s)
{
	int result = writer_reopen(&s->writer);

	if (result < 0)
		snprintf(s->notice, sizeof(s->notice), "%s: reopen: %s; the old file stays in use",
			 s->name, strerror(-result));
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
				 { .fd = s->writer.backend.fd, .events = POLLOUT } };
	eventfd_t ignored;

	if (s->notice[0] != 0 && (timeout_ms < 0 || timeout_ms > LOG_MS))
		timeout_ms = LOG_MS;
	poll(fds, for_room ? 2 : 1, timeout_ms);
	(void)!eventfd_read(s->wake_fd, &ignored);
}

static void wait_idle(struct sink *s)
{
	/* Sequentially consistent, in this order: a put either is seen here or sees the flag. */
	atomic_store(&s->sleeping, true);
	if (!writer_waits(&s->writer) && !atomic_load(&s->stop) && !atomic_load(&s->reopen))
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
	if (now_ms() >= s->retry_at_ms && !writer_waits(&s->writer))
		atomic_store(&s->refusing, false);
}

static bool may_try(const struct sink *s)
{
	return !atomic_load(&s->refusing) || now_ms() >= s->retry_at_ms || atomic_load(&s->stop);
}

static enum writer_result turn(struct sink *s)
{
	int error = 0;
	enum writer_result result = writer_turn(&s->writer, &error);

	if (result == WRITER_FAILED)
		on_failure(s, error);
	if (result == WRITER_WROTE)
		on_success(s);
	return result;
}

static size_t queued_bytes(const struct sink *s)
{
	size_t n = 0;

	for (unsigned i = 0; i < s->writer.n_queues; i++)
		n += queue_bytes(s->writer.queues[i]);
	return n;
}

/* Readings come in rows. Waking a thread costs its waker more than all the rest of a reading: while
 * this one rests it does not count as sleeping, and looks again by itself. */
static void gather(const struct sink *s)
{
	const struct timespec rest = { .tv_nsec = GATHER_NS };

	if (!atomic_load(&s->stop) && queued_bytes(s) < GATHER_BYTES)
		nanosleep(&rest, NULL);
}

static void *run(void *arg)
{
	struct sink *s = arg;

	for (;;) {
		bool stop = atomic_load(&s->stop);
		enum writer_result result = WRITER_FAILED;

		if (atomic_exchange(&s->reopen, false))
			reopen(s);
		if (may_try(s))
			result = turn(s);
		log_notice(s);
		if (result == WRITER_WROTE) {
			gather(s);
			continue;
		}
		if (stop)
			return NULL;
		if (result == WRITER_STALLED)
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
	s->writer.n_queues = cfg->n_workers;
	s->writer.queues = calloc(cfg->n_workers > 0 ? cfg->n_workers : 1, sizeof(struct queue *));
	if (s->writer.queues == NULL)
		return false;
	for (unsigned i = 0; i < s->writer.n_queues; i++) {
		s->writer.queues[i] = queue_new(share_of(cfg), SINK_COMPLETIONS);
		if (s->writer.queues[i] == NULL)
			return false;
	}
	return true;
}

static void release(struct sink *s)
{
	for (unsigned i = 0; s->writer.queues != NULL && i < s->writer.n_queues; i++)
		queue_free(s->writer.queues[i]);
	free(s->writer.queues);
	backend_close(&s->writer.backend);
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
	if (!backend_open(&s->writer.backend, cfg->spec, err, err_len)) {
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

	while (writer_waits(&s->writer)) {
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
		.lines = atomic_load_explicit(&s->writer.lines, memory_order_relaxed),
		.bytes = atomic_load_explicit(&s->writer.bytes, memory_order_relaxed),
		.failed_writes = atomic_load_explicit(&s->failed_writes, memory_order_relaxed),
		.undelivered = atomic_load_explicit(&s->writer.undelivered, memory_order_relaxed),
		.failing = atomic_load(&s->failing),
	};
	out->queued_bytes = queued_bytes(s);
	for (unsigned i = 0; i < s->writer.n_queues; i++)
		out->refused += queue_refused(s->writer.queues[i]);
}
