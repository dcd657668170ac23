/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connection IDs that endpoints give to devices: the whole format, for load balancers and
 * others that want to know where a record belongs. Needs the C library's memcpy and an AES-128 of
 * the caller's, and no other file of this project. docs/connection-ids.md has test vectors.
 *
 * A connection ID has 8 to 16 bytes, as many as all endpoints with its key agreed on:
 *
 *   OFFSET  SIZE
 *     0      1    node, which is one endpoint of those with this key
 *     1      1    core of that endpoint
 *     2      n    nonce, n = length - 4, but no more than 8: no two connection IDs are the same
 *    2 + n   -    zeros, at least 2 bytes: a random string has others
 *
 * and on the wire all of that is enciphered as one block: 16 bytes by AES, shorter ones by the
 * four passes of QUIC-LB (draft-ietf-quic-load-balancers §5.4.2), a Feistel network of AES. So each
 * bit depends on all others, and without the key nobody can tell which connection IDs are of one
 * node, core or device. They are no secret, and prove nothing: the record's AEAD does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	CID_LEN_MIN = 8,
	CID_LEN_MAX = 16,
	CID_KEY_LEN = 16,
	CID_NONCE_MAX = 8,
	CID_PASSES = 4,
};

struct cid_fields {
	uint8_t node, core;
	uint64_t nonce; /* the low 8 * (length - 4) bits of it */
};

/* AES-128 of one block; in and out may be the same. decrypt is for connection IDs of 16 bytes. */
struct cid_cipher {
	void (*encrypt)(const void *key, const uint8_t in[16], uint8_t out[16]);
	void (*decrypt)(const void *key, const uint8_t in[16], uint8_t out[16]);
	const void *key;
};

static inline unsigned cid_nonce_len(unsigned len)
{
	return len - 4 < CID_NONCE_MAX ? len - 4 : CID_NONCE_MAX;
}

/* One pass: the first half changes the second (odd passes), or the second the first. Where the
 * length is odd, the halves share a byte: its high bits are the first's. */
static inline void cid_pass(const struct cid_cipher *aes, uint8_t len, uint8_t pass,
			    uint8_t halves[2][8])
{
	const uint8_t *from = halves[(pass + 1) % 2];
	uint8_t *to = halves[pass % 2], block[16] = { 0 };
	const unsigned half = (len + 1U) / 2;

	memcpy(block, from, half);
	block[14] = len;
	block[15] = pass;
	aes->encrypt(aes->key, block, block);
	for (unsigned i = 0; i < half; i++)
		to[i] ^= block[i];
	if (len % 2 != 0 && pass % 2 != 0)
		to[0] &= 0x0f;
	else if (len % 2 != 0)
		to[half - 1] &= 0xf0;
}

static inline void cid_passes(const struct cid_cipher *aes, uint8_t *cid, uint8_t len, bool open)
{
	const unsigned half = (len + 1U) / 2;
	uint8_t halves[2][8];

	memcpy(halves[0], cid, half);
	memcpy(halves[1], cid + len - half, half);
	if (len % 2 != 0) {
		halves[0][half - 1] &= 0xf0;
		halves[1][0] &= 0x0f;
	}
	for (unsigned i = 1; i <= CID_PASSES; i++)
		cid_pass(aes, len, (uint8_t)(open ? CID_PASSES + 1 - i : i), halves);
	if (len % 2 != 0)
		halves[1][0] |= halves[0][half - 1];
	memcpy(cid, halves[0], half);
	memcpy(cid + len - half, halves[1], half);
}

/* cid_encode: the len bytes of a connection ID. */
static inline void cid_encode(const struct cid_cipher *aes, const struct cid_fields *fields,
			      uint8_t *cid, uint8_t len)
{
	const unsigned n = cid_nonce_len(len);

	memset(cid, 0, len);
	cid[0] = fields->node;
	cid[1] = fields->core;
	for (unsigned i = 0; i < n; i++)
		cid[2 + i] = (uint8_t)(fields->nonce >> 8 * (n - 1 - i));
	if (len == CID_LEN_MAX)
		aes->encrypt(aes->key, cid, cid);
	else
		cid_passes(aes, cid, len, false);
}

/* cid_decode: what a connection ID of len bytes says. false: it is none of this key. */
static inline bool cid_decode(const struct cid_cipher *aes, const uint8_t *cid, uint8_t len,
			      struct cid_fields *out)
{
	const unsigned n = cid_nonce_len(len);
	uint8_t plain[CID_LEN_MAX], others = 0;

	memcpy(plain, cid, len);
	if (len == CID_LEN_MAX)
		aes->decrypt(aes->key, plain, plain);
	else
		cid_passes(aes, plain, len, true);
	out->node = plain[0];
	out->core = plain[1];
	out->nonce = 0;
	for (unsigned i = 0; i < n; i++)
		out->nonce = out->nonce << 8 | plain[2 + i];
	for (unsigned i = 2 + n; i < len; i++)
		others |= plain[i];
	return others == 0;
}
