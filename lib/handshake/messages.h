/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A handshake's messages as they are, for as long as somebody may sign them by Ed25519: it takes a
 * message and no digest (RFC 8032 §5.1, RFC 5246 §7.4.8). Private to lib/handshake.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Chains of certificates so long are signed for by other keys. */
enum {
	MESSAGES_MAX = 8192,
	MESSAGES_MIN = 2048,                              /* most fit in this */
	MESSAGES_MEMORY_MAX = MESSAGES_MAX + MESSAGES_MIN /* while they move */
};

struct handshake;

struct messages {
	uint8_t *bytes; /* from cfg->alloc; NULL: none are kept */
	uint16_t len, room;
	bool open; /* those that follow are kept */
};

/* messages_keep: from the next one on; without memory none are. */
void messages_keep(struct handshake *h);

/* messages_add: one more, header and body. When all of them are too long none are kept. */
void messages_add(struct handshake *h, const uint8_t *bytes, size_t len);

/* messages_close: those that follow are not kept; they stay where they are. messages_drop: none
 * are needed; also when there are none. */
void messages_close(struct handshake *h);
void messages_drop(struct handshake *h);
