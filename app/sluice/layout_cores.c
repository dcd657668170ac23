/* SPDX-License-Identifier: BSD-3-Clause */
/* layout_cores: which cores there are. */
#include "layout.h"

#include <sched.h>
#include <stdlib.h>

/* The plain part of EAL's core options: -l 1,3-5, -l1, --lcores 1,3-5, --lcores=1,3-5, -c f0. */
static const char *value_of(const struct options *opt, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < opt->n_eal_args; i++) {
		const char *arg = opt->eal_args[i];

		if (strncmp(arg, name, len) != 0)
			continue;
		if (arg[len] == '\0')
			return i + 1 < opt->n_eal_args ? opt->eal_args[i + 1] : "";
		if (name[1] == '-' && arg[len] == '=')
			return arg + len + 1;
		if (name[1] != '-')
			return arg + len;
	}
	return NULL;
}

static bool parse_mask(struct core_set *out, const char *text)
{
	unsigned long long mask;
	char *end;

	memset(out, 0, sizeof(*out));
	mask = strtoull(text, &end, 16);
	out->bits[0] = mask;
	return end != text && *end == '\0' && mask != 0;
}

static bool from_affinity(struct core_set *out, char *err, size_t err_len)
{
	cpu_set_t *cpus = CPU_ALLOC(8192);
	size_t size = CPU_ALLOC_SIZE(8192);

	memset(out, 0, sizeof(*out));
	if (cpus == NULL || sched_getaffinity(0, size, cpus) != 0) {
		snprintf(err, err_len, "the cores of this process cannot be read");
		CPU_FREE(cpus);
		return false;
	}
	for (unsigned core = 0; core < CORE_MAX; core++) {
		if (CPU_ISSET_S(core, size, cpus))
			core_set_add(out, core);
	}
	CPU_FREE(cpus);
	if (core_set_count(out) > 0)
		return true;
	snprintf(err, err_len, "no core below %d is available", CORE_MAX);
	return false;
}

bool layout_cores(struct core_set *out, const struct options *opt, char *err, size_t err_len)
{
	const char *list = value_of(opt, "-l"), *mask = value_of(opt, "-c");

	if (list == NULL)
		list = value_of(opt, "--lcores");
	if (list == NULL && mask == NULL)
		return from_affinity(out, err, err_len);
	if (list != NULL ? core_set_parse(out, list) : parse_mask(out, mask))
		return true;
	snprintf(err, err_len, "EAL's core list is not a plain one like 1,3-5 (%s)",
		 list != NULL ? list : mask);
	return false;
}
