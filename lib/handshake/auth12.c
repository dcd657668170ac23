/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth12.h"

#include "keys12.h"
#include "secret.h"

/* In order of preference. */
const uint16_t auth12_schemes[AUTH12_SCHEMES] = {
	SIGNATURE_ECDSA_SECP256R1_SHA256,
	SIGNATURE_RSA_PSS_RSAE_SHA256,
	SIGNATURE_RSA_PKCS1_SHA256,
	SIGNATURE_ED25519,
};

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

static enum hs_next job(struct handshake *h, const struct handshake_job *job,
			enum hs_next (*resume)(struct handshake *h))
{
	h->job = *job;
	h->resume = resume;
	return HS_NEXT_JOB;
}

void auth12_job_done(struct handshake *h)
{
	if (h->job.kind == JOB_ECDHE_KEYGEN)
		h->ecdhe = h->job.ecdhe;
	if (h->job.kind == JOB_VERIFY_PEER) {
		h->peer_key = h->job.peer.key;
		h->interned = h->job.interned;
	}
}

void auth12_free(struct handshake *h)
{
	auth12_job_done(h);
	ecdhe_free(h->ecdhe);
	signature_key_free(h->peer_key);
	x509_own_put(h->own);
}

enum hs_next auth12_keygen(struct handshake *h, uint16_t group,
			   enum hs_next (*resume)(struct handshake *h))
{
	return job(h, &(struct handshake_job){ .kind = JOB_ECDHE_KEYGEN, .group = group }, resume);
}

bool auth12_params(struct handshake *h, uint16_t group, const uint8_t *point, size_t len)
{
	struct wr w = wr_of(h->params, sizeof(h->params));

	wr_bytes(&w, h->client_random, sizeof(h->client_random));
	wr_bytes(&w, h->server_random, sizeof(h->server_random));
	ecdhe_params_write(&w, group, point, len);
	h->params_len = (uint8_t)wr_len(&w);
	return !w.failed;
}

static enum hs_next on_shared(struct handshake *h)
{
	ecdhe_free(h->ecdhe);
	h->ecdhe = NULL;
	if (h->job.refused)
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	if (!keys12_premaster(h, h->job.shared, sizeof(h->job.shared)))
		return internal(h);
	return h->then(h);
}

enum hs_next auth12_derive(struct handshake *h, struct rd point,
			   enum hs_next (*then)(struct handshake *h))
{
	struct handshake_job j = { .kind = JOB_ECDHE_DERIVE, .ecdhe = h->ecdhe };

	if (rd_len(&point) > sizeof(j.point))
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	memcpy(j.point, point.p, rd_len(&point));
	j.point_len = (uint8_t)rd_len(&point);
	h->then = then;
	return job(h, &j, on_shared);
}

/* RFC 8422 §5.4, RFC 5246 §7.4.3: client and server random, then the parameters. */
static struct signature_input input_params(const struct handshake *h)
{
	return (struct signature_input){ .bytes = h->params, .len = h->params_len };
}

void auth12_keep(struct handshake *h)
{
	transcript_keep_sha256(h->transcript);
	messages_keep(h);
}

/* RFC 5246 §7.4.8: all messages up to now; their digest, but for Ed25519. */
static bool input_messages(struct handshake *h, const struct signature_key *key,
			   struct signature_input *out)
{
	messages_close(h);
	if (signature_key_kind(key) == SIGNATURE_KIND_ED25519) {
		*out = (struct signature_input){ .bytes = h->messages.bytes,
						 .len = h->messages.len };
		return h->messages.bytes != NULL;
	}
	h->hash_len = transcript_sha256(h->transcript, h->hash);
	*out = (struct signature_input){ .bytes = h->hash, .len = h->hash_len, .hashed = true };
	return h->hash_len != 0;
}

enum hs_next auth12_sign_params(struct handshake *h, enum hs_next (*resume)(struct handshake *h))
{
	return job(h,
		   &(struct handshake_job){ .kind = JOB_SIGN,
					    .key = x509_own_key(h->own),
					    .input = input_params(h) },
		   resume);
}

enum hs_next auth12_sign_messages(struct handshake *h, enum hs_next (*resume)(struct handshake *h))
{
	struct handshake_job j = { .kind = JOB_SIGN, .key = x509_own_key(h->own) };

	if (!input_messages(h, j.key, &j.input))
		return internal(h);
	return job(h, &j, resume);
}

static enum hs_next on_verified(struct handshake *h)
{
	connection_drop(h, &h->peer_message);
	if (!h->messages.open) /* it was over them */
		messages_drop(h);
	if (h->job.refused)
		return connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	return h->then(h);
}

/* A signature stands in its message, so the message has to stay until the job is done. */
static enum hs_next verify(struct handshake *h, const struct reassembly_message *m,
			   const struct hs_signature *sig, struct handshake_job *j)
{
	size_t at = (size_t)(sig->bytes.p - m->body.p), len = rd_len(&sig->bytes);

	if (!connection_heard(h, m) || !connection_take(h, m, &h->peer_message))
		return internal(h);
	j->kind = JOB_VERIFY;
	j->key = h->peer_key;
	j->scheme = sig->scheme;
	j->peer_signature = rd_of(h->peer_message.bytes + at, len);
	return job(h, j, on_verified);
}

enum hs_next auth12_verify_params(struct handshake *h, const struct reassembly_message *m,
				  const struct hs_signature *sig,
				  enum hs_next (*then)(struct handshake *h))
{
	struct handshake_job j = { .input = input_params(h) };

	h->then = then;
	return verify(h, m, sig, &j);
}

enum hs_next auth12_verify_messages(struct handshake *h, const struct reassembly_message *m,
				    enum hs_next (*then)(struct handshake *h))
{
	struct handshake_job j = { .kind = JOB_NONE };
	struct hs_signature sig;

	if (certificate_verify_parse(m->body, &sig) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	/* The signature covers what is before it; of a chain too long for that see messages.h. */
	if (!input_messages(h, h->peer_key, &j.input))
		return connection_fail(h, STATUS_HS_CERT, ALERT_UNSUPPORTED_CERTIFICATE);
	h->then = then;
	return verify(h, m, &sig, &j);
}

bool auth12_certificate(struct handshake *h, uint8_t type)
{
	struct rd body, header;
	struct wr w;
	size_t len;

	if (h->own == NULL) {
		w = flight_open(&h->out);
		certificate_none_write(&w);
		return connection_message(h, &w, 0, HS_CERTIFICATE);
	}
	body.p = type == HS_CERTIFICATE_RPK ? x509_own_spki(h->own, &len)
					    : x509_own_chain(h->own, &len);
	body.end = body.p + len;
	if (!flight_borrow(&h->out, body, 0, HS_CERTIFICATE, h->tx_message_seq, &header))
		return false;
	h->tx_message_seq++;
	return connection_transcript(h, header.p, rd_len(&header)) &&
	       connection_transcript(h, body.p, len);
}

static enum hs_next on_judged(struct handshake *h)
{
	const struct handshake_peer *peer = &h->job.peer;

	connection_drop(h, &h->peer_message);
	if (peer->status != STATUS_OK)
		return connection_fail(h, peer->status, (int)peer->alert);
	if (h->peer_key == NULL)
		return internal(h);
	h->credential = peer->credential;
	h->identity_len = peer->name_len;
	memcpy(h->identity, peer->name, peer->name_len);
	return h->then(h);
}

enum hs_next auth12_peer_certificate(struct handshake *h, const struct reassembly_message *m,
				     uint8_t type, enum hs_next (*then)(struct handshake *h),
				     enum hs_next (*none)(struct handshake *h,
							  const struct reassembly_message *m))
{
	struct rd content;
	size_t at, len;

	if (certificate_parse(m->body, &content) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	len = rd_len(&content);
	if (len == 0)
		return none(h, m);
	at = (size_t)(content.p - m->body.p);
	if (!connection_heard(h, m) || !connection_take(h, m, &h->peer_message))
		return internal(h);
	h->in.certificates = false; /* there is one at most */
	h->then = then;
	return job(h,
		   &(struct handshake_job){ .kind = JOB_VERIFY_PEER,
					    .certificate_type = type,
					    .certificate = rd_of(h->peer_message.bytes + at, len) },
		   on_judged);
}
