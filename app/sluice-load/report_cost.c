/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_cost.h"

#include "report_units.h"

/* Of the report, but for how it writes round trips. */
#define LINE(round_trips) "%-20s %-20s %-40s %11s %11s %15s " round_trips " %10s\n"

/*
 * The two texts that this project began with. One counts both directions together and leaves its
 * kind of key open; the other has a certificate. Neither counts what is below UDP.
 */
static const struct {
	const char *mode, *keys, *what, *bytes, *round_trips;
} texts[] = {
	{ "full", "-", "first text", "620 both ways", "3" },
	{ "full", "a certificate", "second text", "600 / 1340", "-" },
	{ "resumed", "-", "first text", "200 both ways", "1" },
	{ "resumed", "-", "second text", "130 / 140", "1" },
};

static double average(uint64_t sum, uint64_t n) { return (double)sum / (double)n; }

static const char *pair(char out[32], uint64_t sent, uint64_t received, uint64_t n)
{
	double a = average(sent, n), b = average(received, n);
	bool whole = sent % n == 0 && received % n == 0;

	snprintf(out, 32, whole ? "%.0f / %.0f" : "%.1f / %.1f", a, b);
	return out;
}

const char *report_cost_mode(const struct report_cost *c)
{
	static const char *const names[CONNECT_MODES] = {
		[CONNECT_FULL] = "full",
		[CONNECT_FULL_ID] = "full, gives an id",
		[CONNECT_FULL_TICKET] = "full, gives a ticket",
		[CONNECT_BY_ID] = "resumed by id",
		[CONNECT_BY_TICKET] = "resumed by ticket",
	};

	return names[c->mode];
}

const char *report_cost_keys(const struct report_cost *c)
{
	bool full = c->mode != CONNECT_BY_ID && c->mode != CONNECT_BY_TICKET;

	if (c->psk)
		return "pre-shared key";
	if (full && c->sum.mutual == 0)
		return c->raw_keys ? "server's raw key" : "server's certificate";
	return c->raw_keys ? "raw keys" : "certificates";
}

static void print_cost(FILE *out, const struct report_cost *c)
{
	char messages[32], datagrams[32], bytes[32], time[REPORT_UNITS_MAX];
	const struct connect_cost *s = &c->sum;

	if (s->n == 0)
		return;
	fprintf(out, LINE("%8.3g"), report_cost_mode(c), report_cost_keys(c), c->suite->name,
		pair(messages, s->tx_messages, s->rx_messages, s->n),
		pair(datagrams, s->tx_datagrams, s->rx_datagrams, s->n),
		pair(bytes, s->tx_bytes, s->rx_bytes, s->n), average(s->round_trips, s->n),
		report_units_time(time, s->time_ns / s->n));
}

void report_cost_print(FILE *out, const struct report_cost *costs, size_t n)
{
	fprintf(out, "A handshake costs (sent / received by the device; bytes of UDP payload)\n");
	fprintf(out, LINE("%8s"), "mode", "keys", "suite", "messages", "datagrams", "bytes",
		"round", "time");
	fprintf(out, LINE("%8s"), "", "", "", "", "", "", "trips", "");
	for (size_t i = 0; i < n; i++)
		print_cost(out, &costs[i]);
	fprintf(out, "for comparison, what texts that teach it say\n");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		fprintf(out, LINE("%8s"), texts[i].mode, texts[i].keys, texts[i].what, "-", "-",
			texts[i].bytes, texts[i].round_trips, "-");
}
