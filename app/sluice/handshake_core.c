/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_core.h"

#include "deadline.h"
#include "handshake_resume.h"
#include "handshake_send.h"
#include "handshake_share.h"
#include "job.h"
#include "job_batch.h"
#include "random.h"
#include "secret.h"

#include <stdlib.h>
#include <time.h>

enum {
	TURN_MESSAGES = 32, /* messages looked at in a turn: rx on the same core must not wait */
	TURN_TIMERS = 32,
	TURN_ANSWERS = 32,
	/* While there is work with public keys, on a core that polls as well. Each may cost three
	 * operations of 20 to 200 us, in which a port's queue of a thousand descriptors fills. */
	TURN_MESSAGES_POLLING = 4,
	TOUCHED_MAX = PRF_BATCH_MAX,
	PENDING_CLASSES = 32, /* values that fit a table entry's class */
};

#define MS_NS UINT64_C(1000000)
#define S_NS  (1000 * MS_NS)
/* RFC 6347 §4.2.4: the last flight is answered again for 2 x MSL (RFC 793: 2 min). */
#define LINGER_NS    (240 * S_NS)
#define GIVE_UP_NS   (120 * S_NS)
#define MAX_DELAY_NS (60 * S_NS)
/* How long after the last operation with a public key the next one is expected. */
#define PUBLIC_KEYS_NS (100 * MS_NS)
/* The owner's ring was full: how soon an installation is tried again. */
#define INSTALL_RETRY_NS MS_NS

_Static_assert((int)TURN_MESSAGES <= (int)TOUCHED_MAX && (int)TURN_TIMERS <= (int)TOUCHED_MAX &&
		       (int)TURN_ANSWERS <= (int)TOUCHED_MAX,
	       "a turn's messages, its timers, or the answers to it, are one batch");

struct handshake_core {
	struct handshake_core_config cfg;
	struct handshake_config handshake;
	struct job_lookup lookup;
	struct handshake_slots *slots;
	struct handshake_share *share; /* of each source prefix in the slots */
	struct handshake_rate *rate;   /* of each source */
	struct deadlines *deadlines;   /* by slot */
	struct handshake_send send;
	struct handshake_resume resume;
	struct job_batch *batch;
	struct random_pool random;
	/* What this turn set off and is not settled yet: no slot twice. */
	struct handshake_slot *touched[TOUCHED_MAX];
	unsigned n_touched;
	unsigned next_ring;
	uint64_t public_keys_until_ns;
	struct status_counts counts;
	struct handshake_core_stats stats;
};

static void find_psk(void *arg, struct handshake_job *job)
{
	const struct handshake_core *hc = arg;

	job->psk_len = (uint8_t)credentials_psk(hc->cfg.credentials, job->identity,
						job->identity_len, job->psk, &job->interned);
	job->later = job->psk_len == 0 && hc->cfg.psk_queue != NULL;
}

static void find_session(void *arg, struct handshake_job *job)
{
	handshake_resume_find(&((struct handshake_core *)arg)->resume, job);
}

static void keep_session(void *arg, struct handshake_job *job)
{
	handshake_resume_keep(&((struct handshake_core *)arg)->resume, job);
}

static struct x509_own *find_own(void *arg, const uint8_t *name, size_t len, unsigned kinds)
{
	return credentials_own(((const struct handshake_core *)arg)->cfg.credentials, name, len,
			       kinds);
}

static void verify_peer(void *arg, struct handshake_job *job)
{
	struct timespec utc;

	/* Certificates end by the calendar. */
	clock_gettime(CLOCK_REALTIME, &utc);
	credentials_judge(((const struct handshake_core *)arg)->cfg.credentials, job, utc.tv_sec);
}

static void give_back(void *arg, const struct identity *id)
{
	identity_put(((const struct handshake_core *)arg)->cfg.credentials->identities, id);
}

static bool pool_random(void *arg, void *out, size_t len)
{
	return random_pool_bytes(&((struct handshake_core *)arg)->random, out, len);
}

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
		.own_find = find_own,
		.own_arg = hc,
		.identity_put = give_back,
		.identity_arg = hc,
	};
	handshake_config_system(&hc->handshake);
	hc->handshake.random = pool_random;
	hc->handshake.random_arg = hc;
	hc->lookup = (struct job_lookup){ .find = find_psk,
					  .session_find = find_session,
					  .session_keep = keep_session,
					  .verify_peer = verify_peer,
					  .arg = hc };
	hc->resume = (struct handshake_resume){ .resumption = cfg->resumption,
						.credentials = cfg->credentials,
						.counts = &hc->counts,
						.asks = cfg->psk_queue != NULL };
	hc->batch = job_batch_new();
	hc->slots = handshake_slots_new(cfg->max_handshakes, cfg->max_lingering);
	hc->share = handshake_share_new(cfg->max_handshakes);
	hc->rate = handshake_rate_new(cfg->rate_address, cfg->rate_network);
	hc->deadlines = deadlines_new(cfg->max_handshakes + cfg->max_lingering);
	if (hc->batch == NULL || hc->slots == NULL || hc->share == NULL || hc->rate == NULL ||
	    hc->deadlines == NULL || !handshake_resume_init(&hc->resume)) {
		handshake_core_free(hc);
		return NULL;
	}
	return hc;
}

void handshake_core_free(struct handshake_core *hc)
{
	if (hc == NULL)
		return;
	handshake_slots_free(hc->slots);
	handshake_share_free(hc->share);
	handshake_rate_free(hc->rate);
	deadlines_free(hc->deadlines);
	handshake_resume_free(&hc->resume);
	job_batch_free(hc->batch);
	secret_wipe(&hc->random, sizeof(hc->random));
	free(hc);
}

static void count(struct handshake_core *hc, enum status status)
{
	status_add(&hc->counts, status, 1);
}

static void send_output(struct handshake_core *hc, const struct handshake_slot *slot)
{
	uint8_t datagram[HANDSHAKE_DATAGRAM_MAX];
	size_t len;

	while (handshake_output(slot->handshake, datagram, &len))
		handshake_send_datagram(&hc->send, slot, MSG_SEND, datagram, len);
}

/* The handshake of a slot is over, one way or the other. */
static void forget(struct handshake_core *hc, struct handshake_slot *slot)
{
	deadlines_set(hc->deadlines, handshake_slots_ref(hc->slots, slot).slot, DEADLINE_NONE);
	handshake_share_give(hc->share, slot->share);
	handshake_free(slot->handshake);
	slot->handshake = NULL;
}

/* Ends a handshake that came to nothing. */
static void abandon(struct handshake_core *hc, struct handshake_slot *slot)
{
	table_remove(hc->cfg.pending, &slot->hash, handshake_slots_ref(hc->slots, slot));
	forget(hc, slot);
	handshake_slots_close(hc->slots, slot);
	counter_add(&hc->stats.failed, 1);
}

/* The last flight as it is kept; NULL: there is none to repeat, or no memory. */
static struct handshake_remnant *remnant_of(const struct handshake *h)
{
	struct handshake_remnant all, *kept = NULL;
	size_t size;

	handshake_remnant(h, &all);
	size = handshake_remnant_size(&all);
	if (size > 0)
		kept = malloc(size);
	if (kept != NULL)
		memcpy(kept, &all, size);
	return kept;
}

/* What is left of a handshake whose session is its owner's. */
static void linger(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	slot->remnant = remnant_of(slot->handshake);
	forget(hc, slot);
	handshake_slots_linger(hc->slots, slot, now_ns + LINGER_NS);
	counter_add(&hc->stats.completed, 1);
	count(hc, STATUS_HS_DONE);
}

/* The credentials may have changed since this handshake asked for them: a session that was made by
 * what is in force no longer is installed all the same, so that its device is told why it ends. */
static void check_again(const struct handshake_core *hc, const struct identity *id)
{
	if (hc->cfg.review != NULL &&
	    credentials_review(hc->cfg.credentials, id, (int64_t)hc->resume.utc_s) != STATUS_OK)
		review_again(hc->cfg.review);
}

/* Acts on how the handshake ended, if it did. false: it may have, but its installation must not be
 * lost on the way, and waits until all of it fits in the owner's ring. */
static bool finish(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	struct rte_mbuf *mbuf;
	struct handshake_event event;

	if (!handshake_over(slot->handshake))
		return true;
	mbuf = handshake_send_reserve(&hc->send, slot->owner);
	if (mbuf == NULL)
		return false;
	handshake_event(slot->handshake, &event);
	/* Sessions have an identity, though their peer may have none. */
	if (event.kind == HANDSHAKE_INSTALL && event.identity == NULL)
		event.identity = credentials_nobody(hc->cfg.credentials);
	if (event.kind == HANDSHAKE_INSTALL && event.identity == NULL) {
		event.kind = HANDSHAKE_FAILED;
		event.status = STATUS_HS_INTERNAL;
	}
	if (event.kind == HANDSHAKE_INSTALL) {
		if (event.resumed)
			count(hc,
			      event.by_ticket ? STATUS_HS_RESUMED_TICKET : STATUS_HS_RESUMED_ID);
		handshake_send_install(&hc->send, slot, handshake_slots_ref(hc->slots, slot),
				       &event, mbuf);
		check_again(hc, event.identity);
		linger(hc, slot, now_ns);
		return true;
	}
	rte_pktmbuf_free(mbuf);
	if (event.kind == HANDSHAKE_FAILED) {
		count(hc, event.status);
		abandon(hc, slot);
	}
	return true;
}

/* A handshake has no job left: what it has to say. */
static void conclude(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	uint32_t id = handshake_slots_ref(hc->slots, slot).slot;

	slot->touched = false;
	send_output(hc, slot);
	if (!finish(hc, slot, now_ns)) {
		handshake_slots_rank(hc->slots, slot, RANK_PROVED);
		deadlines_set(hc->deadlines, id, now_ns + INSTALL_RETRY_NS);
	} else if (slot->state == SLOT_ACTIVE) {
		deadlines_set(hc->deadlines, id, handshake_deadline(slot->handshake));
	}
}

static bool has_public_key(enum handshake_job_kind kind)
{
	switch (kind) {
	case JOB_ECDHE_KEYGEN:
	case JOB_ECDHE_DERIVE:
	case JOB_SIGN:
	case JOB_VERIFY:
	case JOB_VERIFY_PEER:
		return true;
	case JOB_NONE:
	case JOB_PSK_LOOKUP:
	case JOB_PRF:
	case JOB_SESSION_FIND:
	case JOB_SESSION_KEEP:
		break;
	}
	return false;
}

/* A session was looked for. One that is found is worth more than whoever is new and costs its
 * source less; one that is not, and whose source has no token for a full handshake, is all there
 * was to it. Returns whether the handshake goes on. */
static bool goes_on(struct handshake_core *hc, struct handshake_slot *slot)
{
	if (handshake_resumed(slot->handshake)) {
		handshake_slots_rank(hc->slots, slot, RANK_RESUMED);
		handshake_rate_resumed(hc->rate, &slot->source);
		return true;
	}
	if (!slot->resume_only || handshake_over(slot->handshake))
		return true;
	count(hc, STATUS_HELLO_RATE);
	abandon(hc, slot);
	return false;
}

/* Asks for the key of the identity that a job is about; false: it is not to be had. */
static bool ask(struct handshake_core *hc, struct handshake_slot *slot,
		const struct handshake_job *job, uint64_t now_ns)
{
	bool find = job->kind == JOB_SESSION_FIND;

	slot->asking = psk_queue_ask(
		hc->cfg.psk_queue, hc->cfg.index, handshake_slots_ref(hc->slots, slot),
		find ? job->session.name : job->identity,
		find ? job->session.name_len : (uint8_t)job->identity_len, now_ns);
	count(hc, slot->asking ? STATUS_PSK_ASKED : STATUS_PSK_LIMIT);
	return slot->asking;
}

/* The answer to a job that asked; len 0: there is no key. */
static void fill_in(struct handshake_core *hc, struct handshake_job *job, const uint8_t *key,
		    size_t len)
{
	job->later = false;
	if (job->kind == JOB_SESSION_FIND) {
		handshake_resume_answer(&hc->resume, job, key, len);
		return;
	}
	if (len > 0)
		job->interned =
			credentials_asked(hc->cfg.credentials, job->identity, job->identity_len);
	if (job->interned == NULL)
		return;
	memcpy(job->psk, key, len);
	job->psk_len = (uint8_t)len;
}

/* Returns whether the handshake goes on. */
static bool job_done(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	bool find = handshake_job(slot->handshake)->kind == JOB_SESSION_FIND;

	handshake_job_done(slot->handshake, now_ns);
	return !find || goes_on(hc, slot);
}

/* Does the slot's job, or asks for what it needs; returns whether the handshake goes on. */
static bool run_job(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	struct handshake_job *job = handshake_job(slot->handshake);

	if (has_public_key(job->kind))
		hc->public_keys_until_ns = now_ns + PUBLIC_KEYS_NS;
	job_run(job, &hc->lookup);
	if (job->later) {
		if (ask(hc, slot, job, now_ns))
			return true;
		fill_in(hc, job, NULL, 0);
	}
	return job_done(hc, slot, now_ns);
}

/* Nothing to do for it now. */
static bool rests(const struct handshake_slot *slot)
{
	return slot->asking || handshake_job(slot->handshake) == NULL;
}

/* Does a job of each touched handshake that has one; the others are concluded, and touched no
 * more. */
static void run_jobs(struct handshake_core *hc, uint64_t now_ns)
{
	unsigned n = hc->n_touched;

	hc->n_touched = 0;
	for (unsigned i = 0; i < n; i++)
		if (rests(hc->touched[i]))
			conclude(hc, hc->touched[i], now_ns);
		else
			hc->touched[hc->n_touched++] = hc->touched[i];
	n = hc->n_touched;
	hc->n_touched = 0;
	for (unsigned i = 0; i < n; i++)
		if (run_job(hc, hc->touched[i], now_ns))
			hc->touched[hc->n_touched++] = hc->touched[i];
}

/* Everything that inputs or timers set off. PRFs go first and together; what needs no more than
 * those does not wait for slower jobs. */
static void settle(struct handshake_core *hc, uint64_t now_ns)
{
	struct handshake *handshakes[TOUCHED_MAX];

	while (hc->n_touched > 0) {
		for (unsigned i = 0; i < hc->n_touched; i++)
			handshakes[i] = hc->touched[i]->handshake;
		job_batch_prfs(hc->batch, handshakes, hc->n_touched, now_ns);
		run_jobs(hc, now_ns);
	}
}

/* An input or a timer has set something off. */
static void touch(struct handshake_core *hc, struct handshake_slot *slot)
{
	slot->touched = true;
	hc->touched[hc->n_touched++] = slot;
}

/* The slot that a reference names, settled: a second message of a turn finds the first one's
 * consequences. */
static struct handshake_slot *slot_get(struct handshake_core *hc, struct session_ref ref,
				       uint64_t now_ns)
{
	struct handshake_slot *slot = handshake_slots_get(hc->slots, ref);

	if (slot == NULL || !slot->touched)
		return slot;
	settle(hc, now_ns);
	return handshake_slots_get(hc->slots, ref);
}

static void input(struct handshake_core *hc, struct handshake_slot *slot, struct rte_mbuf *mbuf,
		  uint64_t now_ns)
{
	enum status status =
		handshake_input(slot->handshake, now_ns, rte_pktmbuf_mtod(mbuf, const uint8_t *),
				rte_pktmbuf_data_len(mbuf));

	if (status != STATUS_OK)
		count(hc, status);
	else /* Answers go where the newest one came from (same flow, perhaps another router). */
		slot->hop = msg_of(mbuf)->hop;
	touch(hc, slot);
}

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
	settle(hc, now_ns);
	eldest = handshake_slots_eldest(hc->slots);
	if (handshake_slots_active(hc->slots) == hc->cfg.max_handshakes && eldest != NULL &&
	    (eldest->rank == RANK_NEW || asks_to_resume(hc, mbuf))) {
		count(hc, STATUS_HS_EVICTED);
		abandon(hc, eldest);
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
		count(hc, STATUS_HELLO_LIMIT);
		return NULL;
	}
	slot = take_slot(hc, mbuf, &entry.ref, now_ns);
	if (slot == NULL) {
		handshake_share_give(hc->share, share);
		count(hc, STATUS_HELLO_REFUSED);
		return NULL;
	}
	slot->share = share;
	slot->flow = msg->flow;
	slot->hop = msg->hop;
	slot->hash = *hash;
	slot->owner = msg->from;
	slot->handshake = handshake_new(&hc->handshake, HANDSHAKE_SERVER, now_ns);
	if (slot->handshake == NULL ||
	    table_insert(hc->cfg.pending, hash, &entry) != TABLE_INSERTED) {
		count(hc, slot->handshake == NULL ? STATUS_HS_INTERNAL : STATUS_HELLO_REFUSED);
		forget(hc, slot);
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
	struct handshake_slot *slot = slot_get(hc, ref, now_ns);

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
	count(hc, STATUS_HS_REPLACED);
	abandon(hc, slot);
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
		count(hc, STATUS_HELLO_REFUSED);
		return NULL;
	}
	rate = handshake_rate_take(hc->rate, msg_of(mbuf)->flow.remote_ip, &source);
	if (rate == RATE_REFUSED || (rate == RATE_RESUME && !asks_to_resume(hc, mbuf))) {
		count(hc, STATUS_HELLO_RATE);
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

/* A hello whose cookie verified. */
static void on_hello(struct handshake_core *hc, struct rte_mbuf *mbuf, uint64_t now_ns)
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
		input(hc, slot, mbuf, now_ns);
}

/* A datagram of a flow with a handshake; returns whether the mbuf was passed on. */
static bool on_datagram(struct handshake_core *hc, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	struct handshake_slot *slot = slot_get(hc, msg_of(mbuf)->peer_hs, now_ns);

	if (slot == NULL) {
		count(hc, STATUS_STALE_REF);
		return false;
	}
	if (slot->state == SLOT_ACTIVE) {
		input(hc, slot, mbuf, now_ns);
		return false;
	}
	/* It crossed the installation on its way here; the session is its owner's now. */
	msg_of(mbuf)->kind = MSG_HANDOFF;
	handshake_send_mbuf(&hc->send, slot->owner, mbuf);
	return true;
}

/* A handshake record that a live session opened. */
static void on_opened(struct handshake_core *hc, const struct rte_mbuf *mbuf, uint64_t now_ns)
{
	static const uint8_t no_renegotiation[] = { ALERT_WARNING, ALERT_NO_RENEGOTIATION };
	const struct msg *msg = msg_of((struct rte_mbuf *)(uintptr_t)mbuf);
	struct handshake_slot *slot = handshake_slots_get(hc->slots, msg->peer_hs);
	struct handshake_remnant *remnant = slot == NULL ? NULL : slot->remnant;

	switch (handshake_remnant_input(remnant, now_ns, rte_pktmbuf_mtod(mbuf, const uint8_t *),
					rte_pktmbuf_data_len(mbuf))) {
	case REMNANT_NOTHING:
		count(hc, STATUS_HS_OLD);
		break;
	case REMNANT_REPEAT:
		if (remnant != NULL) /* always: it is what is repeated */
			handshake_send_seal(&hc->send, msg, RECORD_HANDSHAKE, remnant->bytes,
					    (size_t)remnant->prefix_len + remnant->message_len,
					    remnant->prefix_len);
		break;
	case REMNANT_NO_RENEGOTIATION:
		count(hc, STATUS_HS_RENEGOTIATION);
		handshake_send_seal(&hc->send, msg, RECORD_ALERT, no_renegotiation,
				    sizeof(no_renegotiation), 0);
		break;
	}
}

/* The owner took the session, or had no room for it: then the identity is ours to give back. The
 * message names it, since the slot may have been reused meanwhile. */
static void on_installed(struct handshake_core *hc, const struct rte_mbuf *mbuf)
{
	uintptr_t identity;

	if (rte_pktmbuf_data_len(mbuf) != sizeof(identity))
		return;
	memcpy(&identity, rte_pktmbuf_mtod(mbuf, const void *), sizeof(identity));
	give_back(hc, (const struct identity *)identity);
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
		on_hello(hc, mbuf, now_ns);
		break;
	case MSG_DATAGRAM:
		if (on_datagram(hc, mbuf, now_ns))
			return;
		break;
	case MSG_OPENED:
		on_opened(hc, mbuf, now_ns);
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

static enum status outcome_status(enum psk_outcome outcome)
{
	switch (outcome) {
	case PSK_FOUND:
		break;
	case PSK_UNKNOWN:
		return STATUS_PSK_UNKNOWN;
	case PSK_TIMEOUT:
		return STATUS_PSK_TIMEOUT;
	}
	return STATUS_OK;
}

/* The handshake that asked goes on, if it is there still. */
static void on_answer(struct handshake_core *hc, const struct psk_question *q, uint64_t now_ns)
{
	struct handshake_slot *slot = slot_get(hc, q->slot, now_ns);
	enum status s = outcome_status((enum psk_outcome)q->outcome);
	struct handshake_job *job = NULL;

	if (s != STATUS_OK)
		count(hc, s);
	if (slot != NULL && slot->asking)
		job = handshake_job(slot->handshake);
	if (job == NULL) {
		count(hc, STATUS_PSK_LATE);
		return;
	}
	slot->asking = false;
	fill_in(hc, job, q->key, q->outcome == PSK_FOUND ? q->key_len : 0);
	if (job_done(hc, slot, now_ns))
		touch(hc, slot);
}

static unsigned take_answers(struct handshake_core *hc, uint64_t now_ns)
{
	struct psk_question *q;
	unsigned n = 0;

	if (hc->cfg.psk_queue == NULL)
		return 0;
	while (n < TURN_ANSWERS &&
	       (q = psk_queue_answered(hc->cfg.psk_queue, hc->cfg.index)) != NULL) {
		on_answer(hc, q, now_ns);
		psk_queue_done(hc->cfg.psk_queue, q);
		n++;
	}
	settle(hc, now_ns);
	return n;
}

static unsigned run_timers(struct handshake_core *hc, uint64_t now_ns)
{
	unsigned n = 0;
	uint32_t id;

	while (n < TURN_TIMERS && deadlines_due(hc->deadlines, now_ns, &id)) {
		struct handshake_slot *slot = handshake_slots_at(hc->slots, id);

		if (handshake_deadline(slot->handshake) <= now_ns)
			handshake_timeout(slot->handshake, now_ns);
		touch(hc, slot);
		n++;
	}
	settle(hc, now_ns);
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
	hc->resume.now_s = now_ns / S_NS + 1;
	hc->resume.utc_s = (uint64_t)time(NULL);
	n = mesh_receive(hc->cfg.mesh, MESH_HANDSHAKE, hc->cfg.index, &hc->next_ring, mbufs, most);
	handshake_rate_turn(hc->rate, now_ns, n < most && !crowded(hc));
	for (unsigned i = 0; i < n; i++)
		on_message(hc, mbufs[i], now_ns);
	settle(hc, now_ns);
	counter_add(&hc->stats.messages, n);
	n += take_answers(hc, now_ns);
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
