/* SPDX-License-Identifier: BSD-3-Clause */
#include "resource.h"
#include "rfc3339.h"

enum { SEGMENTS_MAX = 2 };

static const struct {
	const char *segments[SEGMENTS_MAX];
	uint32_t n_segments;
	uint16_t format;
} resources[] = {
	[RESOURCE_CORE] = { { ".well-known", "core" }, 2, RESOURCE_LINK_FORMAT },
	[RESOURCE_TIME] = { { "time" }, 1, RESOURCE_TEXT },
};

enum { N_RESOURCES = sizeof(resources) / sizeof(resources[0]) };

static const char core[] = "</.well-known/core>;ct=40,</time>;rt=\"sluice.time\";ct=0";
_Static_assert(sizeof(core) - 1 <= RESOURCE_MAX && (int)RFC3339_LEN <= (int)RESOURCE_MAX,
	       "RESOURCE_MAX");

static bool segment_is(struct rd segment, const char *text)
{
	return rd_len(&segment) == strlen(text) && memcmp(segment.p, text, strlen(text)) == 0;
}

void resource_segment(struct resource_match *m, struct rd segment)
{
	for (uint32_t r = 1; r < N_RESOURCES; r++)
		if (m->n_segments >= resources[r].n_segments ||
		    !segment_is(segment, resources[r].segments[m->n_segments]))
			m->misses |= UINT32_C(1) << r;
	/* Beyond any resource's length the exact number says nothing more. */
	if (m->n_segments <= SEGMENTS_MAX)
		m->n_segments++;
}

enum resource resource_matched(const struct resource_match *m)
{
	for (uint32_t r = 1; r < N_RESOURCES; r++)
		if (m->n_segments == resources[r].n_segments && !(m->misses >> r & 1))
			return (enum resource)r;
	return RESOURCE_NONE;
}

uint16_t resource_format(enum resource r) { return resources[r].format; }

void resource_write(struct wr *w, enum resource r, uint64_t wall_ns)
{
	char time[RFC3339_LEN + 1];

	switch (r) {
	case RESOURCE_NONE:
		return;
	case RESOURCE_CORE:
		wr_bytes(w, core, sizeof(core) - 1);
		return;
	case RESOURCE_TIME:
		rfc3339_write(time, wall_ns);
		wr_bytes(w, time, RFC3339_LEN);
		return;
	}
}
