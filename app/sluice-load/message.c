/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"

#include "bytes.h"

enum { CONTENT_FORMAT_JSON = 50, TAG_DIGITS = 16 };

static void write_path(struct wr *w, uint16_t *at, const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/");

		if (len != 0)
			coap_option_write(w, at, COAP_URI_PATH, path, len);
		path += len;
		path += *path == '/';
	}
}

bool message_init(struct message *m, const char *path, uint16_t payload_min, uint16_t payload_max)
{
	struct wr w = wr_of(m->options, sizeof(m->options));
	uint16_t at = 0;
	size_t len;

	if (payload_min > payload_max || payload_max > MESSAGE_PAYLOAD_MAX)
		return false;
	m->payload_min = payload_min;
	m->payload_max = payload_max;
	for (size_t i = 0; i < sizeof(m->payload); i++)
		m->payload[i] = (uint8_t)('a' + i % 26);
	write_path(&w, &at, path);
	coap_option_write_uint(&w, &at, COAP_CONTENT_FORMAT, CONTENT_FORMAT_JSON);
	if (payload_max > 0)
		wr_u8(&w, 0xff);
	if (!wr_finish(&w, &len))
		return false;
	m->options_len = (uint16_t)len;
	return true;
}

static void write_tag(uint8_t out[TAG_DIGITS], uint64_t tag)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < TAG_DIGITS; i++)
		out[i] = (uint8_t)digits[tag >> (60 - 4 * i) & 15];
}

/* Shorter ones than two quotes and the tag are filler, as much as there is room for. */
static void write_payload(const struct message *m, uint8_t *out, uint16_t len, uint64_t tag)
{
	memcpy(out, m->payload, len);
	if (len >= 2) {
		out[0] = '"';
		out[len - 1] = '"';
	} else if (len == 1) {
		out[0] = '0';
	}
	if (len >= TAG_DIGITS + 2)
		write_tag(out + 1, tag);
}

static void write_header(uint8_t *out, uint8_t type, uint8_t token_len, uint8_t code, uint16_t mid)
{
	bytes_put_u32(out,
		      (uint32_t)(0x40 | type << 4 | token_len) << 24 | (uint32_t)code << 16 | mid);
}

uint16_t message_write(const struct message *m, uint8_t *out, const struct message_fields *f)
{
	uint8_t *options = out + COAP_HEADER_LEN + MESSAGE_TOKEN_LEN;
	/* A marker without a payload behind it would be a format error. */
	uint16_t options_len =
		(uint16_t)(m->options_len - (f->payload_len == 0 && m->payload_max > 0));

	write_header(out, f->type, MESSAGE_TOKEN_LEN, COAP_POST, f->mid);
	bytes_put_u32(out + COAP_HEADER_LEN, f->token);
	memcpy(options, m->options, options_len);
	write_payload(m, options + options_len, f->payload_len, f->tag);
	return (uint16_t)(COAP_HEADER_LEN + MESSAGE_TOKEN_LEN + options_len + f->payload_len);
}

void message_write_empty(uint8_t *out, uint8_t type, uint16_t mid)
{
	write_header(out, type, 0, COAP_EMPTY, mid);
}
