/* SPDX-License-Identifier: BSD-3-Clause */
/* What devices remember of sessions to resume them: 104 bytes a device and its ticket. Owner core
 * only. */
#pragma once

#include "handshake.h"

struct resume {
	uint32_t n;
	struct handshake_session
		*sessions; /* by device, tickets in memory of their own; NULL: off */
};

/* resume_init: of n devices. false without memory. Slow path only. */
bool resume_init(struct resume *r, uint32_t n) MUST_USE;

/* resume_free: wipes the secrets. Slow path only. */
void resume_free(struct resume *r);

/* resume_keep: what a handshake that is done can be resumed with, in place of what was there. */
void resume_keep(struct resume *r, uint32_t device, const struct handshake *h);

/* resume_offer: before the first hello. false: nothing is known that can be offered. */
bool resume_offer(const struct resume *r, uint32_t device, struct handshake *h) MUST_USE;
