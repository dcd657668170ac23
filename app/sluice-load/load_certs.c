/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_certs.h"

#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct load_certs {
	struct x509_own *own; /* NULL: devices show nothing */
	struct x509_trust *x509;
	struct rpk_store *rpks;
};

static bool load(struct load_certs *c, const struct load_options *opt, char *err, size_t err_len)
{
	const struct x509_trust_config trust = { .ca_path = opt->server_ca,
						 .name = X509_NAME_FINGERPRINT,
						 .role = X509_ROLE_SERVER };

	if (opt->cert != NULL) {
		c->own = x509_own_load(opt->cert, opt->key, err, err_len);
		if (c->own == NULL)
			return false;
	}
	if (opt->server_ca != NULL)
		c->x509 = x509_trust_load(&trust, err, err_len);
	else
		c->rpks = rpk_store_load(opt->server_keys, err, err_len);
	return c->x509 != NULL || c->rpks != NULL;
}

struct load_certs *load_certs_load(const struct load_options *opt, char *err, size_t err_len)
{
	struct load_certs *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		snprintf(err, err_len, "no memory for certificates");
		return NULL;
	}
	if (load(c, opt, err, err_len))
		return c;
	load_certs_free(c);
	return NULL;
}

void load_certs_free(struct load_certs *c)
{
	if (c == NULL)
		return;
	x509_own_put(c->own);
	x509_trust_free(c->x509);
	rpk_store_free(c->rpks);
	free(c);
}

struct x509_own *load_certs_own(void *arg, const uint8_t *name, size_t len, unsigned kinds)
{
	const struct load_certs *c = arg;

	(void)name;
	(void)len;
	if (c->own == NULL || (kinds & signature_key_kind(x509_own_key(c->own))) == 0)
		return NULL;
	return x509_own_get(c->own);
}

static void verify_peer(void *arg, struct handshake_job *job)
{
	const struct load_certs *c = arg;
	const struct peer_trust trust = { c->x509, c->rpks };

	(void)peer_judge(job, &trust, time(NULL));
}

struct job_lookup load_certs_lookup(struct load_certs *c)
{
	return (struct job_lookup){ .verify_peer = verify_peer, .arg = c };
}
