/* SPDX-License-Identifier: BSD-3-Clause */
#include "ticket_keys.h"

#include "cursor.h"
#include "key_schedule.h"
#include "random.h"
#include "secret.h"
#include "secret_file.h"

#include <stdio.h>

static size_t keys_bytes(size_t n)
{
	return sizeof(struct ticket_keys) + n * sizeof(struct ticket_key);
}

static struct ticket_keys *keys_new(size_t n)
{
	struct ticket_keys *k = secret_map(keys_bytes(n));

	if (k != NULL)
		k->n = n;
	return k;
}

void ticket_keys_free(struct ticket_keys *k)
{
	if (k != NULL)
		secret_unmap(k, keys_bytes(k->n));
}

/* Files */

static bool is_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;

	while (len-- > 0)
		any |= *p++;
	return any == 0;
}

static const char *root_add(void *roots, const struct secret_line *l)
{
	struct ticket_roots *r = roots;
	uint8_t *root;

	if (r->n == TICKET_ROOTS_MAX)
		return "more than 8 keys";
	root = r->root[r->n];
	if (l->len != (size_t)2 * TICKET_ROOT_LEN || !secret_hex(root, l->p, TICKET_ROOT_LEN))
		return "not 64 hex digits";
	if (is_zero(root, TICKET_ROOT_LEN))
		return "a key of zeros";
	for (size_t i = 0; i < r->n; i++)
		if (secret_equal(r->root[i], root, TICKET_ROOT_LEN))
			return "key appeared before";
	r->n++;
	return NULL;
}

struct ticket_roots *ticket_roots_parse(const void *bytes, size_t len, const char *name, char *err,
					size_t err_len)
{
	struct ticket_roots *r = secret_map(sizeof(*r));

	if (r == NULL) {
		snprintf(err, err_len, "%s: out of memory", name);
		return NULL;
	}
	if (secret_lines(bytes, len, name, root_add, r, err, err_len)) {
		if (r->n > 0)
			return r;
		snprintf(err, err_len, "%s: no key in it", name);
	}
	ticket_roots_free(r);
	return NULL;
}

struct ticket_roots *ticket_roots_load(const char *path, char *err, size_t err_len)
{
	struct ticket_roots *r = NULL;
	struct secret_file f;

	if (secret_file_read(&f, path, err, err_len)) {
		r = ticket_roots_parse(f.bytes, f.len, path, err, err_len);
		secret_file_free(&f);
	}
	return r;
}

void ticket_roots_free(struct ticket_roots *r) { secret_unmap(r, sizeof(*r)); }

/* Snapshots */

static uint64_t period_of(uint64_t utc_s) { return utc_s / TICKET_PERIOD_S; }

/* Periods that a ticket may have been sealed in and live still, the present one among them. */
static uint64_t periods_of(uint64_t lifetime_s) { return 2 + (lifetime_s - 1) / TICKET_PERIOD_S; }

static bool key_derive(struct ticket_key *out, const uint8_t *root, uint64_t period)
{
	uint8_t seed[8], block[sizeof(out->name) + sizeof(out->key)];
	struct wr w = wr_of(seed, sizeof(seed));
	bool ok;

	wr_u64(&w, period);
	ok = key_prf(PRF_SHA256, root, TICKET_ROOT_LEN, "sluice ticket key", seed, sizeof(seed),
		     NULL, 0, block, sizeof(block));
	out->period = period;
	memcpy(out->name, block, sizeof(out->name));
	memcpy(out->key, block + sizeof(out->name), sizeof(out->key));
	secret_wipe(block, sizeof(block));
	return ok;
}

struct ticket_keys *ticket_keys_derive(const struct ticket_roots *roots, uint64_t utc_s,
				       uint64_t lifetime_s)
{
	uint64_t now = period_of(utc_s), n = periods_of(lifetime_s) + 1;
	struct ticket_keys *k = keys_new(roots->n * n);
	bool ok = k != NULL;

	/* For each root: now, the next one, those before. */
	for (size_t i = 0; ok && i < k->n; i++) {
		uint64_t j = i % n, period = j == 0 ? now : j == 1 ? now + 1 : now + 1 - j;

		ok = key_derive(&k->keys[i], roots->root[i / n], period);
	}
	if (ok)
		return k;
	ticket_keys_free(k);
	return NULL;
}

/* How many of the old keys, youngest first, may still be asked for. A clock that went back makes
 * none of them younger than now. */
static size_t count_alive(const struct ticket_keys *old, uint64_t now, uint64_t lifetime_s)
{
	size_t n = 0;

	while (old != NULL && n < old->n && n + 1 < periods_of(lifetime_s) &&
	       old->keys[n].period + periods_of(lifetime_s) > now)
		n++;
	return n;
}

struct ticket_keys *ticket_keys_random(const struct ticket_keys *old, uint64_t utc_s,
				       uint64_t lifetime_s)
{
	uint64_t now = period_of(utc_s);
	size_t n_old = count_alive(old, now, lifetime_s);
	struct ticket_keys *k = keys_new(1 + n_old);

	if (k == NULL)
		return NULL;
	k->keys[0].period = now;
	if (!random_bytes(k->keys[0].name, sizeof(k->keys[0].name)) ||
	    !random_bytes(k->keys[0].key, sizeof(k->keys[0].key))) {
		ticket_keys_free(k);
		return NULL;
	}
	if (n_old > 0)
		memcpy(&k->keys[1], old->keys, n_old * sizeof(old->keys[0]));
	return k;
}

bool ticket_keys_due(const struct ticket_keys *k, uint64_t utc_s)
{
	return period_of(utc_s) != k->keys[0].period;
}

const struct ticket_key *ticket_keys_find(const struct ticket_keys *k,
					  const uint8_t name[TICKET_KEY_NAME])
{
	for (size_t i = 0; i < k->n; i++)
		if (memcmp(k->keys[i].name, name, TICKET_KEY_NAME) == 0)
			return &k->keys[i];
	return NULL;
}
