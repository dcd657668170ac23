/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_core_parts.h"

#include "secret.h"

#include <stdlib.h>
#include <time.h>

enum {
	TURN_MESSAGES = 32, /* messages looked at in a turn: rx on the same core must not wait */
	TURN_TIMERS = 32,
	/* While there is work with public keys, on a core that polls as well. Each may cost three
	 * operations of 20 to 200 us, in which a port's queue of a thousand descriptors fills. */
	TURN_MESSAGES_POLLING = 4,
};

_Static_assert((int)TURN_MESSAGES <= (int)HANDSHAKE_TOUCHED_MAX &&
		       (int)TURN_TIMERS <= (int)HANDSHAKE_TOUCHED_MAX,
	       "a turn's messages, or its timers, are one batch");

#define S_NS         UINT64_C(1000000000)
#define GIVE_UP_NS   (120 * S_NS)
#define MAX_DELAY_NS (60 * S_NS)

struct handshake_core *handshake_core_new(const struct handshake_core_config *cfg)
{
	struct handshake_core *hc = calloc(1, sizeof(*hc));

	if (hc == NULL)
		return NULL;
	hc->cfg = *cfg;
	hc->send = (struct handshake_send){ .mesh = cfg->mesh,
					    .pool = cfg->pool,
					    .counts = &hc->counts,
					    .core = cfg->core,
					    .index = cfg->index };
	hc->handshake = (struct handshake_config){
		.policy = cfg->policy,
		.aead = cfg->aead,
		.timeout_ns = cfg->timeout_ns,
		.timeout_max_ns = MAX_DELAY_NS,
		.give_up_ns = GIVE_UP_NS,
		.mtu = cfg->mtu,
		.session_ids = cfg->resumption != NULL && cfg->resumption->cache != NULL,
		.tickets = cfg->resumption != NULL,
		.n_tickets = cfg->resumption != NULL ? cfg->resumption->tickets : 0,
	};
	handshake_work_init(hc);
	hc->resume = (struct handshake_resume){ .resumption = cfg->resumption,
						.credentials = cfg->credentials,
						.counts = &hc->counts,
						.asks = cfg->psk_queue != NULL };
	hc->batch = job_batch_new();
	hc->slots = handshake_slots_new(cfg->max_handshakes, cfg->max_lingering);
	hc->share = handshake_share_new(cfg->max_handshakes);
	hc->question_share = handshake_share_new(cfg->max_handshakes);
	hc->rate = handshake_rate_new(cfg->rate_address, cfg->rate_network);
	if (handshake_post_init(hc))
		hc->deadlines = deadlines_new(cfg->max_handshakes + cfg->max_lingering +
					      handshake_post_ids(hc));
	if (hc->batch == NULL || hc->slots == NULL || hc->share == NULL ||
	    hc->question_share == NULL || hc->rate == NULL || hc->deadlines == NULL ||
	    !handshake_resume_init(&hc->resume)) {
		handshake_core_free(hc);
		return NULL;
	}
	return hc;
}

void handshake_core_free(struct handshake_core *hc)
{
	if (hc == NULL)
		return;
	if (hc->deadlines != NULL)
		handshake_post_free(hc);
	handshake_slots_free(hc->slots);
	handshake_memory_free(&hc->memory);
	handshake_share_free(hc->share);
	handshake_share_free(hc->question_share);
	handshake_rate_free(hc->rate);
	deadlines_free(hc->deadlines);
	handshake_resume_free(&hc->resume);
	job_batch_free(hc->batch);
	secret_wipe(&hc->random, sizeof(hc->random));
	free(hc);
}

/* A datagram of a flow with a handshake; returns whether the mbuf was passed on. */
static bool on_datagram(struct handshake_core *hc, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	struct handshake_slot *slot = handshake_work_slot(hc, msg_of(mbuf)->peer_hs, now_ns);

	if (slot == NULL) {
		handshake_core_count(hc, STATUS_STALE_REF);
		return false;
	}
	if (slot->state == SLOT_ACTIVE) {
		handshake_work_input(hc, slot, mbuf, now_ns);
		return false;
	}
	/* It crossed the installation on its way here; the session is its owner's now. */
	msg_of(mbuf)->kind = MSG_HANDOFF;
	handshake_send_mbuf(&hc->send, slot->owner, mbuf);
	return true;
}

/* DTLS 1.3: a Finished that comes again, since our ACK of it was lost (RFC 9147 §5.8.1). */
static void on_late(struct handshake_core *hc, const struct rte_mbuf *mbuf, uint64_t now_ns)
{
	const struct msg *msg = msg_of((struct rte_mbuf *)(uintptr_t)mbuf);
	struct handshake_slot *slot = handshake_slots_get(hc->slots, msg->peer_hs);
	uint8_t ack[HANDSHAKE_ACK_MAX];
	size_t len = 0;

	if (slot != NULL && slot->remnant != NULL)
		len = handshake_remnant_datagram(slot->remnant, hc->cfg.aead, now_ns,
						 rte_pktmbuf_mtod(mbuf, const uint8_t *),
						 rte_pktmbuf_data_len(mbuf), ack);
	if (len > 0)
		handshake_send_seal(&hc->send, msg, RECORD_ACK, ack, len, 0);
	else
		handshake_core_count(hc, STATUS_HS_OLD);
}

/* A handshake record that a live session of DTLS 1.2 opened. */
static void on_opened(struct handshake_core *hc, const struct rte_mbuf *mbuf, uint64_t now_ns)
{
	static const uint8_t no_renegotiation[] = { ALERT_WARNING, ALERT_NO_RENEGOTIATION };
	const struct msg *msg = msg_of((struct rte_mbuf *)(uintptr_t)mbuf);
	struct handshake_slot *slot = handshake_slots_get(hc->slots, msg->peer_hs);
	struct handshake_remnant *remnant = slot == NULL ? NULL : slot->remnant;

	switch (handshake_remnant_input(remnant, now_ns, rte_pktmbuf_mtod(mbuf, const uint8_t *),
					rte_pktmbuf_data_len(mbuf))) {
	case REMNANT_NOTHING:
		handshake_core_count(hc, STATUS_HS_OLD);
		break;
	case REMNANT_REPEAT:
		if (remnant != NULL) /* always: it is what is repeated */
			handshake_send_seal(&hc->send, msg, RECORD_HANDSHAKE, remnant->bytes,
					    (size_t)remnant->prefix_len + remnant->message_len,
					    remnant->prefix_len);
		break;
	case REMNANT_NO_RENEGOTIATION:
		handshake_core_count(hc, STATUS_HS_RENEGOTIATION);
		handshake_send_seal(&hc->send, msg, RECORD_ALERT, no_renegotiation,
				    sizeof(no_renegotiation), 0);
		break;
	}
}

/* The owner took the session, or had no room for it: then the identity is ours to give back. The
 * message names it, since the slot may have been reused meanwhile. */
static void on_installed(struct handshake_core *hc, struct rte_mbuf *mbuf)
{
	struct handshake_slot *slot = handshake_slots_get(hc->slots, msg_of(mbuf)->peer_hs);
	uintptr_t identity;

	if (slot != NULL)
		handshake_post_installed(hc, slot, msg_of(mbuf));
	if (rte_pktmbuf_data_len(mbuf) != sizeof(identity))
		return;
	memcpy(&identity, rte_pktmbuf_mtod(mbuf, const void *), sizeof(identity));
	handshake_work_give_back(hc, (const struct identity *)identity);
}

/* The session is no more: nobody can ask for its last flight again. */
static void on_closed(struct handshake_core *hc, struct session_ref ref)
{
	struct handshake_slot *slot = handshake_slots_get(hc->slots, ref);

	if (slot != NULL && slot->state == SLOT_LINGER)
		handshake_slots_close(hc->slots, slot);
}

static void on_message(struct handshake_core *hc, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	switch ((enum msg_kind)msg_of(mbuf)->kind) {
	case MSG_HELLO:
		handshake_hello(hc, mbuf, now_ns);
		break;
	case MSG_DATAGRAM:
		if (on_datagram(hc, mbuf, now_ns))
			return;
		break;
	case MSG_OPENED:
		if (session_class_is_13(msg_of(mbuf)->class))
			handshake_post_opened(hc, mbuf, now_ns);
		else
			on_opened(hc, mbuf, now_ns);
		break;
	case MSG_SEALED:
		handshake_post_sealed(hc, msg_of(mbuf));
		break;
	case MSG_REKEY_WANTED:
		handshake_post_wanted(hc, msg_of(mbuf), now_ns);
		break;
	case MSG_LATE:
		on_late(hc, mbuf, now_ns);
		break;
	case MSG_INSTALLED:
		on_installed(hc, mbuf);
		break;
	case MSG_CLOSED:
		on_closed(hc, msg_of(mbuf)->peer_hs);
		break;
	default: /* no other kind is sent here */
		break;
	}
	rte_pktmbuf_free(mbuf);
}

/* What the first messages of a turn take hides the way to what the others will read. */
static void look_ahead(const struct handshake_core *hc, struct rte_mbuf *const *mbufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
		if (msg_of(mbufs[i])->kind == MSG_HELLO)
			handshake_rate_prefetch(hc->rate, msg_of(mbufs[i])->flow.remote_ip);
	}
}

static void slot_timer(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	if (handshake_deadline(slot->handshake) <= now_ns)
		handshake_timeout(slot->handshake, now_ns);
	handshake_work_touch(hc, slot);
}

static unsigned run_timers(struct handshake_core *hc, uint64_t now_ns)
{
	unsigned n = 0;
	uint32_t id;

	for (; n < TURN_TIMERS && deadlines_due(hc->deadlines, now_ns, &id); n++) {
		if (id < hc->cfg.max_handshakes + hc->cfg.max_lingering)
			slot_timer(hc, handshake_slots_at(hc->slots, id), now_ns);
		else
			handshake_post_timeout(hc, id, now_ns);
	}
	handshake_work_settle(hc, now_ns);
	return n;
}

/* Handshakes that are left where they are take the slots of those that would be finished. */
static bool crowded(const struct handshake_core *hc)
{
	return handshake_slots_active(hc->slots) > hc->cfg.max_handshakes / 2;
}

unsigned handshake_core_turn(struct handshake_core *hc, uint64_t now_ns)
{
	bool slow = hc->cfg.polls && now_ns < hc->public_keys_until_ns;
	unsigned n, most = slow ? TURN_MESSAGES_POLLING : TURN_MESSAGES;
	struct rte_mbuf *mbufs[TURN_MESSAGES];

	/* UTC is for tickets, whose other readers are elsewhere; all else here counts in now_ns. */
	handshake_resume_turn(&hc->resume, now_ns / S_NS + 1, (uint64_t)time(NULL));
	n = mesh_receive(hc->cfg.mesh, MESH_HANDSHAKE, hc->cfg.index, &hc->next_ring, mbufs, most);
	handshake_rate_turn(hc->rate, now_ns, n < most && !crowded(hc));
	look_ahead(hc, mbufs, n);
	for (unsigned i = 0; i < n; i++)
		on_message(hc, mbufs[i], now_ns);
	handshake_work_settle(hc, now_ns);
	counter_add(&hc->stats.messages, n);
	n += handshake_ask_answers(hc, now_ns);
	n += run_timers(hc, now_ns);
	handshake_slots_expire(hc->slots, now_ns);
	counter_set(&hc->stats.active, handshake_slots_active(hc->slots));
	return n;
}

const struct status_counts *handshake_core_counts(const struct handshake_core *hc)
{
	return &hc->counts;
}

const struct handshake_core_stats *handshake_core_stats(const struct handshake_core *hc)
{
	return &hc->stats;
}
