/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_eal.h"

#include "eal.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

enum { MBUF_BYTES = RTE_MBUF_DEFAULT_BUF_SIZE + 512, BESIDE_MB = 64, BESIDE_QUEUES = 8191 };

/* What the endpoint's modules want to know of the options. */
static void translate(struct options *out, const struct load_options *opt)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->ports, opt->ports, sizeof(out->ports));
	out->n_ports = opt->n_ports;
	out->main_core = OPTIONS_NO_CORE;
	out->log_level = LOG_LEVEL_WARNING;
	out->rxd = opt->rxd;
	out->txd = opt->txd;
	out->test_mode = opt->test_mode;
	out->has_eal_args = opt->has_eal_args;
	out->n_eal_args = opt->n_eal_args;
	out->eal_args = opt->eal_args;
}

uint32_t load_eal_mbufs(const struct load_options *opt)
{
	return RTE_MAX((uint32_t)opt->rxd, (uint32_t)PORT_RXD_DEFAULT) +
	       RTE_MAX((uint32_t)opt->txd, (uint32_t)PORT_TXD_DEFAULT) + BESIDE_QUEUES;
}

static bool cores_of(uint16_t *cores, unsigned n, const struct options *opt,
		     const struct core_set *wanted, char *err, size_t err_len)
{
	struct core_set available, use, missing;
	char have[CORE_SET_TEXT_MAX];
	unsigned core = 0;

	if (!layout_cores(&available, opt, err, err_len))
		return false;
	use = core_set_count(wanted) > 0 ? *wanted : available;
	missing = core_set_minus(&use, &available);
	if (core_set_count(&missing) > 0 || core_set_count(&use) < n) {
		snprintf(err, err_len, "--cores: %u wanted, %s allowed", n,
			 core_set_print(have, &available));
		return false;
	}
	for (unsigned i = 0; i < n; i++, core++) {
		core = core_set_next(&use, core);
		cores[i] = (uint16_t)core;
	}
	return true;
}

bool load_eal_cores(uint16_t *cores, unsigned n, const struct load_options *opt, char *err,
		    size_t err_len)
{
	static struct options as;

	translate(&as, opt);
	return cores_of(cores, n, &as, &opt->cores, err, err_len);
}

/* One lcore, whose thread is the caller; every port has one queue pair. */
static void one_lcore(struct layout *l, const struct options *opt, uint16_t core)
{
	memset(l, 0, sizeof(*l));
	l->n_cores = 1;
	l->cores[0].lcore = core;
	l->main_lcore = core;
	l->n_poll = 1;
	for (unsigned i = 0; i < opt->n_ports; i++)
		l->port_queues[i] = 1;
}

/* EAL pins its caller to the main lcore, where a generator core works already. */
static int init(struct eal_args *args)
{
	cpu_set_t before;
	const bool known = sched_getaffinity(0, sizeof(before), &before) == 0;
	int rc;

	signal(SIGPIPE, SIG_IGN); /* virtio_user's, when its peer goes away */
	rc = rte_eal_init(args->argc, args->argv);
	if (known)
		(void)sched_setaffinity(0, sizeof(before), &before);
	return rc;
}

bool load_eal_start(const struct load_options *opt, char *warning, char *err, size_t len)
{
	static struct options as;
	static struct layout layout;
	static struct eal_args args; /* EAL keeps its strings */
	const unsigned memory_mb =
		BESIDE_MB +
		(unsigned)((size_t)opt->n_ports * load_eal_mbufs(opt) * MBUF_BYTES >> 20);
	uint16_t core;

	translate(&as, opt);
	warning[0] = '\0';
	if (!cores_of(&core, 1, &as, &opt->cores, err, len))
		return false;
	one_lcore(&layout, &as, core);
	if (!eal_args_make(&args, &as, &layout, memory_mb, err, len))
		return false;
	/* Its counters are its own; the endpoint's socket is not to be taken by its generator. */
	if (!opt->has_eal_args && !eal_args_add(&args, "--no-telemetry")) {
		snprintf(err, len, "too many EAL arguments");
		return false;
	}
	snprintf(warning, len, "%s", args.warning);
	if (init(&args) >= 0)
		return true;
	snprintf(err, len, "EAL: %s (arguments: %s)", rte_strerror(rte_errno), args.text);
	return false;
}

bool load_eal_enter(void) { return rte_thread_register() == 0; }

void load_eal_leave(void) { rte_thread_unregister(); }

void load_eal_stop(void) { (void)rte_eal_cleanup(); }
