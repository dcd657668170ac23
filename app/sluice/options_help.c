/* SPDX-License-Identifier: BSD-3-Clause */
/* options_help: the table as text. */
#include "options_table.h"

static void help_row(FILE *out, const struct option_def *def)
{
	const char *line = def->help;

	if (def->group != NULL)
		fprintf(out, "\n%s\n", def->group);
	fprintf(out, "  %s%s%s%s\n", strcmp(def->name, "f") == 0 ? "-" : "--", def->name,
		def->arg != NULL ? " " : "", def->arg != NULL ? def->arg : "");
	while (line != NULL) {
		size_t len = strcspn(line, "\n");

		fprintf(out, "          %.*s", (int)len, line);
		line = line[len] != '\0' ? line + len + 1 : NULL;
		if (line == NULL && def->kind == OPTION_ABSENT)
			fprintf(out, " (%s)", options_not_in_this_build);
		if (line == NULL && def->fallback != NULL)
			fprintf(out, " [%s]", def->fallback);
		fputc('\n', out);
	}
}

void options_help(FILE *out)
{
	fputs("sluice [options]\n"
	      "sluice [EAL options] -- [options]\n\n"
	      "A DTLS endpoint for CoAP devices, on DPDK. Numbers take k, m, g (powers of 1024),\n"
	      "times us, ms, s, m, h, d. Defaults are in [brackets].\n",
	      out);
	for (size_t i = 0; i < options_table_len; i++)
		help_row(out, &options_table[i]);
}
