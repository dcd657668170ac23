/* SPDX-License-Identifier: BSD-3-Clause */
/* An ipsec-mb manager in locked memory: its lanes hold key schedules and plaintext. Inside
 * lib/crypto only. */
#pragma once

#include <stddef.h>

/* Without its old names, of which SHA1 is one of libcrypto's functions. */
#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

/* The widest instruction set of this CPU, or at most AVX: few lanes, filled by few jobs. */
enum mb_width { MB_WIDEST, MB_NARROW };

/* mb_manager_new: NULL with errno ENOMEM, or ENOTSUP when ipsec-mb cannot run here. Free with
 * mb_manager_free, which wipes it. Slow path only. */
IMB_MGR *mb_manager_new(enum mb_width width);
void mb_manager_free(IMB_MGR *mgr);

/* mb_manager_arch: the instruction set it uses. Static. */
const char *mb_manager_arch(const IMB_MGR *mgr);
