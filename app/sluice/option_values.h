/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of a program as one table: the command line and --help come from it.
 *
 * Values are first collected as text, then parsed in the order of the table, so there is one parser
 * an option. A bad one is reported as "PROGRAM: --name: reason (value)". Slow path only.
 */
#pragma once

#include "cursor.h"

#include <stdio.h>

enum { OPTION_ROWS_MAX = 64, OPTION_TEXTS_MAX = 16 };

enum option_kind {
	OPTION_VALUE,   /* one value; the last on the command line counts */
	OPTION_LIST,    /* may be given several times */
	OPTION_SWITCH,  /* no value on the command line, or =yes|no; yes|no in a file */
	OPTION_COMMAND, /* command line only, once; no value unless arg is there */
};

struct option_def {
	const char *group;    /* heading above it in --help, or NULL */
	const char *name;     /* one letter: written with one dash */
	const char *arg;      /* what --help calls its value */
	const char *fallback; /* default as text, or NULL */
	const char *help;
	enum option_kind kind;
	/* Parses one value into the program's options; returns NULL, or a static reason why it
	 * cannot be. text lives as long as the option_values. */
	const char *(*set)(void *opt, const char *text);
};

struct option_table {
	const char *program;
	const struct option_def *rows; /* at most OPTION_ROWS_MAX */
	size_t n_rows;
};

/* The reason for a value that is known and not implemented. */
extern const char option_not_in_this_build[];

/* option_find: by name without dashes; NULL: unknown. */
const struct option_def *option_find(const struct option_table *table, const char *name);

/* option_help_rows: what --help prints of the options, by group. */
void option_help_rows(FILE *out, const struct option_table *table);

struct option_text {
	char *value;
	unsigned line; /* in a file; 0: command line */
};

/* Texts of the options that were given. */
struct option_values {
	const struct option_table *table;
	FILE *err;        /* borrowed */
	const char *file; /* what texts with a line come from; borrowed */
	struct {
		struct option_text texts[OPTION_TEXTS_MAX];
		unsigned n;
	} rows[OPTION_ROWS_MAX]; /* as the table's */
};

/* option_values_new: NULL without memory. */
struct option_values *option_values_new(const struct option_table *table, FILE *err);
void option_values_free(struct option_values *values); /* NULL allowed */

/* option_values_walk: collects what is on a command line (without the program's name). false:
 * reported. */
bool option_values_walk(struct option_values *values, int argc, char *const argv[]) MUST_USE;

/* option_values_add: one more value; where only one counts, it replaces the former. NULL, or a
 * static reason. */
const char *option_values_add(struct option_values *values, const struct option_def *def,
			      const char *value, unsigned line);

/* option_values_set: parses all texts into opt, and the defaults of what was not given. false:
 * reported. */
bool option_values_set(const struct option_values *values, void *opt) MUST_USE;

/* option_values_given, option_values_text: whether an option was given; its (first) text, or NULL.
 * The name is one of the table's. */
bool option_values_given(const struct option_values *values, const char *name);
const char *option_values_text(const struct option_values *values, const char *name);

/* option_values_report: writes "PROGRAM: NAME: reason (value)", the name with its dashes; value may
 * be NULL. Returns false. */
bool option_values_report(const struct option_values *values, const char *name, const char *reason,
			  const char *value);

/* option_choose: the value of the choice with this name. choices end with a NULL name. */
struct option_choice {
	const char *name;
	int value;
};
bool option_choose(int *out, const char *text, const struct option_choice *choices) MUST_USE;

/* option_switch: yes or no; NULL, or a static reason. */
const char *option_switch(bool *out, const char *text);

/* option_auto: the program is to choose. */
static inline bool option_auto(const char *text) { return strcmp(text, "auto") == 0; }

/* option_dtls_version: 1.2 or 1.3, as it stands on the wire; NULL, or a static reason. */
const char *option_dtls_version(uint16_t *out, const char *text);

/* option_eal_split: splits argv at the first "--": what is before it is EAL's. Returns where the
 * program's own arguments begin. */
struct option_eal {
	bool given;
	int argc;
	char *const *argv;
};
int option_eal_split(struct option_eal *out, int argc, char *const argv[]);
