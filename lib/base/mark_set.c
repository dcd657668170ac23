/* SPDX-License-Identifier: BSD-3-Clause */
#include "mark_set.h"

#include <stdlib.h>
#include <string.h>

/* Open addressing with linear probing, at most half full. Marks are hashes already. An empty place
 * is all zero, so the mark that is all zero has a place of its own. */
enum { PLACES_MIN = 16 };

struct mark_set {
	struct mark *places;
	size_t n_places; /* a power of two */
	size_t n;        /* taken ones */
	bool has_zero;
};

static const struct mark zero;

static bool equal(const struct mark *a, const struct mark *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The place of a mark, or the empty one where it belongs. */
static struct mark *find(const struct mark_set *s, const struct mark *m)
{
	struct mark *place;
	uint64_t at;

	memcpy(&at, m->b, sizeof(at));
	do {
		place = &s->places[at++ & (s->n_places - 1)];
	} while (!equal(place, m) && !equal(place, &zero));
	return place;
}

struct mark_set *mark_set_new(void)
{
	struct mark_set *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->n_places = PLACES_MIN;
	s->places = calloc(s->n_places, sizeof(*s->places));
	if (s->places != NULL)
		return s;
	free(s);
	return NULL;
}

void mark_set_free(struct mark_set *s)
{
	if (s == NULL)
		return;
	free(s->places);
	free(s);
}

static bool grow(struct mark_set *s)
{
	struct mark_set bigger = { .n_places = 2 * s->n_places };

	bigger.places = calloc(bigger.n_places, sizeof(*bigger.places));
	if (bigger.places == NULL)
		return false;
	for (size_t i = 0; i < s->n_places; i++)
		if (!equal(&s->places[i], &zero))
			*find(&bigger, &s->places[i]) = s->places[i];
	free(s->places);
	s->places = bigger.places;
	s->n_places = bigger.n_places;
	return true;
}

bool mark_set_add(struct mark_set *s, const struct mark *m)
{
	if (equal(m, &zero)) {
		s->has_zero = true;
		return true;
	}
	if (mark_set_has(s, m))
		return true;
	if (s->n >= s->n_places / 2 && !grow(s))
		return false;
	*find(s, m) = *m;
	s->n++;
	return true;
}

bool mark_set_has(const struct mark_set *s, const struct mark *m)
{
	return equal(m, &zero) ? s->has_zero : equal(find(s, m), m);
}

size_t mark_set_count(const struct mark_set *s) { return s->n + s->has_zero; }
