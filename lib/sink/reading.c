/* SPDX-License-Identifier: BSD-3-Clause */
#include "reading.h"
#include "bytes.h"
#include "cursor.h"
#include "rfc3339.h"

#include <arpa/inet.h>

static const char hex[] = "0123456789abcdef";

/* Length of the well-formed sequence at r (RFC 3629 §4), 0 when there is none. */
static size_t utf8_sequence(struct rd r)
{
	uint8_t first, second, low = 0x80, high = 0xbf, c;
	size_t more;

	if (!rd_u8(&r, &first))
		return 0;
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	/* The second byte excludes over-long forms, surrogates and what is above U+10FFFF. */
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (!rd_u8(&r, &second) || second < low || second > high)
		return 0;
	for (size_t i = 1; i < more; i++)
		if (!rd_u8(&r, &c) || c < 0x80 || c > 0xbf)
			return 0;
	return more + 1;
}

/* How many of the first bytes surely are ASCII. */
static size_t ascii_prefix(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (len - at >= 8 && (bytes_raw64(bytes + at) & UINT64_C(0x8080808080808080)) == 0)
		at += 8;
	return at;
}

bool reading_is_utf8(const uint8_t *bytes, size_t len)
{
	const size_t ascii = ascii_prefix(bytes, len);
	struct rd r = rd_of(bytes + ascii, len - ascii);

	while (rd_len(&r) > 0) {
		size_t n = utf8_sequence(r);

		if (n == 0 || !rd_skip(&r, n))
			return false;
	}
	return true;
}

static inline __attribute__((always_inline)) void put(struct wr *w, const char *text)
{
	wr_bytes(w, text, strlen(text));
}

/* What stands behind the backslash, 'u' for \u00XX; 0: the byte stands for itself. */
static uint8_t escape_of(uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
		return c;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	}
	return c < 0x20 || c == 0x7f ? 'u' : 0;
}

/* Whether eight bytes all stand for themselves. A borrow reaches a byte only from one that is not
 * plain, below it. */
static inline bool all_plain(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	const uint64_t quote = x ^ ones * '"', slash = x ^ ones * '\\', del = x ^ ones * 0x7f;

	return ((((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
		 ((del - ones) & ~del)) &
		tops) == 0;
}

static size_t plain_prefix(const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (len - at >= 8 && all_plain(bytes_raw64(bytes + at)))
		at += 8;
	while (at < len && escape_of(bytes[at]) == 0)
		at++;
	return at;
}

static void put_escaped_byte(struct wr *w, uint8_t c)
{
	const uint8_t escape = escape_of(c);

	wr_u8(w, '\\');
	wr_u8(w, escape);
	if (escape == 'u') {
		put(w, "00");
		wr_u8(w, (uint8_t)hex[c >> 4]);
		wr_u8(w, (uint8_t)hex[c & 15]);
	}
}

/* UTF-8 as a JSON string. */
static void put_string(struct wr *w, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	wr_u8(w, '"');
	for (;;) {
		const size_t plain = plain_prefix(at, len);

		wr_bytes(w, at, plain);
		if (plain == len)
			break;
		put_escaped_byte(w, at[plain]);
		at += plain + 1;
		len -= plain + 1;
	}
	wr_u8(w, '"');
}

static void put_hex_string(struct wr *w, const uint8_t *bytes, size_t len)
{
	put(w, "\"#");
	for (size_t i = 0; i < len; i++) {
		wr_u8(w, (uint8_t)hex[bytes[i] >> 4]);
		wr_u8(w, (uint8_t)hex[bytes[i] & 15]);
	}
	wr_u8(w, '"');
}

static void put_base64_string(struct wr *w, const uint8_t *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	wr_u8(w, '"');
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)bytes[i] << 16 | (n > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
			     (n > 2 ? (uint32_t)bytes[i + 2] : 0);

		wr_u8(w, (uint8_t)digits[v >> 18]);
		wr_u8(w, (uint8_t)digits[v >> 12 & 63]);
		wr_u8(w, n > 1 ? (uint8_t)digits[v >> 6 & 63] : '=');
		wr_u8(w, n > 2 ? (uint8_t)digits[v & 63] : '=');
	}
	wr_u8(w, '"');
}

/* Its name is a constant, and so is its length then. */
static inline __attribute__((always_inline)) void put_field(struct wr *w, const char *name)
{
	put(w, ",\"");
	put(w, name);
	put(w, "\":");
}

static inline __attribute__((always_inline)) void put_text_field(struct wr *w, const char *name,
								 const char *text)
{
	put_field(w, name);
	put_string(w, text, strlen(text));
}

static void put_device(struct wr *w, const uint8_t *bytes, size_t len)
{
	put_field(w, "device");
	/* "#61" as bytes must not read like the name of the device whose bytes are 0x61. */
	if (reading_is_utf8(bytes, len) && (len == 0 || bytes[0] != '#'))
		put_string(w, bytes, len);
	else
		put_hex_string(w, bytes, len);
}

static void put_decimal(struct wr *w, uint32_t v)
{
	uint8_t digits[10];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	wr_bytes(w, digits + at, sizeof(digits) - at);
}

static void put_peer(struct wr *w, const struct flow *flow)
{
	char text[INET6_ADDRSTRLEN] = "";

	put_field(w, "peer");
	wr_u8(w, '"');
	if (flow_ip_is_mapped(flow->remote_ip)) {
		for (unsigned i = 12; i < 16; i++) {
			put_decimal(w, flow->remote_ip[i]);
			wr_u8(w, i < 15 ? '.' : ':');
		}
	} else {
		inet_ntop(AF_INET6, flow->remote_ip, text, sizeof(text));
		wr_u8(w, '[');
		wr_bytes(w, text, strlen(text));
		put(w, "]:");
	}
	put_decimal(w, flow->remote_port);
	wr_u8(w, '"');
}

static void put_content_format(struct wr *w, int32_t format)
{
	put_field(w, "content_format");
	if (format < 0)
		put(w, "null");
	else
		put_decimal(w, (uint32_t)format);
}

static void put_payload(struct wr *w, const uint8_t *bytes, size_t len)
{
	if (reading_is_utf8(bytes, len)) {
		put_field(w, "payload");
		put_string(w, bytes, len);
	} else {
		put_field(w, "payload_base64");
		put_base64_string(w, bytes, len);
	}
}

bool reading_render(const struct reading *r, char *out, size_t cap, size_t *len)
{
	struct wr w = wr_of(out, cap);
	char time[RFC3339_LEN + 1];

	rfc3339_write(time, r->wall_ns);
	put(&w, "{\"time\":");
	put_string(&w, time, RFC3339_LEN);
	put_device(&w, r->device, r->device_len);
	put_text_field(&w, "auth", r->auth);
	put_text_field(&w, "dtls", r->dtls);
	put_text_field(&w, "suite", r->suite);
	put_peer(&w, r->flow);
	put_text_field(&w, "method", r->method);
	put_field(&w, "path");
	put_string(&w, r->path, r->path_len);
	put_field(&w, "query");
	put_string(&w, r->query, r->query_len);
	put_content_format(&w, r->content_format);
	put_field(&w, "confirmable");
	if (r->confirmable)
		put(&w, "true");
	else
		put(&w, "false");
	put_payload(&w, r->payload, r->payload_len);
	put(&w, "}\n");
	return wr_finish(&w, len);
}
