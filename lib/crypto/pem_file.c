/* SPDX-License-Identifier: BSD-3-Clause */
#include "pem_file.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

static bool fail(const char *path, const char *reason, char *err, size_t err_len)
{
	snprintf(err, err_len, "%s: %s", path, reason);
	return false;
}

static bool read_all(struct pem_file *f, int fd)
{
	size_t at = 0;

	while (at < f->len) {
		ssize_t n = read(fd, f->bytes + at, f->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	f->len = at;
	return true;
}

static const char *file_read(struct pem_file *f, int fd, bool secret)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "holds a private key and is accessible to group or others (chmod 600)";
	if (st.st_size <= 0 || st.st_size > PEM_FILE_MAX)
		return "empty or too large";
	f->len = (size_t)st.st_size;
	f->bytes = malloc(f->len);
	if (f->bytes == NULL)
		return "no memory";
	read_all(f, fd);
	f->bio = BIO_new_mem_buf(f->bytes, (int)f->len);
	return f->bio == NULL ? "no memory" : NULL;
}

bool pem_file_open(struct pem_file *f, const char *path, bool secret, char *err, size_t err_len)
{
	const char *reason;
	int fd;

	*f = (struct pem_file){ .path = path };
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(path, strerror(errno), err, err_len);
	reason = file_read(f, fd, secret);
	close(fd);
	return reason == NULL || fail(path, reason, err, err_len);
}

static void object_free(struct pem_file *f)
{
	if (f->der != NULL)
		secret_wipe(f->der, (size_t)f->der_len);
	OPENSSL_free(f->der);
	OPENSSL_free(f->label);
	f->der = NULL;
	f->label = NULL;
}

void pem_file_close(struct pem_file *f)
{
	object_free(f);
	BIO_free(f->bio);
	if (f->bytes != NULL)
		secret_wipe(f->bytes, f->len);
	free(f->bytes);
	*f = (struct pem_file){ 0 };
}

/* The line on which what follows byte `at` begins: of its BEGIN, or of the end. */
static unsigned line_of(const struct pem_file *f, size_t at)
{
	const uint8_t *begin = memmem(f->bytes + at, f->len - at, "-----BEGIN", 10);
	size_t end = begin == NULL ? at : (size_t)(begin - f->bytes);
	unsigned line = 1;

	for (size_t i = 0; i < end; i++)
		line += f->bytes[i] == '\n';
	return line;
}

bool pem_file_next(struct pem_file *f, bool *good, char *err, size_t err_len)
{
	char *header = NULL;
	unsigned long code;

	object_free(f);
	f->line = line_of(f, f->len - BIO_ctrl_pending(f->bio));
	*good = PEM_read_bio(f->bio, &f->label, &header, &f->der, &f->der_len) == 1;
	/* Headers are those of encrypted keys, which nobody could enter a password for. */
	if (*good && header[0] != '\0') {
		OPENSSL_free(header);
		*good = false;
		return pem_file_refuse(f, "encrypted", err, err_len);
	}
	OPENSSL_free(header);
	if (*good)
		return true;
	code = ERR_peek_last_error();
	ERR_clear_error();
	f->label = NULL;
	f->der = NULL;
	*good = ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
	return !*good && pem_file_refuse(f, "damaged PEM", err, err_len);
}

bool pem_file_is(const struct pem_file *f, const char *label)
{
	return strcmp(f->label, label) == 0;
}

bool pem_file_refuse(const struct pem_file *f, const char *reason, char *err, size_t err_len)
{
	snprintf(err, err_len, "%s:%u: %s", f->path, f->line, reason);
	return false;
}
