/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine of many sessions: 16 records of 16 sessions a call, block by block in step, from raw
 * keys, whose expansion costs less here than fetching expanded ones. What the driver
 * (aead_mb64.c, for every CPU) and the kernels (aead_mb64_gcm.c, ..., for CPUs with AVX-512, VAES,
 * VPCLMULQDQ and GFNI only) say to each other. Inside lib/crypto only.
 */
#pragma once

#include "aead_engine.h"

enum {
	MB64_LANES = 16,
	MB64_ROUND_KEYS_MAX = 15, /* AES-256 */
	MB64_KEPT_MAX = 4,
	MB64_BLOCK = 16,
	/* Of a record that a kernel is given. A full call of 2,000 B takes 0.7 (GCM) to 0.9 (CCM)
	 * of what ipsec-mb does, expanding every key; longer ones hardly come. */
	MB64_LEN_MAX = 2048,
};

/* Round keys of one call, and what else a kernel has no registers for: [which][vector][lane][byte].
 * Nothing secret waits anywhere else, least of all on the stack. */
struct mb64_scratch {
	uint8_t round_keys[MB64_ROUND_KEYS_MAX][4][4][MB64_BLOCK] __attribute__((aligned(64)));
	uint8_t kept[MB64_KEPT_MAX][4][4][MB64_BLOCK] __attribute__((aligned(64)));
};

/* mb64_run: opens or seals MB64_LANES records, whose operations stand in a row, and sets ok of
 * each. Takes as long as the longest takes. Touches, even to store what is there already, no byte
 * that the record's operation does not own. Leaves no vector register with a dirty upper half. */
typedef void mb64_run(struct mb64_scratch *s, struct aead_op *ops);

struct mb64_kernel {
	mb64_run *open, *seal;
};

extern const struct mb64_kernel mb64_gcm_128, mb64_gcm_256;
extern const struct mb64_kernel mb64_ccm_128, mb64_ccm_8_128;

/* mb64_mask_aes: masks of record numbers under raw keys of 16 or 32 bytes, as aead_mask. Leaves no
 * vector register with a dirty upper half. */
void mb64_mask_aes(size_t key_len, struct aead_mask_op *ops, size_t n);
