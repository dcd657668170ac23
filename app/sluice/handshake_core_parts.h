/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A handshake core in memory, and what its parts ask of each other. Private to handshake_core.c and
 *
 *   handshake_hello.c   who may begin a handshake: slots, shares, rates
 *   handshake_work.c    what an input sets off: jobs, output, the end
 *   handshake_ask.c     jobs that wait for an answer of --psk-socket
 *   handshake_post.c    sessions of DTLS 1.3: new keys, tickets
 *   handshake_cids.c    and their connection IDs
 *
 * Owner core only, inside RCU read side.
 */
#pragma once

#include "deadline.h"
#include "handshake_core.h"
#include "handshake_memory.h"
#include "handshake_post.h"
#include "handshake_resume.h"
#include "handshake_send.h"
#include "handshake_share.h"
#include "job.h"
#include "job_batch.h"
#include "random.h"

enum { HANDSHAKE_TOUCHED_MAX = PRF_BATCH_MAX };

struct handshake_core {
	struct handshake_core_config cfg;
	struct handshake_config handshake;
	struct job_lookup lookup;
	struct handshake_slots *slots;
	struct handshake_share *share; /* of each source prefix in the slots */
	/* and in questions to --psk-socket, which may be open for longer */
	struct handshake_share *question_share;
	struct handshake_rate *rate; /* of each source */
	struct deadlines *deadlines; /* by slot, and behind them by flight of post */
	struct handshake_post post;
	struct handshake_send send;
	struct handshake_resume resume;
	struct job_batch *batch;
	struct random_pool random;
	struct handshake_memory memory;
	/* What this turn set off and is not settled yet: no slot twice. */
	struct handshake_slot *touched[HANDSHAKE_TOUCHED_MAX];
	unsigned n_touched;
	unsigned next_ring;
	uint64_t public_keys_until_ns;
	struct status_counts counts;
	struct handshake_core_stats stats;
};

static inline void handshake_core_count(struct handshake_core *hc, enum status status)
{
	status_add(&hc->counts, status, 1);
}

/* handshake_hello: a hello whose cookie verified. */
void handshake_hello(struct handshake_core *hc, struct rte_mbuf *mbuf, uint64_t now_ns);

/* handshake_work_init: whom jobs and handshakes turn to. */
void handshake_work_init(struct handshake_core *hc);

/* handshake_work_input: a datagram for the handshake of a slot. handshake_work_touch: an input or a
 * timer has set something off. */
void handshake_work_input(struct handshake_core *hc, struct handshake_slot *slot,
			  struct rte_mbuf *mbuf, uint64_t now_ns);
void handshake_work_touch(struct handshake_core *hc, struct handshake_slot *slot);

/* handshake_work_settle: everything that was set off. PRFs go first and together; what needs no
 * more than those does not wait for slower jobs. */
void handshake_work_settle(struct handshake_core *hc, uint64_t now_ns);

/* handshake_work_slot: the slot that a reference names, settled: a second message of a turn finds
 * the first one's consequences. */
struct handshake_slot *handshake_work_slot(struct handshake_core *hc, struct session_ref ref,
					   uint64_t now_ns);

/* handshake_work_job_done: a job has its result; whether its handshake goes on. */
bool handshake_work_job_done(struct handshake_core *hc, struct handshake_slot *slot,
			     uint64_t now_ns);

/* handshake_ask: asks for the key of the identity that a job is about; false: it is not to be had.
 * handshake_ask_fill_in: the answer, for a job that asked or would have; len 0: there is no key. */
bool handshake_ask(struct handshake_core *hc, struct handshake_slot *slot,
		   const struct handshake_job *job, uint64_t now_ns);
void handshake_ask_fill_in(struct handshake_core *hc, struct handshake_job *job, const uint8_t *key,
			   size_t len);

/* handshake_ask_answers: goes on with handshakes whose questions were answered; how many there
 * were. */
unsigned handshake_ask_answers(struct handshake_core *hc, uint64_t now_ns);

/* handshake_work_forget: the handshake of a slot is over, one way or the other; the slot stays.
 * handshake_work_abandon: it came to nothing; the slot is free. */
void handshake_work_forget(struct handshake_core *hc, struct handshake_slot *slot);
void handshake_work_abandon(struct handshake_core *hc, struct handshake_slot *slot);

/* handshake_work_give_back: an identity that no session took over. */
void handshake_work_give_back(const struct handshake_core *hc, const struct identity *id);
