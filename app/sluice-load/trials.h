/* SPDX-License-Identifier: BSD-3-Clause */
/* --search with a fleet that stands: trials at a rate, and what they find. Slow path only. */
#pragma once

#include "run.h"

/* trials_search: the figures that the options ask for, into r->ndr and r->pdr, and printed. Returns
 * the exit status: VERDICT_SCHEDULE where the generator, not the system under test, was the limit.
 */
int trials_search(struct run *r);
