/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What devices show of themselves where the server asks for more than a key, and whom they take for
 * the server: one certificate or raw key for the whole fleet, as sluice-load measures what
 * handshakes cost and not how many devices a CA knows. Immutable; any thread.
 */
#pragma once

#include "job.h"
#include "load_options.h"

struct load_certs;

/* load_certs_load: what the options name; NULL and a message in err. Slow path only. */
struct load_certs *load_certs_load(const struct load_options *opt, char *err, size_t err_len);
void load_certs_free(struct load_certs *c); /* NULL allowed */

/* load_certs_own: handshake_config.own_find, its arg a struct load_certs. load_certs_lookup: how
 * their handshakes' jobs are done. */
struct x509_own *load_certs_own(void *arg, const uint8_t *name, size_t len, unsigned kinds);
struct job_lookup load_certs_lookup(struct load_certs *c);
