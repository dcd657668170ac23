/* SPDX-License-Identifier: BSD-3-Clause */
#include "random.h"

#include <limits.h>

#include <openssl/rand.h>

bool random_bytes(void *out, size_t len)
{
	unsigned char *p = out;

	while (len > 0) {
		int n = len > INT_MAX ? INT_MAX : (int)len;

		if (RAND_bytes(p, n) != 1)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}
