/* SPDX-License-Identifier: BSD-3-Clause */
#include "mesh.h"

#include "msg.h"
#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>

static int role_init(struct mesh *m, enum mesh_role role, unsigned size)
{
	static const char letters[MESH_ROLES] = { 'p', 'h', 'w' };
	unsigned n = m->n_dst[role] * m->n_cores;
	char name[RTE_RING_NAMESIZE];

	m->rings[role] = calloc(n ? n : 1, sizeof(struct rte_ring *));
	if (m->rings[role] == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "core%u_%c%u", i % m->n_cores, letters[role],
			 i / m->n_cores);
		m->rings[role][i] =
			rte_ring_create(name, size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (m->rings[role][i] == NULL)
			return -rte_errno;
	}
	return 0;
}

int mesh_init(struct mesh *m, unsigned n_cores, const unsigned n_dst[MESH_ROLES], unsigned size)
{
	*m = (struct mesh){ .n_cores = n_cores };
	for (enum mesh_role role = 0; role < MESH_ROLES; role++) {
		int rc;

		m->n_dst[role] = n_dst[role];
		rc = role_init(m, role, size);
		if (rc != 0) {
			mesh_free(m);
			return rc;
		}
	}
	return 0;
}

static void ring_free(struct rte_ring *ring)
{
	struct rte_mbuf *mbuf;

	while (ring != NULL && rte_ring_sc_dequeue(ring, (void **)&mbuf) == 0) {
		if (msg_of(mbuf)->kind == MSG_INSTALL)
			secret_wipe(rte_pktmbuf_mtod(mbuf, void *), rte_pktmbuf_data_len(mbuf));
		rte_pktmbuf_free(mbuf);
	}
	rte_ring_free(ring);
}

void mesh_free(struct mesh *m)
{
	for (enum mesh_role role = 0; role < MESH_ROLES; role++) {
		for (unsigned i = 0; m->rings[role] && i < m->n_dst[role] * m->n_cores; i++)
			ring_free(m->rings[role][i]);
		free(m->rings[role]);
		m->rings[role] = NULL;
	}
}

unsigned mesh_receive(const struct mesh *m, enum mesh_role role, unsigned dst, unsigned *next,
		      struct rte_mbuf **out, unsigned n)
{
	unsigned got = 0;

	for (unsigned i = 0; i < m->n_cores && got < n; i++) {
		struct rte_ring *ring = mesh_ring(m, role, dst, *next);

		got += rte_ring_sc_dequeue_burst(ring, (void **)&out[got], n - got, NULL);
		*next = (*next + 1) % m->n_cores;
	}
	return got;
}

/* rte_ring_count, but with atomic loads: another core may be at work on the ring. */
static unsigned ring_count(const struct rte_ring *ring)
{
	uint32_t read = __atomic_load_n(&ring->cons.tail, __ATOMIC_ACQUIRE);
	uint32_t filled = __atomic_load_n(&ring->prod.tail, __ATOMIC_ACQUIRE);
	uint32_t n = (filled - read) & ring->mask;

	return n < ring->capacity ? n : ring->capacity;
}

unsigned mesh_depth(const struct mesh *m, enum mesh_role role, unsigned dst, unsigned src)
{
	return ring_count(mesh_ring(m, role, dst, src));
}

unsigned mesh_room(const struct mesh *m, enum mesh_role role, unsigned dst, unsigned src)
{
	const struct rte_ring *ring = mesh_ring(m, role, dst, src);

	return ring->capacity - ring_count(ring);
}

void mesh_mark(const struct mesh *m, enum mesh_role role, uint32_t *marks)
{
	for (size_t i = 0; i < mesh_marks_len(m, role); i++)
		marks[i] = __atomic_load_n(&m->rings[role][i]->prod.tail, __ATOMIC_ACQUIRE);
}

bool mesh_passed(const struct mesh *m, enum mesh_role role, const uint32_t *marks)
{
	for (size_t i = 0; i < mesh_marks_len(m, role); i++) {
		uint32_t read = __atomic_load_n(&m->rings[role][i]->cons.tail, __ATOMIC_ACQUIRE);

		/* Positions wrap at 32 bits; their difference does not. */
		if ((int32_t)(read - marks[i]) < 0)
			return false;
	}
	return true;
}
