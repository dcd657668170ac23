/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What both ends of a hello can do: the version, and of DTLS 1.3 the suite, the group and whether a
 * PSK will do, which is what a HelloRetryRequest has to say. A pure function of the hello and the
 * policy. Any thread.
 */
#pragma once

#include "hello_select.h"

/* hello_agree_version: DTLS_1_2, DTLS_1_3, or 0: none. */
uint16_t hello_agree_version(const struct client_hello *ch, const struct hello_policy *policy);

/* hello_agree13: of a hello that gets DTLS 1.3. STATUS_OK: suite, group and psk_mode of *c are set;
 * else c->alert. A hello with a cookie of ours gets what its HelloRetryRequest said. Whether there
 * is a key share for the group, client_hello_share says. */
enum status hello_agree13(const struct client_hello *ch, const struct hello_policy *policy,
			  struct hello_choice *c);
