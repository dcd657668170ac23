/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_resume.h"

#include "secret.h"

#include <urcu/urcu-qsbr.h>

bool handshake_resume_init(struct handshake_resume *r)
{
	if (r->resumption == NULL)
		return true;
	r->cipher = ticket_cipher_new();
	return r->cipher != NULL;
}

void handshake_resume_free(struct handshake_resume *r)
{
	ticket_cipher_free(r->cipher);
	r->cipher = NULL;
}

void handshake_resume_turn(struct handshake_resume *r, uint64_t now_s, uint64_t utc_s)
{
	uint64_t changes;

	r->now_s = now_s;
	r->utc_s = utc_s;
	if (r->resumption == NULL)
		return;
	changes = atomic_load_explicit(&r->resumption->key_changes, memory_order_acquire);
	if (changes != r->key_changes)
		ticket_cipher_forget(r->cipher);
	r->key_changes = changes;
}

static enum status find_by_ticket(struct handshake_resume *r, struct handshake_job *job)
{
	const struct resumption *res = r->resumption;

	switch (ticket_open(r->cipher, rcu_dereference(res->keys), job->ticket, job->ticket_len,
			    &job->session)) {
	case TICKET_INVALID:
		return STATUS_TICKET_INVALID;
	case TICKET_OPENED:
		break;
	case TICKET_OPENED_OLD:
		job->renew = true;
		break;
	}
	return ticket_expired(&job->session, r->utc_s, res->lifetime_s) ? STATUS_TICKET_EXPIRED
									: STATUS_OK;
}

static enum status find_by_id(struct handshake_resume *r, struct handshake_job *job)
{
	struct session_cache *cache = r->resumption->cache;

	return cache != NULL && session_cache_get(cache, job->session_id, job->session_id_len,
						  r->now_s, &job->session)
		       ? STATUS_OK
		       : STATUS_SESSION_UNKNOWN;
}

/* The key that made the session is the one in force. */
static bool psk_is_same(struct handshake_resume *r, struct handshake_job *job)
{
	const struct session_state *s = &job->session;
	uint8_t psk[PSK_KEY_MAX];
	size_t len = credentials_psk(r->credentials, s->name, s->name_len, psk, &job->interned);
	bool same = len > 0 && session_state_binding(s, psk, len) == s->binding;

	secret_wipe(psk, sizeof(psk));
	job->later = len == 0 && r->asks;
	if (!same && job->interned != NULL) {
		identity_put(r->credentials->identities, job->interned);
		job->interned = NULL;
	}
	return same;
}

static bool intern(struct handshake_resume *r, struct handshake_job *job)
{
	const struct session_state *s = &job->session;

	job->interned = credentials_intern(r->credentials, s->name, s->name_len, &s->credential);
	return job->interned != NULL;
}

/* The device is called what it was called then. */
static enum status find_credential(struct handshake_resume *r, struct handshake_job *job)
{
	const struct session_state *s = &job->session;
	bool good = credentials_still(r->credentials, &s->credential, s->name, s->name_len,
				      (int64_t)r->utc_s) == STATUS_OK;

	switch ((enum credential_kind)s->credential.kind) {
	case CREDENTIAL_NONE:
		break;
	case CREDENTIAL_PSK:
		good = good && psk_is_same(r, job);
		break;
	case CREDENTIAL_X509:
	case CREDENTIAL_RPK:
		good = good && intern(r, job);
		break;
	}
	return good ? STATUS_OK : STATUS_SESSION_REVOKED;
}

void handshake_resume_find(struct handshake_resume *r, struct handshake_job *job)
{
	enum status s = STATUS_SESSION_UNKNOWN;

	if (r->resumption != NULL)
		s = job->ticket_len > 0 ? find_by_ticket(r, job) : find_by_id(r, job);
	if (s == STATUS_OK)
		s = find_credential(r, job);
	if (job->later)
		return;
	job->found = s == STATUS_OK;
	if (!job->found)
		status_add(r->counts, s, 1);
}

void handshake_resume_answer(struct handshake_resume *r, struct handshake_job *job,
			     const uint8_t *key, size_t len)
{
	const struct session_state *s = &job->session;

	if (len > 0 && session_state_binding(s, key, len) == s->binding)
		job->interned = credentials_asked(r->credentials, s->name, s->name_len);
	job->found = job->interned != NULL;
	if (!job->found)
		status_add(r->counts, STATUS_SESSION_REVOKED, 1);
}

/* RFC 5077 §3.3: a hint, and the session's age counts from its full handshake, also for a ticket
 * that replaces one. */
static void keep_in_ticket(struct handshake_resume *r, struct handshake_job *job)
{
	struct session_state *s = &job->session;
	uint64_t age;

	if (s->made_s == 0)
		s->made_s = r->utc_s;
	age = s->made_s < r->utc_s ? r->utc_s - s->made_s : 0;
	if (age >= r->resumption->lifetime_s)
		return;
	job->lifetime_s = r->resumption->lifetime_s - (uint32_t)age;
	job->sealed_len = (uint16_t)ticket_seal(r->cipher, rcu_dereference(r->resumption->keys), s,
						job->sealed);
	if (job->sealed_len > 0)
		status_add(r->counts, STATUS_TICKET_ISSUED, 1);
}

void handshake_resume_keep(struct handshake_resume *r, struct handshake_job *job)
{
	if (r->resumption == NULL)
		return;
	if (job->session_id_len == 0) {
		keep_in_ticket(r, job);
		return;
	}
	job->session.made_s = r->now_s;
	if (r->resumption->cache != NULL && job->session_id_len == SESSION_CACHE_ID &&
	    session_cache_put(r->resumption->cache, job->session_id, &job->session))
		status_add(r->counts, STATUS_SESSION_KEPT, 1);
}
