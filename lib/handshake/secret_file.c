/* SPDX-License-Identifier: BSD-3-Clause */
#include "secret_file.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void *secret_map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Best effort: keys stay out of core files. */
	(void)madvise(p, len, MADV_DONTDUMP);
	return p;
}

void secret_unmap(void *p, size_t len)
{
	if (p == NULL)
		return;
	secret_wipe(p, len);
	munmap(p, len);
}

static const char *open_checked(const char *path, mode_t refused, int *fd, size_t *len)
{
	struct stat st;

	/* Not to hang on a FIFO that nobody writes. */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_mode & refused)
		return "keys are readable by group or others: chmod 600 it";
	*len = (size_t)st.st_size;
	return NULL;
}

static const char *read_all(int fd, uint8_t *to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, to + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return strerror(errno);
		if (n == 0)
			return "became shorter while it was read";
		done += (size_t)n;
	}
	return NULL;
}

static bool file_read(struct secret_file *out, const char *path, mode_t refused, char *err,
		      size_t err_len)
{
	struct secret_file f = { .bytes = NULL };
	int fd = -1;
	const char *wrong = open_checked(path, refused, &fd, &f.len);

	if (wrong == NULL) {
		f.bytes = secret_map(f.len + 1);
		wrong = f.bytes == NULL ? "out of memory" : read_all(fd, f.bytes, f.len);
	}
	if (fd >= 0)
		close(fd);
	*out = f;
	if (wrong == NULL)
		return true;
	snprintf(err, err_len, "%s: %s", path, wrong);
	secret_file_free(out);
	return false;
}

bool secret_file_read(struct secret_file *out, const char *path, char *err, size_t err_len)
{
	return file_read(out, path, S_IRWXG | S_IRWXO, err, err_len);
}

bool secret_file_read_public(struct secret_file *out, const char *path, char *err, size_t err_len)
{
	return file_read(out, path, 0, err, err_len);
}

void secret_file_free(struct secret_file *f)
{
	secret_unmap(f->bytes, f->len + 1);
	*f = (struct secret_file){ .bytes = NULL };
}

struct secret_line secret_line_next(const uint8_t **p, const uint8_t *end)
{
	const uint8_t *start = *p, *lf = memchr(start, '\n', (size_t)(end - start));
	size_t len = (size_t)((lf != NULL ? lf : end) - start);

	*p = lf != NULL ? lf + 1 : end;
	if (lf != NULL && len > 0 && start[len - 1] == '\r')
		len--;
	return (struct secret_line){ .p = start, .len = len };
}

bool secret_line_is_comment(const struct secret_line *l)
{
	return l->len == 0 || (l->len >= 2 && l->p[0] == '#' && l->p[1] == ' ');
}

bool secret_lines(const void *bytes, size_t len, const char *name,
		  const char *(*take)(void *arg, const struct secret_line *line), void *arg,
		  char *err, size_t err_len)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
	const uint8_t *p = bytes, *end = p + len;
	const char *wrong = NULL;
	size_t n = 0;

	while (wrong == NULL && p < end) {
		struct secret_line l = secret_line_next(&p, end);

		if (n++ == 0 && l.len >= sizeof(mark) && memcmp(l.p, mark, sizeof(mark)) == 0)
			wrong = "begins with a byte order mark";
		else if (!secret_line_is_comment(&l))
			wrong = take(arg, &l);
	}
	if (wrong != NULL)
		snprintf(err, err_len, "%s:%zu: %s", name, n, wrong);
	return wrong == NULL;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool secret_hex(uint8_t *out, const uint8_t *digits, size_t n_bytes)
{
	for (size_t i = 0; i < n_bytes; i++) {
		int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
