/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lock-free lookup table: signature → session or handshake.
 *
 * A bucket is one cache line of four 16-byte entries. A key has two buckets, primary and
 * secondary; a reader looks at the primary, then the secondary, and is wait-free. An entry is ever
 * only relocated from its primary to its secondary bucket, and the copy is published before the
 * original is removed: so a lookup in that order never misses a live entry. Writers use
 * compare-and-swap and may be several; none waits for another.
 *
 * Entry, two words, each read atomically; a reader that sees the reference change under it looks
 * again:
 *   word 0: signature 48 | owner 7 | class 6 | flags 3        0: empty
 *   word 1: generation 32 | slot 32
 *
 * An entry of a class with TABLE_TAGGED has, where others have the generation, a tag that may
 * change while it is there: what a session's path hashes to. Its slot is not used for another
 * session before a grace period has passed since the entry was removed.
 *
 * Inserts, removals and new tags of one signature are one thread's: its owner's. (Relocations are
 * anyone's.)
 */
#pragma once

#include "flow_hash.h"
#include "ref.h"

#include <stdbool.h>

struct table;

enum { TABLE_BURST_MAX = 64, TABLE_CLASS_MAX = 63, TABLE_OWNER_MAX = 127, TABLE_TAGGED = 16 };

struct table_hit {
	struct session_ref ref; /* generation 0: a miss. Of a TABLE_TAGGED class: the tag, not 0 */
	uint8_t owner;
	uint8_t class; /* of a session: session.h; at most TABLE_CLASS_MAX */
};

/* All that it takes to find a TABLE_TAGGED entry again, whose slot is known. */
struct table_place {
	uint32_t bucket, signature; /* low halves */
};

static inline struct table_place table_place_of(const struct flow_hash *key)
{
	return (struct table_place){ (uint32_t)key->bucket, (uint32_t)key->signature };
}

/* table_new: room for capacity entries at half load, on a NUMA node as block_new takes it, from
 * DPDK's heap when it is up (huge pages), else from aligned memory. NULL without memory. Slow path
 * only. */
struct table *table_new(uint32_t capacity, int socket);
void table_free(struct table *t);

/* table_prefetch: the buckets of n keys on their way, for a lookup some hundred cycles later. The
 * best use is a few at a time between other work: more than a CPU's ten to twenty line buffers in
 * a row stall what comes next. Any thread. */
void table_prefetch(const struct table *t, const struct flow_hash *keys, size_t n);

/* table_lookup_burst: n <= TABLE_BURST_MAX lookups; returns how many hit. The hit may be another
 * flow's, with a probability of 2^-48 for each entry met. Any thread, inside RCU read side. */
size_t table_lookup_burst(const struct table *t, const struct flow_hash *keys,
			  struct table_hit *out, size_t n);

/* What a hit leads to: the slot's line in an array of cache lines, wanted next when the hit is this
 * owner's. */
struct table_follow {
	const void *lines;
	unsigned owner;
	const void *more; /* the same, of those whose class has a bit of more_class */
	uint8_t more_class;
};

/* table_follow_burst: as table_lookup_burst; each hit of follow->owner has its lines prefetched as
 * soon as it is known, so that these prefetches are spread over the burst. */
size_t table_follow_burst(const struct table *t, const struct flow_hash *keys,
			  const struct table_follow *follow, struct table_hit *out, size_t n);

enum table_insert { TABLE_INSERTED, TABLE_EXISTS, TABLE_FULL };

/*
 * table_insert: adds an entry, or leaves no trace: one that was not inserted was never visible. A
 * reference is inserted once. TABLE_EXISTS: an entry in the key's buckets has the same signature;
 * it is live, or was removed a moment ago in the middle of a relocation by another thread, which
 * has yet to clear it away (the caller may try again). Any writer thread.
 */
enum table_insert table_insert(struct table *t, const struct flow_hash *key,
			       const struct table_hit *entry);

/* table_remove: removes the entry with this signature and reference; false when there is none. Any
 * writer thread. */
bool table_remove(struct table *t, const struct flow_hash *key, struct session_ref ref);

/* table_remove_tagged: the same for a TABLE_TAGGED entry, whatever its tag is. */
bool table_remove_tagged(struct table *t, struct table_place place, uint32_t slot);

/* table_retag: gives a TABLE_TAGGED entry another tag. Lookups meanwhile find the entry, with the
 * one or the other. false: no such entry, or another thread is just relocating it, and then it has
 * either tag (the caller may try again). The entry's owner only. */
bool table_retag(struct table *t, struct table_place place, uint32_t slot, uint32_t tag);

/* table_count: live entries. Any thread. A path may skip lookups in a table that is empty. */
uint32_t table_count(const struct table *t);

size_t table_bytes(const struct table *t);
