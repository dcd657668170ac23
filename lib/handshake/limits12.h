/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How large records may be in DTLS 1.2, counted in plaintext: max_fragment_length (RFC 6066 §4:
 * both sides, every record behind the ServerHello) and record_size_limit (RFC 8449: each side its
 * own, protected records only).
 */
#pragma once

#include "connection.h"

/* limits12_init: no limits but the protocol's. limits12_choose: those that a server chose. */
void limits12_init(struct handshake *h);
void limits12_choose(struct handshake *h, const struct hello_choice *choice);

/* limits12_take: those that a server answered; false: they are not what was asked for. Client. */
bool limits12_take(struct handshake *h, const struct server_hello *sh) MUST_USE;

/* limits12_room: how much plaintext fits a record of ours. */
size_t limits12_room(const struct handshake *h, uint8_t epoch);
