/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SHA-256 and SHA-384 as plain values, and HMAC on top: no allocation, no fetch, copied by
 * assignment. Inside lib/crypto only. Any thread.
 *
 * SHA-384, and SHA-256 on CPUs without SHA instructions, is libcrypto's low-level interface,
 * deprecated in favour of EVP, and sha2.c is the only file that uses it. The reason is the
 * handshake: EVP allocates per context and per copy, and a TLS PRF needs many copies
 * (bench/bench_key_schedule.c measures both).
 */
#pragma once

#include "suite.h"

#include <openssl/sha.h>

enum { SHA2_LEN_MAX = 48, SHA2_BLOCK_MAX = 128 };

struct sha2_256 {
	uint32_t words[8];
	uint64_t len;      /* taken in so far */
	uint8_t block[64]; /* the beginning of the next one */
};

struct sha2 {
	enum prf_hash hash;
	union {
		struct sha2_256 h256;
		SHA512_CTX h512;
	};
};

/* sha2_len: bytes of the digest. */
static inline size_t sha2_len(enum prf_hash hash) { return hash == PRF_SHA256 ? 32 : 48; }

bool sha2_init(struct sha2 *s, enum prf_hash hash) __attribute__((warn_unused_result));
bool sha2_add(struct sha2 *s, const void *data, size_t len) __attribute__((warn_unused_result));

/* sha2_finish: writes sha2_len bytes; s is used up. */
bool sha2_finish(struct sha2 *s, uint8_t out[SHA2_LEN_MAX]) __attribute__((warn_unused_result));

/* The compression alone, on the eight state words of SHA-256. sha2_256_start: those of an empty
 * message. sha2_256_blocks: n blocks of 64 bytes. sha2_256_pair: a block of each of two messages,
 * hardly slower than one where sha2_256_pairs. */
void sha2_256_start(uint32_t words[8]);
void sha2_256_blocks(uint32_t words[8], const uint8_t *blocks, size_t n);
void sha2_256_pair(uint32_t words_a[8], const uint8_t *block_a, uint32_t words_b[8],
		   const uint8_t *block_b);
bool sha2_256_pairs(void);

/* sha2_256_blocks_plain: as sha2_256_blocks on a CPU without SHA instructions. */
void sha2_256_blocks_plain(uint32_t words[8], const uint8_t *blocks, size_t n);

/* sha2_256_resume: a hash that has taken one block, and goes on with the words it left. */
void sha2_256_resume(struct sha2 *s, const uint32_t words[8]);

/* sha2_256_put: the digest that words are. */
void sha2_256_put(uint8_t out[32], const uint32_t words[8]);

/* sha2_256_pad: the last blocks of a message of len bytes, of which rest has those that fill no
 * block: one or two, how many is returned. */
size_t sha2_256_pad(uint8_t out[128], const uint8_t *rest, uint64_t len);

/* A prepared HMAC key: both pads hashed. Holds a secret: wipe it. */
struct sha2_hmac {
	struct sha2 inner, outer;
};

bool sha2_hmac_init(struct sha2_hmac *h, enum prf_hash hash, const uint8_t *key, size_t len)
	__attribute__((warn_unused_result));

struct sha2_piece {
	const void *data;
	size_t len;
};

/* sha2_hmac: the MAC of n pieces one after the other. */
bool sha2_hmac(const struct sha2_hmac *h, const struct sha2_piece *pieces, size_t n,
	       uint8_t out[SHA2_LEN_MAX]) __attribute__((warn_unused_result));
