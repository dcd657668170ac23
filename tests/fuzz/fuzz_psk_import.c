/* SPDX-License-Identifier: BSD-3-Clause */
/* Identities of imported keys. Input: an identity. One that is taken, for one hash and not for the
 * other, has the name of an external key in it; without a context it is the one that we write. */
#include "psk_import.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(struct rd identity, struct rd external, enum prf_hash hash)
{
	static const uint8_t epsk[16];
	uint8_t written[PSK_IMPORT_MORE + 4096], key[HASH_MAX];
	struct wr w = wr_of(written, sizeof(written));

	must(external.p == identity.p + 2 && rd_len(&external) > 0);
	must(rd_len(&external) + PSK_IMPORT_MORE <= rd_len(&identity));
	must(psk_import_key(identity, hash, rd_of(epsk, sizeof(epsk)), key));
	if (rd_len(&external) + PSK_IMPORT_MORE < rd_len(&identity) ||
	    rd_len(&identity) > sizeof(written))
		return;
	psk_import_write(&w, external, hash);
	must(wr_len(&w) == rd_len(&identity) && memcmp(written, identity.p, wr_len(&w)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd identity = rd_of(data, size), external, other;

	for (enum prf_hash hash = PRF_SHA256; hash <= PRF_SHA384; hash++) {
		enum prf_hash not = hash == PRF_SHA256 ? PRF_SHA384 : PRF_SHA256;

		if (!psk_import_parse(identity, hash, &external))
			continue;
		must(!psk_import_parse(identity, not, &other));
		check(identity, external, hash);
	}
	return 0;
}
