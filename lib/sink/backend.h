/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a sink's bytes end up: nowhere, standard output, or a file. The sink's thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum backend_kind { BACKEND_NULL, BACKEND_STDOUT, BACKEND_FILE };

struct backend {
	enum backend_kind kind;
	int fd; /* -1: BACKEND_NULL */
	char *path;
	bool stream;        /* a pipe, terminal or socket: can stall */
	bool needs_newline; /* the file ends in a torn line that is not ours */
};

/* backend_open: parses "null", "stdout" or "file:PATH" and opens (append, created with mode 0640).
 * false: *err says why, and nothing is held. */
bool backend_open(struct backend *b, const char *spec, char *err, size_t err_len);
void backend_close(struct backend *b);

/* backend_write: bytes written, -EAGAIN when a stream has no room now (poll fd), or -errno. Does
 * not wait for a reader. */
ssize_t backend_write(struct backend *b, const struct iovec *iov, int n_iov);

/* backend_batch: bytes of one write at most. A stream is given no more than it takes at once. */
size_t backend_batch(const struct backend *b);

/* backend_reopen: opens the file's path again: 1 when it is another file now, 0 when it is the
 * same or not a file, -errno when the old one stays in use. */
int backend_reopen(struct backend *b);
