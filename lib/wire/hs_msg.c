/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_msg.h"

#include "bytes.h"
#include "hs_extension.h"
#include "record.h"

/* RFC 5746 §3.3, RFC 7507 §4: values in the suite list that are signals, not suites. */
enum { SCSV_RENEGOTIATION_INFO = 0x00ff, SCSV_FALLBACK = 0x5600 };

/* RFC 6066 §3, RFC 8422 §5.1.2 */
enum { NAME_HOST = 0, POINT_UNCOMPRESSED = 0 };

enum { HS_LEN_MAX = 0xffffff };

bool hs_fragment_next(struct rd *record, struct hs_fragment *out)
{
	const uint8_t *p = record->p;
	struct hs_fragment f;
	uint32_t frag_len;
	uint64_t low;

	if (rd_len(record) < HS_HEADER_LEN)
		return false;
	low = bytes_u64(p + 4);
	f.type = p[0];
	f.len = bytes_u32(p) & HS_LEN_MAX;
	f.seq = (uint16_t)(low >> 48);
	f.off = (uint32_t)(low >> 24) & HS_LEN_MAX;
	frag_len = (uint32_t)low & HS_LEN_MAX;
	if (frag_len > rd_len(record) - HS_HEADER_LEN || f.off > f.len || frag_len > f.len - f.off)
		return false;
	f.body = rd_of(p + HS_HEADER_LEN, frag_len);
	record->p = f.body.end;
	*out = f;
	return true;
}

void hs_header_write(struct wr *w, uint8_t type, uint32_t len, uint16_t seq, uint32_t off,
		     uint32_t frag_len)
{
	uint8_t *at = wr_space(w, HS_HEADER_LEN);

	if ((len | off | frag_len) > HS_LEN_MAX)
		w->failed = true;
	if (at == NULL)
		return;
	bytes_put_u32(at, (uint32_t)type << 24 | len);
	bytes_put_u32(at + 4, (uint32_t)seq << 16 | off >> 8);
	bytes_put_u32(at + 8, off << 24 | frag_len);
}

/* The extensions block at the end of a hello: absent, or all that is left. */
static bool extensions_block(struct rd *body, struct rd *out, bool *present)
{
	*out = rd_of(body->end, 0);
	*present = rd_len(body) > 0;
	return !*present || (rd_vec(body, 2, out) && rd_len(body) == 0);
}

/* RFC 5746 §3.2: opaque renegotiated_connection<0..255>. */
static bool renegotiation_info_parse(struct rd body, bool *empty)
{
	struct rd verify_data;

	if (!rd_vec(&body, 1, &verify_data) || rd_len(&body) != 0)
		return false;
	*empty = rd_len(&verify_data) == 0;
	return true;
}

/* RFC 6066 §3: ServerNameList<1..2^16-1> of { type, opaque<1..2^16-1> }. */
static bool server_name_parse(struct client_hello *ch, struct rd body)
{
	struct rd list, name;
	uint8_t type;

	if (!rd_vec(&body, 2, &list) || rd_len(&body) != 0 || rd_len(&list) == 0)
		return false;
	while (rd_len(&list) > 0) {
		if (!rd_u8(&list, &type) || !rd_vec(&list, 2, &name) || rd_len(&name) == 0)
			return false;
		if (type == NAME_HOST)
			ch->server_name = name;
	}
	return true;
}

/* RFC 8422 §5.1.2: a list without the uncompressed format is answered with illegal_parameter. */
static enum hs_parse point_formats_parse(struct rd body)
{
	struct rd list;

	if (!hs_list_parse(body, 1, 1, &list))
		return HS_PARSE_DECODE_ERROR;
	return memchr(list.p, POINT_UNCOMPRESSED, rd_len(&list)) != NULL
		       ? HS_PARSE_OK
		       : HS_PARSE_ILLEGAL_PARAMETER;
}

static enum hs_parse client_extension(void *out, const struct hs_extension *ext)
{
	struct client_hello *ch = out;

	switch (ext->type) {
	case EXT_SERVER_NAME:
		return hs_decoded(server_name_parse(ch, ext->body));
	case EXT_SUPPORTED_GROUPS:
		return hs_decoded(hs_list_parse(ext->body, 2, 2, &ch->groups));
	case EXT_EC_POINT_FORMATS:
		ch->has_point_formats = true;
		return point_formats_parse(ext->body);
	case EXT_SIGNATURE_ALGORITHMS:
		return hs_decoded(hs_list_parse(ext->body, 2, 2, &ch->signature_algorithms));
	case EXT_CLIENT_CERTIFICATE_TYPE:
		return hs_decoded(hs_list_parse(ext->body, 1, 1, &ch->client_certificate_types));
	case EXT_SERVER_CERTIFICATE_TYPE:
		return hs_decoded(hs_list_parse(ext->body, 1, 1, &ch->server_certificate_types));
	case EXT_MAX_FRAGMENT_LENGTH:
		return hs_fragment_length_parse(ext->body, &ch->max_fragment_length);
	case EXT_RECORD_SIZE_LIMIT:
		return hs_size_limit_parse(ext->body, &ch->record_size_limit);
	case EXT_CONNECTION_ID:
		return hs_cid_parse(ext->body, &ch->has_cid, &ch->cid);
	case EXT_RRC:
		return hs_flag_parse(ext->body, &ch->has_rrc);
	case EXT_EXTENDED_MASTER_SECRET:
		ch->has_ems = true;
		return hs_decoded(rd_len(&ext->body) == 0);
	case EXT_SESSION_TICKET: /* RFC 5077 §3.2: the whole body is the ticket */
		ch->has_ticket = true;
		ch->ticket = ext->body;
		return HS_PARSE_OK;
	case EXT_RENEGOTIATION_INFO:
		ch->has_renegotiation_info = true;
		return hs_decoded(
			renegotiation_info_parse(ext->body, &ch->renegotiation_info_empty));
	default:
		return hs_hello13_extension(ch, ext);
	}
}

static bool suites_parse(struct client_hello *ch)
{
	struct rd at = ch->suites;
	uint16_t suite;

	if (rd_len(&at) == 0 || rd_len(&at) % 2 != 0)
		return false;
	while (rd_u16(&at, &suite)) {
		ch->has_scsv |= suite == SCSV_RENEGOTIATION_INFO;
		ch->has_fallback_scsv |= suite == SCSV_FALLBACK;
	}
	return true;
}

/* RFC 5246 §7.4.1.2: "This vector MUST contain, and all implementations MUST support,
 * CompressionMethod.null." */
static bool compression_has_null(struct rd methods)
{
	uint8_t method;

	while (rd_u8(&methods, &method))
		if (method == 0)
			return true;
	return false;
}

/*
 * RFC 5246 §7.4.1.2, with the cookie of RFC 6347 §4.2.1:
 *   version 2 · random 32 · session_id <0..32> · cookie <0..255> · suites <2..2^16-2> ·
 *   compression <1..255> · extensions <0..2^16-1>, may be absent as a whole
 */
enum hs_parse client_hello_parse(struct rd body, struct client_hello *out)
{
	struct client_hello ch = { .body = body.p };
	struct rd random;

	if (!rd_u16(&body, &ch.version) || !rd_sub(&body, HS_RANDOM_LEN, &random) ||
	    !rd_vec(&body, 1, &ch.session_id) || rd_len(&ch.session_id) > HS_SESSION_ID_MAX ||
	    !rd_vec(&body, 1, &ch.cookie) || !rd_vec(&body, 2, &ch.suites) || !suites_parse(&ch) ||
	    !rd_vec(&body, 1, &ch.compression) ||
	    !extensions_block(&body, &ch.extensions, &ch.has_extensions))
		return HS_PARSE_DECODE_ERROR;
	ch.random = random.p;

	enum hs_parse result = hs_extensions_each(ch.extensions, &ch, client_extension);

	result = hs_worse(result, hs_hello13_check(&ch));
	if (result == HS_PARSE_DECODE_ERROR)
		return result;
	if (!compression_has_null(ch.compression))
		result = HS_PARSE_ILLEGAL_PARAMETER;
	*out = ch;
	return result;
}

bool hs_list16_has(struct rd list, uint16_t number)
{
	uint16_t item;

	while (rd_u16(&list, &item))
		if (item == number)
			return true;
	return false;
}

bool client_hello_offers(const struct client_hello *ch, uint16_t suite)
{
	return hs_list16_has(ch->suites, suite);
}

/* RFC 5746 §3.4: in an initial handshake the server's must be empty. */
static enum hs_parse server_extension(void *out, const struct hs_extension *ext)
{
	struct server_hello *sh = out;
	bool empty;

	switch (ext->type) {
	case EXT_EXTENDED_MASTER_SECRET:
		sh->has_ems = true;
		return hs_decoded(rd_len(&ext->body) == 0);
	case EXT_SESSION_TICKET:
		sh->has_ticket = true;
		return hs_decoded(rd_len(&ext->body) == 0);
	case EXT_EC_POINT_FORMATS:
		return point_formats_parse(ext->body);
	case EXT_MAX_FRAGMENT_LENGTH:
		return hs_fragment_length_parse(ext->body, &sh->max_fragment_length);
	case EXT_RECORD_SIZE_LIMIT:
		return hs_size_limit_parse(ext->body, &sh->record_size_limit);
	case EXT_CLIENT_CERTIFICATE_TYPE:
		return hs_certificate_type_parse(ext->body, &sh->has_client_certificate_type,
						 &sh->client_certificate_type);
	case EXT_SERVER_CERTIFICATE_TYPE:
		return hs_certificate_type_parse(ext->body, &sh->has_server_certificate_type,
						 &sh->server_certificate_type);
	case EXT_CONNECTION_ID:
		return hs_cid_parse(ext->body, &sh->has_cid, &sh->cid);
	case EXT_RRC:
		return hs_flag_parse(ext->body, &sh->has_rrc);
	case EXT_RENEGOTIATION_INFO:
		sh->has_renegotiation_info = true;
		if (!renegotiation_info_parse(ext->body, &empty))
			return HS_PARSE_DECODE_ERROR;
		return empty ? HS_PARSE_OK : HS_PARSE_ILLEGAL_PARAMETER;
	default:
		return HS_PARSE_UNSUPPORTED_EXTENSION;
	}
}

/*
 * RFC 5246 §7.4.1.3:
 *   version 2 · random 32 · session_id <0..32> · suite 2 · compression 1 · extensions, may be
 * absent
 */
enum hs_parse server_hello_parse(struct rd body, struct server_hello *out)
{
	struct server_hello sh = { 0 };
	struct rd random, extensions;
	bool present;

	if (!rd_u16(&body, &sh.version) || !rd_sub(&body, HS_RANDOM_LEN, &random) ||
	    !rd_vec(&body, 1, &sh.session_id) || rd_len(&sh.session_id) > HS_SESSION_ID_MAX ||
	    !rd_u16(&body, &sh.suite) || !rd_u8(&body, &sh.compression) ||
	    !extensions_block(&body, &extensions, &present))
		return HS_PARSE_DECODE_ERROR;
	sh.random = random.p;

	enum hs_parse result = hs_extensions_each(extensions, &sh, server_extension);

	if (result == HS_PARSE_OK)
		*out = sh;
	return result;
}

/* RFC 6347 §4.2.1: version 2 · cookie <0..255>. The version is 1.0 from servers that follow the
 * RFC's advice, and says nothing about what will be negotiated. */
enum hs_parse hello_verify_request_parse(struct rd body, struct rd *cookie)
{
	uint16_t version;
	struct rd c;

	if (!rd_u16(&body, &version) || !rd_vec(&body, 1, &c) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	if (version != DTLS_1_0 && version != DTLS_1_2)
		return HS_PARSE_ILLEGAL_PARAMETER;
	*cookie = c;
	return HS_PARSE_OK;
}

/* RFC 4279 §2: opaque <0..2^16-1>, alone in its message. */
enum hs_parse psk_identity_parse(struct rd body, struct rd *identity)
{
	struct rd id;

	if (!rd_vec(&body, 2, &id) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	*identity = id;
	return HS_PARSE_OK;
}

/* RFC 5077 §3.3: lifetime_hint 4 · ticket <0..2^16-1> */
enum hs_parse new_session_ticket_parse(struct rd body, uint32_t *lifetime_s, struct rd *ticket)
{
	uint32_t lifetime;
	struct rd t;

	if (!rd_u32(&body, &lifetime) || !rd_vec(&body, 2, &t) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	*lifetime_s = lifetime;
	*ticket = t;
	return HS_PARSE_OK;
}

/* What both hellos of ours may carry: a renegotiation_info whose one vector is empty (RFC 5746
 * §3.4, §3.6), an empty extended_master_secret (RFC 7627 §5.1), a session ticket (RFC 5077 §3.2),
 * the one point format, and how large records may be. */
struct own_extensions {
	bool renegotiation_info, ems, has_ticket, point_formats;
	const uint8_t *ticket;
	uint16_t ticket_len;
	uint16_t record_size_limit;
	uint8_t max_fragment_length;
};

static void own_extensions_write(struct wr *w, const struct own_extensions *e)
{
	static const uint8_t no_verify_data[1] = { 0 }, uncompressed[1] = { POINT_UNCOMPRESSED };

	if (e->renegotiation_info)
		hs_extension_write(w, EXT_RENEGOTIATION_INFO, no_verify_data,
				   sizeof(no_verify_data));
	if (e->ems)
		hs_extension_write(w, EXT_EXTENDED_MASTER_SECRET, NULL, 0);
	if (e->has_ticket)
		hs_extension_write(w, EXT_SESSION_TICKET, e->ticket, e->ticket_len);
	if (e->point_formats)
		hs_extension_list(w, EXT_EC_POINT_FORMATS, 1, rd_of(uncompressed, 1));
	hs_extension_limits(w, e->max_fragment_length, e->record_size_limit);
}

/* A block of length zero would be legal, but old peers choke on it: no block when there is nothing
 * in it. */
static void block_close(struct wr *w, size_t mark)
{
	if (wr_len(w) == mark + 2)
		w->p -= 2;
	else
		wr_close(w, 2, mark);
}

void client_hello_write(struct wr *w, const struct client_hello_params *p)
{
	const struct own_extensions e = { .renegotiation_info = true,
					  .ems = p->ems,
					  .has_ticket = p->has_ticket,
					  .ticket = p->ticket,
					  .ticket_len = p->ticket_len,
					  .point_formats = p->n_groups != 0,
					  .max_fragment_length = p->max_fragment_length,
					  .record_size_limit = p->record_size_limit };
	size_t mark;

	wr_u16(w, DTLS_1_2);
	wr_bytes(w, p->random, HS_RANDOM_LEN);
	wr_u8(w, p->session_id_len);
	wr_bytes(w, p->session_id, p->session_id_len);
	wr_u8(w, p->cookie_len);
	wr_bytes(w, p->cookie, p->cookie_len);
	mark = wr_open(w, 2);
	for (size_t i = 0; i < p->n_suites; i++)
		wr_u16(w, p->suites[i]);
	wr_close(w, 2, mark);
	wr_u8(w, 1); /* compression: null only */
	wr_u8(w, 0);
	mark = wr_open(w, 2);
	own_extensions_write(w, &e);
	hs_extension_list16(w, EXT_SUPPORTED_GROUPS, p->groups, p->n_groups);
	hs_extension_list16(w, EXT_SIGNATURE_ALGORITHMS, p->signature_algorithms,
			    p->n_signature_algorithms);
	hs_extension_list(w, EXT_CLIENT_CERTIFICATE_TYPE, 1,
			  rd_of(p->client_certificate_types, p->n_client_certificate_types));
	hs_extension_list(w, EXT_SERVER_CERTIFICATE_TYPE, 1,
			  rd_of(p->server_certificate_types, p->n_server_certificate_types));
	hs_extension_cid(w, &p->cid);
	block_close(w, mark);
}

void server_hello_write(struct wr *w, const struct server_hello_params *p)
{
	const struct own_extensions e = { .renegotiation_info = p->renegotiation_info,
					  .ems = p->ems,
					  .has_ticket = p->ticket,
					  .point_formats = p->point_formats,
					  .max_fragment_length = p->max_fragment_length,
					  .record_size_limit = p->record_size_limit };
	size_t mark;

	wr_u16(w, DTLS_1_2);
	wr_bytes(w, p->random, HS_RANDOM_LEN);
	wr_u8(w, p->session_id_len);
	wr_bytes(w, p->session_id, p->session_id_len);
	wr_u16(w, p->suite);
	wr_u8(w, 0); /* compression: null */
	mark = wr_open(w, 2);
	own_extensions_write(w, &e);
	if (p->server_name) /* RFC 6066 §3: it was used */
		hs_extension_write(w, EXT_SERVER_NAME, NULL, 0);
	if (p->has_client_certificate_type)
		hs_extension_write(w, EXT_CLIENT_CERTIFICATE_TYPE, &p->client_certificate_type, 1);
	if (p->has_server_certificate_type)
		hs_extension_write(w, EXT_SERVER_CERTIFICATE_TYPE, &p->server_certificate_type, 1);
	hs_extension_cid(w, &p->cid);
	block_close(w, mark);
}

void new_session_ticket_write(struct wr *w, uint32_t lifetime_s, const uint8_t *ticket,
			      uint16_t len)
{
	wr_u32(w, lifetime_s);
	wr_u16(w, len);
	wr_bytes(w, ticket, len);
}

void hello_verify_request_write(struct wr *w, const uint8_t *cookie, uint8_t cookie_len)
{
	wr_u16(w, DTLS_1_0);
	wr_u8(w, cookie_len);
	wr_bytes(w, cookie, cookie_len);
}

void psk_identity_write(struct wr *w, const uint8_t *identity, uint16_t len)
{
	wr_u16(w, len);
	wr_bytes(w, identity, len);
}
