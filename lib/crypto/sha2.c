/* SPDX-License-Identifier: BSD-3-Clause */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sha2.h"

#include "secret.h"

#include <immintrin.h>

/* SHA-NI is SSE code: entered while the upper halves of the vector registers are dirty, a block
 * costs up to a hundred times as much on some CPUs. Nobody upstream promises clean ones. */
__attribute__((target("avx"))) static void zero_uppers(void) { _mm256_zeroupper(); }

static void clean_uppers(void)
{
	if (__builtin_cpu_supports("avx"))
		zero_uppers();
}

bool sha2_init(struct sha2 *s, enum prf_hash hash)
{
	s->hash = hash;
	return (hash == PRF_SHA256 ? SHA256_Init(&s->h256) : SHA384_Init(&s->h512)) == 1;
}

bool sha2_add(struct sha2 *s, const void *data, size_t len)
{
	clean_uppers();
	if (s->hash == PRF_SHA256)
		return SHA256_Update(&s->h256, data, len) == 1;
	return SHA384_Update(&s->h512, data, len) == 1;
}

bool sha2_finish(struct sha2 *s, uint8_t out[SHA2_LEN_MAX])
{
	clean_uppers();
	if (s->hash == PRF_SHA256)
		return SHA256_Final(out, &s->h256) == 1;
	return SHA384_Final(out, &s->h512) == 1;
}

void sha2_256_resume(struct sha2 *s, const uint32_t words[8])
{
	s->hash = PRF_SHA256;
	(void)SHA256_Init(&s->h256);
	for (size_t i = 0; i < 8; i++)
		s->h256.h[i] = words[i];
	s->h256.Nl = 64 * 8; /* one block is in already */
}

void sha2_256_block(uint32_t words[8], const uint8_t block[64])
{
	SHA256_CTX c;

	clean_uppers();
	(void)SHA256_Init(&c);
	SHA256_Transform(&c, block);
	for (size_t i = 0; i < 8; i++)
		words[i] = c.h[i];
	secret_wipe(&c, sizeof(c));
}

/* RFC 2104: a key longer than a block is hashed first. */
static bool hmac_shorten_key(enum prf_hash hash, const uint8_t *key, size_t len,
			     uint8_t block[SHA2_BLOCK_MAX], size_t block_len)
{
	struct sha2 s;
	bool ok = true;

	memset(block, 0, SHA2_BLOCK_MAX);
	if (len > block_len) {
		ok = sha2_init(&s, hash) && sha2_add(&s, key, len) && sha2_finish(&s, block);
		secret_wipe(&s, sizeof(s));
	} else if (len > 0) {
		memcpy(block, key, len);
	}
	return ok;
}

bool sha2_hmac_init(struct sha2_hmac *h, enum prf_hash hash, const uint8_t *key, size_t len)
{
	size_t block_len = hash == PRF_SHA256 ? 64 : 128;
	uint8_t block[SHA2_BLOCK_MAX];
	bool ok = hmac_shorten_key(hash, key, len, block, block_len);

	for (size_t i = 0; i < block_len; i++)
		block[i] ^= 0x36;
	ok = ok && sha2_init(&h->inner, hash) && sha2_add(&h->inner, block, block_len);
	for (size_t i = 0; i < block_len; i++)
		block[i] ^= 0x36 ^ 0x5c;
	ok = ok && sha2_init(&h->outer, hash) && sha2_add(&h->outer, block, block_len);
	secret_wipe(block, sizeof(block));
	return ok;
}

bool sha2_hmac(const struct sha2_hmac *h, const struct sha2_piece *pieces, size_t n,
	       uint8_t out[SHA2_LEN_MAX])
{
	struct sha2 s = h->inner;
	uint8_t inner[SHA2_LEN_MAX];
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++)
		ok = pieces[i].len == 0 || sha2_add(&s, pieces[i].data, pieces[i].len);
	ok = ok && sha2_finish(&s, inner);
	s = h->outer;
	ok = ok && sha2_add(&s, inner, sha2_len(s.hash)) && sha2_finish(&s, out);
	secret_wipe(&s, sizeof(s));
	secret_wipe(inner, sizeof(inner));
	return ok;
}
