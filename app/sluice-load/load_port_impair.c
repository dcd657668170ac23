/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_port.h"
#include "mix.h"
#include "mono_clock.h"

#include <stdlib.h>

enum {
	HELD_MAX = LOAD_BURST_MAX,
	BEHIND_MAX = 8,             /* a datagram held back is passed by 1..8 later ones */
	HELD_NS = 10 * 1000 * 1000, /* or by none, when none come */
	/* A burst, each doubled, and all that was held back. */
	OUT_MAX = 2 * LOAD_BURST_MAX + HELD_MAX,
};

struct held {
	struct load_buffer *buf;
	unsigned behind;
	uint64_t until_ns;
};

struct impair_port {
	struct load_port base;
	struct load_port *inner;
	double loss, duplicate, reorder;
	uint64_t random;
	uint64_t *impaired;
	struct held held[HELD_MAX];
	unsigned n_held;
	/* Impaired, and not yet taken by the inner port; in order. */
	struct load_buffer *out[OUT_MAX];
	unsigned n_out;
};

static struct impair_port *of(struct load_port *p) { return (struct impair_port *)p; }

/* What is off draws no number. */
static bool happens(struct impair_port *p, double share)
{
	return share > 0 && mix_chance(&p->random, share);
}

static void flush(struct impair_port *p)
{
	const unsigned sent = load_port_send(p->inner, p->out, p->n_out);

	p->n_out -= sent;
	memmove(p->out, p->out + sent, p->n_out * sizeof(struct load_buffer *));
}

static void put(struct impair_port *p, struct load_buffer *buf) { p->out[p->n_out++] = buf; }

/* Puts those that have been held long enough; one datagram has passed them, or none. */
static void let_go(struct impair_port *p, unsigned passed)
{
	const uint64_t now = passed == 0 && p->n_held > 0 ? mono_clock_ns() : 0;
	unsigned kept = 0;

	for (unsigned i = 0; i < p->n_held; i++) {
		struct held h = p->held[i];

		h.behind -= passed;
		if (h.behind == 0 || now >= h.until_ns)
			put(p, h.buf);
		else
			p->held[kept++] = h;
	}
	p->n_held = kept;
}

static void hold(struct impair_port *p, struct load_buffer *buf)
{
	p->held[p->n_held++] = (struct held){
		.buf = buf,
		.behind = 1 + (unsigned)(mix_random(&p->random) % BEHIND_MAX),
		.until_ns = mono_clock_ns() + HELD_NS,
	};
}

static void put_double(struct impair_port *p, const struct load_buffer *buf)
{
	struct load_buffer *copy;

	if (buf->len > LOAD_DATAGRAM_MAX || !load_port_alloc(p->inner, &copy, 1))
		return;
	memcpy(copy->data, buf->data, buf->len);
	copy->len = buf->len;
	copy->device = buf->device;
	put(p, copy);
	(*p->impaired)++;
}

static void impair(struct impair_port *p, struct load_buffer *buf)
{
	if (happens(p, p->loss)) {
		load_port_release(p->inner, &buf, 1);
		(*p->impaired)++;
		return;
	}
	if (p->n_held < HELD_MAX && happens(p, p->reorder)) {
		hold(p, buf);
		(*p->impaired)++;
		return;
	}
	put(p, buf);
	if (happens(p, p->duplicate))
		put_double(p, buf);
	let_go(p, 1);
}

static unsigned impair_send(struct load_port *base, struct load_buffer **bufs, unsigned n)
{
	struct impair_port *p = of(base);

	flush(p);
	if (p->n_out > 0)
		return 0;
	n = n < LOAD_BURST_MAX ? n : LOAD_BURST_MAX;
	for (unsigned i = 0; i < n; i++)
		impair(p, bufs[i]);
	flush(p);
	return n;
}

static unsigned impair_recv(struct load_port *base, struct load_buffer **out, unsigned max)
{
	struct impair_port *p = of(base);
	unsigned n;

	if (p->n_out == 0)
		let_go(p, 0);
	if (p->n_out > 0)
		flush(p);
	n = load_port_recv(p->inner, out, max);
	base->malformed = p->inner->malformed;
	base->foreign = p->inner->foreign;
	base->unreachable = p->inner->unreachable;
	return n;
}

static bool impair_alloc(struct load_port *base, struct load_buffer **out, unsigned n)
{
	return load_port_alloc(of(base)->inner, out, n);
}

static void impair_release(struct load_port *base, struct load_buffer **bufs, unsigned n)
{
	load_port_release(of(base)->inner, bufs, n);
}

static bool impair_move(struct load_port *base, uint32_t device)
{
	return load_port_move(of(base)->inner, device);
}

static void impair_wait(struct load_port *base, uint64_t ns)
{
	struct impair_port *p = of(base);

	/* What is held back leaves at its time. */
	if (p->n_held > 0 || p->n_out > 0)
		ns = ns < HELD_NS ? ns : HELD_NS;
	load_port_wait(p->inner, ns);
}

static void impair_free(struct load_port *base)
{
	struct impair_port *p = of(base);

	load_port_release(p->inner, p->out, p->n_out);
	for (unsigned i = 0; i < p->n_held; i++)
		load_port_release(p->inner, &p->held[i].buf, 1);
	load_port_free(p->inner);
	free(p);
}

struct load_port *load_port_impair_new(struct load_port *inner, const struct load_options *opt,
				       uint64_t seed, uint64_t *impaired)
{
	static const struct load_port_ops ops = {
		.alloc = impair_alloc,
		.release = impair_release,
		.send = impair_send,
		.recv = impair_recv,
		.move = impair_move,
		.wait = impair_wait,
		.free = impair_free,
	};
	struct impair_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->base.ops = &ops;
	p->inner = inner;
	p->loss = opt->loss;
	p->duplicate = opt->duplicate;
	p->reorder = opt->reorder;
	p->random = seed;
	p->impaired = impaired;
	return &p->base;
}
