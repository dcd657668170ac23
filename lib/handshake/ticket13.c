/* SPDX-License-Identifier: BSD-3-Clause */
#include "ticket13.h"

#include "resume.h"
#include "secret.h"

/* Server */

static enum hs_next next(struct handshake *h);

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

static unsigned tickets_wanted(const struct handshake *h)
{
	unsigned n = h->cfg->n_tickets != 0 ? h->cfg->n_tickets : 1;

	if (!h->cfg->tickets || h->resumed)
		return 0;
	return n < TICKETS13_MAX ? n : TICKETS13_MAX;
}

static enum hs_next done(struct handshake *h)
{
	secret_wipe(h->psk, sizeof(h->psk));
	return h->v13->then(h);
}

/* RFC 8446 §4.6.1: ticket_age_add is "a securely generated, random 32-bit value"; the nonce is "a
 * per-ticket value that is unique across all tickets issued on this connection". */
static enum hs_next on_kept(struct handshake *h)
{
	struct new_session_ticket13 ticket = {
		.lifetime_s = h->job.lifetime_s,
		.nonce = rd_of(&h->v13->n_tickets, 1),
		.ticket = rd_of(h->job.sealed, h->job.sealed_len),
	};
	struct wr w;

	if (h->job.sealed_len == 0) /* it has none to give, which is no failure */
		return done(h);
	if (!connection_random(h, &ticket.age_add, sizeof(ticket.age_add)))
		return HS_NEXT_FAIL;
	w = flight_open(&h->out);
	new_session_ticket13_write(&w, &ticket);
	if (!connection_message(h, &w, 3, HS_NEW_SESSION_TICKET))
		return h->v13->n_tickets > 0 ? done(h) : internal(h);
	h->v13->n_tickets++;
	return next(h);
}

static enum hs_next next(struct handshake *h)
{
	uint8_t *psk = h->job.session.master;

	if (h->v13->n_tickets == tickets_wanted(h))
		return done(h);
	connection_job(h, JOB_SESSION_KEEP, on_kept);
	resume_fill(h, &h->job.session);
	if (!schedule13_ticket_psk(h->suite->hash, h->master, &h->v13->n_tickets, 1, psk))
		return internal(h);
	resume_bind(h, &h->job.session);
	return HS_NEXT_JOB;
}

enum hs_next ticket13_give(struct handshake *h, enum hs_next (*then)(struct handshake *h))
{
	h->v13->then = then;
	flight_begin(&h->out);
	return next(h);
}

/* Client */

static bool suite_offered(const struct hello_policy *policy, uint16_t id)
{
	for (size_t i = 0; i < policy->n_suites; i++)
		if (policy->suites[i]->id == id)
			return suite_is_13(policy->suites[i]);
	return false;
}

bool ticket13_offer(struct handshake *h, const struct handshake_session *s)
{
	struct connection_copy ticket;

	if (h->started || h->cfg->no_ticket || s->ticket_len == 0 ||
	    s->ticket_len > HANDSHAKE_TICKET_MAX || !suite_offered(h->cfg->policy, s->suite) ||
	    !connection_keep(h, &ticket, s->ticket, s->ticket_len))
		return false;
	connection_drop(h, &h->ticket);
	h->ticket = ticket;
	h->v13->session = *s;
	return true;
}

bool ticket13_session(const struct handshake *h, struct handshake_session *out)
{
	*out = (struct handshake_session){ .ticket = NULL };
	if (h->outcome != CONNECTION_DONE || !h->resumed)
		return false;
	*out = h->v13->session;
	out->ticket = h->ticket.bytes;
	return true;
}

bool handshake_resumption(const struct handshake *h, struct handshake_session *out)
{
	*out = (struct handshake_session){ .ticket = NULL };
	if (h->role != HANDSHAKE_CLIENT || h->outcome != CONNECTION_DONE || h->version != DTLS_1_3)
		return false;
	out->suite = h->suite->id;
	out->credential = h->credential.kind;
	memcpy(out->master, h->master, sizeof(out->master));
	return true;
}

/* The NewSessionTicket that a record is. */
static bool ticket_parse(struct rd record, struct new_session_ticket13 *out)
{
	struct hs_fragment f;

	return hs_fragment_next(&record, &f) && rd_len(&record) == 0 &&
	       f.type == HS_NEW_SESSION_TICKET && rd_len(&f.body) == f.len &&
	       new_session_ticket13_parse(f.body, out) == HS_PARSE_OK &&
	       rd_len(&out->ticket) <= HANDSHAKE_TICKET_MAX;
}

bool handshake_ticket(const struct handshake_session *base, uint64_t now_ns,
		      const uint8_t *plaintext, size_t len, struct handshake_session *out)
{
	const struct suite *suite = suite_by_id(base->suite);
	struct new_session_ticket13 t;

	if (suite == NULL || !ticket_parse(rd_of(plaintext, len), &t))
		return false;
	*out = *base;
	out->ticket = t.ticket.p;
	out->ticket_len = (uint16_t)rd_len(&t.ticket);
	out->lifetime_s = t.lifetime_s;
	out->age_add = t.age_add;
	out->taken_ns = now_ns;
	return schedule13_ticket_psk(suite->hash, base->master, t.nonce.p, rd_len(&t.nonce),
				     out->master);
}

/* RFC 8446 §4.2.11.1: in milliseconds, plus what the server said. */
uint32_t ticket13_age(const struct handshake *h)
{
	const struct handshake_session *s = &h->v13->session;

	return (uint32_t)((h->now_ns - s->taken_ns) / 1000000) + s->age_add;
}
