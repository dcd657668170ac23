/* SPDX-License-Identifier: BSD-3-Clause */
/* The CoAP of client.c: confirmable requests, one after another, and whether an answer is one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_DATAGRAM_MAX = 2048 };

struct client_request {
	uint8_t bytes[CLIENT_DATAGRAM_MAX];
	size_t len;
};

enum client_answer {
	CLIENT_ANSWER_OTHER, /* to something else, or refused */
	CLIENT_ANSWER_CHANGED,
	CLIENT_ANSWER_ECHO, /* 4.01, with an option that the request is to have (RFC 9175) */
};

/* client_request_read: of a file. */
bool client_request_read(struct client_request *request, const char *path);

/* client_request_next: a message of its own: with the same ID a server would take it for a
 * repetition. */
void client_request_next(struct client_request *request);

/* client_request_echo: the same once more, with the answer's Echo. false: it has none. */
bool client_request_echo(struct client_request *request, const uint8_t *answer, size_t len);

enum client_answer client_request_answered(const struct client_request *request,
					   const uint8_t *answer, size_t len);
