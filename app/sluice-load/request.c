/* SPDX-License-Identifier: BSD-3-Clause */
#include "request.h"

#include "counter.h"
#include "mix.h"

#include <stdlib.h>

static unsigned bits_for(uint32_t n) { return n > 1 ? 32 - (unsigned)__builtin_clz(n - 1) : 1; }

static void make_free_list(struct requests *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		r->pool[i].next = i + 1 < r->n ? i + 1 : REQUEST_NONE;
		/* Tokens of one run mean nothing to the next. */
		r->pool[i].uses = (uint32_t)mix_random(&r->seed);
	}
	r->free = 0;
}

bool requests_init(struct requests *r, uint32_t n, bool retransmit, uint64_t answer_timeout_ns,
		   uint64_t now_ns, uint64_t seed)
{
	size_t hash_len = (size_t)2 << bits_for(n);

	*r = (struct requests){
		.n = n,
		.slot_bits = bits_for(n),
		.hash_mask = (uint32_t)(hash_len - 1),
		.retransmit = retransmit,
		.answer_timeout_ns = answer_timeout_ns,
		.seed = seed,
		.pool = calloc(n, sizeof(*r->pool)),
		.hash = malloc(hash_len * sizeof(*r->hash)),
		.timers = timer_wheel_new(n, now_ns),
	};
	if (r->pool == NULL || r->hash == NULL || r->timers == NULL) {
		requests_free(r);
		return false;
	}
	memset(r->hash, 0xff, hash_len * sizeof(*r->hash));
	make_free_list(r);
	return true;
}

void requests_free(struct requests *r)
{
	free(r->pool);
	free(r->hash);
	timer_wheel_free(r->timers);
	*r = (struct requests){ 0 };
}

static uint32_t *hash_head(const struct requests *r, uint32_t device, uint16_t mid)
{
	uint32_t h = (device ^ (uint32_t)mid << 16) * 0x9e3779b1;

	return &r->hash[(h ^ h >> 15) & r->hash_mask];
}

static uint64_t end_ns(const struct requests *r, const struct request *q)
{
	return q->scheduled_ns + r->answer_timeout_ns;
}

uint32_t request_take(struct requests *r, uint32_t device, uint64_t scheduled_ns)
{
	uint32_t i = r->free;
	struct request *q;

	if (i == REQUEST_NONE)
		return REQUEST_NONE;
	q = &r->pool[i];
	r->free = q->next;
	counter_add(&r->n_under_way, 1);
	q->scheduled_ns = scheduled_ns;
	q->device = device;
	q->uses++;
	q->next = REQUEST_NONE;
	q->state = REQUEST_HELD;
	q->tries = 0;
	q->wait_us = REQUEST_HELD_MS * 1000;
	timer_wheel_set(r->timers, i, end_ns(r, q));
	return i;
}

static void set_timer(struct requests *r, uint32_t i, uint64_t now_ns)
{
	const struct request *q = &r->pool[i];
	uint64_t end = end_ns(r, q), again = now_ns + UINT64_C(1000) * q->wait_us;
	bool more =
		q->state == REQUEST_HELD || (q->state == REQUEST_SENT && q->con && r->retransmit);

	/* After the last time too it is waited for as long as for another (RFC 7252 §4.2). */
	timer_wheel_set(r->timers, i, more && again < end ? again : end);
}

void request_sent(struct requests *r, uint32_t i, uint16_t mid, uint64_t now_ns)
{
	struct request *q = &r->pool[i];

	if (q->tries++ == 0) {
		uint32_t *head = hash_head(r, q->device, mid);

		q->mid = mid;
		q->same_hash = *head;
		*head = i;
		q->wait_us = REQUEST_ACK_TIMEOUT_MS * 1000 +
			     mix_below(&r->seed, REQUEST_ACK_TIMEOUT_MS * 500);
	} else {
		q->wait_us *= 2;
	}
	if (q->state == REQUEST_HELD)
		q->state = REQUEST_SENT;
	set_timer(r, i, now_ns);
}

void request_acked(struct requests *r, uint32_t i)
{
	r->pool[i].state = REQUEST_ACKED;
	timer_wheel_set(r->timers, i, end_ns(r, &r->pool[i]));
}

static void unhash(struct requests *r, uint32_t i)
{
	const struct request *q = &r->pool[i];
	uint32_t *link = hash_head(r, q->device, q->mid);

	while (*link != i)
		link = &r->pool[*link].same_hash;
	*link = q->same_hash;
}

void request_give_back(struct requests *r, uint32_t i)
{
	struct request *q = &r->pool[i];

	if (q->tries > 0)
		unhash(r, i);
	timer_wheel_clear(r->timers, i);
	q->state = REQUEST_FREE;
	q->next = r->free;
	r->free = i;
	counter_set(&r->n_under_way, r->n_under_way - 1);
}

enum request_match request_by_token(const struct requests *r, uint32_t *out, uint32_t device,
				    uint32_t token)
{
	uint32_t i = token & (uint32_t)((UINT64_C(1) << r->slot_bits) - 1);
	const struct request *q;

	if (i >= r->n)
		return REQUEST_UNKNOWN;
	q = &r->pool[i];
	if (q->state == REQUEST_FREE || q->device != device || request_token(r, i) != token ||
	    q->tries == 0)
		return REQUEST_OVER;
	*out = i;
	return REQUEST_MATCHED;
}

uint32_t request_by_mid(const struct requests *r, uint32_t device, uint16_t mid)
{
	uint32_t i = *hash_head(r, device, mid);

	while (i != REQUEST_NONE && (r->pool[i].device != device || r->pool[i].mid != mid))
		i = r->pool[i].same_hash;
	return i;
}

/* Nothing is left to do for it but to wait. */
static bool exhausted(const struct request *q)
{
	return q->state == REQUEST_ACKED ||
	       (q->state == REQUEST_SENT && q->tries > REQUEST_MAX_RETRANSMIT);
}

bool request_due(struct requests *r, uint64_t now_ns, uint32_t *out, enum request_event *event)
{
	const struct request *q;

	if (!timer_wheel_due(r->timers, now_ns, out))
		return false;
	q = &r->pool[*out];
	*event = now_ns >= end_ns(r, q) || exhausted(q) ? REQUEST_LOST : REQUEST_AGAIN;
	return true;
}

void request_delay(struct requests *r, uint32_t i, uint64_t now_ns) { set_timer(r, i, now_ns); }
