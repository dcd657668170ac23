/* SPDX-License-Identifier: BSD-3-Clause */
/* CoAP messages (RFC 7252 §3, RFC 8974 token lengths are refused): codec only. Any thread. */
#pragma once

#include "cursor.h"

enum coap_type { COAP_CON = 0, COAP_NON = 1, COAP_ACK = 2, COAP_RST = 3 };

#define COAP_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))
enum coap_code {
	COAP_EMPTY = 0,
	COAP_GET = 1,
	COAP_POST = 2,
	COAP_PUT = 3,
	COAP_DELETE = 4,
	COAP_CREATED = COAP_CODE(2, 1),
	COAP_CHANGED = COAP_CODE(2, 4),
	COAP_CONTENT = COAP_CODE(2, 5),
	COAP_BAD_REQUEST = COAP_CODE(4, 0),
	COAP_BAD_OPTION = COAP_CODE(4, 2),
	COAP_NOT_FOUND = COAP_CODE(4, 4),
	COAP_METHOD_NOT_ALLOWED = COAP_CODE(4, 5),
	COAP_NOT_ACCEPTABLE = COAP_CODE(4, 6),
	COAP_TOO_LARGE = COAP_CODE(4, 13),
	COAP_UNSUPPORTED_FORMAT = COAP_CODE(4, 15),
	COAP_INTERNAL_ERROR = COAP_CODE(5, 0),
	COAP_UNAVAILABLE = COAP_CODE(5, 3),
	COAP_NO_PROXYING = COAP_CODE(5, 5),
};

enum coap_option {
	COAP_IF_MATCH = 1,
	COAP_URI_HOST = 3,
	COAP_ETAG = 4,
	COAP_IF_NONE_MATCH = 5,
	COAP_OBSERVE = 6,
	COAP_URI_PORT = 7,
	COAP_LOCATION_PATH = 8,
	COAP_URI_PATH = 11,
	COAP_CONTENT_FORMAT = 12,
	COAP_MAX_AGE = 14,
	COAP_URI_QUERY = 15,
	COAP_ACCEPT = 17,
	COAP_LOCATION_QUERY = 20,
	COAP_BLOCK2 = 23,
	COAP_BLOCK1 = 27,
	COAP_SIZE2 = 28,
	COAP_PROXY_URI = 35,
	COAP_PROXY_SCHEME = 39,
	COAP_SIZE1 = 60,
	COAP_ECHO = 252, /* RFC 9175 */
	COAP_NO_RESPONSE = 258,
};

enum { COAP_HEADER_LEN = 4, COAP_TOKEN_MAX = 8 };

struct coap_msg {
	uint8_t type, code, token_len;
	uint16_t mid;
	uint8_t token[COAP_TOKEN_MAX];
	struct rd options; /* well-formed as a whole: coap_option_next cannot fail half-way */
	struct rd payload;
};

enum coap_parse {
	COAP_PARSE_OK,
	COAP_PARSE_IGNORE,       /* short or wrong version: silently ignored (§3) */
	COAP_PARSE_FORMAT_ERROR, /* type and mid are filled: reject (CON: RST) */
};

enum coap_parse coap_msg_parse(struct rd datagram, struct coap_msg *out) MUST_USE;

struct coap_opt {
	uint16_t number;
	struct rd value;
};

/* coap_option_next: walks msg.options. *number_so_far starts at 0 and belongs to the walk. */
bool coap_option_next(struct rd *options, uint16_t *number_so_far, struct coap_opt *out) MUST_USE;

/* coap_uint: an option's uint value (§3.2); false when longer than 4 bytes. */
bool coap_uint(struct rd value, uint32_t *out) MUST_USE;

/* Writing: header, then options in ascending order, then coap_payload_write when there is one. */
void coap_header_write(struct wr *w, uint8_t type, uint8_t code, uint16_t mid, const uint8_t *token,
		       uint8_t token_len);
void coap_option_write(struct wr *w, uint16_t *number_so_far, uint16_t number, const void *value,
		       size_t len);
void coap_option_write_uint(struct wr *w, uint16_t *number_so_far, uint16_t number, uint32_t value);
void coap_payload_write(struct wr *w, const void *payload, size_t len);
