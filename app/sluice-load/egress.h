/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bounded queue in front of the port. What the port does not take at once is offered again in
 * order; what does not fit the queue any more is dropped and counted, as a link would: an open loop
 * does not slow down for a peer that is slow to read. Owner core only.
 */
#pragma once

#include "load_port.h"
#include "load_result.h"

enum { EGRESS_MAX = 1024 };

struct egress {
	struct load_port *port;
	struct load_counts *counts; /* tx_… */
	unsigned at, n;             /* bufs[at .. at + n) wait */
	struct load_buffer *bufs[EGRESS_MAX];
};

/* egress_put: takes the datagrams over. */
void egress_put(struct egress *e, struct load_buffer **bufs, unsigned n);

/* egress_flush: offers what waits. */
void egress_flush(struct egress *e);

/* egress_drop: releases what waits. */
void egress_drop(struct egress *e);

/* egress_room: datagrams that could be put now without a loss. */
static inline unsigned egress_room(const struct egress *e) { return EGRESS_MAX - e->n; }
