/* SPDX-License-Identifier: BSD-3-Clause */
/* What a device can GET: the list of resources and the time. Pure; any thread. */
#pragma once

#include "coap_msg.h"

enum resource {
	RESOURCE_NONE,
	RESOURCE_CORE, /* /.well-known/core, RFC 6690 */
	RESOURCE_TIME, /* /time, RFC 3339 */
};

enum { RESOURCE_TEXT = 0, RESOURCE_LINK_FORMAT = 40 }; /* content formats, RFC 7252 §12.3 */

/* Matches a path while its segments go by; starts zeroed. Segments are compared as opaque bytes. */
struct resource_match {
	uint32_t n_segments;
	uint32_t misses; /* bit per resource */
};

void resource_segment(struct resource_match *m, struct rd segment);
enum resource resource_matched(const struct resource_match *m);

/* resource_format: the content format in which it is given. */
uint16_t resource_format(enum resource r);

/* RESOURCE_MAX bounds what resource_write writes. */
enum { RESOURCE_MAX = 64 };

/* resource_write: its representation; wall_ns is the wall clock. */
void resource_write(struct wr *w, enum resource r, uint64_t wall_ns);
