/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk13.h"

#include "keys13.h"
#include "psk_import.h"
#include "resume.h"
#include "secret.h"

enum {
	/* That are looked at: a client has a ticket or two and a key of its own. */
	PSKS_MAX = 4,
	/* A ticket has a session's state in it. */
	TICKET_MIN = SESSION_STATE_MIN,
};

static enum hs_next next(struct handshake *h);

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

static enum hs_next found(struct handshake *h, bool by_psk)
{
	enum hs_next n;

	h->v13->by_psk = by_psk;
	n = h->v13->then(h);
	connection_drop(h, &h->hello);
	return n;
}

/* RFC 8446 §4.2.11: "Prior to accepting PSK key establishment, the server MUST validate the
 * corresponding binder value. If this value is not present or does not validate, the server MUST
 * abort the handshake." */
static enum hs_next take(struct handshake *h, struct rd psk, enum secret13 which, struct rd binder)
{
	uint8_t expected[HASH_MAX];

	if (!keys13_early(h, h->suite->hash, psk.p, rd_len(&psk)) ||
	    !keys13_binder(h, which, h->v13->binder_hash, expected))
		return internal(h);
	if (!secret_equal(binder.p, expected, rd_len(&binder)))
		return connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	return found(h, true);
}

/* h->psk stays what it is: sessions are bound to it, whatever it is imported as. */
static enum hs_next imported_take(struct handshake *h, struct rd psk)
{
	const enum prf_hash hash = h->suite->hash;
	uint8_t key[HASH_MAX];
	enum hs_next n;

	if (!psk_import_key(h->v13->key.imported, hash, psk, key))
		return internal(h);
	n = take(h, rd_of(key, hash13_len(hash)), SECRET13_IMPORTED_BINDER, h->v13->key.binder);
	secret_wipe(key, sizeof(key));
	return n;
}

static enum hs_next external_take(struct handshake *h)
{
	const struct rd psk = rd_of(h->psk, h->psk_len);

	h->v13->psk_index = h->v13->key.index;
	h->credential.kind = CREDENTIAL_PSK;
	if (rd_len(&h->v13->key.imported) > 0)
		return imported_take(h, psk);
	return take(h, psk, SECRET13_EXTERNAL_BINDER, h->v13->key.binder);
}

/* Of an identity that nobody has a key of. */
static enum hs_next external_unknown(struct handshake *h)
{
	if (h->choice.certificate)
		return found(h, false);
	h->psk_len = 32;
	return connection_random(h, h->psk, h->psk_len) ? external_take(h) : HS_NEXT_FAIL;
}

static enum hs_next on_psk(struct handshake *h)
{
	const struct handshake_job *job = &h->job;

	if (job->psk_len == 0 || job->psk_len > sizeof(h->psk))
		return external_unknown(h);
	memcpy(h->psk, job->psk, job->psk_len);
	h->psk_len = job->psk_len;
	return external_take(h);
}

static enum hs_next external_find(struct handshake *h)
{
	const struct rd identity = h->v13->key.identity;

	if (rd_len(&identity) == 0) {
		/* Tickets only, and of no session: its client has to begin without them. */
		return h->choice.certificate
			       ? found(h, false)
			       : connection_fail(h, STATUS_HS_AUTH, ALERT_HANDSHAKE_FAILURE);
	}
	h->identity_len = (uint8_t)rd_len(&identity);
	memcpy(h->identity, identity.p, h->identity_len);
	connection_job(h, JOB_PSK_LOOKUP, on_psk);
	h->job.identity = h->identity;
	h->job.identity_len = h->identity_len;
	return HS_NEXT_JOB;
}

static enum hs_next session_take(struct handshake *h)
{
	const struct session_state *s = &h->job.session;
	size_t len = hash13_len(h->suite->hash);

	h->credential = s->credential;
	h->identity_len = s->name_len;
	memcpy(h->identity, s->name, s->name_len);
	h->resumed = h->by_ticket = true;
	return take(h, rd_of(s->master, len), SECRET13_RESUMPTION_BINDER, h->v13->ticket_binder);
}

/* RFC 8446 §4.2.11: the hash goes with the PSK; a session of DTLS 1.2 has a suite of 1.2. A session
 * with nobody is for a server that anybody may begin one with: tickets come from others that share
 * the key, too. */
static bool session_fits(const struct handshake *h, const struct session_state *s)
{
	const struct suite *suite = suite_by_id(s->suite);

	return suite != NULL && suite_is_13(suite) && suite->hash == h->suite->hash &&
	       (s->credential.kind != CREDENTIAL_NONE || h->choice.certificate) &&
	       resume_welcome(h, s);
}

static enum hs_next on_session(struct handshake *h)
{
	if (h->job.found && session_fits(h, &h->job.session))
		return session_take(h);
	resume_refuse(h);
	return next(h);
}

static enum hs_next ticket_find(struct handshake *h, const struct hs_psk *psk)
{
	h->v13->ticket_binder = psk->binder;
	connection_job(h, JOB_SESSION_FIND, on_session);
	h->job.ticket = psk->identity.p;
	h->job.ticket_len = (uint16_t)rd_len(&psk->identity);
	return HS_NEXT_JOB;
}

/* What a PSK may be as a key that the operator gave out. */
static struct connection_key key_of(const struct handshake *h, const struct hs_psk *psk)
{
	struct connection_key key = { .identity = psk->identity,
				      .binder = psk->binder,
				      .index = h->v13->psk_index };

	if (psk_import_parse(psk->identity, h->suite->hash, &key.identity))
		key.imported = psk->identity;
	else
		key.identity = psk->identity;
	return key;
}

/* The first one that may be the name of a key is kept, for when no ticket is good; rather one that
 * is too short for a ticket, as a ticket that is good no more is nobody's name. (A long name has a
 * ticket that is too long for a name.) */
static void key_note(struct handshake *h, const struct connection_key *key)
{
	size_t old = rd_len(&h->v13->key.identity), len = rd_len(&key->identity);

	if (len <= sizeof(h->identity) && (old == 0 || (old >= TICKET_MIN && len < TICKET_MIN)))
		h->v13->key = *key;
}

/* The least that is asked of a ticket before it is looked for. */
static bool may_be_ticket(const struct handshake_config *cfg, const struct hs_psk *psk)
{
	return cfg->tickets && rd_len(&psk->identity) >= TICKET_MIN;
}

bool psk13_wanted(const struct handshake_config *cfg, const struct client_hello *ch)
{
	struct rd identities = ch->psk_identities, binders = ch->psk_binders;
	struct hs_psk psk;

	for (unsigned i = 0; i < PSKS_MAX && hs_psk_next(&identities, &binders, &psk); i++)
		if (may_be_ticket(cfg, &psk))
			return true;
	return false;
}

static enum hs_next next(struct handshake *h)
{
	struct connection13 *v = h->v13;
	struct connection_key key;
	struct hs_psk psk;

	while (v->n_psks < PSKS_MAX && hs_psk_next(&v->identities, &v->binders, &psk)) {
		v->psk_index = v->n_psks++;
		if (rd_len(&psk.binder) != hash13_len(h->suite->hash))
			continue;
		key = key_of(h, &psk);
		key_note(h, &key);
		if (rd_len(&key.imported) == 0 && may_be_ticket(h->cfg, &psk))
			return ticket_find(h, &psk);
	}
	return external_find(h);
}

/* The lists as they stand in the copy of the message. */
static struct rd moved(struct rd list, const struct reassembly_message *m, const uint8_t *copy)
{
	return rd_of(copy + (list.p - m->body.p), rd_len(&list));
}

enum hs_next psk13_find(struct handshake *h, const struct reassembly_message *m,
			const struct client_hello *ch, enum hs_next (*then)(struct handshake *h))
{
	if (!connection_keep(h, &h->hello, m->body.p, rd_len(&m->body)))
		return internal(h);
	h->v13->identities = moved(ch->psk_identities, m, h->hello.bytes);
	h->v13->binders = moved(ch->psk_binders, m, h->hello.bytes);
	h->v13->then = then;
	return next(h);
}
