/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of secrets, and the memory for what is made of them: never in a core file, wiped when it is
 * given back. Slow path only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* secret_map: zeros, in pages of their own; NULL without memory. secret_unmap: wipes; NULL is fine.
 */
void *secret_map(size_t len);
void secret_unmap(void *p, size_t len);

struct secret_file {
	uint8_t *bytes; /* from secret_map, len + 1 of them */
	size_t len;
};

/* secret_file_read: a regular file that only its owner can read, as a whole; false and "path:
 * reason" in err. secret_file_read_public: one that others may read as well. */
bool secret_file_read(struct secret_file *out, const char *path, char *err, size_t err_len)
	__attribute__((warn_unused_result));
bool secret_file_read_public(struct secret_file *out, const char *path, char *err, size_t err_len)
	__attribute__((warn_unused_result));
void secret_file_free(struct secret_file *f);

struct secret_line {
	const uint8_t *p;
	size_t len;
};

/* secret_line_next: the line at *p, without its LF or CRLF; *p moves behind it. *p < end. */
struct secret_line secret_line_next(const uint8_t **p, const uint8_t *end);

/* secret_line_is_comment: empty, or begins with "# ". */
bool secret_line_is_comment(const struct secret_line *l);

/* secret_lines: gives the lines that are no comments to take, one by one, until it returns why one
 * is wrong; then false, and "name:line: reason" in err. */
bool secret_lines(const void *bytes, size_t len, const char *name,
		  const char *(*take)(void *arg, const struct secret_line *line), void *arg,
		  char *err, size_t err_len) __attribute__((warn_unused_result));

/* secret_hex: n_bytes from twice as many digits of either case; false: another character. */
bool secret_hex(uint8_t *out, const uint8_t *digits, size_t n_bytes)
	__attribute__((warn_unused_result));
