/* SPDX-License-Identifier: BSD-3-Clause */
/* The values of --port and --listen. */
#pragma once

#include "options.h"

/* port_spec_parse: "DEV,ip=…,…"; NULL, or a static reason. */
const char *port_spec_parse(struct port_spec *out, const char *text);

/* port_specs_add: one more of *n ports, of which there is room for OPTIONS_PORTS_MAX; NULL, or a
 * static reason. */
const char *port_specs_add(struct port_spec *ports, unsigned *n, const char *text);

/* listen_spec_parse: "ADDR:PORT", "[ADDR]:PORT" or ":PORT"; NULL, or a static reason. */
const char *listen_spec_parse(struct listen_spec *out, const char *text);

/* port_spec_has: whether an address is one of the port's. */
bool port_spec_has(const struct port_spec *spec, const uint8_t ip[16]);

/* port_specs_check: whether ports can be had together; NULL, or a static reason and the device it
 * is about (NULL: none). */
const char *port_specs_check(const struct port_spec *ports, unsigned n, bool has_eal_args,
			     const char **dev);
