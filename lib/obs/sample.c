/* SPDX-License-Identifier: BSD-3-Clause */
#include "sample.h"

/* The counters as rows: a name and where it is. */
static const struct {
	const char *name;
	size_t offset;
} rows[] = {
#define SAMPLE_ROW(name, help) { #name, offsetof(struct sample_counters, name) },
	SAMPLE_COUNTERS(SAMPLE_ROW)
#undef SAMPLE_ROW
};

const size_t SAMPLE_COUNTERS_N = sizeof(rows) / sizeof(*rows);

const char *sample_counter_name(size_t i) { return rows[i].name; }

uint64_t sample_counter(const struct sample_counters *c, size_t i)
{
	return *(const uint64_t *)((const char *)c + rows[i].offset);
}

static uint64_t *counter_at(struct sample_counters *c, size_t i)
{
	return (uint64_t *)((char *)c + rows[i].offset);
}

void sample_total(struct sample_counters *counters, struct status_counts *status,
		  const struct sample *s)
{
	memset(counters, 0, sizeof(*counters));
	memset(status, 0, sizeof(*status));
	for (unsigned k = 0; k < s->n_cores; k++) {
		for (size_t i = 0; i < SAMPLE_COUNTERS_N; i++)
			*counter_at(counters, i) += sample_counter(&s->cores[k].counters, i);
		for (size_t i = 0; i < STATUS_N; i++)
			status->n[i] += s->cores[k].status.n[i];
	}
}

void sample_since(struct sample_counters *out, const struct sample_counters *now,
		  const struct sample_counters *before)
{
	for (size_t i = 0; i < SAMPLE_COUNTERS_N; i++) {
		uint64_t a = sample_counter(before, i), b = sample_counter(now, i);

		*counter_at(out, i) = b >= a ? b - a : b;
	}
}

const struct sample_core *sample_find(const struct sample *s, unsigned lcore)
{
	for (unsigned i = 0; i < s->n_cores; i++) {
		if (s->cores[i].lcore == lcore)
			return &s->cores[i];
	}
	return NULL;
}
