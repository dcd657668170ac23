/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open exchanges: requests that wait for the sink, and separate responses that wait for the
 * device's ACK. A bounded pool with a timer each and an index by message ID. One thread.
 */
#pragma once

#include "coap_msg.h"
#include "ref.h"

enum open_state {
	OPEN_FREE,
	OPEN_SINK,       /* waits for the sink, nothing sent yet */
	OPEN_SINK_ACKED, /* waits for the sink, empty ACK sent */
	OPEN_RESPONSE,   /* confirmable separate response sent, waits for its ACK */
};

struct open_exchange {
	struct session_ref ref;
	uint64_t timeout_ns; /* OPEN_RESPONSE: the next one */
	uint32_t generation; /* of this place in the pool, in the cookie */
	uint32_t next;       /* in the free list or in the chain of a message ID: index + 1 */
	uint16_t request_mid, response_mid;
	uint8_t token[COAP_TOKEN_MAX];
	uint8_t token_len;
	uint8_t state; /* enum open_state */
	uint8_t code;  /* OPEN_RESPONSE */
	uint8_t retransmissions;
	uint8_t block1;      /* as in struct request */
	uint8_t no_response; /* as in struct request */
	bool confirmable;
};

struct open_pool;

/* open_pool_new: room for n exchanges (at least one); NULL without memory. Slow path only. */
struct open_pool *open_pool_new(uint32_t n);
void open_pool_free(struct open_pool *p);

/* open_take: a zeroed exchange with a cookie of its own, NULL when all are taken. The caller sets
 * its state. */
struct open_exchange *open_take(struct open_pool *p);

/* open_release: gives it back: timer, index and cookie are void. */
void open_release(struct open_pool *p, struct open_exchange *o);

/* open_cookie, open_find: the name of an exchange outside, never 0; NULL when it is gone, though
 * its place may be taken again. */
uint64_t open_cookie(const struct open_pool *p, const struct open_exchange *o);
struct open_exchange *open_find(struct open_pool *p, uint64_t cookie);

/* open_respond: makes it OPEN_RESPONSE under this message ID of ours. */
void open_respond(struct open_pool *p, struct open_exchange *o, uint16_t response_mid);

/* open_by_mid: the response that this ACK or RST of the device is for, or NULL. */
struct open_exchange *open_by_mid(struct open_pool *p, struct session_ref ref, uint16_t mid);

/* open_timer: sets or (DEADLINE_NONE) clears its timer. open_due: one whose time has come. */
void open_timer(struct open_pool *p, struct open_exchange *o, uint64_t at_ns);
struct open_exchange *open_due(struct open_pool *p, uint64_t now_ns);

/* open_count: exchanges taken. */
uint32_t open_count(const struct open_pool *p);
