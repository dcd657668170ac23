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

/* Millions of names: every byte here counts. So a node keeps only the half of the hash that says
 * its bucket, and the other, which says its shard, is made again when it is needed. */

struct node {
	union {
		struct node *next;    /* in its shard */
		struct rcu_head free; /* after it left */
	};
	struct identity id;
};

struct shard {
	pthread_mutex_t lock;
	struct node **buckets;
	size_t n_buckets; /* a power of two */
	size_t n_nodes;
};

struct identity_set {
	struct keyed_hash_key key;
	size_t count; /* atomic */
	struct shard shards[SHARDS];
};

static uint32_t hash_of(const struct identity_set *set, const void *bytes, uint16_t len)
{
	return (uint32_t)keyed_hash(&set->key, bytes, len);
}

static struct shard *shard_of(struct identity_set *set, uint32_t hash)
{
	return &set->shards[(hash >> 16) % SHARDS];
}

static struct node **bucket_of(struct shard *s, uint16_t hash)
{
	return &s->buckets[hash & (s->n_buckets - 1)];
}

static bool shard_init(struct shard *s)
{
	s->buckets = calloc(SHARD_BUCKETS_MIN, sizeof(struct node *));
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
static void shard_grow(struct shard *s)
{
	struct shard bigger = { .n_buckets = s->n_buckets * 2 };

	bigger.buckets = calloc(bigger.n_buckets, sizeof(struct node *));
	if (bigger.buckets == NULL)
		return;
	for (size_t i = 0; i < s->n_buckets; i++) {
		struct node *n = s->buckets[i], *next;

		for (; n != NULL; n = next) {
			struct node **to = bucket_of(&bigger, n->id.hash);

			next = n->next;
			n->next = *to;
			*to = n;
		}
	}
	free((void *)s->buckets);
	s->buckets = bigger.buckets;
	s->n_buckets = bigger.n_buckets;
}

static struct node *shard_find(struct shard *s, uint16_t hash, const void *bytes, uint16_t len)
{
	for (struct node *n = *bucket_of(s, hash); n != NULL; n = n->next)
		if (n->id.hash == hash && n->id.len == len &&
		    (len == 0 || memcmp(n->id.bytes, bytes, len) == 0))
			return n;
	return NULL;
}

static struct node *shard_add(struct shard *s, uint16_t hash, const void *bytes, uint16_t len)
{
	size_t size = offsetof(struct node, id.bytes) + len;
	struct node *n = malloc(size < sizeof(*n) ? sizeof(*n) : size), **at;

	if (n == NULL)
		return NULL;
	if (s->n_nodes >= s->n_buckets && s->n_buckets < SHARD_BUCKETS_MAX)
		shard_grow(s);
	n->id = (struct identity){ .refs = 0, .hash = hash, .len = len };
	if (len != 0)
		memcpy(n->id.bytes, bytes, len);
	at = bucket_of(s, hash);
	n->next = *at;
	*at = n;
	s->n_nodes++;
	return n;
}

const struct identity *identity_get(struct identity_set *set, const void *bytes, uint16_t len)
{
	uint32_t hash = hash_of(set, bytes, len);
	struct shard *s = shard_of(set, hash);
	struct node *n;

	pthread_mutex_lock(&s->lock);
	n = shard_find(s, (uint16_t)hash, bytes, len);
	if (n == NULL) {
		n = shard_add(s, (uint16_t)hash, bytes, len);
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

static void shard_drop(struct shard *s, struct node *n)
{
	struct node **at = bucket_of(s, n->id.hash);

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	s->n_nodes--;
}

static void free_node(struct rcu_head *head)
{
	struct node *n = caa_container_of(head, struct node, free);

	/* Pairs with the release of every put. */
	(void)__atomic_load_n(&n->id.refs, __ATOMIC_ACQUIRE);
	free(n);
}

void identity_put(struct identity_set *set, const struct identity *id)
{
	struct node *n = caa_container_of((struct identity *)(uintptr_t)id, struct node, id);
	struct shard *s;
	bool last;

	if (put_shared(&n->id))
		return;
	s = shard_of(set, hash_of(set, id->bytes, id->len));
	pthread_mutex_lock(&s->lock);
	last = __atomic_sub_fetch(&n->id.refs, 1, __ATOMIC_ACQ_REL) == 0;
	if (last)
		shard_drop(s, n);
	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	__atomic_fetch_sub(&set->count, 1, __ATOMIC_RELAXED);
	/* For free_node: liburcu orders the two, but not so that the thread sanitizer sees it. */
	__atomic_store_n(&n->id.refs, 0, __ATOMIC_RELEASE);
	urcu_qsbr_call_rcu(&n->free, free_node);
}

size_t identity_count(const struct identity_set *set)
{
	return __atomic_load_n(&set->count, __ATOMIC_RELAXED);
}
