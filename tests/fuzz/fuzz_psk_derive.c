/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser of files of master keys, and keys derived by what it accepted. Input: a file. Every
 * line of an accepted file is a master key, in its order, and the one for identities that are a
 * byte longer than its prefix. */
#include "psk_derive.h"
#include "secret_file.h"
#include "session_state.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/hmac.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_key(const struct psk_derive *d, const uint8_t *prefix, size_t prefix_len,
		      const uint8_t *digits, size_t n_digits)
{
	uint8_t identity[PSK_IDENTITY_MAX + 1], master[64], got[PSK_DERIVE_KEY_LEN];
	uint8_t want[PSK_DERIVE_KEY_LEN];

	must(n_digits <= 2 * sizeof(master) && n_digits / 2 >= PSK_DERIVE_MASTER_MIN &&
	     secret_hex(master, digits, n_digits / 2));
	memcpy(identity, prefix, prefix_len);
	identity[prefix_len++] = (uint8_t)n_digits;
	must(psk_derive_key(d, identity, prefix_len, got) == (prefix_len <= PSK_IDENTITY_MAX));
	if (prefix_len > PSK_IDENTITY_MAX)
		return;
	must(HMAC(EVP_sha256(), master, (int)(n_digits / 2), identity, prefix_len, want, NULL) !=
	     NULL);
	must(memcmp(got, want, sizeof(want)) == 0);
}

static void check_line(const struct psk_derive *d, size_t i, const struct secret_line *l)
{
	const uint8_t *colon = memrchr(l->p, ':', l->len), *prefix, *digits;
	size_t prefix_len, before = colon == NULL ? 0 : (size_t)(colon - l->p);

	prefix = psk_derive_prefix(d, i, &prefix_len);
	must(prefix_len <= PSK_IDENTITY_MAX);
	if (l->p[0] != '#')
		must(prefix_len == before && memcmp(prefix, l->p, before) == 0);
	digits = colon == NULL ? l->p : colon + 1;
	check_key(d, prefix, prefix_len, digits, (size_t)(l->p + l->len - digits));
}

static void check_lines(const struct psk_derive *d, const uint8_t *p, const uint8_t *end)
{
	size_t n = 0;

	while (p < end) {
		struct secret_line l = secret_line_next(&p, end);

		if (!secret_line_is_comment(&l))
			check_line(d, n++, &l);
	}
	must(n == psk_derive_count(d) && n > 0 && n <= PSK_DERIVE_MASTERS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[128] = { 0 };
	struct psk_derive *d = psk_derive_parse(data, size, "input", err, sizeof(err));

	if (d == NULL) {
		must(strncmp(err, "input:", 6) == 0 && memchr(err, 0, sizeof(err)) != NULL);
		return 0;
	}
	check_lines(d, data, data + size);
	psk_derive_free(d);
	return 0;
}
