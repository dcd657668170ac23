/* SPDX-License-Identifier: BSD-3-Clause */
/* The PRFs of many handshakes, done together (prf_batch.h). Owner core only. */
#pragma once

#include "handshake.h"
#include "prf_batch.h"

struct job_batch;

/* job_batch_new: NULL without memory. Slow path only. job_batch_free: NULL allowed. */
struct job_batch *job_batch_new(void);
void job_batch_free(struct job_batch *b);

/* job_batch_prfs: does every JOB_PRF of n handshakes, n <= PRF_BATCH_MAX, and those that follow
 * from them, until none of the handshakes waits for one. Other jobs stay. */
void job_batch_prfs(struct job_batch *b, struct handshake *const *handshakes, size_t n,
		    uint64_t now_ns);
