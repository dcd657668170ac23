/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of a byte string, for hash tables whose keys come from
 * outside: who does not know the random key cannot make strings that collide. Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct keyed_hash_key {
	uint64_t k[2];
};

struct keyed_hash_state {
	uint64_t v[4];
};

static inline uint64_t keyed_hash_rotl(uint64_t x, unsigned n) { return x << n | x >> (64 - n); }

static inline void keyed_hash_round(struct keyed_hash_state *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[2] += v[3];
	v[1] = keyed_hash_rotl(v[1], 13) ^ v[0];
	v[3] = keyed_hash_rotl(v[3], 16) ^ v[2];
	v[0] = keyed_hash_rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = keyed_hash_rotl(v[1], 17) ^ v[2];
	v[3] = keyed_hash_rotl(v[3], 21) ^ v[0];
	v[2] = keyed_hash_rotl(v[2], 32);
}

static inline void keyed_hash_word(struct keyed_hash_state *s, uint64_t m)
{
	s->v[3] ^= m;
	keyed_hash_round(s);
	keyed_hash_round(s);
	s->v[0] ^= m;
}

/* keyed_hash: the 64-bit hash of len bytes. */
static inline uint64_t keyed_hash(const struct keyed_hash_key *key, const void *bytes, size_t len)
{
	struct keyed_hash_state s = { { key->k[0] ^ UINT64_C(0x736f6d6570736575),
					key->k[1] ^ UINT64_C(0x646f72616e646f6d),
					key->k[0] ^ UINT64_C(0x6c7967656e657261),
					key->k[1] ^ UINT64_C(0x7465646279746573) } };
	const uint8_t *p = bytes;
	uint64_t m;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&m, p, 8);
		keyed_hash_word(&s, m);
	}
	m = 0;
	if (left > 0)
		memcpy(&m, p, left);
	keyed_hash_word(&s, m | (uint64_t)len << 56);
	s.v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		keyed_hash_round(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
