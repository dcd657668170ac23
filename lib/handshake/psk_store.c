/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_store.h"

#include "handshake.h"
#include "keyed_hash.h"
#include "psk_line.h"
#include "secret.h"
#include "secret_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/*
 * Entries stand one behind the other in an arena, and an open-addressed index of their offsets
 * (linear probing, at most three quarters full) finds them:
 *
 *   OFFSET SIZE
 *      0     1   identity length, 1..128
 *      1     1   key length, 1..64
 *      2     n   identity
 *    2+n     m   key
 *
 * An entry is never longer than the line it comes from, so the arena is mapped as large as the
 * file, filled, and cut.
 */
enum {
	ENTRY_HEADER = 2,
	KEY_SHORT = 16,
};

struct index_entry {
	uint32_t offset; /* in the arena, + 1; 0: empty */
	uint32_t hash;
};

struct psk_store {
	struct keyed_hash_key hash_key;
	uint8_t *arena;
	size_t arena_len, arena_used;
	struct index_entry *index;
	size_t n_index; /* a power of two */
	size_t count, short_keys;
};

/* Index */

static bool is(const struct psk_store *s, uint32_t offset, const uint8_t *identity, size_t len)
{
	const uint8_t *e = s->arena + offset - 1;

	/* Length first, then all bytes: neither a prefix nor what stands before a NUL is enough. */
	return e[0] == len && memcmp(e + ENTRY_HEADER, identity, len) == 0;
}

/* The index entry of an identity, or the empty one where it belongs. */
static struct index_entry *find(const struct psk_store *s, const uint8_t *identity, size_t len,
				uint32_t hash)
{
	size_t at = hash & (s->n_index - 1);

	while (s->index[at].offset != 0) {
		struct index_entry *e = &s->index[at];

		if (e->hash == hash && is(s, e->offset, identity, len))
			return e;
		at = (at + 1) & (s->n_index - 1);
	}
	return &s->index[at];
}

static uint32_t hash_of(const struct psk_store *s, const uint8_t *identity, size_t len)
{
	return (uint32_t)keyed_hash(&s->hash_key, identity, len);
}

static const char *add(struct psk_store *s, const struct psk_line *c)
{
	uint32_t hash = hash_of(s, c->identity, c->identity_len);
	struct index_entry *e = find(s, c->identity, c->identity_len, hash);
	uint8_t *to = s->arena + s->arena_used;

	if (e->offset != 0)
		return "identity appeared before";
	if (s->arena_used >= UINT32_MAX)
		return "too many credentials";
	*e = (struct index_entry){ .offset = (uint32_t)s->arena_used + 1, .hash = hash };
	to[0] = (uint8_t)c->identity_len;
	to[1] = (uint8_t)c->key_len;
	memcpy(to + ENTRY_HEADER, c->identity, c->identity_len);
	memcpy(to + ENTRY_HEADER + c->identity_len, c->key, c->key_len);
	s->arena_used += ENTRY_HEADER + c->identity_len + c->key_len;
	s->count++;
	s->short_keys += c->key_len < KEY_SHORT;
	return NULL;
}

/* Lines */

static const char *take(void *store, const struct secret_line *l)
{
	struct psk_line line;
	const char *wrong = psk_line_read(&line, l);

	if (wrong == NULL)
		wrong = add(store, &line);
	secret_wipe(&line, sizeof(line));
	return wrong;
}

static size_t count_lines(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;
	size_t n = 0;

	while (p < end) {
		(void)secret_line_next(&p, end);
		n++;
	}
	return n;
}

/* Life */

static bool allocate(struct psk_store *s, const uint8_t *bytes, size_t len)
{
	size_t lines = count_lines(bytes, len);

	for (s->n_index = 4; s->n_index / 4 * 3 < lines;)
		s->n_index *= 2;
	s->arena_len = len + 1; /* an empty file is a legal, empty store */
	s->arena = secret_map(s->arena_len);
	s->index = calloc(s->n_index, sizeof(*s->index));
	return s->arena != NULL && s->index != NULL &&
	       getrandom(&s->hash_key, sizeof(s->hash_key), 0) == (ssize_t)sizeof(s->hash_key);
}

/* Gives back what the arena did not need; what is cut was never written. */
static void trim(struct psk_store *s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t len = (s->arena_used + 1 + page - 1) / page * page;

	if (len < s->arena_len && mremap(s->arena, s->arena_len, len, 0) != MAP_FAILED)
		s->arena_len = len;
	/* Best effort: the limit on locked memory is often small. */
	(void)mlock(s->arena, s->arena_len);
}

struct psk_store *psk_store_parse(const void *bytes, size_t len, const char *name, char *err,
				  size_t err_len)
{
	struct psk_store *s = calloc(1, sizeof(*s));

	if (s == NULL || !allocate(s, bytes, len)) {
		snprintf(err, err_len, "%s: out of memory or randomness", name);
		psk_store_free(s);
		return NULL;
	}
	if (!secret_lines(bytes, len, name, take, s, err, err_len)) {
		psk_store_free(s);
		return NULL;
	}
	trim(s);
	return s;
}

void psk_store_free(struct psk_store *s)
{
	if (s == NULL)
		return;
	secret_unmap(s->arena, s->arena_len);
	free(s->index);
	secret_wipe(s, sizeof(*s));
	free(s);
}

struct psk_store *psk_store_load(const char *path, char *err, size_t err_len)
{
	struct psk_store *s = NULL;
	struct secret_file f;

	if (secret_file_read(&f, path, err, err_len)) {
		s = psk_store_parse(f.bytes, f.len, path, err, err_len);
		secret_file_free(&f);
	}
	return s;
}

/* Questions */

size_t psk_store_count(const struct psk_store *s) { return s->count; }

size_t psk_store_short_keys(const struct psk_store *s) { return s->short_keys; }

size_t psk_store_bytes(const struct psk_store *s)
{
	return sizeof(*s) + s->arena_len + s->n_index * sizeof(*s->index);
}

const uint8_t *psk_store_get(const struct psk_store *s, const uint8_t *identity, size_t len,
			     size_t *key_len)
{
	const struct index_entry *e;
	const uint8_t *entry;

	if (len == 0 || len > PSK_IDENTITY_MAX)
		return NULL;
	e = find(s, identity, len, hash_of(s, identity, len));
	if (e->offset == 0)
		return NULL;
	entry = s->arena + e->offset - 1;
	*key_len = entry[1];
	return entry + ENTRY_HEADER + len;
}

void psk_store_prefetch(const struct psk_store *s, const struct psk_wanted *wanted, size_t n)
{
	const struct index_entry *e[PSK_PREFETCH_MAX];

	for (size_t i = 0; i < n; i++) {
		e[i] = &s->index[hash_of(s, wanted[i].identity, wanted[i].len) & (s->n_index - 1)];
		__builtin_prefetch(e[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (e[i]->offset != 0)
			__builtin_prefetch(s->arena + e[i]->offset - 1);
}

bool psk_store_next(const struct psk_store *s, size_t *at, struct psk_entry *out)
{
	const uint8_t *entry = s->arena + *at;

	if (*at >= s->arena_used)
		return false;
	*out = (struct psk_entry){ .identity = entry + ENTRY_HEADER,
				   .identity_len = entry[0],
				   .key = entry + ENTRY_HEADER + entry[0],
				   .key_len = entry[1] };
	*at += ENTRY_HEADER + out->identity_len + out->key_len;
	return true;
}
