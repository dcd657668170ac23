/* SPDX-License-Identifier: BSD-3-Clause */
#include "client13.h"

#include "auth13.h"
#include "hello13.h"
#include "hello_cid.h"
#include "keys13.h"
#include "record_limits.h"

static enum hs_next on_server_hello(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_encrypted_extensions(struct handshake *h,
					    const struct reassembly_message *m);
static enum hs_next on_certificate_request(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_certificate(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_certificate_verify(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m);

/* clang-format off */
const struct hs_row client13_rows[] = {
	/* state                    message                  epoch handler                    RFC 8446 */
	{ C13_SERVER_HELLO,         HS_SERVER_HELLO,         0,    on_server_hello },         /* 4.1.3, 4.1.4 */
	{ C13_ENCRYPTED_EXTENSIONS, HS_ENCRYPTED_EXTENSIONS, 2,    on_encrypted_extensions }, /* 4.3.1 */
	{ C13_REQUEST,              HS_CERTIFICATE_REQUEST,  2,    on_certificate_request },  /* 4.3.2 */
	{ C13_REQUEST,              HS_CERTIFICATE,          2,    on_certificate },          /* 4.4.2 */
	{ C13_CERTIFICATE,          HS_CERTIFICATE,          2,    on_certificate },
	{ C13_CERTIFICATE_VERIFY,   HS_CERTIFICATE_VERIFY,   2,    on_certificate_verify },   /* 4.4.3 */
	{ C13_FINISHED,             HS_FINISHED,             2,    on_finished },             /* 4.4.4 */
};
/* clang-format on */
const size_t client13_n_rows = sizeof(client13_rows) / sizeof(client13_rows[0]);

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

static enum hs_next illegal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
}

/* RFC 8446 §4.2: who receives an extension that he did not ask for "MUST abort the handshake with
 * an 'unsupported_extension' alert". */
static enum hs_next unsolicited(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_PARAMETER, ALERT_UNSUPPORTED_EXTENSION);
}

static enum hs_next hello_flight(struct handshake *h)
{
	flight_begin(&h->out);
	if (!hello13_write(h))
		return internal(h);
	h->state = C13_SERVER_HELLO;
	return HS_NEXT_FLIGHT;
}

static enum hs_next on_keygen(struct handshake *h)
{
	h->own_point_len = h->job.point_len;
	memcpy(h->own_point, h->job.point, h->own_point_len);
	return hello_flight(h);
}

/* A key share of this group, then the hello. */
static enum hs_next share_make(struct handshake *h, uint16_t group)
{
	ecdhe_free(h->ecdhe);
	h->ecdhe = NULL;
	h->v13->group = group;
	return auth_keygen(h, group, on_keygen);
}

enum hs_next client13_start(struct handshake *h)
{
	const struct hello_policy *policy = h->cfg->policy;

	if (!connection_random(h, h->client_random, sizeof(h->client_random)) ||
	    !hello_cid_offer(h))
		return HS_NEXT_FAIL;
	return policy->n_groups > 0 ? share_make(h, policy->groups[0]) : hello_flight(h);
}

static const struct suite *suite_offered(const struct hello_policy *policy, uint16_t id)
{
	for (size_t i = 0; i < policy->n_suites; i++)
		if (policy->suites[i]->id == id && suite_is_13(policy->suites[i]))
			return policy->suites[i];
	return NULL;
}

static bool group_offered(const struct hello_policy *policy, uint16_t group)
{
	for (size_t i = 0; i < policy->n_groups; i++)
		if (policy->groups[i] == group)
			return true;
	return false;
}

/* RFC 8446 §4.4.1: the hash of the first hello, which still stands in the flight, in its place. */
static bool retry_hear(struct handshake *h, const struct reassembly_message *m)
{
	h->transcript = transcript_new(h->suite->hash);
	if (h->transcript == NULL || !connection_said(h, 0) || !connection_hash(h))
		return false;
	transcript_free(h->transcript);
	h->transcript = transcript_new(h->suite->hash);
	return h->transcript != NULL && connection_transcript_retry(h) && connection_heard(h, m);
}

/* RFC 8446 §4.1.4, §4.2.8: one only, that changes something, and asks for a group that was offered
 * and not sent. */
static enum hs_next on_retry(struct handshake *h, const struct reassembly_message *m,
			     const struct server_hello13 *sh)
{
	bool group = sh->has_share;

	if (h->v13->retried)
		return connection_fail(h, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
	if ((!group && rd_len(&sh->cookie) == 0) || rd_len(&sh->cookie) > sizeof(h->cookie) ||
	    (group && (sh->group == h->v13->group || !group_offered(h->cfg->policy, sh->group))))
		return illegal(h);
	h->cookie_len = (uint8_t)rd_len(&sh->cookie);
	if (h->cookie_len > 0)
		memcpy(h->cookie, sh->cookie.p, h->cookie_len);
	h->v13->retried = true;
	if (!retry_hear(h, m))
		return internal(h);
	return group ? share_make(h, sh->group) : hello_flight(h);
}

static enum hs_next on_secret(struct handshake *h, const uint8_t *shared, size_t len)
{
	if (!keys13_handshake(h, shared, len))
		return internal(h);
	h->state = C13_ENCRYPTED_EXTENSIONS;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_shared(struct handshake *h)
{
	return on_secret(h, h->job.shared, sizeof(h->job.shared));
}

/* Whether this is an answer to what was offered: by a PSK of ours or by a certificate, with our key
 * share's group or, by psk_ke, without (CVE-2025-11935). */
static bool answer_fits(const struct handshake *h, const struct server_hello13 *sh)
{
	const struct hello_policy *policy = h->cfg->policy;

	if (sh->has_share ? sh->group != h->v13->group || h->ecdhe == NULL
			  : !sh->has_psk || !policy->psk_ke)
		return false;
	return sh->has_psk ? hello13_psk(h, sh->psk) : hello13_certificates(h);
}

static enum hs_next on_answer(struct handshake *h, const struct reassembly_message *m,
			      const struct server_hello13 *sh)
{
	if (!answer_fits(h, sh))
		return illegal(h);
	if (!hello_cid_take(h, &(struct hello_cid){ sh->has_cid, sh->has_rrc, sh->cid }))
		return HS_NEXT_FAIL;
	if (!h->v13->retried) {
		h->transcript = transcript_new(h->suite->hash);
		if (h->transcript == NULL || !connection_said(h, 0))
			return internal(h);
	}
	h->v13->by_psk = sh->has_psk;
	h->v13->psk_index = (uint8_t)sh->psk;
	if (!connection_heard(h, m) || !hello13_early(h))
		return internal(h);
	return sh->has_share ? auth_derive(h, sh->share, on_shared) : on_secret(h, NULL, 0);
}

static enum hs_next on_server_hello(struct handshake *h, const struct reassembly_message *m)
{
	const struct suite *suite;
	struct server_hello13 sh;
	enum hs_parse parsed = server_hello13_parse(m->body, &sh);

	if (parsed != HS_PARSE_OK)
		return connection_unparsed(h, parsed);
	if (sh.version != DTLS_1_3)
		return connection_fail(h, STATUS_HELLO_VERSION, ALERT_PROTOCOL_VERSION);
	suite = suite_offered(h->cfg->policy, sh.suite);
	if (suite == NULL || sh.compression != 0 || rd_len(&sh.session_id) != 0 ||
	    (h->v13->retried && suite != h->suite))
		return illegal(h);
	if (!hello13_offers(h, &sh))
		return unsolicited(h);
	h->suite = suite;
	return sh.retry ? on_retry(h, m, &sh) : on_answer(h, m, &sh);
}

/* Types of certificates are agreed on where there are some. */
static bool asked_for(const struct handshake *h, const struct encrypted_extensions *e)
{
	bool types = h->cfg->policy->client_rpk && !h->v13->by_psk;

	return !e->server_name && (h->cfg->policy->n_groups > 0 || !e->supported_groups) &&
	       (types || (!e->has_client_certificate_type && !e->has_server_certificate_type)) &&
	       (h->cfg->record_size_limit != 0 || e->record_size_limit == 0) &&
	       (h->cfg->max_fragment_length != 0 || e->max_fragment_length == 0);
}

/* RFC 7250 §4.2: a server answers with a type that was offered. */
static bool types_take(struct handshake *h, const struct encrypted_extensions *e)
{
	h->own_type = e->client_certificate_type;
	h->peer_type = e->server_certificate_type;
	return (!e->has_client_certificate_type || h->own_type == HS_CERTIFICATE_RPK) &&
	       (!e->has_server_certificate_type || h->peer_type == HS_CERTIFICATE_RPK);
}

static enum hs_next on_encrypted_extensions(struct handshake *h, const struct reassembly_message *m)
{
	struct encrypted_extensions e;
	enum hs_parse parsed = encrypted_extensions_parse(m->body, &e);
	struct record_limits limits;

	if (parsed != HS_PARSE_OK)
		return connection_unparsed(h, parsed);
	if (!asked_for(h, &e))
		return unsolicited(h);
	limits = (struct record_limits){ e.max_fragment_length, e.record_size_limit };
	if (!types_take(h, &e) || !record_limits_take(h, &limits))
		return illegal(h);
	if (!connection_heard(h, m))
		return internal(h);
	h->in.certificates = !h->v13->by_psk;
	h->state = h->v13->by_psk ? C13_FINISHED : C13_REQUEST;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_certificate_request(struct handshake *h, const struct reassembly_message *m)
{
	struct certificate_request13 cr;
	enum hs_parse parsed = certificate_request13_parse(m->body, &cr);
	unsigned kinds;

	if (parsed != HS_PARSE_OK)
		return connection_unparsed(h, parsed);
	/* RFC 8446 §4.3.2: "SHALL be zero length unless used for the post-handshake
	 * authentication". */
	if (rd_len(&cr.context) != 0)
		return illegal(h);
	if (!connection_heard(h, m))
		return internal(h);
	h->certificate_asked = true;
	kinds = auth_own_kinds(cr.signature_algorithms);
	if (h->cfg->own_find != NULL && kinds != 0)
		h->own = h->cfg->own_find(h->cfg->own_arg, NULL, 0, kinds);
	h->state = C13_CERTIFICATE;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_peer_taken(struct handshake *h)
{
	h->state = C13_CERTIFICATE_VERIFY;
	return HS_NEXT_MESSAGE;
}

/* RFC 8446 §4.4.2.4: "If the server supplies an empty Certificate message, the client MUST abort
 * the handshake with a 'decode_error' alert." */
static enum hs_next on_no_certificate(struct handshake *h, const struct reassembly_message *m)
{
	(void)m;
	return connection_fail(h, STATUS_HS_NO_CERT, ALERT_DECODE_ERROR);
}

static enum hs_next on_certificate(struct handshake *h, const struct reassembly_message *m)
{
	return auth13_peer_certificate(h, m, h->peer_type, on_peer_taken, on_no_certificate);
}

static enum hs_next on_proved(struct handshake *h)
{
	h->state = C13_FINISHED;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_certificate_verify(struct handshake *h, const struct reassembly_message *m)
{
	return auth13_verify(h, m, on_proved);
}

static enum hs_next finish(struct handshake *h)
{
	if (!keys13_finished(h) || !keys13_resumption(h))
		return internal(h);
	h->tx_epoch = 3;
	h->state = C13_DONE;
	return HS_NEXT_LAST_FLIGHT;
}

static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m)
{
	if (!keys13_peer_finished(h, m))
		return HS_NEXT_FAIL;
	connection_awaits(h, m);
	flight_begin(&h->out);
	/* The secrets of epoch 3 do not depend on what we say now (RFC 8446 §7.1). */
	if (!keys13_application(h) || (h->certificate_asked && !auth13_certificate(h, h->own_type)))
		return internal(h);
	return h->own != NULL ? auth13_sign(h, finish) : finish(h);
}
