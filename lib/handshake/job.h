/* SPDX-License-Identifier: BSD-3-Clause */
/* Doing a handshake's jobs at once, on the core that asks. */
#pragma once

#include "handshake.h"

/* The stores of a server. find fills psk, psk_len and interned of a JOB_PSK_LOOKUP; psk_len stays
 * 0: unknown. session_find and session_keep do the jobs of these names; NULL: nothing is found or
 * kept. verify_peer does a JOB_VERIFY_PEER; NULL: no certificate is taken. */
struct job_lookup {
	void (*find)(void *arg, struct handshake_job *job);
	void (*session_find)(void *arg, struct handshake_job *job);
	void (*session_keep)(void *arg, struct handshake_job *job);
	void (*verify_peer)(void *arg, struct handshake_job *job);
	void *arg;
};

/* job_run: does a job where it stands; handshake_job_done is the caller's to call. Slow path
 * only. */
void job_run(struct handshake_job *job, const struct job_lookup *lookup);
