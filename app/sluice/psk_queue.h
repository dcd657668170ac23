/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pre-shared keys that somebody else has to be asked for: questions of handshake cores to one
 * thread that may take its time, and its answers. A core neither waits nor locks: it asks, and
 * looks in each turn for what was answered. Every question gets one answer, and is the core's again
 * then.
 *
 * Questions are bounded in number, and live in memory of their own that no core file shows.
 */
#pragma once

#include "key_schedule.h"
#include "ref.h"
#include "session_state.h"

#include <sys/queue.h>

struct psk_queue;

enum psk_outcome { PSK_FOUND, PSK_UNKNOWN, PSK_TIMEOUT };

/* Whoever asks. */
struct psk_asker {
	struct session_ref slot; /* of a handshake; may be another's when the answer comes */
	uint16_t share;          /* handshake_share.h: where the question counts */
};

struct psk_question {
	struct psk_asker asker;
	uint64_t asked_ns;
	uint8_t identity_len, key_len;
	uint8_t outcome; /* enum psk_outcome */
	uint8_t core;
	uint8_t identity[PSK_IDENTITY_MAX];
	uint8_t key[PSK_KEY_MAX]; /* PSK_FOUND */
	/* The answering thread's. */
	uint64_t id;
	TAILQ_ENTRY(psk_question) entry;
};

/* psk_queue_new: for n_cores that ask, each so many questions at once; NULL without memory. Slow
 * path only. psk_queue_free: when no core and no thread uses it any more; NULL allowed. */
struct psk_queue *psk_queue_new(unsigned n_cores, uint32_t per_core);
void psk_queue_free(struct psk_queue *q);

/* psk_queue_ask: false: the core has too many unanswered. psk_queue_answered: the next answer to a
 * core, or NULL; psk_queue_done: wipes it and gives it back. That core only. */
bool psk_queue_ask(struct psk_queue *q, unsigned core, const struct psk_asker *asker,
		   const uint8_t *identity, uint8_t len, uint64_t now_ns) MUST_USE;
struct psk_question *psk_queue_answered(struct psk_queue *q, unsigned core);
void psk_queue_done(struct psk_queue *q, struct psk_question *question);

/* psk_queue_next: a question of any core, or NULL. psk_queue_answer: its answer; outcome and key
 * are filled. psk_queue_fd: becomes readable (an eventfd) when something is asked. The answering
 * thread only. */
struct psk_question *psk_queue_next(struct psk_queue *q);
void psk_queue_answer(struct psk_queue *q, struct psk_question *question);
int psk_queue_fd(const struct psk_queue *q);

/* psk_queue_size: questions there can be at once, all cores together; psk_queue_index and
 * psk_queue_at: their numbers from 0 on. Any thread. */
uint32_t psk_queue_size(const struct psk_queue *q);
uint32_t psk_queue_index(const struct psk_queue *q, const struct psk_question *question);
struct psk_question *psk_queue_at(struct psk_queue *q, uint32_t index);
