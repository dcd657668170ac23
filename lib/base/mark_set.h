/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A set of marks that is filled once and then only asked: any number of threads may ask at once,
 * without locks. 32 to 64 bytes a mark.
 */
#pragma once

#include "mark.h"

#include <stdbool.h>
#include <stddef.h>

struct mark_set;

/* mark_set_new: empty; NULL without memory. Slow path only. */
struct mark_set *mark_set_new(void);
void mark_set_free(struct mark_set *s); /* NULL allowed */

/* mark_set_add: false without memory; the set is as it was then. Before the set is shared only. */
bool mark_set_add(struct mark_set *s, const struct mark *m) __attribute__((warn_unused_result));

/* mark_set_has: any thread. */
bool mark_set_has(const struct mark_set *s, const struct mark *m);

/* mark_set_count: different marks in it. */
size_t mark_set_count(const struct mark_set *s);
