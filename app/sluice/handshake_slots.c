/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_slots.h"

#include <stdlib.h>

#define NO_SLOT UINT32_MAX

/* A doubly linked list through prev and next, by slot number. */
struct slot_list {
	uint32_t head, tail;
};

struct handshake_slots {
	uint32_t total, max_active, active;
	struct slot_list unused, linger;
	struct handshake_slot *slots;
};

static void list_append(struct handshake_slots *s, struct slot_list *list, uint32_t i)
{
	s->slots[i].prev = list->tail;
	s->slots[i].next = NO_SLOT;
	if (list->tail == NO_SLOT)
		list->head = i;
	else
		s->slots[list->tail].next = i;
	list->tail = i;
}

static void list_remove(struct handshake_slots *s, struct slot_list *list, uint32_t i)
{
	struct handshake_slot *slot = &s->slots[i];

	if (slot->prev == NO_SLOT)
		list->head = slot->next;
	else
		s->slots[slot->prev].next = slot->next;
	if (slot->next == NO_SLOT)
		list->tail = slot->prev;
	else
		s->slots[slot->next].prev = slot->prev;
}

struct handshake_slots *handshake_slots_new(uint32_t n_active, uint32_t n_linger)
{
	struct handshake_slots *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->total = n_active + n_linger;
	s->max_active = n_active;
	s->unused = s->linger = (struct slot_list){ NO_SLOT, NO_SLOT };
	s->slots = calloc(s->total, sizeof(*s->slots));
	if (s->slots == NULL) {
		free(s);
		return NULL;
	}
	for (uint32_t i = 0; i < s->total; i++)
		list_append(s, &s->unused, i);
	return s;
}

void handshake_slots_free(struct handshake_slots *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->total; i++) {
		handshake_free(s->slots[i].handshake);
		free(s->slots[i].remnant);
	}
	free(s->slots);
	free(s);
}

struct handshake_slot *handshake_slots_open(struct handshake_slots *s, struct session_ref *out)
{
	struct handshake_slot *slot;
	uint32_t i;

	if (s->active == s->max_active)
		return NULL;
	if (s->unused.head == NO_SLOT)
		handshake_slots_close(s, &s->slots[s->linger.head]);
	i = s->unused.head;
	slot = &s->slots[i];
	list_remove(s, &s->unused, i);
	if (++slot->generation == 0)
		slot->generation = 1;
	slot->state = SLOT_ACTIVE;
	s->active++;
	*out = handshake_slots_ref(s, slot);
	return slot;
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
	s->active--;
	slot->state = SLOT_LINGER;
	slot->linger_until_ns = until_ns;
	list_append(s, &s->linger, (uint32_t)(slot - s->slots));
}

void handshake_slots_close(struct handshake_slots *s, struct handshake_slot *slot)
{
	uint32_t i = (uint32_t)(slot - s->slots);

	if (slot->state == SLOT_LINGER)
		list_remove(s, &s->linger, i);
	else
		s->active--;
	free(slot->remnant);
	*slot = (struct handshake_slot){ .generation = slot->generation, .state = SLOT_FREE };
	list_append(s, &s->unused, i);
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
