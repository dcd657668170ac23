/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many handshakes each source may begin, so that one that begins them for nothing leaves a core
 * time for everybody else's (bad-input N2, E4).
 *
 * A source is an address, and also the network it is in: a /24 of IPv4, a /56 of IPv6. Each has a
 * bucket of tokens, and a full handshake takes one of both. What a second brings is never less than
 * was configured; as long as the core keeps up it is as much as 4,096 times that, and while it does
 * not, it sinks for all sources alike. So sources that want little get all of it, the others share
 * what is left, and a fleet behind one address has the whole core when nobody else wants it. See
 * docs/decisions/admission.md.
 *
 * A source without tokens may still resume sessions: it can owe as many tokens as its bucket holds,
 * and seven eighths of each come back when the handshake is complete.
 *
 * The buckets are a fixed table by keyed hash, in which each source has two places that both would
 * have to be used up by others: nobody can choose whose he shares, and memory does not grow with
 * the sources. One core.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HANDSHAKE_RATE_PLACES = 8192, HANDSHAKE_RATE_LEVELS = 2, HANDSHAKE_RATE_ROWS = 2 };

struct handshake_rate;

/* Where the buckets of a source are. */
struct handshake_rate_source {
	uint16_t at[HANDSHAKE_RATE_LEVELS][HANDSHAKE_RATE_ROWS];
};

enum handshake_rate_answer {
	RATE_REFUSED,
	RATE_RESUME, /* only a session that is found */
	RATE_GRANTED,
};

/* handshake_rate_new: full handshakes a second that an address, and a network, always get; 0: any
 * number. NULL without memory or randomness. */
struct handshake_rate *handshake_rate_new(uint32_t per_address, uint32_t per_network);
void handshake_rate_free(struct handshake_rate *r);

/* handshake_rate_turn: once a turn of the core. kept_up: nothing that it could not take was left
 * waiting for it, and handshakes under way are few. */
void handshake_rate_turn(struct handshake_rate *r, uint64_t now_ns, bool kept_up);

/* handshake_rate_prefetch: an address's buckets on their way, for a handshake_rate_take some
 * hundred cycles later. */
void handshake_rate_prefetch(const struct handshake_rate *r, const uint8_t remote_ip[16]);

/* handshake_rate_take: an address asks for a handshake, and pays for a full one unless refused. */
enum handshake_rate_answer handshake_rate_take(struct handshake_rate *r,
					       const uint8_t remote_ip[16],
					       struct handshake_rate_source *out);

/* handshake_rate_resumed: it is complete, and was not a full one. */
void handshake_rate_resumed(struct handshake_rate *r, const struct handshake_rate_source *source);
