/* SPDX-License-Identifier: BSD-3-Clause */
#include "fleet.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

enum { ORDERS_MAX = 16 };

/* Rather no figure than one of a machine that swaps. */
static bool memory_left(size_t len)
{
	struct sysinfo s;

	return sysinfo(&s) == 0 && (s.freeram + s.bufferram) * s.mem_unit / 4 * 3 > len;
}

static uint8_t *reserve(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, len, MADV_HUGEPAGE);
	return p;
}

const uint8_t *fleet_fill(struct fleet *f, const void *session, size_t n)
{
	if (f->sessions == NULL)
		f->sessions = reserve(FLEET_MAX * f->stride);
	if (f->sessions == NULL)
		return NULL;
	if (n > f->filled && !memory_left((n - f->filled) * f->stride))
		return NULL;
	for (; f->filled < n; f->filled++)
		memcpy(f->sessions + f->filled * f->stride, session, f->stride);
	return f->sessions;
}

static void shuffle(uint32_t *order, size_t n)
{
	uint64_t x = 88172645463325252;

	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	for (size_t i = n; i-- > 1;) {
		size_t j;
		uint32_t swap = order[i];

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		j = x % (i + 1);
		order[i] = order[j];
		order[j] = swap;
	}
}

const uint32_t *fleet_order(size_t n)
{
	static struct {
		size_t n;
		uint32_t *order;
	} known[ORDERS_MAX];
	size_t i = 0;

	while (i < ORDERS_MAX - 1 && known[i].n != 0 && known[i].n != n)
		i++;
	if (known[i].n != n) {
		free(known[i].order);
		known[i].n = 0;
		known[i].order = malloc(n * sizeof(uint32_t));
		if (known[i].order == NULL)
			return NULL;
		shuffle(known[i].order, n);
		known[i].n = n;
	}
	return known[i].order;
}
