/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpk_store.h"

#include "secret_file.h"
#include "x509_trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPKI_MAX = 1024 };

struct rpk {
	uint8_t fingerprint[SPKI_FINGERPRINT_LEN];
	uint8_t name_len;
	uint8_t name[X509_NAME_LEN_MAX];
};

struct rpk_store {
	struct rpk *keys; /* by fingerprint */
	size_t n, room;
};

static const char *kind_read(struct rpk *out, const uint8_t *at, size_t len)
{
	static const char sha256[] = "sha256:", spki[] = "spki:";
	uint8_t der[SPKI_MAX];

	if (len == SPKI_NAME_LEN && memcmp(at, sha256, 7) == 0)
		return secret_hex(out->fingerprint, at + 7, SPKI_FINGERPRINT_LEN) ? NULL
										  : "not hex";
	if (len < 5 || memcmp(at, spki, 5) != 0)
		return "wants sha256: and 64 hex digits, or spki: and hex";
	at += 5;
	len -= 5;
	if (len == 0 || len % 2 != 0 || len / 2 > sizeof(der) || !secret_hex(der, at, len / 2))
		return "not the hex of a key";
	struct signature_key *key = spki_key(der, len / 2);

	if (key == NULL)
		return "not a SubjectPublicKeyInfo of a P-256, Ed25519 or RSA key";
	signature_key_free(key);
	spki_fingerprint(out->fingerprint, der, len / 2);
	return NULL;
}

static const char *line_read(struct rpk *out, const struct secret_line *line)
{
	const uint8_t *space = memchr(line->p, ' ', line->len);
	size_t key_len = space == NULL ? line->len : (size_t)(space - line->p), name_len;
	const char *reason = kind_read(out, line->p, key_len);

	if (reason != NULL)
		return reason;
	if (space == NULL) {
		spki_name(out->name, out->fingerprint);
		out->name_len = SPKI_NAME_LEN;
		return NULL;
	}
	name_len = line->len - key_len - 1;
	if (name_len == 0 || name_len > sizeof(out->name))
		return "the name is empty or longer than 128 bytes";
	memcpy(out->name, space + 1, name_len);
	out->name_len = (uint8_t)name_len;
	return NULL;
}

static const char *take(void *store, const struct secret_line *line)
{
	struct rpk_store *s = store;
	size_t room = s->room == 0 ? 64 : 2 * s->room;
	struct rpk *grown;

	if (s->n == s->room) {
		grown = realloc(s->keys, room * sizeof(*grown));
		if (grown == NULL)
			return "no memory";
		s->keys = grown;
		s->room = room;
	}
	s->keys[s->n] = (struct rpk){ .name_len = 0 };
	return line_read(&s->keys[s->n++], line);
}

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct rpk *)a)->fingerprint, ((const struct rpk *)b)->fingerprint,
		      SPKI_FINGERPRINT_LEN);
}

static bool sort(struct rpk_store *s)
{
	if (s->n > 0)
		qsort(s->keys, s->n, sizeof(*s->keys), compare);
	for (size_t i = 1; i < s->n; i++)
		if (compare(&s->keys[i - 1], &s->keys[i]) == 0)
			return false;
	return true;
}

struct rpk_store *rpk_store_parse(const void *bytes, size_t len, const char *name, char *err,
				  size_t err_len)
{
	struct rpk_store *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		snprintf(err, err_len, "%s: no memory", name);
		return NULL;
	}
	if (secret_lines(bytes, len, name, take, s, err, err_len)) {
		if (sort(s))
			return s;
		snprintf(err, err_len, "%s: a key appears twice", name);
	}
	rpk_store_free(s);
	return NULL;
}

struct rpk_store *rpk_store_load(const char *path, char *err, size_t err_len)
{
	struct rpk_store *s = NULL;
	struct secret_file f;

	if (secret_file_read_public(&f, path, err, err_len)) {
		s = rpk_store_parse(f.bytes, f.len, path, err, err_len);
		secret_file_free(&f);
	}
	return s;
}

void rpk_store_free(struct rpk_store *s)
{
	if (s == NULL)
		return;
	free(s->keys);
	free(s);
}

size_t rpk_store_count(const struct rpk_store *s) { return s->n; }

/* A mark is how a fingerprint begins. */
static int compare_mark(const void *mark, const void *key)
{
	return memcmp(mark, ((const struct rpk *)key)->fingerprint, sizeof(struct mark));
}

const uint8_t *rpk_store_get(const struct rpk_store *s, const struct mark *key, size_t *name_len)
{
	const struct rpk *found =
		s->n == 0 ? NULL : bsearch(key, s->keys, s->n, sizeof(*found), compare_mark);

	if (found == NULL)
		return NULL;
	*name_len = found->name_len;
	return found->name;
}
