/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection IDs of ours: made, and asked where they belong. The format is cid_format.h's, the
 * cipher the CPU's AES, which flow_hash_supported asks for at start-up.
 */
#pragma once

#include "cid_format.h"

#include <stdatomic.h>
#include <stddef.h>

/* A key, expanded. Read-only once it is made: any thread. */
struct cid_key {
	uint8_t encrypt[11][16] __attribute__((aligned(16)));
	uint8_t decrypt[11][16] __attribute__((aligned(16)));
	uint8_t len;  /* of every connection ID: CID_LEN_MIN to CID_LEN_MAX */
	uint8_t node; /* this endpoint's */
};

/* cid_key_init: from the key that all endpoints share. Wipe the result when it is done with. Slow
 * path only. */
void cid_key_init(struct cid_key *out, const uint8_t key[CID_KEY_LEN], uint8_t len, uint8_t node);

/* Where connection IDs come from: one of an endpoint, as its nonces count up. */
struct cid_issuer {
	const struct cid_key *key; /* borrowed */
	_Atomic uint64_t nonce;    /* of the next one; began at random */
};

/* cid_issuer_init: false: no randomness. Slow path only. */
bool cid_issuer_init(struct cid_issuer *out, const struct cid_key *key)
	__attribute__((warn_unused_result));

/* cid_issue: key->len bytes that lead to a core, unlike all that were issued before: those of 8
 * bytes repeat after 2^32, when hardly a session is left that has one. Any thread. */
void cid_issue(struct cid_issuer *issuer, uint8_t core, uint8_t out[CID_LEN_MAX]);

/* Where a record belongs. */
struct cid_route {
	uint8_t node, core;
};

/* cid_open: from the key->len bytes at cid. false: no endpoint with this key made it (one in 65,536
 * random ones passes, or fewer: nothing may rest on it but the way to go). Any thread. */
bool cid_open(const struct cid_key *key, const uint8_t *cid, struct cid_route *out)
	__attribute__((warn_unused_result));

/* cid_open_burst: of n <= 64 at once; bit i of the result is set where cids[i] is one. */
uint64_t cid_open_burst(const struct cid_key *key, const uint8_t *const *cids,
			struct cid_route *out, size_t n);
