/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LETTER = 300 };

static void the_last_released_is_the_next(void **state)
{
	struct handshake_memory m = { 0 };

	(void)state;
	for (unsigned i = 0; i < HANDSHAKE_SIZES; i++) {
		void *a = handshake_memory_alloc(&m, handshake_sizes[i]);
		void *b = handshake_memory_alloc(&m, handshake_sizes[i]);

		assert_non_null(a);
		assert_non_null(b);
		assert_ptr_not_equal(a, b);
		handshake_memory_release(&m, a);
		handshake_memory_release(&m, b);
		assert_ptr_equal(handshake_memory_alloc(&m, handshake_sizes[i]), b);
		assert_ptr_equal(handshake_memory_alloc(&m, handshake_sizes[i]), a);
		handshake_memory_release(&m, a);
		handshake_memory_release(&m, b);
	}
	handshake_memory_free(&m);
}

/* Neither do the two sizes, nor is what else a handshake asks for ever where one was. */
static void sizes_do_not_mix(void **state)
{
	struct handshake_memory m = { 0 };
	uint8_t *h = handshake_memory_alloc(&m, handshake_sizes[0]);
	uint8_t *letter = handshake_memory_alloc(&m, LETTER);

	(void)state;
	memset(letter, 1, LETTER);
	handshake_memory_release(&m, letter);
	assert_int_equal(m.kept[0].n + m.kept[1].n, 0);
	handshake_memory_release(&m, h);
	assert_int_equal(m.kept[0].n, 1);
	assert_int_equal(m.kept[1].n, 0);
	letter = handshake_memory_alloc(&m, LETTER);
	assert_int_equal(m.kept[0].n, 1);
	h = handshake_memory_alloc(&m, handshake_sizes[0]);
	memset(h, 2, handshake_sizes[0]); /* the sanitizer would see it */
	assert_int_equal((uintptr_t)h % _Alignof(max_align_t), 0);
	memset(h, 0, handshake_sizes[0]);
	handshake_memory_release(&m, letter);
	handshake_memory_release(&m, h);
	handshake_memory_free(&m);
}

/* New, where something else was. */
static void handshakes_begin_with_zeros(void **state)
{
	struct handshake_memory m = { 0 };

	(void)state;
	for (unsigned i = 0; i < HANDSHAKE_SIZES; i++) {
		uint8_t *p = malloc(handshake_sizes[i]);

		memset(p, 1, handshake_sizes[i]);
		free(p);
		p = handshake_memory_alloc(&m, handshake_sizes[i]);
		for (size_t at = 0; at < handshake_sizes[i]; at++)
			assert_int_equal(p[at], 0);
		handshake_memory_release(&m, p);
	}
	handshake_memory_free(&m);
}

static void no_more_are_kept_than_some(void **state)
{
	struct handshake_memory m = { 0 };
	void *p[HANDSHAKE_MEMORY_KEPT + 8];
	enum { N = sizeof(p) / sizeof(p[0]) };

	(void)state;
	for (unsigned i = 0; i < N; i++)
		p[i] = handshake_memory_alloc(&m, handshake_sizes[1]);
	for (unsigned i = 0; i < N; i++)
		handshake_memory_release(&m, p[i]);
	assert_int_equal(m.kept[1].n, HANDSHAKE_MEMORY_KEPT);
	handshake_memory_free(&m);
	assert_int_equal(m.kept[1].n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_released_is_the_next),
		cmocka_unit_test(sizes_do_not_mix),
		cmocka_unit_test(handshakes_begin_with_zeros),
		cmocka_unit_test(no_more_are_kept_than_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
