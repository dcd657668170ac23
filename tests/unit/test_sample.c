/* SPDX-License-Identifier: BSD-3-Clause */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void counters_are_found_by_name(void **state)
{
	struct sample_counters c = { .cycles = 1, .aead_ops = 7, .readings = 9 };
	unsigned found = 0;

	(void)state;
	assert_int_equal(SAMPLE_COUNTERS_N * sizeof(uint64_t), sizeof(c));
	for (size_t i = 0; i < SAMPLE_COUNTERS_N; i++) {
		const char *name = sample_counter_name(i);

		/* DPDK telemetry takes no other characters. */
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789"),
				 strlen(name));
		if (strcmp(name, "aead_ops") == 0 && sample_counter(&c, i) == 7)
			found++;
		if (strcmp(name, "readings") == 0 && sample_counter(&c, i) == 9)
			found++;
	}
	assert_int_equal(found, 2);
}

static void total_adds_all_cores(void **state)
{
	struct sample *s = calloc(1, sizeof(*s));
	struct sample_counters counters;
	struct status_counts status;

	(void)state;
	s->n_cores = 3;
	for (unsigned i = 0; i < 3; i++) {
		s->cores[i].counters.rx_frames = 10 + i;
		s->cores[i].status.n[STATUS_RECORD_TAG] = i;
	}
	s->cores[3].counters.rx_frames = 1000; /* behind the last */
	sample_total(&counters, &status, s);
	assert_int_equal(counters.rx_frames, 33);
	assert_int_equal(counters.tx_frames, 0);
	assert_int_equal(status.n[STATUS_RECORD_TAG], 3);
	assert_int_equal(status.n[STATUS_OK], 0);
	free(s);
}

static void difference_survives_a_restart(void **state)
{
	struct sample_counters before = { .rx_frames = 5, .hellos = 100 };
	struct sample_counters now = { .rx_frames = 9, .hellos = 3 }, d;

	(void)state;
	sample_since(&d, &now, &before);
	assert_int_equal(d.rx_frames, 4);
	assert_int_equal(d.hellos, 3);
	assert_int_equal(d.cycles, 0);
}

static void cores_by_lcore(void **state)
{
	struct sample *s = calloc(1, sizeof(*s));

	(void)state;
	s->n_cores = 2;
	s->cores[0].lcore = 4;
	s->cores[1].lcore = 9;
	assert_ptr_equal(sample_find(s, 9), &s->cores[1]);
	assert_null(sample_find(s, 0));
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_found_by_name),
		cmocka_unit_test(total_adds_all_cores),
		cmocka_unit_test(difference_survives_a_restart),
		cmocka_unit_test(cores_by_lcore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
