/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include "mark_of.h"

static struct handshake_peer refused(enum status status, enum alert alert)
{
	return (struct handshake_peer){ .status = status, .alert = alert };
}

/* RFC 5246 §7.2.2, with 8446 §6.2 where that is clearer. */
static struct handshake_peer peer_of(enum x509_verdict verdict)
{
	switch (verdict) {
	case CERT_GOOD:
		return (struct handshake_peer){ .status = STATUS_OK };
	case CERT_BAD:
		return refused(STATUS_HS_CERT, ALERT_BAD_CERTIFICATE);
	case CERT_UNSUPPORTED:
		return refused(STATUS_HS_CERT, ALERT_UNSUPPORTED_CERTIFICATE);
	case CERT_REVOKED:
		return refused(STATUS_HS_CERT_REVOKED, ALERT_CERTIFICATE_REVOKED);
	case CERT_EXPIRED:
		return refused(STATUS_HS_CERT_EXPIRED, ALERT_CERTIFICATE_EXPIRED);
	case CERT_UNKNOWN:
		return refused(STATUS_HS_CERT, ALERT_CERTIFICATE_UNKNOWN);
	case CERT_UNKNOWN_CA:
		return refused(STATUS_HS_CERT, ALERT_UNKNOWN_CA);
	case CERT_FAILED:
		break;
	}
	return refused(STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

static void judge_x509(struct handshake_job *job, const struct x509_trust *trust, int64_t now_s)
{
	enum x509_verdict verdict = CERT_UNKNOWN_CA;
	struct x509_peer peer;

	if (trust != NULL)
		verdict = x509_trust_verify(trust, job->certificate, now_s, &peer);
	job->peer = peer_of(verdict);
	if (verdict != CERT_GOOD)
		return;
	job->peer.key = peer.key;
	job->peer.credential = peer.credential;
	job->peer.name_len = peer.name_len;
	memcpy(job->peer.name, peer.name, peer.name_len);
}

/* Known keys only are looked into: a stranger's costs a hash. */
static void judge_rpk(struct handshake_job *job, const struct rpk_store *rpks)
{
	struct credential credential = { .kind = CREDENTIAL_RPK };
	const uint8_t *name = NULL;
	size_t len = 0;

	mark_of(&credential.key, job->certificate.p, rd_len(&job->certificate));
	if (rpks != NULL)
		name = rpk_store_get(rpks, &credential.key, &len);
	job->peer = peer_of(CERT_UNKNOWN);
	if (name == NULL)
		return;
	job->peer = peer_of(CERT_GOOD);
	job->peer.key = spki_key(job->certificate.p, rd_len(&job->certificate));
	if (job->peer.key == NULL) {
		job->peer = peer_of(CERT_UNSUPPORTED);
		return;
	}
	job->peer.credential = credential;
	job->peer.name_len = (uint8_t)len;
	memcpy(job->peer.name, name, len);
}

bool peer_judge(struct handshake_job *job, const struct peer_trust *trust, int64_t now_s)
{
	if (job->certificate_type == HS_CERTIFICATE_RPK)
		judge_rpk(job, trust->rpks);
	else
		judge_x509(job, trust->x509, now_s);
	return job->peer.status == STATUS_OK;
}

/* A key that was given to another device since proves what its first owner is called no more. */
static enum x509_verdict rpk_still(const struct rpk_store *rpks, const struct credential *c,
				   struct rd name)
{
	const uint8_t *now;
	size_t len = 0;

	now = rpks == NULL ? NULL : rpk_store_get(rpks, &c->key, &len);
	return now != NULL && len == rd_len(&name) && memcmp(now, name.p, len) == 0 ? CERT_GOOD
										    : CERT_UNKNOWN;
}

enum status peer_still(const struct peer_trust *trust, const struct credential *c, struct rd name,
		       int64_t now_s)
{
	enum x509_verdict verdict = CERT_GOOD;

	if (c->kind == CREDENTIAL_X509)
		verdict = trust->x509 == NULL ? CERT_UNKNOWN_CA
					      : x509_trust_still(trust->x509, c, now_s);
	else if (c->kind == CREDENTIAL_RPK)
		verdict = rpk_still(trust->rpks, c, name);
	return peer_of(verdict).status;
}
