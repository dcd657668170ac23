/* SPDX-License-Identifier: BSD-3-Clause */
/* Session states for tests. */
#pragma once

#include "credential_equal.h"
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
				   .host = session_state_host(NULL, 0),
				   .credential = { .kind = CREDENTIAL_PSK },
				   .name_len = (uint8_t)strlen(name) };

	memcpy(s.name, name, s.name_len);
	memset(s.master, seed, sizeof(s.master));
	return s;
}

/* x509_credential: of a device whose certificate hangs on so many links. */
static inline struct credential x509_credential(uint8_t n_links)
{
	struct credential c = { .kind = CREDENTIAL_X509,
				.n_links = n_links,
				.issuer = 0x01020304,
				.until_s = UINT64_C(1800000000) };

	for (uint8_t i = 0; i < n_links; i++)
		memset(c.links[i].b, 0xa0 + i, sizeof(c.links[i].b));
	memset(c.key.b, 1, sizeof(c.key.b));
	memset(c.certificate.b, 2, sizeof(c.certificate.b));
	memset(c.anchor.b, 3, sizeof(c.anchor.b));
	return c;
}

static inline bool session_equal(const struct session_state *a, const struct session_state *b)
{
	return a->made_s == b->made_s && a->binding == b->binding && a->suite == b->suite &&
	       a->ems == b->ems && a->host == b->host &&
	       a->max_fragment_length == b->max_fragment_length &&
	       credential_equal(&a->credential, &b->credential) && a->name_len == b->name_len &&
	       memcmp(a->name, b->name, a->name_len) == 0 &&
	       memcmp(a->master, b->master, sizeof(a->master)) == 0;
}
