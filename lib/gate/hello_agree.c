/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_agree.h"

#include "hs_hello13.h"
#include "key_schedule13.h"
#include "record.h"
#include "retry.h"

/* DTLS versions count down. */
static bool version_allowed(const struct hello_policy *policy, uint16_t version)
{
	if (policy->max_version == 0)
		return version == DTLS_1_2;
	return version >= policy->max_version && version <= policy->min_version;
}

/* A client that can do 1.2 or more, and has no list, says so with a value at or below 1.2's; 1.0 is
 * refused (RFC 8996). */
static bool legacy_acceptable(uint16_t client_version)
{
	return client_version >> 8 == DTLS_1_2 >> 8 && client_version <= DTLS_1_2;
}

/* RFC 8446 §4.2.1: where the list is, the version in the hello's head is not looked at. */
uint16_t hello_agree_version(const struct client_hello *ch, const struct hello_policy *policy)
{
	bool listed = rd_len(&ch->supported_versions) != 0;

	if (version_allowed(policy, DTLS_1_3) && hs_list16_has(ch->supported_versions, DTLS_1_3))
		return DTLS_1_3;
	if (version_allowed(policy, DTLS_1_2) &&
	    (listed ? hs_list16_has(ch->supported_versions, DTLS_1_2)
		    : legacy_acceptable(ch->version)))
		return DTLS_1_2;
	return 0;
}

/* The hashes that the hello's PSKs go with, as a set: binders are as long as they. */
static unsigned psk_hashes(const struct client_hello *ch)
{
	struct rd identities = ch->psk_identities, binders = ch->psk_binders;
	unsigned hashes = 0;
	struct hs_psk psk;

	while (hs_psk_next(&identities, &binders, &psk))
		for (enum prf_hash hash = PRF_SHA256; hash <= PRF_SHA384; hash++)
			if (rd_len(&psk.binder) == hash13_len(hash))
				hashes |= 1u << hash;
	return hashes;
}

/* The first that goes with one of the PSKs, where there are some; else the first. */
static const struct suite *suite_preferred(const struct client_hello *ch,
					   const struct hello_policy *policy, unsigned hashes)
{
	const struct suite *first = NULL;

	for (size_t i = 0; i < policy->n_suites; i++) {
		const struct suite *s = policy->suites[i];

		if (!suite_is_13(s) || !client_hello_offers(ch, s->id))
			continue;
		if (hashes >> s->hash & 1)
			return s;
		if (first == NULL)
			first = s;
	}
	return first;
}

/* One that the client has sent a share for is as good as the first, and saves it a key pair. */
static uint16_t group_preferred(const struct client_hello *ch, const struct hello_policy *policy)
{
	struct rd key;

	for (size_t i = 0; i < policy->n_groups; i++)
		if (client_hello_share(ch, policy->groups[i], &key))
			return policy->groups[i];
	for (size_t i = 0; i < policy->n_groups && ch->has_key_shares; i++)
		if (hs_list16_has(ch->groups, policy->groups[i]))
			return policy->groups[i];
	return ECDHE_NONE;
}

static bool has_mode(const struct client_hello *ch, uint8_t mode)
{
	return rd_len(&ch->psk_modes) != 0 &&
	       memchr(ch->psk_modes.p, mode, rd_len(&ch->psk_modes)) != NULL;
}

/* Forward secrecy where it can be had (RFC 8446 §4.2.9; bad-input F9). */
static enum hello_psk_mode mode_preferred(const struct client_hello *ch,
					  const struct hello_policy *policy, uint16_t group)
{
	if (group != ECDHE_NONE && has_mode(ch, HS_PSK_DHE_KE))
		return HELLO_PSK_DHE_KE;
	return policy->psk_ke && has_mode(ch, HS_PSK_KE) ? HELLO_PSK_KE : HELLO_PSK_NONE;
}

static enum status refuse(struct hello_choice *c, enum status why, enum alert alert)
{
	c->alert = alert;
	return why;
}

/* A PSK that needs no share is not worth asking for one, but to a client that can also do without
 * the PSK. */
static bool does_without_psk(const struct client_hello *ch)
{
	return rd_len(&ch->signature_algorithms) != 0;
}

/* RFC 8446 §4.1.2: what the HelloRetryRequest asked for, the second hello has, and nothing more
 * (bad-input C10, D6). */
static bool retry_answered(const struct client_hello *ch, const struct hello_policy *policy,
			   const struct retry_cookie *retry, struct hello_choice *c)
{
	struct rd key;

	c->suite = retry->suite;
	if (ch->has_early_data) /* RFC 8446 §4.2.10: not behind a HelloRetryRequest */
		return false;
	if (retry->group != ECDHE_NONE) {
		c->group = retry->group;
		return client_hello_shares(ch) == 1 && client_hello_share(ch, c->group, &key);
	}
	c->group = group_preferred(ch, policy);
	if (c->group == ECDHE_NONE || client_hello_share(ch, c->group, &key))
		return true;
	c->group = ECDHE_NONE;
	return policy->psk_ke && has_mode(ch, HS_PSK_KE) && !does_without_psk(ch);
}

enum status hello_agree13(const struct client_hello *ch, const struct hello_policy *policy,
			  struct hello_choice *c)
{
	unsigned hashes = psk_hashes(ch);
	struct retry_cookie retry;
	struct rd key;

	/* RFC 9147 §5.3: "If a DTLS 1.3 ClientHello is received with any other value in this field
	 * [legacy_cookie], the server MUST abort the handshake with an 'illegal_parameter' alert."
	 * And so with compression methods but null (RFC 8446 §4.1.2). */
	if (rd_len(&ch->cookie) != 0 || rd_len(&ch->compression) != 1)
		return refuse(c, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	/* RFC 8446 §4.2.9: "If clients offer 'pre_shared_key' without a 'psk_key_exchange_modes'
	 * extension, servers MUST abort the handshake." */
	if (rd_len(&ch->psk_identities) != 0 && rd_len(&ch->psk_modes) == 0)
		return refuse(c, STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION);
	c->suite = suite_preferred(ch, policy, hashes);
	if (c->suite == NULL)
		return refuse(c, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);
	c->group = group_preferred(ch, policy);
	if (retry_cookie_parse(ch->retry_cookie, &retry) && !retry_answered(ch, policy, &retry, c))
		return refuse(c, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
	c->psk_mode = HELLO_PSK_NONE;
	if (hashes >> c->suite->hash & 1)
		c->psk_mode = mode_preferred(ch, policy, c->group);
	if (!client_hello_share(ch, c->group, &key) && c->psk_mode == HELLO_PSK_KE &&
	    !does_without_psk(ch))
		c->group = ECDHE_NONE;
	if (c->group != ECDHE_NONE || c->psk_mode != HELLO_PSK_NONE)
		return STATUS_OK;
	/* RFC 8446 §9.2: either both of them, or neither and a PSK (bad-input D9). */
	if (!ch->has_key_shares || rd_len(&ch->groups) == 0)
		return refuse(c, STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION);
	return refuse(c, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);
}
