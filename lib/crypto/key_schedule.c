/* SPDX-License-Identifier: BSD-3-Clause */
#include "key_schedule.h"

#include "cursor.h"
#include "secret.h"
#include "sha2.h"

#include <stdlib.h>

_Static_assert((int)HASH_MAX == (int)SHA2_LEN_MAX, "a transcript hash is a SHA-2 digest");

/*
 * RFC 5246 §5, with seed meaning label | seed1 | seed2:
 *   P_hash(secret, seed) = HMAC(secret, A(1) | seed) | HMAC(secret, A(2) | seed) | ...
 *   A(0) = seed, A(i) = HMAC(secret, A(i-1))
 */
bool key_prf(enum prf_hash hash, const uint8_t *secret, size_t secret_len, const char *label,
	     const uint8_t *seed1, size_t seed1_len, const uint8_t *seed2, size_t seed2_len,
	     uint8_t *out, size_t out_len)
{
	uint8_t a[SHA2_LEN_MAX], block[SHA2_LEN_MAX];
	size_t len = sha2_len(hash);
	struct sha2_piece chain = { a, len };
	struct sha2_piece pieces[] = {
		chain, { label, strlen(label) }, { seed1, seed1_len }, { seed2, seed2_len }
	};
	struct sha2_hmac mac;
	bool ok =
		sha2_hmac_init(&mac, hash, secret, secret_len) && sha2_hmac(&mac, pieces + 1, 3, a);

	while (ok && out_len > 0) {
		size_t n = out_len < len ? out_len : len;

		ok = sha2_hmac(&mac, pieces, 4, block);
		if (!ok)
			break;
		memcpy(out, block, n);
		out += n;
		out_len -= n;
		ok = out_len == 0 || sha2_hmac(&mac, &chain, 1, a);
	}
	secret_wipe(&mac, sizeof(mac));
	secret_wipe(a, sizeof(a));
	secret_wipe(block, sizeof(block));
	return ok;
}

/*
 * RFC 4279 §2: "if the PSK is N octets long, concatenate a uint16 with the value N, N zero octets,
 * a second uint16 with the value N, and the PSK itself."
 */
size_t key_psk_premaster(const uint8_t *psk, size_t psk_len, uint8_t *out)
{
	struct wr w = wr_of(out, 4 + 2 * PSK_KEY_MAX);
	size_t len;
	uint8_t *zeros;

	wr_u16(&w, (uint16_t)psk_len);
	zeros = wr_space(&w, psk_len);
	if (zeros != NULL)
		memset(zeros, 0, psk_len);
	wr_u16(&w, (uint16_t)psk_len);
	wr_bytes(&w, psk, psk_len);
	return wr_finish(&w, &len) ? len : 0;
}

size_t key_ecdhe_psk_premaster(const uint8_t *shared, size_t shared_len, const uint8_t *psk,
			       size_t psk_len, uint8_t *out)
{
	struct wr w = wr_of(out, 4 + 2 * PSK_KEY_MAX);
	size_t len;

	wr_u16(&w, (uint16_t)shared_len);
	wr_bytes(&w, shared, shared_len);
	wr_u16(&w, (uint16_t)psk_len);
	wr_bytes(&w, psk, psk_len);
	return wr_finish(&w, &len) ? len : 0;
}

size_t key_block_len(const struct suite *suite)
{
	const struct aead_info *info = aead_info(suite->aead);

	return 2 * ((size_t)info->key_len + info->salt_len);
}

bool key_block_slice(const struct suite *suite, const uint8_t *block, size_t len,
		     struct traffic_keys *out)
{
	const struct aead_info *info = aead_info(suite->aead);
	struct rd r = rd_of(block, len);

	memset(out, 0, sizeof(*out));
	return rd_copy(&r, out->client_key, info->key_len) &&
	       rd_copy(&r, out->server_key, info->key_len) &&
	       rd_copy(&r, out->client_iv, info->salt_len) &&
	       rd_copy(&r, out->server_iv, info->salt_len);
}

struct transcript {
	struct sha2 hash;
	struct sha2 sha256; /* where has_sha256 */
	bool has_sha256;
};

struct transcript *transcript_new(enum prf_hash hash)
{
	struct transcript *t = malloc(sizeof(*t));

	if (t != NULL && !sha2_init(&t->hash, hash)) {
		free(t);
		return NULL;
	}
	if (t != NULL)
		t->has_sha256 = false;
	return t;
}

void transcript_keep_sha256(struct transcript *t)
{
	t->has_sha256 = t->hash.hash != PRF_SHA256 && sha2_init(&t->sha256, PRF_SHA256);
}

void transcript_free(struct transcript *t) { free(t); }

bool transcript_add(struct transcript *t, const uint8_t *msg, size_t len)
{
	return len == 0 ||
	       (sha2_add(&t->hash, msg, len) && (!t->has_sha256 || sha2_add(&t->sha256, msg, len)));
}

size_t transcript_hash_with(const struct transcript *t, const uint8_t *more, size_t len,
			    uint8_t out[HASH_MAX])
{
	struct sha2 copy = t->hash;

	return sha2_add(&copy, more, len) && sha2_finish(&copy, out) ? sha2_len(copy.hash) : 0;
}

size_t transcript_hash(const struct transcript *t, uint8_t out[HASH_MAX])
{
	return transcript_hash_with(t, NULL, 0, out);
}

size_t transcript_sha256(const struct transcript *t, uint8_t out[HASH_MAX])
{
	struct sha2 copy = t->has_sha256 ? t->sha256 : t->hash;

	return copy.hash == PRF_SHA256 && sha2_finish(&copy, out) ? sha2_len(copy.hash) : 0;
}
