/* SPDX-License-Identifier: BSD-3-Clause */
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BATCH = 1 << 20, FILE_MODE = 0640 };

/* Whether the file ends in something else than a newline. When it cannot be read, an empty line
 * too many is the lesser evil. */
static bool ends_torn(const char *path, const struct stat *st)
{
	char last = 0;
	ssize_t n;
	int fd;

	if (!S_ISREG(st->st_mode) || st->st_size == 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = pread(fd, &last, 1, st->st_size - 1);
	close(fd);
	return n != 1 || last != '\n';
}

/* O_NONBLOCK: a FIFO without a reader is an error instead of a wait. */
static int open_path(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		    FILE_MODE);
}

static bool take_fd(struct backend *b, int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	b->fd = fd;
	b->stream = !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
	b->needs_newline = b->kind == BACKEND_FILE && ends_torn(b->path, &st);
	return true;
}

static bool open_kind(struct backend *b, const char *spec)
{
	if (strcmp(spec, "null") == 0) {
		b->kind = BACKEND_NULL;
		return true;
	}
	if (strcmp(spec, "stdout") == 0) {
		b->kind = BACKEND_STDOUT;
		return take_fd(b, fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
	}
	b->kind = BACKEND_FILE;
	b->path = strdup(spec + strlen("file:"));
	return b->path != NULL && take_fd(b, open_path(b->path));
}

bool backend_open(struct backend *b, const char *spec, char *err, size_t err_len)
{
	*b = (struct backend){ .fd = -1 };
	if (strcmp(spec, "null") != 0 && strcmp(spec, "stdout") != 0 &&
	    (strncmp(spec, "file:", 5) != 0 || spec[5] == 0)) {
		snprintf(err, err_len, "sink %s: not null, stdout or file:PATH", spec);
		return false;
	}
	if (open_kind(b, spec))
		return true;
	snprintf(err, err_len, "sink %s: %s", spec, strerror(errno));
	backend_close(b);
	return false;
}

void backend_close(struct backend *b)
{
	if (b->fd >= 0)
		close(b->fd);
	free(b->path);
	b->fd = -1;
	b->path = NULL;
}

static ssize_t total(const struct iovec *iov, int n_iov)
{
	size_t len = 0;

	for (int i = 0; i < n_iov; i++)
		len += iov[i].iov_len;
	return (ssize_t)len;
}

/* Standard output is shared with others, so it is not ours to make non-blocking: with POLLOUT and
 * at most PIPE_BUF bytes, a pipe does not block. */
static bool has_room(const struct backend *b)
{
	struct pollfd p = { .fd = b->fd, .events = POLLOUT };

	return !b->stream || poll(&p, 1, 0) != 0;
}

ssize_t backend_write(struct backend *b, const struct iovec *iov, int n_iov)
{
	ssize_t n;

	if (b->kind == BACKEND_NULL)
		return total(iov, n_iov);
	if (!has_room(b))
		return -EAGAIN;
	if (b->needs_newline) {
		if (write(b->fd, "\n", 1) != 1)
			return -errno;
		b->needs_newline = false;
	}
	n = writev(b->fd, iov, n_iov);
	return n > 0 ? n : n == 0 ? -EAGAIN : -errno;
}

size_t backend_batch(const struct backend *b) { return b->stream ? PIPE_BUF : FILE_BATCH; }

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

int backend_reopen(struct backend *b)
{
	int old = b->fd, fd;

	if (b->kind != BACKEND_FILE)
		return 0;
	fd = open_path(b->path);
	if (fd < 0)
		return -errno;
	if (same_file(fd, old)) {
		close(fd);
		return 0;
	}
	if (!take_fd(b, fd)) {
		close(fd);
		return -EIO;
	}
	close(old);
	return 1;
}
