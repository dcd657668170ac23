/* SPDX-License-Identifier: BSD-3-Clause */
#include "mb_manager.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_its_instruction_set(void **state)
{
	IMB_MGR *mgr = mb_manager_new(MB_WIDEST);

	(void)state;
	assert_non_null(mgr);
	assert_memory_equal(mb_manager_arch(mgr), "ipsec-mb ", 9);
	if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
		assert_string_equal(mb_manager_arch(mgr), "ipsec-mb AVX512");
	mb_manager_free(mgr);
}

static void narrow_is_at_most_avx(void **state)
{
	IMB_MGR *wide = mb_manager_new(MB_WIDEST), *narrow = mb_manager_new(MB_NARROW);

	(void)state;
	assert_non_null(wide);
	assert_non_null(narrow);
	assert_true(narrow->used_arch <= IMB_ARCH_AVX);
	assert_true(narrow->used_arch <= wide->used_arch);
	/* Two managers in one thread do not share state. */
	assert_ptr_not_equal(IMB_GET_NEXT_JOB(wide), IMB_GET_NEXT_JOB(narrow));
	mb_manager_free(wide);
	mb_manager_free(narrow);
	mb_manager_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_its_instruction_set),
		cmocka_unit_test(narrow_is_at_most_avx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
