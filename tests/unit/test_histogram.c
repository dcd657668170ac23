/* SPDX-License-Identifier: BSD-3-Clause */
#include "histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N = 100000 };

static const double shares[] = { 1e-9, 0.001, 0.01,  0.1,    0.25,    0.5, 0.75,
				 0.9,  0.99,  0.999, 0.9999, 0.99999, 1 };
enum { N_SHARES = sizeof(shares) / sizeof(*shares) };

/* xorshift64*: the same numbers everywhere. */
static uint64_t seed;

static uint64_t draw(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static double uniform(void) { return ((double)(draw() >> 11) + 0.5) / 9007199254740992.0; }

static uint64_t flat(void) { return draw() % 1000000; }
static uint64_t tiny(void) { return draw() % 200; }
static uint64_t exponential(void) { return (uint64_t)(-50000 * log(uniform())); }
/* A long tail: up to seconds. */
static uint64_t pareto(void) { return (uint64_t)(1000 / pow(uniform(), 1.2)); }
static uint64_t two_peaks(void) { return draw() % 100 < 95 ? 20000 + draw() % 100 : 5000000; }
static uint64_t one_value(void) { return 123456789; }
static uint64_t powers(void) { return UINT64_C(1) << draw() % 40; }
static uint64_t below_powers(void) { return (UINT64_C(1) << draw() % 40) - 1; }

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t exact(const uint64_t *sorted, size_t n, double q)
{
	size_t rank = (size_t)ceil(q * (double)n);

	return sorted[(rank > 0 ? rank : 1) - 1];
}

static void check_quantiles(const struct histogram *h, const uint64_t *sorted, size_t n)
{
	for (unsigned i = 0; i < N_SHARES; i++) {
		uint64_t want = exact(sorted, n, shares[i]);
		uint64_t got = histogram_quantile(h, shares[i]);

		/* Never below, and above by less than a step. */
		assert_true(got >= want);
		assert_true(got - want <= want / HISTOGRAM_STEPS);
		assert_true(got <= sorted[n - 1]);
	}
}

static void check_distribution(uint64_t (*value)(void))
{
	struct histogram *h = calloc(1, sizeof(*h));
	uint64_t *values = malloc(N * sizeof(*values));
	double sum = 0, mean;

	seed = 42;
	for (size_t i = 0; i < N; i++) {
		values[i] = value();
		histogram_add(h, values[i]);
		sum += (double)values[i];
	}
	qsort(values, N, sizeof(*values), compare);
	assert_int_equal(h->count, N);
	assert_int_equal(h->max, values[N - 1]);
	check_quantiles(h, values, N);
	mean = histogram_mean(h);
	assert_true(fabs(mean - sum / N) <= sum / N / HISTOGRAM_STEPS + 1);
	free(values);
	free(h);
}

static void quantiles_against_sorted_values(void **state)
{
	static uint64_t (*const distributions[])(void) = {
		flat, tiny, exponential, pareto, two_peaks, one_value, powers, below_powers,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(distributions) / sizeof(*distributions); i++)
		check_distribution(distributions[i]);
}

/* Few values: ranks are exact, not rounded to the nearest. */
static void few_values(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));

	(void)state;
	assert_int_equal(histogram_quantile(h, 0.5), 0);
	for (uint64_t v = 1; v <= 4; v++)
		histogram_add(h, v * 10);
	assert_int_equal(histogram_quantile(h, 0.25), 10);
	assert_int_equal(histogram_quantile(h, 0.26), 20);
	assert_int_equal(histogram_quantile(h, 0.5), 20);
	assert_int_equal(histogram_quantile(h, 1), 40);
	free(h);
}

static void ends_of_the_range(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));

	(void)state;
	histogram_add(h, 0);
	assert_int_equal(histogram_quantile(h, 1), 0);
	histogram_add(h, UINT64_MAX);
	histogram_add(h, UINT64_C(1) << HISTOGRAM_MAX_BITS);
	assert_int_equal(h->count, 3);
	assert_int_equal(h->max, (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1);
	assert_int_equal(histogram_quantile(h, 1), h->max);
	assert_int_equal(h->slots[HISTOGRAM_SLOTS - 1], 2);
	histogram_clear(h);
	assert_int_equal(h->count, 0);
	assert_int_equal(h->slots[0], 0);
	free(h);
}

/* Cores' histograms together are as if one had seen all. */
static void merged_is_as_one(void **state)
{
	struct histogram *parts = calloc(3, sizeof(*parts)), *all = calloc(2, sizeof(*all));

	(void)state;
	seed = 7;
	for (unsigned i = 0; i < N; i++) {
		uint64_t v = pareto();

		histogram_add(&parts[draw() % 3], v);
		histogram_add(&all[0], v);
	}
	for (unsigned i = 0; i < 3; i++)
		histogram_merge(&all[1], &parts[i]);
	assert_memory_equal(&all[0], &all[1], sizeof(*all));
	free(parts);
	free(all);
}

static void what_came_after(void **state)
{
	struct histogram *h = calloc(3, sizeof(*h));

	(void)state;
	seed = 9;
	histogram_add(&h[0], 1000000000);
	histogram_merge(&h[1], &h[0]); /* then */
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t v = flat();

		histogram_add(&h[0], v);
		histogram_add(&h[2], v);
	}
	histogram_subtract(&h[0], &h[1]);
	assert_int_equal(h[0].count, 1000);
	assert_memory_equal(h[0].slots, h[2].slots, sizeof(h[0].slots));
	assert_true(h[0].max >= h[2].max && h[0].max - h[2].max <= h[2].max / HISTOGRAM_STEPS);
	free(h);
}

static void hgrm_rows(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));
	char *text = NULL, *at;
	double value, share, last_value = 0, last_share = -1;
	unsigned long long count, rows = 0;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	char inverse[32];
	int used;

	(void)state;
	seed = 3;
	for (unsigned i = 0; i < 10000; i++)
		histogram_add(h, exponential());
	assert_true(histogram_write(h, out));
	fclose(out);
	at = strstr(text, "1/(1-Percentile)\n\n");
	assert_non_null(at);
	at += strlen("1/(1-Percentile)\n\n");
	while (sscanf(at, "%lf %lf %llu %31s\n%n", &value, &share, &count, inverse, &used) == 4) {
		assert_true(value >= last_value && share > last_share && count <= 10000);
		/* What a row says: so many of all values are not above. */
		assert_true((double)count >= share * 10000 - 1e-6);
		last_value = value;
		last_share = share;
		at += used;
		rows++;
	}
	assert_true(rows > 30);
	assert_string_equal(inverse, "inf");
	assert_int_equal(count, 10000);
	assert_true(fabs(last_value - (double)h->max / 1e3) < 0.001);
	assert_non_null(strstr(at, "#[Mean    ="));
	assert_non_null(strstr(at, "Total count    =        10000]"));
	free(text);
	free(h);
}

static void hgrm_of_nothing(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len), *full = fopen("/dev/full", "w");

	(void)state;
	assert_true(histogram_write(h, out));
	fclose(out);
	assert_non_null(strstr(text, "Total count    =            0]"));
	assert_non_null(full);
	assert_false(histogram_write(h, full));
	fclose(full);
	free(text);
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_against_sorted_values),
		cmocka_unit_test(few_values),
		cmocka_unit_test(ends_of_the_range),
		cmocka_unit_test(merged_is_as_one),
		cmocka_unit_test(what_came_after),
		cmocka_unit_test(hgrm_rows),
		cmocka_unit_test(hgrm_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
