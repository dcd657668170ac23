/* SPDX-License-Identifier: BSD-3-Clause */
#include "spki.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

/* RFC 5480 §2: what stands before the uncompressed point of a key of secp256r1. */
static const uint8_t p256_head[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};
enum { P256_POINT = 65 };

struct signature_key *spki_key(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	struct signature_key *key = NULL;
	EVP_PKEY *pkey;

	/* libcrypto looks for a decoder anew each time, for longer than two verifications take. */
	if (len == sizeof(p256_head) + P256_POINT && memcmp(der, p256_head, sizeof(p256_head)) == 0)
		return signature_key_p256(der + sizeof(p256_head), P256_POINT);
	pkey = d2i_PUBKEY(NULL, &at, (long)len);
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
