/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device identities, interned and reference-counted.
 *
 * A session names its device for as long as it lives, though the credential file may be reloaded
 * or the device removed from it meanwhile; so the name lives here, apart from every snapshot of
 * credentials, once per distinct byte string in use. With it is what the name was proved with, by
 * which a newer snapshot is asked whether that still counts (credentials.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { IDENTITY_LEN_MAX = 255 }; /* of a name, and of a proof */

/* Sixteen bytes that begin a block, so that a name of 16 bytes and the proof of a key fit in 48. */
struct identity {
	uint32_t refs; /* atomic */
	uint32_t hint; /* atomic; its users': see identity_hint */
	/* A reader under RCU may look at these, though the last reference was given back. */
	uint8_t len, proof_len;
	uint8_t freed;   /* atomic: see identity.c */
	uint8_t bytes[]; /* the name, and behind it the proof */
};

/* identity_proof: proof_len bytes. */
static inline const uint8_t *identity_proof(const struct identity *id)
{
	return id->bytes + id->len;
}

struct identity_set;

/* identity_set_new: an empty set; NULL without memory or randomness. Starts liburcu's thread that
 * frees after a grace period, if there is none yet: call it from a thread whose CPU affinity that
 * thread may inherit. Slow path only. */
struct identity_set *identity_set_new(void);

/* identity_set_free: once no identity is held; waits until all that were put are freed. Slow path
 * only; not inside an RCU read side. */
void identity_set_free(struct identity_set *set);

/* identity_get: the one identity with these bytes and this proof, created when new, with a
 * reference that the caller owns; NULL without memory, or when either is longer than
 * IDENTITY_LEN_MAX. NULs are bytes like others. Slow path only (takes a lock for well under a
 * millisecond); any thread. */
const struct identity *identity_get_proved(struct identity_set *set, const void *bytes, size_t len,
					   const void *proof, size_t proof_len);

/* identity_get: the same, without a proof. */
static inline const struct identity *identity_get(struct identity_set *set, const void *bytes,
						  size_t len)
{
	return identity_get_proved(set, bytes, len, NULL, 0);
}

/* identity_put: gives a reference back; the last one frees the identity. Readers under RCU may
 * still look at it until their quiescent state. Slow path only; any thread that is registered with
 * RCU. */
void identity_put(struct identity_set *set, const struct identity *id);

/* identity_hint: what identity_set_hint said last of an identity, 0 at first: a number that those
 * who have it leave for one another, and believe nothing of. Any thread with a reference. */
static inline uint32_t identity_hint(const struct identity *id)
{
	return __atomic_load_n(&id->hint, __ATOMIC_RELAXED);
}

void identity_set_hint(const struct identity *id, uint32_t hint);

/* identity_count: identities alive, for tests and statistics. Any thread. */
size_t identity_count(const struct identity_set *set);
