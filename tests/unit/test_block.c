/* SPDX-License-Identifier: BSD-3-Clause */
#include "block.h"

#include <limits.h>
#include <numa.h>
#include <numaif.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void is_zeroed_and_aligned(void **state)
{
	const size_t lens[] = { 64, 4096, (size_t)5 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct block b;

		assert_true(block_new(&b, lens[i], -1));
		assert_int_equal((uintptr_t)b.p % 64, 0);
		for (size_t j = 0; j < lens[i]; j++)
			assert_int_equal(((uint8_t *)b.p)[j], 0);
		memset(b.p, 0xff, lens[i]);
		block_free(&b);
		assert_null(b.p);
		block_free(&b); /* an empty one is allowed */
	}
}

/* Where the kernel makes huge pages of it, from the first byte on: else each random access to a
 * table would miss in the TLB too. */
static void big_ones_start_on_a_huge_page(void **state)
{
	const size_t lens[] = { 2 << 20, ((size_t)5 << 20) + 1, (size_t)64 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct block b[3];

		for (size_t k = 0; k < 3; k++) {
			assert_true(block_new(&b[k], lens[i], -1));
			assert_int_equal((uintptr_t)b[k].p % (2 << 20), 0);
			((uint8_t *)b[k].p)[lens[i] - 1] = 1;
		}
		for (size_t k = 0; k < 3; k++)
			block_free(&b[k]);
	}
}

static size_t resident_pages(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long total = 0, resident = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &total, &resident), 2);
	(void)fclose(f);
	return resident;
}

static unsigned long peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long peak = 0;
	char line[128];

	assert_non_null(f);
	while (peak == 0 && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "VmHWM: %lu", &peak);
	(void)fclose(f);
	assert_int_not_equal(peak, 0);
	return peak;
}

/* A table for many more sessions than came must not take its memory when it ends. */
static void the_end_touches_nothing(void **state)
{
	unsigned long before = peak_kib();
	struct block b;

	(void)state;
	assert_true(block_new(&b, (size_t)256 << 20, -1));
	((uint8_t *)b.p)[0] = 1;
	block_free(&b);
	assert_true(peak_kib() < before + (64 << 10));
}

/* Overflow lines of millions of sessions must cost nothing while no suite needs them. */
static void lazy_memory_costs_what_was_touched(void **state)
{
	const size_t len = (size_t)256 << 20;
	size_t before = resident_pages(), after;
	struct block b;

	(void)state;
	assert_true(block_new_lazy(&b, len, BLOCK_PAGE));
	for (size_t i = 0; i < 16; i++)
		((uint8_t *)b.p)[i * (len / 16)] = 1;
	after = resident_pages();
	assert_true(after < before + 4096); /* 16 MiB of 256 */
	block_free(&b);
	assert_null(b.p);
}

/* Which nodes the kernel shall take a page from; there is a node 0 everywhere. */
static int policy_at(const void *p, unsigned long *nodes)
{
	int mode = -1;

	*nodes = 0;
	assert_int_equal(get_mempolicy(&mode, nodes, sizeof(*nodes) * CHAR_BIT,
				       (void *)(uintptr_t)p, MPOL_F_ADDR),
			 0);
	return mode;
}

static void pages_are_placed_on_nodes(void **state)
{
	enum { PREFERRED_MANY = 5 }; /* Linux 5.15 */
	const size_t half = (size_t)4 << 20;
	unsigned long nodes;
	struct block b;
	int mode;

	(void)state;
	if (numa_available() != 0)
		skip();
	assert_true(block_new(&b, 2 * half, BLOCK_PLACED));
	block_place(&b, 0, half, 0);
	block_place(&b, half, half, numa_max_node() + 1); /* not there: no matter */
	block_place(&b, half, half, -1);
	/* MPOL_PREFERRED_MANY where the kernel has it: never MPOL_BIND. */
	mode = policy_at(b.p, &nodes);
	assert_true(mode == MPOL_PREFERRED || mode == PREFERRED_MANY);
	assert_int_equal(nodes, 1);
	assert_int_equal(policy_at((uint8_t *)b.p + half, &nodes), MPOL_DEFAULT);
	memset(b.p, 0xff, b.len);
	block_free(&b);
	assert_true(block_new(&b, half, BLOCK_INTERLEAVED));
	assert_int_equal(policy_at(b.p, &nodes), MPOL_INTERLEAVE);
	block_free(&b);
}

static void impossible_sizes_fail(void **state)
{
	struct block b = { .p = &b, .len = 1 };

	(void)state;
	assert_false(block_new(&b, SIZE_MAX / 2, -1));
	assert_null(b.p);
	assert_false(block_new_lazy(&b, SIZE_MAX / 2, BLOCK_PAGE));
	assert_null(b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_zeroed_and_aligned),
		cmocka_unit_test(big_ones_start_on_a_huge_page),
		cmocka_unit_test(the_end_touches_nothing),
		cmocka_unit_test(lazy_memory_costs_what_was_touched),
		cmocka_unit_test(pages_are_placed_on_nodes),
		cmocka_unit_test(impossible_sizes_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
