/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a request asks for, from its code and options (RFC 7252 §5): stateless, so that a duplicate
 * is judged like its original. Pure; any thread.
 *
 * Choices where the RFC leaves one:
 * - If-Match, If-None-Match, OSCORE, Q-Block and other critical options not listed in request.c are
 *   unrecognised: 4.02, and a non-confirmable request is ignored without RST (§5.4.1, §4.3).
 * - An option of a length outside its range and a repeated non-repeatable one count as unrecognised
 *   (§5.4.3, §5.4.5): 4.02 when critical, as if absent when elective.
 * - Block1 and Block2 (RFC 7959) are taken when the whole body is in this one block; 4.00 for the
 *   reserved size exponent 7, 4.02 for anything that needs blockwise transfer.
 * - A Content-Format is passed on as a number; no format is refused.
 */
#pragma once

#include "coap_msg.h"
#include "resource.h"
#include "status.h"

enum {
	REQUEST_PAYLOAD_MAX = 1024, /* larger ones are 4.13 */
	REQUEST_OPTIONS_MAX = 1024, /* a reading with more bytes of options is 4.02 */
	REQUEST_NO_BLOCK1 = 0xff,
};

struct request {
	uint8_t error; /* code of the refusal; 0: as asked */
	enum status status;
	bool ignore; /* no answer at all: a non-confirmable one with a critical option */
	enum resource resource;
	int32_t content_format; /* -1: none */
	uint8_t block1;         /* size exponent of a single block, to be confirmed */
	uint8_t no_response;    /* RFC 7967: classes of answers that are not wanted */
};

/* request_read: judges a message whose code is of class 0 and not empty. */
void request_read(const struct coap_msg *msg, struct request *out);

/* request_wants: whether the device wants an answer with this code (RFC 7967). */
bool request_wants(uint8_t no_response, uint8_t code);
