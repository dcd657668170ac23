/* SPDX-License-Identifier: BSD-3-Clause */
#include "json_writer.h"

static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else if (c > 0x7f)
			fputs("\\ufffd", out);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

/* What stands before a value. */
static void begin(struct json_writer *w, const char *name)
{
	if (w->behind)
		fputc(',', w->out);
	if (w->depth > 0)
		fputc('\n', w->out);
	for (unsigned i = 0; i < w->depth; i++)
		fputs("  ", w->out);
	if (name != NULL) {
		write_text(w->out, name);
		fputs(": ", w->out);
	}
	w->behind = true;
}

void json_writer_open(struct json_writer *w, const char *name, char bracket)
{
	begin(w, name);
	fputc(bracket, w->out);
	w->depth++;
	w->behind = false;
}

void json_writer_close(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->behind) {
		fputc('\n', w->out);
		for (unsigned i = 0; i < w->depth; i++)
			fputs("  ", w->out);
	}
	fputc(bracket, w->out);
	if (w->depth == 0)
		fputc('\n', w->out);
	w->behind = true;
}

void json_writer_uint(struct json_writer *w, const char *name, uint64_t v)
{
	begin(w, name);
	fprintf(w->out, "%llu", (unsigned long long)v);
}

void json_writer_double(struct json_writer *w, const char *name, double v)
{
	begin(w, name);
	fprintf(w->out, "%.9g", v);
}

void json_writer_bool(struct json_writer *w, const char *name, bool v)
{
	begin(w, name);
	fputs(v ? "true" : "false", w->out);
}

void json_writer_string(struct json_writer *w, const char *name, const char *text)
{
	begin(w, name);
	if (text == NULL)
		fputs("null", w->out);
	else
		write_text(w->out, text);
}
