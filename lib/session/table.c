/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include "block.h"

#include <immintrin.h>
#include <limits.h>
#include <rte_branch_prediction.h>
#include <stdatomic.h>
#include <stdlib.h>

#define INLINED static inline __attribute__((always_inline))

/*
 * Why it is right.
 *
 * States of an entry, by word 0:
 *
 *       claim (CAS)        publish              mark (CAS)
 *   0 ─────────────► BUSY ──────────► live ─────────────────► live|MOVING ─────► 0
 *   ▲                                  │ remove (CAS)              │ remove (CAS)
 *   └──────────────────────────────────┘                           ▼
 *   └───────────────────────────────────────────── live|MOVING|DEAD
 *
 * - BUSY belongs to the writer that claimed it: it writes word 1, then publishes word 0.
 * - MOVING belongs to the relocator that set it, on the original, and on the copy that it publishes
 *   in the secondary bucket with the flag already set. Nobody else may empty such an entry: a
 *   remover can only mark it DEAD. So no word 0 that a relocator waits to swap can have been
 *   recycled under it (no ABA), and no remover waits for a relocator: the relocator, when its swap
 *   fails, knows that the entry is dead and clears the copy first, the original last.
 * - Word 1 is written only under BUSY; and its upper half, the tag of a tagged entry, by the owner
 *   (CAS), who alone could remove it.
 *
 * A pair is consistent. A reader loads word 1, word 0, word 1, and believes the pair when both
 * loads of word 1 agree. Let word 0 be of the entry's k-th use. Word 1 of a use is written before
 * its word 0 is published and after its word 0 became BUSY; so the first load cannot be of a later
 * use than k (word 0 would have been BUSY or newer), nor the second of an earlier one. A reference
 * uses an entry once (it is inserted once, relocated at most once, and never back), hence equal
 * values are of the same use, k. Were a reference ever inserted twice, the worst would be a record
 * tried under a foreign key: its tag fails. A slot with a tag may come again, but not before those
 * who read meanwhile are through.
 *
 * A new tag is not lost. Its writer swaps word 1 and then looks at word 0; a relocator swaps word 0
 * (MOVING) and then loads word 1 for its copy. All four are sequentially consistent, so either the
 * copy gets the new tag, or the writer sees that the entry is on the move and says so. Its swap of
 * word 1 hits no later use of the entry: that has another slot, or is BUSY and writes word 1 yet.
 *
 * A live entry is not missed. A reader that found its place in the primary bucket empty or reused
 * (acquire) is ordered after the relocator's swap that emptied it (release, and later claims are
 * read-modify-writes that continue the release sequence), and so after the copy was published; it
 * reads the secondary bucket later. There are no relocations inside a bucket or back. An insert
 * behind a removal of the same signature is a new session: between the two there was none, and a
 * reader that misses both saw that moment.
 *
 * A dead entry does not hide a live one. The owner of a signature inserts it again only when no
 * entry with it is left in its two buckets, in any state but BUSY. A copy that a relocator
 * publishes after the original was marked DEAD is cleared before the original is, so while that
 * ghost can be seen, the DEAD original stands, and the insert answers TABLE_EXISTS. Readers pass
 * DEAD entries by; a reader of the ghost gets a stale generation, which its owner drops.
 *
 * Two threads that insert the same signature at the same instant may both succeed: two flows that
 * collide in 48 bits, or one flow with two owners, which lookups before a handshake prevent. Each
 * removes its own by reference; until then lookups find one of them.
 */

enum {
	ENTRIES = 4,
	WORD0_DEAD = 1,
	WORD0_MOVING = 2,
	WORD0_SECONDARY = 4, /* stands in its secondary bucket */
	WORD0_BUSY = 1,      /* whole word: no signature is 0 */
	WORD0_TAGGED = TABLE_TAGGED << 3,
	CLASS_SHIFT = 3,
	OWNER_SHIFT = 9,
	SIGNATURE_SHIFT = 16,
	MOVE_DEPTH = 2, /* how far an insert may push others on */
	READ_TRIES = 4, /* each retry needs a whole remove and insert by a writer meanwhile */
	LINE = 64,
};

struct entry {
	_Atomic uint64_t word0;
	_Atomic uint64_t word1;
};

struct bucket {
	struct entry entry[ENTRIES];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

struct table {
	struct bucket *buckets;
	uint32_t n_buckets;
	bool vector; /* the CPU has AVX2 */
	struct block block;
	uint8_t apart[64]; /* what changes is not on the line that every lookup reads */
	_Atomic uint32_t count;
} __attribute__((aligned(64)));

/* The thread sanitizer does not see vector loads as atomic ones. */
static bool vector_usable(void)
{
#if defined(__SANITIZE_THREAD__)
	return false;
#elif defined(__has_feature)
	if (__has_feature(thread_sanitizer))
		return false;
#endif
	return __builtin_cpu_supports("avx2") != 0;
}

struct table *table_new(uint32_t capacity, int socket)
{
	struct table *t = aligned_alloc(64, sizeof(*t));
	uint32_t n = capacity / 2 + (capacity & 1);

	if (t == NULL)
		return NULL;
	*t = (struct table){ .n_buckets = n < 2 ? 2 : n, .vector = vector_usable() };
	if (!block_new(&t->block, (size_t)t->n_buckets * sizeof(struct bucket), socket)) {
		free(t);
		return NULL;
	}
	t->buckets = t->block.p;
	return t;
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	block_free(&t->block);
	free(t);
}

uint32_t table_count(const struct table *t)
{
	return atomic_load_explicit(&t->count, memory_order_relaxed);
}

size_t table_bytes(const struct table *t) { return sizeof(*t) + t->block.len; }

static inline uint64_t signature_of(uint64_t word0) { return word0 >> SIGNATURE_SHIFT; }

static inline uint64_t word1_of(struct session_ref ref)
{
	return (uint64_t)ref.generation << 32 | ref.slot;
}

/* A 32-bit number scaled to [0, n): a multiplication instead of a modulo. */
static inline uint32_t scale(uint32_t x, uint32_t n) { return (uint32_t)((uint64_t)x * n >> 32); }

static inline uint32_t primary_of(uint32_t n_buckets, const struct flow_hash *key)
{
	return scale((uint32_t)key->bucket, n_buckets);
}

/* The secondary bucket lies a distance of 1..n-1 on that the signature gives, so that whoever moves
 * an entry knows it without the flow, and it is never the primary. */
static inline uint32_t secondary_of(uint32_t n_buckets, uint32_t primary, uint64_t signature)
{
	uint32_t distance = 1 + scale((uint32_t)signature, n_buckets - 1);
	uint64_t at = (uint64_t)primary + distance;

	return (uint32_t)(at < n_buckets ? at : at - n_buckets);
}

static inline uint64_t load_acquire(const _Atomic uint64_t *w)
{
	return atomic_load_explicit(w, memory_order_acquire);
}

static inline bool swap(_Atomic uint64_t *w, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong_explicit(w, &from, to, memory_order_seq_cst,
						       memory_order_acquire);
}

/* Lookup */

/* What of word 0 a lookup compares: the signature, and that the entry is not dead. */
#define WORD0_COMPARED (~UINT64_C(0) << SIGNATURE_SHIFT | WORD0_DEAD)

static inline uint64_t signature_word(uint64_t signature) { return signature << SIGNATURE_SHIFT; }

/* One look at an entry; false: it is another one, or changed meanwhile. */
INLINED bool entry_read(const struct entry *e, uint64_t want, struct table_hit *out)
{
	uint64_t ref = load_acquire(&e->word1);
	uint64_t word0 = load_acquire(&e->word0);
	uint64_t again = load_acquire(&e->word1);

	if (((word0 & WORD0_COMPARED) ^ want) | (ref ^ again))
		return false;
	out->ref = (struct session_ref){ .slot = (uint32_t)again,
					 .generation = (uint32_t)(again >> 32) };
	out->owner = (word0 >> OWNER_SHIFT) & TABLE_OWNER_MAX;
	out->class = (word0 >> CLASS_SHIFT) & TABLE_CLASS_MAX;
	return true;
}

/* The rare rest of a bucket's lookup: an entry that changed, or two with one signature. */
static __attribute__((noinline)) bool bucket_look_again(const struct bucket *b, uint64_t want,
							struct table_hit *out)
{
	for (int i = 0; i < READ_TRIES * ENTRIES; i++)
		if (entry_read(&b->entry[i % ENTRIES], want, out))
			return true;
	return false;
}

/*
 * A guess at which entry of a bucket is wanted, in one of two ways. The word way is what the thread
 * sanitizer understands. The vector way compares all four at once: an aligned vector load is one
 * access for each 8-byte word of it on every x86-64 CPU, and neither the CPU nor, across the fence,
 * the compiler moves it behind a later load.
 */
struct guess {
	unsigned entry; /* 0 when there is none: reading that one is harmless and saves a branch */
	bool any;
};

static inline struct guess guess_by_words(const struct bucket *b, uint64_t want)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if ((load_acquire(&b->entry[i].word0) & WORD0_COMPARED) == want)
			return (struct guess){ i, true };
	return (struct guess){ 0, false };
}

#define AVX2 __attribute__((target("avx2")))

static inline AVX2 struct guess guess_by_vector(const struct bucket *b, uint64_t want)
{
	/* The mask's bits stand for entries 0, 2, 1, 3. A bit scan is many instructions to a CPU
	 * for which the compiler must not use tzcnt. */
	static const uint8_t entry_of[1 << ENTRIES] = { 0, 0, 2, 0, 1, 0, 1, 0,
							3, 0, 2, 0, 1, 0, 1, 0 };
	const __m256i *p = (const __m256i *)(const void *)b->entry;
	__m256i word0 = _mm256_unpacklo_epi64(_mm256_load_si256(p), _mm256_load_si256(p + 1));
	__m256i compared = _mm256_and_si256(word0, _mm256_set1_epi64x((int64_t)WORD0_COMPARED));
	__m256i equal = _mm256_cmpeq_epi64(compared, _mm256_set1_epi64x((int64_t)want));
	unsigned mask = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(equal));

	atomic_signal_fence(memory_order_acquire);
	return (struct guess){ entry_of[mask], mask != 0 };
}

INLINED bool bucket_find(struct guess (*guess_of)(const struct bucket *b, uint64_t want),
			 const struct bucket *b, uint64_t want, struct table_hit *out)
{
	struct guess guess = guess_of(b, want);

	if (likely(entry_read(&b->entry[guess.entry], want, out)))
		return true;
	return guess.any && bucket_look_again(b, want, out);
}

/* A burst's keys that were not found so far, and their secondary buckets. */
struct misses {
	size_t n;
	uint32_t bucket[TABLE_BURST_MAX];
	uint8_t key[TABLE_BURST_MAX];
};

/* Into the second level cache: a fetch into the first holds one of its few line buffers until
 * memory answers, and what comes between, which is all in the first, waits behind them. */
INLINED void fetch(const void *p) { __builtin_prefetch(p, 0, 1); }

INLINED void follow_hit(const struct table_follow *follow, const struct table_hit *hit)
{
	if (unlikely(hit->owner != follow->owner))
		return;
	fetch((const char *)follow->lines + (size_t)hit->ref.slot * LINE);
	if (hit->class & follow->more_class)
		fetch((const char *)follow->more + (size_t)hit->ref.slot * LINE);
}

INLINED void find_primary(struct guess (*guess_of)(const struct bucket *b, uint64_t want),
			  const struct table *t, const struct flow_hash *keys,
			  const struct table_follow *follow, struct table_hit *out, size_t n,
			  struct misses *misses)
{
	const struct bucket *buckets = t->buckets;
	const uint32_t n_buckets = t->n_buckets;

	misses->n = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t at = primary_of(n_buckets, &keys[i]);

		if (likely(bucket_find(guess_of, &buckets[at], signature_word(keys[i].signature),
				       &out[i]))) {
			follow_hit(follow, &out[i]);
			continue;
		}
		out[i] = (struct table_hit){ 0 };
		at = secondary_of(n_buckets, at, keys[i].signature);
		__builtin_prefetch(&buckets[at]);
		misses->bucket[misses->n] = at;
		misses->key[misses->n++] = (uint8_t)i;
	}
}

INLINED size_t find_secondary(struct guess (*guess_of)(const struct bucket *b, uint64_t want),
			      const struct table *t, const struct flow_hash *keys,
			      const struct table_follow *follow, struct table_hit *out,
			      const struct misses *misses)
{
	size_t hits = 0;

	for (size_t i = 0; i < misses->n; i++) {
		uint8_t k = misses->key[i];
		const struct bucket *b = &t->buckets[misses->bucket[i]];

		if (!bucket_find(guess_of, b, signature_word(keys[k].signature), &out[k]))
			continue;
		follow_hit(follow, &out[k]);
		hits++;
	}
	return hits;
}

static size_t find_by_words(const struct table *t, const struct flow_hash *keys,
			    const struct table_follow follow, struct table_hit *out, size_t n)
{
	struct misses misses;

	find_primary(guess_by_words, t, keys, &follow, out, n, &misses);
	return n - misses.n + find_secondary(guess_by_words, t, keys, &follow, out, &misses);
}

static AVX2 size_t find_by_vector(const struct table *t, const struct flow_hash *keys,
				  const struct table_follow follow, struct table_hit *out, size_t n)
{
	struct misses misses;

	find_primary(guess_by_vector, t, keys, &follow, out, n, &misses);
	return n - misses.n + find_secondary(guess_by_vector, t, keys, &follow, out, &misses);
}

void table_prefetch(const struct table *t, const struct flow_hash *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fetch(&t->buckets[primary_of(t->n_buckets, &keys[i])]);
}

size_t table_follow_burst(const struct table *t, const struct flow_hash *keys,
			  const struct table_follow *follow, struct table_hit *out, size_t n)
{
	/* A copy: what is written to out cannot change it. */
	return t->vector ? find_by_vector(t, keys, *follow, out, n)
			 : find_by_words(t, keys, *follow, out, n);
}

size_t table_lookup_burst(const struct table *t, const struct flow_hash *keys,
			  struct table_hit *out, size_t n)
{
	static const struct table_follow nowhere = { .lines = &nowhere, .owner = UINT_MAX };

	return table_follow_burst(t, keys, &nowhere, out, n);
}

/* Relocation and insertion */

static bool bucket_has(const struct bucket *b, uint64_t signature)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (signature_of(load_acquire(&b->entry[i].word0)) == signature)
			return true;
	return false;
}

/* An empty entry of the bucket, now BUSY and the caller's; NULL: full. */
static struct entry *bucket_claim(struct bucket *b)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct entry *e = &b->entry[i];

		if (atomic_load_explicit(&e->word0, memory_order_relaxed) == 0 &&
		    swap(&e->word0, 0, WORD0_BUSY))
			return e;
	}
	return NULL;
}

static void entry_publish(struct entry *e, uint64_t word0, uint64_t word1)
{
	atomic_store_explicit(&e->word1, word1, memory_order_release);
	atomic_store_explicit(&e->word0, word0, memory_order_release);
}

static void entry_clear(struct entry *e)
{
	atomic_store_explicit(&e->word0, 0, memory_order_release);
}

/* Moves a live entry that stands in its primary bucket to `to`. */
static void entry_move(struct entry *from, uint64_t word0, struct entry *to)
{
	uint64_t copy = word0 | WORD0_SECONDARY;

	if (!swap(&from->word0, word0, word0 | WORD0_MOVING)) {
		entry_clear(to); /* removed or already on the move */
		return;
	}
	entry_publish(to, copy | WORD0_MOVING, atomic_load(&from->word1));
	if (!swap(&from->word0, word0 | WORD0_MOVING, 0)) {
		entry_clear(to); /* removed meanwhile; in this order: see above */
		entry_clear(from);
		return;
	}
	if (!swap(&to->word0, copy | WORD0_MOVING, copy))
		entry_clear(to);
}

static bool bucket_make_room(struct table *t, uint32_t at, int depth);

/* Tries to move entry e of bucket `at` on; true: worth looking for an empty entry again. */
static bool entry_push(struct table *t, uint32_t at, struct entry *e, int depth)
{
	uint64_t word0 = load_acquire(&e->word0);
	uint64_t signature = signature_of(word0);
	uint32_t to;
	struct entry *place;

	if (word0 == 0)
		return true;
	if (signature == 0 || (word0 & (WORD0_SECONDARY | WORD0_MOVING | WORD0_DEAD)))
		return false;
	to = secondary_of(t->n_buckets, at, signature);
	if (bucket_has(&t->buckets[to], signature))
		return false; /* another flow of that bucket would find this one */
	place = bucket_claim(&t->buckets[to]);
	if (place == NULL && depth > 0 && bucket_make_room(t, to, depth - 1))
		place = bucket_claim(&t->buckets[to]);
	if (place == NULL)
		return false;
	entry_move(e, word0, place);
	return true;
}

/* Bounded: ENTRIES^(depth + 1) entries are looked at. */
static bool bucket_make_room(struct table *t, uint32_t at, int depth)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (entry_push(t, at, &t->buckets[at].entry[i], depth))
			return true;
	return false;
}

static struct entry *claim_with_moves(struct table *t, uint32_t primary, uint32_t secondary,
				      bool *in_secondary)
{
	for (int depth = 0; depth <= MOVE_DEPTH; depth++) {
		struct entry *e = NULL;

		*in_secondary = false;
		if (bucket_make_room(t, primary, depth))
			e = bucket_claim(&t->buckets[primary]);
		if (e != NULL)
			return e;
		*in_secondary = true;
		if (bucket_make_room(t, secondary, depth))
			e = bucket_claim(&t->buckets[secondary]);
		if (e != NULL)
			return e;
	}
	return NULL;
}

static struct entry *claim(struct table *t, uint32_t primary, uint32_t secondary,
			   bool *in_secondary)
{
	struct entry *e = bucket_claim(&t->buckets[primary]);

	*in_secondary = false;
	if (e != NULL)
		return e;
	*in_secondary = true;
	e = bucket_claim(&t->buckets[secondary]);
	return e != NULL ? e : claim_with_moves(t, primary, secondary, in_secondary);
}

enum table_insert table_insert(struct table *t, const struct flow_hash *key,
			       const struct table_hit *entry)
{
	uint32_t primary = primary_of(t->n_buckets, key);
	uint32_t secondary = secondary_of(t->n_buckets, primary, key->signature);
	uint64_t word0 = key->signature << SIGNATURE_SHIFT |
			 (uint64_t)(entry->owner & TABLE_OWNER_MAX) << OWNER_SHIFT |
			 (uint64_t)(entry->class & TABLE_CLASS_MAX) << CLASS_SHIFT;
	bool in_secondary;
	struct entry *e;

	if (bucket_has(&t->buckets[primary], key->signature) ||
	    bucket_has(&t->buckets[secondary], key->signature))
		return TABLE_EXISTS;
	e = claim(t, primary, secondary, &in_secondary);
	if (e == NULL)
		return TABLE_FULL;
	/* Counted first: a path that skips an empty table must not skip this entry. */
	atomic_fetch_add_explicit(&t->count, 1, memory_order_relaxed);
	entry_publish(e, word0 | (in_secondary ? WORD0_SECONDARY : 0), word1_of(entry->ref));
	return TABLE_INSERTED;
}

/* Removal, and new tags */

/* An entry that is wanted, as far as its caller knows it. */
struct wanted {
	uint64_t word0_mask, word0, word1_mask, word1;
};

static struct wanted wanted_by_key(const struct flow_hash *key, struct session_ref ref)
{
	return (struct wanted){ WORD0_COMPARED, signature_word(key->signature), ~UINT64_C(0),
				word1_of(ref) };
}

static struct wanted wanted_by_place(struct table_place place, uint32_t slot)
{
	return (struct wanted){ (uint64_t)UINT32_MAX << SIGNATURE_SHIFT | WORD0_TAGGED | WORD0_DEAD,
				(uint64_t)place.signature << SIGNATURE_SHIFT | WORD0_TAGGED,
				UINT32_MAX, slot };
}

static bool is_wanted(const struct wanted *want, uint64_t word0, uint64_t word1)
{
	return (word0 & want->word0_mask) == want->word0 &&
	       (word1 & want->word1_mask) == want->word1;
}

static bool entry_remove(struct entry *e, const struct wanted *want)
{
	uint64_t word0 = load_acquire(&e->word0);

	/* A swap fails only when a relocation takes one of its few steps meanwhile. */
	while (is_wanted(want, word0, load_acquire(&e->word1))) {
		uint64_t gone = word0 & WORD0_MOVING ? word0 | WORD0_DEAD : 0;

		if (swap(&e->word0, word0, gone))
			return true;
		word0 = load_acquire(&e->word0);
	}
	return false;
}

static bool bucket_remove(struct bucket *b, const struct wanted *want)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (entry_remove(&b->entry[i], want))
			return true;
	return false;
}

/* bucket: bits that choose the primary; signature: those of which the secondary is made. */
static bool remove_wanted(struct table *t, uint32_t bucket, uint32_t signature,
			  const struct wanted *want)
{
	uint32_t primary = scale(bucket, t->n_buckets);
	uint32_t secondary = secondary_of(t->n_buckets, primary, signature);

	if (!bucket_remove(&t->buckets[primary], want) &&
	    !bucket_remove(&t->buckets[secondary], want))
		return false;
	atomic_fetch_sub_explicit(&t->count, 1, memory_order_relaxed);
	return true;
}

bool table_remove(struct table *t, const struct flow_hash *key, struct session_ref ref)
{
	const struct wanted want = wanted_by_key(key, ref);

	return remove_wanted(t, (uint32_t)key->bucket, (uint32_t)key->signature, &want);
}

bool table_remove_tagged(struct table *t, struct table_place place, uint32_t slot)
{
	const struct wanted want = wanted_by_place(place, slot);

	return remove_wanted(t, place.bucket, place.signature, &want);
}

static bool entry_retag(struct entry *e, const struct wanted *want, uint64_t word1)
{
	uint64_t was = load_acquire(&e->word1), word0 = load_acquire(&e->word0);

	return is_wanted(want, word0, was) && !(word0 & WORD0_MOVING) &&
	       swap(&e->word1, was, word1) && atomic_load(&e->word0) == word0;
}

bool table_retag(struct table *t, struct table_place place, uint32_t slot, uint32_t tag)
{
	const struct wanted want = wanted_by_place(place, slot);
	const uint64_t word1 = word1_of((struct session_ref){ slot, tag });
	uint32_t primary = scale(place.bucket, t->n_buckets);
	uint32_t secondary = secondary_of(t->n_buckets, primary, place.signature);

	for (unsigned i = 0; i < ENTRIES; i++)
		if (entry_retag(&t->buckets[primary].entry[i], &want, word1) ||
		    entry_retag(&t->buckets[secondary].entry[i], &want, word1))
			return true;
	return false;
}
