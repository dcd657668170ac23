/* SPDX-License-Identifier: BSD-3-Clause */
/* The values of --node: the other endpoints of a cluster, and how they are reached. */
#pragma once

#include "options.h"

/* node_spec_parse: "N=ADDR", "N=ADDR:PORT", IPv6 as [ADDR]; NULL, or a static reason. */
const char *node_spec_parse(struct node_spec *out, const char *text);

/* node_specs_add: one more of *n nodes, of which there is room for OPTIONS_NODES_MAX; NULL, or a
 * static reason. */
const char *node_specs_add(struct node_spec *nodes, unsigned *n, const char *text);

/* node_spec_port: the first port that reaches a node: by a network of its own, or by its gateway.
 * OPTIONS_PORTS_MAX: none does. on_link: the node is on that network. from: the port's own address
 * to write to it from. */
struct node_way {
	unsigned port;
	bool on_link;
	uint8_t from[16];
};
struct node_way node_spec_way(const struct port_spec *ports, unsigned n_ports,
			      const struct node_spec *node);

/* node_specs_check: whether what --node and its companions say goes together; NULL, or a static
 * reason and the option it is about. */
const char *node_specs_check(const struct options *opt, const char **option);
