/* SPDX-License-Identifier: BSD-3-Clause */
#include "benches.h"

#include "aead.h"
#include "version.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <rte_version.h>

/* The value of the first line of a file that begins with key (key "": the first line). */
static bool file_value(const char *path, const char *key, char *out, size_t len)
{
	FILE *f = fopen(path, "re");
	char line[4096];
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		char *value = line;

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		if (*key != '\0' && (value = strchr(line, ':')) != NULL)
			value++;
		if (value == NULL)
			continue;
		value += strspn(value, " \t");
		value[strcspn(value, "\n")] = '\0';
		snprintf(out, len, "%s", value);
		found = true;
	}
	(void)fclose(f);
	return found;
}

static void add_file(const char *name, const char *path, const char *key)
{
	char value[1024];

	bench_context(name, file_value(path, key, value, sizeof(value)) ? value : "not known");
}

/* Of the hundred flags those that choose code paths here. */
static void add_cpu_flags(void)
{
	static const char *const wanted[] = { "aes",      "pclmulqdq", "avx2",   "avx512f",
					      "avx512bw", "vaes",      "sha_ni", "vpclmulqdq",
					      "gfni",     "hypervisor" };
	char value[4096], flags[sizeof(value) + 2], have[256] = "", padded[32];
	size_t at = 0;

	if (!file_value("/proc/cpuinfo", "flags", value, sizeof(value)))
		return;
	snprintf(flags, sizeof(flags), " %s ", value);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		snprintf(padded, sizeof(padded), " %s ", wanted[i]);
		if (strstr(flags, padded) != NULL)
			at += (size_t)snprintf(have + at, sizeof(have) - at, "%s ", wanted[i]);
	}
	bench_context("cpu_flags", have);
}

static void add_command(int argc, char **argv)
{
	char line[1024] = "";
	size_t at = 0;

	for (int i = 0; i < argc && at < sizeof(line); i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s", i ? " " : "", argv[i]);
	bench_context("command", line);
}

static void add_versions(void)
{
	struct aead *a = aead_new(AEAD_ENGINE_AUTO);
	struct utsname u;

	bench_context("sluice", SLUICE_VERSION);
	bench_context("dpdk", rte_version());
	bench_context("ipsec_mb", imb_get_version_str());
	bench_context("libcrypto", OpenSSL_version(OPENSSL_VERSION));
	bench_context("aead_auto", a != NULL ? aead_name(a) : "none");
	bench_context("compiler", __VERSION__);
#ifdef BENCH_BUILD
	bench_context("build", BENCH_BUILD);
#endif
	if (uname(&u) == 0)
		bench_context("kernel", u.release);
	aead_free(a);
}

void context_add(int argc, char **argv)
{
	add_command(argc, argv);
	add_file("cpu_model", "/proc/cpuinfo", "model name");
	add_file("microcode", "/proc/cpuinfo", "microcode");
	add_cpu_flags();
	add_file("governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "");
	add_file("l3_cache", "/sys/devices/system/cpu/cpu0/cache/index3/size", "");
	add_file("cpus", "/sys/devices/system/cpu/online", "");
	add_file("load_average", "/proc/loadavg", "");
	add_file("smt", "/sys/devices/system/cpu/smt/control", "");
	add_file("kernel_cmdline", "/proc/cmdline", "");
	add_file("transparent_hugepages", "/sys/kernel/mm/transparent_hugepage/enabled", "");
	add_file("transparent_hugepages_defrag", "/sys/kernel/mm/transparent_hugepage/defrag", "");
	add_file("memory", "/proc/meminfo", "MemTotal");
	add_file("hugepages_total", "/proc/meminfo", "HugePages_Total");
	add_file("hugepages_free", "/proc/meminfo", "HugePages_Free");
	add_versions();
}
