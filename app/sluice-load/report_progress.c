/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_progress.h"

#include "report_units.h"

enum { LINES_A_HEADING = 20 };

void report_progress_begin(struct report_progress *p, FILE *out, uint64_t now_ns)
{
	*p = (struct report_progress){ .out = out, .start_ns = now_ns, .last_ns = now_ns };
}

/* Latencies since the line before; of a histogram that began anew, all of them. */
static uint64_t recent_p99(const struct report_progress *p, const struct load_result *total)
{
	struct histogram recent = total->latency;

	if (recent.count >= p->last.latency.count)
		histogram_subtract(&recent, &p->last.latency);
	return histogram_quantile(&recent, 0.99);
}

static void print_p99(char out[REPORT_UNITS_MAX], uint64_t ns)
{
	if (ns == 0)
		snprintf(out, REPORT_UNITS_MAX, "-");
	else
		report_units_time(out, ns);
}

void report_progress_line(struct report_progress *p, const char *phase,
			  const struct load_result *total, uint64_t now_ns)
{
	const struct load_counts *now = &total->counts, *then = &p->last.counts;
	double seconds = now_ns > p->last_ns ? (double)(now_ns - p->last_ns) / 1e9 : 1e-9;
	char sent[REPORT_UNITS_MAX], answered[REPORT_UNITS_MAX], lost[REPORT_UNITS_MAX],
		p99[REPORT_UNITS_MAX], handshakes[REPORT_UNITS_MAX];

	if (p->out == NULL)
		return;
	if (p->lines++ % LINES_A_HEADING == 0)
		fprintf(p->out, "%7s %-10s %9s %11s %9s %9s %10s %13s\n", "time", "phase", "sent/s",
			"answered/s", "lost", "p99", "sessions", "handshakes/s");
	print_p99(p99, recent_p99(p, total));
	fprintf(p->out, "%5.0f s %-10s %9s %11s %9s %9s %10llu %13s\n",
		(double)(now_ns - p->start_ns) / 1e9, phase,
		report_units_number(sent, (double)(now->sent - then->sent) / seconds),
		report_units_number(answered, (double)(now->answered - then->answered) / seconds),
		report_units_number(lost, (double)(now->lost - then->lost)), p99,
		(unsigned long long)total->sessions,
		report_units_number(handshakes,
				    (double)(now->handshakes - then->handshakes) / seconds));
	fflush(p->out);
	p->last = *total;
	p->last_ns = now_ns;
}
