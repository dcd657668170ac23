/* SPDX-License-Identifier: BSD-3-Clause */
#include "resume12.h"

#include "client12.h"
#include "keys12.h"
#include "resume.h"
#include "secret.h"
#include "server12.h"
#include "ticket13.h"

enum {
	/* Of the ids that a server of ours makes, and of those that a client makes up for its
	 * ticket (RFC 5077 §3.4). An id goes over the air three times, and need not be secret. */
	SERVER_ID_LEN = 16,
	CLIENT_ID_LEN = 8,
};

_Static_assert((int)SERVER_ID_LEN != (int)CLIENT_ID_LEN, "never the same by chance");

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

/* Server */

static bool asks_by_ticket(const struct handshake_config *cfg, const struct client_hello *ch)
{
	return cfg->tickets && rd_len(&ch->ticket) > 0;
}

bool resume12_wanted(const struct handshake_config *cfg, const struct client_hello *ch)
{
	return asks_by_ticket(cfg, ch) || (cfg->session_ids && rd_len(&ch->session_id) > 0);
}

struct reassembly_message resume12_hello(const struct handshake *h)
{
	return (struct reassembly_message){ .body = rd_of(h->hello.bytes, h->hello.len),
					    .seq = h->repeat_seq,
					    .type = HS_CLIENT_HELLO };
}

/* Gives a session's identity back that will not be this one's. */
static enum hs_next full_handshake(struct handshake *h)
{
	enum hs_next next;

	resume_refuse(h);
	h->by_ticket = false;
	next = h->then(h);
	connection_drop(h, &h->hello);
	return next;
}

/* The suite has to be offered and allowed still; which one we would prefer does not matter. */
static const struct suite *suite_of(const struct handshake *h, const struct client_hello *ch,
				    uint16_t id)
{
	const struct hello_policy *policy = h->cfg->policy;

	for (size_t i = 0; i < policy->n_suites; i++)
		if (policy->suites[i]->id == id && !suite_is_13(policy->suites[i]) &&
		    client_hello_offers(ch, id))
			return policy->suites[i];
	return NULL;
}

static bool new_ticket_message(struct handshake *h)
{
	struct wr w = flight_open(&h->out);

	new_session_ticket_write(&w, h->job.lifetime_s, h->job.sealed, h->job.sealed_len);
	return connection_message(h, &w, 0, HS_NEW_SESSION_TICKET);
}

static enum hs_next on_server_verify_data(struct handshake *h)
{
	if (!keys12_finished(h))
		return internal(h);
	h->state = S12_RESUMED;
	return HS_NEXT_FLIGHT;
}

static enum hs_next on_server_keys(struct handshake *h)
{
	return keys12_verify_data(h, false, on_server_verify_data);
}

/* ServerHello, and the new ticket in h->job if there is one. */
static enum hs_next server_flight(struct handshake *h)
{
	struct hello_choice choice = { .suite = h->suite, .ems = true };
	struct client_hello ch;

	h->ticket_promised = h->job.sealed_len > 0;
	if (client_hello_parse(resume12_hello(h).body, &ch) != HS_PARSE_OK)
		return internal(h);
	choice.renegotiation_info = ch.has_renegotiation_info || ch.has_scsv;
	flight_begin(&h->out);
	if (!server12_hello(h, &choice) || (h->ticket_promised && !new_ticket_message(h)))
		return internal(h);
	connection_drop(h, &h->hello);
	return keys12_expand(h, on_server_keys);
}

/* RFC 5077 §3.4: "If the server accepts the ticket and the Session ID is not empty, then it MUST
 * respond with the same Session ID present in the ClientHello." */
static bool session_take(struct handshake *h, const struct client_hello *ch)
{
	const struct session_state *s = &h->job.session;
	const struct reassembly_message hello = resume12_hello(h);

	h->session_id_len = (uint8_t)rd_len(&ch->session_id);
	memcpy(h->session_id, ch->session_id.p, h->session_id_len);
	memcpy(h->master, s->master, sizeof(h->master));
	h->credential = s->credential;
	h->ems = true;
	h->resumed = true;
	h->transcript = transcript_new(h->suite->hash);
	return h->transcript != NULL && connection_heard(h, &hello);
}

static enum hs_next ticket_renew(struct handshake *h)
{
	h->job.kind = JOB_SESSION_KEEP;
	h->job.session_id_len = 0;
	h->resume = server_flight;
	return HS_NEXT_JOB;
}

/*
 * RFC 7627 §5.3: "If the original session used the 'extended_master_secret' extension but the new
 * ClientHello does not contain it, the server MUST abort the abbreviated handshake", and one
 * without it is not resumed.
 */
static enum hs_next on_found(struct handshake *h)
{
	const struct session_state *s = &h->job.session;
	struct client_hello ch;

	/* RFC 6066 §4: "The negotiated length applies for the duration of the session including
	 * session resumptions." Another one takes another session. */
	if (!h->job.found || !s->ems || s->max_fragment_length != h->max_fragment_length ||
	    !resume_welcome(h, s) || client_hello_parse(resume12_hello(h).body, &ch) != HS_PARSE_OK)
		return full_handshake(h);
	if (!ch.has_ems)
		return connection_fail(h, STATUS_HS_NO_EMS, ALERT_HANDSHAKE_FAILURE);
	h->suite = suite_of(h, &ch, s->suite);
	if (h->suite == NULL)
		return full_handshake(h);
	if (!session_take(h, &ch))
		return internal(h);
	return h->job.renew && ch.has_ticket ? ticket_renew(h) : server_flight(h);
}

enum hs_next resume12_find(struct handshake *h, const struct reassembly_message *m,
			   enum hs_next (*full)(struct handshake *h))
{
	struct client_hello ch;

	if (!connection_keep(h, &h->hello, m->body.p, rd_len(&m->body)) ||
	    client_hello_parse(resume12_hello(h).body, &ch) != HS_PARSE_OK)
		return internal(h);
	h->by_ticket = asks_by_ticket(h->cfg, &ch);
	connection_job(h, JOB_SESSION_FIND, on_found);
	if (h->by_ticket) {
		h->job.ticket = ch.ticket.p;
		h->job.ticket_len = (uint16_t)rd_len(&ch.ticket);
	} else {
		h->job.session_id = ch.session_id.p;
		h->job.session_id_len = (uint8_t)rd_len(&ch.session_id);
	}
	h->then = full;
	return HS_NEXT_JOB;
}

bool resume12_promise(struct handshake *h, const struct client_hello *ch)
{
	h->session_id_len = 0;
	if (!h->ems)
		return true;
	h->ticket_promised = h->cfg->tickets && ch->has_ticket;
	if (h->ticket_promised || !h->cfg->session_ids)
		return true;
	h->session_id_len = SERVER_ID_LEN;
	return connection_random(h, h->session_id, h->session_id_len);
}

/* RFC 5077 §3.3: a ticket that was promised and could not be made is an empty one. */
static enum hs_next on_kept(struct handshake *h)
{
	flight_begin(&h->out);
	if (h->ticket_promised && !new_ticket_message(h))
		return internal(h);
	return h->then(h);
}

enum hs_next resume12_keep(struct handshake *h, enum hs_next (*then)(struct handshake *h))
{
	bool promised = h->ticket_promised || h->session_id_len > 0;

	h->then = then;
	if (promised) {
		connection_job(h, JOB_SESSION_KEEP, on_kept);
		h->job.session_id = h->session_id;
		h->job.session_id_len = h->session_id_len;
		resume_fill(h, &h->job.session);
		memcpy(h->job.session.master, h->master, sizeof(h->master));
		resume_bind(h, &h->job.session);
	}
	secret_wipe(h->psk, sizeof(h->psk));
	return promised ? HS_NEXT_JOB : on_kept(h);
}

static enum hs_next on_client_verify_data(struct handshake *h)
{
	if (!keys12_peer_verified(h))
		return connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	h->state = S12_DONE;
	return HS_NEXT_DONE;
}

enum hs_next resume12_client_finished(struct handshake *h, const struct reassembly_message *m)
{
	return keys12_peer_finished(h, m, on_client_verify_data);
}

/* Client */

/* A server that takes record_size_limit agrees on no max_fragment_length beside it. */
static bool same_fragment_length(const struct handshake_config *cfg,
				 const struct handshake_session *s)
{
	return s->max_fragment_length == cfg->max_fragment_length ||
	       (s->max_fragment_length == 0 && cfg->record_size_limit != 0);
}

bool handshake_client_resume(struct handshake *h, const struct handshake_session *s)
{
	const struct hello_policy *policy = h->cfg->policy;
	struct connection_copy ticket = { .bytes = NULL };
	bool offered = false, by_ticket = s->ticket_len > 0 && !h->cfg->no_ticket;

	if (h->version == DTLS_1_3)
		return ticket13_offer(h, s);
	for (size_t i = 0; i < policy->n_suites; i++)
		offered |= policy->suites[i]->id == s->suite && !suite_is_13(policy->suites[i]);
	if (h->role != HANDSHAKE_CLIENT || h->started || !offered || !s->ems || h->cfg->no_ems ||
	    !same_fragment_length(h->cfg, s) || s->ticket_len > HANDSHAKE_TICKET_MAX ||
	    s->id_len > sizeof(h->session_id) || (!by_ticket && s->id_len == 0))
		return false;
	if (by_ticket && !connection_keep(h, &ticket, s->ticket, s->ticket_len))
		return false;
	connection_drop(h, &h->ticket);
	h->ticket = ticket;
	h->ticket_lifetime_s = s->lifetime_s;
	h->session_id_len = by_ticket ? 0 : s->id_len;
	memcpy(h->session_id, s->id, h->session_id_len);
	h->by_ticket = by_ticket;
	h->offered_suite = s->suite;
	h->credential.kind = s->credential;
	h->offered_fragment_length = s->max_fragment_length;
	memcpy(h->master, s->master, sizeof(h->master));
	return true;
}

bool handshake_session(const struct handshake *h, struct handshake_session *out)
{
	bool by_ticket = h->ticket.len > 0;

	if (h->version == DTLS_1_3)
		return ticket13_session(h, out);
	*out = (struct handshake_session){ .ticket = NULL };
	if (h->role != HANDSHAKE_CLIENT || h->outcome != CONNECTION_DONE || !h->ems ||
	    (!by_ticket && h->session_id_len == 0))
		return false;
	*out = (struct handshake_session){ .suite = h->suite->id,
					   .ems = true,
					   .max_fragment_length = h->max_fragment_length,
					   .credential = h->credential.kind };
	memcpy(out->master, h->master, sizeof(out->master));
	if (by_ticket) {
		out->ticket = h->ticket.bytes;
		out->ticket_len = h->ticket.len;
		out->lifetime_s = h->ticket_lifetime_s;
	} else {
		out->id_len = h->session_id_len;
		memcpy(out->id, h->session_id, h->session_id_len);
	}
	return true;
}

/* RFC 5077 §3.4: a client with a ticket makes up an id, which the server that takes the ticket
 * gives back: so it need not guess from the next message which handshake this is. */
bool resume12_offer(struct handshake *h)
{
	if (!h->by_ticket)
		return true;
	h->session_id_len = CLIENT_ID_LEN;
	return connection_random(h, h->session_id, h->session_id_len);
}

bool resume12_accepted(const struct handshake *h, const struct server_hello *sh)
{
	return h->offered_suite != 0 && rd_len(&sh->session_id) == h->session_id_len &&
	       memcmp(sh->session_id.p, h->session_id, h->session_id_len) == 0;
}

static enum hs_next on_client_keys(struct handshake *h)
{
	(void)h;
	return HS_NEXT_MESSAGE;
}

/* RFC 7627 §5.3: "If a client receives a ServerHello that accepts an abbreviated handshake" and
 * the original session had the extension, the ServerHello must have it too. */
enum hs_next resume12_continue(struct handshake *h, const struct server_hello *sh)
{
	if (sh->suite != h->offered_suite || h->max_fragment_length != h->offered_fragment_length)
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	if (!sh->has_ems)
		return connection_fail(h, STATUS_HS_NO_EMS, ALERT_HANDSHAKE_FAILURE);
	h->resumed = true;
	h->state = sh->has_ticket ? C12_RESUMED_TICKET : C12_RESUMED;
	return keys12_expand(h, on_client_keys);
}

void resume12_declined(struct handshake *h, const struct server_hello *sh)
{
	h->by_ticket = false;
	connection_drop(h, &h->ticket);
	secret_wipe(h->master, sizeof(h->master));
	h->session_id_len = (uint8_t)rd_len(&sh->session_id);
	memcpy(h->session_id, sh->session_id.p, h->session_id_len);
}

/* A ticket that is empty, too long or finds no memory leaves things as they are: there is the old
 * one, or none. */
bool resume12_ticket(struct handshake *h, const struct reassembly_message *m)
{
	struct connection_copy fresh;
	uint32_t lifetime_s;
	struct rd ticket;
	size_t len;

	if (new_session_ticket_parse(m->body, &lifetime_s, &ticket) != HS_PARSE_OK) {
		connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
		return false;
	}
	if (!connection_heard(h, m)) {
		internal(h);
		return false;
	}
	len = rd_len(&ticket);
	if (len == 0 || len > HANDSHAKE_TICKET_MAX || !connection_keep(h, &fresh, ticket.p, len))
		return true;
	connection_drop(h, &h->ticket);
	h->ticket = fresh;
	h->ticket_lifetime_s = lifetime_s;
	return true;
}

enum hs_next resume12_new_ticket(struct handshake *h, const struct reassembly_message *m)
{
	if (!resume12_ticket(h, m))
		return HS_NEXT_FAIL;
	h->state = C12_RESUMED;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_own_verify_data(struct handshake *h)
{
	flight_begin(&h->out);
	if (!keys12_finished(h))
		return internal(h);
	h->state = C12_DONE;
	return HS_NEXT_LAST_FLIGHT;
}

static enum hs_next on_peer_verify_data(struct handshake *h)
{
	if (!keys12_peer_verified(h))
		return connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	return keys12_verify_data(h, true, on_own_verify_data);
}

enum hs_next resume12_server_finished(struct handshake *h, const struct reassembly_message *m)
{
	return keys12_peer_finished(h, m, on_peer_verify_data);
}
