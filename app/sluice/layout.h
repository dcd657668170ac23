/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which core does what: poll cores with their receive queues, handshake cores, workers. Computed
 * from the options and the cores there are, before any port is opened. Slow path only.
 *
 * What the options leave open:
 *   cores        roles
 *   1            everything on it
 *   2            poll | handshake and worker
 *   3            poll | handshake | worker
 *   n >= 4       n/2 poll cores, one handshake core for every four, the others workers
 * Every poll core has a queue on every port. With --config, --workers or --handshake-cores the
 * roles not spoken for go to the cores without one, and where there are none, to the cores that
 * are there. The first core is the main lcore, unless --main-core says otherwise.
 */
#pragma once

#include "options.h"

enum layout_role { LAYOUT_POLL = 1, LAYOUT_HANDSHAKE = 2, LAYOUT_WORKER = 4 };

enum {
	LAYOUT_NONE = 0xff,
	LAYOUT_ROLE_MAX = 64, /* cores of one role */
};

struct layout_core {
	uint16_t lcore;
	uint8_t roles; /* enum layout_role, or'ed; 0: the main lcore alone may have none */
	/* Its number among the poll, handshake and worker cores, LAYOUT_NONE if it is not one. */
	uint8_t poll, handshake, worker;
	int16_t socket;                 /* NUMA node; -1: unknown */
	uint16_t first_queue, n_queues; /* its receive queues in layout.queues */
};

struct layout_queue {
	uint16_t port, queue; /* port: index into options.ports */
	uint16_t lcore;
};

struct layout {
	struct layout_core cores[CORE_MAX]; /* by ascending lcore; main among them */
	unsigned n_cores;
	struct layout_queue queues[OPTIONS_QUEUES_MAX]; /* by lcore, port, queue */
	unsigned n_queues;
	/* Indexes into cores, by the numbers above. */
	uint8_t poll[CORE_MAX], handshake[CORE_MAX], worker[CORE_MAX];
	unsigned n_poll, n_handshake, n_worker;
	uint16_t port_queues[OPTIONS_PORTS_MAX]; /* receive queues a port needs */
	uint16_t main_lcore;
	bool explicit_queues; /* --config said so */
};

/* layout_cores: the cores this process may use: of EAL's own arguments where they name some (-l,
 * -c, --lcores with a plain list), otherwise of the scheduler's affinity. false: err says why. */
bool layout_cores(struct core_set *out, const struct options *opt, char *err,
		  size_t err_len) MUST_USE;

/* layout_make: the layout; false when the options contradict each other or the cores: err then
 * names the option, and port, queue and lcore. */
bool layout_make(struct layout *out, const struct options *opt, const struct core_set *available,
		 char *err, size_t err_len) MUST_USE;

/* layout_limit_queues: a port turned out to have only max receive queues (at least 1). What was
 * chosen here is cut; what --config asked for is an error. Cores that lose their last queue stay
 * poll cores. */
bool layout_limit_queues(struct layout *l, unsigned port, unsigned max, char *err,
			 size_t err_len) MUST_USE;

/* layout_tx_queue: the transmit queue of a poll core (by its number) on a port that has n of them;
 * LAYOUT_NO_TX_QUEUE: none. No two cores share one. Where there are too few, the cores that poll
 * the port come first, for they are the ones that answer there. */
enum { LAYOUT_NO_TX_QUEUE = 0xffff };
uint16_t layout_tx_queue(const struct layout *l, unsigned port, unsigned poll, unsigned n);

/* layout_lcores: all cores in use, for EAL's -l. */
struct core_set layout_lcores(const struct layout *l);

/* layout_role_text: a core's roles as "main+poll+worker" into out; returns where the text begins.
 */
const char *layout_role_text(char *out, size_t len, const struct layout *l,
			     const struct layout_core *core);

/* What only an opened port can tell; NULL fields print as "-". */
struct layout_port_info {
	const char *rss;      /* "udp", "off", … */
	const char *offloads; /* "rx-udp tx-udp", "none", … */
};

/* layout_print: the start-up table. info has a row a port, or is NULL before ports are opened. */
void layout_print(FILE *out, const struct layout *l, const struct options *opt,
		  const struct layout_port_info *info);
