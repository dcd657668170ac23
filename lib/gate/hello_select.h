/* SPDX-License-Identifier: BSD-3-Clause */
/* What a ClientHello gets: the same pure function for the stateless gate and for the handshake. */
#pragma once

#include "hs_msg.h"
#include "status.h"
#include "suite.h"

/* The operator's choice. Immutable once made; shared by all cores. */
struct hello_policy {
	const struct suite *suites[SUITE_N]; /* in order of preference */
	size_t n_suites;
	bool require_ems; /* RFC 7627: refuse hellos without it */
};

struct hello_choice {
	const struct suite *suite;
	bool ems;
	bool renegotiation_info; /* answer RFC 5746 */
	enum alert alert;        /* when refused */
};

/* hello_select: STATUS_OK and the choice; or STATUS_HELLO_VERSION, HS_NO_SUITE, HS_NO_EMS,
 * HS_PARAMETER with the alert to send once the cookie has verified. The server's preference wins.
 * Any thread. */
enum status hello_select(const struct client_hello *ch, const struct hello_policy *policy,
			 struct hello_choice *out);
