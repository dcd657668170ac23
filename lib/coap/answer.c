/* SPDX-License-Identifier: BSD-3-Clause */
#include "answer.h"

static void write_content(struct wr *w, uint16_t *number, const struct answer *a)
{
	uint8_t body[RESOURCE_MAX];
	struct wr b = wr_of(body, sizeof(body));

	resource_write(&b, a->resource, a->wall_ns);
	coap_option_write_uint(w, number, COAP_CONTENT_FORMAT, resource_format(a->resource));
	coap_payload_write(w, body, wr_len(&b));
}

void answer_write(struct wr *w, const struct answer *a)
{
	uint16_t number = 0;

	coap_header_write(w, a->type, a->code, a->mid, a->token, a->token_len);
	if (a->code == COAP_CONTENT) {
		write_content(w, &number, a);
		return;
	}
	if (a->code == COAP_UNAVAILABLE)
		coap_option_write_uint(w, &number, COAP_MAX_AGE, a->max_age_s);
	/* RFC 7959 §2.3: which block this answers; number 0, no more to come. */
	if (a->block1 != REQUEST_NO_BLOCK1)
		coap_option_write_uint(w, &number, COAP_BLOCK1, a->block1);
	if (a->code == COAP_TOO_LARGE)
		coap_option_write_uint(w, &number, COAP_SIZE1, REQUEST_PAYLOAD_MAX);
}

size_t answer_cut(uint8_t *answer)
{
	answer[1] = COAP_INTERNAL_ERROR;
	return COAP_HEADER_LEN + (answer[0] & 0xfU);
}

void answer_write_bare(struct wr *w, uint8_t type, uint16_t mid)
{
	coap_header_write(w, type, COAP_EMPTY, mid, NULL, 0);
}
