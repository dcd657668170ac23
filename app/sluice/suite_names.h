/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of cipher suites as people write them. */
#pragma once

#include "hello_select.h"

/* suite_names_parse: a list with commas or colons between into policy's suites, in its order; text
 * NULL: all that this build has, in its own order, but TLS_AES_128_CCM_8_SHA256, whose short tags
 * are for who asks for them (RFC 9147 §4.5.3). A name is IANA's, or that without TLS_ and WITH_
 * (ECDHE_PSK_AES_128_CCM_8_SHA256), of plain PSK the cipher alone; each with its hash or without,
 * in any case and with - for _. NULL, or a static reason. */
const char *suite_names_parse(struct hello_policy *policy, const char *text);
