/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow_hash.h"

#include "secret.h"

#include <immintrin.h>

/* DPDK builds for CPUs without AES instructions too; flow_hash_supported is asked at start-up. */
#define AESNI __attribute__((target("aes,sse4.2")))

enum {
	LANES = 8, /* hides the latency of an AES round (3-4 cycles, one or two a cycle) */
	FIRST = 0, /* round keys of each block's AES */
	SECOND = 5,
	LAST = 10,
	LAST_ROUNDS = 10,
	SIGNATURE_SHIFT = 64 - FLOW_HASH_SIGNATURE_BITS,
};

struct lanes {
	__m128i v[LANES];
};

bool flow_hash_supported(void) { return __builtin_cpu_supports("aes") != 0; }

/* One step of the AES-128 key schedule (FIPS 197 §5.2); assist is AESKEYGENASSIST of the last. */
static AESNI __m128i expand_step(__m128i key, __m128i assist)
{
	key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
	key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
	return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

#define EXPAND(k, i, rcon)                                                                         \
	(k)[i] = expand_step((k)[(i)-1], _mm_aeskeygenassist_si128((k)[(i)-1], rcon))

static AESNI void expand(__m128i k[LAST_ROUNDS + 1], const uint8_t key[16])
{
	k[0] = _mm_loadu_si128((const __m128i *)(const void *)key);
	EXPAND(k, 1, 0x01);
	EXPAND(k, 2, 0x02);
	EXPAND(k, 3, 0x04);
	EXPAND(k, 4, 0x08);
	EXPAND(k, 5, 0x10);
	EXPAND(k, 6, 0x20);
	EXPAND(k, 7, 0x40);
	EXPAND(k, 8, 0x80);
	EXPAND(k, 9, 0x1b);
	EXPAND(k, 10, 0x36);
}

static AESNI __m128i encrypt(const __m128i k[LAST_ROUNDS + 1], __m128i x)
{
	x = _mm_xor_si128(x, k[0]);
	for (int i = 1; i < LAST_ROUNDS; i++)
		x = _mm_aesenc_si128(x, k[i]);
	return _mm_aesenclast_si128(x, k[LAST_ROUNDS]);
}

AESNI void flow_hash_key_init(struct flow_hash_key *out, const uint8_t seed[FLOW_HASH_SEED_LEN])
{
	__m128i k[LAST_ROUNDS + 1], *round_keys = (__m128i *)(void *)out->round_keys;

	/* The differential bound is one over independent round keys: a key schedule would tie
	 * them together, so they are the output of AES on a counter under the seed's first half. */
	expand(k, seed);
	for (int i = 0; i < LAST; i++)
		_mm_store_si128(&round_keys[i], encrypt(k, _mm_cvtsi32_si128(i)));
	expand(k, seed + 16);
	for (int i = 0; i <= LAST_ROUNDS; i++)
		_mm_store_si128(&round_keys[LAST + i], k[i]);
	secret_wipe(k, sizeof(k));
}

static inline AESNI __m128i key_at(const struct flow_hash_key *key, int i)
{
	return _mm_load_si128((const __m128i *)(const void *)key->round_keys[i]);
}

static inline AESNI void whiten(struct lanes *x, __m128i k)
{
	for (int i = 0; i < LANES; i++)
		x->v[i] = _mm_xor_si128(x->v[i], k);
}

static inline AESNI void rounds(struct lanes *x, const struct flow_hash_key *key, int from, int n)
{
	whiten(x, key_at(key, from));
	for (int r = 1; r <= n; r++) {
		__m128i k = key_at(key, from + r);

		for (int i = 0; i < LANES; i++)
			x->v[i] = _mm_aesenc_si128(x->v[i], k);
	}
}

static inline AESNI void add_block(struct lanes *x, const struct flow *const f[LANES], size_t at)
{
	for (int i = 0; i < LANES; i++) {
		const uint8_t *p = (const uint8_t *)f[i] + at;

		x->v[i] = _mm_xor_si128(x->v[i], _mm_loadu_si128((const __m128i *)(const void *)p));
	}
}

static inline AESNI void add_ports(struct lanes *x, const struct flow *const f[LANES])
{
	for (int i = 0; i < LANES; i++) {
		int ports = (int)((uint32_t)f[i]->local_port << 16 | f[i]->remote_port);

		x->v[i] = _mm_xor_si128(x->v[i], _mm_cvtsi32_si128(ports));
	}
}

static AESNI void hash_lanes(const struct flow_hash_key *key, const struct flow *const f[LANES],
			     struct lanes *x)
{
	__m128i last = key_at(key, LAST + LAST_ROUNDS);

	for (int i = 0; i < LANES; i++)
		x->v[i] = _mm_setzero_si128();
	add_block(x, f, offsetof(struct flow, local_ip));
	rounds(x, key, FIRST, 4);
	add_block(x, f, offsetof(struct flow, remote_ip));
	rounds(x, key, SECOND, 4);
	add_ports(x, f);
	rounds(x, key, LAST, LAST_ROUNDS - 1);
	for (int i = 0; i < LANES; i++)
		x->v[i] = _mm_aesenclast_si128(x->v[i], last);
}

static AESNI struct flow_hash split(__m128i x)
{
	uint64_t signature = (uint64_t)_mm_extract_epi64(x, 1) >> SIGNATURE_SHIFT;

	return (struct flow_hash){ .bucket = (uint64_t)_mm_extract_epi64(x, 0),
				   .signature = signature + (signature == 0) };
}

AESNI void flow_hash_burst(const struct flow_hash_key *key, const struct flow *const *flows,
			   struct flow_hash *out, size_t n)
{
	const struct flow *f[LANES];
	struct lanes x;

	for (size_t at = 0; at < n; at += LANES) {
		size_t now = n - at < LANES ? n - at : LANES;

		/* Idle lanes repeat the last flow. */
		for (size_t i = 0; i < LANES; i++)
			f[i] = flows[at + (i < now ? i : now - 1)];
		hash_lanes(key, f, &x);
		for (size_t i = 0; i < now; i++)
			out[at + i] = split(x.v[i]);
	}
}
