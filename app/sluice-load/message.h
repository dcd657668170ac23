/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a device posts: POST /PATH, Content-Format 50, and a payload that is a JSON string of the
 * wanted length, which begins with the request's tag in hex so that no two are alike.
 *
 *   header 4 | token 4 | options | 0xff | "tag 16 digits, then filler"
 *
 * All but the numbers is made once.
 */
#pragma once

#include "coap_msg.h"
#include "load_port.h"

enum {
	MESSAGE_TOKEN_LEN = 4,
	MESSAGE_OPTIONS_MAX = 256,
	MESSAGE_PAYLOAD_MAX = 1152,
	MESSAGE_EMPTY_LEN = COAP_HEADER_LEN,
};
_Static_assert(COAP_HEADER_LEN + MESSAGE_TOKEN_LEN + MESSAGE_OPTIONS_MAX + MESSAGE_PAYLOAD_MAX +
			       64 <=
		       LOAD_DATAGRAM_MAX,
	       "a message fits a datagram, its record around it");

struct message {
	uint16_t options_len, payload_min, payload_max;
	uint8_t options[MESSAGE_OPTIONS_MAX]; /* with the payload's marker */
	uint8_t payload[MESSAGE_PAYLOAD_MAX];
};

/* message_init: false: the path or the payload is too long. path: segments between slashes. */
bool message_init(struct message *m, const char *path, uint16_t payload_min,
		  uint16_t payload_max) MUST_USE;

/* message_longest: what the longest request has, all of it. */
static inline uint16_t message_longest(const struct message *m)
{
	return (uint16_t)(COAP_HEADER_LEN + MESSAGE_TOKEN_LEN + m->options_len + m->payload_max);
}

/* What differs from message to message. */
struct message_fields {
	uint8_t type; /* enum coap_type */
	uint16_t mid, payload_len;
	uint32_t token;
	uint64_t tag;
};

/* message_write: returns the length; out has room for LOAD_DATAGRAM_MAX - 64. */
uint16_t message_write(const struct message *m, uint8_t *out, const struct message_fields *f);

/* message_write_empty: an empty message (ACK or RST), MESSAGE_EMPTY_LEN bytes. */
void message_write_empty(uint8_t *out, uint8_t type, uint16_t mid);
