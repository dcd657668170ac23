/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_cost.h"

#include "report_units.h"

/*
 * The two texts that this project began with. One counts both directions together and leaves its
 * kind of key open; the other has a certificate. Neither counts what is below UDP.
 */
static const struct {
	const char *mode, *what, *bytes, *round_trips;
} texts[] = {
	{ "full", "first text", "620 both ways", "3" },
	{ "full", "second text, with a certificate", "600 / 1340", "-" },
	{ "resumed", "first text", "200 both ways", "1" },
	{ "resumed", "second text", "130 / 140", "1" },
};

static double average(uint64_t sum, uint64_t n) { return (double)sum / (double)n; }

static const char *pair(char out[32], uint64_t sent, uint64_t received, uint64_t n)
{
	double a = average(sent, n), b = average(received, n);
	bool whole = sent % n == 0 && received % n == 0;

	snprintf(out, 32, whole ? "%.0f / %.0f" : "%.1f / %.1f", a, b);
	return out;
}

static void print_cost(FILE *out, const struct report_cost *c)
{
	char messages[32], datagrams[32], bytes[32], time[REPORT_UNITS_MAX];

	if (c->n == 0)
		return;
	fprintf(out, "%-8s %-40s %11s %11s %15s %8.3g %10s\n", c->resumed ? "resumed" : "full",
		c->suite, pair(messages, c->tx_messages, c->rx_messages, c->n),
		pair(datagrams, c->tx_datagrams, c->rx_datagrams, c->n),
		pair(bytes, c->tx_bytes, c->rx_bytes, c->n), average(c->round_trips, c->n),
		report_units_time(time, c->time_ns / c->n));
}

void report_cost_print(FILE *out, const struct report_cost *costs, size_t n)
{
	fprintf(out, "A handshake costs (sent / received by the device; bytes of UDP payload)\n");
	fprintf(out, "%-8s %-40s %11s %11s %15s %8s %10s\n", "mode", "suite", "messages",
		"datagrams", "bytes", "round", "time");
	fprintf(out, "%-8s %-40s %11s %11s %15s %8s %10s\n", "", "", "", "", "", "trips", "");
	for (size_t i = 0; i < n; i++)
		print_cost(out, &costs[i]);
	fprintf(out, "for comparison, what texts that teach it say\n");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		fprintf(out, "%-8s %-40s %11s %11s %15s %8s %10s\n", texts[i].mode, texts[i].what,
			"-", "-", texts[i].bytes, texts[i].round_trips, "-");
}
