/* SPDX-License-Identifier: BSD-3-Clause */
#include "locked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* The VmFlags line of /proc/self/smaps for the mapping that holds p; "" when there is none. */
static void vm_flags(const void *p, char *out, size_t len)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	bool inside = false;

	assert_non_null(f);
	out[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		char *dash, *space;
		uintptr_t from = strtoul(line, &dash, 16), to;

		if (strncmp(line, "VmFlags:", 8) == 0) {
			if (inside)
				snprintf(out, len, "%s", line);
			continue;
		}
		if (*dash != '-')
			continue;
		to = strtoul(dash + 1, &space, 16);
		if (*space == ' ')
			inside = from <= (uintptr_t)p && (uintptr_t)p < to;
	}
	(void)fclose(f);
}

/* Whether locking works here at all: RLIMIT_MEMLOCK may forbid it, and the address sanitizer makes
 * mlock do nothing. */
static bool can_lock(void)
{
	char flags[512];
	void *p = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	(void)mlock(p, 65536);
	vm_flags(p, flags, sizeof(flags));
	munmap(p, 65536);
	return strstr(flags, " lo") != NULL;
}

static void stays_out_of_dumps_and_swap(void **state)
{
	bool lockable = can_lock();
	char flags[512];
	uint8_t *p = locked_alloc(10000);

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(p[i], 0);
	memset(p, 0x5e, 10000);
	vm_flags(p, flags, sizeof(flags));
	assert_non_null(strstr(flags, " dd"));
	assert_int_equal(strstr(flags, " lo") != NULL, lockable);
	locked_free(p, 10000);
}

static void refused_memory_is_null(void **state)
{
	(void)state;
	assert_null(locked_alloc(SIZE_MAX / 2));
	locked_free(NULL, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_out_of_dumps_and_swap),
		cmocka_unit_test(refused_memory_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
