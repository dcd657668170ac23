/* SPDX-License-Identifier: BSD-3-Clause */
#include "coap_msg.h"

/*
 * Message (RFC 7252 §3):
 *   0 1 version 2 bits, type 2, token length 4 · 1 1 code · 2 2 message ID · 4 - token, options
 * Option (§3.1): delta 4 bits, length 4 · 0-2 more of the delta · 0-2 more of the length · value
 */
enum {
	VERSION = 1,
	MARKER = 0xff,
	NIBBLE_8 = 13,  /* one more byte, + 13 */
	NIBBLE_16 = 14, /* two more bytes, + 269 */
	NIBBLE_RESERVED = 15,
	BASE_8 = 13,
	BASE_16 = 269,
};

static bool MUST_USE read_extended(struct rd *r, unsigned nibble, uint32_t *out)
{
	uint8_t u8;
	uint16_t u16;

	if (nibble == NIBBLE_RESERVED)
		return false;
	*out = nibble;
	if (nibble == NIBBLE_8) {
		if (!rd_u8(r, &u8))
			return false;
		*out = BASE_8 + (uint32_t)u8;
	} else if (nibble == NIBBLE_16) {
		if (!rd_u16(r, &u16))
			return false;
		*out = BASE_16 + (uint32_t)u16;
	}
	return true;
}

bool coap_option_next(struct rd *options, uint16_t *number_so_far, struct coap_opt *out)
{
	struct rd at = *options;
	uint32_t delta, len;
	uint8_t head;

	if (!rd_u8(&at, &head) || !read_extended(&at, head >> 4, &delta) ||
	    !read_extended(&at, head & 15, &len) || *number_so_far + delta > UINT16_MAX ||
	    !rd_sub(&at, len, &out->value))
		return false;
	*number_so_far = (uint16_t)(*number_so_far + delta);
	out->number = *number_so_far;
	*options = at;
	return true;
}

/* Splits what follows the token; false on a format error. */
static bool MUST_USE split_options(struct rd r, struct rd *options, struct rd *payload)
{
	const uint8_t *start = r.p;
	uint16_t number = 0;
	struct coap_opt opt;

	while (rd_len(&r) > 0 && *r.p != MARKER)
		if (!coap_option_next(&r, &number, &opt))
			return false;
	*options = rd_of(start, (size_t)(r.p - start));
	*payload = r;
	/* "The presence of a marker followed by a zero-length payload MUST be processed as a
	 * message format error." (§3) */
	return rd_len(&r) == 0 || (rd_skip(payload, 1) && rd_len(payload) > 0);
}

static bool class_reserved(uint8_t code)
{
	unsigned class = code >> 5;

	return class == 1 || class >= 6;
}

enum coap_parse coap_msg_parse(struct rd datagram, struct coap_msg *out)
{
	struct rd r = datagram;
	uint8_t first, code, token_len;
	uint16_t mid;

	*out = (struct coap_msg){ .options = rd_of(r.p, 0), .payload = rd_of(r.p, 0) };
	if (!rd_u8(&r, &first) || !rd_u8(&r, &code) || !rd_u16(&r, &mid) || first >> 6 != VERSION)
		return COAP_PARSE_IGNORE;
	token_len = first & 15;
	out->type = first >> 4 & 3;
	out->code = code;
	out->mid = mid;
	/* "Lengths 9-15 are reserved, MUST NOT be sent, and MUST be processed as a message format
	 * error." (§3) */
	if (class_reserved(code) || token_len > COAP_TOKEN_MAX ||
	    !rd_copy(&r, out->token, token_len))
		return COAP_PARSE_FORMAT_ERROR;
	out->token_len = token_len;
	/* §4.1: an Empty message is its header and nothing else. */
	if (code == COAP_EMPTY && (token_len > 0 || rd_len(&r) > 0))
		return COAP_PARSE_FORMAT_ERROR;
	return split_options(r, &out->options, &out->payload) ? COAP_PARSE_OK
							      : COAP_PARSE_FORMAT_ERROR;
}

bool coap_uint(struct rd value, uint32_t *out)
{
	uint64_t v;

	if (rd_len(&value) > 4 || !rd_uint(&value, rd_len(&value), &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

void coap_header_write(struct wr *w, uint8_t type, uint8_t code, uint16_t mid, const uint8_t *token,
		       uint8_t token_len)
{
	if (token_len > COAP_TOKEN_MAX || type > COAP_RST) {
		w->failed = true;
		return;
	}
	wr_u8(w, (uint8_t)(VERSION << 6 | type << 4 | token_len));
	wr_u8(w, code);
	wr_u16(w, mid);
	wr_bytes(w, token, token_len);
}

static uint8_t nibble_of(size_t v)
{
	return v >= BASE_16 ? NIBBLE_16 : v >= BASE_8 ? NIBBLE_8 : (uint8_t)v;
}

static void write_extended(struct wr *w, size_t v)
{
	if (v >= BASE_16)
		wr_u16(w, (uint16_t)(v - BASE_16));
	else if (v >= BASE_8)
		wr_u8(w, (uint8_t)(v - BASE_8));
}

void coap_option_write(struct wr *w, uint16_t *number_so_far, uint16_t number, const void *value,
		       size_t len)
{
	size_t delta = (size_t)number - *number_so_far;

	/* A value that a 16-bit length cannot say, or options out of order, are the caller's bug:
	 * the writer fails rather than sending something else. */
	if (number < *number_so_far || len > UINT16_MAX) {
		w->failed = true;
		return;
	}
	wr_u8(w, (uint8_t)(nibble_of(delta) << 4 | nibble_of(len)));
	write_extended(w, delta);
	write_extended(w, len);
	wr_bytes(w, value, len);
	*number_so_far = number;
}

void coap_option_write_uint(struct wr *w, uint16_t *number_so_far, uint16_t number, uint32_t value)
{
	uint8_t bytes[4];
	struct wr v = wr_of(bytes, sizeof(bytes));

	/* §3.2: leading zero bytes are left out, and zero is empty. */
	wr_uint(&v, value >> 24 ? 4 : value >> 16 ? 3 : value >> 8 ? 2 : value ? 1 : 0, value);
	coap_option_write(w, number_so_far, number, bytes, wr_len(&v));
}

void coap_payload_write(struct wr *w, const void *payload, size_t len)
{
	if (len == 0)
		return;
	wr_u8(w, MARKER);
	wr_bytes(w, payload, len);
}
