/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_json.h"

#include "json_writer.h"
#include "new_file.h"

#include <time.h>
#include <unistd.h>

static void write_context(struct json_writer *w)
{
	char host[256] = "", date[64] = "";
	time_t now = time(NULL);
	struct tm tm;

	(void)gethostname(host, sizeof(host) - 1);
	if (gmtime_r(&now, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_writer_open(w, "context", '{');
	json_writer_string(w, "program", "sluice-load");
	json_writer_string(w, "version", SLUICE_VERSION);
	json_writer_string(w, "date", date);
	json_writer_string(w, "host_name", host);
	json_writer_uint(w, "num_cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	json_writer_close(w, '}');
}

static const char *action_name(enum load_action action)
{
	switch (action) {
	case LOAD_RUN:
		return "run";
	case LOAD_SEARCH:
		return "search";
	case LOAD_HANDSHAKES:
		return "handshakes-only";
	case LOAD_HANDSHAKE_COST:
		return "handshake-cost";
	case LOAD_WRITE_PSK:
		return "write-psk";
	}
	return "";
}

static void write_network(struct json_writer *w, const struct load_options *o)
{
	json_writer_open(w, "ports", '[');
	if (o->kernel)
		json_writer_string(w, NULL, "kernel");
	for (unsigned i = 0; i < o->n_ports; i++)
		json_writer_string(w, NULL, o->ports[i].dev);
	json_writer_close(w, ']');
	json_writer_string(w, "target", option_values_text(o->values, "target"));
	json_writer_uint(w, "generator_cores", o->kernel ? o->threads : o->n_ports);
	json_writer_uint(w, "burst", o->burst);
}

static void write_shares(struct json_writer *w, const struct load_options *o)
{
	json_writer_double(w, "con_share", o->con_share);
	json_writer_double(w, "resume_share", o->resume_share);
	json_writer_double(w, "churn_share", o->churn_share);
	json_writer_double(w, "migrate_share", o->migrate_share);
	json_writer_uint(w, "storm", o->storm);
	json_writer_double(w, "storm_at_s", (double)o->storm_at_ns / 1e9);
	json_writer_double(w, "loss", o->loss);
	json_writer_double(w, "reorder", o->reorder);
	json_writer_double(w, "duplicate", o->duplicate);
	json_writer_double(w, "hostile", o->hostile);
}

/* A rate of 0 is "max". */
static void write_options(struct json_writer *w, const struct load_options *o)
{
	json_writer_open(w, "options", '{');
	json_writer_string(w, "action", action_name(o->action));
	write_network(w, o);
	json_writer_uint(w, "devices", o->devices);
	json_writer_open(w, "suites", '[');
	for (size_t i = 0; i < o->policy.n_suites; i++)
		json_writer_string(w, NULL, o->policy.suites[i]->name);
	json_writer_close(w, ']');
	if (o->policy.cid)
		json_writer_uint(w, "cid_length", o->policy.cid_len);
	json_writer_double(w, "handshake_rate", o->handshake_rate);
	json_writer_uint(w, "handshakes_at_once", o->handshakes_at_once);
	json_writer_double(w, "rate", o->rate);
	json_writer_double(w, "ramp_s", (double)o->ramp_ns / 1e9);
	json_writer_double(w, "warmup_s", (double)o->warmup_ns / 1e9);
	json_writer_double(w, "duration_s", (double)o->duration_ns / 1e9);
	json_writer_uint(w, "inflight", o->inflight);
	json_writer_uint(w, "window", o->window);
	json_writer_uint(w, "payload_min", o->payload_min);
	json_writer_uint(w, "payload_max", o->payload_max);
	json_writer_string(w, "path", o->path);
	json_writer_bool(w, "retransmit", o->retransmit == LOAD_RETRANSMIT_COAP);
	json_writer_double(w, "answer_timeout_s", (double)o->answer_timeout_ns / 1e9);
	json_writer_double(w, "late_s", (double)o->late_ns / 1e9);
	write_shares(w, o);
	json_writer_uint(w, "seed", o->seed);
	json_writer_close(w, '}');
}

static void write_counts(struct json_writer *w, const struct load_counts *c)
{
	json_writer_open(w, "counts", '{');
#define COUNT(name) json_writer_uint(w, #name, c->name);
	LOAD_COUNTS_LIST(COUNT)
#undef COUNT
	json_writer_close(w, '}');
}

static void write_latency(struct json_writer *w, const char *name, const struct histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = { { "p10", 0.1 },  { "p50", 0.5 },     { "p90", 0.9 },
			  { "p99", 0.99 }, { "p99_9", 0.999 }, { "p99_99", 0.9999 } };

	json_writer_open(w, name, '{');
	json_writer_uint(w, "count", h->count);
	json_writer_double(w, "mean", histogram_mean(h) / 1e3);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		json_writer_double(w, quantiles[i].name,
				   (double)histogram_quantile(h, quantiles[i].share) / 1e3);
	json_writer_double(w, "max", (double)h->max / 1e3);
	json_writer_close(w, '}');
}

static void write_measured(struct json_writer *w, const struct load_result *r)
{
	double seconds = (double)r->elapsed_ns / 1e9;

	json_writer_double(w, "elapsed_s", seconds);
	if (r->elapsed_ns > 0) {
		json_writer_double(w, "sent_per_s", (double)r->counts.sent / seconds);
		json_writer_double(w, "answered_per_s", (double)r->counts.answered / seconds);
		json_writer_double(w, "handshakes_per_s", (double)r->counts.handshakes / seconds);
	}
	json_writer_double(w, "busy", r->busy);
}

static void write_result(struct json_writer *w, const char *name, const struct load_result *r,
			 bool measured)
{
	if (r == NULL)
		return;
	json_writer_open(w, name, '{');
	if (measured)
		write_measured(w, r);
	json_writer_uint(w, "waiting", r->waiting);
	json_writer_uint(w, "sessions", r->sessions);
	write_counts(w, &r->counts);
	write_latency(w, "latency_us", &r->latency);
	write_latency(w, "handshake_latency_us", &r->handshake_latency);
	json_writer_close(w, '}');
}

static void write_phase(struct json_writer *w, const char *name, const struct storm_requests *r)
{
	json_writer_open(w, name, '{');
	json_writer_uint(w, "due", r->due);
	json_writer_uint(w, "answered", r->answered);
	json_writer_double(w, "goodput", storm_goodput(r));
	write_latency(w, "latency_us", &r->latency);
	json_writer_close(w, '}');
}

static void write_storm(struct json_writer *w, const struct storm_result *s)
{
	if (s == NULL)
		return;
	json_writer_open(w, "storm", '{');
	json_writer_uint(w, "devices", s->devices);
	json_writer_uint(w, "served", s->served);
	json_writer_uint(w, "resumed", s->resumed);
	json_writer_uint(w, "flights_again", s->repeats);
	json_writer_uint(w, "handshakes_again", s->again);
	write_latency(w, "served_after_us", &s->time);
	write_phase(w, "before", &s->requests[STORM_BEFORE]);
	write_phase(w, "during", &s->requests[STORM_DURING]);
	write_phase(w, "after", &s->requests[STORM_AFTER]);
	json_writer_close(w, '}');
}

static void write_search(struct json_writer *w, const char *name, double max_loss,
			 const struct search_result *r)
{
	if (r == NULL)
		return;
	json_writer_open(w, name, '{');
	json_writer_double(w, "max_loss", max_loss);
	json_writer_double(w, "rate", r->rate);
	json_writer_double(w, "min", r->min);
	json_writer_double(w, "max", r->max);
	json_writer_uint(w, "held", r->held);
	json_writer_uint(w, "repetitions", r->repetitions);
	json_writer_bool(w, "generator_limit", r->generator_limit);
	json_writer_close(w, '}');
}

static void write_cost(struct json_writer *w, const struct report_cost *c)
{
	json_writer_open(w, NULL, '{');
	json_writer_string(w, "suite", c->suite->name);
	json_writer_string(w, "mode", report_cost_mode(c));
	json_writer_string(w, "keys", report_cost_keys(c));
	json_writer_uint(w, "handshakes", c->sum.n);
	json_writer_uint(w, "tx_messages", c->sum.tx_messages);
	json_writer_uint(w, "rx_messages", c->sum.rx_messages);
	json_writer_uint(w, "tx_datagrams", c->sum.tx_datagrams);
	json_writer_uint(w, "rx_datagrams", c->sum.rx_datagrams);
	json_writer_uint(w, "tx_bytes", c->sum.tx_bytes);
	json_writer_uint(w, "rx_bytes", c->sum.rx_bytes);
	json_writer_uint(w, "round_trips", c->sum.round_trips);
	json_writer_uint(w, "time_ns", c->sum.time_ns);
	json_writer_close(w, '}');
}

bool report_json_write(const struct report_json *r, FILE *out)
{
	struct json_writer w = { .out = out };

	json_writer_open(&w, NULL, '{');
	write_context(&w);
	write_options(&w, r->opt);
	write_result(&w, "measured", r->measured, true);
	write_result(&w, "total", r->total, false);
	write_storm(&w, r->storm);
	write_search(&w, "ndr", 0, r->ndr);
	write_search(&w, "pdr", r->opt->pdr_loss, r->pdr);
	if (r->n_costs > 0) {
		json_writer_open(&w, "handshake_cost", '[');
		for (size_t i = 0; i < r->n_costs; i++)
			write_cost(&w, &r->costs[i]);
		json_writer_close(&w, ']');
	}
	json_writer_uint(&w, "exit_status", (uint64_t)(unsigned)r->exit_status);
	json_writer_close(&w, '}');
	return fflush(out) == 0 && ferror(out) == 0;
}

bool report_json_save(const struct report_json *r, const char *path, char *err, size_t err_len)
{
	struct new_file file;

	return new_file_open(&file, path, false, err, err_len) &&
	       new_file_close(&file, report_json_write(r, file.f), err, err_len);
}

bool report_json_save_hgrm(const struct histogram *h, const char *path, char *err, size_t err_len)
{
	struct new_file file;

	return new_file_open(&file, path, false, err, err_len) &&
	       new_file_close(&file, histogram_write(h, file.f), err, err_len);
}
