/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_import.h"

#include "key_schedule13.h"
#include "record.h"
#include "secret.h"

/* RFC 9258 §10 */
enum { KDF_HKDF_SHA256 = 1, KDF_HKDF_SHA384 = 2 };

static uint16_t kdf_of(enum prf_hash hash)
{
	return hash == PRF_SHA384 ? KDF_HKDF_SHA384 : KDF_HKDF_SHA256;
}

bool psk_import_parse(struct rd identity, enum prf_hash hash, struct rd *external)
{
	struct rd context;
	uint16_t protocol, kdf;

	return rd_vec(&identity, 2, external) && rd_len(external) != 0 &&
	       rd_vec(&identity, 2, &context) && rd_u16(&identity, &protocol) &&
	       rd_u16(&identity, &kdf) && rd_len(&identity) == 0 && protocol == DTLS_1_3 &&
	       kdf == kdf_of(hash);
}

void psk_import_write(struct wr *w, struct rd external, enum prf_hash hash)
{
	wr_u16(w, (uint16_t)rd_len(&external));
	wr_bytes(w, external.p, rd_len(&external));
	wr_u16(w, 0);
	wr_u16(w, DTLS_1_3);
	wr_u16(w, kdf_of(hash));
}

bool psk_import_key(struct rd identity, enum prf_hash hash, struct rd external_key,
		    uint8_t out[HASH_MAX])
{
	uint8_t secret[HASH_MAX], digest[HASH_MAX];
	bool ok =
		hash13(PRF_SHA256, &identity, 1, digest) &&
		hkdf_extract(PRF_SHA256, NULL, 0, external_key.p, rd_len(&external_key), secret) &&
		hkdf_expand_label(PRF_SHA256, secret, "derived psk", digest, hash13_len(PRF_SHA256),
				  out, hash13_len(hash));

	secret_wipe(secret, sizeof(secret));
	return ok;
}
