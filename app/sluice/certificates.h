/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Certificates and raw public keys in force: our own, and whose are taken. One immutable snapshot
 * of the files, swapped as a whole under RCU.
 */
#pragma once

#include "certificates_config.h"
#include "peer.h"

struct certificates;

/* certificates_load: everything that cfg names; NULL and a message in err, with file and line, when
 * anything is wrong. Slow path only. */
struct certificates *certificates_load(const struct certificates_config *cfg, char *err,
				       size_t err_len);
void certificates_free(struct certificates *c); /* after a grace period; NULL allowed */

/* certificates_own: for a host name (len 0: none) the certificate that names it, else the first
 * one, with a key of one of these kinds; and a reference. NULL: none. Inside RCU read side. */
struct x509_own *certificates_own(const struct certificates *c, const uint8_t *name, size_t len,
				  unsigned kinds);

/* certificates_trust: for peer_judge. Inside RCU read side. */
const struct peer_trust *certificates_trust(const struct certificates *c);

/* certificates_describe: "2 certificates, 1 CAs, …" for the log. */
void certificates_describe(const struct certificates *c, char *out, size_t out_len);
