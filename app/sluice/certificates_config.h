/* SPDX-License-Identifier: BSD-3-Clause */
/* Which certificates there are, and whose are taken: what the options say. */
#pragma once

#include "x509_trust.h"

enum { CERTIFICATES_OWN_MAX = 16 };

/* The files and the rules of the options. */
struct certificates_config {
	const char *chains[CERTIFICATES_OWN_MAX], *keys[CERTIFICATES_OWN_MAX]; /* in pairs */
	unsigned n_own;
	struct x509_trust_config trust; /* ca_path NULL: no X.509 */
	const char *rpks;               /* NULL: no raw public keys */
};
