/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What --stats-period prints: from two samples to a table.
 *
 *   busy      turns that found work, by cycles: near 100 % the core is at its limit
 *   burst     packets a receive call gave: near --burst, the queue is not emptied in time
 *   lanes     records an AEAD call had: few of them leave the vector engine's lanes empty
 *   handoff/s datagrams that arrived at a core that does not own their session: RSS misses
 *   rings     messages waiting for the core, and in brackets the fullest ring of its size
 *
 * Below it, every outcome that was counted in the period, by reason.
 */
#pragma once

#include "sample.h"

#include <stdio.h>

/* report_print: the period from before to now; before NULL: since the start at start_ns. */
void report_print(FILE *out, const struct sample *now, const struct sample *before,
		  uint64_t start_ns);
