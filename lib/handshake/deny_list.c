/* SPDX-License-Identifier: BSD-3-Clause */
#include "deny_list.h"

#include "mark_of.h"
#include "mark_set.h"
#include "psk_line.h"
#include "secret_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct deny_list {
	struct mark_set *marks; /* of names, and the first halves of fingerprints */
};

/* A blank that nobody sees would deny somebody else. */
static const char *name_read(struct mark *out, const uint8_t *text, size_t len)
{
	struct psk_line line;
	const char *wrong = psk_line_identity(&line, text, len);

	if (wrong != NULL)
		return wrong;
	if (text[0] == ' ' || text[0] == '\t' || text[len - 1] == ' ' || text[len - 1] == '\t')
		return "the name begins or ends with a blank (write it as #hex)";
	mark_of_name(out, line.identity, line.identity_len);
	return NULL;
}

static const char *fingerprint_read(struct mark *out, const uint8_t *text, size_t len)
{
	uint8_t sha256[32];

	if (len != 2 * sizeof(sha256) || !secret_hex(sha256, text, sizeof(sha256)))
		return "sha256 wants 64 hex digits";
	memcpy(out->b, sha256, sizeof(out->b)); /* a mark is how a SHA-256 begins */
	return NULL;
}

/* What stands behind a keyword and one space. */
static bool follows(const struct secret_line *line, const char *keyword, const uint8_t **text,
		    size_t *len)
{
	size_t n = strlen(keyword);

	if (line->len <= n || memcmp(line->p, keyword, n) != 0 || line->p[n] != ' ')
		return false;
	*text = line->p + n + 1;
	*len = line->len - n - 1;
	return true;
}

static const char *take(void *list, const struct secret_line *line)
{
	struct deny_list *d = list;
	const uint8_t *text;
	const char *wrong;
	struct mark m;
	size_t len;

	if (follows(line, "identity", &text, &len))
		wrong = name_read(&m, text, len);
	else if (follows(line, "sha256", &text, &len))
		wrong = fingerprint_read(&m, text, len);
	else
		wrong = "neither \"identity NAME\" nor \"sha256 HEX\"";
	if (wrong != NULL)
		return wrong;
	return mark_set_add(d->marks, &m) ? NULL : "no memory";
}

struct deny_list *deny_list_parse(const void *bytes, size_t len, const char *name, char *err,
				  size_t err_len)
{
	struct deny_list *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->marks = mark_set_new();
	if (d == NULL || d->marks == NULL)
		snprintf(err, err_len, "%s: no memory", name);
	else if (secret_lines(bytes, len, name, take, d, err, err_len))
		return d;
	deny_list_free(d);
	return NULL;
}

struct deny_list *deny_list_load(const char *path, char *err, size_t err_len)
{
	struct deny_list *d = NULL;
	struct secret_file f;

	if (secret_file_read_public(&f, path, err, err_len)) {
		d = deny_list_parse(f.bytes, f.len, path, err, err_len);
		secret_file_free(&f);
	}
	return d;
}

void deny_list_free(struct deny_list *d)
{
	if (d == NULL)
		return;
	mark_set_free(d->marks);
	free(d);
}

size_t deny_list_count(const struct deny_list *d) { return mark_set_count(d->marks); }

bool deny_list_names(const struct deny_list *d, const uint8_t *name, size_t len)
{
	struct mark m;

	if (deny_list_count(d) == 0)
		return false;
	mark_of_name(&m, name, len);
	return mark_set_has(d->marks, &m);
}

bool deny_list_has(const struct deny_list *d, const struct mark *m)
{
	return mark_set_has(d->marks, m);
}
