/* SPDX-License-Identifier: BSD-3-Clause */
#include "egress.h"

static void refuse(struct egress *e, struct load_buffer **bufs, unsigned n)
{
	counter_add(&e->counts->tx_refused, n);
	load_port_release(e->port, bufs, n);
}

static uint64_t bytes_of(struct load_buffer *const *bufs, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += bufs[i]->len;
	return bytes;
}

/* Lengths are looked at before: a datagram that was taken over may be gone. */
static unsigned offer(struct egress *e, struct load_buffer **bufs, unsigned n)
{
	unsigned want = n < LOAD_BURST_MAX ? n : LOAD_BURST_MAX;
	uint64_t bytes = bytes_of(bufs, want);
	unsigned sent = load_port_send(e->port, bufs, want);

	bytes -= bytes_of(bufs + sent, want - sent);
	counter_add(&e->counts->tx_datagrams, sent);
	counter_add(&e->counts->tx_bytes, bytes);
	return sent;
}

void egress_flush(struct egress *e)
{
	while (e->n > 0) {
		unsigned want = e->n < LOAD_BURST_MAX ? e->n : LOAD_BURST_MAX;
		unsigned sent = offer(e, e->bufs + e->at, want);

		e->at += sent;
		e->n -= sent;
		if (sent < want)
			return;
	}
	e->at = 0;
}

void egress_put(struct egress *e, struct load_buffer **bufs, unsigned n)
{
	unsigned sent = 0, room;

	if (e->n == 0)
		sent = offer(e, bufs, n);
	bufs += sent;
	n -= sent;
	if (n == 0)
		return;
	if (e->at + e->n + n > EGRESS_MAX) {
		for (unsigned i = 0; i < e->n; i++)
			e->bufs[i] = e->bufs[e->at + i];
		e->at = 0;
	}
	room = egress_room(e);
	if (n > room) {
		refuse(e, bufs + room, n - room);
		n = room;
	}
	for (unsigned i = 0; i < n; i++)
		e->bufs[e->at + e->n++] = bufs[i];
}

void egress_drop(struct egress *e)
{
	refuse(e, e->bufs + e->at, e->n);
	e->at = e->n = 0;
}
