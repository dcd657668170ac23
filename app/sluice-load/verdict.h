/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a run was good, and if not, why: what the exit status says.
 *
 * Always: no handshake failed, no request was refused, every CON that RFC 7252 lets repeat was
 * answered, the schedule was held, and all requests are accounted for. On a link that is good (no
 * --loss, --reorder, --duplicate, --hostile) moreover: nothing was lost, no session was ended by
 * the peer, and no message came that answers nothing. Records that do not open are told, but anyone
 * can send such.
 */
#pragma once

#include "load_options.h"
#include "load_result.h"
#include "storm_result.h"

enum verdict {
	VERDICT_GOOD = 0,
	VERDICT_FAILED = 3,   /* the system under test; or no report could be written */
	VERDICT_SCHEDULE = 4, /* the generator missed its schedule: its figures mean little */
	VERDICT_INTERRUPTED = 130,
};

/* More than this share of requests late or missed: the schedule was not held. */
#define VERDICT_LATE_SHARE 0.001

/* verdict_schedule_held: whether what was due left in time. */
bool verdict_schedule_held(const struct load_counts *measured);

/* verdict_of: prints a line for every reason to out. total: the whole run, at its end; measured:
 * the measured part of it. */
enum verdict verdict_of(FILE *out, const struct load_options *opt, const struct load_result *total,
			const struct load_result *measured, const struct storm_result *storm);
