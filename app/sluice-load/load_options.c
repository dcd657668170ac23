/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_options.h"

#include "load_options_check.h"
#include "load_options_table.h"
#include "secret.h"

void load_options_help(FILE *out)
{
	fputs("sluice-load [options]\n"
	      "sluice-load [EAL options] -- [options]\n\n"
	      "A fleet of DTLS/CoAP devices in a process: connects them, sends requests at times "
	      "that\n"
	      "do not depend on the answers, and measures from those times. Numbers take k, m, g\n"
	      "(thousands, millions, ...), times us, ms, s, m, h, d. Defaults are in "
	      "[brackets].\n\n"
	      "Exit status: 0 nothing failed; 1 it could not start; 2 usage; 3 the system under "
	      "test\n"
	      "failed, or a report could not be written; 4 the generator missed its own schedule;\n"
	      "130 interrupted.\n",
	      out);
	option_help_rows(out, &load_options_table);
}

enum options_result load_options_parse(struct load_options *opt, FILE *out, FILE *err, int argc,
				       char *const argv[])
{
	struct option_eal eal;
	int first;

	memset(opt, 0, sizeof(*opt));
	opt->values = option_values_new(&load_options_table, err);
	if (opt->values == NULL)
		return OPTIONS_ERROR;
	first = option_eal_split(&eal, argc, argv);
	opt->has_eal_args = eal.given;
	opt->eal_args = eal.argv;
	opt->n_eal_args = eal.argc;
	if (!option_values_walk(opt->values, argc - first, argv + first))
		return OPTIONS_ERROR;
	if (option_values_given(opt->values, "help")) {
		load_options_help(out);
		return OPTIONS_DONE;
	}
	if (option_values_given(opt->values, "V")) {
		fprintf(out, "sluice-load %s\n", SLUICE_VERSION);
		return OPTIONS_DONE;
	}
	if (!option_values_set(opt->values, opt) || !load_options_complete(opt))
		return OPTIONS_ERROR;
	return load_options_check(opt) ? OPTIONS_GO : OPTIONS_ERROR;
}

void load_options_free(struct load_options *opt)
{
	option_values_free(opt->values);
	secret_wipe(opt, sizeof(*opt));
}
