/* SPDX-License-Identifier: BSD-3-Clause */
/* What devices remember of sessions to resume them: 104 bytes a device and its ticket, with
 * DTLS 1.3 208. Owner core only. */
#pragma once

#include "handshake.h"

struct resume {
	uint32_t n;
	struct handshake_session
		*sessions; /* by device, tickets in memory of their own; NULL: off */
	struct handshake_session
		*bases; /* DTLS 1.3: of live sessions: what their tickets stand on */
};

/* resume_init: of n devices, whose sessions are of DTLS 1.3 or not. false without memory. Slow path
 * only. */
bool resume_init(struct resume *r, uint32_t n, bool is_13) MUST_USE;

/* resume_free: wipes the secrets. Slow path only. */
void resume_free(struct resume *r);

/* resume_keep: what a handshake that is done can be resumed with, in place of what was there.
 * resume_ticket: the same with a handshake record of a live session of DTLS 1.3, if it is a ticket.
 */
void resume_keep(struct resume *r, uint32_t device, const struct handshake *h);
void resume_ticket(struct resume *r, uint32_t device, uint64_t now_ns, const uint8_t *text,
		   size_t len);

/* resume_offer: before the first hello. false: nothing is known that can be offered. */
bool resume_offer(const struct resume *r, uint32_t device, struct handshake *h) MUST_USE;
