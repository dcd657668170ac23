/* SPDX-License-Identifier: BSD-3-Clause */
#include "spare_cids.h"

unsigned spare_cids_count(const struct store *s, uint32_t slot)
{
	return atomic_load_explicit(&s->spare_cids[slot].n, memory_order_relaxed);
}

static void count_set(struct store *s, uint32_t slot, unsigned n)
{
	atomic_store_explicit(&s->spare_cids[slot].n, n, memory_order_relaxed);
}

/* Of all together: they leave every slot room in the index for an entry of its own. */
static uint32_t room_of_all(const struct store *s)
{
	const uint32_t max = s->n_slots / 2,
		       n = atomic_load_explicit(&s->n_spare_cids, memory_order_relaxed);

	return n < max ? max - n : 0;
}

unsigned spare_cids_room(const struct store *s, uint32_t slot)
{
	const unsigned own = SPARE_CIDS_MAX - spare_cids_count(s, slot), all = room_of_all(s);

	return own < all ? own : all;
}

bool spare_cids_add(struct store *s, struct session_ref ref, const uint8_t *cid, size_t len)
{
	const struct session_cold *cold = &s->cold[ref.slot];
	const struct flow_hash key = flow_hash_cid(&s->hash_key, cid, len);
	const unsigned n = spare_cids_count(s, ref.slot);
	const struct flow *flow = &cold->flow;
	struct table_hit entry = { .ref = ref, .owner = cold->owner, .class = cold->class };
	struct flow_hash path;

	if (spare_cids_room(s, ref.slot) == 0)
		return false;
	flow_hash_burst(&s->hash_key, &flow, &path, 1);
	entry.ref.generation = flow_hash_tag(&path);
	if (table_insert(s->flows, &key, &entry) != TABLE_INSERTED)
		return false;
	lazy_touch(&s->spare_cids_lazy, ref.slot);
	s->spare_cids[ref.slot].at[n] = table_place_of(&key);
	count_set(s, ref.slot, n + 1);
	atomic_fetch_add_explicit(&s->n_spare_cids, 1, memory_order_relaxed);
	return true;
}

bool spare_cids_retag(struct store *s, uint32_t slot, uint32_t tag)
{
	const struct store_spare_cids *spare = &s->spare_cids[slot];
	bool ok = true;

	for (unsigned i = 0; i < spare_cids_count(s, slot); i++)
		ok &= table_retag(s->flows, spare->at[i], slot, tag);
	return ok;
}

void spare_cids_remove(struct store *s, uint32_t slot)
{
	const unsigned n = spare_cids_count(s, slot);

	for (unsigned i = 0; i < n; i++)
		(void)table_remove_tagged(s->flows, s->spare_cids[slot].at[i], slot);
	/* Where there are none, nothing is written: the page may not be there. */
	if (n == 0)
		return;
	count_set(s, slot, 0);
	atomic_fetch_sub_explicit(&s->n_spare_cids, n, memory_order_relaxed);
}
