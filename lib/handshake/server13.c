/* SPDX-License-Identifier: BSD-3-Clause */
#include "server13.h"

#include "auth13.h"
#include "hello_cid.h"
#include "keys13.h"
#include "psk13.h"
#include "record_limits.h"
#include "retry.h"
#include "ticket13.h"

static enum hs_next on_certificate(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_certificate_verify(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m);

/* clang-format off */
const struct hs_row server13_rows[] = {
	/* state                  message                epoch handler                  RFC 8446 */
	{ S13_CERTIFICATE,        HS_CERTIFICATE,        2,    on_certificate },        /* 4.4.2 */
	{ S13_CERTIFICATE_VERIFY, HS_CERTIFICATE_VERIFY, 2,    on_certificate_verify }, /* 4.4.3 */
	{ S13_FINISHED,           HS_FINISHED,           2,    on_finished },           /* 4.4.4 */
};
/* clang-format on */
const size_t server13_n_rows = sizeof(server13_rows) / sizeof(server13_rows[0]);

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

static bool by_ecdhe(const struct handshake *h)
{
	return !h->v13->by_psk || h->choice.psk_mode == HELLO_PSK_DHE_KE;
}

static bool server_hello(struct handshake *h)
{
	const struct server_hello13_params params = {
		.random = h->server_random,
		.suite = h->suite->id,
		.share = { .group = by_ecdhe(h) ? h->choice.group : ECDHE_NONE,
			   .key = h->own_point,
			   .len = h->own_point_len },
		.has_psk = h->v13->by_psk,
		.psk = h->v13->psk_index,
		.cid = hello_cid_params(h),
	};
	struct wr w = flight_open(&h->out);

	server_hello13_write(&w, &params);
	return connection_message(h, &w, 0, HS_SERVER_HELLO);
}

static bool encrypted_extensions(struct handshake *h)
{
	const struct hello_choice *c = &h->choice;
	const struct record_limits limits = record_limits_own(h);
	struct encrypted_extensions e = { .max_fragment_length = limits.max_fragment_length,
					  .record_size_limit = limits.record_size_limit };
	struct wr w = flight_open(&h->out);

	if (!h->v13->by_psk) {
		e.server_name = c->server_name;
		e.has_client_certificate_type = c->has_client_type;
		e.has_server_certificate_type = c->has_server_type;
		e.client_certificate_type = c->client_type;
		e.server_certificate_type = c->server_type;
	}
	encrypted_extensions_write(&w, &e);
	return connection_message(h, &w, 2, HS_ENCRYPTED_EXTENSIONS);
}

static bool certificate_request(struct handshake *h)
{
	struct wr w = flight_open(&h->out);

	certificate_request13_write(&w, auth_schemes, AUTH_SCHEMES);
	return connection_message(h, &w, 2, HS_CERTIFICATE_REQUEST);
}

static enum hs_next finish(struct handshake *h)
{
	bool asked = !h->v13->by_psk && h->choice.request_certificate;

	if (!keys13_finished(h) || !keys13_application(h))
		return internal(h);
	h->in.certificates = asked;
	h->state = asked ? S13_CERTIFICATE : S13_FINISHED;
	return HS_NEXT_FLIGHT;
}

/* All that the flight needs is there; shared: what was agreed on, len 0: nothing. */
static enum hs_next answer(struct handshake *h, const uint8_t *shared, size_t len)
{
	flight_begin(&h->out);
	if (!server_hello(h) || !keys13_handshake(h, shared, len) || !encrypted_extensions(h))
		return internal(h);
	if (h->v13->by_psk)
		return finish(h);
	if ((h->choice.request_certificate && !certificate_request(h)) ||
	    !auth13_certificate(h, h->choice.server_type))
		return internal(h);
	return auth13_sign(h, finish);
}

static enum hs_next on_shared(struct handshake *h)
{
	return answer(h, h->job.shared, sizeof(h->job.shared));
}

static enum hs_next on_keygen(struct handshake *h)
{
	h->own_point_len = h->job.point_len;
	memcpy(h->own_point, h->job.point, h->own_point_len);
	return auth_derive(h, rd_of(h->peer_point, h->peer_point_len), on_shared);
}

/* Whether it is a PSK, and which, is known; without one the schedule begins here. */
static enum hs_next on_found(struct handshake *h)
{
	if (!h->v13->by_psk) {
		h->credential.kind = CREDENTIAL_NONE;
		h->identity_len = 0;
		if (!keys13_early(h, h->suite->hash, NULL, 0))
			return internal(h);
	}
	return by_ecdhe(h) ? auth_keygen(h, h->choice.group, on_keygen) : answer(h, NULL, 0);
}

/* The messages before this hello, as RFC 8446 §4.4.1 has them, from the cookie: the hash of the
 * first hello, and the HelloRetryRequest that the gate sent. */
static bool retry_hear(struct handshake *h, const struct client_hello *ch)
{
	uint8_t body[256];
	struct wr w = wr_of(body, sizeof(body));
	struct retry_cookie c;
	size_t len;

	if (rd_len(&ch->retry_cookie) == 0)
		return true;
	if (!retry_cookie_parse(ch->retry_cookie, &c))
		return false;
	h->hash_len = hash13_len(h->suite->hash);
	memcpy(h->hash, c.hash, h->hash_len);
	retry_write(&w, &c, ch->retry_cookie);
	return wr_finish(&w, &len) && connection_transcript_retry(h) &&
	       connection_transcript_header(h, HS_SERVER_HELLO, 0, (uint32_t)len) &&
	       connection_transcript(h, body, len);
}

/* The hello itself. Binders are over all before them, the lengths too (RFC 8446 §4.2.11.2). */
static bool hello_hear(struct handshake *h, const struct reassembly_message *m,
		       const struct client_hello *ch)
{
	size_t len = rd_len(&m->body), cut = rd_len(&ch->psk_identities) > 0 ? ch->binders_at : len;

	if (!connection_transcript_header(h, m->type, m->seq, (uint32_t)len) ||
	    !connection_transcript(h, m->body.p, cut) || !connection_hash(h))
		return false;
	memcpy(h->v13->binder_hash, h->hash, sizeof(h->v13->binder_hash));
	return connection_transcript(h, m->body.p + cut, len - cut);
}

/* The client's public key for the group that was chosen, if one was. */
static bool share_take(struct handshake *h, const struct client_hello *ch)
{
	struct rd key;

	if (h->choice.group == ECDHE_NONE)
		return true;
	if (!client_hello_share(ch, h->choice.group, &key) || rd_len(&key) > sizeof(h->peer_point))
		return false;
	h->peer_point_len = (uint8_t)rd_len(&key);
	memcpy(h->peer_point, key.p, h->peer_point_len);
	return true;
}

enum hs_next server13_answer(struct handshake *h, const struct reassembly_message *m,
			     const struct client_hello *ch)
{
	if (!connection_version(h, DTLS_1_3, server13_rows, server13_n_rows))
		return internal(h);
	record_limits_choose(h, &h->choice);
	if (!hello_cid_answer(h, ch))
		return HS_NEXT_FAIL;
	h->suite = h->choice.suite;
	h->transcript = transcript_new(h->suite->hash);
	if (h->transcript == NULL)
		return internal(h);
	/* bad-input C10, E5: what a client that follows the HelloRetryRequest does not send. */
	if (!share_take(h, ch) || !retry_hear(h, ch))
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	if (!hello_hear(h, m, ch))
		return internal(h);
	if (h->choice.psk_mode != HELLO_PSK_NONE)
		return psk13_find(h, m, ch, on_found);
	return on_found(h);
}

/* bad-input G1. RFC 8446 §4.4.2.4: certificate_required. */
static enum hs_next on_no_certificate(struct handshake *h, const struct reassembly_message *m)
{
	if (h->cfg->policy->client_auth == CLIENT_AUTH_REQUIRED)
		return connection_fail(h, STATUS_HS_NO_CERT, ALERT_CERTIFICATE_REQUIRED);
	if (!connection_heard(h, m))
		return internal(h);
	h->state = S13_FINISHED;
	return HS_NEXT_MESSAGE;
}

/* bad-input G2: a certificate is followed by the proof of its key, and nothing else is. */
static enum hs_next on_peer_taken(struct handshake *h)
{
	h->state = S13_CERTIFICATE_VERIFY;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_certificate(struct handshake *h, const struct reassembly_message *m)
{
	return auth13_peer_certificate(h, m, h->choice.client_type, on_peer_taken,
				       on_no_certificate);
}

static enum hs_next on_proved(struct handshake *h)
{
	h->state = S13_FINISHED;
	return HS_NEXT_MESSAGE;
}

static enum hs_next on_certificate_verify(struct handshake *h, const struct reassembly_message *m)
{
	return auth13_verify(h, m, on_proved);
}

static enum hs_next done(struct handshake *h)
{
	return h->v13->n_tickets > 0 ? HS_NEXT_LAST_FLIGHT : HS_NEXT_DONE;
}

static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m)
{
	if (!keys13_peer_finished(h, m))
		return HS_NEXT_FAIL;
	if (!keys13_resumption(h))
		return internal(h);
	h->tx_epoch = 3;
	h->state = S13_DONE;
	connection_ack(h);
	return ticket13_give(h, done);
}
