/* SPDX-License-Identifier: BSD-3-Clause */
#include "recycler.h"

#include <stdlib.h>

#include <urcu/urcu-qsbr.h>

struct recycler {
	struct store *store;
	const struct mesh *mesh;
	struct post_states *states;
	uint32_t *marks; /* one a ring to a worker */
	size_t n;        /* slots in the batch under way */
	uint32_t batch[RECYCLER_BATCH];
};

struct recycler *recycler_new(struct store *store, const struct mesh *mesh,
			      struct post_states *states)
{
	struct recycler *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->store = store;
	r->mesh = mesh;
	r->states = states;
	r->marks = calloc(mesh_marks_len(mesh, MESH_WORKER), sizeof(*r->marks));
	if (r->marks == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

void recycler_free(struct recycler *r)
{
	if (r == NULL)
		return;
	free(r->marks);
	free(r);
}

size_t recycler_turn(struct recycler *r)
{
	size_t n;

	if (r->n == 0) {
		r->n = store_take_retired(r->store, r->batch, RECYCLER_BATCH);
		if (r->n == 0)
			return 0;
		urcu_qsbr_synchronize_rcu();
		mesh_mark(r->mesh, MESH_WORKER, r->marks);
	}
	if (!mesh_passed(r->mesh, MESH_WORKER, r->marks))
		return 0;
	urcu_qsbr_synchronize_rcu();
	urcu_qsbr_thread_online();
	if (r->states != NULL)
		post_states_wipe(r->states, r->batch, r->n);
	store_recycle(r->store, r->batch, r->n);
	urcu_qsbr_thread_offline();
	n = r->n;
	r->n = 0;
	return n;
}
