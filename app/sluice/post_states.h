/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sessions of DTLS 1.3 go on from (struct post_handshake), packed, by the number of their slot
 * in the store: 80 bytes a session, 112 where its hash is SHA-384; memory that no session of 1.3
 * came to is not touched. Traffic secrets are in it: core files do not have it.
 *
 * A slot's entry belongs to the handshake core that made its session, as long as that is live:
 * asked inside RCU read side, so that the slot is not another's before the core's next quiescent
 * state. When the session has ended and a grace period has passed, the control thread wipes it
 * (recycler.h), and only then the slot is used again.
 */
#pragma once

#include "post_handshake.h"
#include "ref.h"

struct post_states;

/* post_states_new: for sessions in n slots; NULL without memory. Slow path only. */
struct post_states *post_states_new(uint32_t n);
void post_states_free(struct post_states *s);

/* post_states_load: what a live session goes on from, without a flight; *flight is what was saved
 * with it. false: nothing was. post_states_save: flight names the caller's flight, below 2^22. The
 * handshake core of the session only, see above. */
bool post_states_load(const struct post_states *s, struct session_ref ref,
		      const struct suite *suite, struct post_handshake *out,
		      uint32_t *flight) MUST_USE;
void post_states_save(struct post_states *s, struct session_ref ref, const struct suite *suite,
		      const struct post_handshake *p, uint32_t flight);

/* post_states_wipe: of slots whose sessions are gone. Control thread only, see above. */
void post_states_wipe(struct post_states *s, const uint32_t *slots, size_t n);
