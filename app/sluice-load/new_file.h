/* SPDX-License-Identifier: BSD-3-Clause */
/* A file that is there as a whole, or not at all: written beside its place, then put there. What is
 * no regular file (/dev/stdout, a pipe) is written as it is. Slow path only. */
#pragma once

#include "cursor.h"

#include <stdio.h>

struct new_file {
	FILE *f; /* to write to */
	const char *path;
	char temporary[4096]; /* empty: written in place */
};

/* new_file_open: secret: for the owner only. path is borrowed. false: err says why. */
bool new_file_open(struct new_file *n, const char *path, bool secret, char *err,
		   size_t err_len) MUST_USE;

/* new_file_close: puts it in its place if written is true and all of it reached the disk; else what
 * was there before stays. false: err says why. */
bool new_file_close(struct new_file *n, bool written, char *err, size_t err_len) MUST_USE;
