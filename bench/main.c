/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-bench: --quick for a smoke run of seconds, else Google Benchmark's own options. */
#include "benches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	static char quick[] = "--benchmark_min_time=0.02";
	char **args = calloc((size_t)argc + 1, sizeof(*args));
	int status;

	if (args == NULL)
		return 1;
	for (int i = 0; i < argc; i++)
		args[i] = strcmp(argv[i], "--quick") == 0 ? quick : argv[i];
	context_add(argc, argv);
	bench_hmac_add();
	bench_key_schedule_add();
	bench_aead_add();
	bench_gate_add();
	bench_record_add();
	bench_table_add();
	bench_replay_add();
	status = bench_main(argc, args);
	free(args);
	return status;
}
