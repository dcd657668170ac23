/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of CPU cores (lcore numbers), and their notation "1,3-5". Plain values; any thread. */
#pragma once

#include "cursor.h"

/* DPDK as Debian builds it has 128 lcores. */
enum { CORE_MAX = 128, CORE_SET_TEXT_MAX = CORE_MAX * 4 };

struct core_set {
	uint64_t bits[CORE_MAX / 64];
};

static inline bool core_set_has(const struct core_set *s, unsigned core)
{
	return core < CORE_MAX && (s->bits[core / 64] >> (core % 64) & 1) != 0;
}

static inline void core_set_add(struct core_set *s, unsigned core)
{
	s->bits[core / 64] |= UINT64_C(1) << (core % 64);
}

/* core_set_count: how many cores are in it. */
unsigned core_set_count(const struct core_set *s);

/* core_set_next: the lowest core >= from, or CORE_MAX. */
unsigned core_set_next(const struct core_set *s, unsigned from);

/* core_set_minus: a without b. */
struct core_set core_set_minus(const struct core_set *a, const struct core_set *b);

/* core_set_parse: "1,3-5" and the like; false on anything else, an empty list, or a core of
 * CORE_MAX or more. */
bool core_set_parse(struct core_set *out, const char *text) MUST_USE;

/* core_set_print: the notation above ("none" when empty) into CORE_SET_TEXT_MAX bytes; returns
 * out. */
const char *core_set_print(char out[CORE_SET_TEXT_MAX], const struct core_set *s);
