/* SPDX-License-Identifier: BSD-3-Clause */
#include "store.h"

#include "epoch.h"
#include "record13.h"
#include "secret.h"
#include "spare_cids.h"

#include <errno.h>
#include <stdlib.h>

enum {
	WORD_BITS = 64,
	INSERT_TRIES = 64, /* for a relocation on another core to end its few stores */
	SESSIONS_MAX = 1 << 30,
	SPARE_MIN = 64, /* spare slots: these and a thousandth of all */
	SPARE_SHIFT = 10,
	PARTS_MAX = 8, /* NUMA nodes that are told apart */
};

/* Slots are cut into as many equal runs as owners stand on NUMA nodes. */
struct store_parts {
	unsigned n; /* 1: nothing is placed */
	int node[PARTS_MAX];
	uint8_t of_owner[UINT8_MAX + 1];
};

/*
 * Slots nobody has, linked through one array: a slot is in one of the two lists, or in none.
 *
 * Free ones: a stack, since the slot that was used last costs no new page. Several cores take, the
 * control thread gives; a compare-and-swap that fails means that another one succeeded, so nobody
 * waits for a preempted thread (a ring with several producers or consumers would make them wait
 * for each other's tail). The head carries a count of changes against ABA.
 *
 * Retired ones: several cores give, the control thread takes all at once, so there is no ABA.
 */
struct store_slots {
	_Atomic uint64_t free[PARTS_MAX]; /* changes 32 | slot + 1, 0: empty */
	_Atomic uint32_t retired;         /* slot + 1, 0: empty */
	uint32_t taken;                   /* the same, of those taken; control thread only */
	_Atomic uint32_t used;            /* slots that are not free */
	uint32_t n;
	struct store_parts parts;
	_Atomic uint32_t next[];
};

static uint64_t free_head(uint64_t before, uint32_t top)
{
	return ((before >> 32) + 1) << 32 | top;
}

/* The part of a slot, and where a part begins. */
static unsigned part_of(const struct store_slots *f, uint32_t slot)
{
	return (unsigned)((uint64_t)slot * f->parts.n / f->n);
}

static uint32_t part_first(const struct store_slots *f, unsigned part)
{
	return (uint32_t)(((uint64_t)part * f->n + f->parts.n - 1) / f->parts.n);
}

static bool slot_pop(struct store_slots *f, unsigned part, uint32_t *slot)
{
	uint64_t head = atomic_load_explicit(&f->free[part], memory_order_acquire);
	uint32_t next;

	do {
		if ((uint32_t)head == 0)
			return false;
		*slot = (uint32_t)head - 1;
		/* May be stale already: then the swap fails. */
		next = atomic_load_explicit(&f->next[*slot], memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(&f->free[part], &head,
							free_head(head, next), memory_order_acq_rel,
							memory_order_acquire));
	return true;
}

/* A slot, near its owner if there is one, unless there are none or so many in use. */
static bool slot_take(struct store_slots *f, uint8_t owner, uint32_t limit, uint32_t *slot)
{
	unsigned near = f->parts.of_owner[owner];

	if (atomic_fetch_add_explicit(&f->used, 1, memory_order_relaxed) < limit) {
		for (unsigned i = 0; i < f->parts.n; i++) {
			if (slot_pop(f, (near + i) % f->parts.n, slot))
				return true;
		}
	}
	atomic_fetch_sub_explicit(&f->used, 1, memory_order_relaxed);
	return false;
}

static void slot_give(struct store_slots *f, uint32_t slot)
{
	_Atomic uint64_t *free = &f->free[part_of(f, slot)];
	uint64_t head = atomic_load_explicit(free, memory_order_relaxed);

	do {
		atomic_store_explicit(&f->next[slot], (uint32_t)head, memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(free, &head, free_head(head, slot + 1),
							memory_order_acq_rel,
							memory_order_relaxed));
	/* Last: who sees the count finds the slot. */
	atomic_fetch_sub_explicit(&f->used, 1, memory_order_release);
}

static void slot_retire(struct store_slots *f, uint32_t slot)
{
	uint32_t head = atomic_load_explicit(&f->retired, memory_order_relaxed);

	do {
		atomic_store_explicit(&f->next[slot], head, memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(
		&f->retired, &head, slot + 1, memory_order_release, memory_order_relaxed));
}

static struct store_slots *slots_new(uint32_t n, const struct store_parts *parts)
{
	struct store_slots *f = malloc(sizeof(*f) + (size_t)n * sizeof(f->next[0]));

	if (f == NULL)
		return NULL;
	f->n = n;
	f->parts = *parts;
	/* The first on top, so that the low slots of a part, and their pages, are those in use. */
	for (unsigned k = 0; k < parts->n; k++) {
		const uint32_t first = part_first(f, k), end = part_first(f, k + 1);

		for (uint32_t i = first; i < end; i++)
			atomic_init(&f->next[i], i + 1 < end ? i + 2 : 0);
		atomic_init(&f->free[k], first + 1);
	}
	atomic_init(&f->retired, 0);
	atomic_init(&f->used, 0);
	f->taken = 0;
	return f;
}

static struct store_parts parts_of(const struct store_config *cfg)
{
	struct store_parts p = { .n = 0 };

	for (unsigned i = 0; i < cfg->n_owners; i++) {
		unsigned k = 0;

		while (k < p.n && p.node[k] != cfg->owner_nodes[i])
			k++;
		if (k == p.n && p.n < PARTS_MAX)
			p.node[p.n++] = cfg->owner_nodes[i];
		p.of_owner[i] = (uint8_t)(k % PARTS_MAX);
	}
	if (p.n == 0)
		p.node[p.n++] = -1;
	return p;
}

_Static_assert(BLOCK_PAGE % sizeof(struct session_overflow) == 0 &&
		       BLOCK_PAGE % sizeof(struct store_peer_cid) == 0 &&
		       BLOCK_PAGE % sizeof(struct session_cids) == 0 &&
		       BLOCK_PAGE % sizeof(struct store_spare_cids) == 0 &&
		       BLOCK_HUGE_PAGE % sizeof(struct session_read13) == 0,
	       "no element of a lazy array is on two pages");

/* Each part's run of an array of elements of this size on the part's node. */
static void place(const struct store *s, const struct block *array, size_t size)
{
	const struct store_slots *f = s->slots;

	for (unsigned k = 0; k < f->parts.n; k++) {
		const size_t first = part_first(f, k), end = part_first(f, k + 1);

		block_place(array, first * size, (end - first) * size, f->parts.node[k]);
	}
}

static bool array_new(const struct store *s, struct block *out, size_t size)
{
	const struct store_parts *parts = &s->slots->parts;

	if (!block_new(out, s->n_slots * size, parts->n > 1 ? BLOCK_PLACED : parts->node[0]))
		return false;
	if (parts->n > 1)
		place(s, out, size);
	return true;
}

static bool lazy_array_new(const struct store *s, struct lazy *out, uint32_t size,
			   enum block_page page)
{
	if (!lazy_new(out, s->n_slots, size, page))
		return false;
	place(s, &out->block, size);
	return true;
}

static bool allocate_lazy_arrays(struct store *s)
{
	if (!lazy_array_new(s, &s->read13_lazy, sizeof(*s->read13), BLOCK_HUGE_PAGE) ||
	    !lazy_array_new(s, &s->overflow_lazy, sizeof(*s->overflow), BLOCK_PAGE) ||
	    !lazy_array_new(s, &s->old_lazy, sizeof(*s->old), BLOCK_PAGE) ||
	    !lazy_array_new(s, &s->old_sn_lazy, sizeof(*s->old_sn_key), BLOCK_PAGE) ||
	    !lazy_array_new(s, &s->cids_lazy, sizeof(*s->cids), BLOCK_PAGE) ||
	    !lazy_array_new(s, &s->peer_cids_lazy, sizeof(*s->peer_cids), BLOCK_PAGE) ||
	    !lazy_array_new(s, &s->spare_cids_lazy, sizeof(*s->spare_cids), BLOCK_PAGE))
		return false;
	s->read13 = s->read13_lazy.block.p;
	s->overflow = s->overflow_lazy.block.p;
	s->old = s->old_lazy.block.p;
	s->old_sn_key = s->old_sn_lazy.block.p;
	s->cids = s->cids_lazy.block.p;
	s->peer_cids = s->peer_cids_lazy.block.p;
	s->spare_cids = s->spare_cids_lazy.block.p;
	return true;
}

static bool allocate_arrays(struct store *s)
{
	size_t words = s->replay_window / WORD_BITS;

	if (!array_new(s, &s->hot_block, sizeof(*s->hot)) ||
	    !array_new(s, &s->cold_block, sizeof(*s->cold)) || !allocate_lazy_arrays(s))
		return false;
	if (words > 1 && !array_new(s, &s->wide_block, words * sizeof(*s->wide)))
		return false;
	s->hot = s->hot_block.p;
	s->cold = s->cold_block.p;
	s->wide = s->wide_block.p;
	return true;
}

static bool config_ok(const struct store_config *cfg)
{
	return cfg->max_sessions != 0 && cfg->max_sessions <= SESSIONS_MAX &&
	       cfg->replay_window != 0 && cfg->replay_window % 64 == 0 &&
	       cfg->replay_window <= 1024;
}

struct store *store_new(const struct store_config *cfg)
{
	const struct store_parts parts = parts_of(cfg);
	struct store *s;

	if (!config_ok(cfg) || !flow_hash_supported()) {
		errno = config_ok(cfg) ? ENOTSUP : EINVAL;
		return NULL;
	}
	s = malloc(sizeof(*s)); /* aligned to 16: the hash key needs no more */
	if (s == NULL)
		return NULL;
	*s = (struct store){ .replay_window = cfg->replay_window,
			     .n_slots = cfg->max_sessions + SPARE_MIN +
					(cfg->max_sessions >> SPARE_SHIFT),
			     .max_sessions = cfg->max_sessions,
			     .identities = cfg->identities };
	flow_hash_key_init(&s->hash_key, cfg->hash_seed);
	s->flows = table_new(s->n_slots, parts.n > 1 ? BLOCK_INTERLEAVED : parts.node[0]);
	s->slots = slots_new(s->n_slots, &parts);
	if (s->flows != NULL && s->slots != NULL && allocate_arrays(s))
		return s;
	store_free(s);
	errno = ENOMEM;
	return NULL;
}

static bool generation_live(uint32_t generation) { return generation & 1; }

static void wipe_keys(struct store *s, uint32_t slot)
{
	const uint8_t class = s->cold[slot].class;

	if (session_class_is_13(class)) {
		epoch_forget(s, slot);
		secret_wipe(&s->read13[slot], sizeof(s->read13[slot]));
	}
	secret_wipe(s->hot[slot].secrets, sizeof(s->hot[slot].secrets));
	if (session_key_overflows(session_class_alg(class)))
		secret_wipe(&s->overflow[slot], sizeof(s->overflow[slot]));
}

/* A retired slot that nobody recycled holds an identity too. */
static void drop_slots(struct store *s)
{
	for (uint32_t i = 0; i < s->n_slots; i++) {
		if (generation_live(atomic_load(&s->hot[i].generation)))
			wipe_keys(s, i);
		if (s->cold[i].identity != NULL)
			identity_put(s->identities, s->cold[i].identity);
	}
}

void store_free(struct store *s)
{
	if (s == NULL)
		return;
	if (s->hot != NULL && s->cold != NULL)
		drop_slots(s);
	table_free(s->flows);
	free(s->slots);
	block_free(&s->hot_block);
	block_free(&s->cold_block);
	lazy_free(&s->read13_lazy);
	lazy_free(&s->overflow_lazy);
	lazy_free(&s->old_lazy);
	lazy_free(&s->old_sn_lazy);
	lazy_free(&s->cids_lazy);
	lazy_free(&s->peer_cids_lazy);
	lazy_free(&s->spare_cids_lazy);
	block_free(&s->wide_block);
	secret_wipe(&s->hash_key, sizeof(s->hash_key));
	free(s);
}

static struct flow_hash hash_of(const struct store *s, const struct flow *flow)
{
	struct flow_hash hash;

	flow_hash_burst(&s->hash_key, &flow, &hash, 1);
	return hash;
}

static void fill_overflow(struct store *s, uint32_t slot, const uint8_t rx[AEAD_KEY_MAX],
			  const uint8_t tx[AEAD_KEY_MAX])
{
	lazy_touch(&s->overflow_lazy, slot);
	memcpy(s->overflow[slot].rx_key, rx, AEAD_KEY_MAX);
	memcpy(s->overflow[slot].tx_key, tx, AEAD_KEY_MAX);
}

static void fill13(struct store *s, uint32_t slot, const struct session_install *in)
{
	struct session_hot *hot = &s->hot[slot];
	struct session_read13 *read = &s->read13[slot];

	lazy_touch(&s->read13_lazy, slot);
	(void)session_put_keys13(in->aead, &hot->rx13, in->rx_key, in->rx_sn_key);
	if (session_put_keys13(in->aead, &read->tx, in->tx_key, in->tx_sn_key))
		fill_overflow(s, slot, in->rx_sn_key, in->tx_sn_key);
	memcpy(read->rx_iv, in->rx_iv, AEAD_IV_LEN);
	memcpy(read->tx_iv, in->tx_iv, AEAD_IV_LEN);
	read->failed_opens = 0;
	hot->tx_number = (uint64_t)RECORD13_EPOCH_DATA << SESSION_SEQ_BITS | in->tx_seq;
	hot->rx_epoch = RECORD13_EPOCH_DATA;
	hot->rx_old = SESSION_OLD_NONE;
}

static void fill_keys12(struct store *s, uint32_t slot, const struct session_install *in)
{
	struct session_hot *hot = &s->hot[slot];

	memcpy(hot->rx_salt, in->rx_iv, sizeof(hot->rx_salt));
	memcpy(hot->tx_salt, in->tx_iv, sizeof(hot->tx_salt));
	if (!session_key_overflows(in->aead)) {
		memcpy(hot->rx_key, in->rx_key, sizeof(hot->rx_key));
		memcpy(hot->tx_key, in->tx_key, sizeof(hot->tx_key));
		return;
	}
	fill_overflow(s, slot, in->rx_key, in->tx_key);
	memcpy(hot->rx_key, in->rx_iv + 4, AEAD_IV_LEN - 4);
	memcpy(hot->tx_key, in->tx_iv + 4, AEAD_IV_LEN - 4);
}

static void fill12(struct store *s, uint32_t slot, const struct session_install *in)
{
	struct session_hot *hot = &s->hot[slot];

	fill_keys12(s, slot, in);
	hot->tx_seq_lo = (uint32_t)in->tx_seq;
	hot->tx_seq_hi = (uint16_t)(in->tx_seq >> 32);
}

void store_set_peer_cid(struct store *s, uint32_t slot, const uint8_t *cid, uint8_t len)
{
	uint8_t *to = s->cids[slot].peer;

	s->cold[slot].peer_cid_len = len;
	if (len > SESSION_PEER_CID_SHORT) {
		lazy_touch(&s->peer_cids_lazy, slot);
		to = s->peer_cids[slot].bytes;
	}
	memcpy(to, cid, len);
}

static void fill_slot(struct store *s, uint32_t slot, uint8_t owner,
		      const struct session_install *in)
{
	const uint8_t class = session_install_class(in);

	s->cold[slot] = (struct session_cold){
		.flow = in->flow,
		.hop = in->hop,
		.tx_limit = in->tx_limit,
		.rx_limit = in->rx_limit,
		.identity = in->identity,
		.swept_newest = (uint32_t)in->rx_newest,
		.handshake_slot = in->handshake_slot,
		.handshake_generation = in->handshake_generation,
		.suite = in->suite,
		.rrc = in->rrc,
		.auth = in->auth & 7U,
		.class = class,
		.owner = owner,
		.handshake_core = in->handshake_core,
	};
	if (in->own_cid_len != 0 || in->peer_cid_len != 0) {
		lazy_touch(&s->cids_lazy, slot);
		store_set_peer_cid(s, slot, in->peer_cid, in->peer_cid_len);
	}
	if (session_class_is_13(class))
		fill13(s, slot, in);
	else
		fill12(s, slot, in);
	replay_init(&s->hot[slot], store_wide(s, slot), s->replay_window, in->rx_newest,
		    in->rx_window);
}

/* The slot's next generation: live ones are odd, so an increment starts and ends a session and 0
 * is never live, even after it wrapped. Only the owner writes it. */
static uint32_t next_generation(struct store *s, uint32_t slot)
{
	_Atomic uint32_t *generation = &s->hot[slot].generation;
	uint32_t next = atomic_load_explicit(generation, memory_order_relaxed) + 1;

	atomic_store_explicit(generation, next, memory_order_release);
	return next;
}

/* What an install meets in the table. */
enum place { PLACE_FREE, PLACE_OLD_SELF, PLACE_TAKEN };

/* PLACE_OLD_SELF: the same device's older session, *hit. */
static enum place look_at_place(const struct store *s, uint8_t owner, const struct flow *flow,
				const struct flow_hash *hash, struct table_hit *hit)
{
	if (table_lookup_burst(s->flows, hash, hit, 1) == 0)
		return PLACE_FREE;
	if (!store_live(s, hit->ref))
		return PLACE_FREE; /* on its way out */
	if (hit->owner != owner || memcmp(&s->cold[hit->ref.slot].flow, flow, sizeof(*flow)) != 0)
		return PLACE_TAKEN;
	return PLACE_OLD_SELF;
}

/*
 * A session with a connection ID has no entry of its flow; its identity has, as a hint, the slot of
 * the newest one. That is the same device's older session when it is this owner's, and on the same
 * flow: devices with one identity, or behind one address, are on others.
 */
static bool find_old_self(const struct store *s, uint8_t owner, const struct session_install *in,
			  struct session_ref *old)
{
	const uint32_t slot = in->identity != NULL ? identity_hint(in->identity) - 1 : UINT32_MAX;
	const struct session_cold *cold;

	if (slot >= s->n_slots)
		return false;
	*old = (struct session_ref){ slot, atomic_load_explicit(&s->hot[slot].generation,
								memory_order_acquire) };
	cold = &s->cold[slot];
	/* Behind the owner, the others are this thread's to read. */
	return generation_live(old->generation) && cold->owner == owner &&
	       session_class_has_cid(cold->class) && cold->identity == in->identity &&
	       memcmp(&cold->flow, &in->flow, sizeof(in->flow)) == 0;
}

static enum table_insert publish(struct store *s, const struct flow_hash *hash,
				 const struct table_hit *entry)
{
	enum table_insert result = table_insert(s->flows, hash, entry);

	for (int i = 0; result == TABLE_EXISTS && i < INSERT_TRIES; i++) {
		__builtin_ia32_pause();
		result = table_insert(s->flows, hash, entry);
	}
	return result;
}

/* Undoes fill_slot. A hint that is old may have led somebody here, so the slot waits as others do.
 */
static void abandon(struct store *s, uint32_t slot)
{
	next_generation(s, slot);
	wipe_keys(s, slot);
	s->cold[slot].identity = NULL;
	slot_retire(s->slots, slot);
}

/* What the new session is found by. A connection ID's place is kept, for it is not: its owner's to
 * remove, and to give another tag. */
static struct flow_hash key_of(const struct store *s, const struct session_install *in,
			       const struct flow_hash *flow)
{
	return in->own_cid_len == 0 ? *flow
				    : flow_hash_cid(&s->hash_key, in->own_cid, in->own_cid_len);
}

/* Publishes the filled slot's entry. */
static bool go_live(struct store *s, struct session_ref ref, const struct flow_hash *flow,
		    const struct session_install *in)
{
	const struct flow_hash key = key_of(s, in, flow);
	struct session_cold *cold = &s->cold[ref.slot];
	struct table_hit entry = { .ref = ref, .owner = cold->owner, .class = cold->class };

	if (session_class_has_cid(cold->class)) {
		s->cids[ref.slot].own = table_place_of(&key);
		entry.ref.generation = flow_hash_tag(flow);
	}
	return publish(s, &key, &entry) == TABLE_INSERTED;
}

enum status store_install(struct store *s, uint8_t owner, const struct session_install *in,
			  struct session_ref *out, struct session_ref *replaced)
{
	struct flow_hash hash = hash_of(s, &in->flow);
	struct session_ref ref;
	struct table_hit old = { 0 };
	enum place place = look_at_place(s, owner, &in->flow, &hash, &old);
	const bool again = place == PLACE_OLD_SELF || find_old_self(s, owner, in, &old.ref);
	uint32_t limit = again ? s->n_slots : s->max_sessions;

	*out = *replaced = (struct session_ref){ 0 };
	if ((place == PLACE_TAKEN && in->own_cid_len == 0) ||
	    !slot_take(s->slots, owner, limit, &ref.slot))
		return STATUS_SESSION_FULL;
	if (place == PLACE_OLD_SELF)
		(void)table_remove(s->flows, &hash, old.ref); /* there: removing it is ours */
	if (again)
		*replaced = old.ref;
	fill_slot(s, ref.slot, owner, in);
	ref.generation = next_generation(s, ref.slot);
	if (!go_live(s, ref, &hash, in)) {
		abandon(s, ref.slot);
		return STATUS_SESSION_FULL;
	}
	if (in->own_cid_len != 0 && in->identity != NULL)
		identity_set_hint(in->identity, ref.slot + 1);
	atomic_fetch_add_explicit(&s->live, 1, memory_order_relaxed);
	*out = ref;
	return STATUS_OK;
}

bool store_move(struct store *s, struct session_ref ref, const struct flow *flow,
		const struct nexthop *hop)
{
	const struct flow_hash hash = hash_of(s, flow);
	struct session_cold *cold = &s->cold[ref.slot];

	cold->flow = *flow;
	cold->hop = *hop;
	for (int i = 0; i < INSERT_TRIES; i++) {
		if (table_retag(s->flows, s->cids[ref.slot].own, ref.slot, flow_hash_tag(&hash)) &&
		    spare_cids_retag(s, ref.slot, flow_hash_tag(&hash)))
			return true;
		__builtin_ia32_pause();
	}
	return false;
}

static void remove_entry(struct store *s, struct session_ref ref)
{
	const struct session_cold *cold = &s->cold[ref.slot];
	struct flow_hash hash;

	if (session_class_has_cid(cold->class)) {
		(void)table_remove_tagged(s->flows, s->cids[ref.slot].own, ref.slot);
		spare_cids_remove(s, ref.slot);
		return;
	}
	hash = hash_of(s, &cold->flow);
	/* Not there when a newer session of the flow took its place. */
	(void)table_remove(s->flows, &hash, ref);
}

bool store_retire(struct store *s, struct session_ref ref)
{
	if (!store_live(s, ref))
		return false;
	remove_entry(s, ref);
	next_generation(s, ref.slot);
	wipe_keys(s, ref.slot);
	atomic_fetch_sub_explicit(&s->live, 1, memory_order_relaxed);
	slot_retire(s->slots, ref.slot);
	return true;
}

size_t store_take_retired(struct store *s, uint32_t *slots, size_t max)
{
	struct store_slots *f = s->slots;
	size_t n = 0;

	if (f->taken == 0)
		f->taken = atomic_exchange_explicit(&f->retired, 0, memory_order_acquire);
	for (; f->taken != 0 && n < max; n++) {
		slots[n] = f->taken - 1;
		f->taken = atomic_load_explicit(&f->next[slots[n]], memory_order_relaxed);
	}
	return n;
}

void store_recycle(struct store *s, const uint32_t *slots, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct session_cold *cold = &s->cold[slots[i]];

		if (cold->identity != NULL)
			identity_put(s->identities, cold->identity);
		cold->identity = NULL;
		slot_give(s->slots, slots[i]);
	}
}

/* Whether the owner's session in a slot has been idle for max_sweeps visits. */
static bool sweep_slot(struct store *s, uint32_t slot, uint8_t max_sweeps)
{
	struct session_cold *cold = &s->cold[slot];
	uint32_t newest = s->hot[slot].rx_newest_lo;

	if (newest != cold->swept_newest) {
		cold->swept_newest = newest;
		cold->idle_sweeps = 0;
		return false;
	}
	if (cold->idle_sweeps < max_sweeps)
		cold->idle_sweeps = (cold->idle_sweeps + 1U) & 15U;
	return cold->idle_sweeps >= max_sweeps;
}

size_t store_sweep(struct store *s, uint8_t owner, uint32_t *cursor, size_t n, uint8_t max_sweeps,
		   struct session_ref *out)
{
	uint32_t slot = *cursor < s->n_slots ? *cursor : 0;
	size_t found = 0;

	for (size_t i = 0; i < n && i < s->n_slots; i++) {
		uint32_t generation =
			atomic_load_explicit(&s->hot[slot].generation, memory_order_acquire);

		if (generation_live(generation) && s->cold[slot].owner == owner &&
		    sweep_slot(s, slot, max_sweeps))
			out[found++] = (struct session_ref){ slot, generation };
		slot = slot + 1 < s->n_slots ? slot + 1 : 0;
	}
	*cursor = slot;
	return found;
}

uint32_t store_count(const struct store *s)
{
	return atomic_load_explicit(&s->live, memory_order_relaxed);
}

size_t store_bytes(const struct store *s)
{
	return sizeof(*s) + table_bytes(s->flows) + s->hot_block.len + s->cold_block.len +
	       s->wide_block.len + lazy_bytes(&s->read13_lazy) + lazy_bytes(&s->overflow_lazy) +
	       lazy_bytes(&s->old_lazy) + lazy_bytes(&s->old_sn_lazy) + lazy_bytes(&s->cids_lazy) +
	       lazy_bytes(&s->peer_cids_lazy) + lazy_bytes(&s->spare_cids_lazy) +
	       sizeof(*s->slots) + s->n_slots * sizeof(s->slots->next[0]);
}
