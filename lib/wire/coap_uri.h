/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Path and query of a CoAP request as text (RFC 7252 §6.5, steps 6 to 8). Any thread.
 *
 * Segments are opaque bytes: `..`, NUL, `/` and the like come out percent-encoded or as they are,
 * and are never resolved. The text is plain ASCII without quotes, backslashes or control bytes.
 */
#pragma once

#include "coap_msg.h"

/* coap_uri_path: "/" and the Uri-Path options, each percent-encoded and joined by "/"; "/" when
 * there is none. Needs at most 3 bytes for each byte of msg->options, plus 1. */
void coap_uri_path(struct wr *w, const struct coap_msg *msg);

/* coap_uri_query: the Uri-Query options, percent-encoded and joined by "&", without the "?";
 * nothing when there is none. Needs at most 3 bytes for each byte of msg->options. */
void coap_uri_query(struct wr *w, const struct coap_msg *msg);
