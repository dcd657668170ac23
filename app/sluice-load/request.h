/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests under way: a bounded pool, found again by what an answer carries.
 *
 * The token is the place in the pool and how often it was used; the device and, in an ACK, the
 * message id must agree too. Empty messages have no token and are found by device and message id.
 * Each has one timer: RFC 7252 §4.2's for a CON that nothing acknowledged, else its end. Owner core
 * only.
 */
#pragma once

#include "timer_wheel.h"

#define REQUEST_NONE UINT32_MAX

enum request_state {
	REQUEST_FREE,
	REQUEST_HELD, /* its device has no session */
	REQUEST_SENT,
	REQUEST_ACKED, /* by an empty ACK: the answer comes by itself */
};

enum {
	/* RFC 7252 §4.8; ACK_RANDOM_FACTOR is 1.5 */
	REQUEST_ACK_TIMEOUT_MS = 2000,
	REQUEST_MAX_RETRANSMIT = 4,
	REQUEST_HELD_MS = 10, /* one that could not be sent at all is tried again */
};

struct request {
	uint64_t scheduled_ns;
	uint32_t device;
	uint32_t uses;    /* of this place; the token's upper bits */
	uint32_t wait_us; /* until it is sent again; doubles */
	uint32_t next;    /* in the free list, or of those that wait with it for a session */
	uint32_t same_hash;
	uint16_t mid, payload_len;
	uint8_t state, tries; /* tries: sent so often */
	bool con, measured;
};
_Static_assert(sizeof(struct request) == 40, "few bytes a request");

struct requests {
	uint32_t n, free;
	uint64_t n_under_way; /* a counter, which others read */
	unsigned slot_bits;
	uint32_t hash_mask;
	bool retransmit;
	uint64_t answer_timeout_ns;
	uint64_t seed;
	struct request *pool;
	uint32_t *hash; /* by device and message id: the first */
	struct timer_wheel *timers;
};

/* requests_init: a pool of n. retransmit: as RFC 7252 says. A request is given up answer_timeout_ns
 * after its scheduled time. false without memory. Slow path only. */
bool requests_init(struct requests *r, uint32_t n, bool retransmit, uint64_t answer_timeout_ns,
		   uint64_t now_ns, uint64_t seed) MUST_USE;
void requests_free(struct requests *r);

/* request_take: a request that is HELD; the caller fills con, measured and payload_len.
 * REQUEST_NONE: all are under way. */
uint32_t request_take(struct requests *r, uint32_t device, uint64_t scheduled_ns);

/* request_sent: it goes out, for the first time or again; mid is the first time's. */
void request_sent(struct requests *r, uint32_t i, uint16_t mid, uint64_t now_ns);

/* request_acked: an empty ACK came: not to be sent again. */
void request_acked(struct requests *r, uint32_t i);

/* request_give_back: it is over, however it ended. */
void request_give_back(struct requests *r, uint32_t i);

/* request_token: what stands in the message. */
static inline uint32_t request_token(const struct requests *r, uint32_t i)
{
	return r->pool[i].uses << r->slot_bits | i;
}

enum request_match {
	REQUEST_MATCHED,
	REQUEST_OVER,    /* a token of ours that is no longer open: answered before, or too late */
	REQUEST_UNKNOWN, /* nothing of ours */
};

/* request_by_token: the request that has this token. */
enum request_match request_by_token(const struct requests *r, uint32_t *out, uint32_t device,
				    uint32_t token);

/* request_by_mid: the request with this message id; REQUEST_NONE. */
uint32_t request_by_mid(const struct requests *r, uint32_t device, uint16_t mid);

/* What its timer means. */
enum request_event {
	REQUEST_LOST,  /* to be given back */
	REQUEST_AGAIN, /* to be sent again, or at last */
};

/* request_due: one whose timer has run out; false: none. AGAIN where it still has tries. */
bool request_due(struct requests *r, uint64_t now_ns, uint32_t *out,
		 enum request_event *event) MUST_USE;

/* request_delay: its device cannot send now: it waits as long again, one that was never sent
 * REQUEST_HELD_MS. */
void request_delay(struct requests *r, uint32_t i, uint64_t now_ns);
