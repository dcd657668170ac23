/* SPDX-License-Identifier: BSD-3-Clause */
#include "block.h"

#include "secret.h"

#include <numa.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <sys/mman.h>

enum { PAGE = BLOCK_PAGE, BLOCK_ALIGN = 64 };

static void *map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Pages that start where a huge one can, so that all of them but the last are huge ones: a bit too
 * much, and what is too much given back. */
static void *map_aligned(size_t len)
{
	size_t whole = (len + PAGE - 1) / PAGE * PAGE, before, behind;
	uint8_t *p = len < SIZE_MAX / 2 ? map(whole + BLOCK_HUGE_PAGE) : NULL;

	if (p == NULL)
		return NULL;
	before = -(uintptr_t)p % BLOCK_HUGE_PAGE;
	behind = BLOCK_HUGE_PAGE - before;
	if (before != 0)
		munmap(p, before);
	munmap(p + before + whole, behind);
	return p + before;
}

static bool block_map(struct block *out, size_t len, int advice)
{
	void *p = advice == MADV_HUGEPAGE ? map_aligned(len) : map(len);

	if (p == NULL)
		return false;
	/* Both are wishes: a kernel without transparent huge pages serves as well. */
	(void)madvise(p, len, advice);
	(void)madvise(p, len, MADV_DONTDUMP);
	*out = (struct block){ .p = p, .len = len };
	return true;
}

static int advice(size_t len) { return len >= BLOCK_HUGE_PAGE ? MADV_HUGEPAGE : MADV_NORMAL; }

bool block_new(struct block *out, size_t len, int socket)
{
	void *p = NULL;

	*out = (struct block){ 0 };
	if (socket <= BLOCK_INTERLEAVED) {
		if (!block_map(out, len, advice(len)))
			return false;
		if (socket == BLOCK_INTERLEAVED && numa_available() == 0)
			numa_interleave_memory(out->p, len, numa_all_nodes_ptr);
		return true;
	}
	/* No NUMA node is known before rte_eal_init. DPDK's heap without huge pages is a small
	 * fixed pool that packets need more. */
	if (rte_socket_count() != 0 && rte_eal_has_hugepages())
		p = rte_zmalloc_socket("sluice", len, BLOCK_ALIGN, socket);
	if (p != NULL) {
		*out = (struct block){ .p = p, .len = len, .eal = true };
		return true;
	}
	return block_map(out, len, advice(len));
}

void block_place(const struct block *m, size_t at, size_t len, int node)
{
	const size_t from = at / PAGE * PAGE;

	if (node < 0 || numa_available() != 0 || node > numa_max_node())
		return;
	numa_set_bind_policy(0); /* another node's memory is better than none */
	numa_tonode_memory((uint8_t *)m->p + from, at - from + len, node);
}

bool block_new_lazy(struct block *out, size_t len, enum block_page page)
{
	*out = (struct block){ 0 };
	/* One touched byte of a huge page costs all of it. */
	return block_map(out, len, page == BLOCK_HUGE_PAGE ? advice(len) : MADV_NOHUGEPAGE);
}

void block_free(struct block *m)
{
	if (m->p == NULL)
		return;
	if (m->eal) {
		/* Huge pages outlive the process where they are files. */
		secret_wipe(m->p, m->len);
		rte_free(m->p);
	} else {
		/* The kernel clears pages before anybody else has them; to write the ones that no
		 * session used would make them cost memory now. */
		munmap(m->p, m->len);
	}
	*m = (struct block){ 0 };
}
