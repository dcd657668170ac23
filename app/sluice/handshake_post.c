/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_post.h"

#include "handshake_cids.h"
#include "handshake_core_parts.h"
#include "record13.h"
#include "secret.h"

#include <stdlib.h>

enum {
	REPEATS = 5,  /* of a flight of ours: after 1, 3, 7, 15 and 31 seconds */
	MESSAGES = 8, /* that the answer to a record may be, beside new keys: an ACK, or an alert,
		       * a flight of ours, and connection IDs for its owner */
};

#define NO_FLIGHT    UINT32_MAX
#define MAX_DELAY_NS UINT64_C(60000000000)
/* An owner that does not say what became of an installation: it was lost on the way. */
#define INSTALL_NS UINT64_C(10000000000)

/* A session that something happened to. */
struct post {
	struct session_ref ref;
	struct msg to; /* how its owner is asked to seal for it */
	const struct suite *suite;
	size_t room; /* bytes of content in a record */
	struct post_handshake p;
	uint32_t flight; /* + 1; 0: none */
};

static void *flight_alloc(void *arg, size_t len)
{
	struct handshake_post *post = arg;
	void *p = NULL;

	if (post->n_allocated < post->most)
		p = handshake_memory_alloc(&post->memory, len);
	if (p != NULL)
		post->n_allocated++;
	return p;
}

static void flight_release(void *arg, void *p)
{
	struct handshake_post *post = arg;

	handshake_memory_release(&post->memory, p);
	post->n_allocated--;
}

bool handshake_post_init(struct handshake_core *hc)
{
	struct handshake_post *post = &hc->post;

	if (hc->cfg.post_states == NULL)
		return true;
	post->config = (struct post_handshake_config){ .timeout_ns = hc->cfg.timeout_ns,
						       .timeout_max_ns = MAX_DELAY_NS,
						       .repeats = REPEATS,
						       .alloc = flight_alloc,
						       .release = flight_release,
						       .alloc_arg = post };
	/* Those that are about to be installed are as many again at most. */
	post->most = hc->cfg.max_handshakes;
	post->n = 2 * post->most;
	post->unused = NO_FLIGHT;
	post->flights = calloc(post->n, sizeof(*post->flights));
	return post->flights != NULL;
}

uint32_t handshake_post_ids(const struct handshake_core *hc) { return hc->post.n; }

/* The first id of ours among the deadlines, behind those of slots. */
static uint32_t deadline_id(const struct handshake_core *hc, uint32_t flight)
{
	return hc->cfg.max_handshakes + hc->cfg.max_lingering + flight;
}

/* A flight's place; NO_FLIGHT: all are taken. */
static uint32_t place_take(struct handshake_post *post)
{
	uint32_t i = post->unused;

	if (i != NO_FLIGHT)
		post->unused = post->flights[i].next;
	else if (post->fresh < post->n)
		i = post->fresh++;
	else
		return NO_FLIGHT;
	post->flights[i] = (struct handshake_post_flight){ .used = true };
	return i;
}

static void begun_drop(struct handshake_post *post, struct post_handshake *begun)
{
	post_handshake_wipe(begun, &post->config);
	free(begun);
}

static void place_give(struct handshake_core *hc, uint32_t i)
{
	struct handshake_post *post = &hc->post;
	struct handshake_post_flight *f = &post->flights[i];

	if (f->begun != NULL) {
		struct handshake_slot *slot = handshake_slots_at(hc->slots, f->slot);

		if (slot->post == i + 1)
			slot->post = 0;
		begun_drop(post, f->begun);
	}
	if (f->flight != NULL) {
		flight_wipe(&f->flight->flight);
		flight_release(post, f->flight);
	}
	*f = (struct handshake_post_flight){ .next = post->unused };
	post->unused = i;
	deadlines_set(hc->deadlines, deadline_id(hc, i), DEADLINE_NONE);
}

void handshake_post_free(struct handshake_core *hc)
{
	for (uint32_t i = 0; i < hc->post.fresh; i++)
		if (hc->post.flights[i].used)
			place_give(hc, i);
	free(hc->post.flights);
	handshake_memory_free(&hc->post.memory);
}

/* A live session, without what it goes on from. false: it is gone. */
static bool find(const struct handshake_core *hc, struct session_ref ref, struct post *out)
{
	const struct session_cold *cold;
	size_t around;

	if (hc->cfg.post_states == NULL || !store_live(hc->cfg.store, ref))
		return false;
	cold = &hc->cfg.store->cold[ref.slot];
	*out = (struct post){
		.ref = ref,
		.suite = suite_by_id(cold->suite),
		.to = { .ref = ref,
			.class = cold->class,
			.from = cold->owner,
			.hop.port_id = MSG_COLD_HOP },
	};
	around = RECORD13_HEADER_LEN + 1 + AEAD_TAG_MAX;
	/* How long the peer's is may change, and is its owner's to know. */
	if (cold->class & SESSION_CLASS_CID_OUT)
		around += SESSION_PEER_CID_MAX;
	out->room = hc->cfg.mtu > around ? hc->cfg.mtu - around : 0;
	if (cold->tx_limit != 0 && cold->tx_limit < out->room)
		out->room = cold->tx_limit;
	return out->suite != NULL;
}

/* With it. false: it was never known. */
static bool load(const struct handshake_core *hc, struct session_ref ref, struct post *out)
{
	if (!find(hc, ref, out) ||
	    !post_states_load(hc->cfg.post_states, ref, out->suite, &out->p, &out->flight))
		return false;
	if (out->flight != 0)
		out->p.flight = hc->post.flights[out->flight - 1].flight;
	return true;
}

/* A place for a flight that begins. There are none left only while as many installations as
 * handshakes may be under way got lost. */
static void place_begin(struct handshake_post *post, struct post *s)
{
	uint32_t i = place_take(post);

	if (i != NO_FLIGHT) {
		s->flight = i + 1;
		return;
	}
	post_handshake_drop(&s->p, &post->config);
	s->p.silent = true;
}

/* The flight's place, where it begins or is over. */
static void place_settle(struct handshake_core *hc, struct post *s)
{
	struct handshake_post *post = &hc->post;

	if (s->flight == 0 && s->p.flight != NULL)
		place_begin(post, s);
	if (s->flight == 0)
		return;
	post->flights[s->flight - 1].flight = s->p.flight;
	post->flights[s->flight - 1].ref = s->ref;
	if (s->p.flight == NULL) {
		place_give(hc, s->flight - 1);
		s->flight = 0;
		return;
	}
	deadlines_set(hc->deadlines, deadline_id(hc, s->flight - 1),
		      post_handshake_deadline(&s->p));
}

/* Has sealed what is to be said, and keeps what the session goes on from. */
static void settle(struct handshake_core *hc, struct post *s)
{
	uint8_t content[HANDSHAKE_DATAGRAM_MAX];
	uint16_t token;
	size_t len;

	while (post_handshake_output(&s->p, RTE_MIN(s->room, sizeof(content)), content, &len,
				     &token))
		handshake_send_told(&hc->send, &s->to, content, len, token);
	place_settle(hc, s);
	post_states_save(hc->cfg.post_states, s->ref, s->suite, &s->p, s->flight);
	secret_wipe(s, sizeof(*s));
}

/* New keys of one direction, in a mbuf that was reserved for them. */
static bool rekey(struct handshake_core *hc, const struct post *s, bool tx, struct rte_mbuf *mbuf)
{
	struct session_rekey keys = { .epoch = tx ? s->p.tx_epoch : s->p.rx_epoch, .tx = tx };
	bool ok = traffic_keys13_one(s->suite, tx ? s->p.tx_secret : s->p.rx_secret, keys.key,
				     keys.iv, keys.sn_key);

	if (ok)
		handshake_send_rekey(&hc->send, &s->to, &keys, mbuf);
	secret_wipe(&keys, sizeof(keys));
	return ok;
}

static void alert(struct handshake_core *hc, const struct post *s, enum alert what)
{
	const uint8_t bytes[] = { what == ALERT_CLOSE_NOTIFY ? ALERT_WARNING : ALERT_FATAL,
				  (uint8_t)what };

	handshake_send_seal(&hc->send, &s->to, RECORD_ALERT, bytes, sizeof(bytes), 0);
}

/* Does what a record calls for: keys first, for the peer goes on to them when it has our ACK. */
static void answer(struct handshake_core *hc, const struct post *s, uint64_t number,
		   const struct post_handshake_result *result, struct rte_mbuf *keys)
{
	uint8_t ack[POST_HANDSHAKE_ACK_LEN];
	bool rekeys = result->rx_keys || result->tx_keys;

	if (result->status != STATUS_OK)
		handshake_core_count(hc, result->status);
	if (result->ends) {
		alert(hc, s, result->alert);
		rekeys = false;
	} else if (rekeys && !rekey(hc, s, result->tx_keys, keys)) {
		handshake_core_count(hc, STATUS_HS_INTERNAL);
		alert(hc, s, ALERT_INTERNAL_ERROR);
		rekeys = false;
	} else if (result->ack) {
		post_handshake_ack(number, ack);
		handshake_send_seal(&hc->send, &s->to, RECORD_ACK, ack, sizeof(ack), 0);
	}
	if (!rekeys)
		rte_pktmbuf_free(keys);
}

/* What a message of the peer is taken for. */
struct taking {
	struct handshake_core *hc;
	struct post *s;
	uint64_t now_ns;
};

static enum status take(void *arg, const struct hs_fragment *m, struct rd record, enum alert *alert)
{
	const struct taking *t = arg;

	(void)record;
	return handshake_cids(t->hc, &t->s->to, &t->s->p, t->now_ns, m, alert);
}

void handshake_post_opened(struct handshake_core *hc, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	const struct msg *msg = msg_of(mbuf);
	const struct post_handshake_record record = {
		.number = msg->number,
		.type = msg->type,
		.content = rd_of(rte_pktmbuf_mtod(mbuf, const void *), rte_pktmbuf_data_len(mbuf)),
	};
	struct post_handshake_config config = hc->post.config;
	struct post_handshake_result result;
	struct rte_mbuf *keys;
	struct post s;

	if (!load(hc, msg->ref, &s)) {
		handshake_core_count(hc, STATUS_STALE_REF);
		return;
	}
	config.message = take;
	config.message_arg = &(struct taking){ hc, &s, now_ns };
	/* All of the answer or nothing: a peer that were acknowledged would go on to keys that the
	 * owner does not have. It says it again. */
	keys = handshake_send_reserve(&hc->send, s.to.from, MSG_REKEY, MESSAGES);
	if (keys == NULL) {
		secret_wipe(&s, sizeof(s));
		return;
	}
	post_handshake_input(&s.p, &config, now_ns, &record, &result);
	answer(hc, &s, record.number, &result, keys);
	settle(hc, &s);
}

void handshake_post_sealed(struct handshake_core *hc, const struct msg *msg)
{
	struct post s;

	if (!load(hc, msg->ref, &s))
		return;
	post_handshake_sealed(&s.p, (uint16_t)msg->peer_hs.slot, msg->number);
	secret_wipe(&s, sizeof(s));
}

void handshake_post_wanted(struct handshake_core *hc, const struct msg *msg, uint64_t now_ns)
{
	struct post s;

	if (!load(hc, msg->ref, &s)) {
		handshake_core_count(hc, STATUS_STALE_REF);
		return;
	}
	if (!post_handshake_update(&s.p, &hc->post.config, now_ns, msg->update != 0))
		handshake_core_count(hc, STATUS_HS_POST_LIMIT);
	settle(hc, &s);
}

void handshake_post_timeout(struct handshake_core *hc, uint32_t id, uint64_t now_ns)
{
	uint32_t place = id - deadline_id(hc, 0);
	enum status status;
	struct post s;

	if (!load(hc, hc->post.flights[place].ref, &s)) {
		place_give(hc, place);
		return;
	}
	status = post_handshake_timeout(&s.p, &hc->post.config, now_ns);
	if (status != STATUS_OK)
		handshake_core_count(hc, status);
	settle(hc, &s);
}

void handshake_post_begin(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	struct handshake_post *post = &hc->post;
	struct post_handshake *begun;
	uint32_t i;

	slot->post = 0;
	if (hc->cfg.post_states == NULL)
		return;
	begun = malloc(sizeof(*begun));
	if (begun == NULL)
		return;
	if (!handshake_post(slot->handshake, &post->config, begun)) {
		free(begun);
		return;
	}
	i = place_take(post);
	if (i == NO_FLIGHT) {
		begun_drop(post, begun);
		return;
	}
	post->flights[i].begun = begun;
	post->flights[i].slot = handshake_slots_ref(hc->slots, slot).slot;
	slot->post = i + 1;
	deadlines_set(hc->deadlines, deadline_id(hc, i), now_ns + INSTALL_NS);
}

void handshake_post_installed(struct handshake_core *hc, struct handshake_slot *slot,
			      const struct msg *msg)
{
	struct handshake_post_flight *f;
	struct post s;

	if (slot->post == 0)
		return;
	f = &hc->post.flights[slot->post - 1];
	if (find(hc, msg->ref, &s)) {
		s.p = *f->begun;
		s.flight = slot->post;
		f->begun->flight = NULL;
		begun_drop(&hc->post, f->begun);
		f->begun = NULL;
		settle(hc, &s);
	} else {
		place_give(hc, slot->post - 1);
	}
	slot->post = 0;
}
