/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ACKs of a connection, both ways (RFC 9147 §7). In DTLS 1.2 there are none, and nothing is
 * done here. Anybody could send one in the clear, so in epoch 0 none is taken and none is sent.
 */
#pragma once

#include "connection.h"

/* acknowledge_begin: our flight answers the peer's, which needs no ACK: the next is awaited. */
void acknowledge_begin(struct handshake *h);

/* acknowledge_record: what a record held was processed or kept. message_seq of a message in it says
 * whether it is of the present flight. */
void acknowledge_record(struct handshake *h, uint8_t epoch, uint64_t number, uint16_t message_seq);

/* acknowledge_gap: it was not what should come next: what is there is acknowledged at once. */
void acknowledge_gap(struct handshake *h);

/* acknowledge_answered: something of the peer's next flight came, which acknowledges ours. */
void acknowledge_answered(struct handshake *h);

/* acknowledge_deadline: when acknowledge_timeout is due; UINT64_MAX: never. acknowledge_due: at the
 * next output. */
static inline uint64_t acknowledge_deadline(const struct handshake *h)
{
	return h->v13 == NULL ? UINT64_MAX : h->v13->acks.deadline_ns;
}

static inline bool acknowledge_due(const struct handshake *h)
{
	return h->v13 != NULL && h->v13->acks.due;
}

/* acknowledge_timeout: the rest of a flight has not come. */
void acknowledge_timeout(struct handshake *h);

/* acknowledge_input: the body of an ACK that was protected in an epoch. */
enum status acknowledge_input(struct handshake *h, uint8_t epoch, struct rd body);

/* acknowledge_write: the ACK that is due, where it fits and there are keys; false: there is none.
 */
bool acknowledge_write(struct handshake *h, struct wr *w) MUST_USE;
