/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A handshake core with everything around it, and devices that shake hands with it, as many at once
 * as a batch holds, in lockstep. What the server does is timed, by parts; what devices do is not:
 *
 *   gate       both hellos: parsed, the cookie's MAC
 *   hello      the core's turn on hellos whose cookie verified: slot, table, ServerHello, …
 *   rest       its turn on what devices answer, up to the message that installs the session
 *   install    the owner's part: the session in the store, the pending flow out of its table, and
 *              the session's end
 *   device     not in the total: the devices' own calls, the same code in the other role
 *
 * Outside are frames, checksums and rings between cores: an mbuf lies in its ring when the clock
 * starts.
 */
#pragma once

#include "handshake.h"
#include "stopwatch.h"

enum { HANDSHAKE_WORLD_BATCH = 32 };

enum handshake_part { PART_GATE, PART_HELLO, PART_REST, PART_INSTALL, PART_N };

/* How devices come: what they offer, and how often the same session is resumed. */
struct handshake_mode {
	const char *name;
	uint16_t suite;
	enum ecdhe_group group;    /* suites that agree on a key */
	bool mutual, raw_keys;     /* KX_ECDHE_ECDSA: the device proves itself too; RFC 7250 */
	bool session_ids, tickets; /* what the server gives */
	bool resumed;
};

struct handshake_world;

/* handshake_world_get: made once for each mode and kept; NULL: no memory, or the certificates are
 * not there: those of scripts/make-pki.sh in $SLUICE_PKI, or build/pki. */
struct handshake_world *handshake_world_get(const struct handshake_mode *mode);

/* handshake_world_has_pki: whether there is such a directory. */
bool handshake_world_has_pki(void);
void handshake_world_free_all(void);

/* handshake_world_round: n handshakes at once, n <= HANDSHAKE_WORLD_BATCH, a lap of each watch.
 * false: one did not end in a session as the mode wants it. */
bool handshake_world_round(struct handshake_world *w, unsigned n, struct stopwatch *server,
			   struct stopwatch *device) __attribute__((warn_unused_result));

/* What a handshake takes beside time. */
struct handshake_world_costs {
	unsigned round_trips;               /* until the device may send data */
	unsigned bytes_up, bytes_down;      /* UDP payload, cookie exchange included */
	unsigned state_during, state_after; /* heap, in the midst and for a repeated last flight */
};

/* handshake_world_costs: of one handshake of a batch. false as handshake_world_round. */
bool handshake_world_costs(struct handshake_world *w, struct handshake_world_costs *out)
	__attribute__((warn_unused_result));
