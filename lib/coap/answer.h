/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers as messages: the code and the options that belong to it. Pure; any thread. */
#pragma once

#include "request.h"

struct answer {
	uint8_t type, code;
	uint16_t mid;
	const uint8_t *token;
	uint8_t token_len;
	uint8_t block1;         /* as in struct request */
	enum resource resource; /* of a 2.05 */
	uint64_t wall_ns;       /* of a 2.05 */
	uint32_t max_age_s;     /* of a 5.03 */
};

/* ANSWER_MAX bounds what answer_write writes: header and token, three options, marker, body. */
enum { ANSWER_MAX = COAP_HEADER_LEN + COAP_TOKEN_MAX + 3 * 8 + 1 + RESOURCE_MAX };

/* answer_write: the whole message. 2.05 has Content-Format and payload, 4.13 Size1, 5.03 Max-Age;
 * the answer to a single block says so. */
void answer_write(struct wr *w, const struct answer *a);

/* answer_cut: makes a 5.00 of an answer that is longer than its device can take: nothing behind the
 * token, 12 bytes at most. Returns its length. */
size_t answer_cut(uint8_t *answer);

/* answer_write_bare: an empty ACK, or an RST. */
void answer_write_bare(struct wr *w, uint8_t type, uint16_t mid);
