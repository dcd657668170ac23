/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CoAP exchanges of the devices of one worker (RFC 7252 §4, §5): duplicates, readings, resources,
 * separate responses. Sans-IO: messages, time and completions in; messages and readings out.
 *
 * State is an array by session slot (a small window of message IDs with the code that answered
 * them, one cache line, reset when the generation changes) and a bounded pool of open exchanges. A
 * message of an older generation than the slot's newest is refused (STATUS_STALE_REF). One worker,
 * one thread; no call reads the clock, allocates or blocks.
 *
 * What a device gets:
 * - POST or PUT on any path is a reading: 2.04, or 5.03 with Max-Age when the sink is full or
 *   failing. An answer to CON rides in the ACK; NON is answered by NON (§5.2.3).
 * - A duplicate CON gets the same answer, made again from the remembered code (a GET is executed
 *   again); a duplicate NON gets none; a duplicate of a CON that waits for the sink gets the empty
 *   ACK only, and a separate response follows. No duplicate is delivered.
 * - A 5.03 is remembered like any answer: a device that wants to try again sends a new message.
 * - Ping and malformed CON: RST. Malformed NON: nothing. See request.h for options.
 */
#pragma once

#include "coap_msg.h"
#include "ref.h"
#include "status.h"

enum {
	EXCHANGE_WINDOW = 12,        /* message IDs remembered per device */
	EXCHANGE_REPLY_MAX = 256,    /* no reply of ours is longer */
	EXCHANGE_PAYLOAD_MAX = 1024, /* larger readings are 4.13 */
	EXCHANGE_OPTIONS_MAX = 1024, /* a reading with more bytes of options is 4.02 */
	EXCHANGE_SLOT_SIZE = 64,     /* memory per session slot of this worker */
};

/* A reading to deliver; everything borrowed from the message until the call returns. */
struct exchange_reading {
	struct session_ref ref;
	const struct coap_msg *msg; /* POST or PUT, options validated */
	uint64_t cookie;            /* names the exchange to exchange_delivered; 0: none waits */
	int32_t content_format;     /* -1: none */
	bool confirmable;
};

enum exchange_put { EXCHANGE_ENQUEUED, EXCHANGE_FULL, EXCHANGE_FAILED };

struct exchange_config {
	uint32_t n_slots;           /* --max-sessions */
	uint32_t n_workers;         /* this worker has the slots of one value of slot % n_workers
				     * only; 0 or 1: all. Memory is for its share. */
	uint32_t n_open;            /* exchanges that can wait for the sink at once */
	bool ack_delivered;         /* --ack delivered */
	uint64_t separate_after_ns; /* 1 s */
	uint32_t max_age_s;         /* on 5.03 */
	uint64_t seed;              /* random: first message IDs, spread of retransmissions */
	/* deliver: hands a reading to the sink's queue. Must not call exchange_delivered itself. */
	enum exchange_put (*deliver)(void *arg, const struct exchange_reading *r);
	/* send: a message of ours that is not the direct answer to the one just given in (empty
	 * ACK, separate response, its retransmission). */
	void (*send)(void *arg, struct session_ref ref, const uint8_t *msg, size_t len);
	/* wall_ns: the wall clock, ns since 1970, for GET /time. */
	uint64_t (*wall_ns)(void *arg);
	void *arg;
};

struct exchanges;

/* exchanges_new: NULL without memory. Slow path only. */
struct exchanges *exchanges_new(const struct exchange_config *cfg);
void exchanges_free(struct exchanges *x);

/* exchange_prefetch: the line that exchange_input of a session touches, for a call some hundred
 * cycles later. */
void exchange_prefetch(const struct exchanges *x, struct session_ref ref);

/*
 * exchange_input: one CoAP message of a device. Writes the direct answer, if there is one, to
 * reply (EXCHANGE_REPLY_MAX bytes of room; must not overlap the message) and its length to
 * *reply_len (0: none, or not yet). Returns STATUS_OK or why it was not taken, for counting.
 */
enum status exchange_input(struct exchanges *x, struct session_ref ref, uint64_t now_ns,
			   const uint8_t *msg, size_t len, uint8_t *reply, size_t *reply_len);

/* exchange_delivered: the sink is done with the reading of this cookie. The direct answer goes out
 * through send (piggybacked in the ACK when no empty ACK was sent yet). An unknown or old cookie
 * does nothing. */
void exchange_delivered(struct exchanges *x, uint64_t now_ns, uint64_t cookie, bool delivered);

/* exchange_timers: empty ACKs after separate_after_ns, retransmissions of confirmable separate
 * responses (RFC 7252 §4.2), their end. Call once a turn; handles at most EXCHANGE_TIMERS_BURST
 * that are due, in O(log n_open) each. */
enum { EXCHANGE_TIMERS_BURST = 64 };
void exchange_timers(struct exchanges *x, uint64_t now_ns);

/* exchanges_open: exchanges waiting for the sink or the device's ACK. */
uint32_t exchanges_open(const struct exchanges *x);
