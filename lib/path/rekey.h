/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions that proved the peer's newest keys a moment ago: those of the epoch before are wiped
 * when that is over. Inside lib/path only. Owner core only. */
#pragma once

#include "ref.h"

#include <stdint.h>

enum { REKEY_LATE_MAX = 1024 };

/* How long records that others overtook still open (bad-input K8); RFC 9147 §4.2.1 allows minutes,
 * but a key that was replaced should be gone. */
#define REKEY_LATE_NS UINT64_C(2000000000)

/* A ring, eldest first. */
struct rekey_late {
	unsigned first, n;
	struct rekey_former {
		struct session_ref ref;
		uint64_t until_ns;
		uint16_t epoch;
	} at[REKEY_LATE_MAX];
};
