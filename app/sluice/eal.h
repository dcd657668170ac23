/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL's command line, made from --port and the layout, or taken from the user and completed.
 *
 * Without EAL arguments of the user's own, all of it is made here, so that nothing is left on disk:
 * several instances run side by side, in one network namespace or in many, a killed one leaves no
 * files behind, and telemetry still has its socket (the second instance's ends in ":1"). With EAL
 * arguments of the user's own, only what --port and --main-core ask for is added to them.
 *
 * No DPDK call is made here. Slow path only.
 */
#pragma once

#include "layout.h"

enum {
	EAL_ARGS_MAX = 128,
	EAL_NAME_MAX = 64,
	EAL_SOCKET_QUEUES_MAX = 128, /* of net_vhost */
};

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX + 1];  /* what rte_eal_init takes; it may reorder it */
	char *owned[EAL_ARGS_MAX + 1]; /* for eal_args_free */
	char text[1024];               /* one line for the log, without argv[0] */
	char warning[256];             /* what the user may want to know; empty: nothing */
	bool huge;                     /* huge pages are used */
};

/*
 * eal_args_make: memory_mb is what pools and tables need; it is allocated at start when there are
 * no huge pages (--test-mode, or too few of them are free). false: err names the port and why.
 * out must be given to eal_args_free either way.
 */
bool eal_args_make(struct eal_args *out, const struct options *opt, const struct layout *layout,
		   unsigned memory_mb, char *err, size_t err_len) MUST_USE;
void eal_args_free(struct eal_args *args);

/* eal_args_add: one more argument; false: there is no room. */
bool eal_args_add(struct eal_args *args, const char *arg) MUST_USE;

/* eal_device_name: the name by which DPDK knows ports[index] of the options; empty for a port that
 * is given by its number. */
void eal_device_name(char out[EAL_NAME_MAX], const struct port_spec *spec, unsigned index);

/* eal_queue_pairs: the queue pairs that a port which cannot have receive and transmit queues apart
 * (all but real NICs) is made with: a transmit queue for every poll core, and what --config says.
 * Receive queues beyond layout.port_queues have to be polled too. */
unsigned eal_queue_pairs(const struct layout *layout, unsigned port);
