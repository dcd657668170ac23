/* SPDX-License-Identifier: BSD-3-Clause */
/* options_help: the table as text. */
#include "options_table.h"

void options_help(FILE *out)
{
	fputs("sluice [options]\n"
	      "sluice [EAL options] -- [options]\n\n"
	      "A DTLS endpoint for CoAP devices, on DPDK. Numbers take k, m, g (powers of 1024),\n"
	      "times us, ms, s, m, h, d. Defaults are in [brackets].\n",
	      out);
	option_help_rows(out, &options_table);
}
