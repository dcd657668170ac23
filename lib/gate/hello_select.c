/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_select.h"

#include "hello_agree.h"
#include "record.h"

/* RFC 8422 §4: without the extension a server may choose; RFC 7252 §9.1.3.2 has secp256r1 in
 * everybody. */
static uint16_t group_preferred(const struct client_hello *ch, const struct hello_policy *policy)
{
	for (size_t i = 0; i < policy->n_groups; i++)
		if (hs_list16_has(ch->groups, policy->groups[i]) ||
		    (rd_len(&ch->groups) == 0 && policy->groups[i] == ECDHE_SECP256R1))
			return policy->groups[i];
	return ECDHE_NONE;
}

unsigned hello_kinds(const struct client_hello *ch, const struct hello_policy *policy)
{
	/* RFC 8422 §5.1.1: in DTLS 1.2 the groups are those of a certificate's key too. */
	bool any_group = hello_agree_version(ch, policy) == DTLS_1_3 || rd_len(&ch->groups) == 0;
	unsigned kinds = 0;

	if (hs_list16_has(ch->signature_algorithms, SIGNATURE_ECDSA_SECP256R1_SHA256) &&
	    (any_group || hs_list16_has(ch->groups, ECDHE_SECP256R1)))
		kinds |= SIGNATURE_KIND_P256;
	if (hs_list16_has(ch->signature_algorithms, SIGNATURE_ED25519))
		kinds |= SIGNATURE_KIND_ED25519;
	return kinds;
}

static bool suite_possible(const struct suite *suite, uint16_t group, enum signature_kind own)
{
	switch (suite->kx) {
	case KX_PSK:
		return true;
	case KX_ECDHE_PSK:
		return group != ECDHE_NONE;
	case KX_TLS13:
		return false;
	case KX_ECDHE_ECDSA:
		break;
	}
	return group != ECDHE_NONE && own != SIGNATURE_KIND_NONE;
}

static const struct suite *suite_preferred(const struct client_hello *ch,
					   const struct hello_policy *policy, uint16_t group,
					   enum signature_kind own)
{
	for (size_t i = 0; i < policy->n_suites; i++)
		if (client_hello_offers(ch, policy->suites[i]->id) &&
		    suite_possible(policy->suites[i], group, own))
			return policy->suites[i];
	return NULL;
}

/* RFC 7250 §4.1: the first of the client's types that the server takes; no list is X.509. */
static bool type_common(struct rd types, bool x509, bool rpk, uint8_t *out)
{
	uint8_t type;

	*out = HS_CERTIFICATE_X509;
	if (rd_len(&types) == 0)
		return x509;
	while (rd_u8(&types, &type)) {
		*out = type;
		if ((type == HS_CERTIFICATE_X509 && x509) || (type == HS_CERTIFICATE_RPK && rpk))
			return true;
	}
	return false;
}

/* Who shows what. false: there is no common type (checklist 46). */
static bool types_choose(const struct client_hello *ch, const struct hello_policy *policy,
			 struct hello_choice *c)
{
	c->server_name = rd_len(&ch->server_name) != 0;
	c->has_server_type = rd_len(&ch->server_certificate_types) != 0;
	if (!type_common(ch->server_certificate_types, true, true, &c->server_type))
		return false;
	if (policy->client_auth == CLIENT_AUTH_NONE)
		return true;
	c->request_certificate = type_common(ch->client_certificate_types, policy->client_x509,
					     policy->client_rpk, &c->client_type);
	c->has_client_type = c->request_certificate && rd_len(&ch->client_certificate_types) != 0;
	return c->request_certificate || policy->client_auth == CLIENT_AUTH_OPTIONAL;
}

static enum status refuse(struct hello_choice *out, enum status why, enum alert alert)
{
	*out = (struct hello_choice){ .alert = alert };
	return why;
}

/* RFC 8449 §5: a server that supports it "MUST ignore a 'max_fragment_length' that appears in a
 * ClientHello if both extensions appear"; §4: a client may say more than we can ever send, and in
 * DTLS 1.3 counts the content type. */
static void record_size_choose(const struct client_hello *ch, struct hello_choice *c)
{
	uint16_t most = RECORD_PLAINTEXT_MAX + (c->version == DTLS_1_3);

	if (ch->record_size_limit == 0)
		c->max_fragment_length = ch->max_fragment_length;
	else if (ch->record_size_limit < most)
		c->record_size_limit = ch->record_size_limit;
	else
		c->record_size_limit = most;
}

/* RFC 8446 §9.2: a client without a PSK must say what signatures it takes (bad-input D8). */
static enum status select13(const struct client_hello *ch, const struct hello_policy *policy,
			    enum signature_kind own, struct hello_choice *c)
{
	enum status s = hello_agree13(ch, policy, c);

	if (s != STATUS_OK)
		return refuse(c, s, c->alert);
	if (own != SIGNATURE_KIND_NONE && c->group != ECDHE_NONE)
		c->certificate = types_choose(ch, policy, c);
	if (c->certificate || c->psk_mode != HELLO_PSK_NONE)
		return STATUS_OK;
	if (own != SIGNATURE_KIND_NONE)
		return refuse(c, STATUS_HS_NO_CERT, ALERT_UNSUPPORTED_CERTIFICATE);
	return refuse(c, STATUS_HS_NO_CERT,
		      rd_len(&ch->signature_algorithms) == 0 ? ALERT_MISSING_EXTENSION
							     : ALERT_HANDSHAKE_FAILURE);
}

static enum status select12(const struct client_hello *ch, const struct hello_policy *policy,
			    enum signature_kind own, struct hello_choice *c)
{
	c->ems = ch->has_ems;
	c->renegotiation_info = ch->has_renegotiation_info || ch->has_scsv;
	c->group = group_preferred(ch, policy);
	/* RFC 7507 §3: a client that tries a lower version than it could have had is told. */
	if (ch->has_fallback_scsv && policy->max_version == DTLS_1_3)
		return refuse(c, STATUS_HELLO_VERSION, ALERT_INAPPROPRIATE_FALLBACK);
	/* RFC 5746 §3.6: "The server MUST then verify that the length of the
	 * 'renegotiated_connection' field is zero, and if it is not, MUST abort the handshake". */
	if (ch->has_renegotiation_info && !ch->renegotiation_info_empty)
		return refuse(c, STATUS_HS_PARAMETER, ALERT_HANDSHAKE_FAILURE);
	c->suite = suite_preferred(ch, policy, c->group, own);
	if (c->suite == NULL)
		return refuse(c, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);
	if (policy->require_ems && !ch->has_ems)
		return refuse(c, STATUS_HS_NO_EMS, ALERT_HANDSHAKE_FAILURE);
	c->point_formats = suite_has_ecdhe(c->suite) && ch->has_point_formats;
	if (!suite_has_psk(c->suite) && !types_choose(ch, policy, c))
		return refuse(c, STATUS_HS_NO_CERT, ALERT_UNSUPPORTED_CERTIFICATE);
	return STATUS_OK;
}

enum status hello_select(const struct client_hello *ch, const struct hello_policy *policy,
			 enum signature_kind own, struct hello_choice *out)
{
	struct hello_choice c = { .version = hello_agree_version(ch, policy) };
	enum status s;

	if (c.version == 0)
		return refuse(out, STATUS_HELLO_VERSION, ALERT_PROTOCOL_VERSION);
	s = c.version == DTLS_1_3 ? select13(ch, policy, own, &c) : select12(ch, policy, own, &c);
	if (s == STATUS_OK) {
		record_size_choose(ch, &c);
		c.cid = policy->cid && ch->has_cid;
		/* RFC 9853 §3: a client that "omits the connection_id extension" gets no rrc. */
		c.rrc = c.cid && policy->rrc && ch->has_rrc;
	}
	*out = c;
	return s;
}
