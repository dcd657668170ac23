/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernels that protect four records of four sessions at once with 128-bit AES instructions: one
 * register a lane where blocks are worked on, one key word of all four where keys are expanded.
 * Inside lib/crypto only; the callers' CPU has AES-NI, PCLMULQDQ and SSE4.1.
 */
#pragma once

#include "aead_engine.h"

#include <emmintrin.h>

enum { MB4_LANES = 4, MB4_ROUNDS = 10 };

/* What a call leaves behind of its sessions' secrets; in locked memory. */
struct aead_mb4_scratch {
	__m128i rk[MB4_ROUNDS + 1][MB4_LANES];
	__m128i base[MB4_LANES]; /* counter block with a counter of zero, xor rk[0] */
	__m128i hx[MB4_LANES], g[MB4_LANES];
	__m128i stream[MB4_LANES]; /* key stream of the next block */
	__m128i sum[MB4_LANES];    /* of what is authenticated, so far */
};

/* aead_mb4_gcm, aead_mb4_ccm: the record of each lane; sets ok. AES-128. */
void aead_mb4_gcm(struct aead_mb4_scratch *s, enum aead_direction direction,
		  struct aead_op *const op[MB4_LANES]);
void aead_mb4_ccm(struct aead_mb4_scratch *s, enum aead_direction direction,
		  struct aead_op *const op[MB4_LANES], size_t tag_len);

/* aead_mb4_mask_128, aead_mb4_mask_256: the mask of each lane, by AES with keys of 16 or 32 bytes.
 * Lanes may be the same. */
void aead_mb4_mask_128(struct aead_mask_op *const op[MB4_LANES]);
void aead_mb4_mask_256(struct aead_mb4_scratch *s, struct aead_mask_op *const op[MB4_LANES]);
