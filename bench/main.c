/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-bench: --quick for a smoke run of seconds, else Google Benchmark's own options. */
#include "benches.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

/* Whether 512 MiB of huge pages are free. */
static bool huge_pages(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	char text[32] = "";

	if (f == NULL)
		return false;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	(void)fclose(f);
	return strtol(text, NULL, 10) >= 256;
}

/* DPDK. It binds this thread to its lcore's CPU; where the caller wants it
 * to run (taskset) is for the caller to say. It also spins until its own threads have started:
 * under a real-time policy (chrt) on one CPU for ever, so that this thread has the usual one
 * meanwhile. */
static bool start_eal(void)
{
	static char *args[] = { "sluice-bench", "--in-memory", "--no-pci",       "--no-shconf",
				"-m",           "512",         "--no-telemetry", "--log-level=3",
				"--lcores=0" };
	int n = sizeof(args) / sizeof(args[0]);
	const struct sched_param usual = { 0 };
	struct sched_param param;
	int policy = sched_getscheduler(0);
	cpu_set_t cpus;
	bool ok;

	if (!huge_pages())
		args[1] = "--no-huge";
	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0 || sched_getparam(0, &param) != 0 ||
	    sched_setscheduler(0, SCHED_OTHER, &usual) != 0)
		return false;
	ok = rte_eal_init(n, args) >= 0;
	return sched_setaffinity(0, sizeof(cpus), &cpus) == 0 &&
	       sched_setscheduler(0, policy, &param) == 0 && ok;
}

int main(int argc, char **argv)
{
	static char quick[] = "--benchmark_min_time=0.02";
	char **args;
	int status;

	if (!start_eal()) {
		fputs("sluice-bench: DPDK does not start\n", stderr);
		return 1;
	}
	args = calloc((size_t)argc + 1, sizeof(*args));
	if (args == NULL)
		return 1;
	for (int i = 0; i < argc; i++)
		args[i] = strcmp(argv[i], "--quick") == 0 ? quick : argv[i];
	context_add(argc, argv);
	bench_review_add(); /* before those that keep their rings, whose names are the process's */
	bench_handshake_add();
	bench_libcrypto_add();
	bench_hmac_add();
	bench_key_schedule_add();
	bench_aead_add();
	bench_gate_add();
	bench_flood_add();
	bench_frame_add();
	bench_forward_add();
	bench_record_add();
	bench_cid_add();
	bench_coap_add();
	bench_machine_add();
	bench_ring_add();
	bench_table_add();
	bench_replay_add();
	bench_session_memory_add();
	bench_path_add();
	bench_psk_add();
	bench_vzeroupper_add();
	bench_constant_time_add();
	status = bench_main(argc, args);
	bench_handshake_free();
	free(args);
	(void)rte_eal_cleanup();
	return status;
}
