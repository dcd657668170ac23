/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_table.h"

#include "report_units.h"

static double seconds_of(const struct load_result *r)
{
	return r->elapsed_ns > 0 ? (double)r->elapsed_ns / 1e9 : 1e-9;
}

/* "answered         999990    99.999 %   99.99k/s" */
static void row(FILE *out, const char *name, uint64_t n, uint64_t whole, double seconds)
{
	char share[REPORT_UNITS_MAX], rate[REPORT_UNITS_MAX];

	fprintf(out, "  %-22s %14llu %11s %9s/s\n", name, (unsigned long long)n,
		report_units_share(share, n, whole),
		report_units_number(rate, (double)n / seconds));
}

/* One that is usually 0, and then not worth a line. */
static void rare_row(FILE *out, const char *name, uint64_t n, uint64_t whole, double seconds)
{
	if (n != 0)
		row(out, name, n, whole, seconds);
}

static void print_offered(FILE *out, const struct load_options *opt,
			  const struct load_result *measured)
{
	char rate[REPORT_UNITS_MAX];

	if (opt->rate > 0)
		fprintf(out, "Requests, offered %s/s for %.3f s\n",
			report_units_number(rate, opt->rate), seconds_of(measured));
	else
		fprintf(out, "Requests, %u kept under way for %.3f s\n", opt->window,
			seconds_of(measured));
}

static void print_requests(FILE *out, const struct load_result *measured)
{
	const struct load_counts *c = &measured->counts;
	double s = seconds_of(measured);

	row(out, "due", c->scheduled, c->scheduled, s);
	row(out, "sent", c->sent, c->scheduled, s);
	rare_row(out, "  of these NON", c->sent_non, c->scheduled, s);
	row(out, "answered", c->answered, c->scheduled, s);
	rare_row(out, "refused (4.xx, 5.xx)", c->refused, c->scheduled, s);
	row(out, "lost", c->lost, c->scheduled, s);
	rare_row(out, "  of these NON", c->lost_non, c->scheduled, s);
	rare_row(out, "retransmissions", c->retransmitted, c->scheduled, s);
	rare_row(out, "moves before them", c->moves, c->scheduled, s);
	row(out, "sent late", c->late, c->scheduled, s);
	row(out, "never sent", c->missed, c->scheduled, s);
}

static void print_latency(FILE *out, const char *what, const struct histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = { { "p50", 0.5 },     { "p90", 0.9 },       { "p99", 0.99 },
			  { "p99.9", 0.999 }, { "p99.99", 0.9999 }, { "max", 1 } };
	char text[REPORT_UNITS_MAX];

	fprintf(out, "%s\n ", what);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		fprintf(out, " %s %s%s", quantiles[i].name,
			report_units_time(text, histogram_quantile(h, quantiles[i].share)),
			i + 1 < sizeof(quantiles) / sizeof(*quantiles) ? "," : "\n");
}

static void print_oddities(FILE *out, const struct load_counts *c)
{
	const struct {
		const char *name;
		uint64_t n;
	} rows[] = {
		{ "answered twice", c->repeated },
		{ "answers to nothing", c->unmatched },
		{ "records that do not open, or come twice", c->unauthentic },
		{ "datagrams that cannot be read", c->malformed },
		{ "alerts", c->alerts },
		{ "sessions ended by the peer", c->sessions_lost },
		{ "return routability checks answered", c->challenges },
		{ "handshakes failed", c->handshakes_failed },
		{ "flights of handshakes sent again", c->handshake_repeats },
		{ "updates of keys by devices", c->key_updates },
		{ "updates of keys by the server", c->peer_key_updates },
		{ "hostile datagrams sent", c->hostile },
		{ "datagrams lost, doubled or held back on purpose", c->impaired },
		{ "datagrams that the port did not take", c->tx_refused },
		{ "datagrams that could not leave or reach nobody", c->unreachable },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].n != 0)
			fprintf(out, "  %-50s %14llu\n", rows[i].name,
				(unsigned long long)rows[i].n);
	}
}

static void print_fleet(FILE *out, const struct load_result *measured,
			const struct load_result *total)
{
	const struct load_counts *c = &total->counts;
	char p50[REPORT_UNITS_MAX], max[REPORT_UNITS_MAX];

	fprintf(out, "The whole run\n");
	fprintf(out, "  sessions at its end %llu, handshakes %llu (resumed %llu), p50 %s, max %s\n",
		(unsigned long long)total->sessions, (unsigned long long)c->handshakes,
		(unsigned long long)c->resumed,
		report_units_time(p50, histogram_quantile(&total->handshake_latency, 0.5)),
		report_units_time(max, total->handshake_latency.max));
	fprintf(out, "  datagrams sent %llu (%llu bytes), received %llu (%llu bytes)\n",
		(unsigned long long)c->tx_datagrams, (unsigned long long)c->tx_bytes,
		(unsigned long long)c->rx_datagrams, (unsigned long long)c->rx_bytes);
	fprintf(out, "  generator cores busy %.1f %%\n", 100 * measured->busy);
	print_oddities(out, c);
}

void report_table_run(FILE *out, const struct load_options *opt, const struct load_result *measured,
		      const struct load_result *total)
{
	print_offered(out, opt, measured);
	print_requests(out, measured);
	print_latency(out, "Latency, from the time a request was due to its answer",
		      &measured->latency);
	print_fleet(out, measured, total);
}

static void print_phase(FILE *out, const char *name, const struct storm_requests *r)
{
	char share[REPORT_UNITS_MAX], p50[REPORT_UNITS_MAX], p99[REPORT_UNITS_MAX],
		max[REPORT_UNITS_MAX];

	fprintf(out, "  %-10s %12llu %11s %9s %9s %9s\n", name, (unsigned long long)r->due,
		report_units_share(share, r->answered, r->due),
		report_units_time(p50, histogram_quantile(&r->latency, 0.5)),
		report_units_time(p99, histogram_quantile(&r->latency, 0.99)),
		report_units_time(max, r->latency.max));
}

/* How long until this share of all the devices was back, the others included that never were. */
static void print_served(FILE *out, const struct storm_result *s, double share)
{
	double of_served = s->served > 0 ? share * (double)s->devices / (double)s->served : 2;
	char text[REPORT_UNITS_MAX];

	fprintf(out, " %.0f %% after %s", 100 * share,
		of_served <= 1 ? report_units_time(text, histogram_quantile(&s->time, of_served))
			       : "never");
}

void report_table_storm(FILE *out, const struct storm_result *s)
{
	fprintf(out, "Storm: %llu devices at once, served %llu (resumed %llu)\n ",
		(unsigned long long)s->devices, (unsigned long long)s->served,
		(unsigned long long)s->resumed);
	print_served(out, s, 0.5);
	fputc(',', out);
	print_served(out, s, 0.99);
	fputc(',', out);
	print_served(out, s, 1);
	fprintf(out, "; flights sent again %llu, handshakes begun anew %llu\n",
		(unsigned long long)s->repeats, (unsigned long long)s->again);
	fprintf(out, "  %-10s %12s %11s %9s %9s %9s\n", "the others", "due", "answered", "p50",
		"p99", "max");
	print_phase(out, "before", &s->requests[STORM_BEFORE]);
	print_phase(out, "during", &s->requests[STORM_DURING]);
	print_phase(out, "after", &s->requests[STORM_AFTER]);
}

void report_table_handshakes(FILE *out, const struct load_result *measured)
{
	const struct load_counts *c = &measured->counts;
	double s = seconds_of(measured);

	fprintf(out, "Handshakes for %.3f s\n", s);
	row(out, "full", c->handshakes - c->resumed, c->handshakes, s);
	row(out, "resumed", c->resumed, c->handshakes, s);
	row(out, "all", c->handshakes, c->handshakes, s);
	print_latency(out, "Latency, from the first hello to the session",
		      &measured->handshake_latency);
	fprintf(out, "  generator cores busy %.1f %%\n", 100 * measured->busy);
	print_oddities(out, c);
}

void report_table_search(FILE *out, const char *what, double max_loss,
			 const struct search_result *r)
{
	char rate[REPORT_UNITS_MAX], min[REPORT_UNITS_MAX], max[REPORT_UNITS_MAX];

	fprintf(out, "%s (at most %.3g %% lost): %s/s", what, 100 * max_loss,
		report_units_number(rate, r->rate));
	fprintf(out, ", from %s/s to %s/s; %u of %u confirming trials held%s\n",
		report_units_number(min, r->min), report_units_number(max, r->max), r->held,
		r->repetitions,
		r->generator_limit ? "; the generator is the limit, not the system under test"
				   : "");
}
