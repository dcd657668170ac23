/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_core_parts.h"

enum { TURN_ANSWERS = 32 };

_Static_assert((int)TURN_ANSWERS <= (int)HANDSHAKE_TOUCHED_MAX, "they are one batch");

static bool ask(struct handshake_core *hc, const struct handshake_slot *slot,
		const struct handshake_job *job, uint64_t now_ns)
{
	struct psk_asker asker = { .slot = handshake_slots_ref(hc->slots, slot) };
	bool find = job->kind == JOB_SESSION_FIND, asked;

	if (!handshake_share_take(hc->question_share, slot->flow.remote_ip, &asker.share))
		return false;
	asked = psk_queue_ask(hc->cfg.psk_queue, hc->cfg.index, &asker,
			      find ? job->session.name : job->identity,
			      find ? job->session.name_len : (uint8_t)job->identity_len, now_ns);
	if (!asked)
		handshake_share_give(hc->question_share, asker.share);
	return asked;
}

bool handshake_ask(struct handshake_core *hc, struct handshake_slot *slot,
		   const struct handshake_job *job, uint64_t now_ns)
{
	slot->asking = ask(hc, slot, job, now_ns);
	handshake_core_count(hc, slot->asking ? STATUS_PSK_ASKED : STATUS_PSK_LIMIT);
	return slot->asking;
}

void handshake_ask_fill_in(struct handshake_core *hc, struct handshake_job *job, const uint8_t *key,
			   size_t len)
{
	job->later = false;
	if (job->kind == JOB_SESSION_FIND) {
		handshake_resume_answer(&hc->resume, job, key, len);
		return;
	}
	if (len == 0)
		return;
	job->interned = credentials_asked(hc->cfg.credentials, job->identity, job->identity_len);
	if (job->interned == NULL)
		return;
	memcpy(job->psk, key, len);
	job->psk_len = (uint8_t)len;
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
	struct handshake_slot *slot = handshake_work_slot(hc, q->asker.slot, now_ns);
	enum status s = outcome_status((enum psk_outcome)q->outcome);
	struct handshake_job *job = NULL;

	if (s != STATUS_OK)
		handshake_core_count(hc, s);
	if (slot != NULL && slot->asking)
		job = handshake_job(slot->handshake);
	if (job == NULL) {
		handshake_core_count(hc, STATUS_PSK_LATE);
		return;
	}
	slot->asking = false;
	handshake_ask_fill_in(hc, job, q->key, q->outcome == PSK_FOUND ? q->key_len : 0);
	if (handshake_work_job_done(hc, slot, now_ns))
		handshake_work_touch(hc, slot);
}

unsigned handshake_ask_answers(struct handshake_core *hc, uint64_t now_ns)
{
	struct psk_question *q;
	unsigned n = 0;

	if (hc->cfg.psk_queue == NULL)
		return 0;
	while (n < TURN_ANSWERS &&
	       (q = psk_queue_answered(hc->cfg.psk_queue, hc->cfg.index)) != NULL) {
		on_answer(hc, q, now_ns);
		handshake_share_give(hc->question_share, q->asker.share);
		psk_queue_done(hc->cfg.psk_queue, q);
		n++;
	}
	handshake_work_settle(hc, now_ns);
	return n;
}
