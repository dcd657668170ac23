/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole fleet: its generator cores, each in a thread of its own, and what they are told to do.
 * Slow path only; one thread calls.
 */
#pragma once

#include "generator.h"

#include <signal.h>

struct fleet;

struct fleet_config {
	const struct load_options *opt;
	unsigned n;            /* generator cores */
	const uint16_t *cores; /* their CPUs */
	/* The port of core index, for a share of the devices; counts what it impairs. NULL: err. */
	struct load_port *(*port)(void *arg, unsigned index, struct load_share share,
				  uint64_t *impaired, char *err, size_t err_len);
	void (*credential)(void *arg, uint32_t device, struct identity_credential *out);
	struct load_certs *certs; /* NULL: none */
	/* What a thread does first and last, as DPDK's; NULL: nothing. */
	bool (*enter)(void);
	void (*leave)(void);
	void (*progress)(void *arg, struct fleet *f); /* every second of a task; NULL: nothing */
	void *arg;
	const volatile sig_atomic_t *interrupted; /* ends a task early; NULL: never */
};

/* fleet_new: ports, memory, threads; nothing is sent yet. NULL: err. fleet_free ends the threads.
 */
struct fleet *fleet_new(const struct fleet_config *cfg, char *err, size_t err_len) MUST_USE;
void fleet_free(struct fleet *f);

enum fleet_end {
	FLEET_DONE,
	FLEET_GAVE_UP,     /* establishing: most handshakes fail */
	FLEET_INTERRUPTED, /* *interrupted */
};

/* fleet_do: gives every core a task and waits until all are through with it. The order's rate is
 * the whole fleet's; its times are those of mono_clock_ns. */
enum fleet_end fleet_do(struct fleet *f, const struct generator_order *order) MUST_USE;

/* fleet_total: counts since the start, latencies of the measured time, sessions now. Any time. */
void fleet_total(const struct fleet *f, struct load_result *out);

/* fleet_measured: the measured time of the last LOAD or HANDSHAKES, which is done. */
void fleet_measured(const struct fleet *f, struct load_result *out);

/* fleet_cost: of the handshakes of a suite (as suite_at has it) since the start. */
void fleet_cost(const struct fleet *f, size_t suite, enum connect_mode mode,
		struct connect_cost *out);

/* fleet_storm: what the storm of the load did; any time. */
void fleet_storm(const struct fleet *f, struct storm_result *out);

/* fleet_failure: why a handshake failed; false: none did. */
bool fleet_failure(const struct fleet *f, enum status *out) MUST_USE;
