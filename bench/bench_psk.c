/* SPDX-License-Identifier: BSD-3-Clause */
/* Loading a PSK file: what SIGHUP costs, and what a device weighs in memory. */
#include "benches.h"

#include "psk_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file of n lines, "sensor-0000001:<32 hex digits>", for its owner only. */
static bool write_file(const char *path, int64_t n)
{
	FILE *out = fopen(path, "we");

	if (out == NULL)
		return false;
	(void)fchmod(fileno(out), S_IRUSR | S_IWUSR);
	for (int64_t i = 0; i < n; i++)
		fprintf(out, "sensor-%07d:%032x\n", (int)i, (unsigned)i);
	return fclose(out) == 0;
}

static void load(struct bench *b)
{
	int64_t n = bench_arg(b, 0);
	char path[64], err[256] = "cannot write the file";
	struct psk_store *store = NULL;

	snprintf(path, sizeof(path), "/tmp/sluice-bench-psk-%d", (int)getpid());
	if (write_file(path, n)) {
		while (bench_next(b)) {
			psk_store_free(store);
			store = psk_store_load(path, err, sizeof(err));
		}
	}
	if (store == NULL) {
		bench_fail(b, err);
	} else {
		bench_items(b, (uint64_t)n);
		bench_value(b, "bytes_per_line", (double)psk_store_bytes(store) / (double)n);
	}
	psk_store_free(store);
	(void)unlink(path);
}

void bench_psk_add(void)
{
	static const int64_t lines[] = { 1000, 100000, 1000000 };
	char name[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "psk_load/lines:%d", (int)lines[i]);
		bench_add(name, load, &lines[i], 1);
	}
}
