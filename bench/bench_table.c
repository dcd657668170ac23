/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lookup table beside others that could do its work: liburcu's cds_lfht and DPDK's rte_hash,
 * each as its best use is. All get the same keyed hashes, made beforehand, and compare signatures
 * only; all give back a session's reference, owner and class; all may be read while others write.
 *
 * - sluice: buckets prefetched for a whole burst, then compared.
 * - cds_lfht: a fixed number of hash buckets, as many as entries, nodes side by side on huge pages.
 *   It offers no way to prefetch a bucket.
 * - rte_hash: lock-free readers, bulk lookup with precomputed hashes, half full, on huge pages.
 *
 * Keys are looked for in random order over all entries. What cannot be had (DPDK's heap is small
 * for millions of rte_hash entries) is skipped.
 */
#include "benches.h"

#include "block.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <urcu-qsbr.h>
#include <urcu/rculfhash.h>

enum { BURST = 32, WALK = 1 << 20, EXTRA = 1 << 12, SIZES = 6, KINDS = 3 };

static const uint32_t sizes[SIZES] = { 1000, 10000, 100000, 1000000, 4000000, 8000000 };

/* One of the tables compared. Entry i has hash_of(i) and slot i. */
struct kind {
	const char *name;
	bool (*new)(uint32_t n);
	void (*free)(void);
	bool (*insert)(const struct flow_hash *h, uint32_t i);
	bool (*remove)(const struct flow_hash *h, uint32_t i);
	size_t (*lookup)(const struct flow_hash *h, struct table_hit *out);
	size_t (*bytes)(uint32_t n);
	void (*settle)(void); /* after removals */
};

static struct table_hit entry_of(uint32_t i)
{
	return (struct table_hit){ .ref = { .slot = i, .generation = 1 } };
}

static void nothing(void) {}

/* sluice */

static struct table *ours;

static bool ours_new(uint32_t n)
{
	ours = table_new(n + EXTRA, -1);
	return ours != NULL;
}

static void ours_free(void) { table_free(ours); }

static bool ours_insert(const struct flow_hash *h, uint32_t i)
{
	struct table_hit entry = entry_of(i);

	return table_insert(ours, h, &entry) == TABLE_INSERTED;
}

static bool ours_remove(const struct flow_hash *h, uint32_t i)
{
	return table_remove(ours, h, entry_of(i).ref);
}

static size_t ours_lookup(const struct flow_hash *h, struct table_hit *out)
{
	table_prefetch(ours, h, BURST);
	return table_lookup_burst(ours, h, out, BURST);
}

static size_t ours_bytes(uint32_t n)
{
	(void)n;
	return table_bytes(ours);
}

/* cds_lfht */

struct lfht_entry {
	struct cds_lfht_node node;
	uint64_t signature;
	struct table_hit hit;
};

static struct cds_lfht *lfht;
static struct block lfht_entries;
static unsigned long lfht_buckets;

static bool lfht_new(uint32_t n)
{
	lfht_buckets = 1;
	while (lfht_buckets < n)
		lfht_buckets *= 2;
	urcu_qsbr_register_thread();
	lfht = cds_lfht_new_flavor(lfht_buckets, lfht_buckets, lfht_buckets, 0, &urcu_qsbr_flavor,
				   NULL);
	return block_new(&lfht_entries, (n + (size_t)EXTRA) * sizeof(struct lfht_entry), -1) &&
	       lfht != NULL;
}

static int lfht_match(struct cds_lfht_node *node, const void *key)
{
	return ((const struct lfht_entry *)node)->signature == *(const uint64_t *)key;
}

static struct cds_lfht_node *lfht_find(const struct flow_hash *h)
{
	struct cds_lfht_iter iter;

	cds_lfht_lookup(lfht, h->bucket, lfht_match, &h->signature, &iter);
	return cds_lfht_iter_get_node(&iter);
}

static bool lfht_insert(const struct flow_hash *h, uint32_t i)
{
	struct lfht_entry *e = &((struct lfht_entry *)lfht_entries.p)[i];

	cds_lfht_node_init(&e->node);
	e->signature = h->signature;
	e->hit = entry_of(i);
	return cds_lfht_add_unique(lfht, h->bucket, lfht_match, &h->signature, &e->node) ==
	       &e->node;
}

static bool lfht_remove(const struct flow_hash *h, uint32_t i)
{
	struct cds_lfht_node *node = lfht_find(h);

	return node != NULL && ((struct lfht_entry *)node)->hit.ref.slot == i &&
	       cds_lfht_del(lfht, node) == 0;
}

static size_t lfht_lookup(const struct flow_hash *h, struct table_hit *out)
{
	size_t hits = 0;

	for (size_t i = 0; i < BURST; i++) {
		const struct lfht_entry *e = (const struct lfht_entry *)lfht_find(&h[i]);

		out[i] = e != NULL ? e->hit : (struct table_hit){ 0 };
		hits += e != NULL;
	}
	return hits;
}

static void lfht_free(void)
{
	struct cds_lfht_iter iter;
	struct lfht_entry *e;

	if (lfht != NULL) {
		cds_lfht_for_each_entry(lfht, &iter, e, node)(void) cds_lfht_del(lfht, &e->node);
		urcu_qsbr_synchronize_rcu();
		urcu_qsbr_thread_offline();
		(void)cds_lfht_destroy(lfht, NULL);
		urcu_qsbr_thread_online();
	}
	lfht = NULL;
	block_free(&lfht_entries);
	urcu_qsbr_unregister_thread();
}

static size_t lfht_bytes(uint32_t n)
{
	return n * sizeof(struct lfht_entry) + lfht_buckets * sizeof(struct cds_lfht_node);
}

static void lfht_settle(void) { urcu_qsbr_synchronize_rcu(); }

/* rte_hash: the value is a reference, with owner and class in the generation's place */

static struct rte_hash *hash;
static size_t hash_bytes_before;

static size_t heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;

	return rte_malloc_get_socket_stats(0, &stats) == 0 ? stats.heap_allocsz_bytes : 0;
}

static int advise(const struct rte_memseg_list *list, const struct rte_memseg *seg, size_t len,
		  void *arg)
{
	(void)list;
	(void)arg;
	(void)madvise(seg->addr, len, MADV_HUGEPAGE);
	return 0;
}

static bool hash_new(uint32_t n)
{
	const struct rte_hash_parameters p = {
		.name = "bench",
		.entries = n + n / 8 + EXTRA,
		.key_len = sizeof(uint64_t),
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};

	if (!rte_eal_has_hugepages())
		(void)rte_memseg_contig_walk(advise, NULL);
	hash_bytes_before = heap_bytes();
	hash = rte_hash_create(&p);
	return hash != NULL;
}

static void hash_free(void) { rte_hash_free(hash); }

static bool hash_insert(const struct flow_hash *h, uint32_t i)
{
	return rte_hash_add_key_with_hash_data(hash, &h->signature, (uint32_t)h->bucket,
					       (void *)((uintptr_t)i << 32 | 1)) == 0;
}

static bool hash_remove(const struct flow_hash *h, uint32_t i)
{
	int32_t at = rte_hash_del_key_with_hash(hash, &h->signature, (uint32_t)h->bucket);

	(void)i;
	return at >= 0 && rte_hash_free_key_with_position(hash, at) == 0;
}

static size_t hash_lookup(const struct flow_hash *h, struct table_hit *out)
{
	const void *keys[BURST];
	hash_sig_t hashes[BURST];
	void *data[BURST];
	uint64_t hits = 0;
	int n;

	for (size_t i = 0; i < BURST; i++) {
		keys[i] = &h[i].signature;
		hashes[i] = (hash_sig_t)h[i].bucket;
	}
	n = rte_hash_lookup_with_hash_bulk_data(hash, keys, hashes, BURST, &hits, data);
	for (size_t i = 0; i < BURST; i++) {
		uint64_t value = hits >> i & 1 ? (uintptr_t)data[i] : 0;

		out[i] = (struct table_hit){ .ref = { .slot = (uint32_t)(value >> 32),
						      .generation = (uint32_t)value } };
	}
	return n < 0 ? 0 : (size_t)n;
}

static size_t hash_bytes(uint32_t n)
{
	(void)n;
	return heap_bytes() - hash_bytes_before;
}

static const struct kind kinds[KINDS] = {
	{ "sluice", ours_new, ours_free, ours_insert, ours_remove, ours_lookup, ours_bytes,
	  nothing },
	{ "cds_lfht", lfht_new, lfht_free, lfht_insert, lfht_remove, lfht_lookup, lfht_bytes,
	  lfht_settle },
	{ "rte_hash", hash_new, hash_free, hash_insert, hash_remove, hash_lookup, hash_bytes,
	  nothing },
};

/* The table of the bench before, since millions of entries take seconds to insert. */
static struct {
	const struct kind *kind;
	uint32_t n;
	size_t bytes;
	struct flow_hash_key key;
} filled;

/* The i-th flow of a fleet behind many addresses. */
static void hashes_of(const uint32_t *which, struct flow_hash *out, size_t n)
{
	struct flow flows[BURST];
	const struct flow *p[BURST];

	for (size_t i = 0; i < n; i++) {
		flows[i] = (struct flow){ .local_port = 5684,
					  .remote_port = (uint16_t)(1024 + which[i] % 60000) };
		memcpy(flows[i].remote_ip, &which[i], sizeof(which[i]));
		p[i] = &flows[i];
	}
	flow_hash_burst(&filled.key, p, out, n);
}

static bool insert_range(const struct kind *kind, uint32_t n)
{
	struct flow_hash h[BURST];
	uint32_t which[BURST];

	for (uint32_t at = 0; at < n; at += BURST) {
		uint32_t now = n - at < BURST ? n - at : BURST;

		for (uint32_t i = 0; i < now; i++)
			which[i] = at + i;
		hashes_of(which, h, now);
		for (uint32_t i = 0; i < now; i++)
			if (!kind->insert(&h[i], at + i))
				return false;
	}
	return true;
}

static bool fill(const struct kind *kind, uint32_t n)
{
	static const uint8_t seed[32] = { 42 };

	if (filled.kind == kind && filled.n == n)
		return true;
	if (filled.kind != NULL)
		filled.kind->free();
	filled.kind = NULL;
	flow_hash_key_init(&filled.key, seed);
	if (!kind->new (n) || !insert_range(kind, n)) {
		kind->free();
		return false;
	}
	filled.kind = kind;
	filled.n = n;
	filled.bytes = kind->bytes(n);
	return true;
}

/* Hashes of entries first .. first + n - 1 in random order. */
static struct flow_hash *walk_new(uint32_t n, uint32_t first)
{
	struct flow_hash *walk = aligned_alloc(64, WALK * sizeof(*walk));
	uint64_t x = 88172645463325252;
	uint32_t which[BURST];

	for (size_t at = 0; walk != NULL && at < WALK; at += BURST) {
		for (size_t i = 0; i < BURST; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			which[i] = first + (uint32_t)(x % n);
		}
		hashes_of(which, walk + at, BURST);
	}
	return walk;
}

static void lookup(struct bench *b)
{
	const struct kind *kind = &kinds[bench_arg(b, 0)];
	uint32_t n = (uint32_t)bench_arg(b, 1);
	bool hit = bench_arg(b, 2);
	size_t at = 0, found = 0, turns = 0;
	struct table_hit hits[BURST];
	struct flow_hash *walk;

	if (!fill(kind, n)) {
		bench_skip(b, "no memory for so many entries");
		return;
	}
	walk = walk_new(n, hit ? 0 : n);
	if (walk == NULL) {
		bench_fail(b, "no memory");
		return;
	}
	while (bench_next(b)) {
		found += kind->lookup(walk + at, hits);
		bench_keep(hits);
		at = (at + BURST) % WALK;
		turns++;
	}
	if (found != (hit ? turns * BURST : 0))
		bench_fail(b, "hits and misses are not as expected");
	bench_items(b, BURST);
	bench_value(b, "bytes_per_entry", (double)filled.bytes / n);
	free(walk);
}

/* A burst of new entries is inserted, and then removed: each gets its own time, by the TSC. */
static void change(struct bench *b)
{
	const struct kind *kind = &kinds[bench_arg(b, 0)];
	uint32_t n = (uint32_t)bench_arg(b, 1), at = 0;
	uint64_t cycles[2] = { 0 }, turns = 0;
	static struct flow_hash walk[EXTRA];
	static uint32_t which[EXTRA];
	bool ok = true;

	if (!fill(kind, n)) {
		bench_skip(b, "no memory for so many entries");
		return;
	}
	for (uint32_t i = 0; i < EXTRA; i++)
		which[i] = n + i;
	for (uint32_t i = 0; i < EXTRA; i += BURST)
		hashes_of(&which[i], &walk[i], BURST);
	while (bench_next(b)) {
		uint64_t start = __rdtsc(), inserted;

		for (uint32_t i = at; i < at + BURST; i++)
			ok = kind->insert(&walk[i], n + i) && ok;
		inserted = __rdtsc();
		for (uint32_t i = at; i < at + BURST; i++)
			ok = kind->remove(&walk[i], n + i) && ok;
		cycles[1] += __rdtsc() - inserted;
		cycles[0] += inserted - start;
		kind->settle();
		at = (at + BURST) % EXTRA;
		turns++;
	}
	if (!ok)
		bench_fail(b, "insert or remove failed");
	bench_items(b, (uint64_t)2 * BURST);
	bench_value(b, "cycles", (double)cycles[bench_arg(b, 2)] / (double)turns / BURST);
}

static void hash_flows(struct bench *b)
{
	struct flow flows[BURST];
	const struct flow *p[BURST];
	struct flow_hash_key key;
	struct flow_hash out[BURST];
	static const uint8_t seed[32] = { 42 };

	memset(flows, 0x33, sizeof(flows));
	flow_hash_key_init(&key, seed);
	for (size_t i = 0; i < BURST; i++)
		p[i] = &flows[i];
	while (bench_next(b)) {
		flow_hash_burst(&key, p, out, BURST);
		bench_keep(out);
	}
	bench_items(b, BURST);
}

static void add(const char *what, void (*run)(struct bench *), int64_t kind, int64_t n, int64_t arg)
{
	char name[96];

	snprintf(name, sizeof(name), "table_%s/%s/entries:%d", what, kinds[kind].name, (int)n);
	bench_add(name, run, (int64_t[]){ kind, n, arg }, 3);
}

void bench_table_add(void)
{
	bench_add("flow_hash", hash_flows, NULL, 0);
	for (int64_t i = 0; i < SIZES; i++) {
		for (int64_t kind = 0; kind < KINDS; kind++) {
			add("lookup_hit", lookup, kind, sizes[i], true);
			add("lookup_miss", lookup, kind, sizes[i], false);
			add("insert", change, kind, sizes[i], 0);
			add("remove", change, kind, sizes[i], 1);
		}
	}
}
