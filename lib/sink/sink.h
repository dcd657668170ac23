/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where readings go. A sink owns bounded queues and a thread; worker cores enqueue, the thread
 * writes, and completions go back to the worker that asked for them.
 *
 * Queues: a byte ring per worker (queue.h), no locks, no system calls but one: a put that finds the
 * thread asleep wakes it through an eventfd. Lines of one worker are written in the order of their
 * puts, so the readings of one device are too.
 *
 * Flush policy: every batch goes to write(2) as soon as the thread sees it; after one it rests for
 * half a millisecond, so that readings in a row wake it once. Nothing is buffered behind the queue,
 * and there is no fsync: what write(2) took survives the end of the process, not that of the
 * machine. A line is torn only if the process dies inside write(2); a file that ends in a torn line
 * is continued on a new line.
 *
 * Failure (full disk, closed pipe, I/O error): sink_put says SINK_PUT_FAILED until a retry, four a
 * second, works. Lines that are in the queue already: who waits for a completion gets
 * delivered = false and the line is dropped; the others are kept and written after healing. The
 * rest of a line that was written in part always follows first. A pipe nobody reads is not a
 * failure: the queue fills and sink_put says SINK_PUT_FULL.
 *
 * The thread blocks all signals (SIGPIPE and SIGXFSZ become errors of write) and is no RCU reader.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

enum {
	SINK_LINE_MAX = 1 << 16,    /* longer lines, and empty ones, are refused */
	SINK_COMPLETIONS = 1 << 14, /* lines of a worker that can wait for their completion */
};

/* One reading on its way: a rendered line and who waits for it. The queue copies the line. */
struct sink_ticket {
	uint64_t cookie;       /* the worker's own, returned unchanged */
	uint16_t worker;       /* whose completion queue */
	bool wants_completion; /* --ack delivered */
};

struct sink_completion {
	uint64_t cookie;
	bool delivered; /* write(2) returned for the whole line */
};

struct sink_config {
	const char *spec;   /* "null", "stdout", "file:PATH" */
	size_t queue_bytes; /* bound of lines waiting, shared out to the workers; rounded down
			     * to powers of two, at least 2 * SINK_LINE_MAX each */
	unsigned n_workers;
	void (*log)(void *arg,
		    const char *line); /* called on the sink's thread, <= once a second */
	void *log_arg;
};

struct sink_stats {
	uint64_t lines, bytes; /* written */
	uint64_t failed_writes, undelivered, refused, queued_bytes;
	bool failing;
};

/* sink_open: parses the spec, opens, starts the thread; NULL and a message that names the path or
 * the option in err. Slow path only. */
struct sink *sink_open(const struct sink_config *cfg, char *err, size_t err_len);

enum sink_put { SINK_PUT_OK, SINK_PUT_FULL, SINK_PUT_FAILED };

/* sink_put: queues one line (with its newline); anything but SINK_PUT_OK: nothing was taken. Never
 * blocks. Any worker (each worker index from one thread only). */
enum sink_put sink_put(struct sink *s, const struct sink_ticket *t, const char *line, size_t len);

/* sink_completions: up to n completions for this worker. Never blocks. That worker only. */
size_t sink_completions(struct sink *s, unsigned worker, struct sink_completion *out, size_t n);

/* sink_reopen: asks the thread to reopen its file (SIGUSR1), after the line it is in the middle of.
 * When that fails, it goes on with the old one and logs. Any thread, not from a handler. */
void sink_reopen(struct sink *s);

/* sink_flush: waits until all that was queued is written or timeout_ms passed; false: not all was.
 * Control thread only. */
bool sink_flush(struct sink *s, unsigned timeout_ms);

/* sink_close: stops the thread after what it can still write at once, and frees. */
void sink_close(struct sink *s);

/* sink_stats: a snapshot. Any thread. */
void sink_stats(const struct sink *s, struct sink_stats *out);
