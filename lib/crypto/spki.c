/* SPDX-License-Identifier: BSD-3-Clause */
#include "spki.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

struct signature_key *spki_key(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)len);
	struct signature_key *key = NULL;

	if (pkey != NULL && at == der + len)
		key = signature_key_new(pkey);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return key;
}

void spki_fingerprint(uint8_t out[SPKI_FINGERPRINT_LEN], const uint8_t *der, size_t len)
{
	SHA256(der, len, out);
}

void spki_name(uint8_t out[SPKI_NAME_LEN], const uint8_t fingerprint[SPKI_FINGERPRINT_LEN])
{
	static const char digits[] = "0123456789abcdef";
	static const uint8_t prefix[7] = { 's', 'h', 'a', '2', '5', '6', ':' };

	memcpy(out, prefix, sizeof(prefix));
	for (size_t i = 0; i < SPKI_FINGERPRINT_LEN; i++) {
		out[7 + 2 * i] = (uint8_t)digits[fingerprint[i] >> 4];
		out[8 + 2 * i] = (uint8_t)digits[fingerprint[i] & 15];
	}
}
