/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_core_parts.h"

enum { PENDING_CLASSES = 32 }; /* values that fit a table entry's class */

static bool asks_to_resume(const struct handshake_core *hc, const struct rte_mbuf *mbuf)
{
	return handshake_hello_resumes(&hc->handshake, rte_pktmbuf_mtod(mbuf, const uint8_t *),
				       rte_pktmbuf_data_len(mbuf));
}

/* A slot for a new handshake. When all are taken the one that has been under way for longest makes
 * room: whoever begins handshakes and leaves them loses them first. Only who resumes in his turn
 * takes the place of one that resumes. */
static struct handshake_slot *take_slot(struct handshake_core *hc, const struct rte_mbuf *mbuf,
					struct session_ref *out, uint64_t now_ns)
{
	struct handshake_slot *slot = handshake_slots_open(hc->slots, out), *eldest;

	if (slot != NULL)
		return slot;
	handshake_work_settle(hc, now_ns);
	eldest = handshake_slots_eldest(hc->slots);
	if (handshake_slots_active(hc->slots) == hc->cfg.max_handshakes && eldest != NULL &&
	    (eldest->rank == RANK_NEW || asks_to_resume(hc, mbuf))) {
		handshake_core_count(hc, STATUS_HS_EVICTED);
		handshake_work_abandon(hc, eldest);
	}
	return handshake_slots_open(hc->slots, out);
}

/* A slot with a handshake in it and in the table of pending flows, or NULL (counted). */
static struct handshake_slot *open_slot(struct handshake_core *hc, struct rte_mbuf *mbuf,
					const struct flow_hash *hash, uint8_t class,
					uint64_t now_ns)
{
	struct table_hit entry = { .owner = (uint8_t)hc->cfg.index, .class = class };
	const struct msg *msg = msg_of(mbuf);
	struct handshake_slot *slot;
	uint16_t share;

	if (!handshake_share_take(hc->share, msg->flow.remote_ip, &share)) {
		handshake_core_count(hc, STATUS_HELLO_LIMIT);
		return NULL;
	}
	slot = take_slot(hc, mbuf, &entry.ref, now_ns);
	if (slot == NULL) {
		handshake_share_give(hc->share, share);
		handshake_core_count(hc, STATUS_HELLO_REFUSED);
		return NULL;
	}
	slot->share = share;
	slot->flow = msg->flow;
	slot->hop = msg->hop;
	slot->hash = *hash;
	slot->owner = msg->from;
	slot->handshake = handshake_new(&hc->handshake, HANDSHAKE_SERVER, now_ns);
	if (slot->handshake != NULL)
		handshake_owner(slot->handshake, slot->owner);
	if (slot->handshake == NULL ||
	    table_insert(hc->cfg.pending, hash, &entry) != TABLE_INSERTED) {
		handshake_core_count(hc, slot->handshake == NULL ? STATUS_HS_INTERNAL
								 : STATUS_HELLO_REFUSED);
		handshake_work_forget(hc, slot);
		handshake_slots_close(hc->slots, slot);
		return NULL;
	}
	counter_add(&hc->stats.started, 1);
	return slot;
}

/* The handshake under way that a hello belongs to; NULL: none. */
static struct handshake_slot *slot_of_hello(struct handshake_core *hc, struct session_ref ref,
					    const struct rte_mbuf *mbuf, uint64_t now_ns)
{
	struct handshake_slot *slot = handshake_work_slot(hc, ref, now_ns);

	if (slot == NULL || slot->state != SLOT_ACTIVE ||
	    !handshake_hello_matches(slot->handshake, rte_pktmbuf_mtod(mbuf, const uint8_t *),
				     rte_pktmbuf_data_len(mbuf)))
		return NULL;
	return slot;
}

/* Makes room for a new handshake on a flow that is in the table already. */
static void supersede(struct handshake_core *hc, struct session_ref ref,
		      const struct flow_hash *hash)
{
	struct handshake_slot *slot = handshake_slots_get(hc->slots, ref);

	if (slot == NULL || slot->state != SLOT_ACTIVE) {
		/* The owner has not yet taken the installed flow off the table. */
		table_remove(hc->cfg.pending, hash, ref);
		return;
	}
	handshake_core_count(hc, STATUS_HS_REPLACED);
	handshake_work_abandon(hc, slot);
}

/* The class of an entry that follows another of its flow: an owner that is about to remove that one
 * must not take this for it (the table compares the first word). */
static uint8_t next_class(uint8_t class) { return (uint8_t)((class + 1) % PENDING_CLASSES); }

/* Begins a handshake, if its source may. known: what the table of pending flows has for it; NULL:
 * nothing. */
static struct handshake_slot *begin(struct handshake_core *hc, struct rte_mbuf *mbuf,
				    const struct flow_hash *hash, const struct table_hit *known,
				    uint64_t now_ns)
{
	struct handshake_rate_source source;
	struct handshake_slot *slot;
	enum handshake_rate_answer rate;

	/* Before anything is ended for it: what is under way may finish. */
	if (atomic_load_explicit(hc->cfg.draining, memory_order_relaxed)) {
		handshake_core_count(hc, STATUS_HELLO_REFUSED);
		return NULL;
	}
	rate = handshake_rate_take(hc->rate, msg_of(mbuf)->flow.remote_ip, &source);
	if (rate == RATE_REFUSED || (rate == RATE_RESUME && !asks_to_resume(hc, mbuf))) {
		handshake_core_count(hc, STATUS_HELLO_RATE);
		return NULL;
	}
	if (known != NULL)
		supersede(hc, known->ref, hash);
	slot = open_slot(hc, mbuf, hash, known != NULL ? next_class(known->class) : 0, now_ns);
	if (slot != NULL) {
		slot->source = source;
		slot->resume_only = rate == RATE_RESUME;
	}
	return slot;
}

void handshake_hello(struct handshake_core *hc, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	const struct flow *flow = &msg_of(mbuf)->flow;
	struct handshake_slot *slot = NULL;
	struct flow_hash hash;
	struct table_hit hit;
	bool known;

	flow_hash_burst(&hc->cfg.store->hash_key, &flow, &hash, 1);
	/* Looked up here once more: two copies of a hello may have crossed the ring together. */
	known = table_lookup_burst(hc->cfg.pending, &hash, &hit, 1) == 1;
	if (known)
		slot = slot_of_hello(hc, hit.ref, mbuf, now_ns);
	if (slot == NULL)
		slot = begin(hc, mbuf, &hash, known ? &hit : NULL, now_ns);
	if (slot != NULL)
		handshake_work_input(hc, slot, mbuf, now_ns);
}
