/* SPDX-License-Identifier: BSD-3-Clause */
#include "server12.h"

#include "keys12.h"
#include "resume12.h"
#include "secret.h"

static enum hs_next on_client_hello(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_client_key_exchange(struct handshake *h, const struct reassembly_message *m);
static enum hs_next on_finished(struct handshake *h, const struct reassembly_message *m);

/* clang-format off */
const struct hs_row server12_rows[] = {
	/* state                   message                 epoch handler                   RFC 5246 */
	{ S12_CLIENT_HELLO,        HS_CLIENT_HELLO,        0,    on_client_hello },        /* 7.4.1.2 */
	{ S12_CLIENT_KEY_EXCHANGE, HS_CLIENT_KEY_EXCHANGE, 0,    on_client_key_exchange }, /* 7.4.7 */
	{ S12_FINISHED,            HS_FINISHED,            1,    on_finished },            /* 7.4.9 */
	{ S12_RESUMED,             HS_FINISHED,            1,    resume12_client_finished }, /* 7.3 */
};
/* clang-format on */
const size_t server12_n_rows = sizeof(server12_rows) / sizeof(server12_rows[0]);

bool server12_hello(struct handshake *h, const struct hello_choice *choice)
{
	const struct server_hello_params params = {
		.random = h->server_random,
		.session_id = h->session_id,
		.session_id_len = h->session_id_len,
		.suite = choice->suite->id,
		.ems = choice->ems,
		.renegotiation_info = choice->renegotiation_info,
		.ticket = h->ticket_promised,
	};
	struct wr w = flight_open(&h->out);

	server_hello_write(&w, &params);
	return connection_message(h, &w, 0, HS_SERVER_HELLO);
}

static bool hello_flight(struct handshake *h, const struct hello_choice *choice)
{
	struct wr w;

	flight_begin(&h->out);
	if (!server12_hello(h, choice))
		return false;
	w = flight_open(&h->out);
	return connection_message(h, &w, 0, HS_SERVER_HELLO_DONE);
}

/* The hello's answer when no session is resumed. */
static enum hs_next full_handshake(struct handshake *h, const struct reassembly_message *m,
				   const struct client_hello *ch, const struct hello_choice *choice)
{
	h->suite = choice->suite;
	h->ems = choice->ems;
	if (!resume12_promise(h, ch))
		return HS_NEXT_FAIL;
	h->transcript = transcript_new(h->suite->hash);
	if (h->transcript == NULL || !connection_heard(h, m) || !hello_flight(h, choice))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->state = S12_CLIENT_KEY_EXCHANGE;
	return HS_NEXT_FLIGHT;
}

/* The session that the hello asked for is not there; all else was found in order before. */
static enum hs_next on_no_session(struct handshake *h)
{
	struct reassembly_message m = resume12_hello(h);
	struct client_hello ch;
	struct hello_choice choice;

	if (client_hello_parse(m.body, &ch) != HS_PARSE_OK ||
	    hello_select(&ch, h->cfg->policy, SIGNATURE_KIND_NONE, &choice) != STATUS_OK)
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return full_handshake(h, &m, &ch, &choice);
}

static enum hs_next on_client_hello(struct handshake *h, const struct reassembly_message *m)
{
	struct client_hello ch;
	enum hs_parse parsed = client_hello_parse(m->body, &ch);
	struct hello_choice choice;
	enum status s;

	if (parsed != HS_PARSE_OK)
		return connection_unparsed(h, parsed);
	s = hello_select(&ch, h->cfg->policy, SIGNATURE_KIND_NONE, &choice);
	if (s != STATUS_OK)
		return connection_fail(h, s, (int)choice.alert);
	if (!connection_random(h, h->server_random, sizeof(h->server_random)))
		return HS_NEXT_FAIL;
	memcpy(h->client_random, ch.random, sizeof(h->client_random));
	connection_awaits(h, m);
	if (resume12_wanted(h, &ch))
		return resume12_find(h, m, on_no_session);
	return full_handshake(h, m, &ch, &choice);
}

static enum hs_next on_keys(struct handshake *h)
{
	h->state = S12_FINISHED;
	return HS_NEXT_MESSAGE;
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
	enum hs_next next;

	if (!connection_random(h, random, sizeof(random)))
		return HS_NEXT_FAIL;
	if (job->psk_len == 0 || job->psk_len > sizeof(job->psk)) {
		memcpy(job->psk, random, sizeof(random));
		job->psk_len = sizeof(random);
	}
	memcpy(h->psk, job->psk, job->psk_len);
	h->psk_len = job->psk_len;
	/* keys12_derive copies the key before the job is made anew, and that wipes it. */
	next = keys12_derive(h, job->psk, job->psk_len, on_keys);
	secret_wipe(random, sizeof(random));
	return next;
}

static enum hs_next on_client_key_exchange(struct handshake *h, const struct reassembly_message *m)
{
	struct rd identity;

	if (psk_identity_parse(m->body, &identity) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	if (rd_len(&identity) == 0 || rd_len(&identity) > sizeof(h->identity))
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	if (!connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	h->identity_len = (uint8_t)rd_len(&identity);
	memcpy(h->identity, identity.p, h->identity_len);
	h->job = (struct handshake_job){ .kind = JOB_PSK_LOOKUP,
					 .identity = h->identity,
					 .identity_len = h->identity_len };
	h->resume = on_psk;
	return HS_NEXT_JOB;
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
