/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_select.h"

#include "record.h"

/* DTLS versions count down: 0xfefd is 1.2, 0xfefc 1.3. A client that can do 1.2 or more says so
 * with a value at or below ours; 1.0 is refused (RFC 8996). */
static bool version_acceptable(uint16_t client_version)
{
	return client_version >> 8 == DTLS_1_2 >> 8 && client_version <= DTLS_1_2;
}

static const struct suite *suite_preferred(const struct client_hello *ch,
					   const struct hello_policy *policy)
{
	for (size_t i = 0; i < policy->n_suites; i++)
		if (client_hello_offers(ch, policy->suites[i]->id))
			return policy->suites[i];
	return NULL;
}

static enum status refuse(struct hello_choice *out, enum status why, enum alert alert)
{
	*out = (struct hello_choice){ .alert = alert };
	return why;
}

/* TLS_FALLBACK_SCSV asks for an alert when a higher version was possible (RFC 7507 §3): 1.2 is the
 * highest here, so it never is. max_fragment_length is not echoed: RFC 6066 §4 then leaves records
 * at their ordinary size. */
enum status hello_select(const struct client_hello *ch, const struct hello_policy *policy,
			 struct hello_choice *out)
{
	const struct suite *suite;

	if (!version_acceptable(ch->version))
		return refuse(out, STATUS_HELLO_VERSION, ALERT_PROTOCOL_VERSION);
	/* RFC 5746 §3.6: "The server MUST then verify that the length of the
	 * 'renegotiated_connection' field is zero, and if it is not, MUST abort the handshake". */
	if (ch->has_renegotiation_info && !ch->renegotiation_info_empty)
		return refuse(out, STATUS_HS_PARAMETER, ALERT_HANDSHAKE_FAILURE);
	suite = suite_preferred(ch, policy);
	if (suite == NULL)
		return refuse(out, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);
	if (policy->require_ems && !ch->has_ems)
		return refuse(out, STATUS_HS_NO_EMS, ALERT_HANDSHAKE_FAILURE);
	*out = (struct hello_choice){
		.suite = suite,
		.ems = ch->has_ems,
		.renegotiation_info = ch->has_renegotiation_info || ch->has_scsv,
	};
	return STATUS_OK;
}
