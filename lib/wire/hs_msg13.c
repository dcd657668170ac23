/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_msg13.h"

#include "hs_extension.h"
#include "record.h"

/* RFC 8446 §4.1.3: SHA-256 of "HelloRetryRequest" */
static const uint8_t retry_random[HS_RANDOM_LEN] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

const uint8_t hs_downgrade12[HS_DOWNGRADE_LEN] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 1 };

static bool share_parse(struct server_hello13 *sh, struct rd body)
{
	sh->has_share = true;
	sh->share = rd_of(body.end, 0);
	return rd_u16(&body, &sh->group) &&
	       (sh->retry || (rd_vec(&body, 2, &sh->share) && rd_len(&sh->share) != 0)) &&
	       rd_len(&body) == 0;
}

static bool number_parse(struct rd body, uint16_t *out)
{
	return rd_u16(&body, out) && rd_len(&body) == 0;
}

static bool cookie_parse(struct rd body, struct rd *out)
{
	return rd_vec(&body, 2, out) && rd_len(&body) == 0 && rd_len(out) != 0;
}

/* RFC 8446 §4.2: which extension may be in which of the two. */
static enum hs_parse server_extension(void *out, const struct hs_extension *ext)
{
	struct server_hello13 *sh = out;

	if (ext->type == EXT_SUPPORTED_VERSIONS)
		return hs_decoded(number_parse(ext->body, &sh->version));
	if (ext->type == EXT_KEY_SHARE)
		return hs_decoded(share_parse(sh, ext->body));
	if (ext->type == EXT_COOKIE && sh->retry)
		return hs_decoded(cookie_parse(ext->body, &sh->cookie));
	if (ext->type == EXT_PRE_SHARED_KEY && !sh->retry) {
		sh->has_psk = true;
		return hs_decoded(number_parse(ext->body, &sh->psk));
	}
	if (ext->type == EXT_CONNECTION_ID && !sh->retry)
		return hs_cid_parse(ext->body, &sh->has_cid, &sh->cid);
	if (ext->type == EXT_RRC && !sh->retry)
		return hs_flag_parse(ext->body, &sh->has_rrc);
	return hs_extension_stray(ext->type);
}

/* Whether a block has supported_versions, which a ServerHello of 1.2 has not. */
static enum hs_parse version_extension(void *out, const struct hs_extension *ext)
{
	*(bool *)out |= ext->type == EXT_SUPPORTED_VERSIONS;
	return HS_PARSE_OK;
}

/*
 * RFC 8446 §4.1.3, §4.1.4:
 *   version 2 · random 32 · session_id <0..32> · suite 2 · compression 1 · extensions <6..2^16-1>
 */
enum hs_parse server_hello13_parse(struct rd body, struct server_hello13 *out)
{
	struct server_hello13 sh = { 0 };
	struct rd random, extensions = rd_of(body.end, 0);
	enum hs_parse result;
	uint16_t version;
	bool is_13 = false;

	if (!rd_u16(&body, &version) || !rd_sub(&body, HS_RANDOM_LEN, &random) ||
	    !rd_vec(&body, 1, &sh.session_id) || rd_len(&sh.session_id) > HS_SESSION_ID_MAX ||
	    !rd_u16(&body, &sh.suite) || !rd_u8(&body, &sh.compression) ||
	    (rd_len(&body) != 0 && !rd_vec(&body, 2, &extensions)) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	sh.random = random.p;
	sh.retry = memcmp(random.p, retry_random, sizeof(retry_random)) == 0;
	result = hs_extensions_each(extensions, &is_13, version_extension);
	if (result == HS_PARSE_OK && is_13)
		result = hs_extensions_each(extensions, &sh, server_extension);
	if (result == HS_PARSE_OK)
		*out = sh;
	return result;
}

/* Up to the extensions, which are to be closed. */
static size_t server_hello_open(struct wr *w, const uint8_t *random, uint16_t suite)
{
	static const uint8_t version[2] = { DTLS_1_3 >> 8, DTLS_1_3 & 0xff };
	size_t mark;

	wr_u16(w, DTLS_1_2);
	wr_bytes(w, random, HS_RANDOM_LEN);
	wr_u8(w, 0); /* RFC 9147 §5: session_id is not echoed (checklist 33) */
	wr_u16(w, suite);
	wr_u8(w, 0); /* compression: null */
	mark = wr_open(w, 2);
	hs_extension_write(w, EXT_SUPPORTED_VERSIONS, version, sizeof(version));
	return mark;
}

static void number_write(struct wr *w, enum extension type, uint16_t number)
{
	size_t mark = hs_extension_open(w, type);

	wr_u16(w, number);
	hs_extension_close(w, mark);
}

void server_hello13_write(struct wr *w, const struct server_hello13_params *p)
{
	size_t block = server_hello_open(w, p->random, p->suite), mark;

	if (p->share.group != 0) {
		mark = hs_extension_open(w, EXT_KEY_SHARE);
		hs_share_write(w, &p->share);
		hs_extension_close(w, mark);
	}
	if (p->has_psk)
		number_write(w, EXT_PRE_SHARED_KEY, p->psk);
	hs_extension_cid(w, &p->cid);
	wr_close(w, 2, block);
}

void hello_retry_write(struct wr *w, uint16_t suite, uint16_t group, struct rd cookie)
{
	size_t block = server_hello_open(w, retry_random, suite);

	if (group != 0)
		number_write(w, EXT_KEY_SHARE, group);
	hs_cookie_write(w, cookie);
	wr_close(w, 2, block);
}

static enum hs_parse encrypted_extension(void *out, const struct hs_extension *ext)
{
	struct encrypted_extensions *e = out;

	switch (ext->type) {
	case EXT_SERVER_NAME:
		e->server_name = true;
		return hs_decoded(rd_len(&ext->body) == 0);
	case EXT_SUPPORTED_GROUPS: /* RFC 8446 §4.2.7: for the client to learn from */
		e->supported_groups = true;
		return HS_PARSE_OK;
	case EXT_CLIENT_CERTIFICATE_TYPE:
		return hs_certificate_type_parse(ext->body, &e->has_client_certificate_type,
						 &e->client_certificate_type);
	case EXT_SERVER_CERTIFICATE_TYPE:
		return hs_certificate_type_parse(ext->body, &e->has_server_certificate_type,
						 &e->server_certificate_type);
	case EXT_MAX_FRAGMENT_LENGTH:
		return hs_fragment_length_parse(ext->body, &e->max_fragment_length);
	case EXT_RECORD_SIZE_LIMIT:
		return hs_size_limit_parse(ext->body, &e->record_size_limit);
	case EXT_EARLY_DATA: /* its place, but never asked for */
		return HS_PARSE_UNSUPPORTED_EXTENSION;
	default:
		return hs_extension_stray(ext->type);
	}
}

/* RFC 8446 §4.3.1: extensions <0..2^16-1> */
enum hs_parse encrypted_extensions_parse(struct rd body, struct encrypted_extensions *out)
{
	struct encrypted_extensions e = { 0 };
	enum hs_parse result;
	struct rd block;

	if (!rd_vec(&body, 2, &block) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	result = hs_extensions_each(block, &e, encrypted_extension);
	if (result == HS_PARSE_OK)
		*out = e;
	return result;
}

void encrypted_extensions_write(struct wr *w, const struct encrypted_extensions *e)
{
	size_t block = wr_open(w, 2);

	if (e->server_name)
		hs_extension_write(w, EXT_SERVER_NAME, NULL, 0);
	if (e->has_client_certificate_type)
		hs_extension_write(w, EXT_CLIENT_CERTIFICATE_TYPE, &e->client_certificate_type, 1);
	if (e->has_server_certificate_type)
		hs_extension_write(w, EXT_SERVER_CERTIFICATE_TYPE, &e->server_certificate_type, 1);
	hs_extension_limits(w, e->max_fragment_length, e->record_size_limit);
	wr_close(w, 2, block);
}

/* In what is no answer there may be what we do not know, but nothing of other messages. */
static enum hs_parse unless_known(const struct hs_extension *ext)
{
	enum hs_parse stray = hs_extension_stray(ext->type);

	return stray == HS_PARSE_UNSUPPORTED_EXTENSION ? HS_PARSE_OK : stray;
}

static enum hs_parse request_extension(void *out, const struct hs_extension *ext)
{
	struct certificate_request13 *cr = out;

	if (ext->type == EXT_SIGNATURE_ALGORITHMS)
		return hs_decoded(hs_list_parse(ext->body, 2, 2, &cr->signature_algorithms));
	return ext->type == EXT_CERTIFICATE_AUTHORITIES ? HS_PARSE_OK : unless_known(ext);
}

/* RFC 8446 §4.3.2: context <0..255> · extensions <2..2^16-1>, signature_algorithms among them */
enum hs_parse certificate_request13_parse(struct rd body, struct certificate_request13 *out)
{
	struct certificate_request13 cr = { 0 };
	enum hs_parse result;
	struct rd block;

	if (!rd_vec(&body, 1, &cr.context) || !rd_vec(&body, 2, &block) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	result = hs_extensions_each(block, &cr, request_extension);
	if (result == HS_PARSE_OK && rd_len(&cr.signature_algorithms) == 0)
		return HS_PARSE_MISSING_EXTENSION;
	if (result == HS_PARSE_OK)
		*out = cr;
	return result;
}

void certificate_request13_write(struct wr *w, const uint16_t *signature_algorithms, size_t n)
{
	size_t block;

	wr_u8(w, 0);
	block = wr_open(w, 2);
	hs_extension_list16(w, EXT_SIGNATURE_ALGORITHMS, signature_algorithms, n);
	wr_close(w, 2, block);
}

/* RFC 8446 §4.4.2: CertificateEntry of data <1..2^24-1> · extensions <0..2^16-1> */
static bool entry_next(struct rd *entries, struct rd *data, struct rd *extensions)
{
	return rd_vec(entries, 3, data) && rd_len(data) != 0 && rd_vec(entries, 2, extensions);
}

bool certificate13_next(struct rd *entries, struct rd *data)
{
	struct rd extensions;

	return entry_next(entries, data, &extensions);
}

/* "Extensions in the Certificate message from the client MUST correspond to extensions in the
 * CertificateRequest message from the server", and the server's to the hello: to none (G9). */
static enum hs_parse entry_extension(void *out, const struct hs_extension *ext)
{
	(void)out;
	return hs_extension_stray(ext->type);
}

/* RFC 8446 §4.4.2: context <0..255> · certificate_list <0..2^24-1> */
enum hs_parse certificate13_parse(struct rd body, struct certificate13 *out)
{
	enum hs_parse result = HS_PARSE_OK;
	struct rd entries, data, extensions;
	struct certificate13 c;

	if (!rd_vec(&body, 1, &c.context) || !rd_vec(&body, 3, &c.entries) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	entries = c.entries;
	while (rd_len(&entries) > 0) {
		if (!entry_next(&entries, &data, &extensions))
			return HS_PARSE_DECODE_ERROR;
		result = hs_worse(result, hs_extensions_each(extensions, NULL, entry_extension));
	}
	if (result == HS_PARSE_OK)
		*out = c;
	return result;
}

void certificate13_list(struct wr *w, struct rd entries)
{
	struct rd data;

	while (certificate13_next(&entries, &data)) {
		wr_uint(w, 3, rd_len(&data));
		wr_bytes(w, data.p, rd_len(&data));
	}
}

static void entry_write(struct wr *w, struct rd data)
{
	wr_uint(w, 3, rd_len(&data));
	wr_bytes(w, data.p, rd_len(&data));
	wr_u16(w, 0);
}

void certificate13_write(struct wr *w, struct rd chain)
{
	struct rd data;
	size_t list;

	wr_u8(w, 0);
	list = wr_open(w, 3);
	while (rd_vec(&chain, 3, &data))
		entry_write(w, data);
	wr_close(w, 3, list);
}

void certificate13_rpk_write(struct wr *w, struct rd spki)
{
	size_t list;

	wr_u8(w, 0);
	list = wr_open(w, 3);
	if (rd_len(&spki) != 0)
		entry_write(w, spki);
	wr_close(w, 3, list);
}

size_t certificate_verify13_input(uint8_t out[HS_VERIFY13_INPUT_MAX], bool server,
				  const uint8_t *hash, size_t hash_len)
{
	static const char of_server[] = "TLS 1.3, server CertificateVerify",
			  of_client[] = "TLS 1.3, client CertificateVerify";
	struct wr w = wr_of(out, HS_VERIFY13_INPUT_MAX);
	uint8_t *spaces = wr_space(&w, 64);
	size_t len;

	memset(spaces, ' ', 64);
	/* with the zero at its end */
	wr_bytes(&w, server ? of_server : of_client, sizeof(of_server));
	wr_bytes(&w, hash, hash_len);
	return wr_finish(&w, &len) ? len : 0;
}

static enum hs_parse ticket_extension(void *out, const struct hs_extension *ext)
{
	(void)out;
	return ext->type == EXT_EARLY_DATA ? HS_PARSE_OK : unless_known(ext);
}

/* RFC 8446 §4.6.1: lifetime 4 · age_add 4 · nonce <0..255> · ticket <1..2^16-1> · extensions
 * <0..2^16-2>, of which there is early_data, and we send none */
enum hs_parse new_session_ticket13_parse(struct rd body, struct new_session_ticket13 *out)
{
	struct new_session_ticket13 t;
	enum hs_parse result;
	struct rd block;

	if (!rd_u32(&body, &t.lifetime_s) || !rd_u32(&body, &t.age_add) ||
	    !rd_vec(&body, 1, &t.nonce) || !rd_vec(&body, 2, &t.ticket) || rd_len(&t.ticket) == 0 ||
	    !rd_vec(&body, 2, &block) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	result = hs_extensions_each(block, NULL, ticket_extension);
	if (result == HS_PARSE_OK)
		*out = t;
	return result;
}

void new_session_ticket13_write(struct wr *w, const struct new_session_ticket13 *t)
{
	wr_u32(w, t->lifetime_s);
	wr_u32(w, t->age_add);
	wr_uint(w, 1, rd_len(&t->nonce));
	wr_bytes(w, t->nonce.p, rd_len(&t->nonce));
	wr_uint(w, 2, rd_len(&t->ticket));
	wr_bytes(w, t->ticket.p, rd_len(&t->ticket));
	wr_u16(w, 0);
}

enum hs_parse key_update_parse(struct rd body, bool *requested)
{
	uint8_t value;

	if (!rd_u8(&body, &value) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	if (value > 1) /* bad-input L8 */
		return HS_PARSE_ILLEGAL_PARAMETER;
	*requested = value == 1;
	return HS_PARSE_OK;
}

void key_update_write(struct wr *w, bool requested) { wr_u8(w, requested); }

/* RFC 9147 §9: cids <0..2^16-1> of ConnectionId <0..255> · usage 1 (bad-input I10) */
enum hs_parse new_connection_id_parse(struct rd body, struct new_connection_id *out)
{
	struct new_connection_id n;
	struct rd cids, cid;

	if (!rd_vec(&body, 2, &n.cids) || !rd_u8(&body, &n.usage) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	for (cids = n.cids; rd_len(&cids) > 0;)
		if (!new_connection_id_next(&cids, &cid))
			return HS_PARSE_DECODE_ERROR;
	if (n.usage > HS_CID_SPARE || (n.usage == HS_CID_IMMEDIATE && rd_len(&n.cids) == 0))
		return HS_PARSE_ILLEGAL_PARAMETER;
	*out = n;
	return HS_PARSE_OK;
}

bool new_connection_id_next(struct rd *cids, struct rd *cid) { return rd_vec(cids, 1, cid); }

void new_connection_id_write(struct wr *w, const uint8_t *cids, size_t cid_len, size_t n,
			     enum hs_cid_usage usage)
{
	size_t mark = wr_open(w, 2);

	for (; n > 0; n--, cids += cid_len) {
		wr_u8(w, (uint8_t)cid_len);
		wr_bytes(w, cids, cid_len);
	}
	wr_close(w, 2, mark);
	wr_u8(w, (uint8_t)usage);
}

enum hs_parse request_connection_id_parse(struct rd body, uint8_t *n)
{
	return hs_decoded(rd_u8(&body, n) && rd_len(&body) == 0);
}

void request_connection_id_write(struct wr *w, uint8_t n) { wr_u8(w, n); }

/* RFC 9147 §7: record_numbers <0..2^16-1> of { epoch 8 · sequence_number 8 } (bad-input L2) */
enum hs_parse ack_parse(struct rd body, struct rd *list)
{
	struct rd l;

	if (!rd_vec(&body, 2, &l) || rd_len(&body) != 0 || rd_len(&l) % 16 != 0)
		return HS_PARSE_DECODE_ERROR;
	*list = l;
	return HS_PARSE_OK;
}

bool ack_next(struct rd *list, struct hs_ack *out)
{
	return rd_u64(list, &out->epoch) && rd_u64(list, &out->number);
}

void ack_write(struct wr *w, const struct hs_ack *numbers, size_t n)
{
	size_t mark = wr_open(w, 2);

	for (size_t i = 0; i < n; i++) {
		wr_u64(w, numbers[i].epoch);
		wr_u64(w, numbers[i].number);
	}
	wr_close(w, 2, mark);
}
