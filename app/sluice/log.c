/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static enum log_level log_threshold = LOG_LEVEL_NOTICE;

void log_set_level(enum log_level level) { log_threshold = level; }

void log_line(enum log_level level, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (level > log_threshold)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* stderr is unbuffered, but one call keeps a line in one piece among threads. */
	fprintf(stderr, "sluice: %s\n", text);
}
