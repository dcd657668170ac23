/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A keyed 128-bit hash of a flow, or of a connection ID: bucket bits and signature bits of the
 * lookup table.
 *
 * CBC-MAC over the flow's three blocks, four-round AES under keys of its own for the first and the
 * second block, closed by full AES:
 *
 *   hash = AES(k3, AES4(k2, AES4(k1, local_ip) ^ remote_ip) ^ ports)
 *
 * Two different flows meet before the last AES only if a chosen difference passes a four-round AES
 * with independent round keys to a chosen difference, twice at most: with probability below
 * 2 * 2^-113 (Keliher and Sui 2007, maximum expected differential probability). What the last AES
 * makes of different inputs is pseudo-random. So an attacker who does not know the process's key
 * cannot aim at a bucket or a signature (bad-input N6).
 *
 * A burst of 16 or more costs 4.5 TSC cycles a flow with VAES here and 8 without; three full AES
 * would cost half as much again, and a shorter last AES would save less than one. Any thread.
 */
#pragma once

#include "flow.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { FLOW_HASH_SEED_LEN = 32, FLOW_HASH_SIGNATURE_BITS = 48, FLOW_HASH_CID_MAX = 20 };

/* A key before the first round and one after each of the 4 + 4 + 10. */
struct flow_hash_key {
	uint8_t round_keys[19][16] __attribute__((aligned(16)));
	bool pairs; /* the CPU has VAES: two flows a register */
};

struct flow_hash {
	uint64_t bucket;    /* chooses the primary bucket; never 0 either */
	uint64_t signature; /* 48 bits, never 0 */
};

/* flow_hash_tag: 32 bits of a hash that stand for its flow, never 0. */
static inline uint32_t flow_hash_tag(const struct flow_hash *h)
{
	const uint32_t tag = (uint32_t)h->signature;

	return tag + (tag == 0);
}

/* flow_hash_supported: whether this CPU has the AES instructions that all below needs. */
bool flow_hash_supported(void);

/* flow_hash_key_init: from 32 random bytes. Slow path only. */
void flow_hash_key_init(struct flow_hash_key *out, const uint8_t seed[FLOW_HASH_SEED_LEN]);

/* flow_hash_burst: hashes of n flows. */
void flow_hash_burst(const struct flow_hash_key *key, const struct flow *const *flows,
		     struct flow_hash *out, size_t n);

/* flow_hash_stand_in: the flow that stands for a connection ID of at most FLOW_HASH_CID_MAX bytes
 * where flows are hashed: its local port is 0, so no datagram is of it. */
static inline void flow_hash_stand_in(struct flow *out, const uint8_t *cid, size_t len)
{
	memset(out, 0, sizeof(*out));
	out->remote_port = (uint16_t)len;
	_Static_assert(offsetof(struct flow, remote_ip) == sizeof(out->local_ip), "one run");
	bytes_copy_short((uint8_t *)out, cid, len);
}

/* flow_hash_cid: the hash of a connection ID: that of its stand-in. */
struct flow_hash flow_hash_cid(const struct flow_hash_key *key, const uint8_t *cid, size_t len);
