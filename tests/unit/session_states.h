/* SPDX-License-Identifier: BSD-3-Clause */
/* Session states for tests. */
#pragma once

#include "session_state.h"

#include <string.h>

/* session_of: one of a device, with a master secret of its own. */
static inline struct session_state session_of(const char *name, uint8_t seed, uint64_t made_s)
{
	struct session_state s = { .made_s = made_s,
				   .binding = UINT64_C(0x0102030405060708) + seed,
				   .suite = 0xc0a8,
				   .ems = true,
				   .max_fragment_length = seed % 5,
				   .credential = CREDENTIAL_PSK,
				   .name_len = (uint8_t)strlen(name) };

	memcpy(s.name, name, s.name_len);
	memset(s.master, seed, sizeof(s.master));
	return s;
}

static inline bool session_equal(const struct session_state *a, const struct session_state *b)
{
	return a->made_s == b->made_s && a->max_fragment_length == b->max_fragment_length &&
	       a->binding == b->binding && a->suite == b->suite &&
	       a->ems == b->ems && a->credential == b->credential && a->name_len == b->name_len &&
	       memcmp(a->name, b->name, a->name_len) == 0 &&
	       memcmp(a->master, b->master, sizeof(a->master)) == 0;
}
