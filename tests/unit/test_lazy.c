/* SPDX-License-Identifier: BSD-3-Clause */
#include "lazy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 100000 };

/* Bytes beside the pages: a bit for each of them. */
static size_t account(uint32_t size, enum block_page page)
{
	return ((size_t)N * size / ((size_t)page * 64) + 1) * sizeof(uint64_t);
}

/* Each page is counted with the first of its elements that is touched, and once. */
static void counts_pages(void **state)
{
	const uint32_t sizes[] = { 32, 64, 4096 };

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		const uint32_t a_page = BLOCK_PAGE / sizes[k];
		const size_t none = account(sizes[k], BLOCK_PAGE);
		struct lazy lazy = { 0 };

		assert_true(lazy_new(&lazy, N, sizes[k], BLOCK_PAGE));
		assert_int_equal(lazy_bytes(&lazy), none);
		for (uint32_t i = 0; i < a_page; i++)
			lazy_touch(&lazy, i);
		assert_int_equal(lazy_bytes(&lazy), none + BLOCK_PAGE);
		lazy_touch(&lazy, a_page);
		lazy_touch(&lazy, N - 1);
		lazy_touch(&lazy, N - 1);
		assert_int_equal(lazy_bytes(&lazy), none + 3 * (size_t)BLOCK_PAGE);
		lazy_free(&lazy);
	}
}

/* All touched, it costs what it holds, though the last page is not full. */
static void never_more_than_all(void **state)
{
	struct lazy lazy = { 0 };

	(void)state;
	assert_true(lazy_new(&lazy, N, 64, BLOCK_HUGE_PAGE));
	for (uint32_t i = 0; i < N; i++)
		lazy_touch(&lazy, i);
	assert_int_equal(lazy_bytes(&lazy), (size_t)N * 64 + account(64, BLOCK_HUGE_PAGE));
	lazy_free(&lazy);
}

static void no_memory(void **state)
{
	struct lazy lazy = { 0 };

	(void)state;
	lazy_free(&lazy);
	/* 2^53 bytes: more than a process can have. */
	assert_false(lazy_new(&lazy, UINT32_MAX, BLOCK_HUGE_PAGE, BLOCK_HUGE_PAGE));
	lazy_free(&lazy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_pages),
		cmocka_unit_test(never_more_than_all),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
