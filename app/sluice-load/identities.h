/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who the devices are: device i's identity and pre-shared key.
 *
 * Derived ones cost no memory: the identity is "dev" and the number in at least eight digits,
 * behind the prefix of the first master key if it has one, and the key is derived as an endpoint
 * with the same --psk-derive does. Or they are the lines of a PSK file in its order, in well under
 * 100 bytes a device.
 */
#pragma once

#include "load_options.h"

#include "handshake.h"

struct identity_credential {
	uint8_t identity[PSK_IDENTITY_MAX], psk[PSK_KEY_MAX];
	uint8_t identity_len, psk_len;
};

struct identities;

/* identities_new: of the options' devices. NULL: err says why, a file's line or too few of them.
 * Slow path only. */
struct identities *identities_new(const struct load_options *opt, char *err,
				  size_t err_len) MUST_USE;

/* identities_free: wipes keys; NULL allowed. */
void identities_free(struct identities *ids);

/* identities_get: device < the options' devices. out holds a secret: wipe it. About a microsecond;
 * any thread. */
void identities_get(const struct identities *ids, uint32_t device, struct identity_credential *out);

/* identities_write: a file as sluice's --psk-file takes it, for the owner only; there is the whole
 * file in the end, or what was there before. false: err says why. Slow path only. */
bool identities_write(const struct identities *ids, const char *path, char *err,
		      size_t err_len) MUST_USE;
