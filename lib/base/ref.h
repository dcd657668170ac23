/* SPDX-License-Identifier: BSD-3-Clause */
/* How anything outside the owner core names a session: by value, checked by generation. */
#pragma once

#include <stdint.h>

/* A reference to a session. The owner drops a reference whose generation is not the slot's, so
 * that nothing in flight over a ring reaches the next device in a recycled slot. Generation 0 is
 * never live. */
struct session_ref {
	uint32_t slot;
	uint32_t generation;
};
