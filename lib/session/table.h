/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lock-free lookup table: signature → session or handshake.
 *
 * A bucket is one cache line of four 16-byte entries. A key has two buckets, primary and
 * secondary; a reader looks at the primary, then the secondary, and is wait-free. An entry is ever
 * only relocated from its primary to its secondary bucket, and the copy is published before the
 * original is removed: so a lookup in that order never misses a live entry. Writers use
 * compare-and-swap and may be several.
 *
 * Entry, two words, each read atomically; a reader that sees the signature change under it looks
 * again:
 *   word 0: signature 48 | owner 8 | class 8        0: empty
 *   word 1: slot 32 | generation 32
 */
#pragma once

#include "flow_hash.h"
#include "ref.h"

#include <stdbool.h>

struct table;

struct table_hit {
	struct session_ref ref; /* generation 0: a miss */
	uint8_t owner;
	uint8_t class; /* enum aead_alg of a session */
};

/* table_new: room for capacity entries at half load, on a NUMA socket (SOCKET_ID_ANY: -1), from
 * DPDK's heap when it is up (huge pages), else from aligned memory. NULL without memory. Slow path
 * only. */
struct table *table_new(uint32_t capacity, int socket);
void table_free(struct table *t);

/* table_lookup_burst: n <= 64 lookups, prefetched; returns how many hit. Any thread, inside RCU
 * read side. */
size_t table_lookup_burst(const struct table *t, const struct flow_hash *keys,
			  struct table_hit *out, size_t n);

enum table_insert { TABLE_INSERTED, TABLE_EXISTS, TABLE_FULL };

/* table_insert: adds an entry; TABLE_EXISTS when a live entry has the same signature in the key's
 * buckets. Any writer thread. */
enum table_insert table_insert(struct table *t, const struct flow_hash *key,
			       const struct table_hit *entry);

/* table_remove: removes the entry with this signature and reference; false when there is none. Any
 * writer thread. */
bool table_remove(struct table *t, const struct flow_hash *key, struct session_ref ref);

/* table_count: live entries. Any thread. A path may skip lookups in a table that is empty. */
uint32_t table_count(const struct table *t);

size_t table_bytes(const struct table *t);
