/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where readings go. A sink owns a bounded queue and a thread; worker cores enqueue, the thread
 * writes, and completions go back to the worker that asked for them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

/* One reading on its way: a rendered line and who waits for it. The queue copies the line. */
struct sink_ticket {
	uint64_t cookie;  /* the worker's own, returned unchanged */
	uint16_t worker;  /* whose completion queue */
	bool wants_completion; /* --ack delivered */
};

struct sink_completion {
	uint64_t cookie;
	bool delivered; /* write(2) returned for the whole line */
};

struct sink_config {
	const char *spec;       /* "null", "stdout", "file:PATH" */
	size_t queue_bytes;     /* bound of lines waiting */
	unsigned n_workers;
	void (*log)(void *arg, const char *line); /* called on the sink's thread, <= once a second */
	void *log_arg;
};

struct sink_stats {
	uint64_t lines, bytes, failed_writes, refused, queued_bytes;
	bool failing;
};

/* sink_open: parses the spec, opens, starts the thread; NULL and a message that names the path or
 * the option in err. Slow path only. */
struct sink *sink_open(const struct sink_config *cfg, char *err, size_t err_len);

/* sink_put: queues one line (with its newline). false: full or failing; nothing was taken. Never
 * blocks. Any worker (each worker index from one thread only). */
bool sink_put(struct sink *s, const struct sink_ticket *t, const char *line, size_t len);

/* sink_completions: up to n completions for this worker. Never blocks. That worker only. */
size_t sink_completions(struct sink *s, unsigned worker, struct sink_completion *out, size_t n);

/* sink_reopen: asks the thread to reopen its file (SIGUSR1). Any thread, not from a handler. */
void sink_reopen(struct sink *s);

/* sink_flush: waits until all that was queued is written or timeout_ms passed; false: not all was.
 * Control thread only. */
bool sink_flush(struct sink *s, unsigned timeout_ms);

/* sink_close: stops the thread after what it can still write at once, and frees. */
void sink_close(struct sink *s);

/* sink_stats: a snapshot. Any thread. */
void sink_stats(const struct sink *s, struct sink_stats *out);
