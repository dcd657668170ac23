/* SPDX-License-Identifier: BSD-3-Clause */
/* HMAC-SHA256 of many messages, each under its key, side by side. Owner core only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HMAC_SHA256_LEN = 32, HMAC_BATCH_MAX = 64 };

/* A prepared key: the inner and outer SHA-256 states after the pads. */
struct hmac_key {
	uint32_t inner[8];
	uint32_t outer[8];
};

struct hmac_batch;

/* hmac_batch_new: NULL without memory. Free with hmac_batch_free. Slow path only.
 * hmac_batch_new_lanes: one as on a CPU without SHA instructions (tests, benches). */
struct hmac_batch *hmac_batch_new(void);
struct hmac_batch *hmac_batch_new_lanes(void);
void hmac_batch_free(struct hmac_batch *h);

/* hmac_key_init: prepares a key of 32 bytes; hmac_key_make: of any length. Any thread. */
void hmac_key_init(struct hmac_key *out, const uint8_t key[32]);
void hmac_key_make(struct hmac_key *out, const uint8_t *key, size_t len);

/* hmac_one: the MAC of one message. Any thread. */
void hmac_one(const struct hmac_key *key, const uint8_t *msg, size_t len,
	      uint8_t mac[HMAC_SHA256_LEN]);

struct hmac_op {
	const struct hmac_key *key;
	const uint8_t *msg;
	uint16_t len;
	uint8_t mac[HMAC_SHA256_LEN]; /* out */
};

/* hmac_batch_run: the MACs of n messages, n <= HMAC_BATCH_MAX. */
void hmac_batch_run(struct hmac_batch *h, struct hmac_op *ops, size_t n);
