/* SPDX-License-Identifier: BSD-3-Clause */
#include "away.h"

#include "random.h"
#include "rrc.h"
#include "secret.h"
#include "stages.h"

#include <rte_memcpy.h>

_Static_assert((AWAY_PATHS & (AWAY_PATHS - 1)) == 0 && AWAY_PATHS % AWAY_WAYS == 0, "sets");

bool away_init(struct away *a) { return random_bytes(&a->key, sizeof(a->key)); }

static bool same_flow(const struct flow *a, const struct flow *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool same_ref(struct session_ref a, struct session_ref b)
{
	return a.slot == b.slot && a.generation == b.generation;
}

static struct away_path *set_of(struct away *a, struct session_ref ref)
{
	/* A shuffle, for slots that are in use often lie side by side by fours. */
	const uint32_t h = ref.slot * UINT32_C(0x9e3779b1);

	const size_t set = (h >> 16) % (AWAY_PATHS / AWAY_WAYS);

	return &a->paths[set * AWAY_WAYS];
}

/* The path of a session; NULL: none. */
static struct away_path *path_of(struct path_core *core, struct session_ref ref)
{
	struct away_path *set = set_of(&core->away, ref);

	for (unsigned i = 0; i < AWAY_WAYS; i++)
		if (same_ref(set[i].ref, ref))
			return &set[i];
	return NULL;
}

/* The path of a session if it leads there; NULL: not. */
static struct away_path *path_to(struct path_core *core, struct session_ref ref,
				 const struct flow *flow)
{
	struct away_path *p = path_of(core, ref);

	return p != NULL && same_flow(&p->flow, flow) ? p : NULL;
}

static void end_challenge(struct path_core *core, struct away_path *p)
{
	core->away.n_challenges -= p->tries != 0;
	p->tries = 0;
}

static void forget(struct path_core *core, struct away_path *p)
{
	end_challenge(core, p);
	p->ref = (struct session_ref){ 0 };
}

/* Room for a path: that of a session that is gone, or else of the one that was not used for the
 * longest time and has no challenge outstanding; NULL: none. */
static struct away_path *room_for(struct path_core *core, struct session_ref ref)
{
	struct away_path *set = set_of(&core->away, ref), *oldest = NULL;

	for (unsigned i = 0; i < AWAY_WAYS; i++) {
		struct away_path *p = &set[i];

		if (!store_live(core->cfg.store, p->ref))
			forget(core, p);
		if (p->tries == 0 && (oldest == NULL || p->used_ns < oldest->used_ns))
			oldest = p;
		if (p->ref.generation == 0)
			return p;
	}
	return oldest;
}

/* The path of a record; NULL: there is none, and it gets none. */
static struct away_path *path_for(struct path_core *core, const struct core_record *rec, bool newer)
{
	const struct msg *msg = msg_of(rec->m);
	struct away_path *p = path_of(core, rec->ref);

	if (p != NULL && same_flow(&p->flow, &msg->flow))
		return p;
	/* A third address counts if it is the newest, and not because it answers a challenge. */
	if (p != NULL && (!newer || rec->type == RECORD_RRC))
		return NULL;
	if (p == NULL)
		p = room_for(core, rec->ref);
	if (p == NULL) {
		core_count(core, STATUS_PATH_FULL);
		return NULL;
	}
	end_challenge(core, p);
	*p = (struct away_path){ .ref = rec->ref, .flow = msg->flow };
	return p;
}

static unsigned sealed_len(const struct store *store, struct session_ref ref, unsigned len)
{
	const struct session_cold *cold = &store->cold[ref.slot];
	const struct aead_info *info = aead_info(session_class_alg(cold->class));
	const unsigned cid_len = cold->peer_cid_len;

	if (session_class_is_13(cold->class))
		return RECORD13_HEADER_LEN + cid_len +
		       (unsigned)record13_inner_len(len, info->tag_len) + info->tag_len;
	return RECORD_HEADER_LEN + cid_len + info->explicit_len + len + (cid_len != 0) +
	       info->tag_len;
}

static bool spend(struct path_core *core, struct away_path *p, unsigned len)
{
	if (p == NULL || p->allowance < len) {
		core_count(core, STATUS_PATH_LIMIT);
		return false;
	}
	p->allowance -= len;
	return true;
}

/* Each challenge has a cookie that nobody can foretell. */
static void make_cookie(const struct away *a, const struct away_path *p, uint64_t try,
			uint8_t out[RRC_COOKIE_LEN])
{
	const uint64_t input[2] = { p->nonce, try };

	bytes_put_raw64(out, keyed_hash(&a->key, input, sizeof(input)));
}

static bool is_cookie(const struct away *a, const struct away_path *p,
		      const uint8_t cookie[RRC_COOKIE_LEN])
{
	uint8_t sent[RRC_COOKIE_LEN];
	bool is = false;

	for (unsigned i = 0; i < p->tries; i++) {
		make_cookie(a, p, i, sent);
		is |= secret_equal(sent, cookie, sizeof(sent));
	}
	return is;
}

/* A message for a path that only goes there. */
static void send(struct path_core *core, const struct away_path *p, struct rte_mbuf *m)
{
	*msg_of(m) = (struct msg){ .kind = MSG_SEAL,
				   .type = RECORD_RRC,
				   .ref = p->ref,
				   .flow = p->flow,
				   .hop = p->hop,
				   .class = core->cfg.store->cold[p->ref.slot].class };
	seal_add(core, m);
}

/* false: it may not go there, or there is no mbuf. */
static bool challenge(struct path_core *core, struct away_path *p)
{
	uint8_t cookie[RRC_COOKIE_LEN];
	struct rte_mbuf *m;

	if (!spend(core, p, sealed_len(core->cfg.store, p->ref, RRC_LEN)))
		return false;
	m = rte_pktmbuf_alloc(core->cfg.pool);
	if (m == NULL) {
		core_count(core, STATUS_NO_MBUF);
		return false;
	}
	if (p->tries == 0) {
		p->nonce = core->away.nonce++;
		core->away.n_challenges++;
	}
	make_cookie(&core->away, p, p->tries++, cookie);
	p->due_ns = core->now_ns + AWAY_T_NS;
	rrc_put((uint8_t *)rte_pktmbuf_append(m, RRC_LEN), RRC_PATH_CHALLENGE, cookie);
	core_count(core, STATUS_PATH_CHALLENGED);
	send(core, p, m);
	return true;
}

/* What a record counts for: not the rest of its datagram, of which nothing is proved. */
static uint32_t worth(const struct core_record *rec)
{
	const struct aead_info *info = aead_info(session_class_alg(rec->class));

	return AWAY_FACTOR * ((uint32_t)rec->plain_len + info->tag_len + RECORD13_HEADER_LEN);
}

void away_arrived(struct path_core *core, struct core_record *rec, bool newer)
{
	const struct msg *msg = msg_of(rec->m);
	const struct session_cold *cold = &core->cfg.store->cold[rec->ref.slot];
	struct away_path *p;

	if (same_flow(&cold->flow, &msg->flow)) {
		/* It has come home: the index entry did not have the tag yet. */
		rec->away = !store_move(core->cfg.store, rec->ref, &msg->flow, &msg->hop);
		return;
	}
	p = path_for(core, rec, newer);
	if (p == NULL)
		return;
	p->hop = msg->hop;
	p->used_ns = core->now_ns;
	p->allowance += RTE_MIN(worth(rec), UINT32_MAX - p->allowance);
	/* The round's operations are still to be read, so nothing may be sealed here: where there
	 * is no room to wait, the next record asks. */
	if (newer && cold->rrc && p->tries == 0 && rec->type != RECORD_RRC &&
	    core->n_seals < CORE_RECORDS_MAX)
		(void)challenge(core, p);
}

static void move(struct path_core *core, struct away_path *p)
{
	/* Where it is not yet in the index, the next record from there brings it home. */
	(void)store_move(core->cfg.store, p->ref, &p->flow, &p->hop);
	core_count(core, STATUS_PATH_MOVED);
	forget(core, p);
}

/* To where the challenge came from, once, and within what that address may get. */
static void respond(struct path_core *core, const struct core_record *rec, const struct rrc *in)
{
	struct msg *msg = msg_of(rec->m);

	if (rec->away && !spend(core, path_to(core, rec->ref, &msg->flow),
				sealed_len(core->cfg.store, rec->ref, RRC_LEN))) {
		rte_pktmbuf_free(rec->m);
		return;
	}
	rrc_put(rte_pktmbuf_mtod(rec->m, uint8_t *), RRC_PATH_RESPONSE, in->cookie);
	*msg = (struct msg){ .kind = MSG_SEAL,
			     .type = RECORD_RRC,
			     .ref = rec->ref,
			     .flow = msg->flow,
			     .hop = msg->hop,
			     .class = rec->class };
	seal_add(core, rec->m);
}

/* An answer to a challenge; from where that was sent only (bad-input I5). */
static enum status answered(struct path_core *core, const struct core_record *rec,
			    const struct rrc *in)
{
	struct away_path *p = path_to(core, rec->ref, &msg_of(rec->m)->flow);

	if (p == NULL || !is_cookie(&core->away, p, in->cookie))
		return STATUS_RRC_COOKIE;
	if (in->type == RRC_PATH_RESPONSE) {
		move(core, p);
		return STATUS_OK;
	}
	end_challenge(core, p);
	return STATUS_PATH_REFUSED;
}

void away_check(struct path_core *core, const struct core_record *rec)
{
	struct rd body = rd_of(rte_pktmbuf_mtod(rec->m, const uint8_t *), rec->plain_len);
	struct rrc in;
	enum status s;

	if (!core->cfg.store->cold[rec->ref.slot].rrc) {
		core_drop(core, rec->m, STATUS_RRC_UNEXPECTED); /* bad-input I6 */
		return;
	}
	if (!rrc_parse(body, &in)) {
		core_drop(core, rec->m, STATUS_RRC_IGNORED);
		return;
	}
	if (in.type == RRC_PATH_CHALLENGE) {
		respond(core, rec, &in);
		return;
	}
	s = answered(core, rec, &in);
	if (s != STATUS_OK)
		core_count(core, s);
	rte_pktmbuf_free(rec->m);
}

void away_proved(struct path_core *core, struct session_ref ref, const struct flow *flow)
{
	struct away_path *p = path_to(core, ref, flow);

	if (p != NULL && store_live(core->cfg.store, ref))
		move(core, p);
	else
		core_count(core, STATUS_STALE_REF);
}

void away_reply(struct path_core *core, struct rte_mbuf *m)
{
	struct msg *msg = msg_of(m);

	if (!store_live(core->cfg.store, msg->ref)) {
		core_drop(core, m, STATUS_STALE_REF);
		return;
	}
	if (!spend(core, path_to(core, msg->ref, &msg->flow),
		   sealed_len(core->cfg.store, msg->ref, rte_pktmbuf_data_len(m)))) {
		rte_pktmbuf_free(m);
		return;
	}
	msg->kind = MSG_REPLY;
	msg->class = core->cfg.store->cold[msg->ref.slot].class;
	seal_add(core, m);
}

/* The same record again, to the session's address. */
static void copy_home(struct path_core *core, struct rte_mbuf *m, const struct session_cold *cold)
{
	const uint16_t len = rte_pktmbuf_data_len(m);
	struct rte_mbuf *copy = rte_pktmbuf_alloc(core->cfg.pool);
	void *to = copy == NULL ? NULL : rte_pktmbuf_append(copy, len);

	if (to == NULL) {
		rte_pktmbuf_free(copy);
		core_count(core, STATUS_NO_MBUF);
		return;
	}
	rte_memcpy(to, rte_pktmbuf_mtod(m, void *), len);
	*msg_of(copy) = (struct msg){ .flow = cold->flow, .hop = cold->hop };
	tx_datagrams(core, &copy, 1);
}

static void send_both_ways(struct path_core *core, struct rte_mbuf *m)
{
	struct msg *msg = msg_of(m);
	const struct session_cold *cold = &core->cfg.store->cold[msg->ref.slot];

	if (same_flow(&msg->flow, &cold->flow))
		return; /* proved meanwhile */
	if (spend(core, path_to(core, msg->ref, &msg->flow), rte_pktmbuf_data_len(m))) {
		copy_home(core, m, cold);
		return;
	}
	msg->flow = cold->flow;
	msg->hop = cold->hop;
}

void away_sealed(struct path_core *core, struct rte_mbuf **m, unsigned n)
{
	core->away.replied = false;
	for (unsigned i = 0; i < n; i++)
		if (msg_of(m[i])->class & MSG_CLASS_AWAY)
			send_both_ways(core, m[i]);
}

static void look_at(struct path_core *core, struct away_path *p)
{
	if (p->tries == 0 || p->due_ns > core->now_ns)
		return;
	if (!store_live(core->cfg.store, p->ref)) {
		forget(core, p);
		return;
	}
	if (p->tries < AWAY_TRIES) {
		p->due_ns = core->now_ns + AWAY_T_NS;
		if (!challenge(core, p))
			p->tries++; /* its turn is over all the same */
		return;
	}
	core_count(core, STATUS_PATH_UNPROVED);
	end_challenge(core, p);
}

void away_run(struct path_core *core)
{
	struct away *a = &core->away;

	if (likely(a->n_challenges == 0))
		return;
	for (unsigned i = 0; i < AWAY_TURN; i++)
		look_at(core, &a->paths[a->cursor++ % AWAY_PATHS]);
}
