/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses as people write them, IPv4-mapped for IPv4. Pure functions; any thread. */
#pragma once

#include "cursor.h"

/* addr_text_ip4, addr_text_ip6: false when it is none. A mapped address is no IPv6 one: it would be
 * an IPv4 address by another name. */
bool addr_text_ip4(uint8_t out[16], const char *text) MUST_USE;
bool addr_text_ip6(uint8_t out[16], const char *text) MUST_USE;

/* addr_text_is_host: an address that a host on a network can have: not unspecified, multicast,
 * broadcast or loopback. */
bool addr_text_is_host(const uint8_t ip[16]);

/* The text of an address, without its brackets when it had some. */
struct addr_text {
	char ip[64];
	bool is_ip6; /* [ADDR] */
};

/* addr_text_split: the first len bytes, "ADDR" or "[ADDR]"; false: neither. */
bool addr_text_split(struct addr_text *out, const char *text, size_t len) MUST_USE;
