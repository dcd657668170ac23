/* SPDX-License-Identifier: BSD-3-Clause */
/* The first half of a SHA-256: what stands for a certificate, a key or a name where many are kept.
 * Nobody finds a second text for one. mark_of (lib/crypto) makes it. */
#pragma once

#include <stdint.h>

enum { MARK_LEN = 16 };

struct mark {
	uint8_t b[MARK_LEN];
};
