/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_pool.h"

#include <stdlib.h>

enum { AT_BODY = HELLO_POOL_DATAGRAM_MAX - HELLO_POOL_MESSAGE_MAX };

#define SECOND_NS  UINT64_C(1000000000)
#define TIMEOUT_NS (HELLO_POOL_TIMEOUT_MS * (SECOND_NS / 1000))
#define NEW_NS     (SECOND_NS / HELLO_POOL_RATE)

struct piece {
	uint32_t from, to;
};

enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_WHOLE };

/* What is searched stands apart from the bytes. */
struct slot {
	struct flow flow;
	enum slot_state state;
	uint16_t message_seq;
	uint32_t len, n_pieces;
	struct piece pieces[HELLO_POOL_PIECES]; /* disjoint, no two of them adjacent */
	uint64_t began_ns;
};

struct hello_pool {
	uint64_t due_ns; /* a new hello is within the rate while this is no later than now */
	unsigned n_whole;
	struct slot slots[HELLO_POOL_SLOTS];
	uint8_t bytes[HELLO_POOL_SLOTS][HELLO_POOL_DATAGRAM_MAX];
};

struct hello_pool *hello_pool_new(void) { return calloc(1, sizeof(struct hello_pool)); }

void hello_pool_free(struct hello_pool *p) { free(p); }

void hello_pool_release(struct hello_pool *p)
{
	for (size_t i = 0; p->n_whole > 0; i++)
		if (p->slots[i].state == SLOT_WHOLE) {
			p->slots[i].state = SLOT_FREE;
			p->n_whole--;
		}
}

static bool same_prefix(const struct flow *a, const struct flow *b)
{
	enum { MAPPED_24 = 15, IPV6_56 = 7 };

	return memcmp(a->remote_ip, b->remote_ip,
		      flow_ip_is_mapped(a->remote_ip) ? MAPPED_24 : IPV6_56) == 0;
}

static struct slot *find(struct hello_pool *p, const struct flow *flow, uint16_t message_seq)
{
	for (size_t i = 0; i < HELLO_POOL_SLOTS; i++) {
		struct slot *s = &p->slots[i];

		if (s->state == SLOT_FILLING && s->message_seq == message_seq &&
		    memcmp(&s->flow, flow, sizeof(*flow)) == 0)
			return s;
	}
	return NULL;
}

static struct slot *older(struct slot *a, struct slot *b)
{
	return a == NULL || b->began_ns < a->began_ns ? b : a;
}

/* The slot that a new hello of this flow takes; NULL: all of them are whole. */
static struct slot *choose(struct hello_pool *p, const struct flow *flow, uint64_t now_ns)
{
	struct slot *any = NULL, *own = NULL, *unused = NULL;
	unsigned n_own = 0;

	for (size_t i = 0; i < HELLO_POOL_SLOTS; i++) {
		struct slot *s = &p->slots[i];

		if (s->state == SLOT_WHOLE)
			continue;
		if (s->state == SLOT_FREE || now_ns - s->began_ns > TIMEOUT_NS) {
			unused = s;
			continue;
		}
		any = older(any, s);
		if (same_prefix(&s->flow, flow)) {
			own = older(own, s);
			n_own++;
		}
	}
	if (n_own >= HELLO_POOL_SHARE)
		return own;
	return unused != NULL ? unused : any;
}

/* Up to a slot's worth of new ones may come at once. */
static bool rate_take(struct hello_pool *p, uint64_t now_ns)
{
	const uint64_t burst_ns = HELLO_POOL_SLOTS * NEW_NS;

	if (p->due_ns > now_ns)
		return false;
	if (p->due_ns + burst_ns < now_ns)
		p->due_ns = now_ns - burst_ns;
	p->due_ns += NEW_NS;
	return true;
}

static struct slot *begin(struct hello_pool *p, const struct flow *flow, uint64_t now_ns,
			  const struct hs_fragment *f)
{
	struct slot *s = rate_take(p, now_ns) ? choose(p, flow, now_ns) : NULL;

	if (s != NULL)
		*s = (struct slot){ .flow = *flow,
				    .state = SLOT_FILLING,
				    .message_seq = f->seq,
				    .len = f->len,
				    .began_ns = now_ns };
	return s;
}

static uint32_t lower(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t upper(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Whether a fragment says the same as the pieces that it overlaps. */
static bool agrees(const struct slot *s, const uint8_t *body, const struct hs_fragment *f)
{
	uint32_t end = f->off + (uint32_t)rd_len(&f->body);

	for (uint32_t i = 0; i < s->n_pieces; i++) {
		uint32_t from = upper(s->pieces[i].from, f->off), to = lower(s->pieces[i].to, end);

		if (from < to && memcmp(body + from, f->body.p + (from - f->off), to - from) != 0)
			return false;
	}
	return s->len == f->len;
}

/* A fragment's place: one piece with all those that it touches. false: too many are left. */
static bool piece_add(struct slot *s, struct piece add)
{
	struct piece left[HELLO_POOL_PIECES];
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_pieces; i++) {
		struct piece old = s->pieces[i];

		if (old.to < add.from || old.from > add.to) {
			left[n++] = old;
		} else {
			add.from = lower(old.from, add.from);
			add.to = upper(old.to, add.to);
		}
	}
	if (n == HELLO_POOL_PIECES)
		return false;
	left[n++] = add;
	memcpy(s->pieces, left, n * sizeof(left[0]));
	s->n_pieces = n;
	return true;
}

/* As if it had come whole, in the record that came last. */
static struct rd finish(struct hello_pool *p, struct slot *s, uint64_t record_seq)
{
	uint8_t *bytes = p->bytes[s - p->slots];
	struct wr w = wr_of(bytes, AT_BODY);

	s->state = SLOT_WHOLE;
	p->n_whole++;
	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, record_seq,
			    (uint16_t)(HS_HEADER_LEN + s->len));
	hs_header_write(&w, HS_CLIENT_HELLO, s->len, s->message_seq, 0, s->len);
	return rd_of(bytes, AT_BODY + s->len);
}

enum status hello_pool_add(struct hello_pool *p, const struct flow *flow, uint64_t now_ns,
			   const struct hs_fragment *f, uint64_t record_seq, struct rd *whole)
{
	struct piece add = { f->off, f->off + (uint32_t)rd_len(&f->body) };
	struct slot *s;
	uint8_t *body;

	if (f->len > HELLO_POOL_MESSAGE_MAX || add.from == add.to)
		return STATUS_HELLO_MALFORMED;
	s = find(p, flow, f->seq);
	if (s != NULL && !agrees(s, p->bytes[s - p->slots] + AT_BODY, f)) {
		s->state = SLOT_FREE;
		s = NULL;
	}
	if (s == NULL)
		s = begin(p, flow, now_ns, f);
	if (s == NULL || !piece_add(s, add))
		return STATUS_HELLO_FRAGMENT_LIMIT;
	body = p->bytes[s - p->slots] + AT_BODY;
	memcpy(body + f->off, f->body.p, rd_len(&f->body));
	if (s->n_pieces > 1 || s->pieces[0].to - s->pieces[0].from < s->len)
		return STATUS_HELLO_FRAGMENT;
	*whole = finish(p, s, record_seq);
	return STATUS_OK;
}
