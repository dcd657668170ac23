/* SPDX-License-Identifier: BSD-3-Clause */
#include "throttle.h"

#include <string.h>

#include <rte_jhash.h>

bool throttle_take_of(struct throttle_bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ns)
{
	uint64_t token_ns = rate < 1000000000 ? 1000000000 / rate : 1;
	uint64_t full_ns = burst * token_ns;

	if (b->empty_ns + full_ns < now_ns)
		b->empty_ns = now_ns > full_ns ? now_ns - full_ns : 0;
	if (now_ns - b->empty_ns < token_ns)
		return false;
	b->empty_ns += token_ns;
	return true;
}

bool throttle_take(struct throttle_bucket *b, uint32_t rate, uint64_t now_ns)
{
	return throttle_take_of(b, rate, rate / 10 > 16 ? rate / 10 : 16, now_ns);
}

void throttle_sources_init(struct throttle_sources *s, uint32_t seed)
{
	memset(s, 0, sizeof(*s));
	s->seed = seed;
}

bool throttle_source_take(struct throttle_sources *s, const uint8_t remote_ip[16], uint32_t rate,
			  uint64_t now_ns)
{
	uint32_t h = rte_jhash(remote_ip, 16, s->seed);

	return throttle_take(&s->buckets[h % THROTTLE_SOURCES], rate, now_ns);
}

bool throttle_session_take(struct throttle_sources *s, struct session_ref ref, uint32_t rate,
			   uint64_t now_ns)
{
	uint32_t h = rte_jhash_2words(ref.slot, ref.generation, s->seed);

	return throttle_take(&s->buckets[h % THROTTLE_SOURCES], rate, now_ns);
}

void throttle_init(struct throttle *t, uint32_t seed)
{
	memset(t, 0, sizeof(*t));
	throttle_sources_init(&t->sources[false], seed);
	throttle_sources_init(&t->sources[true], seed);
}

static struct throttle_flow *flow_at(struct throttle *t, struct session_ref ref)
{
	return &t->flows[ref.slot % THROTTLE_FLOWS];
}

static bool flow_is(const struct throttle_flow *f, struct session_ref ref)
{
	return f->ref.slot == ref.slot && f->ref.generation == ref.generation;
}

static bool suspect(struct throttle *t, uint64_t now_ns, struct session_ref ref)
{
	const struct throttle_flow *f = flow_at(t, ref);

	return flow_is(f, ref) && f->forged >= THROTTLE_FREE &&
	       now_ns < f->last_ns + THROTTLE_MEMORY_NS;
}

bool throttle_allows(struct throttle *t, uint64_t now_ns, struct session_ref ref,
		     const uint8_t remote_ip[16], bool plausible)
{
	return !suspect(t, now_ns, ref) ||
	       throttle_source_take(&t->sources[plausible], remote_ip, THROTTLE_RATE, now_ns);
}

void throttle_forged(struct throttle *t, uint64_t now_ns, struct session_ref ref)
{
	struct throttle_flow *f = flow_at(t, ref);

	if (!flow_is(f, ref) || now_ns >= f->last_ns + THROTTLE_MEMORY_NS)
		*f = (struct throttle_flow){ .ref = ref };
	f->last_ns = now_ns;
	if (f->forged < THROTTLE_FREE)
		f->forged++;
	t->active_until_ns = now_ns + THROTTLE_MEMORY_NS;
}

void throttle_genuine(struct throttle *t, struct session_ref ref)
{
	struct throttle_flow *f = flow_at(t, ref);

	if (flow_is(f, ref))
		f->forged = 0;
}
