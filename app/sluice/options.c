/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values are first collected as text, from the command line, then from the file where the command
 * line is silent, then parsed in the order of the table. So there is one parser an option, and
 * --dump-config writes the texts back.
 */
#include "options.h"

#include "options_file.h"
#include "options_table.h"
#include "port_spec.h"

#include <ctype.h>
#include <stdlib.h>

enum { ROWS_MAX = 64, TEXTS_MAX = OPTIONS_LISTEN_MAX };

struct text {
	char *value;
	unsigned line; /* in the file; 0: command line */
};

struct option_values {
	struct {
		struct text texts[TEXTS_MAX];
		unsigned n;
	} rows[ROWS_MAX]; /* as options_table */
	FILE *err;
};

static size_t row_of(const struct option_def *def) { return (size_t)(def - options_table); }

static bool is_given(const struct option_values *values, const struct option_def *def)
{
	return values->rows[row_of(def)].n > 0;
}

static const char *text_of(const struct option_values *values, const char *name)
{
	size_t row = row_of(options_table_find(name));

	return values->rows[row].n > 0 ? values->rows[row].texts[0].value : NULL;
}

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

/* Adds one value; where only one counts, it replaces the former. */
static const char *add_text(struct option_values *values, const struct option_def *def,
			    const char *value, unsigned line)
{
	struct text *texts = values->rows[row_of(def)].texts;
	unsigned *n = &values->rows[row_of(def)].n;
	char *copy;

	if (def->kind == OPTION_LIST && *n == TEXTS_MAX)
		return "given too often";
	copy = trimmed(value);
	if (copy == NULL)
		return "no memory";
	if (def->kind != OPTION_LIST && *n == 1)
		free(texts[--*n].value);
	texts[(*n)++] = (struct text){ copy, line };
	return check_text(copy);
}

static bool report(FILE *err, const char *dashes, const char *name, const char *reason,
		   const char *value)
{
	fprintf(err, "sluice: %s%s: %s", dashes, name, reason);
	if (value != NULL && *value != '\0' && check_text(value) == NULL)
		fprintf(err, " (%s)", value);
	fputc('\n', err);
	return false;
}

/* Where in argv a walk stands. */
struct walk {
	int argc, at;
	char *const *argv;
};

static bool take_named(struct option_values *values, struct walk *w, const char *name,
		       const char *value)
{
	const struct option_def *def = options_table_find(name);
	const char *reason;

	if (def == NULL || strcmp(name, "f") == 0)
		return report(values->err, "--", name, "unknown option", NULL);
	if (def->kind == OPTION_ABSENT)
		return report(values->err, "--", name, options_not_in_this_build, NULL);
	if (def->kind == OPTION_COMMAND && value != NULL)
		return report(values->err, "--", name, "takes no value", value);
	if (def->kind == OPTION_COMMAND || (def->kind == OPTION_SWITCH && value == NULL))
		value = "yes";
	if (value == NULL && w->at < w->argc && strncmp(w->argv[w->at], "--", 2) != 0)
		value = w->argv[w->at++];
	if (value == NULL)
		return report(values->err, "--", name, "wants a value", NULL);
	reason = add_text(values, def, value, 0);
	return reason == NULL || report(values->err, "--", name, reason, value);
}

static bool take_long(struct option_values *values, struct walk *w, const char *arg)
{
	char name[32];
	size_t len = strcspn(arg, "=");

	if (len >= sizeof(name))
		return report(values->err, "--", arg, "unknown option", NULL);
	memcpy(name, arg, len);
	name[len] = '\0';
	return take_named(values, w, name, arg[len] == '=' ? arg + len + 1 : NULL);
}

static bool take_file(struct option_values *values, struct walk *w, const char *value)
{
	const struct option_def *def = options_table_find("f");
	const char *reason;

	if (*value == '\0' && w->at < w->argc)
		value = w->argv[w->at++];
	reason = is_given(values, def) ? "given twice" : add_text(values, def, value, 0);
	return reason == NULL || report(values->err, "-", "f", reason, value);
}

static bool walk_arguments(struct option_values *values, int argc, char *const argv[])
{
	struct walk w = { .argc = argc, .argv = argv };
	bool ok = true;

	while (ok && w.at < w.argc) {
		const char *arg = w.argv[w.at++];

		if (strncmp(arg, "--", 2) == 0)
			ok = take_long(values, &w, arg + 2);
		else if (strncmp(arg, "-f", 2) == 0)
			ok = take_file(values, &w, arg + 2);
		else if (strcmp(arg, "-h") == 0)
			ok = take_long(values, &w, "help");
		else
			ok = report(values->err, "", arg,
				    *arg == '-' ? "unknown option" : "not an option", NULL);
	}
	return ok;
}

/* Which option a line of the file was about, for the report. */
struct file_walk {
	struct option_values *values;
	bool on_command_line[ROWS_MAX];
	unsigned line;
	char name[64], value[256];
};

static const char *take_row(void *arg, const char *name, const char *value, unsigned line)
{
	struct file_walk *f = arg;
	const struct option_def *def = options_table_find(name);

	f->line = line;
	snprintf(f->name, sizeof(f->name), "--%s", name);
	snprintf(f->value, sizeof(f->value), "%s", value);
	if (def == NULL)
		return "unknown option";
	if (def->kind == OPTION_ABSENT)
		return options_not_in_this_build;
	if (def->kind == OPTION_COMMAND)
		return "for the command line only";
	if (f->on_command_line[row_of(def)])
		return NULL;
	if (def->kind != OPTION_LIST && is_given(f->values, def))
		return "given twice";
	return add_text(f->values, def, value, line);
}

static bool read_file(struct option_values *values)
{
	struct file_walk f = { .values = values };
	const char *path = text_of(values, "f"), *reason;
	char where[300];
	unsigned line;

	if (path == NULL)
		return true;
	for (size_t i = 0; i < options_table_len; i++)
		f.on_command_line[i] = values->rows[i].n > 0;
	if (options_file_read(path, take_row, &f, &line, &reason))
		return true;
	if (line == 0)
		return report(values->err, "", "-f", reason, path);
	snprintf(where, sizeof(where), "%s at %s:%u", reason, path, line);
	/* A line that is not name = value never got as far as take_row. */
	if (line != f.line)
		return report(values->err, "", "-f", where, NULL);
	return report(values->err, "", f.name, where, f.value);
}

static bool set_text(struct options *opt, const struct option_def *def, const struct text *text)
{
	const char *reason = def->set(opt, text->value);
	char where[600];

	if (reason == NULL)
		return true;
	snprintf(where, sizeof(where), text->line ? "%s at %s:%u" : "%s", reason,
		 text_of(opt->values, "f"), text->line);
	return report(opt->values->err, "--", def->name, where, text->value);
}

static bool set_row(struct options *opt, size_t row)
{
	const struct option_def *def = &options_table[row];
	bool ok = true;

	if (def->set == NULL)
		return true;
	if (opt->values->rows[row].n == 0 && def->fallback != NULL)
		return def->set(opt, def->fallback) == NULL;
	for (unsigned i = 0; ok && i < opt->values->rows[row].n; i++)
		ok = set_text(opt, def, &opt->values->rows[row].texts[i]);
	return ok;
}

static bool set_all(struct options *opt)
{
	for (size_t i = 0; i < options_table_len; i++) {
		if (!set_row(opt, i))
			return false;
	}
	if (opt->max_sessions == 0)
		opt->max_sessions = opt->test_mode ? 64 << 10 : 1 << 20;
	if (opt->idle_auto)
		opt->idle_sleep = opt->test_mode;
	return true;
}

static bool check_ports(const struct options *opt)
{
	FILE *err = opt->values->err;
	unsigned n_numbers = 0;

	if (opt->n_ports == 0)
		return report(err, "--", "port", "none given", NULL);
	for (unsigned i = 0; i < opt->n_ports; i++) {
		bool is_number = opt->ports[i].kind == PORT_NUMBER;

		n_numbers += is_number;
		if (is_number && !opt->has_eal_args)
			return report(err, "--", "port", "a number needs EAL options before a --",
				      opt->ports[i].dev);
	}
	if (n_numbers != 0 && n_numbers != opt->n_ports)
		return report(err, "--", "port", "numbers and devices do not mix", NULL);
	return true;
}

/* An address is on one port only, and who listens on an address has it. */
static bool check_addresses(const struct options *opt)
{
	FILE *err = opt->values->err;

	for (unsigned i = 0; i < opt->n_ports; i++) {
		for (unsigned a = 0; a < opt->ports[i].n_addrs; a++) {
			for (unsigned j = 0; j < i; j++)
				if (port_spec_has(&opt->ports[j], opt->ports[i].addrs[a].ip))
					return report(err, "--", "port",
						      "an address of another port",
						      opt->ports[i].dev);
		}
	}
	return true;
}

/* Whether a port has an address that this --listen means. One without addresses has none to be
 * missed. */
static bool serves(const struct port_spec *port, const struct listen_spec *l)
{
	if ((l->any4 || l->any6) && port->n_addrs == 0)
		return true;
	for (unsigned i = 0; i < port->n_addrs; i++)
		if (frame_addr_is_ip6(&port->addrs[i]) ? l->any6 : l->any4)
			return true;
	return port_spec_has(port, l->ip);
}

static bool check_listen(const struct options *opt)
{
	const struct option_values *values = opt->values;
	size_t row = row_of(options_table_find("listen"));

	for (unsigned i = 0; i < opt->n_listen; i++) {
		const struct listen_spec *l = &opt->listen[i];
		bool found = l->any4 && l->any6;

		for (unsigned p = 0; p < opt->n_ports; p++)
			found = found || serves(&opt->ports[p], l);
		if (!found)
			return report(values->err, "--", "listen", "no port has this address",
				      values->rows[row].texts[i].value);
	}
	return true;
}

static bool check_all(const struct options *opt)
{
	if (!check_ports(opt) || !check_addresses(opt) || !check_listen(opt))
		return false;
	if (opt->action != OPTIONS_SHOW_LAYOUT && opt->psk_file == NULL)
		return report(opt->values->err, "--", "psk-file",
			      "none given: no device could log in", NULL);
	return true;
}

/* Splits argv at the first "--"; returns where our own arguments begin. */
static int split_arguments(struct options *opt, int argc, char *const argv[])
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			opt->has_eal_args = true;
			opt->eal_args = argv + 1;
			opt->n_eal_args = i - 1;
			return i + 1;
		}
	}
	return argc > 0 ? 1 : 0;
}

static void dump_texts(const struct options *opt, FILE *out, size_t row)
{
	const struct text *texts = opt->values->rows[row].texts;

	for (unsigned i = 0; i < opt->values->rows[row].n; i++) {
		if (texts[i].line == 0)
			fputs("# from the command line\n", out);
		else
			fprintf(out, "# from %s:%u\n", text_of(opt->values, "f"), texts[i].line);
		fprintf(out, "%s = %s\n", options_table[row].name, texts[i].value);
	}
}

/* The effective configuration as a file that -f takes. */
static void dump(const struct options *opt, FILE *out)
{
	for (size_t i = 0; i < options_table_len; i++) {
		const struct option_def *def = &options_table[i];

		if (def->kind == OPTION_ABSENT || def->kind == OPTION_COMMAND)
			continue;
		if (is_given(opt->values, def))
			dump_texts(opt, out, i);
		else if (def->fallback != NULL)
			fprintf(out, "# default\n%s = %s\n", def->name, def->fallback);
		else
			fprintf(out, "# not given\n# %s =\n", def->name);
	}
}

enum options_result options_parse(struct options *opt, FILE *out, FILE *err, int argc,
				  char *const argv[])
{
	int first;

	memset(opt, 0, sizeof(*opt));
	opt->values = calloc(1, sizeof(*opt->values));
	if (opt->values == NULL)
		return OPTIONS_ERROR;
	opt->values->err = err;
	first = split_arguments(opt, argc, argv);
	if (!walk_arguments(opt->values, argc - first, argv + first))
		return OPTIONS_ERROR;
	if (text_of(opt->values, "help") != NULL) {
		options_help(out);
		return OPTIONS_DONE;
	}
	if (text_of(opt->values, "version") != NULL) {
		fprintf(out, "sluice %s\n", SLUICE_VERSION);
		return OPTIONS_DONE;
	}
	if (!read_file(opt->values) || !set_all(opt))
		return OPTIONS_ERROR;
	if (text_of(opt->values, "dump-config") != NULL) {
		dump(opt, out);
		return OPTIONS_DONE;
	}
	return check_all(opt) ? OPTIONS_GO : OPTIONS_ERROR;
}

void options_free(struct options *opt)
{
	if (opt->values == NULL)
		return;
	for (size_t i = 0; i < options_table_len; i++) {
		for (unsigned k = 0; k < opt->values->rows[i].n; k++)
			free(opt->values->rows[i].texts[k].value);
	}
	free(opt->values);
	memset(opt, 0, sizeof(*opt));
}
