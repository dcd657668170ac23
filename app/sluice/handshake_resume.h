/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A handshake core's jobs of resumption: sessions from tickets and the cache, and back into them.
 * A session is found when it is not too old and the credential that made it is the one in force, so
 * that a device that was removed, or given another key, does not resume. Owner core only.
 */
#pragma once

#include "credentials.h"
#include "handshake.h"
#include "resumption.h"
#include "status.h"
#include "ticket.h"

struct handshake_resume {
	const struct resumption *resumption; /* NULL: nothing is found or kept */
	const struct credentials *credentials;
	struct status_counts *counts;
	struct ticket_cipher *cipher;
	bool asks;             /* --psk-socket may know identities that credentials do not */
	uint64_t now_s, utc_s; /* of the present turn */
	uint64_t key_changes;  /* that the cipher has heard of */
};

/* handshake_resume_init: false without memory. handshake_resume_free: in any state. */
bool handshake_resume_init(struct handshake_resume *r);
void handshake_resume_free(struct handshake_resume *r);

/* handshake_resume_answer: goes on with a job of which handshake_resume_find left the rest for
 * later, with the key of the session's identity; len 0: there is none. Inside RCU read side. */
void handshake_resume_answer(struct handshake_resume *r, struct handshake_job *job,
			     const uint8_t *key, size_t len);

/* handshake_resume_turn: each turn, with or without handshakes: the times by a clock that only
 * moves forward and by UTC. Keys that were replaced since are wiped here. */
void handshake_resume_turn(struct handshake_resume *r, uint64_t now_s, uint64_t utc_s);

/* handshake_resume_find, handshake_resume_keep: JOB_SESSION_FIND and JOB_SESSION_KEEP; what is not
 * found is counted. Inside RCU read side. */
void handshake_resume_find(struct handshake_resume *r, struct handshake_job *job);
void handshake_resume_keep(struct handshake_resume *r, struct handshake_job *job);
