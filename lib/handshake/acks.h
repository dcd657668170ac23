/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is to be acknowledged of the flight that the peer is sending (RFC 9147 §7): the numbers of
 * the records whose messages were processed or kept, a list of fixed size in ascending order. When
 * it is full the lowest number goes, which was acknowledged most often.
 */
#pragma once

#include "hs_msg13.h"

enum { ACKS_MAX = 32, ACKS_BYTES_MAX = 2 + 16 * ACKS_MAX /* of an ACK */ };

struct acks {
	uint64_t deadline_ns; /* when what is there is acknowledged; UINT64_MAX: never */
	bool due;             /* at the next output */
	uint16_t first_seq;   /* message_seq that the flight begins with */
	uint8_t n;
	struct hs_ack numbers[ACKS_MAX];
};

/* acks_begin: the first flight, or another of the peer is next, which begins with a message_seq:
 * nothing is to be acknowledged. */
void acks_begin(struct acks *a, uint16_t first_seq);

/* acks_add: a record of the flight; a second time is fine. */
void acks_add(struct acks *a, uint64_t epoch, uint64_t number);

/* acks_write: the ACK, of at most room bytes, the highest numbers first in favour; it is not due
 * any more. They stay: the next ACK has them again. */
void acks_write(struct acks *a, struct wr *w, size_t room);
