/* SPDX-License-Identifier: BSD-3-Clause */
#include "egress.h"

static void refuse(struct egress *e, struct load_buffer **bufs, unsigned n)
{
	counter_add(&e->counts->tx_refused, n);
	load_port_release(e->port, bufs, n);
}

/* The lengths are of before: a datagram that was taken over may be gone. */
static unsigned offer(struct egress *e, struct load_buffer **bufs, unsigned n)
{
	uint16_t lens[LOAD_BURST_MAX];
	uint64_t bytes = 0;
	unsigned sent;

	if (n > LOAD_BURST_MAX)
		n = LOAD_BURST_MAX;
	for (unsigned i = 0; i < n; i++)
		lens[i] = bufs[i]->len;
	sent = load_port_send(e->port, bufs, n);
	for (unsigned i = 0; i < sent; i++)
		bytes += lens[i];
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
		memmove(e->bufs, e->bufs + e->at, e->n * sizeof(e->bufs[0]));
		e->at = 0;
	}
	room = egress_room(e);
	if (n > room) {
		refuse(e, bufs + room, n - room);
		n = room;
	}
	memcpy(e->bufs + e->at + e->n, bufs, n * sizeof(e->bufs[0]));
	e->n += n;
}

void egress_drop(struct egress *e)
{
	refuse(e, e->bufs + e->at, e->n);
	e->at = e->n = 0;
}
