/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_file.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

/* Long enough for --config with every queue there can be. */
enum { LINE_MAX_LEN = 8192 };

struct source {
	FILE *file;
	char *buffer;
	size_t cap;
	const char *(*row)(void *arg, const char *name, const char *value, unsigned line);
	void *arg;
	unsigned line;
	unsigned failed_line;
	const char *reason;
};

/* inih's fgets: counts lines, and refuses what inih would silently cut. */
static char *read_line(char *out, int cap, void *stream)
{
	struct source *s = stream;
	ssize_t len;

	if (s->reason != NULL)
		return NULL;
	len = getline(&s->buffer, &s->cap, s->file);
	if (len < 0)
		return NULL;
	s->line++;
	if (len >= cap - 2)
		s->reason = "line too long";
	else if (strlen(s->buffer) != (size_t)len)
		s->reason = "a NUL byte";
	s->failed_line = s->line;
	if (s->reason != NULL)
		return NULL;
	memcpy(out, s->buffer, (size_t)len + 1);
	return out;
}

static int take_row(void *user, const char *section, const char *name, const char *value)
{
	struct source *s = user;

	(void)section;
	s->failed_line = s->line;
	s->reason = s->row(s->arg, name, value, s->line);
	return s->reason == NULL;
}

static void set_up_inih(void)
{
	ini_allow_multiline = false;
	ini_allow_inline_comments = false;
	ini_use_stack = false;
	ini_allow_realloc = false;
	ini_max_line = LINE_MAX_LEN;
	ini_initial_alloc = LINE_MAX_LEN;
}

bool options_file_read(const char *path,
		       const char *(*row)(void *arg, const char *name, const char *value,
					  unsigned line),
		       void *arg, unsigned *line, const char **reason)
{
	struct source s = { .file = fopen(path, "re"), .row = row, .arg = arg };
	int first_bad;

	*line = 0;
	if (s.file == NULL) {
		*reason = strerror(errno);
		return false;
	}
	set_up_inih();
	first_bad = ini_parse_stream(read_line, &s, take_row, &s);
	if (ferror(s.file)) {
		*reason = "cannot be read";
		first_bad = -1;
	} else if (first_bad > 0 && (s.reason == NULL || (unsigned)first_bad < s.failed_line)) {
		*reason = "not a line name = value";
		*line = (unsigned)first_bad;
	} else if (s.reason != NULL) {
		*reason = s.reason;
		*line = s.failed_line;
	} else if (first_bad != 0) {
		*reason = strerror(ENOMEM);
	}
	free(s.buffer);
	fclose(s.file);
	return first_bad == 0 && s.reason == NULL;
}
