/* SPDX-License-Identifier: BSD-3-Clause */
#include "auth12.h"

static enum hs_next internal(struct handshake *h)
{
	return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
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
	h->hash_is_new = false; /* it may be another hash's */
	h->hash_len = transcript_sha256(h->transcript, h->hash);
	*out = (struct signature_input){ .bytes = h->hash, .len = h->hash_len, .hashed = true };
	return h->hash_len != 0;
}

enum hs_next auth12_sign_params(struct handshake *h, enum hs_next (*resume)(struct handshake *h))
{
	const struct signature_input input = input_params(h);

	return auth_sign(h, &input, resume);
}

enum hs_next auth12_sign_messages(struct handshake *h, enum hs_next (*resume)(struct handshake *h))
{
	struct signature_input input;

	if (!input_messages(h, x509_own_key(h->own), &input))
		return internal(h);
	return auth_sign(h, &input, resume);
}

enum hs_next auth12_verify_params(struct handshake *h, const struct reassembly_message *m,
				  const struct hs_signature *sig,
				  enum hs_next (*then)(struct handshake *h))
{
	const struct signature_input input = input_params(h);

	return auth_verify(h, m, sig, &input, then);
}

enum hs_next auth12_verify_messages(struct handshake *h, const struct reassembly_message *m,
				    enum hs_next (*then)(struct handshake *h))
{
	struct signature_input input;
	struct hs_signature sig;

	if (certificate_verify_parse(m->body, &sig) != HS_PARSE_OK)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	/* The signature covers what is before it; of a chain too long for that see messages.h. */
	if (!input_messages(h, h->peer_key, &input))
		return connection_fail(h, STATUS_HS_CERT, ALERT_UNSUPPORTED_CERTIFICATE);
	return auth_verify(h, m, &sig, &input, then);
}

bool auth12_certificate(struct handshake *h, uint8_t type)
{
	struct rd body;
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
	return auth_certificate(h, body, 0);
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
	return auth_peer_judge(h, rd_of(h->peer_message.bytes + at, len), type, then);
}
