/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth13.h"

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

bool auth13_certificate(struct handshake *h, uint8_t type)
{
	struct rd body;
	struct wr w;
	size_t len;

	if (h->own == NULL) {
		w = flight_open(&h->out);
		certificate13_write(&w, rd_of(NULL, 0));
		return connection_message(h, &w, 2, HS_CERTIFICATE);
	}
	body.p = type == HS_CERTIFICATE_RPK ? x509_own_spki13(h->own, &len)
					    : x509_own_chain13(h->own, &len);
	body.end = body.p + len;
	return connection_borrow(h, body, 2, HS_CERTIFICATE);
}

/* RFC 8446 §4.4.3: what one end signs, over the transcript so far; stays until the next one. */
static bool input_of(struct handshake *h, enum handshake_role signer, struct signature_input *out)
{
	if (!connection_hash(h))
		return false;
	out->bytes = h->v13->signed_bytes;
	out->len = certificate_verify13_input(h->v13->signed_bytes, signer == HANDSHAKE_SERVER,
					      h->hash, h->hash_len);
	out->hashed = false;
	return true;
}

static enum hs_next on_signed(struct handshake *h)
{
	struct wr w = flight_open(&h->out);

	hs_signature_write(&w, auth_own_scheme(h), h->job.signature, h->job.signature_len);
	if (!connection_message(h, &w, 2, HS_CERTIFICATE_VERIFY))
		return internal(h);
	return h->then(h);
}

enum hs_next auth13_sign(struct handshake *h, enum hs_next (*then)(struct handshake *h))
{
	struct signature_input input;

	if (!input_of(h, h->role, &input))
		return internal(h);
	h->then = then;
	return auth_sign(h, &input, on_signed);
}

/* What the entries show into h->peer_message, in the form that is judged: a list of certificates as
 * DTLS 1.2 has it, or the one raw key (RFC 8446 §4.4.2: "the certificate_list MUST contain no more
 * than one CertificateEntry"). false: the handshake has failed. */
static bool shown_keep(struct handshake *h, struct rd entries, uint8_t type)
{
	uint8_t list[REASSEMBLY_CERTIFICATE_MAX];
	struct wr w = wr_of(list, sizeof(list));
	struct rd key;

	if (type == HS_CERTIFICATE_RPK) {
		if (!certificate13_next(&entries, &key) || rd_len(&entries) != 0) {
			connection_unparsed(h, HS_PARSE_ILLEGAL_PARAMETER);
			return false;
		}
		wr_bytes(&w, key.p, rd_len(&key));
	} else {
		certificate13_list(&w, entries);
	}
	if (!w.failed && connection_keep(h, &h->peer_message, list, wr_len(&w)))
		return true;
	internal(h);
	return false;
}

enum hs_next auth13_peer_certificate(struct handshake *h, const struct reassembly_message *m,
				     uint8_t type, enum hs_next (*then)(struct handshake *h),
				     enum hs_next (*none)(struct handshake *h,
							  const struct reassembly_message *m))
{
	struct certificate13 c;
	enum hs_parse parsed = certificate13_parse(m->body, &c);

	if (parsed != HS_PARSE_OK)
		return connection_unparsed(h, parsed);
	/* RFC 8446 §4.4.2: "in the case of server authentication, this field SHALL be zero length",
	 * and the client's repeats that of our request. */
	if (rd_len(&c.context) != 0)
		return connection_unparsed(h, HS_PARSE_ILLEGAL_PARAMETER);
	if (rd_len(&c.entries) == 0)
		return none(h, m);
	if (!connection_heard(h, m))
		return internal(h);
	if (!shown_keep(h, c.entries, type))
		return HS_NEXT_FAIL;
	return auth_peer_judge(h, rd_of(h->peer_message.bytes, h->peer_message.len), type, then);
}

/* RFC 8446 §4.4.3: a scheme that was offered, and of RSA only PSS: "RSASSA-PKCS1-v1_5 algorithms
 * [...] MUST NOT be used in CertificateVerify" (CVE-2025-12889). */
static bool scheme_taken(uint16_t scheme)
{
	for (size_t i = 0; i < AUTH_SCHEMES; i++)
		if (auth_schemes[i] == scheme)
			return scheme != SIGNATURE_RSA_PKCS1_SHA256;
	return false;
}

enum hs_next auth13_verify(struct handshake *h, const struct reassembly_message *m,
			   enum hs_next (*then)(struct handshake *h))
{
	enum handshake_role peer =
		h->role == HANDSHAKE_SERVER ? HANDSHAKE_CLIENT : HANDSHAKE_SERVER;
	struct signature_input input;
	struct hs_signature sig;

	if (certificate_verify_parse(m->body, &sig) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	if (!scheme_taken(sig.scheme))
		return connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	if (!input_of(h, peer, &input))
		return internal(h);
	return auth_verify(h, m, &sig, &input, then);
}
