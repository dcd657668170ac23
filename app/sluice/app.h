/* SPDX-License-Identifier: BSD-3-Clause */
/* The process: everything there is one of, and the cores that share it. */
#pragma once

#include "cluster.h"
#include "control.h"
#include "core.h"
#include "credentials.h"
#include "eal.h"
#include "layout.h"
#include "mesh.h"
#include "options.h"
#include "port.h"
#include "psk_socket.h"
#include "recycler.h"
#include "resumption.h"
#include "review.h"
#include "sample.h"
#include "sink.h"

struct app {
	struct options opt;
	struct layout layout;
	struct credentials credentials;
	struct psk_queue *psk_queue; /* NULL: no --psk-socket */
	struct psk_socket *psk_socket;
	struct resumption resumption; /* --no-resumption: all zero */
	struct cluster cluster;
	struct sink *sink;

	struct eal_args eal;
	unsigned n_ports;
	struct port ports[OPTIONS_PORTS_MAX];
	struct rte_mempool *pool;
	struct rte_mempool *hello_pool; /* for hellos longer than an mbuf of the other */
	struct mesh mesh;
	struct store *store;
	struct table *pending;
	struct post_states *post_states; /* NULL: DTLS 1.3 is not spoken */
	struct recycler *recycler;
	struct review *review;
	const struct cookie_secrets *_Atomic cookie_secrets; /* RCU */

	struct core cores[CORE_MAX]; /* as layout.cores */
	struct aead *aeads[CORE_MAX];
	struct gate *gates[CORE_MAX];
	_Atomic bool serving, draining, stop;
	bool eal_up, has_control;
	pthread_t control;

	uint64_t start_ns;
	struct sample *last_sample; /* of --stats-period */
};

/* app_load: what the options name outside of DPDK: credentials, sink. false: reported on stderr. */
bool app_load(struct app *app);

/* app_start: EAL, pools, ports, rings, cores; prints the layout. false: reported on stderr. */
bool app_start(struct app *app);

/* app_serve: launches the cores and the control thread, and returns when the service has been
 * drained; the process's exit status. */
int app_serve(struct app *app);

/* app_make_cores: what each core of the layout needs for its roles. false: reported on stderr.
 * app_free_cores: gives it back. */
bool app_make_cores(struct app *app);
void app_free_cores(struct app *app);

/* app_failed: reports that something could not be had (err: an errno, of either sign); false. */
bool app_failed(const char *what, int err);

/* app_free: releases whatever there is, in any state. */
void app_free(struct app *app);
