/* SPDX-License-Identifier: BSD-3-Clause */
#include "stopwatch.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

static bool grow(struct stopwatch *s)
{
	size_t room = s->room == 0 ? FIRST_ROOM : 2 * s->room;
	struct stopwatch_lap *laps = realloc(s->laps, room * sizeof(*laps));

	if (laps == NULL)
		return false;
	s->laps = laps;
	s->room = room;
	return true;
}

bool stopwatch_lap(struct stopwatch *s)
{
	if (s->n == s->room && !grow(s))
		return false;
	s->laps[s->n++] = s->now;
	s->now = (struct stopwatch_lap){ 0 };
	return true;
}

static int by_total(const void *a, const void *b)
{
	uint64_t x = ((const struct stopwatch_lap *)a)->total;
	uint64_t y = ((const struct stopwatch_lap *)b)->total;

	return (x > y) - (x < y);
}

bool stopwatch_mean(struct stopwatch *s, double *total, double parts[STOPWATCH_PARTS])
{
	size_t n = 0;

	*total = 0;
	memset(parts, 0, STOPWATCH_PARTS * sizeof(*parts));
	if (s->n == 0)
		return false;
	qsort(s->laps, s->n, sizeof(*s->laps), by_total);
	for (; n < s->n && s->laps[n].total <= 2 * s->laps[s->n / 2].total; n++) {
		*total += (double)s->laps[n].total;
		for (int i = 0; i < STOPWATCH_PARTS; i++)
			parts[i] += (double)s->laps[n].parts[i];
	}
	*total /= (double)n;
	for (int i = 0; i < STOPWATCH_PARTS; i++)
		parts[i] /= (double)n;
	s->n = 0;
	return true;
}

void stopwatch_free(struct stopwatch *s)
{
	free(s->laps);
	*s = (struct stopwatch){ 0 };
}
