/* SPDX-License-Identifier: BSD-3-Clause */
/* The one list of options: rows of constant data. */
#pragma once

#include "options.h"

enum option_kind {
	OPTION_VALUE,   /* one value; the last on the command line counts */
	OPTION_LIST,    /* may be given several times */
	OPTION_SWITCH,  /* no value on the command line, or =yes|no; yes|no in a file */
	OPTION_COMMAND, /* command line only, no value */
	OPTION_ABSENT,  /* known, but not in this build; arg NULL: takes no value */
};

struct option_def {
	const char *group; /* heading above it in --help, or NULL */
	const char *name;
	const char *arg;      /* what --help calls its value */
	const char *fallback; /* default as text, or NULL */
	const char *help;
	enum option_kind kind;
	/* Parses one value into opt; returns NULL, or a static reason why it cannot be. text
	 * lives as long as opt. */
	const char *(*set)(struct options *opt, const char *text);
};

extern const struct option_def options_table[];
extern const size_t options_table_len;

/* options_table_find: by name without dashes; NULL: unknown. */
const struct option_def *options_table_find(const char *name);

/* The reason for what architecture names and no landed work implements. */
extern const char options_not_in_this_build[];
