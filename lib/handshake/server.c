/* SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include "hs_msg13.h"
#include "server12.h"
#include "server13.h"

static enum hs_next on_client_hello(struct handshake *h, const struct reassembly_message *m);

/* clang-format off */
const struct hs_row server_rows[] = {
	/* state               message          epoch handler */
	{ SERVER_CLIENT_HELLO, HS_CLIENT_HELLO, 0,    on_client_hello }, /* RFC 5246 7.4.1.2 */
};
/* clang-format on */
const size_t server_n_rows = sizeof(server_rows) / sizeof(server_rows[0]);

/* Our certificate for this hello, where there is one that the client takes. */
static enum signature_kind own_take(struct handshake *h, const struct client_hello *ch)
{
	unsigned kinds = hello_kinds(ch, h->cfg->policy);

	if (kinds == 0 || h->cfg->own_find == NULL)
		return SIGNATURE_KIND_NONE;
	h->own = h->cfg->own_find(h->cfg->own_arg, ch->server_name.p, rd_len(&ch->server_name),
				  kinds);
	return h->own == NULL ? SIGNATURE_KIND_NONE : signature_key_kind(x509_own_key(h->own));
}

/* RFC 8446 §4.1.3: a server that could have had 1.3 says so in its random, which its Finished or
 * its signature covers: nobody has taken 1.3 out of the client's hello unnoticed (checklist 35). */
static bool random_make(struct handshake *h)
{
	if (!connection_random(h, h->server_random, sizeof(h->server_random)))
		return false;
	if (h->choice.version == DTLS_1_2 && h->cfg->policy->max_version == DTLS_1_3)
		memcpy(h->server_random + sizeof(h->server_random) - HS_DOWNGRADE_LEN,
		       hs_downgrade12, HS_DOWNGRADE_LEN);
	return true;
}

static enum hs_next on_client_hello(struct handshake *h, const struct reassembly_message *m)
{
	struct client_hello ch;
	enum hs_parse parsed = client_hello_parse(m->body, &ch);
	enum status s;

	if (parsed != HS_PARSE_OK)
		return connection_unparsed(h, parsed);
	s = hello_select(&ch, h->cfg->policy, own_take(h, &ch), &h->choice);
	if (s != STATUS_OK)
		return connection_fail(h, s, (int)h->choice.alert);
	if (!random_make(h))
		return HS_NEXT_FAIL;
	memcpy(h->client_random, ch.random, sizeof(h->client_random));
	h->host = session_state_host(ch.server_name.p, rd_len(&ch.server_name));
	connection_awaits(h, m);
	if (h->choice.version == DTLS_1_3)
		return server13_answer(h, m, &ch);
	return server12_answer(h, m, &ch);
}
