/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lookup table: bursts of hits and of misses in random order, and a burst inserted and removed
 * again, in a table that is as full as --max-sessions allows.
 */
#include "benches.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 32, WALK = 1 << 20 };

struct filled {
	struct table *table;
	struct flow_hash_key key;
	uint32_t n;
	struct flow_hash walk[WALK]; /* keys to look for, in order */
	struct table_hit hits[BURST];
};

/* The i-th flow of a fleet behind many addresses. */
static struct flow_hash hash_of(const struct filled *f, uint32_t i)
{
	struct flow flow = { .local_port = 5684, .remote_port = (uint16_t)(1024 + i % 60000) };
	const struct flow *p = &flow;
	struct flow_hash h;

	memcpy(flow.remote_ip, &i, sizeof(i));
	flow_hash_burst(&f->key, &p, &h, 1);
	return h;
}

static void filled_free(struct filled *f)
{
	if (f != NULL && f->table != NULL)
		table_free(f->table);
	free(f);
}

/* A table with n entries, and a walk over keys first..first + n - 1 in random order. */
static struct filled *filled_new(uint32_t n, uint32_t first)
{
	static const uint8_t seed[32] = { 42 };
	struct filled *f = aligned_alloc(64, (sizeof(*f) + 63) / 64 * 64);
	uint64_t x = 88172645463325252;

	if (f == NULL)
		return NULL;
	memset(f, 0, sizeof(*f));
	f->n = n;
	flow_hash_key_init(&f->key, seed);
	f->table = table_new(n + BURST, -1);
	for (uint32_t i = 0; f->table != NULL && i < n; i++) {
		struct flow_hash h = hash_of(f, i);
		struct table_hit entry = { .ref = { .slot = i, .generation = 1 } };

		if (table_insert(f->table, &h, &entry) != TABLE_INSERTED) {
			filled_free(f);
			return NULL;
		}
	}
	for (size_t i = 0; i < WALK; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		f->walk[i] = hash_of(f, first + (uint32_t)(x % n));
	}
	return f->table != NULL ? f : (filled_free(f), NULL);
}

static void lookup(struct bench *b)
{
	uint32_t n = (uint32_t)bench_arg(b, 0);
	bool hits = bench_arg(b, 1);
	struct filled *f = filled_new(n, hits ? 0 : n);
	size_t at = 0, found = 0, turns = 0;

	if (f == NULL) {
		bench_fail(b, "no table");
		return;
	}
	while (bench_next(b)) {
		found += table_lookup_burst(f->table, f->walk + at, f->hits, BURST);
		at = (at + BURST) % WALK;
		turns++;
	}
	if (found != (hits ? turns * BURST : 0))
		bench_fail(b, "hits and misses are not as expected");
	bench_items(b, BURST);
	filled_free(f);
}

static void insert_remove(struct bench *b)
{
	uint32_t n = (uint32_t)bench_arg(b, 0);
	struct filled *f = filled_new(n, n);
	size_t at = 0;
	bool ok = true;

	if (f == NULL) {
		bench_fail(b, "no table");
		return;
	}
	while (bench_next(b)) {
		for (size_t i = 0; i < BURST; i++) {
			struct table_hit entry = { .ref = { .slot = 7, .generation = 7 } };
			const struct flow_hash *h = &f->walk[at++ % WALK];

			ok = ok && table_insert(f->table, h, &entry) == TABLE_INSERTED &&
			     table_remove(f->table, h, entry.ref);
		}
	}
	if (!ok)
		bench_fail(b, "insert or remove failed");
	bench_items(b, BURST);
	filled_free(f);
}

static void hash(struct bench *b)
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

void bench_table_add(void)
{
	char name[96];

	bench_add("flow_hash", hash, NULL, 0);
	for (int64_t n = 1000; n <= 1000000; n *= 10) {
		for (int64_t hits = 1; hits >= 0; hits--) {
			snprintf(name, sizeof(name), "table_lookup_%s/entries:%d",
				 hits ? "hit" : "miss", (int)n);
			bench_add(name, lookup, (int64_t[]){ n, hits }, 2);
		}
		snprintf(name, sizeof(name), "table_insert_remove/entries:%d", (int)n);
		bench_add(name, insert_remove, &n, 1);
	}
}
