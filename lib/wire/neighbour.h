/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The link address of a host on the same link: asked for, and learned (RFC 826; RFC 4861 §7.2).
 * Bytes only; what an endpoint that is only ever asked does not need. Pure functions; any thread.
 */
#pragma once

#include "frame.h"

enum { NEIGHBOUR_ASK_MAX = 90 };

/*
 * neighbour_ask: an ARP request or neighbour solicitation for target, from an address of host's
 * link; the frame's length, at most NEIGHBOUR_ASK_MAX bytes at out. Both are of one IP version.
 */
size_t neighbour_ask(const struct frame_host *host, const uint8_t from[16],
		     const uint8_t target[16], uint8_t *out);

/*
 * neighbour_learn: whether a frame tells the link address of target, and which it is.
 *
 * ARP of either operation whose sender is target; a neighbour advertisement that is right by RFC
 * 4861 §7.1.2. A group's link address is none.
 */
bool neighbour_learn(const struct frame_host *host, const uint8_t target[16], const uint8_t *frame,
		     size_t len, uint8_t mac[6]);
