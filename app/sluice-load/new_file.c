/* SPDX-License-Identifier: BSD-3-Clause */
#include "new_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *path, int why, char *err, size_t err_len)
{
	snprintf(err, err_len, "%s: %s", path, strerror(why));
	return false;
}

/* mkstemp's files are for the owner only; others get what open would have given them. */
static int make_beside(struct new_file *n, bool secret)
{
	mode_t mask;
	int fd;

	if ((size_t)snprintf(n->temporary, sizeof(n->temporary), "%s.XXXXXX", n->path) >=
	    sizeof(n->temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkstemp(n->temporary);
	if (fd < 0 || secret)
		return fd;
	mask = umask(0);
	umask(mask);
	(void)fchmod(fd, 0666 & ~mask);
	return fd;
}

static FILE *open_beside(struct new_file *n, bool secret)
{
	int fd = make_beside(n, secret);
	FILE *f;

	if (fd < 0)
		return NULL;
	f = fdopen(fd, "w");
	if (f == NULL) {
		close(fd);
		unlink(n->temporary);
	}
	return f;
}

bool new_file_open(struct new_file *n, const char *path, bool secret, char *err, size_t err_len)
{
	struct stat st;

	n->path = path;
	n->temporary[0] = '\0';
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		n->f = fopen(path, "we");
	else
		n->f = open_beside(n, secret);
	return n->f != NULL || fail(path, errno, err, err_len);
}

bool new_file_close(struct new_file *n, bool written, char *err, size_t err_len)
{
	bool beside = n->temporary[0] != '\0';
	int why = errno;

	if (written &&
	    (fflush(n->f) != 0 || ferror(n->f) != 0 || (beside && fsync(fileno(n->f)) != 0))) {
		written = false;
		why = errno;
	}
	if (fclose(n->f) != 0 && written) {
		written = false;
		why = errno;
	}
	if (written && beside && rename(n->temporary, n->path) != 0) {
		written = false;
		why = errno;
	}
	if (written)
		return true;
	if (beside)
		unlink(n->temporary);
	return fail(n->path, why, err, err_len);
}
