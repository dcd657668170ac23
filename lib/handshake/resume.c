/* SPDX-License-Identifier: BSD-3-Clause */
#include "resume.h"

/* RFC 6066 §3: "A server [...] MUST NOT accept the request to resume the session if the server_name
 * extension contains a different name." Who proved nothing, where that was enough, makes a full
 * handshake where it is not. */
bool resume_welcome(const struct handshake *h, const struct session_state *s)
{
	return s->host == h->host && (s->credential.kind != CREDENTIAL_NONE ||
				      h->cfg->policy->client_auth != CLIENT_AUTH_REQUIRED);
}

void resume_refuse(struct handshake *h)
{
	if (h->interned != NULL && h->cfg->identity_put != NULL)
		h->cfg->identity_put(h->cfg->identity_arg, h->interned);
	h->interned = NULL;
}

void resume_fill(const struct handshake *h, struct session_state *s)
{
	*s = (struct session_state){ .suite = h->suite->id,
				     .ems = h->ems,
				     .max_fragment_length = h->max_fragment_length,
				     .host = h->host,
				     .credential = h->credential,
				     .name_len = h->identity_len };
	memcpy(s->name, h->identity, h->identity_len);
}

void resume_bind(const struct handshake *h, struct session_state *s)
{
	if (s->credential.kind == CREDENTIAL_PSK)
		s->binding = session_state_binding(s, h->psk, h->psk_len);
}
