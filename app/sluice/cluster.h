/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection IDs of the process, and the other endpoints that have their key. Slow path only. */
#pragma once

#include "cid.h"
#include "forward_nodes.h"
#include "options.h"

struct cluster {
	struct cid_key key; /* len 0: devices get no connection IDs */
	struct cid_issuer issuer;
	struct forward_nodes nodes; /* with --node */
};

/* cluster_init: reads the key, or makes one; opt is one that options_parse has accepted. false: why
 * is in err. */
bool cluster_init(struct cluster *c, const struct options *opt, char *err, size_t err_len) MUST_USE;

/* cluster_free: wipes, and does so in any state. */
void cluster_free(struct cluster *c);
