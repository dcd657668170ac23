/* SPDX-License-Identifier: BSD-3-Clause */
/* From the plaintext of a handshake record to the handlers of the state table: fragments and
 * messages, those that come early, and those that come again. */
#pragma once

#include "connection.h"

/* fragments_take: all fragments of a record's plaintext. Protected ones that are no fragments end
 * the handshake. In DTLS 1.3 the record is acknowledged when all of it was processed or kept. */
enum status fragments_take(struct handshake *h, uint8_t epoch, uint64_t number, struct rd body);

/* fragments_take_one: one of them. */
enum status fragments_take_one(struct handshake *h, uint8_t epoch, const struct hs_fragment *f);

/* fragments_handle: the messages that came while none could be handled. */
void fragments_handle(struct handshake *h);
