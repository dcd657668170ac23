/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow_hash.h"

#include "aes_ni.h"
#include "secret.h"

#include <rte_cpuflags.h>
#include <stddef.h>
#include <string.h>

/* DPDK builds for CPUs without AES instructions too; flow_hash_supported is asked at start-up. */
#define VAES __attribute__((target("vaes,avx2,aes,sse4.2")))

enum {
	LANES = 8, /* registers at a time: hides an AES round's latency (4 cycles, two a cycle) */
	PAIRS = 2 * LANES, /* flows at a time where a register holds two */
	FIRST_ROUNDS = 4,
	SECOND_ROUNDS = FIRST_ROUNDS + 4,
	ROUNDS = SECOND_ROUNDS + AES_NI_ROUNDS,
};
_Static_assert(offsetof(struct flow, remote_port) == offsetof(struct flow, local_port) + 2,
	       "both ports are one load");
_Static_assert(sizeof(struct flow_hash) == 16, "a hash is one store");

bool flow_hash_supported(void) { return aes_ni_supported(); }

AES_NI void flow_hash_key_init(struct flow_hash_key *out, const uint8_t seed[FLOW_HASH_SEED_LEN])
{
	__m128i k[AES_NI_ROUNDS + 1], *round_keys = (__m128i *)(void *)out->round_keys;
	__m128i independent[2 * (4 + 1)];

	/* The differential bound is one over independent round keys: a key schedule would tie
	 * them together, so they are the output of AES on a counter under the seed's first half. */
	aes_ni_expand(k, seed);
	for (int i = 0; i < 2 * (4 + 1); i++)
		independent[i] = aes_ni_encrypt(k, _mm_cvtsi32_si128(i));
	aes_ni_expand(k, seed + 16);
	/* The last key of one AES and the first of the next are added at once. */
	for (int i = 0; i < FIRST_ROUNDS; i++)
		round_keys[i] = independent[i];
	round_keys[FIRST_ROUNDS] = _mm_xor_si128(independent[4], independent[5]);
	for (int i = 1; i < 4; i++)
		round_keys[FIRST_ROUNDS + i] = independent[5 + i];
	round_keys[SECOND_ROUNDS] = _mm_xor_si128(independent[9], k[0]);
	for (int i = 1; i <= AES_NI_ROUNDS; i++)
		round_keys[SECOND_ROUNDS + i] = k[i];
	out->pairs =
		__builtin_cpu_supports("avx2") && rte_cpu_get_flag_enabled(RTE_CPUFLAG_VAES) == 1;
	secret_wipe(k, sizeof(k));
	secret_wipe(independent, sizeof(independent));
}

static inline AES_NI __m128i load4(const void *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return _mm_cvtsi32_si128(v);
}

static inline AES_NI __m128i key_at(const struct flow_hash_key *key, int i)
{
	return _mm_load_si128((const __m128i *)(const void *)key->round_keys[i]);
}

/* Bytes 0-7 are the bucket, bytes 10-15 the signature. */
#define PICK _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, -1, -1)

/* LANES flows, a register each. */

struct lanes {
	__m128i v[LANES];
};

static inline AES_NI void rounds(struct lanes *x, const struct flow_hash_key *key, int from, int to)
{
	for (int r = from; r <= to; r++) {
		__m128i k = key_at(key, r);

		for (int i = 0; i < LANES; i++)
			x->v[i] = _mm_aesenc_si128(x->v[i], k);
	}
}

static AES_NI void hash_lanes(const struct flow_hash_key *key, const struct flow *const f[LANES],
			      struct flow_hash out[LANES])
{
	const __m128i k0 = key_at(key, 0), last = key_at(key, ROUNDS), zero = _mm_setzero_si128();
	struct lanes x;

	for (int i = 0; i < LANES; i++)
		x.v[i] = _mm_xor_si128(aes_ni_load(f[i]->local_ip), k0);
	rounds(&x, key, 1, FIRST_ROUNDS);
	for (int i = 0; i < LANES; i++)
		x.v[i] = _mm_xor_si128(x.v[i], aes_ni_load(f[i]->remote_ip));
	rounds(&x, key, FIRST_ROUNDS + 1, SECOND_ROUNDS);
	for (int i = 0; i < LANES; i++)
		x.v[i] = _mm_xor_si128(x.v[i], load4(&f[i]->local_port));
	rounds(&x, key, SECOND_ROUNDS + 1, ROUNDS - 1);
	for (int i = 0; i < LANES; i++) {
		__m128i h = _mm_shuffle_epi8(_mm_aesenclast_si128(x.v[i], last), PICK);

		h = _mm_sub_epi64(h, _mm_cmpeq_epi64(h, zero));
		_mm_storeu_si128((__m128i *)(void *)&out[i], h);
	}
}

/* PAIRS flows, two a register: half the instructions where the CPU has VAES. */

struct pairs {
	__m256i v[LANES];
};

static inline VAES __m256i pair(__m128i a, __m128i b)
{
	return _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
}

static inline VAES __m256i key_pair(const struct flow_hash_key *key, int i)
{
	return _mm256_broadcastsi128_si256(key_at(key, i));
}

static inline VAES void pair_rounds(struct pairs *x, const struct flow_hash_key *key, int from,
				    int to)
{
	for (int r = from; r <= to; r++) {
		__m256i k = key_pair(key, r);

		for (int i = 0; i < LANES; i++)
			x->v[i] = _mm256_aesenc_epi128(x->v[i], k);
	}
}

/* Its ymm registers are left clean: the compiler ends it with vzeroupper. */
static VAES void hash_pairs(const struct flow_hash_key *key, const struct flow *const f[PAIRS],
			    struct flow_hash out[PAIRS])
{
	const __m256i k0 = key_pair(key, 0), last = key_pair(key, ROUNDS);
	const __m256i pick = _mm256_broadcastsi128_si256(PICK), zero = _mm256_setzero_si256();
	struct pairs x;

	for (size_t i = 0; i < LANES; i++)
		x.v[i] = _mm256_xor_si256(
			pair(aes_ni_load(f[2 * i]->local_ip), aes_ni_load(f[2 * i + 1]->local_ip)),
			k0);
	pair_rounds(&x, key, 1, FIRST_ROUNDS);
	for (size_t i = 0; i < LANES; i++)
		x.v[i] = _mm256_xor_si256(x.v[i], pair(aes_ni_load(f[2 * i]->remote_ip),
						       aes_ni_load(f[2 * i + 1]->remote_ip)));
	pair_rounds(&x, key, FIRST_ROUNDS + 1, SECOND_ROUNDS);
	for (size_t i = 0; i < LANES; i++)
		x.v[i] = _mm256_xor_si256(x.v[i], pair(load4(&f[2 * i]->local_port),
						       load4(&f[2 * i + 1]->local_port)));
	pair_rounds(&x, key, SECOND_ROUNDS + 1, ROUNDS - 1);
	for (size_t i = 0; i < LANES; i++) {
		__m256i h = _mm256_shuffle_epi8(_mm256_aesenclast_epi128(x.v[i], last), pick);

		h = _mm256_sub_epi64(h, _mm256_cmpeq_epi64(h, zero));
		_mm256_storeu_si256((__m256i *)(void *)&out[2 * i], h);
	}
}

/* The rest of a burst: idle lanes repeat the last flow. */
static void hash_rest(const struct flow_hash_key *key, const struct flow *const *flows,
		      struct flow_hash *out, size_t n)
{
	const struct flow *f[LANES];
	struct flow_hash hashes[LANES];

	for (size_t i = 0; i < LANES; i++)
		f[i] = flows[i < n ? i : n - 1];
	hash_lanes(key, f, hashes);
	memcpy(out, hashes, n * sizeof(*out));
}

void flow_hash_burst(const struct flow_hash_key *key, const struct flow *const *flows,
		     struct flow_hash *out, size_t n)
{
	size_t at = 0;

	for (; key->pairs && n - at >= PAIRS; at += PAIRS)
		hash_pairs(key, flows + at, out + at);
	for (; n - at >= LANES; at += LANES)
		hash_lanes(key, flows + at, out + at);
	if (at < n)
		hash_rest(key, flows + at, out + at, n - at);
}

struct flow_hash flow_hash_cid(const struct flow_hash_key *key, const uint8_t *cid, size_t len)
{
	struct flow stand_in;
	const struct flow *flow = &stand_in;
	struct flow_hash out;

	flow_hash_stand_in(&stand_in, cid, len);
	flow_hash_burst(key, &flow, &out, 1);
	return out;
}
