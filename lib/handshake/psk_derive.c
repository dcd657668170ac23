/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_derive.h"

#include "hmac_batch.h"
#include "psk_line.h"
#include "secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

_Static_assert((int)PSK_DERIVE_KEY_LEN == (int)HMAC_SHA256_LEN, "a key is the whole MAC");

struct master {
	struct hmac_key key;
	uint8_t prefix_len; /* 0: for identities that no prefix fits */
	uint8_t prefix[PSK_IDENTITY_MAX];
};

struct psk_derive {
	size_t n;
	struct master masters[PSK_DERIVE_MASTERS_MAX]; /* in the order of the file */
};

/* Lines */

static bool has_prefix(const struct psk_derive *d, const uint8_t *prefix, size_t len)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->masters[i].prefix_len == len &&
		    memcmp(d->masters[i].prefix, prefix, len) == 0)
			return true;
	return false;
}

static const char *add(struct psk_derive *d, const struct psk_line *line)
{
	struct master *m = &d->masters[d->n];

	if (line->key_len < PSK_DERIVE_MASTER_MIN)
		return "master key is shorter than 16 bytes";
	if (has_prefix(d, line->identity, line->identity_len))
		return line->identity_len != 0 ? "prefix appeared before"
					       : "a second master key without a prefix";
	if (d->n == PSK_DERIVE_MASTERS_MAX)
		return "more than 64 master keys";
	hmac_key_make(&m->key, line->key, line->key_len);
	m->prefix_len = (uint8_t)line->identity_len;
	memcpy(m->prefix, line->identity, line->identity_len);
	d->n++;
	return NULL;
}

static const char *take(void *derive, const struct secret_line *l)
{
	struct psk_line line = { .identity_len = 0 };
	const char *wrong = memchr(l->p, ':', l->len) == NULL ? psk_line_key(&line, l->p, l->len)
							      : psk_line_read(&line, l);

	if (wrong == NULL)
		wrong = add(derive, &line);
	secret_wipe(&line, sizeof(line));
	return wrong;
}

/* Life */

struct psk_derive *psk_derive_parse(const void *bytes, size_t len, const char *name, char *err,
				    size_t err_len)
{
	struct psk_derive *d = secret_map(sizeof(*d));

	if (d == NULL) {
		snprintf(err, err_len, "%s: out of memory", name);
		return NULL;
	}
	/* Best effort: the limit on locked memory is often small. */
	(void)mlock(d, sizeof(*d));
	if (secret_lines(bytes, len, name, take, d, err, err_len)) {
		if (d->n > 0)
			return d;
		/* A file that came out empty must not turn a fleet away. */
		snprintf(err, err_len, "%s: no master key in it", name);
	}
	psk_derive_free(d);
	return NULL;
}

struct psk_derive *psk_derive_load(const char *path, char *err, size_t err_len)
{
	struct psk_derive *d = NULL;
	struct secret_file f;

	if (secret_file_read(&f, path, err, err_len)) {
		d = psk_derive_parse(f.bytes, f.len, path, err, err_len);
		secret_file_free(&f);
	}
	return d;
}

void psk_derive_free(struct psk_derive *d) { secret_unmap(d, sizeof(*d)); }

/* Questions */

size_t psk_derive_count(const struct psk_derive *d) { return d->n; }

const uint8_t *psk_derive_prefix(const struct psk_derive *d, size_t i, size_t *len)
{
	*len = d->masters[i].prefix_len;
	return d->masters[i].prefix;
}

/* A prefix alone names no device. */
static const struct master *master_of(const struct psk_derive *d, const uint8_t *identity,
				      size_t len)
{
	const struct master *best = NULL;

	for (size_t i = 0; i < d->n; i++) {
		const struct master *m = &d->masters[i];

		if (m->prefix_len < len && memcmp(m->prefix, identity, m->prefix_len) == 0 &&
		    (best == NULL || m->prefix_len > best->prefix_len))
			best = m;
	}
	return best;
}

bool psk_derive_key(const struct psk_derive *d, const uint8_t *identity, size_t len,
		    uint8_t out[PSK_DERIVE_KEY_LEN])
{
	const struct master *m = len <= PSK_IDENTITY_MAX ? master_of(d, identity, len) : NULL;

	if (m == NULL)
		return false;
	hmac_one(&m->key, identity, len, out);
	return true;
}
