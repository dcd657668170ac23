/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_core_parts.h"

#include "secret.h"

#include <stdlib.h>
#include <time.h>

#define MS_NS UINT64_C(1000000)
#define S_NS  (1000 * MS_NS)
/* RFC 6347 §4.2.4: the last flight is answered again for 2 x MSL (RFC 793: 2 min). */
#define LINGER_NS (240 * S_NS)
/* How long after the last operation with a public key the next one is expected. */
#define PUBLIC_KEYS_NS (100 * MS_NS)
/* The owner's ring was full: how soon an installation is tried again. */
#define INSTALL_RETRY_NS MS_NS

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

void handshake_work_give_back(const struct handshake_core *hc, const struct identity *id)
{
	identity_put(hc->cfg.credentials->identities, id);
}

static void give_back(void *arg, const struct identity *id) { handshake_work_give_back(arg, id); }

static bool pool_random(void *arg, void *out, size_t len)
{
	return random_pool_bytes(&((struct handshake_core *)arg)->random, out, len);
}

static bool issue_cid(void *arg, uint8_t core, uint8_t *out)
{
	struct handshake_core *hc = arg;

	cid_issue(hc->cfg.cids, core, out);
	return true;
}

void handshake_work_init(struct handshake_core *hc)
{
	hc->handshake.alloc = handshake_memory_alloc;
	hc->handshake.release = handshake_memory_release;
	hc->handshake.alloc_arg = &hc->memory;
	hc->handshake.random = pool_random;
	hc->handshake.random_arg = hc;
	hc->handshake.own_find = find_own;
	hc->handshake.own_arg = hc;
	hc->handshake.cid_issue = issue_cid;
	hc->handshake.cid_arg = hc;
	hc->handshake.identity_put = give_back;
	hc->handshake.identity_arg = hc;
	hc->lookup = (struct job_lookup){ .find = find_psk,
					  .session_find = find_session,
					  .session_keep = keep_session,
					  .verify_peer = verify_peer,
					  .arg = hc };
}

static void send_output(struct handshake_core *hc, const struct handshake_slot *slot)
{
	uint8_t datagram[HANDSHAKE_DATAGRAM_MAX];
	size_t len;

	while (handshake_output(slot->handshake, datagram, &len))
		handshake_send_datagram(&hc->send, slot, MSG_SEND, datagram, len);
}

void handshake_work_forget(struct handshake_core *hc, struct handshake_slot *slot)
{
	deadlines_set(hc->deadlines, handshake_slots_ref(hc->slots, slot).slot, DEADLINE_NONE);
	handshake_share_give(hc->share, slot->share);
	handshake_free(slot->handshake);
	slot->handshake = NULL;
}

void handshake_work_abandon(struct handshake_core *hc, struct handshake_slot *slot)
{
	table_remove(hc->cfg.pending, &slot->hash, handshake_slots_ref(hc->slots, slot));
	handshake_work_forget(hc, slot);
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
	secret_wipe(&all, sizeof(all));
	return kept;
}

/* What is left of a handshake whose session is its owner's. */
static void linger(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	slot->remnant = remnant_of(slot->handshake);
	handshake_work_forget(hc, slot);
	handshake_slots_linger(hc->slots, slot, now_ns + LINGER_NS);
	counter_add(&hc->stats.completed, 1);
	handshake_core_count(hc, STATUS_HS_DONE);
}

/* The credentials may have changed since this handshake asked for them: a session that was made by
 * what is in force no longer is installed all the same, so that its device is told why it ends. */
static void check_again(const struct handshake_core *hc, const struct identity *id)
{
	if (hc->cfg.review != NULL &&
	    credentials_review(hc->cfg.credentials, id, (int64_t)hc->resume.utc_s) != STATUS_OK)
		review_again(hc->cfg.review);
}

/* Only now: a ticket proves who once saw it, the Finished who has the session. */
static void on_resumed(struct handshake_core *hc, const struct handshake_slot *slot, bool by_ticket)
{
	handshake_core_count(hc, by_ticket ? STATUS_HS_RESUMED_TICKET : STATUS_HS_RESUMED_ID);
	handshake_rate_resumed(hc->rate, &slot->source);
}

/* Acts on how the handshake ended, if it did. false: it may have, but its installation must not be
 * lost on the way, and waits until all of it fits in the owner's ring. */
static bool finish(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	struct rte_mbuf *mbuf;
	struct handshake_event event;

	if (!handshake_over(slot->handshake))
		return true;
	mbuf = handshake_send_reserve(&hc->send, slot->owner, MSG_INSTALL, HANDSHAKE_HELD_MAX);
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
		if (suite_is_13(event.suite))
			handshake_core_count(hc, STATUS_HS_DONE_13);
		if (event.resumed)
			on_resumed(hc, slot, event.by_ticket);
		handshake_send_install(&hc->send, slot, handshake_slots_ref(hc->slots, slot),
				       &event, mbuf);
		check_again(hc, event.identity);
		handshake_post_begin(hc, slot, now_ns);
		linger(hc, slot, now_ns);
		return true;
	}
	rte_pktmbuf_free(mbuf);
	if (event.kind == HANDSHAKE_FAILED) {
		handshake_core_count(hc, event.status);
		handshake_work_abandon(hc, slot);
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

/* A source without a token for a full handshake may look for its sessions, and resume one. */
static bool may_go_on(const struct handshake_slot *slot)
{
	const struct handshake_job *job = handshake_job(slot->handshake);

	return !slot->resume_only || handshake_resumed(slot->handshake) ||
	       handshake_over(slot->handshake) || (job != NULL && job->kind == JOB_SESSION_FIND);
}

/* Ends what may not go on; returns whether the handshake does. */
static bool goes_on(struct handshake_core *hc, struct handshake_slot *slot)
{
	if (may_go_on(slot))
		return true;
	handshake_core_count(hc, STATUS_HELLO_RATE);
	handshake_work_abandon(hc, slot);
	return false;
}

bool handshake_work_job_done(struct handshake_core *hc, struct handshake_slot *slot,
			     uint64_t now_ns)
{
	bool find = handshake_job(slot->handshake)->kind == JOB_SESSION_FIND;

	handshake_job_done(slot->handshake, now_ns);
	/* A session that is found is worth more than whoever is new. */
	if (find && handshake_resumed(slot->handshake))
		handshake_slots_rank(hc->slots, slot, RANK_RESUMED);
	return goes_on(hc, slot);
}

/* Does the slot's job, or asks for what it needs; returns whether the handshake goes on. */
static bool run_job(struct handshake_core *hc, struct handshake_slot *slot, uint64_t now_ns)
{
	struct handshake_job *job = handshake_job(slot->handshake);

	if (has_public_key(job->kind))
		hc->public_keys_until_ns = now_ns + PUBLIC_KEYS_NS;
	job_run(job, &hc->lookup);
	if (job->later) {
		if (handshake_ask(hc, slot, job, now_ns))
			return true;
		handshake_ask_fill_in(hc, job, NULL, 0);
	}
	return handshake_work_job_done(hc, slot, now_ns);
}

/* Nothing to do for it now. */
static bool rests(const struct handshake_slot *slot)
{
	return slot->asking || handshake_job(slot->handshake) == NULL;
}

/* The keys that touched handshakes look up. */
static void prefetch_keys(const struct handshake_core *hc)
{
	struct psk_wanted wanted[HANDSHAKE_TOUCHED_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < hc->n_touched; i++) {
		const struct handshake_job *job = handshake_job(hc->touched[i]->handshake);

		if (job->kind == JOB_PSK_LOOKUP)
			wanted[n++] = (struct psk_wanted){ job->identity, job->identity_len };
	}
	credentials_prefetch(hc->cfg.credentials, wanted, n);
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
	prefetch_keys(hc);
	n = hc->n_touched;
	hc->n_touched = 0;
	for (unsigned i = 0; i < n; i++)
		if (run_job(hc, hc->touched[i], now_ns))
			hc->touched[hc->n_touched++] = hc->touched[i];
}

void handshake_work_settle(struct handshake_core *hc, uint64_t now_ns)
{
	struct handshake *handshakes[HANDSHAKE_TOUCHED_MAX];

	while (hc->n_touched > 0) {
		for (unsigned i = 0; i < hc->n_touched; i++)
			handshakes[i] = hc->touched[i]->handshake;
		job_batch_prfs(hc->batch, handshakes, hc->n_touched, now_ns);
		run_jobs(hc, now_ns);
	}
}

void handshake_work_touch(struct handshake_core *hc, struct handshake_slot *slot)
{
	slot->touched = true;
	hc->touched[hc->n_touched++] = slot;
}

struct handshake_slot *handshake_work_slot(struct handshake_core *hc, struct session_ref ref,
					   uint64_t now_ns)
{
	struct handshake_slot *slot = handshake_slots_get(hc->slots, ref);

	if (slot == NULL || !slot->touched)
		return slot;
	handshake_work_settle(hc, now_ns);
	return handshake_slots_get(hc->slots, ref);
}

void handshake_work_input(struct handshake_core *hc, struct handshake_slot *slot,
			  struct rte_mbuf *mbuf, uint64_t now_ns)
{
	enum status status =
		handshake_input(slot->handshake, now_ns, rte_pktmbuf_mtod(mbuf, const uint8_t *),
				rte_pktmbuf_data_len(mbuf));

	if (status != STATUS_OK)
		handshake_core_count(hc, status);
	else /* Answers go where the newest one came from (same flow, perhaps another router). */
		slot->hop = msg_of(mbuf)->hop;
	if (goes_on(hc, slot))
		handshake_work_touch(hc, slot);
}
