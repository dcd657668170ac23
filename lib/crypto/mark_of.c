/* SPDX-License-Identifier: BSD-3-Clause */
#include "mark_of.h"

#include "sha2.h"

#include <string.h>

static void mark(struct mark *out, const char *prefix, const void *bytes, size_t len)
{
	uint8_t digest[SHA2_LEN_MAX];
	struct sha2 s;

	/* SHA-256 on plain values has nothing to fail; the results are there for SHA-384. */
	if (!sha2_init(&s, PRF_SHA256) || !sha2_add(&s, prefix, strlen(prefix)) ||
	    !sha2_add(&s, bytes, len) || !sha2_finish(&s, digest))
		memset(digest, 0, sizeof(digest));
	memcpy(out->b, digest, sizeof(out->b));
}

void mark_of(struct mark *out, const void *bytes, size_t len) { mark(out, "", bytes, len); }

void mark_of_name(struct mark *out, const void *name, size_t len) { mark(out, "name:", name, len); }
