/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Echo option (RFC 9175 §2): a value that a server gives with an answer, and that comes back
 * with the client's next request; so the client receives what is sent to where the answer went.
 *
 * A value stands for whoever it was made for, as bytes of the caller's, and for a time; it is fresh
 * for ECHO_FRESH_NS to twice of that. Nothing is kept for it. Pure; any thread.
 *
 *   OFFSET SIZE
 *     0     4   time, in ECHO_FRESH_NS
 *     4     8   keyed hash of that and of the bytes
 */
#pragma once

#include "cursor.h"
#include "keyed_hash.h"

enum {
	ECHO_LEN = 12,
	ECHO_OPTION_MAX = 5 + ECHO_LEN, /* what a message grows by */
	ECHO_WHO_MAX = 64,              /* bytes that a value is made for */
};

#define ECHO_FRESH_NS UINT64_C(64000000000)

/* echo_make: a value. echo_fresh: whether one is of this key, for these bytes, and fresh. */
void echo_make(const struct keyed_hash_key *key, struct rd who, uint64_t now_ns,
	       uint8_t out[ECHO_LEN]);
bool echo_fresh(const struct keyed_hash_key *key, struct rd who, uint64_t now_ns,
		struct rd value) MUST_USE;

/* echo_find: the value in a message; false: there is none. */
bool echo_find(struct rd msg, struct rd *value) MUST_USE;

/* echo_add: puts a value into an answer of *len bytes with at least ECHO_OPTION_MAX more of room.
 * false: it can have none, and is as it was. */
bool echo_add(uint8_t *msg, size_t *len, const uint8_t value[ECHO_LEN]) MUST_USE;
