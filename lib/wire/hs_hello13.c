/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_hello13.h"

#include "hs_extension.h"
#include "record.h"

/* RFC 8446 §4.2.8: KeyShareEntry of group 2 · key_exchange <1..2^16-1> */
static bool share_next(struct rd *shares, uint16_t *group, struct rd *key)
{
	return rd_u16(shares, group) && rd_vec(shares, 2, key) && rd_len(key) != 0;
}

bool client_hello_share(const struct client_hello *ch, uint16_t group, struct rd *key)
{
	struct rd at = ch->key_shares;
	uint16_t found;

	while (share_next(&at, &found, key))
		if (found == group)
			return true;
	return false;
}

size_t client_hello_shares(const struct client_hello *ch)
{
	struct rd at = ch->key_shares, key;
	uint16_t group;
	size_t n = 0;

	while (share_next(&at, &group, &key))
		n++;
	return n;
}

/* RFC 8446 §4.2.8: "Clients MUST NOT offer multiple KeyShareEntry values for the same group."
 * (bad-input D4) */
static enum hs_parse shares_parse(struct client_hello *ch, struct rd body)
{
	uint16_t groups[HS_KEY_SHARES_MAX], group;
	enum hs_parse result = HS_PARSE_OK;
	struct rd list, key;
	size_t n = 0;

	if (!rd_vec(&body, 2, &list) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	ch->has_key_shares = true;
	ch->key_shares = list;
	while (rd_len(&list) > 0) {
		if (!share_next(&list, &group, &key) || n == HS_KEY_SHARES_MAX)
			return HS_PARSE_DECODE_ERROR;
		for (size_t i = 0; i < n; i++)
			if (groups[i] == group)
				result = HS_PARSE_ILLEGAL_PARAMETER;
		groups[n++] = group;
	}
	return result;
}

static bool identity_next(struct rd *identities, struct hs_psk *out)
{
	return rd_vec(identities, 2, &out->identity) && rd_len(&out->identity) != 0 &&
	       rd_u32(identities, &out->obfuscated_age);
}

static bool binder_next(struct rd *binders, struct hs_psk *out)
{
	enum { BINDER_MIN = 32 };

	return rd_vec(binders, 1, &out->binder) && rd_len(&out->binder) >= BINDER_MIN;
}

bool hs_psk_next(struct rd *identities, struct rd *binders, struct hs_psk *out)
{
	return identity_next(identities, out) && binder_next(binders, out);
}

/*
 * RFC 8446 §4.2.11:
 *   identities <7..2^16-1> of { identity <1..2^16-1> · obfuscated_ticket_age 4 }
 *   binders <33..2^16-1> of <32..255>, as many (bad-input F5)
 */
static enum hs_parse psks_parse(struct client_hello *ch, struct rd body)
{
	struct rd identities, binders;
	size_t n_identities = 0, n_binders = 0;
	struct hs_psk psk;

	if (!rd_vec(&body, 2, &ch->psk_identities))
		return HS_PARSE_DECODE_ERROR;
	ch->binders_at = (size_t)(body.p - ch->body);
	if (!rd_vec(&body, 2, &ch->psk_binders) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	identities = ch->psk_identities;
	binders = ch->psk_binders;
	for (; identity_next(&identities, &psk); n_identities++)
		;
	for (; binder_next(&binders, &psk); n_binders++)
		;
	if (n_identities == 0 || rd_len(&identities) != 0 || n_binders == 0 ||
	    rd_len(&binders) != 0)
		return HS_PARSE_DECODE_ERROR;
	return n_identities == n_binders ? HS_PARSE_OK : HS_PARSE_ILLEGAL_PARAMETER;
}

/* RFC 8446 §4.2.2: opaque cookie<1..2^16-1> */
static bool cookie_parse(struct rd body, struct rd *out)
{
	return rd_vec(&body, 2, out) && rd_len(&body) == 0 && rd_len(out) != 0;
}

enum hs_parse hs_hello13_extension(struct client_hello *ch, const struct hs_extension *ext)
{
	switch (ext->type) {
	case EXT_SUPPORTED_VERSIONS:
		return hs_decoded(hs_list_parse(ext->body, 1, 2, &ch->supported_versions));
	case EXT_COOKIE:
		return hs_decoded(cookie_parse(ext->body, &ch->retry_cookie));
	case EXT_KEY_SHARE:
		return shares_parse(ch, ext->body);
	case EXT_PSK_KEY_EXCHANGE_MODES:
		return hs_decoded(hs_list_parse(ext->body, 1, 1, &ch->psk_modes));
	case EXT_PRE_SHARED_KEY:
		return psks_parse(ch, ext->body);
	case EXT_EARLY_DATA:
		ch->has_early_data = true;
		return hs_decoded(rd_len(&ext->body) == 0);
	default: /* what we do not know is skipped (RFC 8446 §4.1.2) */
		return HS_PARSE_OK;
	}
}

/* RFC 8446 §4.2.11: "The 'pre_shared_key' extension MUST be the last extension in the ClientHello";
 * its end is the hello's. */
static bool psks_are_last(const struct client_hello *ch)
{
	return rd_len(&ch->psk_identities) == 0 || ch->psk_binders.end == ch->extensions.end;
}

/* RFC 8446 §4.2.8: a share's group is one "offered in the client's 'supported_groups' extension"
 * (bad-input D5). */
static bool shares_are_of_groups(const struct client_hello *ch)
{
	struct rd at = ch->key_shares, key;
	uint16_t group;

	while (share_next(&at, &group, &key))
		if (!hs_list16_has(ch->groups, group))
			return false;
	return true;
}

/* RFC 8446 §4.2.10: early data is under the first PSK (bad-input D12). */
enum hs_parse hs_hello13_check(const struct client_hello *ch)
{
	bool early_without = ch->has_early_data && rd_len(&ch->psk_identities) == 0;

	return psks_are_last(ch) && shares_are_of_groups(ch) && !early_without
		       ? HS_PARSE_OK
		       : HS_PARSE_ILLEGAL_PARAMETER;
}

/* RFC 8446 §4.1.2: what a client may change for its second hello. */
static bool may_change(uint16_t type)
{
	return type == EXT_KEY_SHARE || type == EXT_EARLY_DATA || type == EXT_COOKIE ||
	       type == EXT_PRE_SHARED_KEY || type == EXT_PADDING;
}

/* Into its place by type among the n pieces that are there: the number's two bytes come first in
 * each. */
static void insert(struct rd *pieces, size_t n, struct rd piece)
{
	for (; n > 0 && bytes_u16(pieces[n - 1].p) > bytes_u16(piece.p); n--)
		pieces[n] = pieces[n - 1];
	pieces[n] = piece;
}

size_t client_hello_repeats(const struct client_hello *ch, struct rd out[HS_REPEATS_MAX])
{
	struct hs_extensions walk = { .left = ch->extensions };
	const uint8_t *at = ch->extensions.p;
	struct hs_extension ext;
	size_t n = 0;

	/* version, random, session_id; the lists with their lengths */
	out[0] = (struct rd){ .p = ch->body, .end = ch->session_id.end };
	out[1] = (struct rd){ .p = ch->cookie.end, .end = ch->compression.end };
	for (; hs_extensions_next(&walk, &ext); at = walk.left.p)
		if (!may_change(ext.type))
			insert(out + 2, n++, (struct rd){ .p = at, .end = walk.left.p });
	return 2 + n;
}

static void shares_write(struct wr *w, const struct client_hello13_params *p)
{
	size_t extension, list;

	if (p->n_groups == 0)
		return;
	extension = hs_extension_open(w, EXT_KEY_SHARE);
	list = wr_open(w, 2);
	for (size_t i = 0; i < p->n_shares; i++)
		hs_share_write(w, &p->shares[i]);
	wr_close(w, 2, list);
	hs_extension_close(w, extension);
}

void hs_share_write(struct wr *w, const struct hs_share *share)
{
	wr_u16(w, share->group);
	wr_u16(w, share->len);
	wr_bytes(w, share->key, share->len);
}

void hs_cookie_write(struct wr *w, struct rd cookie)
{
	hs_extension_list(w, EXT_COOKIE, 2, cookie);
}

static void server_name_write(struct wr *w, struct rd name)
{
	enum { NAME_HOST = 0 }; /* RFC 6066 §3 */
	size_t extension, list;

	if (rd_len(&name) == 0)
		return;
	extension = hs_extension_open(w, EXT_SERVER_NAME);
	list = wr_open(w, 2);
	wr_u8(w, NAME_HOST);
	wr_uint(w, 2, rd_len(&name));
	wr_bytes(w, name.p, rd_len(&name));
	wr_close(w, 2, list);
	hs_extension_close(w, extension);
}

void hs_binders_write(struct wr *w, const struct hs_psk_offer *psks, size_t n)
{
	size_t mark = wr_open(w, 2);

	for (size_t i = 0; i < n; i++) {
		uint8_t *at;

		wr_u8(w, psks[i].binder_len);
		at = wr_space(w, psks[i].binder_len);
		if (at != NULL && psks[i].binder != NULL)
			memcpy(at, psks[i].binder, psks[i].binder_len);
		else if (at != NULL)
			memset(at, 0, psks[i].binder_len);
	}
	wr_close(w, 2, mark);
}

/* Returns where the binders begin. */
static size_t psks_write(struct wr *w, const struct hs_psk_offer *psks, size_t n)
{
	size_t extension = hs_extension_open(w, EXT_PRE_SHARED_KEY), list = wr_open(w, 2), binders;

	for (size_t i = 0; i < n; i++) {
		wr_u16(w, psks[i].identity_len);
		wr_bytes(w, psks[i].identity, psks[i].identity_len);
		wr_u32(w, psks[i].obfuscated_age);
	}
	wr_close(w, 2, list);
	binders = wr_len(w);
	hs_binders_write(w, psks, n);
	hs_extension_close(w, extension);
	return binders;
}

static void extensions_write(struct wr *w, const struct client_hello13_params *p)
{
	static const uint8_t versions[2] = { DTLS_1_3 >> 8, DTLS_1_3 & 0xff };

	hs_extension_list(w, EXT_SUPPORTED_VERSIONS, 1, rd_of(versions, sizeof(versions)));
	server_name_write(w, p->server_name);
	hs_extension_list16(w, EXT_SUPPORTED_GROUPS, p->groups, p->n_groups);
	hs_extension_list16(w, EXT_SIGNATURE_ALGORITHMS, p->signature_algorithms,
			    p->n_signature_algorithms);
	hs_extension_list(w, EXT_CLIENT_CERTIFICATE_TYPE, 1,
			  rd_of(p->client_certificate_types, p->n_client_certificate_types));
	hs_extension_list(w, EXT_SERVER_CERTIFICATE_TYPE, 1,
			  rd_of(p->server_certificate_types, p->n_server_certificate_types));
	hs_extension_limits(w, p->max_fragment_length, p->record_size_limit);
	hs_extension_cid(w, &p->cid);
	shares_write(w, p);
	hs_cookie_write(w, p->cookie);
	hs_extension_list(w, EXT_PSK_KEY_EXCHANGE_MODES, 1, rd_of(p->psk_modes, p->n_psk_modes));
}

size_t client_hello13_write(struct wr *w, const struct client_hello13_params *p)
{
	size_t start = wr_len(w), mark, binders = 0;

	wr_u16(w, DTLS_1_2);
	wr_bytes(w, p->random, HS_RANDOM_LEN);
	wr_u8(w, 0); /* session_id and cookie of 1.2 */
	wr_u8(w, 0);
	mark = wr_open(w, 2);
	for (size_t i = 0; i < p->n_suites; i++)
		wr_u16(w, p->suites[i]);
	wr_close(w, 2, mark);
	wr_u8(w, 1); /* compression: null only */
	wr_u8(w, 0);
	mark = wr_open(w, 2);
	extensions_write(w, p);
	if (p->n_psks > 0)
		binders = psks_write(w, p->psks, p->n_psks) - start;
	wr_close(w, 2, mark);
	return binders;
}
