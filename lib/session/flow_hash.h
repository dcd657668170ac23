/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A keyed 128-bit hash of a flow: bucket bits and signature bits of the lookup table.
 *
 * CBC-MAC of four-round AES over the flow's three blocks, closed by full AES: four rounds are
 * almost universal (maximum expected differential probability below 2^-113), so that an attacker who does not know
 * the process's random key cannot aim at a bucket (hostile N6). Any thread.
 */
#pragma once

#include "flow.h"

#include <stddef.h>

struct flow_hash_key {
	uint8_t round_keys[16][16] __attribute__((aligned(16)));
};

struct flow_hash {
	uint64_t bucket;    /* its low bits choose buckets */
	uint64_t signature; /* 48 bits, never 0 */
};

/* flow_hash_key_init: from 32 random bytes. Slow path only. */
void flow_hash_key_init(struct flow_hash_key *out, const uint8_t seed[32]);

/* flow_hash_burst: hashes of n flows. */
void flow_hash_burst(const struct flow_hash_key *key, const struct flow *const *flows,
		     struct flow_hash *out, size_t n);
