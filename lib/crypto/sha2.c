/* SPDX-License-Identifier: BSD-3-Clause */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "sha2.h"

#include "bytes.h"
#include "secret.h"
#include "sha256_ni.h"

#include <immintrin.h>
#include <stdatomic.h>

/* SHA-NI is SSE code: entered while the upper halves of the vector registers are dirty, a block
 * costs up to a hundred times as much on some CPUs. Nobody upstream promises clean ones. */
__attribute__((target("avx"))) static void zero_uppers(void) { _mm256_zeroupper(); }

static void clean_uppers(void)
{
	if (__builtin_cpu_supports("avx"))
		zero_uppers();
}

/* 0: not asked yet, 1: no, 2: yes. */
static _Atomic int ni_here;

bool sha2_256_pairs(void)
{
	int here = atomic_load_explicit(&ni_here, memory_order_relaxed);

	if (here == 0) {
		here = sha256_ni_here() ? 2 : 1;
		atomic_store_explicit(&ni_here, here, memory_order_relaxed);
	}
	return here == 2;
}

/* FIPS 180-4 §5.3.3 */
void sha2_256_start(uint32_t words[8])
{
	static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(words, start, sizeof(start));
}

void sha2_256_blocks_plain(uint32_t words[8], const uint8_t *blocks, size_t n)
{
	SHA256_CTX c;

	(void)SHA256_Init(&c);
	for (size_t i = 0; i < 8; i++)
		c.h[i] = words[i];
	for (; n > 0; n--, blocks += 64)
		SHA256_Transform(&c, blocks);
	for (size_t i = 0; i < 8; i++)
		words[i] = c.h[i];
	secret_wipe(&c, sizeof(c));
}

void sha2_256_blocks(uint32_t words[8], const uint8_t *blocks, size_t n)
{
	clean_uppers();
	if (sha2_256_pairs())
		sha256_ni(words, blocks, n);
	else
		sha2_256_blocks_plain(words, blocks, n);
}

void sha2_256_pair(uint32_t words_a[8], const uint8_t *block_a, uint32_t words_b[8],
		   const uint8_t *block_b)
{
	clean_uppers();
	if (sha2_256_pairs()) {
		sha256_ni_2(words_a, block_a, words_b, block_b);
	} else {
		sha2_256_blocks_plain(words_a, block_a, 1);
		sha2_256_blocks_plain(words_b, block_b, 1);
	}
}

void sha2_256_put(uint8_t out[32], const uint32_t words[8])
{
	for (size_t i = 0; i < 8; i++)
		bytes_put_u32(out + 4 * i, words[i]);
}

/* FIPS 180-4 §5.1.1 */
size_t sha2_256_pad(uint8_t out[128], const uint8_t *rest, uint64_t len)
{
	size_t left = len % 64, n = left < 56 ? 1 : 2;

	if (left > 0)
		memcpy(out, rest, left);
	out[left] = 0x80;
	memset(out + left + 1, 0, n * 64 - 8 - (left + 1));
	bytes_put_u64(out + n * 64 - 8, len * 8);
	return n;
}

static void add_256(struct sha2_256 *s, const uint8_t *data, size_t len)
{
	size_t have = s->len % 64, room = 64 - have;

	s->len += len;
	if (have > 0 && len >= room) {
		memcpy(s->block + have, data, room);
		sha2_256_blocks(s->words, s->block, 1);
		data += room;
		len -= room;
		have = 0;
	}
	if (len >= 64) {
		sha2_256_blocks(s->words, data, len / 64);
		data += len / 64 * 64;
		len %= 64;
	}
	memcpy(s->block + have, data, len);
}

static void finish_256(struct sha2_256 *s, uint8_t out[32])
{
	uint8_t last[128];

	sha2_256_blocks(s->words, last, sha2_256_pad(last, s->block, s->len));
	sha2_256_put(out, s->words);
	secret_wipe(last, sizeof(last));
}

bool sha2_init(struct sha2 *s, enum prf_hash hash)
{
	s->hash = hash;
	if (hash != PRF_SHA256)
		return SHA384_Init(&s->h512) == 1;
	sha2_256_start(s->h256.words);
	s->h256.len = 0;
	return true;
}

bool sha2_add(struct sha2 *s, const void *data, size_t len)
{
	if (len == 0)
		return true;
	if (s->hash != PRF_SHA256) {
		clean_uppers();
		return SHA384_Update(&s->h512, data, len) == 1;
	}
	add_256(&s->h256, data, len);
	return true;
}

bool sha2_finish(struct sha2 *s, uint8_t out[SHA2_LEN_MAX])
{
	if (s->hash != PRF_SHA256) {
		clean_uppers();
		return SHA384_Final(out, &s->h512) == 1;
	}
	finish_256(&s->h256, out);
	return true;
}

void sha2_256_resume(struct sha2 *s, const uint32_t words[8])
{
	s->hash = PRF_SHA256;
	memcpy(s->h256.words, words, sizeof(s->h256.words));
	s->h256.len = 64;
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
