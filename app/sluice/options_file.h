/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file: lines name = value; # and ; begin comments; [sections] mean nothing. */
#pragma once

#include "cursor.h"

/* options_file_read: calls row for every line in order, until one gives a reason. false: *line and
 * *reason (static) say where and why; line 0: the file as a whole. */
bool options_file_read(const char *path,
		       const char *(*row)(void *arg, const char *name, const char *value,
					  unsigned line),
		       void *arg, unsigned *line, const char **reason) MUST_USE;
