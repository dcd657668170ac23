/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-load. Exit status: 0 all went well; 1 it could not start; 2 usage; 3, 4, 130 see
 * verdict.h.
 */
#include "load_certs.h"
#include "load_eal.h"
#include "mono_clock.h"
#include "run.h"
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2, ERROR_MAX = 512 };

struct program {
	struct load_options opt;
	struct identities *identities; /* NULL: certificates only */
	struct load_certs *certs;      /* NULL: keys only */
	uint16_t cores[LOAD_CORES_MAX];
	bool eal;
	struct run run;
	char err[ERROR_MAX];
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* The second one ends the process at once. */
static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
}

static struct load_port *port_new(void *arg, unsigned index, struct load_share share,
				  uint64_t *impaired, char *err, size_t err_len)
{
	const struct program *p = arg;
	const struct load_options *opt = &p->opt;
	struct load_port *port = opt->kernel ? load_port_kernel_new(opt, share, err, err_len)
					     : load_port_dpdk_new(opt, index, share, err, err_len);
	struct load_port *worse;

	if (port == NULL || (opt->loss <= 0 && opt->reorder <= 0 && opt->duplicate <= 0))
		return port;
	worse = load_port_impair_new(port, opt, opt->seed + index, impaired);
	if (worse == NULL) {
		snprintf(err, err_len, "no memory");
		load_port_free(port);
	}
	return worse;
}

static void credential(void *arg, uint32_t device, struct identity_credential *out)
{
	const struct program *p = arg;

	if (p->identities == NULL)
		*out = (struct identity_credential){ .psk_len = 0 };
	else
		identities_get(p->identities, device, out);
}

static void progress(void *arg, struct fleet *f)
{
	struct program *p = arg;

	p->run.fleet = f;
	run_progress(&p->run);
}

static bool start(struct program *p)
{
	const struct load_options *opt = &p->opt;
	struct fleet_config cfg = {
		.opt = opt,
		.n = opt->kernel ? opt->threads : opt->n_ports,
		.cores = p->cores,
		.port = port_new,
		.credential = credential,
		.certs = p->certs,
		.enter = opt->kernel ? NULL : load_eal_enter,
		.leave = opt->kernel ? NULL : load_eal_leave,
		.progress = progress,
		.arg = p,
		.interrupted = &interrupted,
	};
	char warning[ERROR_MAX] = "";

	if (!load_eal_cores(p->cores, cfg.n, opt, p->err, sizeof(p->err)))
		return false;
	if (!opt->kernel) {
		if (!load_eal_start(opt, warning, p->err, sizeof(p->err)))
			return false;
		p->eal = true;
		if (warning[0] != '\0')
			fprintf(stderr, "sluice-load: %s\n", warning);
	}
	p->run.opt = opt;
	report_progress_begin(&p->run.progress, opt->progress ? stderr : NULL, mono_clock_ns());
	p->run.fleet = fleet_new(&cfg, p->err, sizeof(p->err));
	return p->run.fleet != NULL;
}

static bool load_credentials(struct program *p)
{
	const struct load_options *opt = &p->opt;

	if (load_options_need_keys(opt)) {
		p->identities = identities_new(opt, p->err, sizeof(p->err));
		if (p->identities == NULL)
			return false;
	}
	if (opt->server_ca == NULL && opt->server_keys == NULL)
		return true;
	p->certs = load_certs_load(opt, p->err, sizeof(p->err));
	return p->certs != NULL;
}

static int act(struct program *p)
{
	const struct load_options *opt = &p->opt;
	bool ok;

	ok = load_credentials(p);
	if (ok && opt->action == LOAD_WRITE_PSK)
		ok = identities_write(p->identities, opt->write_psk, p->err, sizeof(p->err));
	else if (ok && start(p))
		return run_action(&p->run);
	else
		ok = false;
	if (ok)
		return EXIT_SUCCESS;
	fprintf(stderr, "sluice-load: %s\n", p->err);
	return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
	static struct program p;
	int rc = EXIT_SUCCESS;

	catch_signals();
	switch (load_options_parse(&p.opt, stdout, stderr, argc, argv)) {
	case OPTIONS_GO:
		rc = act(&p);
		break;
	case OPTIONS_DONE:
		break;
	case OPTIONS_ERROR:
		rc = EXIT_USAGE;
		break;
	}
	fleet_free(p.run.fleet);
	if (p.eal)
		load_eal_stop();
	identities_free(p.identities);
	load_certs_free(p.certs);
	load_options_free(&p.opt);
	return rc;
}
