/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_auth.h"

#include "hs_extension.h"

enum { NAMED_CURVE = 3 }; /* RFC 8422 §5.4, ECCurveType */

enum hs_parse certificate_parse(struct rd body, struct rd *content)
{
	return hs_decoded(rd_vec(&body, 3, content) && rd_len(&body) == 0);
}

void certificate_none_write(struct wr *w) { wr_u24(w, 0); }

/* RFC 5246 §7.4.4: certificate_types <1..2^8-1> · supported_signature_algorithms <2..2^16-2> ·
 * certificate_authorities <0..2^16-1> of DistinguishedName <1..2^16-1> */
enum hs_parse certificate_request_parse(struct rd body, struct certificate_request *out)
{
	struct certificate_request cr;
	struct rd names, name;

	if (!rd_vec(&body, 1, &cr.types) || rd_len(&cr.types) == 0 ||
	    !rd_vec(&body, 2, &cr.signature_algorithms) || rd_len(&cr.signature_algorithms) == 0 ||
	    rd_len(&cr.signature_algorithms) % 2 != 0 || !rd_vec(&body, 2, &cr.authorities) ||
	    rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	names = cr.authorities;
	while (rd_len(&names) > 0)
		if (!rd_vec(&names, 2, &name) || rd_len(&name) == 0)
			return HS_PARSE_DECODE_ERROR;
	*out = cr;
	return HS_PARSE_OK;
}

void certificate_request_write(struct wr *w, const uint8_t *types, size_t n_types,
			       const uint16_t *signature_algorithms, size_t n_algorithms)
{
	size_t mark = wr_open(w, 1);

	wr_bytes(w, types, n_types);
	wr_close(w, 1, mark);
	mark = wr_open(w, 2);
	for (size_t i = 0; i < n_algorithms; i++)
		wr_u16(w, signature_algorithms[i]);
	wr_close(w, 2, mark);
	wr_u16(w, 0); /* certificate_authorities */
}

static bool signature_take(struct rd *body, struct hs_signature *out)
{
	return rd_u16(body, &out->scheme) && rd_vec(body, 2, &out->bytes);
}

enum hs_parse certificate_verify_parse(struct rd body, struct hs_signature *out)
{
	return hs_decoded(signature_take(&body, out) && rd_len(&body) == 0);
}

void hs_signature_write(struct wr *w, uint16_t scheme, const uint8_t *bytes, size_t len)
{
	size_t mark;

	wr_u16(w, scheme);
	mark = wr_open(w, 2);
	wr_bytes(w, bytes, len);
	wr_close(w, 2, mark);
}

/* RFC 8422 §5.4: curve_type 1 · named curve 2 · point <1..2^8-1>. The other types are gone, and
 * what follows them cannot be told. */
static enum hs_parse params_take(struct rd *body, struct ecdhe_server *out)
{
	const uint8_t *start = body->p;
	uint8_t type;

	if (!rd_u8(body, &type))
		return HS_PARSE_DECODE_ERROR;
	if (type != NAMED_CURVE)
		return HS_PARSE_ILLEGAL_PARAMETER;
	if (!rd_u16(body, &out->group) || !rd_vec(body, 1, &out->point) || rd_len(&out->point) == 0)
		return HS_PARSE_DECODE_ERROR;
	out->params = (struct rd){ .p = start, .end = body->p };
	return HS_PARSE_OK;
}

enum hs_parse ecdhe_psk_server_parse(struct rd body, struct ecdhe_server *out)
{
	struct ecdhe_server s = { 0 };
	enum hs_parse result = HS_PARSE_DECODE_ERROR;

	if (rd_vec(&body, 2, &s.hint))
		result = params_take(&body, &s);
	if (result == HS_PARSE_OK && rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	if (result == HS_PARSE_OK)
		*out = s;
	return result;
}

enum hs_parse ecdhe_signed_server_parse(struct rd body, struct ecdhe_server *out)
{
	struct ecdhe_server s = { 0 };
	enum hs_parse result = params_take(&body, &s);

	if (result == HS_PARSE_OK && (!signature_take(&body, &s.signature) || rd_len(&body) != 0))
		return HS_PARSE_DECODE_ERROR;
	if (result == HS_PARSE_OK)
		*out = s;
	return result;
}

void ecdhe_point_write(struct wr *w, const uint8_t *point, size_t len)
{
	size_t mark = wr_open(w, 1);

	wr_bytes(w, point, len);
	wr_close(w, 1, mark);
}

void ecdhe_params_write(struct wr *w, uint16_t group, const uint8_t *point, size_t len)
{
	wr_u8(w, NAMED_CURVE);
	wr_u16(w, group);
	ecdhe_point_write(w, point, len);
}

/* RFC 8422 §5.7: an implicit point is for fixed keys, which are gone. */
enum hs_parse ecdhe_client_parse(struct rd body, struct rd *point)
{
	struct rd p;

	if (!rd_vec(&body, 1, &p) || rd_len(&p) == 0 || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	*point = p;
	return HS_PARSE_OK;
}

enum hs_parse ecdhe_psk_client_parse(struct rd body, struct rd *identity, struct rd *point)
{
	struct rd id;

	if (!rd_vec(&body, 2, &id) || ecdhe_client_parse(body, point) != HS_PARSE_OK)
		return HS_PARSE_DECODE_ERROR;
	*identity = id;
	return HS_PARSE_OK;
}
