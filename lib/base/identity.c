/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity.h"

#include "keyed_hash.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <urcu-qsbr.h>

/*
 * Chained hash tables, one behind each of many locks: growing one stops only its share of the
 * threads, for as long as relinking a few thousand nodes takes.
 *
 * A count falls to zero, and rises from being found, only under the shard's lock: so whoever finds
 * a node there finds a live one, and a last reference that is given back races with no revival.
 */
enum { SHARDS = 256, SHARD_BUCKETS_MIN = 8, SHARD_BUCKETS_MAX = 1 << 16 };

/* Millions of names: every byte here counts. So a node keeps no hash, which is made again when it
 * is needed; and what frees it stands where its count and its hint were. */

union node {
	struct {
		union node *next; /* in its shard */
		struct identity id;
	};
	struct rcu_head free; /* after it left */
};
_Static_assert(offsetof(union node, id.len) >= sizeof(struct rcu_head),
	       "names are read until the grace period ends");

struct shard {
	pthread_mutex_t lock;
	union node **buckets;
	size_t n_buckets; /* a power of two */
	size_t n_nodes;
};

struct identity_set {
	struct keyed_hash_key key;
	size_t count; /* atomic */
	struct shard shards[SHARDS];
};

/* What a block is found by. */
struct wanted {
	const void *bytes, *proof;
	size_t len, proof_len;
	uint32_t hash;
};

/* Of the name: those that differ in their proof are few. */
static uint32_t hash_of(const struct identity_set *set, const void *bytes, size_t len)
{
	return (uint32_t)keyed_hash(&set->key, bytes, len);
}

static struct shard *shard_of(struct identity_set *set, uint32_t hash)
{
	return &set->shards[(hash >> 16) % SHARDS];
}

static union node **bucket_of(struct shard *s, uint32_t hash)
{
	return &s->buckets[(uint16_t)hash & (s->n_buckets - 1)];
}

static bool shard_init(struct shard *s)
{
	s->buckets = calloc(SHARD_BUCKETS_MIN, sizeof(union node *));
	if (s->buckets == NULL)
		return false;
	s->n_buckets = SHARD_BUCKETS_MIN;
	pthread_mutex_init(&s->lock, NULL);
	return true;
}

static void shard_free(struct shard *s)
{
	free((void *)s->buckets);
	pthread_mutex_destroy(&s->lock);
}

struct identity_set *identity_set_new(void)
{
	struct identity_set *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	if (getrandom(&set->key, sizeof(set->key), 0) != (ssize_t)sizeof(set->key))
		goto fail;
	for (size_t i = 0; i < SHARDS; i++) {
		if (shard_init(&set->shards[i]))
			continue;
		while (i-- > 0)
			shard_free(&set->shards[i]);
		goto fail;
	}
	/* Made here rather than by the first put, which may be a poll core's. */
	(void)urcu_qsbr_get_default_call_rcu_data();
	return set;
fail:
	free(set);
	return NULL;
}

void identity_set_free(struct identity_set *set)
{
	if (set == NULL)
		return;
	urcu_qsbr_barrier();
	for (size_t i = 0; i < SHARDS; i++)
		shard_free(&set->shards[i]);
	free(set);
}

/* Without memory the chains just get longer. */
static void shard_grow(const struct identity_set *set, struct shard *s)
{
	struct shard bigger = { .n_buckets = s->n_buckets * 2 };

	bigger.buckets = calloc(bigger.n_buckets, sizeof(union node *));
	if (bigger.buckets == NULL)
		return;
	for (size_t i = 0; i < s->n_buckets; i++) {
		union node *n = s->buckets[i], *next;

		for (; n != NULL; n = next) {
			union node **to = bucket_of(&bigger, hash_of(set, n->id.bytes, n->id.len));

			next = n->next;
			n->next = *to;
			*to = n;
		}
	}
	free((void *)s->buckets);
	s->buckets = bigger.buckets;
	s->n_buckets = bigger.n_buckets;
}

static bool equal(const void *a, const void *b, size_t len)
{
	return len == 0 || memcmp(a, b, len) == 0;
}

static union node *shard_find(struct shard *s, const struct wanted *w)
{
	for (union node *n = *bucket_of(s, w->hash); n != NULL; n = n->next)
		if (n->id.len == w->len && n->id.proof_len == w->proof_len &&
		    equal(n->id.bytes, w->bytes, w->len) &&
		    equal(identity_proof(&n->id), w->proof, w->proof_len))
			return n;
	return NULL;
}

static void fill(struct identity *id, const struct wanted *w)
{
	*id = (struct identity){ .len = (uint8_t)w->len, .proof_len = (uint8_t)w->proof_len };
	if (w->len != 0)
		memcpy(id->bytes, w->bytes, w->len);
	if (w->proof_len != 0)
		memcpy(id->bytes + w->len, w->proof, w->proof_len);
}

static union node *shard_add(const struct identity_set *set, struct shard *s,
			     const struct wanted *w)
{
	size_t size = offsetof(union node, id.bytes) + w->len + w->proof_len;
	union node *n = malloc(size < sizeof(*n) ? sizeof(*n) : size), **at;

	if (n == NULL)
		return NULL;
	if (s->n_nodes >= s->n_buckets && s->n_buckets < SHARD_BUCKETS_MAX)
		shard_grow(set, s);
	fill(&n->id, w);
	at = bucket_of(s, w->hash);
	n->next = *at;
	*at = n;
	s->n_nodes++;
	return n;
}

const struct identity *identity_get_proved(struct identity_set *set, const void *bytes, size_t len,
					   const void *proof, size_t proof_len)
{
	const struct wanted w = { bytes, proof, len, proof_len, hash_of(set, bytes, len) };
	struct shard *s = shard_of(set, w.hash);
	union node *n;

	if (len > IDENTITY_LEN_MAX || proof_len > IDENTITY_LEN_MAX)
		return NULL;
	pthread_mutex_lock(&s->lock);
	n = shard_find(s, &w);
	if (n == NULL) {
		n = shard_add(set, s, &w);
		if (n != NULL)
			__atomic_fetch_add(&set->count, 1, __ATOMIC_RELAXED);
	}
	if (n != NULL)
		__atomic_fetch_add(&n->id.refs, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&s->lock);
	return n != NULL ? &n->id : NULL;
}

/* Gives back a reference that is not the last one. */
static bool put_shared(struct identity *id)
{
	uint32_t refs = __atomic_load_n(&id->refs, __ATOMIC_RELAXED);

	while (refs > 1)
		if (__atomic_compare_exchange_n(&id->refs, &refs, refs - 1, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static void shard_drop(struct shard *s, union node *n, uint32_t hash)
{
	union node **at = bucket_of(s, hash);

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	s->n_nodes--;
}

static void free_node(struct rcu_head *head)
{
	union node *n = caa_container_of(head, union node, free);

	/* Pairs with the release of every put. */
	(void)__atomic_load_n(&n->id.freed, __ATOMIC_ACQUIRE);
	free(n);
}

void identity_put(struct identity_set *set, const struct identity *id)
{
	union node *n = caa_container_of((struct identity *)(uintptr_t)id, union node, id);
	struct shard *s;
	uint32_t hash;
	bool last;

	if (put_shared(&n->id))
		return;
	hash = hash_of(set, id->bytes, id->len);
	s = shard_of(set, hash);
	pthread_mutex_lock(&s->lock);
	last = __atomic_sub_fetch(&n->id.refs, 1, __ATOMIC_ACQ_REL) == 0;
	if (last)
		shard_drop(s, n, hash);
	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	__atomic_fetch_sub(&set->count, 1, __ATOMIC_RELAXED);
	/* For free_node: liburcu orders the two, but not so that the thread sanitizer sees it. */
	__atomic_store_n(&n->id.freed, 1, __ATOMIC_RELEASE);
	urcu_qsbr_call_rcu(&n->free, free_node);
}

void identity_set_hint(const struct identity *id, uint32_t hint)
{
	__atomic_store_n(&((struct identity *)(uintptr_t)id)->hint, hint, __ATOMIC_RELAXED);
}

size_t identity_count(const struct identity_set *set)
{
	return __atomic_load_n(&set->count, __ATOMIC_RELAXED);
}
