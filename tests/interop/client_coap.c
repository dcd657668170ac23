/* SPDX-License-Identifier: BSD-3-Clause */
#include "client_coap.h"

#include "coap_msg.h"

#include <stdio.h>

enum { ECHO = 252 };

bool client_request_read(struct client_request *request, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct coap_msg m;

	if (file == NULL)
		return false;
	request->len = fread(request->bytes, 1, sizeof(request->bytes), file);
	(void)fclose(file);
	return coap_msg_parse(rd_of(request->bytes, request->len), &m) == COAP_PARSE_OK &&
	       m.type == COAP_CON;
}

void client_request_next(struct client_request *request)
{
	enum { LOW_BYTE_OF_ID = 3 };

	request->bytes[LOW_BYTE_OF_ID]++;
}

enum client_answer client_request_answered(const struct client_request *request,
					   const uint8_t *answer, size_t len)
{
	struct coap_msg q, a;

	if (coap_msg_parse(rd_of(request->bytes, request->len), &q) != COAP_PARSE_OK ||
	    coap_msg_parse(rd_of(answer, len), &a) != COAP_PARSE_OK || a.type != COAP_ACK ||
	    a.mid != q.mid || a.token_len != q.token_len ||
	    memcmp(a.token, q.token, q.token_len) != 0)
		return CLIENT_ANSWER_OTHER;
	if (a.code == COAP_CODE(4, 1))
		return CLIENT_ANSWER_ECHO;
	return a.code == COAP_CHANGED ? CLIENT_ANSWER_CHANGED : CLIENT_ANSWER_OTHER;
}

static bool find_echo(const uint8_t *answer, size_t len, struct rd *out)
{
	uint16_t number = 0;
	struct coap_opt opt;
	struct coap_msg a;

	if (coap_msg_parse(rd_of(answer, len), &a) != COAP_PARSE_OK)
		return false;
	while (coap_option_next(&a.options, &number, &opt)) {
		*out = opt.value;
		if (opt.number == ECHO)
			return true;
	}
	return false;
}

bool client_request_echo(struct client_request *request, const uint8_t *answer, size_t len)
{
	struct client_request old = *request;
	struct wr w = wr_of(request->bytes, sizeof(request->bytes));
	uint16_t number = 0, written = 0;
	struct coap_opt opt;
	struct coap_msg q;
	struct rd echo;

	if (!find_echo(answer, len, &echo) ||
	    coap_msg_parse(rd_of(old.bytes, old.len), &q) != COAP_PARSE_OK)
		return false;
	coap_header_write(&w, q.type, q.code, (uint16_t)(q.mid + 1), q.token, q.token_len);
	/* All that requests have is of lower numbers, but for an Echo before. */
	while (coap_option_next(&q.options, &number, &opt) && opt.number < ECHO)
		coap_option_write(&w, &written, opt.number, opt.value.p, rd_len(&opt.value));
	coap_option_write(&w, &written, ECHO, echo.p, rd_len(&echo));
	if (rd_len(&q.payload) > 0)
		coap_payload_write(&w, q.payload.p, rd_len(&q.payload));
	return wr_finish(&w, &request->len);
}
