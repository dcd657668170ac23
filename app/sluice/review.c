/* SPDX-License-Identifier: BSD-3-Clause */
#include "review.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <urcu/urcu-qsbr.h>

enum {
	TURN_SLOTS = 1 << 15, /* about ten milliseconds */
	AHEAD = 8,            /* sessions whose names are sent for */
};

enum phase { PHASE_IDLE, PHASE_SETTLES, PHASE_WALKS };

struct review {
	struct review_config cfg;
	struct path_core *paths[PATH_POLL_MAX];
	enum phase phase;
	_Atomic bool again;
	uint32_t *marks; /* one a ring to a poll core */
	uint32_t slot;   /* the next one */
	struct review_result result;
};

struct review *review_new(const struct review_config *cfg)
{
	struct review *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->cfg = *cfg;
	r->marks = calloc(mesh_marks_len(cfg->mesh, MESH_POLL), sizeof(*r->marks));
	if (r->marks != NULL)
		return r;
	free(r);
	return NULL;
}

void review_free(struct review *r)
{
	if (r == NULL)
		return;
	free(r->marks);
	free(r);
}

void review_owner(struct review *r, unsigned index, struct path_core *path)
{
	r->paths[index] = path;
}

void review_begin(struct review *r)
{
	/* After this whoever installs a session by what was in force before says so. */
	urcu_qsbr_synchronize_rcu();
	mesh_mark(r->cfg.mesh, MESH_POLL, r->marks);
	r->phase = PHASE_SETTLES;
	r->slot = 0;
	r->result = (struct review_result){ 0 };
}

void review_again(struct review *r)
{
	atomic_store_explicit(&r->again, true, memory_order_release);
}

static uint8_t alert_of(enum status why)
{
	if (why == STATUS_SESSION_CERT_REVOKED)
		return ALERT_CERTIFICATE_REVOKED;
	return why == STATUS_SESSION_CERT_EXPIRED ? ALERT_CERTIFICATE_EXPIRED : ALERT_ACCESS_DENIED;
}

/* The session in a slot, generation 0: none. Its cold part stays as it is while we are a reader. */
static struct session_ref ref_of(const struct store *s, uint32_t slot)
{
	uint32_t generation = slot >= s->n_slots ? 0
						 : atomic_load_explicit(&s->hot[slot].generation,
									memory_order_acquire);

	return (struct session_ref){ slot, generation & 1 ? generation : 0 };
}

static void prefetch(const struct store *s, uint32_t slot)
{
	if (ref_of(s, slot).generation != 0)
		__builtin_prefetch(s->cold[slot].identity);
}

/* false: the session is to be closed, and its owner has no room for that. */
static bool look_at(struct review *r, uint32_t slot, int64_t utc_s)
{
	const struct store *store = r->cfg.store;
	const struct session_cold *cold = &store->cold[slot];
	struct path_eviction e = { .ref = ref_of(store, slot) };
	enum status why;

	if (e.ref.generation == 0)
		return true;
	why = credentials_review(r->cfg.credentials, cold->identity, utc_s);
	if (why != STATUS_OK) {
		e.why = (uint8_t)why;
		e.alert = alert_of(why);
		if (path_evict(r->paths[cold->owner], &e, 1) == 0)
			return false;
		r->result.closed++;
		if (r->cfg.closed != NULL)
			r->cfg.closed(r->cfg.arg, cold->identity, why);
	}
	r->result.seen++;
	return true;
}

static enum review_turn walk(struct review *r, int64_t utc_s)
{
	const struct store *store = r->cfg.store;
	uint32_t end =
		store->n_slots - r->slot < TURN_SLOTS ? store->n_slots : r->slot + TURN_SLOTS;
	bool room = true;

	urcu_qsbr_thread_online();
	while (r->slot < end && room) {
		prefetch(store, r->slot + AHEAD);
		room = look_at(r, r->slot, utc_s);
		r->slot += room;
	}
	urcu_qsbr_thread_offline();
	if (!room)
		return REVIEW_WAITS;
	if (r->slot < store->n_slots)
		return REVIEW_BUSY;
	r->phase = PHASE_IDLE;
	return REVIEW_DONE;
}

enum review_turn review_turn(struct review *r, int64_t utc_s)
{
	if (r->phase == PHASE_IDLE &&
	    atomic_exchange_explicit(&r->again, false, memory_order_acquire))
		review_begin(r);
	switch (r->phase) {
	case PHASE_IDLE:
		break;
	case PHASE_SETTLES:
		if (!mesh_passed(r->cfg.mesh, MESH_POLL, r->marks))
			return REVIEW_WAITS;
		/* What they took last is in the store when their turn is over. */
		urcu_qsbr_synchronize_rcu();
		r->phase = PHASE_WALKS;
		return REVIEW_BUSY;
	case PHASE_WALKS:
		return walk(r, utc_s);
	}
	return REVIEW_IDLE;
}

struct review_result review_result(const struct review *r) { return r->result; }
