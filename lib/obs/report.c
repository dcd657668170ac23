/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

static double ratio(uint64_t a, uint64_t b) { return b != 0 ? (double)a / (double)b : 0; }

/* A number in at most six characters: 0.0, 12.3, 999, 12.3k, 4.5M. */
static const char *shorten(char out[16], double v)
{
	static const char suffix[] = " kMGT";
	unsigned i = 0;

	while (v >= 9999.5 && i + 2 < sizeof(suffix)) {
		v /= 1000;
		i++;
	}
	snprintf(out, 16, v < 99.95 ? "%.1f" : "%.0f", v);
	if (i > 0)
		snprintf(out + strlen(out), 16 - strlen(out), "%c", suffix[i]);
	return out;
}

static void print_summary(FILE *out, const struct sample *now, double lines_per_s, double seconds)
{
	char rate[16];

	fprintf(out,
		"stats: %.1f s, sessions %llu of %llu, handshakes %llu of %llu, "
		"buffers %llu of %llu, sink %s lines/s, %llu bytes waiting%s\n",
		seconds, (unsigned long long)now->sessions, (unsigned long long)now->max_sessions,
		(unsigned long long)now->handshakes, (unsigned long long)now->max_handshakes,
		(unsigned long long)now->mbufs_used, (unsigned long long)now->mbufs,
		shorten(rate, lines_per_s), (unsigned long long)now->sink_queued_bytes,
		now->sink_failing ? ", FAILING" : "");
}

static void print_core(FILE *out, const struct sample_core *core, const struct sample_counters *d,
		       double seconds)
{
	char rx[16], opened[16], sealed[16], handoffs[16], hs[16], coap[16];

	fprintf(out, "%5u %-22s %5.1f%% %6.1f %7s %7s %7s %6.1f %9s %7s %7s  %u (%u/%u)\n",
		core->lcore, core->role, 100 * ratio(d->busy_cycles, d->cycles),
		ratio(d->rx_frames, d->rx_bursts), shorten(rx, (double)d->rx_frames / seconds),
		shorten(opened, (double)d->records_opened / seconds),
		shorten(sealed, (double)d->records_sealed / seconds),
		ratio(d->aead_ops, d->aead_calls),
		shorten(handoffs, (double)d->handoffs_out / seconds),
		shorten(hs, (double)d->handshakes_done / seconds),
		shorten(coap, (double)d->coap_messages / seconds), core->ring_used,
		core->ring_fullest, core->ring_size);
}

static void print_cores(FILE *out, const struct sample *now, const struct sample *before,
			double seconds)
{
	static const struct sample_counters zero;

	fprintf(out, "%5s %-22s %6s %6s %7s %7s %7s %6s %9s %7s %7s  %s\n", "lcore", "role", "busy",
		"burst", "rx/s", "open/s", "seal/s", "lanes", "handoff/s", "hs/s", "coap/s",
		"rings");
	for (unsigned i = 0; i < now->n_cores; i++) {
		const struct sample_core *core = &now->cores[i], *then = NULL;
		struct sample_counters delta;

		if (before != NULL)
			then = sample_find(before, core->lcore);
		sample_since(&delta, &core->counters, then != NULL ? &then->counters : &zero);
		print_core(out, core, &delta, seconds);
	}
}

static void print_outcomes(FILE *out, const struct status_counts *now,
			   const struct status_counts *before)
{
	for (unsigned i = STATUS_OK + 1; i < STATUS_N; i++) {
		uint64_t n = now->n[i] - before->n[i];

		if (n != 0)
			fprintf(out, "      %-22s +%-10llu %-12llu %s\n",
				status_label((enum status)i), (unsigned long long)n,
				(unsigned long long)now->n[i], status_help((enum status)i));
	}
}

void report_print(FILE *out, const struct sample *now, const struct sample *before,
		  uint64_t start_ns)
{
	uint64_t since = before != NULL ? before->time_ns : start_ns;
	uint64_t lines = before != NULL ? now->sink_lines - before->sink_lines : now->sink_lines;
	double seconds = now->time_ns > since ? (double)(now->time_ns - since) / 1e9 : 1e-9;
	struct status_counts status_now, status_before = { { 0 } };
	struct sample_counters unused;

	print_summary(out, now, (double)lines / seconds, seconds);
	print_cores(out, now, before, seconds);
	sample_total(&unused, &status_now, now);
	if (before != NULL)
		sample_total(&unused, &status_before, before);
	print_outcomes(out, &status_now, &status_before);
}
