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

bool spare_cids_add(struct store *s, struct session_ref ref, const uint8_t *cid, size_t len)
{
	const struct session_cold *cold = &s->cold[ref.slot];
	const struct flow_hash key = flow_hash_cid(&s->hash_key, cid, len);
	const unsigned n = spare_cids_count(s, ref.slot);
	const struct flow *flow = &cold->flow;
	struct table_hit entry = { .ref = ref, .owner = cold->owner, .class = cold->class };
	struct flow_hash path;

	if (n == SPARE_CIDS_MAX)
		return false;
	flow_hash_burst(&s->hash_key, &flow, &path, 1);
	entry.ref.generation = flow_hash_tag(&path);
	if (table_insert(s->flows, &key, &entry) != TABLE_INSERTED)
		return false;
	lazy_touch(&s->spare_cids_lazy, ref.slot);
	s->spare_cids[ref.slot].at[n] = table_place_of(&key);
	count_set(s, ref.slot, n + 1);
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
	if (n != 0)
		count_set(s, slot, 0);
}
