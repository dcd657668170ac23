/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CoAP exchanges of the devices of one worker (RFC 7252 §4, §5): duplicates, readings, resources,
 * separate responses. Sans-IO: messages, time and completions in; messages and readings out.
 *
 * State is an array by session slot (a small window of message IDs with the code that answered
 * them, reset when the generation changes) and a bounded pool of open exchanges. One worker, one
 * thread.
 */
#pragma once

#include "coap_msg.h"
#include "ref.h"
#include "status.h"

enum {
	EXCHANGE_WINDOW = 16,           /* message IDs remembered per device */
	EXCHANGE_REPLY_MAX = 256,       /* no reply of ours is longer */
	EXCHANGE_PAYLOAD_MAX = 1024,    /* larger readings are 4.13 */
};

/* A reading to deliver; everything borrowed from the message until the call returns. */
struct exchange_reading {
	struct session_ref ref;
	const struct coap_msg *msg; /* POST or PUT, options validated */
	uint64_t cookie;            /* names the exchange to exchange_delivered */
	bool confirmable;
};

enum exchange_put { EXCHANGE_ENQUEUED, EXCHANGE_FULL };

struct exchange_config {
	uint32_t n_slots;   /* --max-sessions */
	uint32_t n_open;    /* exchanges that can wait for the sink at once */
	bool ack_delivered; /* --ack delivered */
	uint64_t separate_after_ns; /* 1 s */
	uint32_t max_age_s;         /* on 5.03 */
	/* deliver: hands a reading to the sink's queue. */
	enum exchange_put (*deliver)(void *arg, const struct exchange_reading *r);
	/* send: a message of ours that is not the direct answer to the one just given in (empty
	 * ACK, separate response, its retransmission). */
	void (*send)(void *arg, struct session_ref ref, const uint8_t *msg, size_t len);
	void *arg;
};

struct exchanges;

struct exchanges *exchanges_new(const struct exchange_config *cfg); /* NULL: no memory */
void exchanges_free(struct exchanges *x);

/*
 * exchange_input: one CoAP message of a device. Writes the direct answer, if there is one, to
 * reply (EXCHANGE_REPLY_MAX bytes of room; must not overlap the message) and its length to
 * *reply_len (0: none, or not yet). Returns STATUS_OK or why it was not taken, for counting.
 */
enum status exchange_input(struct exchanges *x, struct session_ref ref, uint64_t now_ns,
			   const uint8_t *msg, size_t len, uint8_t *reply, size_t *reply_len);

/* exchange_delivered: the sink is done with the reading of this cookie. The direct answer goes out
 * through send (piggybacked in the ACK when no empty ACK was sent yet). */
void exchange_delivered(struct exchanges *x, uint64_t now_ns, uint64_t cookie, bool delivered);

/* exchange_timers: empty ACKs after separate_after_ns, retransmissions of confirmable separate
 * responses (RFC 7252 §4.2), expiry. Call once a turn; does bounded work. */
void exchange_timers(struct exchanges *x, uint64_t now_ns);

/* exchanges_open: exchanges waiting for the sink or the device's ACK. */
uint32_t exchanges_open(const struct exchanges *x);
