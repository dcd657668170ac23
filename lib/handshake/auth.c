/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth.h"

/* In order of preference. */
const uint16_t auth_schemes[AUTH_SCHEMES] = {
	SIGNATURE_ECDSA_SECP256R1_SHA256,
	SIGNATURE_RSA_PSS_RSAE_SHA256,
	SIGNATURE_RSA_PKCS1_SHA256,
	SIGNATURE_ED25519,
};

unsigned auth_own_kinds(struct rd schemes)
{
	unsigned kinds = SIGNATURE_KIND_NONE;

	if (hs_list16_has(schemes, SIGNATURE_ECDSA_SECP256R1_SHA256))
		kinds |= SIGNATURE_KIND_P256;
	if (hs_list16_has(schemes, SIGNATURE_ED25519))
		kinds |= SIGNATURE_KIND_ED25519;
	return kinds;
}

uint16_t auth_own_scheme(const struct handshake *h)
{
	return (uint16_t)signature_scheme_of(signature_key_kind(x509_own_key(h->own)));
}

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

void auth_job_done(struct handshake *h)
{
	if (h->job.kind == JOB_ECDHE_KEYGEN)
		h->ecdhe = h->job.ecdhe;
	if (h->job.kind == JOB_VERIFY_PEER) {
		h->peer_key = h->job.peer.key;
		h->interned = h->job.interned;
	}
}

void auth_free(struct handshake *h)
{
	auth_job_done(h);
	ecdhe_free(h->ecdhe);
	signature_key_free(h->peer_key);
	x509_own_put(h->own);
}

enum hs_next auth_keygen(struct handshake *h, uint16_t group,
			 enum hs_next (*resume)(struct handshake *h))
{
	connection_job(h, JOB_ECDHE_KEYGEN, resume);
	h->job.group = group;
	return HS_NEXT_JOB;
}

static enum hs_next on_shared(struct handshake *h)
{
	ecdhe_free(h->ecdhe);
	h->ecdhe = NULL;
	if (h->job.refused)
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	return h->then(h);
}

enum hs_next auth_derive(struct handshake *h, struct rd point,
			 enum hs_next (*then)(struct handshake *h))
{
	struct handshake_job *j = &h->job;

	if (rd_len(&point) > sizeof(j->point))
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	connection_job(h, JOB_ECDHE_DERIVE, on_shared);
	j->ecdhe = h->ecdhe;
	memcpy(j->point, point.p, rd_len(&point));
	j->point_len = (uint8_t)rd_len(&point);
	h->then = then;
	return HS_NEXT_JOB;
}

enum hs_next auth_sign(struct handshake *h, const struct signature_input *input,
		       enum hs_next (*resume)(struct handshake *h))
{
	connection_job(h, JOB_SIGN, resume);
	h->job.key = x509_own_key(h->own);
	h->job.input = *input;
	return HS_NEXT_JOB;
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
enum hs_next auth_verify(struct handshake *h, const struct reassembly_message *m,
			 const struct hs_signature *sig, const struct signature_input *input,
			 enum hs_next (*then)(struct handshake *h))
{
	size_t at = (size_t)(sig->bytes.p - m->body.p), len = rd_len(&sig->bytes);

	if (!connection_heard(h, m) || !connection_take(h, m, &h->peer_message))
		return internal(h);
	connection_job(h, JOB_VERIFY, on_verified);
	h->job.key = h->peer_key;
	h->job.input = *input;
	h->job.scheme = sig->scheme;
	h->job.peer_signature = rd_of(h->peer_message.bytes + at, len);
	h->then = then;
	return HS_NEXT_JOB;
}

bool auth_certificate(struct handshake *h, struct rd body, uint8_t epoch)
{
	return connection_borrow(h, body, epoch, HS_CERTIFICATE);
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

enum hs_next auth_peer_judge(struct handshake *h, struct rd shown, uint8_t type,
			     enum hs_next (*then)(struct handshake *h))
{
	h->in.certificates = false; /* there is one at most */
	connection_job(h, JOB_VERIFY_PEER, on_judged);
	h->job.certificate_type = type;
	h->job.certificate = shown;
	h->then = then;
	return HS_NEXT_JOB;
}
