/* SPDX-License-Identifier: BSD-3-Clause */
#include "client12.h"

#include "auth12.h"
#include "hello_cid.h"
#include "keys12.h"
#include "record_limits.h"
#include "resume12.h"

enum { COOKIES_MAX = 4 }; /* a server that wants more than that is not serious */

static enum hs_next on_hello_verify_request(struct handshake *h,
					    const struct reassembly_message *m);
static enum hs_next on_server_hello(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_certificate(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_hint(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_server_key_exchange(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_certificate_request(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_server_hello_done(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_new_ticket(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m);

/* clang-format off */
const struct hs_row client12_rows[] = {
	/* state                 message                  epoch handler                    RFC */
	{ C12_SERVER_HELLO,      HS_HELLO_VERIFY_REQUEST, 0,    on_hello_verify_request }, /* 6347 4.2.1 */
	{ C12_SERVER_HELLO,      HS_SERVER_HELLO,         0,    on_server_hello },         /* 5246 7.4.1.3 */
	{ C12_PSK_HINT,          HS_SERVER_KEY_EXCHANGE,  0,    on_hint },                 /* 4279 2 */
	{ C12_PSK_HINT,          HS_SERVER_HELLO_DONE,    0,    on_server_hello_done },    /* 5246 7.4.5 */
	{ C12_CERTIFICATE,       HS_CERTIFICATE,          0,    on_certificate },          /* 5246 7.4.2 */
	{ C12_KEY_EXCHANGE,      HS_SERVER_KEY_EXCHANGE,  0,    on_server_key_exchange },  /* 8422 5.4, 5489 2 */
	{ C12_REQUEST,           HS_CERTIFICATE_REQUEST,  0,    on_certificate_request },  /* 5246 7.4.4 */
	{ C12_REQUEST,           HS_SERVER_HELLO_DONE,    0,    on_server_hello_done },
	{ C12_SERVER_HELLO_DONE, HS_SERVER_HELLO_DONE,    0,    on_server_hello_done },
	{ C12_TICKET,            HS_NEW_SESSION_TICKET,   0,    on_new_ticket },           /* 5077 3.3 */
	{ C12_FINISHED,          HS_FINISHED,             1,    on_finished },             /* 5246 7.4.9 */
	{ C12_RESUMED_TICKET,    HS_NEW_SESSION_TICKET,   0,    resume12_new_ticket },
	{ C12_RESUMED,           HS_FINISHED,             1,    resume12_server_finished }, /* 5246 7.3 */
};
/* clang-format on */
const size_t client12_n_rows = sizeof(client12_rows) / sizeof(client12_rows[0]);

static bool offers(const struct hello_policy *policy, enum suite_kx kx)
{
	for (size_t i = 0; i < policy->n_suites; i++)
		if (policy->suites[i]->kx == kx)
			return true;
	return false;
}

/* What goes with suites that have ephemeral keys and certificates. */
static void extensions_offer(const struct hello_policy *policy, struct client_hello_params *p)
{
	static const uint8_t rpk[] = { HS_CERTIFICATE_RPK };

	if (!offers(policy, KX_ECDHE_PSK) && !offers(policy, KX_ECDHE_ECDSA))
		return;
	p->groups = policy->groups;
	p->n_groups = policy->n_groups;
	if (!offers(policy, KX_ECDHE_ECDSA))
		return;
	p->signature_algorithms = auth_schemes;
	p->n_signature_algorithms = AUTH_SCHEMES;
	if (!policy->client_rpk)
		return;
	p->client_certificate_types = p->server_certificate_types = rpk;
	p->n_client_certificate_types = p->n_server_certificate_types = sizeof(rpk);
}

static enum hs_next client_hello_flight(struct handshake *h)
{
	const struct hello_policy *policy = h->cfg->policy;
	uint16_t suites[SUITE_12_N];
	struct client_hello_params p = {
		.random = h->client_random,
		.cookie = h->cookie,
		.cookie_len = h->cookie_len,
		.suites = suites,
		.ems = !h->cfg->no_ems,
		.session_id = h->session_id,
		.session_id_len = h->session_id_len,
		.has_ticket = !h->cfg->no_ticket,
		.ticket = h->ticket.bytes,
		.ticket_len = h->ticket.len,
		.max_fragment_length = h->cfg->max_fragment_length,
		.record_size_limit = h->cfg->record_size_limit,
		.cid = hello_cid_params(h),
	};
	struct wr w;

	for (size_t i = 0; i < policy->n_suites; i++)
		if (!suite_is_13(policy->suites[i]))
			suites[p.n_suites++] = policy->suites[i]->id;
	extensions_offer(policy, &p);
	flight_begin(&h->out);
	w = flight_open(&h->out);
	client_hello_write(&w, &p);
	if (!connection_message(h, &w, 0, HS_CLIENT_HELLO))
		return connection_fail(h, STATUS_HS_INTERNAL, CONNECTION_NO_ALERT);
	h->state = C12_SERVER_HELLO;
	return HS_NEXT_FLIGHT;
}

enum hs_next client12_start(struct handshake *h)
{
	if (!connection_random(h, h->client_random, sizeof(h->client_random)) ||
	    !hello_cid_offer(h) || !resume12_offer(h))
		return HS_NEXT_FAIL;
	return client_hello_flight(h);
}

static bool cookie_take(struct handshake *h, struct rd body)
{
	struct rd cookie;

	if (hello_verify_request_parse(body, &cookie) != HS_PARSE_OK || h->n_cookies >= COOKIES_MAX)
		return false;
	h->n_cookies++;
	h->cookie_len = (uint8_t)rd_len(&cookie);
	memcpy(h->cookie, cookie.p, h->cookie_len);
	return true;
}

static enum hs_next on_hello_verify_request(struct handshake *h, const struct reassembly_message *m)
{
	if (!cookie_take(h, m->body))
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	return client_hello_flight(h);
}

enum hs_next client12_hello_verify_again(struct handshake *h, struct rd body)
{
	struct rd cookie;

	if (h->state != C12_SERVER_HELLO ||
	    hello_verify_request_parse(body, &cookie) != HS_PARSE_OK ||
	    (rd_len(&cookie) == h->cookie_len && memcmp(cookie.p, h->cookie, h->cookie_len) == 0))
		return HS_NEXT_MESSAGE;
	return cookie_take(h, body) ? client_hello_flight(h) : HS_NEXT_MESSAGE;
}

static const struct suite *suite_offered(const struct hello_policy *policy, uint16_t id)
{
	for (size_t i = 0; i < policy->n_suites; i++)
		if (policy->suites[i]->id == id && !suite_is_13(policy->suites[i]))
			return policy->suites[i];
	return NULL;
}

/* The transcript begins with the hello that was answered (RFC 6347 §4.2.1: "the first ClientHello
 * and HelloVerifyRequest are not included"). It still stands in the flight. */
static bool transcript_begin(struct handshake *h, const struct reassembly_message *m)
{
	h->transcript = transcript_new(h->suite->hash);
	if (h->transcript != NULL && !suite_has_psk(h->suite))
		auth12_keep(h);
	return h->transcript != NULL && connection_said(h, 0) && connection_heard(h, m);
}

/* RFC 7250 §4.2: a server answers with a type that was offered. */
static bool types_take(struct handshake *h, const struct server_hello *sh)
{
	bool rpk = h->cfg->policy->client_rpk;

	h->own_type = sh->client_certificate_type;
	h->peer_type = sh->server_certificate_type;
	if (!rpk)
		return !sh->has_client_certificate_type && !sh->has_server_certificate_type;
	return (!sh->has_client_certificate_type || h->own_type == HS_CERTIFICATE_RPK) &&
	       (!sh->has_server_certificate_type || h->peer_type == HS_CERTIFICATE_RPK);
}

static uint8_t state_after_hello(enum suite_kx kx)
{
	switch (kx) {
	case KX_PSK:
		return C12_PSK_HINT;
	case KX_ECDHE_PSK:
		return C12_KEY_EXCHANGE;
	case KX_ECDHE_ECDSA:
	case KX_TLS13: /* not offered */
		break;
	}
	return C12_CERTIFICATE;
}

static enum hs_next on_server_hello(struct handshake *h, const struct reassembly_message *m)
{
	struct server_hello sh;
	enum hs_parse parsed = server_hello_parse(m->body, &sh);
	struct record_limits limits;

	if (parsed != HS_PARSE_OK)
		return connection_unparsed(h, parsed);
	limits = (struct record_limits){ sh.max_fragment_length, sh.record_size_limit };
	if (sh.version != DTLS_1_2)
		return connection_fail(h, STATUS_HELLO_VERSION, ALERT_PROTOCOL_VERSION);
	h->suite = suite_offered(h->cfg->policy, sh.suite);
	if (h->suite == NULL || sh.compression != 0 || (sh.has_ems && h->cfg->no_ems) ||
	    (sh.has_ticket && h->cfg->no_ticket) || !types_take(h, &sh) ||
	    !record_limits_take(h, &limits))
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	if (!hello_cid_take(h, &(struct hello_cid){ sh.has_cid, sh.has_rrc, sh.cid }))
		return HS_NEXT_FAIL;
	if (h->cfg->policy->require_ems && !sh.has_ems)
		return connection_fail(h, STATUS_HS_NO_EMS, ALERT_HANDSHAKE_FAILURE);
	memcpy(h->server_random, sh.random, sizeof(h->server_random));
	h->ems = sh.has_ems;
	if (!transcript_begin(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	if (resume12_accepted(h, &sh))
		return resume12_continue(h, &sh);
	resume12_declined(h, &sh);
	h->credential.kind = suite_has_psk(h->suite) ? CREDENTIAL_PSK : CREDENTIAL_NONE;
	h->ticket_promised = sh.has_ticket;
	h->state = state_after_hello(h->suite->kx);
	h->in.certificates = h->state == C12_CERTIFICATE;
	return HS_NEXT_MESSAGE;
}

/* An identity hint. Devices have one identity, so it changes nothing (RFC 4279 §5.2). */
static enum hs_next on_hint(struct handshake *h, const struct reassembly_message *m)
{
	struct rd hint;

	if (psk_identity_parse(m->body, &hint) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	if (!connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->state = C12_SERVER_HELLO_DONE;
	return HS_NEXT_MESSAGE;
}

/* RFC 8422 §2.1: "the server's certificate MUST contain an ECDSA- or EdDSA-capable public key". */
static enum hs_next on_server_taken(struct handshake *h)
{
	if (signature_key_kind(h->peer_key) == SIGNATURE_KIND_RSA)
		return connection_fail(h, STATUS_HS_CERT, ALERT_UNSUPPORTED_CERTIFICATE);
	h->state = C12_KEY_EXCHANGE;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_no_certificate(struct handshake *h, const struct reassembly_message *m)
{
	(void)m;
	return connection_fail(h, STATUS_HS_NO_CERT, ALERT_ILLEGAL_PARAMETER);
}

static enum hs_next on_certificate(struct handshake *h, const struct reassembly_message *m)
{
	return auth12_peer_certificate(h, m, h->peer_type, on_server_taken, on_no_certificate);
}

static bool group_offered(const struct hello_policy *policy, uint16_t group)
{
	for (size_t i = 0; i < policy->n_groups; i++)
		if (policy->groups[i] == group)
			return true;
	return false;
}

static enum hs_next on_params_signed(struct handshake *h)
{
	h->state = C12_REQUEST;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_server_key_exchange(struct handshake *h, const struct reassembly_message *m)
{
	struct ecdhe_server s;
	bool psk = suite_has_psk(h->suite);
	enum hs_parse parsed =
		psk ? ecdhe_psk_server_parse(m->body, &s) : ecdhe_signed_server_parse(m->body, &s);

	if (parsed != HS_PARSE_OK)
		return connection_unparsed(h, parsed);
	if (!group_offered(h->cfg->policy, s.group) || rd_len(&s.point) > sizeof(h->peer_point) ||
	    !auth12_params(h, s.group, s.point.p, rd_len(&s.point)))
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	h->peer_group = s.group;
	h->peer_point_len = (uint8_t)rd_len(&s.point);
	memcpy(h->peer_point, s.point.p, h->peer_point_len);
	if (!psk)
		return auth12_verify_params(h, m, &s.signature, on_params_signed);
	if (!connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->state = C12_SERVER_HELLO_DONE;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_certificate_request(struct handshake *h, const struct reassembly_message *m)
{
	struct certificate_request cr;
	unsigned kinds;

	if (certificate_request_parse(m->body, &cr) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	if (!connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->certificate_asked = true;
	kinds = auth_own_kinds(cr.signature_algorithms);
	if (h->cfg->own_find != NULL && kinds != 0)
		h->own = h->cfg->own_find(h->cfg->own_arg, NULL, 0, kinds);
	h->state = C12_SERVER_HELLO_DONE;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_client_verify_data(struct handshake *h)
{
	if (!keys12_finished(h))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->state = h->ticket_promised ? C12_TICKET : C12_FINISHED;
	return HS_NEXT_FLIGHT;
}

static enum hs_next on_new_ticket(struct handshake *h, const struct reassembly_message *m)
{
	if (!resume12_ticket(h, m))
		return HS_NEXT_FAIL;
	h->state = C12_FINISHED;
	return HS_NEXT_MESSAGE;
}

static enum hs_next finish(struct handshake *h)
{
	return keys12_verify_data(h, true, on_client_verify_data);
}

static enum hs_next on_messages_signed(struct handshake *h)
{
	struct wr w = flight_open(&h->out);

	hs_signature_write(&w, auth_own_scheme(h), h->job.signature, h->job.signature_len);
	if (!connection_message(h, &w, 0, HS_CERTIFICATE_VERIFY))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return finish(h);
}

static enum hs_next on_keys(struct handshake *h)
{
	return h->own != NULL ? auth12_sign_messages(h, on_messages_signed) : finish(h);
}

static bool client_key_exchange(struct handshake *h)
{
	struct wr w = flight_open(&h->out);

	if (suite_has_psk(h->suite))
		psk_identity_write(&w, h->identity, h->identity_len);
	if (suite_has_ecdhe(h->suite))
		ecdhe_point_write(&w, h->own_point, h->own_point_len);
	return connection_message(h, &w, 0, HS_CLIENT_KEY_EXCHANGE);
}

/* The premaster secret is there: our flight up to the ClientKeyExchange, then the keys. */
static enum hs_next on_premaster(struct handshake *h)
{
	flight_begin(&h->out);
	if ((h->certificate_asked && !auth12_certificate(h, h->own_type)) ||
	    !client_key_exchange(h))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return keys12_derive(h, on_keys);
}

static enum hs_next on_shared(struct handshake *h)
{
	if (!keys12_premaster(h, h->job.shared, sizeof(h->job.shared)))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return on_premaster(h);
}

static enum hs_next on_keygen(struct handshake *h)
{
	h->own_point_len = h->job.point_len;
	memcpy(h->own_point, h->job.point, h->own_point_len);
	return auth_derive(h, rd_of(h->peer_point, h->peer_point_len), on_shared);
}

static enum hs_next on_server_hello_done(struct handshake *h, const struct reassembly_message *m)
{
	if (rd_len(&m->body) != 0)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	if (!connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	connection_awaits(h, m);
	if (suite_has_ecdhe(h->suite))
		return auth_keygen(h, h->peer_group, on_keygen);
	if (!keys12_premaster(h, NULL, 0))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return on_premaster(h);
}

static enum hs_next on_server_verify_data(struct handshake *h)
{
	if (!keys12_peer_verified(h))
		return connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	h->state = C12_DONE;
	return HS_NEXT_DONE;
}

static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m)
{
	return keys12_peer_finished(h, m, on_server_verify_data);
}
