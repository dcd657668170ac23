/* SPDX-License-Identifier: BSD-3-Clause */
#include "verdict.h"

#include <inttypes.h>

bool verdict_schedule_held(const struct load_counts *c)
{
	return (double)(c->late + c->missed) <= VERDICT_LATE_SHARE * (double)c->scheduled;
}

/* Losses are part of what is asked for. */
static bool impaired(const struct load_options *opt)
{
	return opt->loss > 0 || opt->reorder > 0 || opt->duplicate > 0 || opt->hostile > 0;
}

/* One thing that must be zero. */
static bool none(FILE *out, uint64_t n, const char *what)
{
	if (n == 0)
		return true;
	fprintf(out, "failed: %" PRIu64 " %s\n", n, what);
	return false;
}

/* scheduled = sent + missed + waiting for a session; sent = answered + refused + lost + waiting. */
static bool accounted(FILE *out, const struct load_result *r)
{
	const struct load_counts *c = &r->counts;
	uint64_t ended = c->answered + c->refused + c->lost;

	if (c->sent + c->missed <= c->scheduled && ended <= c->sent &&
	    c->scheduled == ended + c->missed + r->waiting)
		return true;
	fprintf(out,
		"failed: the counters do not agree: %" PRIu64 " scheduled, %" PRIu64
		" sent, %" PRIu64 " missed, %" PRIu64 " ended, %" PRIu64 " waiting\n",
		c->scheduled, c->sent, c->missed, ended, r->waiting);
	return false;
}

static bool held(FILE *out, const struct load_counts *c)
{
	if (verdict_schedule_held(c))
		return true;
	fprintf(out,
		"failed: the generator did not hold its schedule: of %" PRIu64 " requests %" PRIu64
		" were late, %" PRIu64 " missed (at most %.1f %%)\n",
		c->scheduled, c->late, c->missed, VERDICT_LATE_SHARE * 100);
	return false;
}

static bool good_peer(FILE *out, const struct load_counts *c)
{
	bool good = none(out, c->sessions_lost, "sessions were ended by the peer");

	good &= none(out, c->malformed, "datagrams could not be read");
	good &= none(out, c->unreachable, "datagrams could not leave or reach nobody");
	return none(out, c->unmatched, "messages answered nothing of ours") && good;
}

static bool good_link(FILE *out, const struct load_counts *c)
{
	bool good = none(out, c->lost, "requests were lost");

	return good_peer(out, c) && good;
}

/* Handshakes may fail when they are made again and all devices are served in the end; some requests
 * of the others may be lost beside them. */
static bool weathered(FILE *out, const struct storm_result *s)
{
	bool good = none(out, s->devices - s->served, "devices of the storm were not served");
	double goodput = storm_goodput(&s->requests[STORM_DURING]);

	if (goodput >= STORM_GOODPUT)
		return good;
	fprintf(out,
		"failed: in the storm %.1f %% of the others' requests were answered, not %.0f %%\n",
		100 * goodput, 100 * STORM_GOODPUT);
	return false;
}

static bool bad_link(FILE *out, const struct load_options *opt, const struct load_counts *c)
{
	if (opt->retransmit == LOAD_RETRANSMIT_OFF)
		return true;
	return none(out, c->lost - c->lost_non, "confirmable requests were lost");
}

enum verdict verdict_of(FILE *out, const struct load_options *opt, const struct load_result *total,
			const struct load_result *measured, const struct storm_result *storm)
{
	const struct load_counts *c = &total->counts;
	bool good = none(out, c->refused, "requests were refused");

	if (storm != NULL) {
		good &= weathered(out, storm);
		good &= good_peer(out, c);
	} else {
		good &= none(out, c->handshakes_failed, "handshakes failed");
		good &= impaired(opt) ? bad_link(out, opt, c) : good_link(out, c);
	}
	good &= accounted(out, total);
	if (!held(out, &measured->counts))
		return VERDICT_SCHEDULE;
	return good ? VERDICT_GOOD : VERDICT_FAILED;
}
