/* SPDX-License-Identifier: BSD-3-Clause */
#include "locked.h"

#include "secret.h"

#include <sys/mman.h>

void *locked_alloc(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* A refused lock is no reason not to start: what it would keep from swap is here for the
	 * length of a batch, while the sessions' raw keys lie in DPDK's heap anyway. */
	(void)mlock(p, len);
	(void)madvise(p, len, MADV_DONTDUMP);
	return p;
}

void locked_free(void *p, size_t len)
{
	if (p == NULL)
		return;
	secret_wipe(p, len);
	(void)munmap(p, len);
}
