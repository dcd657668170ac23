/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_cache.h"

#include "secret.h"
#include "secret_file.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <sys/mman.h>

/*
 * An entry is words, read and written one by one under a count that is odd while they are being
 * written (a sequence lock). made is 0 in an empty entry. The state is as session_state_write has
 * it, zeros behind it.
 */
enum { ENTRY_WORDS = 44 };

struct entry {
	_Atomic uint64_t count;
	_Atomic uint64_t made;
	_Atomic uint64_t id[SESSION_CACHE_ID / 8];
	_Atomic uint64_t words[ENTRY_WORDS];
};

_Static_assert(sizeof(struct entry) == SESSION_CACHE_ENTRY, "as stated");
_Static_assert(ENTRY_WORDS * 8 >= SESSION_STATE_MAX, "room for any state");

struct session_cache {
	struct entry *entries;
	uint32_t n, lifetime_s;
	uint32_t swept; /* entry that the next sweep begins with */
};

/* An entry as plain words. */
struct image {
	uint64_t made, id[SESSION_CACHE_ID / 8], words[ENTRY_WORDS];
};

struct session_cache *session_cache_new(uint32_t n, uint32_t lifetime_s)
{
	struct session_cache *c = calloc(1, sizeof(*c));
	uint32_t size = SESSION_CACHE_WAYS;

	if (c == NULL)
		return NULL;
	while (size < n && size < UINT32_C(1) << 31)
		size *= 2;
	c->n = size;
	c->lifetime_s = lifetime_s;
	c->entries = secret_map((size_t)size * sizeof(struct entry));
	if (c->entries == NULL) {
		free(c);
		return NULL;
	}
	/* Best effort, page by page as they are used. */
	(void)mlock2(c->entries, (size_t)size * sizeof(struct entry), MLOCK_ONFAULT);
	return c;
}

void session_cache_free(struct session_cache *c)
{
	if (c == NULL)
		return;
	secret_unmap(c->entries, (size_t)c->n * sizeof(struct entry));
	free(c);
}

uint32_t session_cache_entries(const struct session_cache *c) { return c->n; }

size_t session_cache_bytes(const struct session_cache *c)
{
	return sizeof(*c) + (size_t)c->n * sizeof(struct entry);
}

static uint64_t load(const _Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static void store(_Atomic uint64_t *p, uint64_t v)
{
	atomic_store_explicit(p, v, memory_order_release);
}

static struct entry *set_of(const struct session_cache *c, const uint64_t *id)
{
	return &c->entries[id[0] & (c->n - SESSION_CACHE_WAYS)];
}

/* Each word is acquired before the count is looked at again, so one that a writer has touched shows
 * in it. false: it was being written. */
static bool entry_read(const struct entry *e, struct image *out)
{
	uint64_t count = load(&e->count);

	if (count % 2 != 0)
		return false;
	out->made = load(&e->made);
	for (size_t i = 0; i < SESSION_CACHE_ID / 8; i++)
		out->id[i] = load(&e->id[i]);
	for (size_t i = 0; i < ENTRY_WORDS; i++)
		out->words[i] = load(&e->words[i]);
	return atomic_load_explicit(&e->count, memory_order_relaxed) == count;
}

/* false: another writer is there, or was, since the count was read. */
static bool entry_write(struct entry *e, uint64_t count, const struct image *in)
{
	if (count % 2 != 0 || !atomic_compare_exchange_strong(&e->count, &count, count + 1))
		return false;
	store(&e->made, in->made);
	for (size_t i = 0; i < SESSION_CACHE_ID / 8; i++)
		store(&e->id[i], in->id[i]);
	for (size_t i = 0; i < ENTRY_WORDS; i++)
		store(&e->words[i], in->words[i]);
	store(&e->count, count + 2);
	return true;
}

bool session_cache_put(struct session_cache *c, const uint8_t *id, const struct session_state *s)
{
	struct image image = { .made = s->made_s };
	struct wr w = wr_of(image.words, sizeof(image.words));
	struct entry *set, *eldest;
	bool ok;

	memcpy(image.id, id, sizeof(image.id));
	session_state_write(&w, s);
	set = eldest = set_of(c, image.id);
	for (size_t i = 1; i < SESSION_CACHE_WAYS; i++)
		if (load(&set[i].made) < load(&eldest->made))
			eldest = &set[i];
	ok = !w.failed && entry_write(eldest, load(&eldest->count), &image);
	secret_wipe(&image, sizeof(image));
	return ok;
}

static bool expired(const struct session_cache *c, uint64_t made_s, uint64_t now_s)
{
	return made_s == 0 || now_s < made_s || now_s - made_s >= c->lifetime_s;
}

static bool image_parse(const struct image *image, struct session_state *out)
{
	struct rd r = rd_of(image->words, sizeof(image->words));

	return session_state_read(&r, out);
}

bool session_cache_get(struct session_cache *c, const uint8_t *id, size_t len, uint64_t now_s,
		       struct session_state *out)
{
	uint64_t want[SESSION_CACHE_ID / 8];
	struct image image;
	struct entry *set;
	bool found = false;

	if (len != sizeof(want))
		return false;
	memcpy(want, id, sizeof(want));
	set = set_of(c, want);
	for (size_t i = 0; i < SESSION_CACHE_WAYS && !found; i++)
		found = load(&set[i].id[0]) == want[0] && entry_read(&set[i], &image) &&
			memcmp(image.id, want, sizeof(want)) == 0 &&
			!expired(c, image.made, now_s) && image_parse(&image, out);
	secret_wipe(&image, sizeof(image));
	return found;
}

void session_cache_sweep(struct session_cache *c, uint64_t now_s, uint32_t n)
{
	const struct image none = { .made = 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct entry *e = &c->entries[c->swept];
		uint64_t count = load(&e->count), made = load(&e->made);

		if (made != 0 && expired(c, made, now_s))
			(void)entry_write(e, count, &none);
		c->swept = (c->swept + 1) & (c->n - 1);
	}
}
