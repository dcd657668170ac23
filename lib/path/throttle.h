/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bounds on what unauthenticated bytes can make a poll core do. Inside lib/path only.
 *
 * Forged records: a session that saw THROTTLE_FREE forgeries and nothing genuine since is suspect.
 * Records of suspect sessions are tried only while their source's bucket has a token; one genuine
 * record clears the suspicion. A source has two buckets: records whose number is a little ahead of
 * the newest one (what a live peer sends) do not queue behind numbers that were made up, so an
 * attacker who cannot see the device's traffic does not shut it out. Sessions are never closed, nor
 * their windows moved, for forgeries: docs/decisions/forged-records.md.
 *
 * Without forgeries in the last THROTTLE_MEMORY_NS all of this is one comparison.
 *
 * Owner core only.
 */
#pragma once

#include "ref.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	THROTTLE_FREE = 16,    /* forgeries before a session is suspect */
	THROTTLE_AHEAD = 64,   /* numbers ahead of the newest that count as plausible */
	THROTTLE_FLOWS = 1024, /* sessions under suspicion remembered; powers of two */
	THROTTLE_SOURCES = 1024,
	THROTTLE_RATE = 1000, /* a second: forgeries of a source; answers to ARP, ND and echo */
	/* a second, of a source: alerts to hellos without a cookie; handshakes' ends that come
	 * again, of which all sources together have THROTTLE_LATE_ALL */
	THROTTLE_ALERTS = 100,
	THROTTLE_LATE = 100,
	THROTTLE_LATE_ALL = 10000,
	/* a second, of a session: records for its handshake core */
	THROTTLE_POST = 200,
};

#define THROTTLE_MEMORY_NS UINT64_C(10000000000)

/* A token bucket. All zero is a full one, once the clock shows more than its burst lasts. */
struct throttle_bucket {
	uint64_t empty_ns; /* the time at which it was, or would have been, empty */
};

/* throttle_take: a token, of rate a second, at most a tenth of a second's worth (but 16) at once.
 */
bool throttle_take(struct throttle_bucket *b, uint32_t rate, uint64_t now_ns);

/* throttle_take_of: the same of a bucket that holds so many tokens. */
bool throttle_take_of(struct throttle_bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ns);

/* Buckets of sources. Which ones share one, a seed decides: a source uses up its own, and by
 * accident those of a thousandth of the others. */
struct throttle_sources {
	uint32_t seed;
	struct throttle_bucket buckets[THROTTLE_SOURCES];
};

/* throttle_sources_init: all full. throttle_source_take: throttle_take of a source's bucket. */
void throttle_sources_init(struct throttle_sources *s, uint32_t seed);
bool throttle_source_take(struct throttle_sources *s, const uint8_t remote_ip[16], uint32_t rate,
			  uint64_t now_ns);

/* throttle_session_take: the same of a session's bucket. */
bool throttle_session_take(struct throttle_sources *s, struct session_ref ref, uint32_t rate,
			   uint64_t now_ns);

/* What is remembered of one session's forgeries. */
struct throttle_flow {
	struct session_ref ref;
	uint64_t last_ns;
	uint32_t forged;
};

struct throttle {
	uint64_t active_until_ns;
	struct throttle_flow flows[THROTTLE_FLOWS];
	struct throttle_sources sources[2]; /* of numbers made up, and of plausible ones */
};

/* throttle_init: seed keys the choice of buckets. */
void throttle_init(struct throttle *t, uint32_t seed);

/* throttle_active: whether anything was forged lately; the others need not be called if not. */
static inline bool throttle_active(const struct throttle *t, uint64_t now_ns)
{
	return now_ns < t->active_until_ns;
}

/* throttle_allows: whether to try a record from this address; plausible: its number is at most
 * THROTTLE_AHEAD ahead of the newest. */
bool throttle_allows(struct throttle *t, uint64_t now_ns, struct session_ref ref,
		     const uint8_t remote_ip[16], bool plausible);

/* throttle_forged, throttle_genuine: a record's tag did not verify; it did. */
void throttle_forged(struct throttle *t, uint64_t now_ns, struct session_ref ref);
void throttle_genuine(struct throttle *t, struct session_ref ref);
