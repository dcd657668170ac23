/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-bench-peers: other libraries and drivers at what sluice-bench measures of ours. Options
 * are Google Benchmark's. */
#include "benches.h"
#include "peer_benches.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

/* Transparent huge pages for the heap make every peer faster among many sessions. The C library
 * reads this at start only. GLIBC_TUNABLES in the environment, even empty, is left alone. */
static void huge_heap(char **argv)
{
	if (getenv("GLIBC_TUNABLES") != NULL)
		return;
	if (setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 0) == 0)
		(void)execv("/proc/self/exe", argv);
}

/* DPDK without ports. The crypto sessions bring huge pages of their own. */
static bool start_eal(void)
{
	static char *args[] = {
		"sluice-bench-peers", "--no-huge",     "--no-pci",  "--no-shconf", "-m", "64",
		"--no-telemetry",     "--log-level=3", "--lcores=0"
	};
	cpu_set_t cpus;
	bool ok;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return false;
	ok = rte_eal_init(sizeof(args) / sizeof(args[0]), args) >= 0;
	return sched_setaffinity(0, sizeof(cpus), &cpus) == 0 && ok;
}

static unsigned repetitions(int argc, char **argv)
{
	static const char option[] = "--benchmark_repetitions=";
	unsigned long n = 1;

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], option, sizeof(option) - 1) == 0)
			n = strtoul(argv[i] + sizeof(option) - 1, NULL, 10);
	return n >= 1 && n <= 100 ? (unsigned)n : 1;
}

int main(int argc, char **argv)
{
	/* A run is one turn, which is a pass of its own over what was prepared. */
	static char one_turn[] = "--benchmark_min_time=0";
	const char *tunables;
	char **args;
	int status;

	huge_heap(argv);
	if (!start_eal()) {
		fputs("sluice-bench-peers: DPDK does not start\n", stderr);
		return 1;
	}
	args = calloc((size_t)argc + 2, sizeof(*args));
	if (args == NULL)
		return 1;
	for (int i = 0; i < argc; i++)
		args[i] = strcmp(argv[i], "--quick") == 0 ? one_turn : argv[i];
	args[argc] = one_turn;
	context_add(argc, argv);
	tunables = getenv("GLIBC_TUNABLES");
	bench_context("glibc_tunables", tunables != NULL ? tunables : "");
	bench_peer_add(repetitions(argc, argv));
	bench_peer_handshake_add();
	bench_cryptodev_add();
	status = bench_main(argc + 1, args);
	bench_peer_free();
	bench_cryptodev_free();
	free(args);
	(void)rte_eal_cleanup();
	return status;
}
