/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which address and UDP port a device of the fleet has, and whose an address and port are: by
 * arithmetic, so that a million devices cost no table. Pure functions; any thread.
 *
 * Addresses are counted in their lower eight bytes, ports from first_port to last_port.
 */
#pragma once

#include "load_port.h"

static inline uint32_t load_sources_ports(const struct load_sources *s)
{
	return (uint32_t)(s->last_port - s->first_port) + 1;
}

/* load_sources_check: NULL, or why these cannot be the sources of so many devices; static. */
static inline const char *load_sources_check(const struct load_sources *s, uint32_t devices)
{
	const uint64_t first = flow_ip_is_mapped(s->first_ip) ? bytes_u32(s->first_ip + 12)
							      : bytes_u64(s->first_ip + 8);
	const uint64_t last = flow_ip_is_mapped(s->first_ip) ? UINT32_MAX : UINT64_MAX;

	if (s->n_addrs == 0)
		return "no addresses";
	if (s->first_port == 0 || s->last_port < s->first_port)
		return "no ports";
	if (last - first < s->n_addrs - 1)
		return "the addresses end before their number";
	return (uint64_t)s->n_addrs * load_sources_ports(s) < devices ? "fewer than devices" : NULL;
}

/* load_sources_at: the address and port of a device. */
static inline void load_sources_at(const struct load_sources *s, uint32_t device, uint8_t ip[16],
				   uint16_t *port)
{
	const uint32_t ports = load_sources_ports(s);

	bytes_put_raw64(ip, bytes_raw64(s->first_ip));
	bytes_put_u64(ip + 8, bytes_u64(s->first_ip + 8) + device / ports);
	*port = (uint16_t)(s->first_port + device % ports);
}

/* load_sources_find: the device that has this address and port; LOAD_NO_DEVICE: none. */
static inline uint32_t load_sources_find(const struct load_sources *s, const uint8_t ip[16],
					 uint16_t port)
{
	const uint64_t addr = bytes_u64(ip + 8) - bytes_u64(s->first_ip + 8);

	if (bytes_raw64(ip) != bytes_raw64(s->first_ip) || addr >= s->n_addrs ||
	    port < s->first_port || port > s->last_port)
		return LOAD_NO_DEVICE;
	return (uint32_t)addr * load_sources_ports(s) + (port - s->first_port);
}
