/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of app/sluice share: an mbuf pool that knows when one is missing, messages on the
 * rings of a mesh, and a file of credentials. */
#pragma once

#include "eal_fixture.h"
#include "mesh.h"
#include "msg.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <urcu/urcu-qsbr.h>

enum { WIRING_MBUFS = 511 };

static inline struct rte_mempool *wiring_pool(void)
{
	/* Without a cache, so that the pool's count is exact. */
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"wiring", WIRING_MBUFS, 0, MSG_PRIV_SIZE, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	assert_non_null(pool);
	return pool;
}

/* wiring_pool_free: 0; -1 when an mbuf is missing. */
static inline int wiring_pool_free(struct rte_mempool *pool)
{
	unsigned missing = WIRING_MBUFS - rte_mempool_avail_count(pool);

	rte_mempool_free(pool);
	if (missing != 0)
		fprintf(stderr, "# %u mbufs leaked\n", missing);
	return missing == 0 ? 0 : -1;
}

/* wiring_drain: takes every mbuf there is; wiring_refill gives them back. */
static inline unsigned wiring_drain(struct rte_mempool *pool, struct rte_mbuf *out[WIRING_MBUFS])
{
	unsigned n = 0;

	while (n < WIRING_MBUFS && (out[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	return n;
}

static inline struct rte_mbuf *wiring_mbuf(struct rte_mempool *pool, const void *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memset(msg_of(m), 0xa5, sizeof(struct msg)); /* what an mbuf's last user left */
	if (len > 0)
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return m;
}

static inline void wiring_send(const struct mesh *mesh, enum mesh_role role, unsigned dst,
			       unsigned src, struct rte_mbuf *m)
{
	assert_int_equal(rte_ring_sp_enqueue(mesh_ring(mesh, role, dst, src), m), 0);
}

/* wiring_take: the next message from a core; NULL: none. */
static inline struct rte_mbuf *wiring_take(const struct mesh *mesh, enum mesh_role role,
					   unsigned dst, unsigned src)
{
	void *m = NULL;

	return rte_ring_sc_dequeue(mesh_ring(mesh, role, dst, src), &m) == 0 ? m : NULL;
}

/* wiring_write: (re)writes a file that only its owner may read. */
static inline void wiring_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* wiring_path: a new empty file; the name is written over the XXXXXX of path. */
static inline void wiring_path(char *path)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
}

/* wiring_main's group setup and teardown: the test's thread is an RCU reader. */
static inline int wiring_register(void **state)
{
	(void)state;
	urcu_qsbr_register_thread();
	return 0;
}

static inline int wiring_unregister(void **state)
{
	(void)state;
	urcu_qsbr_unregister_thread();
	return 0;
}

/* wiring_needs_grace_periods: skips a test under the thread sanitizer, which does not see liburcu's
 * grace periods and takes what they order for a race. */
static inline void wiring_needs_grace_periods(void)
{
#if defined(__SANITIZE_THREAD__)
	print_message("# the thread sanitizer does not see liburcu's grace periods\n");
	skip();
#endif
}

static inline int wiring_exit(int rc)
{
	eal_stop();
	return rc;
}

#define wiring_main(tests)                                                                         \
	(eal_start(),                                                                              \
	 wiring_exit(cmocka_run_group_tests(tests, wiring_register, wiring_unregister)))
