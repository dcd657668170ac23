/* SPDX-License-Identifier: BSD-3-Clause */
#include "random.h"

#include "secret.h"

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

bool random_pool_bytes(struct random_pool *p, void *out, size_t len)
{
	unsigned char *from;

	if (len > sizeof(p->bytes))
		return random_bytes(out, len);
	if (len > p->left) {
		p->left = 0;
		if (!random_bytes(p->bytes, sizeof(p->bytes)))
			return false;
		p->left = sizeof(p->bytes);
	}
	from = p->bytes + sizeof(p->bytes) - p->left;
	memcpy(out, from, len);
	secret_wipe(from, len);
	p->left -= len;
	return true;
}
