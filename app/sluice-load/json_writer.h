/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON as it is written: values in order, a line each. Inside an array the names are NULL. */
#pragma once

#include "cursor.h"

#include <stdio.h>

struct json_writer {
	FILE *out;
	unsigned depth;
	bool behind; /* a value stands before, on the same level */
};

/* json_writer_open, json_writer_close: with '{' and '}', or '[' and ']'. */
void json_writer_open(struct json_writer *w, const char *name, char bracket);
void json_writer_close(struct json_writer *w, char bracket);

void json_writer_uint(struct json_writer *w, const char *name, uint64_t v);
void json_writer_double(struct json_writer *w, const char *name, double v);
void json_writer_bool(struct json_writer *w, const char *name, bool v);
/* text in ASCII; other bytes become U+FFFD. NULL: null. */
void json_writer_string(struct json_writer *w, const char *name, const char *text);
