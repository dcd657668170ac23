/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pre-shared keys that are derived, not stored: a device's key is the 32 bytes of
 *
 *   HMAC-SHA-256(master key, identity)
 *
 * over the whole identity as it stands in the handshake. A snapshot of master keys: immutable once
 * loaded, swapped as a whole under RCU.
 *
 * The file has a line a master key, read by nobody but its owner: prefix:hexkey is for identities
 * that begin with the prefix (written as in a PSK file) and go on; hexkey alone is for those that
 * no prefix fits. The longest prefix decides, so a handshake tries one key:
 * docs/decisions/psk-derive.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PSK_DERIVE_KEY_LEN = 32, PSK_DERIVE_MASTER_MIN = 16, PSK_DERIVE_MASTERS_MAX = 64 };

struct psk_derive;

/* psk_derive_load: NULL and a message in err (naming file and line) when anything at all is wrong:
 * unreadable, group- or world-readable file, malformed line, a prefix twice, a master key under
 * PSK_DERIVE_MASTER_MIN or over 64 bytes, none of them, more than PSK_DERIVE_MASTERS_MAX. Slow path
 * only. */
struct psk_derive *psk_derive_load(const char *path, char *err, size_t err_len);

/* psk_derive_parse: the same from len bytes in memory, which name stands for in err. Slow path
 * only. */
struct psk_derive *psk_derive_parse(const void *bytes, size_t len, const char *name, char *err,
				    size_t err_len);

/* psk_derive_free: wipes every key. After a grace period only; NULL allowed. */
void psk_derive_free(struct psk_derive *d);

/* psk_derive_count: how many master keys. psk_derive_prefix: that of the i-th line, borrowed until
 * the snapshot is freed; 0 bytes where it has none. */
size_t psk_derive_count(const struct psk_derive *d);
const uint8_t *psk_derive_prefix(const struct psk_derive *d, size_t i, size_t *len);

/* psk_derive_key: the key of an identity; wipe it. false: no master key is for it, or it is longer
 * than any. Two blocks of SHA-256, about 130 ns; any thread, inside RCU read side. */
bool psk_derive_key(const struct psk_derive *d, const uint8_t *identity, size_t len,
		    uint8_t out[PSK_DERIVE_KEY_LEN]) __attribute__((warn_unused_result));
