/* SPDX-License-Identifier: BSD-3-Clause */
/* Credentials for tests: the same ones are written the same. */
#pragma once

#include "credential.h"

#include <string.h>

static inline bool credential_equal(const struct credential *a, const struct credential *b)
{
	uint8_t bytes[2][CREDENTIAL_BYTES_MAX] = { 0 };
	struct wr w[2] = { wr_of(bytes[0], sizeof(bytes[0])), wr_of(bytes[1], sizeof(bytes[1])) };

	credential_write(&w[0], a);
	credential_write(&w[1], b);
	return wr_len(&w[0]) == wr_len(&w[1]) && memcmp(bytes[0], bytes[1], sizeof(bytes[0])) == 0;
}
