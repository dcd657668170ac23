/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reading as one line of JSON (RFC 8259) with its newline. Pure; any thread.
 *
 * Fields, in this order: time, device, auth, dtls, suite, peer, method, path, query ("" for none),
 * content_format (null for none), confirmable, and payload when it is valid UTF-8 or else
 * payload_base64. A device name that is not UTF-8, or that could be taken for one that is not (it
 * begins with '#'), is "#" and lower-case hex, as the credential file writes it.
 */
#pragma once

#include "flow.h"

#include <stdbool.h>
#include <stddef.h>

struct reading {
	uint64_t wall_ns; /* since 1970 */
	const uint8_t *device;
	size_t device_len;
	const char *auth;  /* "psk", "x509", "rpk", "none" */
	const char *dtls;  /* "1.2", "1.3" */
	const char *suite; /* the RFC's name */
	const struct flow *flow;
	const char *method; /* "POST" or "PUT" */
	const char *path;   /* percent-encoded (coap_uri.h), not NUL-terminated */
	size_t path_len;
	const char *query;
	size_t query_len;
	int32_t content_format; /* -1: none */
	bool confirmable;
	const uint8_t *payload;
	size_t payload_len;
};

enum {
	/* A byte of text is at most \u00xx; the rest of a line is names, times and addresses. */
	READING_FIXED_MAX = 512,
	READING_DEVICE_MAX = 256,
	READING_URI_MAX = 3 * 1024 + 64, /* path and query together, for 1024 bytes of options */
	READING_PAYLOAD_MAX = 1024,
	READING_MAX = READING_FIXED_MAX + 6 * READING_DEVICE_MAX + READING_URI_MAX +
		      6 * READING_PAYLOAD_MAX,
};

/* reading_render: false when it does not fit; cap READING_MAX is enough for a device name, path
 * and query, and payload within the limits above. */
bool reading_render(const struct reading *r, char *out, size_t cap, size_t *len);

/* reading_is_utf8: whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing
 * over-long, nothing above U+10FFFF). */
bool reading_is_utf8(const uint8_t *bytes, size_t len);
