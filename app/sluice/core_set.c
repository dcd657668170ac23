/* SPDX-License-Identifier: BSD-3-Clause */
#include "core_set.h"

#include <stdio.h>
#include <stdlib.h>

unsigned core_set_count(const struct core_set *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CORE_MAX / 64; i++)
		n += (unsigned)__builtin_popcountll(s->bits[i]);
	return n;
}

unsigned core_set_next(const struct core_set *s, unsigned from)
{
	while (from < CORE_MAX && !core_set_has(s, from))
		from++;
	return from;
}

struct core_set core_set_minus(const struct core_set *a, const struct core_set *b)
{
	struct core_set out;

	for (unsigned i = 0; i < CORE_MAX / 64; i++)
		out.bits[i] = a->bits[i] & ~b->bits[i];
	return out;
}

static bool parse_core(const char **at, unsigned *out)
{
	char *end;
	unsigned long v;

	if (**at < '0' || **at > '9')
		return false;
	v = strtoul(*at, &end, 10);
	*at = end;
	*out = (unsigned)v;
	return v < CORE_MAX;
}

static bool parse_range(const char **at, struct core_set *set)
{
	unsigned first, last;

	if (!parse_core(at, &first))
		return false;
	last = first;
	if (**at == '-') {
		(*at)++;
		if (!parse_core(at, &last) || last < first)
			return false;
	}
	for (unsigned core = first; core <= last; core++)
		core_set_add(set, core);
	return true;
}

bool core_set_parse(struct core_set *out, const char *text)
{
	struct core_set set = { { 0 } };

	for (;;) {
		if (!parse_range(&text, &set))
			return false;
		if (*text == '\0')
			break;
		if (*text++ != ',')
			return false;
	}
	*out = set;
	return true;
}

const char *core_set_print(char out[CORE_SET_TEXT_MAX], const struct core_set *s)
{
	size_t len = 0;
	unsigned last;

	snprintf(out, CORE_SET_TEXT_MAX, "none");
	for (unsigned core = core_set_next(s, 0); core < CORE_MAX; core = core_set_next(s, last)) {
		for (last = core + 1; core_set_has(s, last);)
			last++;
		len += (size_t)snprintf(out + len, CORE_SET_TEXT_MAX - len, len ? ",%u" : "%u",
					core);
		if (last - core > 1)
			len += (size_t)snprintf(out + len, CORE_SET_TEXT_MAX - len, "-%u",
						last - 1);
	}
	return out;
}
