/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rings between cores: one single-producer single-consumer ring for each (receiving role
 * instance, sending core), so that no sender ever waits for another, not even when the kernel
 * preempts one in the middle of an enqueue.
 *
 * Elements are mbufs with a struct msg (msg.h). A core may send to itself.
 */
#pragma once

#include "layout.h"

#include <rte_mbuf.h>
#include <rte_ring.h>

enum mesh_role { MESH_POLL, MESH_HANDSHAKE, MESH_WORKER, MESH_ROLES };

struct mesh {
	unsigned n_cores;
	unsigned n_dst[MESH_ROLES];
	struct rte_ring **rings[MESH_ROLES]; /* [dst * n_cores + src] */
};

/* mesh_init: makes all rings of `size` (a power of two) elements. 0, or -errno. Slow path only. */
int mesh_init(struct mesh *m, unsigned n_cores, const unsigned n_dst[MESH_ROLES], unsigned size);

/* mesh_free: frees the mbufs that are still in rings (keys in them are wiped), and the rings. */
void mesh_free(struct mesh *m);

/* mesh_ring: the ring on which core src sends to the dst-th instance of a role. */
static inline struct rte_ring *mesh_ring(const struct mesh *m, enum mesh_role role, unsigned dst,
					 unsigned src)
{
	return m->rings[role][dst * m->n_cores + src];
}

/* mesh_receive: up to n messages for an instance, from all cores in turn: *next remembers where to
 * go on, so that no sender is starved. That instance's core only. */
unsigned mesh_receive(const struct mesh *m, enum mesh_role role, unsigned dst, unsigned *next,
		      struct rte_mbuf **out, unsigned n);

/* mesh_depth: messages waiting in the ring on which core src sends to an instance. Any thread. */
unsigned mesh_depth(const struct mesh *m, enum mesh_role role, unsigned dst, unsigned src);

/* mesh_room: messages that still fit in the ring on which core src sends to an instance. That core
 * only. */
unsigned mesh_room(const struct mesh *m, enum mesh_role role, unsigned dst, unsigned src);

/* mesh_marks_len: rings that lead to a role; room that mesh_mark needs. */
static inline size_t mesh_marks_len(const struct mesh *m, enum mesh_role role)
{
	return (size_t)m->n_dst[role] * m->n_cores;
}

/* mesh_mark: notes how far each ring to a role is filled. mesh_passed: whether the role has read
 * all that was in them then. Any thread. */
void mesh_mark(const struct mesh *m, enum mesh_role role, uint32_t *marks);
bool mesh_passed(const struct mesh *m, enum mesh_role role, const uint32_t *marks);
