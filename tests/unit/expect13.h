/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of DTLS 1.3 in unit tests. */
#pragma once

#include "messages13.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* How an end ended. */
static inline void expect13_failed(const struct pair_side *side, enum status why, enum alert alert)
{
	assert_int_equal(side->h->outcome, CONNECTION_FAILED);
	assert_string_equal(status_label(side->h->why), status_label(why));
	assert_int_equal(side->h->alert, alert);
}
