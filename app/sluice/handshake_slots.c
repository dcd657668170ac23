/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_slots.h"

#include "secret.h"

#include <stdlib.h>

#define NO_SLOT UINT32_MAX

/* A doubly linked list through prev and next, by slot number. */
struct slot_list {
	uint32_t head, tail, n;
};

struct handshake_slots {
	uint32_t total, max_active, active;
	uint32_t fresh; /* slots from here on were never used */
	struct slot_list unused, linger, ranks[RANKS];
	struct handshake_slot *slots;
};

static struct slot_list *list_of(struct handshake_slots *s, const struct handshake_slot *slot)
{
	switch ((enum handshake_slot_state)slot->state) {
	case SLOT_FREE:
		break;
	case SLOT_ACTIVE:
		return &s->ranks[slot->rank];
	case SLOT_LINGER:
		return &s->linger;
	}
	return &s->unused;
}

/* Into the list of its state and rank, as the youngest. */
static void list_enter(struct handshake_slots *s, struct handshake_slot *slot)
{
	struct slot_list *list = list_of(s, slot);
	uint32_t i = (uint32_t)(slot - s->slots);

	slot->prev = list->tail;
	slot->next = NO_SLOT;
	if (list->tail == NO_SLOT)
		list->head = i;
	else
		s->slots[list->tail].next = i;
	list->tail = i;
	list->n++;
}

/* Before its state or rank changes. */
static void list_leave(struct handshake_slots *s, const struct handshake_slot *slot)
{
	struct slot_list *list = list_of(s, slot);

	if (slot->prev == NO_SLOT)
		list->head = slot->next;
	else
		s->slots[slot->prev].next = slot->next;
	if (slot->next == NO_SLOT)
		list->tail = slot->prev;
	else
		s->slots[slot->next].prev = slot->prev;
	list->n--;
}

struct handshake_slots *handshake_slots_new(uint32_t n_active, uint32_t n_linger)
{
	struct handshake_slots *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->total = n_active + n_linger;
	s->max_active = n_active;
	s->unused = s->linger = (struct slot_list){ NO_SLOT, NO_SLOT, 0 };
	for (unsigned i = 0; i < RANKS; i++)
		s->ranks[i] = s->unused;
	s->slots = calloc(s->total, sizeof(*s->slots));
	if (s->slots == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

/* That of DTLS 1.3 opens the client's last flight. */
static void remnant_free(struct handshake_remnant *r)
{
	if (r == NULL)
		return;
	secret_wipe(r, handshake_remnant_size(r));
	free(r);
}

void handshake_slots_free(struct handshake_slots *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->fresh; i++) {
		handshake_free(s->slots[i].handshake);
		remnant_free(s->slots[i].remnant);
	}
	free(s->slots);
	free(s);
}

/* A free slot, in no list. There is one: not all are active. */
static struct handshake_slot *take_free(struct handshake_slots *s)
{
	struct handshake_slot *slot;

	if (s->unused.head == NO_SLOT && s->fresh < s->total)
		return &s->slots[s->fresh++];
	if (s->unused.head == NO_SLOT)
		handshake_slots_close(s, &s->slots[s->linger.head]);
	slot = &s->slots[s->unused.head];
	list_leave(s, slot);
	return slot;
}

struct handshake_slot *handshake_slots_open(struct handshake_slots *s, struct session_ref *out)
{
	struct handshake_slot *slot;

	if (s->active == s->max_active)
		return NULL;
	slot = take_free(s);
	if (++slot->generation == 0)
		slot->generation = 1;
	slot->state = SLOT_ACTIVE;
	slot->rank = RANK_NEW;
	list_enter(s, slot);
	s->active++;
	*out = handshake_slots_ref(s, slot);
	return slot;
}

static void move_to(struct handshake_slots *s, struct handshake_slot *slot,
		    enum handshake_slot_rank rank)
{
	list_leave(s, slot);
	slot->rank = (uint8_t)rank;
	list_enter(s, slot);
}

void handshake_slots_rank(struct handshake_slots *s, struct handshake_slot *slot,
			  enum handshake_slot_rank rank)
{
	const struct slot_list *resumed = &s->ranks[RANK_RESUMED];

	move_to(s, slot, rank);
	/* Whoever has seen a ticket can send it from many places: that must not keep others out. */
	if (resumed->n > s->max_active / 2)
		move_to(s, &s->slots[resumed->head], RANK_NEW);
}

struct handshake_slot *handshake_slots_eldest(struct handshake_slots *s)
{
	for (unsigned rank = 0; rank < RANK_PROVED; rank++)
		if (s->ranks[rank].head != NO_SLOT)
			return &s->slots[s->ranks[rank].head];
	return NULL;
}

struct handshake_slot *handshake_slots_get(struct handshake_slots *s, struct session_ref ref)
{
	struct handshake_slot *slot;

	if (ref.generation == 0 || ref.slot >= s->total)
		return NULL;
	slot = &s->slots[ref.slot];
	return slot->generation == ref.generation && slot->state != SLOT_FREE ? slot : NULL;
}

void handshake_slots_linger(struct handshake_slots *s, struct handshake_slot *slot,
			    uint64_t until_ns)
{
	list_leave(s, slot);
	s->active--;
	slot->state = SLOT_LINGER;
	slot->linger_until_ns = until_ns;
	list_enter(s, slot);
}

void handshake_slots_close(struct handshake_slots *s, struct handshake_slot *slot)
{
	list_leave(s, slot);
	if (slot->state == SLOT_ACTIVE)
		s->active--;
	remnant_free(slot->remnant);
	*slot = (struct handshake_slot){ .generation = slot->generation, .state = SLOT_FREE };
	list_enter(s, slot);
}

void handshake_slots_expire(struct handshake_slots *s, uint64_t now_ns)
{
	/* All linger for the same time, so the eldest is the first to go. */
	for (unsigned n = 0; n < HANDSHAKE_SLOTS_EXPIRE_MAX && s->linger.head != NO_SLOT &&
			     s->slots[s->linger.head].linger_until_ns <= now_ns;
	     n++)
		handshake_slots_close(s, &s->slots[s->linger.head]);
}

struct session_ref handshake_slots_ref(const struct handshake_slots *s,
				       const struct handshake_slot *slot)
{
	return (struct session_ref){ (uint32_t)(slot - s->slots), slot->generation };
}

uint32_t handshake_slots_active(const struct handshake_slots *s) { return s->active; }

struct handshake_slot *handshake_slots_at(struct handshake_slots *s, uint32_t i)
{
	return &s->slots[i];
}
