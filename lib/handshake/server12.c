/* SPDX-License-Identifier: BSD-3-Clause */
#include "server12.h"

#include "auth12.h"
#include "hello_cid.h"
#include "keys12.h"
#include "record_limits.h"
#include "resume12.h"
#include "secret.h"

static enum hs_next on_certificate(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_client_key_exchange(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_certificate_verify(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m);

/* clang-format off */
const struct hs_row server12_rows[] = {
	/* state                   message                 epoch handler                   RFC 5246 */
	{ S12_CERTIFICATE,         HS_CERTIFICATE,         0,    on_certificate },         /* 7.4.6 */
	{ S12_CLIENT_KEY_EXCHANGE, HS_CLIENT_KEY_EXCHANGE, 0,    on_client_key_exchange }, /* 7.4.7 */
	{ S12_CERTIFICATE_VERIFY,  HS_CERTIFICATE_VERIFY,  0,    on_certificate_verify },  /* 7.4.8 */
	{ S12_FINISHED,            HS_FINISHED,            1,    on_finished },            /* 7.4.9 */
	{ S12_RESUMED,             HS_FINISHED,            1,    resume12_client_finished }, /* 7.3 */
};
/* clang-format on */
const size_t server12_n_rows = sizeof(server12_rows) / sizeof(server12_rows[0]);

bool server12_hello(struct handshake *h, const struct hello_choice *choice)
{
	const struct record_limits limits = record_limits_own(h);
	const struct server_hello_params params = {
		.random = h->server_random,
		.session_id = h->session_id,
		.session_id_len = h->session_id_len,
		.suite = choice->suite->id,
		.ems = choice->ems,
		.renegotiation_info = choice->renegotiation_info,
		.ticket = h->ticket_promised,
		.server_name = choice->server_name,
		.point_formats = choice->point_formats,
		.has_client_certificate_type = choice->has_client_type,
		.has_server_certificate_type = choice->has_server_type,
		.client_certificate_type = choice->client_type,
		.server_certificate_type = choice->server_type,
		.max_fragment_length = limits.max_fragment_length,
		.record_size_limit = limits.record_size_limit,
		.cid = hello_cid_params(h),
	};
	struct wr w = flight_open(&h->out);

	server_hello_write(&w, &params);
	return connection_message(h, &w, 0, HS_SERVER_HELLO);
}

/* RFC 8422 §5.4, RFC 5489 §2: the parameters, behind a hint that says nothing or before a signature
 * that stands in the job. Of plain PSK there is none. */
static bool key_exchange(struct handshake *h)
{
	struct wr w = flight_open(&h->out);

	if (h->suite->kx == KX_PSK)
		return true;
	if (h->suite->kx == KX_ECDHE_PSK)
		psk_identity_write(&w, NULL, 0);
	wr_bytes(&w, h->params + 2 * (size_t)HS_RANDOM_LEN,
		 h->params_len - 2 * (size_t)HS_RANDOM_LEN);
	if (h->suite->kx == KX_ECDHE_ECDSA)
		hs_signature_write(&w, auth_own_scheme(h), h->job.signature, h->job.signature_len);
	return connection_message(h, &w, 0, HS_SERVER_KEY_EXCHANGE);
}

static bool certificate_request(struct handshake *h)
{
	static const uint8_t types[] = { CLIENT_CERTIFICATE_ECDSA_SIGN,
					 CLIENT_CERTIFICATE_RSA_SIGN };
	struct wr w = flight_open(&h->out);

	certificate_request_write(&w, types, sizeof(types), auth_schemes, AUTH_SCHEMES);
	return connection_message(h, &w, 0, HS_CERTIFICATE_REQUEST);
}

static bool hello_flight(struct handshake *h)
{
	const struct hello_choice *c = &h->choice;
	struct wr w;

	flight_begin(&h->out);
	if (!server12_hello(h, c) ||
	    (!suite_has_psk(h->suite) && !auth12_certificate(h, c->server_type)) ||
	    !key_exchange(h) || (c->request_certificate && !certificate_request(h)))
		return false;
	w = flight_open(&h->out);
	return connection_message(h, &w, 0, HS_SERVER_HELLO_DONE);
}

/* Everything that the flight needs is there. */
static enum hs_next answer(struct handshake *h)
{
	if (!hello_flight(h))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->in.certificates = h->choice.request_certificate;
	h->state = h->choice.request_certificate ? S12_CERTIFICATE : S12_CLIENT_KEY_EXCHANGE;
	return HS_NEXT_FLIGHT;
}

static enum hs_next on_keygen(struct handshake *h)
{
	if (!auth12_params(h, h->choice.group, h->job.point, h->job.point_len))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return h->suite->kx == KX_ECDHE_ECDSA ? auth12_sign_params(h, answer) : answer(h);
}

/* The hello's answer when no session is resumed: what was chosen is in h->choice. */
static enum hs_next full_handshake(struct handshake *h, const struct reassembly_message *m,
				   const struct client_hello *ch)
{
	h->suite = h->choice.suite;
	h->ems = h->choice.ems;
	h->credential.kind = suite_has_psk(h->suite) ? CREDENTIAL_PSK : CREDENTIAL_NONE;
	if (!resume12_promise(h, ch))
		return HS_NEXT_FAIL;
	h->transcript = transcript_new(h->suite->hash);
	if (h->transcript != NULL && h->choice.request_certificate)
		auth12_keep(h);
	if (h->transcript == NULL || !connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return suite_has_ecdhe(h->suite) ? auth_keygen(h, h->choice.group, on_keygen) : answer(h);
}

/* The session that the hello asked for is not there; all else was found in order before. */
static enum hs_next on_no_session(struct handshake *h)
{
	struct reassembly_message m = resume12_hello(h);
	struct client_hello ch;

	if (client_hello_parse(m.body, &ch) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return full_handshake(h, &m, &ch);
}

enum hs_next server12_answer(struct handshake *h, const struct reassembly_message *m,
			     const struct client_hello *ch)
{
	if (!connection_version(h, DTLS_1_2, server12_rows, server12_n_rows))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	record_limits_choose(h, &h->choice);
	if (!hello_cid_answer(h, ch))
		return HS_NEXT_FAIL;
	if (resume12_wanted(h->cfg, ch))
		return resume12_find(h, m, on_no_session);
	return full_handshake(h, m, ch);
}

/* bad-input G1: who must show a certificate and has none is refused by the alert of RFC 5246
 * §7.4.6. */
static enum hs_next on_no_certificate(struct handshake *h, const struct reassembly_message *m)
{
	if (h->cfg->policy->client_auth == CLIENT_AUTH_REQUIRED)
		return connection_fail(h, STATUS_HS_NO_CERT, ALERT_HANDSHAKE_FAILURE);
	if (!connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->state = S12_CLIENT_KEY_EXCHANGE;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_peer_taken(struct handshake *h)
{
	h->state = S12_CLIENT_KEY_EXCHANGE;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_certificate(struct handshake *h, const struct reassembly_message *m)
{
	return auth12_peer_certificate(h, m, h->choice.client_type, on_peer_taken,
				       on_no_certificate);
}

/* bad-input G2: a certificate is followed by the proof of its key, and nothing else is. */
static enum hs_next on_keys(struct handshake *h)
{
	h->state = h->peer_key != NULL ? S12_CERTIFICATE_VERIFY : S12_FINISHED;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_premaster(struct handshake *h) { return keys12_derive(h, on_keys); }

static enum hs_next on_shared(struct handshake *h)
{
	if (!keys12_premaster(h, h->job.shared, sizeof(h->job.shared)))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return on_premaster(h);
}

static enum hs_next derive(struct handshake *h)
{
	if (suite_has_ecdhe(h->suite))
		return auth_derive(h, rd_of(h->peer_point, h->peer_point_len), on_shared);
	if (!keys12_premaster(h, NULL, 0))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return on_premaster(h);
}

/*
 * RFC 4279 §2: "servers that have a need to hide [...] MAY" treat an unknown identity as a wrong
 * key: the handshake goes on with a random key, takes the same steps and fails at the same place
 * (bad-input F1).
 */
static enum hs_next on_psk(struct handshake *h)
{
	struct handshake_job *job = &h->job;
	uint8_t random[32];

	if (!connection_random(h, random, sizeof(random)))
		return HS_NEXT_FAIL;
	if (job->psk_len == 0 || job->psk_len > sizeof(job->psk)) {
		memcpy(job->psk, random, sizeof(random));
		job->psk_len = sizeof(random);
	}
	memcpy(h->psk, job->psk, job->psk_len);
	h->psk_len = job->psk_len;
	secret_wipe(random, sizeof(random));
	return derive(h);
}

/* What stands in the message, by the suite; what is not in it is empty. */
static enum hs_parse key_exchange_parse(const struct handshake *h, struct rd body,
					struct rd *identity, struct rd *point)
{
	*identity = *point = rd_of(body.end, 0);
	switch (h->suite->kx) {
	case KX_PSK:
		return psk_identity_parse(body, identity);
	case KX_ECDHE_PSK:
		return ecdhe_psk_client_parse(body, identity, point);
	case KX_ECDHE_ECDSA:
	case KX_TLS13: /* not chosen */
		break;
	}
	return ecdhe_client_parse(body, point);
}

static enum hs_next psk_find(struct handshake *h, struct rd identity)
{
	h->identity_len = (uint8_t)rd_len(&identity);
	memcpy(h->identity, identity.p, h->identity_len);
	connection_job(h, JOB_PSK_LOOKUP, on_psk);
	h->job.identity = h->identity;
	h->job.identity_len = h->identity_len;
	return HS_NEXT_JOB;
}

static enum hs_next on_client_key_exchange(struct handshake *h, const struct reassembly_message *m)
{
	struct rd identity, point;
	size_t len;

	if (key_exchange_parse(h, m->body, &identity, &point) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	len = rd_len(&identity);
	if (suite_has_psk(h->suite) ? len == 0 || len > sizeof(h->identity) : len != 0)
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	if (rd_len(&point) > sizeof(h->peer_point))
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	if (!connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->peer_point_len = (uint8_t)rd_len(&point);
	memcpy(h->peer_point, point.p, h->peer_point_len);
	return suite_has_psk(h->suite) ? psk_find(h, identity) : derive(h);
}

static enum hs_next on_proved(struct handshake *h)
{
	h->state = S12_FINISHED;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_certificate_verify(struct handshake *h, const struct reassembly_message *m)
{
	return auth12_verify_messages(h, m, on_proved);
}

static enum hs_next on_server_verify_data(struct handshake *h)
{
	if (!keys12_finished(h))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->state = S12_DONE;
	return HS_NEXT_LAST_FLIGHT;
}

static enum hs_next on_session_kept(struct handshake *h)
{
	return keys12_verify_data(h, false, on_server_verify_data);
}

static enum hs_next on_client_verify_data(struct handshake *h)
{
	if (!keys12_peer_verified(h))
		return connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	return resume12_keep(h, on_session_kept);
}

static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m)
{
	return keys12_peer_finished(h, m, on_client_verify_data);
}
