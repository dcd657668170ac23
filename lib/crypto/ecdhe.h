/* SPDX-License-Identifier: BSD-3-Clause */
/* Ephemeral key agreement on secp256r1 and x25519 (RFC 8422). Slow path only; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By their numbers in supported_groups. */
enum ecdhe_group { ECDHE_NONE = 0, ECDHE_SECP256R1 = 23, ECDHE_X25519 = 29 };

enum {
	ECDHE_PUBLIC_MAX = 65, /* an uncompressed point of secp256r1 (RFC 8422 §5.4.1) */
	ECDHE_SECRET_LEN = 32,
	ECDHE_GROUPS = 2,
};

/* One end's key pair. Holds a secret: ecdhe_free wipes it. */
struct ecdhe;

/* ecdhe_new: a fresh pair, and its public half as it goes over the wire; NULL: memory or randomness
 * failed. ecdhe_free: NULL allowed. */
struct ecdhe *ecdhe_new(enum ecdhe_group group, uint8_t out_public[ECDHE_PUBLIC_MAX],
			size_t *out_len);
void ecdhe_free(struct ecdhe *e);

/* ecdhe_public_len: bytes of a public key; 0: not a group of ours. */
size_t ecdhe_public_len(enum ecdhe_group group);

enum ecdhe_result {
	ECDHE_OK,
	ECDHE_BAD_POINT, /* not a point of the group, or one that makes the secret all zero */
	ECDHE_FAILED,
};

/* ecdhe_derive: the shared secret: the x coordinate, or x25519's result. Whatever a peer sends as
 * its public key is looked at here. */
enum ecdhe_result ecdhe_derive(const struct ecdhe *e, uint8_t out[ECDHE_SECRET_LEN],
			       const uint8_t *peer, size_t peer_len);
