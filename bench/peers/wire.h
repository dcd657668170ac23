/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire: the socket of one side of a session, for libraries that read and write through callbacks.
 * Datagrams wait at it in order; nothing is lost. All sessions of a side share it, one at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WIRE_QUEUE = 32, WIRE_MTU = 2048 };

struct wire {
	struct wire *other; /* where sent datagrams go; NULL: nowhere, they are counted only */
	uint64_t sent, sent_bytes;
	unsigned head, tail; /* those that wait: head..tail-1, modulo WIRE_QUEUE */
	struct {
		const uint8_t *bytes;
		size_t len;
	} queue[WIRE_QUEUE];
	uint8_t room[WIRE_QUEUE][WIRE_MTU]; /* for those that were copied */
};

/* wire_put: a datagram arrives. It is borrowed until it is received. */
static inline void wire_put(struct wire *w, const uint8_t *bytes, size_t len)
{
	w->queue[w->tail % WIRE_QUEUE].bytes = bytes;
	w->queue[w->tail++ % WIRE_QUEUE].len = len;
}

/* wire_recv: the next datagram, cut to len bytes; 0 when none waits. */
static inline size_t wire_recv(struct wire *w, void *out, size_t len)
{
	unsigned at = w->head % WIRE_QUEUE;

	if (w->head == w->tail)
		return 0;
	w->head++;
	if (len > w->queue[at].len)
		len = w->queue[at].len;
	memcpy(out, w->queue[at].bytes, len);
	return len;
}

static inline bool wire_waits(const struct wire *w) { return w->head != w->tail; }

/* wire_send: copies the datagram to the other side. Longer ones than WIRE_MTU are cut. */
static inline void wire_send(struct wire *w, const void *bytes, size_t len)
{
	w->sent++;
	w->sent_bytes += len;
	if (w->other != NULL && w->other->tail - w->other->head < WIRE_QUEUE) {
		uint8_t *room = w->other->room[w->other->tail % WIRE_QUEUE];

		len = len < WIRE_MTU ? len : WIRE_MTU;
		memcpy(room, bytes, len);
		wire_put(w->other, room, len);
	}
}
