/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many handshakes each source prefix has under way, so that one network whose hosts start
 * handshakes and leave them does not take all slots from everybody else (bad-input N2); and
 * likewise how many of the questions that they ask (psk_queue.h), which nobody takes back.
 *
 * A prefix is a /24 of IPv4 or a /56 of IPv6. Half of all slots are one prefix's share: a fleet
 * behind one NAT is legitimate, and reconnects all at once. The counts are a fixed table by keyed
 * hash: nobody can choose whose count he shares, and memory does not grow with the sources.
 * One core.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HANDSHAKE_SHARE_COUNTS = 4096 };

struct handshake_share;

/* handshake_share_new: for max of them in total; NULL without memory or randomness. */
struct handshake_share *handshake_share_new(uint32_t max);
void handshake_share_free(struct handshake_share *s);

/* handshake_share_take: counts one from an address; *out names its count. false: the prefix has its
 * share under way already. */
bool handshake_share_take(struct handshake_share *s, const uint8_t remote_ip[16], uint16_t *out)
	__attribute__((warn_unused_result));

/* handshake_share_give: that one is over. */
void handshake_share_give(struct handshake_share *s, uint16_t count);
