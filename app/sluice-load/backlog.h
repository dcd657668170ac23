/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams of handshakes that wait for their turn while answers to requests, which came behind
 * them, are taken: a bounded queue of copies, whose buffers the port has back at once. Owner core
 * only.
 */
#pragma once

#include "load_port.h"

enum { BACKLOG_MAX = 8192 };

struct backlog_datagram {
	uint32_t device;
	uint16_t len;
	uint8_t bytes[LOAD_DATAGRAM_MAX];
};

struct backlog {
	struct backlog_datagram *ring; /* pages are used as far as it was ever filled */
	uint32_t first, n;
};

/* backlog_init: false without memory. Slow path only. */
bool backlog_init(struct backlog *b) MUST_USE;
void backlog_free(struct backlog *b);

/* backlog_put: copies; false: it is full, or the datagram too long. */
bool backlog_put(struct backlog *b, const struct load_buffer *from) MUST_USE;

/* backlog_take: the oldest, until the next call of any kind; NULL: none. */
const struct backlog_datagram *backlog_take(struct backlog *b);
