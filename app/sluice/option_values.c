/* SPDX-License-Identifier: BSD-3-Clause */
#include "option_values.h"

#include "record.h"

#include <ctype.h>
#include <stdlib.h>

const char option_not_in_this_build[] = "not in this build";

const struct option_def *option_find(const struct option_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		if (strcmp(table->rows[i].name, name) == 0)
			return &table->rows[i];
	}
	return NULL;
}

static const char *dashes(const char *name) { return strlen(name) == 1 ? "-" : "--"; }

/* Life and questions */

struct option_values *option_values_new(const struct option_table *table, FILE *err)
{
	struct option_values *values = calloc(1, sizeof(*values));

	if (values == NULL)
		return NULL;
	values->table = table;
	values->err = err;
	return values;
}

void option_values_free(struct option_values *values)
{
	if (values == NULL)
		return;
	for (size_t i = 0; i < values->table->n_rows; i++) {
		for (unsigned k = 0; k < values->rows[i].n; k++)
			free(values->rows[i].texts[k].value);
	}
	free(values);
}

static size_t row_of(const struct option_values *values, const struct option_def *def)
{
	return (size_t)(def - values->table->rows);
}

bool option_values_given(const struct option_values *values, const char *name)
{
	return option_values_text(values, name) != NULL;
}

const char *option_values_text(const struct option_values *values, const char *name)
{
	size_t row = row_of(values, option_find(values->table, name));

	return values->rows[row].n > 0 ? values->rows[row].texts[0].value : NULL;
}

/* Collecting */

/* The value without blanks around it, as a file would give it. */
static char *trimmed(const char *value)
{
	size_t len;

	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	return strndup(value, len);
}

static const char *check_text(const char *value)
{
	if (*value == '\0')
		return "wants a value";
	for (; *value != '\0'; value++) {
		if (iscntrl((unsigned char)*value))
			return "a control character in the value";
	}
	return NULL;
}

const char *option_values_add(struct option_values *values, const struct option_def *def,
			      const char *value, unsigned line)
{
	struct option_text *texts = values->rows[row_of(values, def)].texts;
	unsigned *n = &values->rows[row_of(values, def)].n;
	char *copy;

	if (def->kind == OPTION_LIST && *n == OPTION_TEXTS_MAX)
		return "given too often";
	copy = trimmed(value);
	if (copy == NULL)
		return "no memory";
	if (def->kind != OPTION_LIST && *n == 1)
		free(texts[--*n].value);
	texts[(*n)++] = (struct option_text){ copy, line };
	return check_text(copy);
}

bool option_values_report(const struct option_values *values, const char *name, const char *reason,
			  const char *value)
{
	fprintf(values->err, "%s: %s: %s", values->table->program, name, reason);
	if (value != NULL && *value != '\0' && check_text(value) == NULL)
		fprintf(values->err, " (%s)", value);
	fputc('\n', values->err);
	return false;
}

static bool refuse(const struct option_values *values, const char *name, const char *reason,
		   const char *value)
{
	char written[300];

	snprintf(written, sizeof(written), "%s%s", dashes(name), name);
	return option_values_report(values, written, reason, value);
}

/* Where in argv a walk stands. */
struct walk {
	int argc, at;
	char *const *argv;
};

/* A value that stands in an argument of its own. */
static const char *next_value(struct walk *w)
{
	if (w->at == w->argc || strncmp(w->argv[w->at], "--", 2) == 0)
		return NULL;
	return w->argv[w->at++];
}

static bool take_known(struct option_values *values, struct walk *w, const struct option_def *def,
		       const char *value)
{
	bool takes_value = def->kind != OPTION_COMMAND || def->arg != NULL;
	const char *reason;

	if (!takes_value && value != NULL)
		return refuse(values, def->name, "takes no value", value);
	if (!takes_value || (def->kind == OPTION_SWITCH && value == NULL))
		value = "yes";
	if (value == NULL)
		value = next_value(w);
	if (value == NULL)
		return refuse(values, def->name, "wants a value", NULL);
	if (def->kind == OPTION_COMMAND && takes_value && option_values_given(values, def->name))
		reason = "given twice";
	else
		reason = option_values_add(values, def, value, 0);
	return reason == NULL || refuse(values, def->name, reason, value);
}

static bool take_long(struct option_values *values, struct walk *w, const char *arg)
{
	const struct option_def *def;
	char name[32];
	size_t len = strcspn(arg, "=");

	if (len >= sizeof(name))
		return option_values_report(values, arg - 2, "unknown option", NULL);
	memcpy(name, arg, len);
	name[len] = '\0';
	def = len > 1 ? option_find(values->table, name) : NULL;
	if (def == NULL) {
		char written[40];

		snprintf(written, sizeof(written), "--%s", name);
		return option_values_report(values, written, "unknown option", NULL);
	}
	return take_known(values, w, def, arg[len] == '=' ? arg + len + 1 : NULL);
}

/* "-f FILE", "-fFILE", "-V"; "-h" is --help. */
static bool take_short(struct option_values *values, struct walk *w, const char *arg)
{
	char name[2] = { arg[1], '\0' };
	const struct option_def *def;

	def = name[0] != '\0' ? option_find(values->table, name) : NULL;
	if (strcmp(arg, "-h") == 0)
		def = option_find(values->table, "help");
	else if (def != NULL && def->arg == NULL && arg[2] != '\0')
		def = NULL;
	if (def == NULL)
		return option_values_report(values, arg, "unknown option", NULL);
	if (def->arg == NULL)
		return take_known(values, w, def, NULL);
	if (arg[2] != '\0')
		return take_known(values, w, def, arg + 2);
	/* Whatever follows: a file's name may begin with dashes. */
	return take_known(values, w, def, w->at < w->argc ? w->argv[w->at++] : "");
}

bool option_values_walk(struct option_values *values, int argc, char *const argv[])
{
	struct walk w = { .argc = argc, .argv = argv };
	bool ok = true;

	while (ok && w.at < w.argc) {
		const char *arg = w.argv[w.at++];

		if (strncmp(arg, "--", 2) == 0)
			ok = take_long(values, &w, arg + 2);
		else if (*arg == '-')
			ok = take_short(values, &w, arg);
		else
			ok = option_values_report(values, arg, "not an option", NULL);
	}
	return ok;
}

/* Parsing */

static bool set_text(const struct option_values *values, void *opt, const struct option_def *def,
		     const struct option_text *text)
{
	const char *reason = def->set(opt, text->value);
	char where[600];

	if (reason == NULL)
		return true;
	snprintf(where, sizeof(where), text->line ? "%s at %s:%u" : "%s", reason, values->file,
		 text->line);
	return refuse(values, def->name, where, text->value);
}

static bool set_row(const struct option_values *values, void *opt, size_t row)
{
	const struct option_def *def = &values->table->rows[row];
	bool ok = true;

	if (def->set == NULL)
		return true;
	if (values->rows[row].n == 0 && def->fallback != NULL)
		return def->set(opt, def->fallback) == NULL;
	for (unsigned i = 0; ok && i < values->rows[row].n; i++)
		ok = set_text(values, opt, def, &values->rows[row].texts[i]);
	return ok;
}

bool option_values_set(const struct option_values *values, void *opt)
{
	for (size_t i = 0; i < values->table->n_rows; i++) {
		if (!set_row(values, opt, i))
			return false;
	}
	return true;
}

bool option_choose(int *out, const char *text, const struct option_choice *choices)
{
	for (; choices->name != NULL; choices++) {
		if (strcmp(text, choices->name) == 0) {
			*out = choices->value;
			return true;
		}
	}
	return false;
}

const char *option_switch(bool *out, const char *text)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (unsigned i = 0; i < 4; i++) {
		*out = strcmp(text, yes[i]) == 0;
		if (*out || strcmp(text, no[i]) == 0)
			return NULL;
	}
	return "wants yes or no";
}

const char *option_dtls_version(uint16_t *out, const char *text)
{
	*out = strcmp(text, "1.3") == 0 ? DTLS_1_3 : DTLS_1_2;
	return *out == DTLS_1_3 || strcmp(text, "1.2") == 0 ? NULL : "wants 1.2 or 1.3";
}

int option_eal_split(struct option_eal *out, int argc, char *const argv[])
{
	*out = (struct option_eal){ .given = false };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			*out = (struct option_eal){ .given = true,
						    .argc = i - 1,
						    .argv = argv + 1 };
			return i + 1;
		}
	}
	return argc > 0 ? 1 : 0;
}

/* Help */

static void help_row(FILE *out, const struct option_def *def)
{
	const char *line = def->help;

	if (def->group != NULL)
		fprintf(out, "\n%s\n", def->group);
	fprintf(out, "  %s%s%s%s\n", dashes(def->name), def->name, def->arg != NULL ? " " : "",
		def->arg != NULL ? def->arg : "");
	while (line != NULL) {
		size_t len = strcspn(line, "\n");

		fprintf(out, "          %.*s", (int)len, line);
		line = line[len] != '\0' ? line + len + 1 : NULL;
		if (line == NULL && def->fallback != NULL)
			fprintf(out, " [%s]", def->fallback);
		fputc('\n', out);
	}
}

void option_help_rows(FILE *out, const struct option_table *table)
{
	for (size_t i = 0; i < table->n_rows; i++)
		help_row(out, &table->rows[i]);
}
