/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The credentials in force: a snapshot of the PSK file, swapped as a whole under RCU, and the
 * identities in use, which outlive every snapshot.
 */
#pragma once

#include "identity.h"
#include "psk_store.h"

struct credentials {
	const char *psk_file;
	struct psk_store *psks; /* RCU: rcu_dereference */
	struct identity_set *identities;
};

/* credentials_init: loads for the first time; false and a message in err. Slow path only. */
bool credentials_init(struct credentials *c, const char *psk_file, char *err, size_t err_len);

/* credentials_reload: loads the file again for new handshakes; when anything is wrong with it the
 * old set stays and err says why. Waits for a grace period. Control thread only. */
bool credentials_reload(struct credentials *c, char *err, size_t err_len);

/* credentials_free: after the last reader. */
void credentials_free(struct credentials *c);

/* credentials_psk: the key of an identity, copied to out (PSK_KEY_MAX bytes), and its interned name
 * with a reference for the caller; returns the key's length, 0 when unknown. Inside RCU read side.
 */
size_t credentials_psk(const struct credentials *c, const uint8_t *identity, size_t len,
		       uint8_t *out, const struct identity **interned);
