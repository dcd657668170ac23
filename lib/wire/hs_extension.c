/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_extension.h"

#include "bytes.h"

static bool is_new(struct hs_extensions *w, uint16_t type)
{
	for (size_t i = 0; i < w->n_seen; i++)
		if (w->seen[i] == type)
			return false;
	if (w->n_seen == HS_EXTENSIONS_MAX)
		return false;
	w->seen[w->n_seen++] = type;
	return true;
}

bool hs_extensions_next(struct hs_extensions *walk, struct hs_extension *out)
{
	return rd_u16(&walk->left, &out->type) && rd_vec(&walk->left, 2, &out->body) &&
	       is_new(walk, out->type);
}

enum hs_parse hs_worse(enum hs_parse a, enum hs_parse b)
{
	if (a == HS_PARSE_DECODE_ERROR || b == HS_PARSE_DECODE_ERROR)
		return HS_PARSE_DECODE_ERROR;
	return a == HS_PARSE_OK ? b : a;
}

static bool is_known(uint16_t type)
{
	switch ((enum extension)type) {
	case EXT_SERVER_NAME:
	case EXT_MAX_FRAGMENT_LENGTH:
	case EXT_SUPPORTED_GROUPS:
	case EXT_EC_POINT_FORMATS:
	case EXT_SIGNATURE_ALGORITHMS:
	case EXT_CLIENT_CERTIFICATE_TYPE:
	case EXT_SERVER_CERTIFICATE_TYPE:
	case EXT_PADDING:
	case EXT_EXTENDED_MASTER_SECRET:
	case EXT_RECORD_SIZE_LIMIT:
	case EXT_SESSION_TICKET:
	case EXT_PRE_SHARED_KEY:
	case EXT_EARLY_DATA:
	case EXT_SUPPORTED_VERSIONS:
	case EXT_COOKIE:
	case EXT_PSK_KEY_EXCHANGE_MODES:
	case EXT_CERTIFICATE_AUTHORITIES:
	case EXT_KEY_SHARE:
	case EXT_CONNECTION_ID:
	case EXT_RRC:
	case EXT_RENEGOTIATION_INFO:
		return true;
	}
	return false;
}

enum hs_parse hs_extension_stray(uint16_t type)
{
	return is_known(type) ? HS_PARSE_ILLEGAL_PARAMETER : HS_PARSE_UNSUPPORTED_EXTENSION;
}

bool hs_list_parse(struct rd body, size_t n, size_t size, struct rd *out)
{
	return rd_vec(&body, n, out) && rd_len(&body) == 0 && rd_len(out) != 0 &&
	       rd_len(out) % size == 0;
}

enum hs_parse hs_fragment_length_parse(struct rd body, uint8_t *out)
{
	uint8_t code;

	if (!rd_u8(&body, &code) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	if (code == 0 || code > HS_FRAGMENT_LENGTHS)
		return HS_PARSE_ILLEGAL_PARAMETER;
	*out = code;
	return HS_PARSE_OK;
}

enum hs_parse hs_size_limit_parse(struct rd body, uint16_t *out)
{
	uint16_t limit;

	if (!rd_u16(&body, &limit) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	if (limit < HS_RECORD_SIZE_MIN)
		return HS_PARSE_ILLEGAL_PARAMETER;
	*out = limit;
	return HS_PARSE_OK;
}

/* RFC 7250 §4.2: the one that the server has chosen. */
enum hs_parse hs_certificate_type_parse(struct rd body, bool *has, uint8_t *out)
{
	*has = rd_u8(&body, out);
	return hs_decoded(*has && rd_len(&body) == 0);
}

enum hs_parse hs_flag_parse(struct rd body, bool *has)
{
	*has = true;
	return hs_decoded(rd_len(&body) == 0);
}

enum hs_parse hs_cid_parse(struct rd body, bool *has, struct rd *cid)
{
	*has = rd_vec(&body, 1, cid);
	return hs_decoded(*has && rd_len(&body) == 0);
}

size_t hs_extension_open(struct wr *w, enum extension type)
{
	wr_u16(w, (uint16_t)type);
	return wr_open(w, 2);
}

void hs_extension_close(struct wr *w, size_t mark) { wr_close(w, 2, mark); }

void hs_extension_write(struct wr *w, enum extension type, const void *body, size_t len)
{
	size_t mark = hs_extension_open(w, type);

	wr_bytes(w, body, len);
	hs_extension_close(w, mark);
}

void hs_extension_list(struct wr *w, enum extension type, size_t n, struct rd items)
{
	size_t extension, list;

	if (rd_len(&items) == 0)
		return;
	extension = hs_extension_open(w, type);
	list = wr_open(w, n);
	wr_bytes(w, items.p, rd_len(&items));
	wr_close(w, n, list);
	hs_extension_close(w, extension);
}

void hs_extension_list16(struct wr *w, enum extension type, const uint16_t *items, size_t n_items)
{
	size_t extension, list;

	if (n_items == 0)
		return;
	extension = hs_extension_open(w, type);
	list = wr_open(w, 2);
	for (size_t i = 0; i < n_items; i++)
		wr_u16(w, items[i]);
	wr_close(w, 2, list);
	hs_extension_close(w, extension);
}

void hs_extension_limits(struct wr *w, uint8_t max_fragment_length, uint16_t record_size_limit)
{
	uint8_t limit[2];

	if (max_fragment_length != 0)
		hs_extension_write(w, EXT_MAX_FRAGMENT_LENGTH, &max_fragment_length, 1);
	bytes_put_u16(limit, record_size_limit);
	if (record_size_limit != 0)
		hs_extension_write(w, EXT_RECORD_SIZE_LIMIT, limit, sizeof(limit));
}

void hs_extension_cid(struct wr *w, const struct hs_cid_params *p)
{
	size_t mark;

	if (p->has_cid) {
		mark = hs_extension_open(w, EXT_CONNECTION_ID);
		wr_u8(w, p->len);
		wr_bytes(w, p->cid, p->len);
		hs_extension_close(w, mark);
	}
	if (p->has_rrc)
		hs_extension_write(w, EXT_RRC, NULL, 0);
}
