/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello13.h"

#include "auth.h"
#include "hello_cid.h"
#include "keys13.h"
#include "psk_import.h"
#include "secret.h"
#include "ticket13.h"

enum { PSKS_MAX = 3 }; /* a ticket, and a key of our own: imported, for each hash */

/* A PSK of the client's. */
struct own_psk {
	struct rd identity, key;
	enum prf_hash hash;
	enum secret13 binder;
	uint32_t obfuscated_age;
};

/* All that are offered, in order, and what was made for them. */
struct own_psks {
	struct own_psk at[PSKS_MAX];
	size_t n;
	struct {
		uint8_t identity[PSK_IDENTITY_MAX + PSK_IMPORT_MORE], key[HASH_MAX];
	} imported[2]; /* by hash */
};

bool hello13_certificates(const struct handshake *h)
{
	const struct hello_policy *policy = h->cfg->policy;

	return policy->n_groups > 0 && (policy->client_x509 || policy->client_rpk);
}

/* No key: there is none. */
static struct own_psk ticket_of(const struct handshake *h)
{
	const struct suite *suite = suite_by_id(h->v13->session.suite);

	if (h->ticket.len == 0 || suite == NULL)
		return (struct own_psk){ .hash = PRF_SHA256 };
	return (struct own_psk){
		.identity = rd_of(h->ticket.bytes, h->ticket.len),
		.key = rd_of(h->v13->session.master, hash13_len(suite->hash)),
		.hash = suite->hash,
		.binder = SECRET13_RESUMPTION_BINDER,
		.obfuscated_age = ticket13_age(h),
	};
}

static bool suites_have(const struct hello_policy *policy, enum prf_hash hash)
{
	for (size_t i = 0; i < policy->n_suites; i++)
		if (suite_is_13(policy->suites[i]) && policy->suites[i]->hash == hash)
			return true;
	return false;
}

/* RFC 8446 §4.2.11: an external PSK's hash "MUST [...] default to SHA-256 if no such algorithm is
 * defined". Where no suite has it, there was another one in mind. */
static struct own_psk external_of(const struct handshake *h)
{
	return (struct own_psk){
		.identity = rd_of(h->identity, h->identity_len),
		.key = rd_of(h->psk, h->psk_len),
		.hash = suites_have(h->cfg->policy, PRF_SHA256) ? PRF_SHA256 : PRF_SHA384,
		.binder = SECRET13_EXTERNAL_BINDER,
	};
}

/* RFC 8446 §4.1.2: after a HelloRetryRequest those go that do not fit its suite. */
static void add(const struct handshake *h, struct own_psks *psks, const struct own_psk *psk)
{
	if (rd_len(&psk->key) > 0 && (!h->v13->retried || psk->hash == h->suite->hash))
		psks->at[psks->n++] = *psk;
}

/* The external key as it is imported for a hash (RFC 9258 §5.1). */
static bool imported_add(const struct handshake *h, struct own_psks *psks, enum prf_hash hash)
{
	uint8_t *identity = psks->imported[hash].identity, *key = psks->imported[hash].key;
	struct wr w = wr_of(identity, sizeof(psks->imported[hash].identity));
	struct rd whole;

	psk_import_write(&w, rd_of(h->identity, h->identity_len), hash);
	whole = rd_of(identity, wr_len(&w));
	if (w.failed || !psk_import_key(whole, hash, rd_of(h->psk, h->psk_len), key))
		return false;
	add(h, psks,
	    &(struct own_psk){ .identity = whole,
			       .key = rd_of(key, hash13_len(hash)),
			       .hash = hash,
			       .binder = SECRET13_IMPORTED_BINDER });
	return true;
}

/* RFC 9258 §5.1: a key for each hash of the suites; beside a ticket for the ticket's only, which
 * goes first, so that the hello stays short. */
static bool all_imported_add(const struct handshake *h, struct own_psks *psks)
{
	for (enum prf_hash hash = PRF_SHA256; hash <= PRF_SHA384; hash++)
		if (suites_have(h->cfg->policy, hash) &&
		    (h->ticket.len == 0 || psks->n == 0 || psks->at[0].hash == hash) &&
		    !imported_add(h, psks, hash))
			return false;
	return true;
}

/* false: libcrypto failed. Wipe it. */
static bool psks_of(const struct handshake *h, struct own_psks *out)
{
	const struct own_psk ticket = ticket_of(h), external = external_of(h);

	*out = (struct own_psks){ .n = 0 };
	add(h, out, &ticket);
	if (h->cfg->psk_import && h->psk_len > 0)
		return all_imported_add(h, out);
	add(h, out, &external);
	return true;
}

bool hello13_offers(const struct handshake *h, const struct server_hello13 *sh)
{
	struct own_psks psks;
	bool some = psks_of(h, &psks) && psks.n > 0;

	secret_wipe(&psks, sizeof(psks));
	return (!sh->has_share || h->cfg->policy->n_groups > 0) && (!sh->has_psk || some);
}

bool hello13_psk(const struct handshake *h, uint16_t index)
{
	struct own_psks psks;
	bool ok = psks_of(h, &psks) && index < psks.n && psks.at[index].hash == h->suite->hash;

	secret_wipe(&psks, sizeof(psks));
	return ok;
}

static bool early_by(struct handshake *h, const struct own_psk *psk)
{
	h->resumed = h->by_ticket = psk->binder == SECRET13_RESUMPTION_BINDER;
	h->credential.kind = h->resumed ? h->v13->session.credential : CREDENTIAL_PSK;
	return keys13_early(h, h->suite->hash, psk->key.p, rd_len(&psk->key));
}

bool hello13_early(struct handshake *h)
{
	struct own_psks psks;
	bool ok;

	h->credential.kind = CREDENTIAL_NONE;
	if (!h->v13->by_psk)
		return keys13_early(h, h->suite->hash, NULL, 0);
	ok = psks_of(h, &psks) && h->v13->psk_index < psks.n &&
	     early_by(h, &psks.at[h->v13->psk_index]);
	secret_wipe(&psks, sizeof(psks));
	return ok;
}

/* RFC 8446 §4.2.11.2: the hash over what came before and the hello up to its binders. */
static bool binder_hash(const struct handshake *h, enum prf_hash hash, struct rd said,
			uint8_t out[HASH_MAX])
{
	if (h->transcript == NULL)
		return hash13(hash, &said, 1, out);
	return transcript_hash_with(h->transcript, said.p, rd_len(&said), out) != 0;
}

/* body: of len bytes, whose binders, to be overwritten, begin at a place. */
static bool binders_fill(struct handshake *h, uint8_t *body, size_t len, size_t at,
			 const struct own_psk *psks, size_t n)
{
	uint8_t said[HS_HEADER13_LEN + FLIGHT_BYTES_MAX], binders[PSKS_MAX][HASH_MAX],
		hash[HASH_MAX];
	struct hs_psk_offer offers[PSKS_MAX] = { 0 };
	struct wr w = wr_of(said, sizeof(said)), over = wr_of(body + at, len - at);

	wr_u8(&w, HS_CLIENT_HELLO);
	wr_u24(&w, (uint32_t)len);
	wr_bytes(&w, body, at);
	for (size_t i = 0; i < n; i++) {
		if (!binder_hash(h, psks[i].hash, rd_of(said, wr_len(&w)), hash) ||
		    !keys13_early(h, psks[i].hash, psks[i].key.p, rd_len(&psks[i].key)) ||
		    !keys13_binder(h, psks[i].binder, hash, binders[i]))
			return false;
		offers[i].binder = binders[i];
		offers[i].binder_len = (uint8_t)hash13_len(psks[i].hash);
	}
	hs_binders_write(&over, offers, n);
	return !w.failed && !over.failed;
}

/* What the policy says; the lists stand in what the caller has. */
static void policy_offer(const struct handshake *h, struct client_hello13_params *p,
			 uint16_t suites[SUITE_13_N])
{
	static const uint8_t rpk[] = { HS_CERTIFICATE_RPK };
	const struct hello_policy *policy = h->cfg->policy;

	p->suites = suites;
	for (size_t i = 0; i < policy->n_suites; i++)
		if (suite_is_13(policy->suites[i]) && p->n_suites < SUITE_13_N)
			suites[p->n_suites++] = policy->suites[i]->id;
	p->groups = policy->groups;
	p->n_groups = policy->n_groups;
	if (!hello13_certificates(h))
		return;
	p->signature_algorithms = auth_schemes;
	p->n_signature_algorithms = AUTH_SCHEMES;
	if (!policy->client_rpk)
		return;
	p->client_certificate_types = p->server_certificate_types = rpk;
	p->n_client_certificate_types = p->n_server_certificate_types = sizeof(rpk);
}

/* psk_dhe_ke first; RFC 8446 §4.2.9: a mode that the policy does not have is not offered. */
static uint8_t modes_of(const struct hello_policy *policy, uint8_t out[2])
{
	uint8_t n = 0;

	if (policy->n_groups > 0)
		out[n++] = HS_PSK_DHE_KE;
	if (policy->psk_ke)
		out[n++] = HS_PSK_KE;
	return n;
}

static bool write_with(struct handshake *h, const struct own_psks *psks)
{
	struct hs_psk_offer offers[PSKS_MAX] = { 0 };
	uint16_t suites[SUITE_13_N];
	uint8_t modes[2];
	const struct hs_share share = { h->v13->group, h->own_point_len, h->own_point };
	struct client_hello13_params p = {
		.random = h->client_random,
		.n_shares = h->v13->group != ECDHE_NONE,
		.shares = &share,
		.cookie = rd_of(h->cookie, h->cookie_len),
		.psk_modes = modes,
		.n_psk_modes = modes_of(h->cfg->policy, modes),
		.psks = offers,
		.n_psks = (uint8_t)psks->n,
		.max_fragment_length = h->cfg->max_fragment_length,
		.record_size_limit = h->cfg->record_size_limit,
		.cid = hello_cid_params(h),
	};
	struct wr w = flight_open(&h->out);
	uint8_t *body = w.p;
	size_t binders;

	for (size_t i = 0; i < p.n_psks; i++)
		offers[i] = (struct hs_psk_offer){
			.identity = psks->at[i].identity.p,
			.identity_len = (uint16_t)rd_len(&psks->at[i].identity),
			.obfuscated_age = psks->at[i].obfuscated_age,
			.binder_len = (uint8_t)hash13_len(psks->at[i].hash),
		};
	policy_offer(h, &p, suites);
	binders = client_hello13_write(&w, &p);
	if (w.failed || (p.n_psks > 0 &&
			 !binders_fill(h, body, (size_t)(w.p - body), binders, psks->at, p.n_psks)))
		return false;
	return connection_message(h, &w, 0, HS_CLIENT_HELLO);
}

bool hello13_write(struct handshake *h)
{
	struct own_psks psks;
	bool ok = psks_of(h, &psks) && write_with(h, &psks);

	secret_wipe(&psks, sizeof(psks));
	return ok;
}
