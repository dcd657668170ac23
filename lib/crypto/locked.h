/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for secrets: never in a core dump, not swapped out where RLIMIT_MEMLOCK allows it, zero at
 * first and wiped at the end. Inside lib/crypto only. Slow path only; any thread. */
#pragma once

#include <stddef.h>

/* locked_alloc: whole pages, NULL with errno. */
void *locked_alloc(size_t len);

/* locked_free: len as it was allocated; NULL is fine. */
void locked_free(void *p, size_t len);
