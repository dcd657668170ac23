/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

/* RFC 5246 §7.2.2, with 8446 §6.2 where that is clearer. */
static struct handshake_peer peer_of(enum x509_verdict verdict)
{
	switch (verdict) {
	case CERT_GOOD:
		return (struct handshake_peer){ .status = STATUS_OK };
	case CERT_BAD:
		return (struct handshake_peer){ STATUS_HS_CERT, ALERT_BAD_CERTIFICATE, NULL };
	case CERT_UNSUPPORTED:
		return (struct handshake_peer){ STATUS_HS_CERT, ALERT_UNSUPPORTED_CERTIFICATE,
						NULL };
	case CERT_REVOKED:
		return (struct handshake_peer){ STATUS_HS_CERT_REVOKED, ALERT_CERTIFICATE_REVOKED,
						NULL };
	case CERT_EXPIRED:
		return (struct handshake_peer){ STATUS_HS_CERT_EXPIRED, ALERT_CERTIFICATE_EXPIRED,
						NULL };
	case CERT_UNKNOWN:
		return (struct handshake_peer){ STATUS_HS_CERT, ALERT_CERTIFICATE_UNKNOWN, NULL };
	case CERT_UNKNOWN_CA:
		return (struct handshake_peer){ STATUS_HS_CERT, ALERT_UNKNOWN_CA, NULL };
	case CERT_FAILED:
		break;
	}
	return (struct handshake_peer){ STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR, NULL };
}

static size_t judge_x509(struct handshake_job *job, const struct x509_trust *trust, int64_t now_s,
			 uint8_t *out)
{
	enum x509_verdict verdict = CERT_UNKNOWN_CA;
	struct x509_peer peer;

	if (trust != NULL)
		verdict = x509_trust_verify(trust, job->certificate, now_s, &peer);
	job->peer = peer_of(verdict);
	if (verdict != CERT_GOOD)
		return 0;
	job->peer.key = peer.key;
	memcpy(out, peer.name, peer.name_len);
	return peer.name_len;
}

/* Known keys only are looked into: a stranger's costs a hash. */
static size_t judge_rpk(struct handshake_job *job, const struct rpk_store *rpks, uint8_t *out)
{
	uint8_t fingerprint[SPKI_FINGERPRINT_LEN];
	const uint8_t *name = NULL;
	size_t len = 0;

	spki_fingerprint(fingerprint, job->certificate.p, rd_len(&job->certificate));
	if (rpks != NULL)
		name = rpk_store_get(rpks, fingerprint, &len);
	job->peer = peer_of(CERT_UNKNOWN);
	if (name == NULL)
		return 0;
	job->peer = peer_of(CERT_GOOD);
	job->peer.key = spki_key(job->certificate.p, rd_len(&job->certificate));
	if (job->peer.key == NULL) {
		job->peer = peer_of(CERT_UNSUPPORTED);
		return 0;
	}
	memcpy(out, name, len);
	return len;
}

size_t peer_judge(struct handshake_job *job, const struct peer_trust *trust, int64_t now_s,
		  uint8_t out[X509_NAME_LEN_MAX])
{
	return job->certificate_type == HS_CERTIFICATE_RPK
		       ? judge_rpk(job, trust->rpks, out)
		       : judge_x509(job, trust->x509, now_s, out);
}
