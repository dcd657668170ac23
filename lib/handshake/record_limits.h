/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How large records may be, counted in plaintext: max_fragment_length (RFC 6066 §4: both sides, in
 * DTLS 1.2 every record behind the ServerHello) and record_size_limit (RFC 8449: each side its own,
 * protected records only; in DTLS 1.3 one byte of it is the content type).
 */
#pragma once

#include "connection.h"

/* What one end says of it, in whatever message. */
struct record_limits {
	uint8_t max_fragment_length; /* RFC 6066 code; 0: nothing */
	uint16_t record_size_limit;  /* as it stands there; 0: nothing */
};

/* record_limits_init: no limits but the protocol's. record_limits_choose: those that a server
 * chose, in the version that was agreed on. */
void record_limits_init(struct handshake *h);
void record_limits_choose(struct handshake *h, const struct hello_choice *choice);

/* record_limits_own: a server's answer to that choice. */
struct record_limits record_limits_own(const struct handshake *h);

/* record_limits_take: those that a server answered; false: they are not what was asked for. Client.
 */
bool record_limits_take(struct handshake *h, const struct record_limits *theirs) MUST_USE;

/* record_limits_room: how much plaintext fits a record of ours. */
size_t record_limits_room(const struct handshake *h, uint8_t epoch);
